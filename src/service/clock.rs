//! The clocks, handed in: the operating system's in service, hand-set ones in tests. What time it is for Scrip is
//! decided from what they say ([`scrip_domain::clock`]).

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant as Monotonic,
};

use scrip_domain::{
    clock::Reading,
    period::{Instant, instant_of},
};

/// How far the clock and the process's own count may come apart before the machine's count is read again, in
/// milliseconds: the process's own leaves out the time in which the machine slept.
const APART: i64 = 60_000;

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The operating system's clocks.
    System,
    /// Clocks that are set by hand.
    Manual(Arc<ManualClock>),
}

/// Clocks that stand still until they are set.
#[derive(Debug)]
pub struct ManualClock {
    wall: AtomicI64,
    steady: AtomicI64,
    /// How much time passes with every reading, in milliseconds.
    tick: AtomicI64,
}

impl Clock {
    /// A clock that stands still at an instant until it is set.
    #[must_use]
    pub fn manual(at: Instant) -> Self {
        let of = AtomicI64::new;
        Self::Manual(Arc::new(ManualClock { wall: of(at.as_millisecond()), steady: of(0), tick: of(0) }))
    }

    /// Lets the time pass up to an instant on a manual clock; one before is as if its clock was set back. The
    /// system's is left alone.
    pub fn set(&self, at: Instant) {
        if let Self::Manual(clock) = self {
            let passed = at.as_millisecond() - clock.wall.swap(at.as_millisecond(), Ordering::SeqCst);
            clock.steady.fetch_add(passed.max(0), Ordering::SeqCst);
        }
    }

    /// Sets a manual clock wrong: what it says changes, and no time passes.
    pub fn set_wrong(&self, at: Instant) {
        if let Self::Manual(clock) = self {
            clock.wall.store(at.as_millisecond(), Ordering::SeqCst);
        }
    }

    /// Lets so many milliseconds pass on a manual clock with every reading from now on.
    pub fn set_ticking(&self, millis: i64) {
        if let Self::Manual(clock) = self {
            clock.tick.store(millis, Ordering::SeqCst);
        }
    }

    /// What the clocks say.
    #[must_use]
    pub fn read(&self) -> Reading {
        match self {
            Self::System => read_system(),
            Self::Manual(clock) => {
                let tick = clock.tick.load(Ordering::SeqCst);
                let wall = clock.wall.fetch_add(tick, Ordering::SeqCst);
                Reading { wall, steady: clock.steady.fetch_add(tick, Ordering::SeqCst), boot: 1 }
            }
        }
    }
}

/// The instant of a number of milliseconds that a clock said.
pub(super) fn instant(millis: i64) -> Instant {
    instant_of(millis).unwrap_or(Instant::UNIX_EPOCH)
}

/// When the machine's count was read last, what it was, and what the other clocks said then.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    monotonic: Monotonic,
    reading: Reading,
}

impl Anchor {
    fn now(wall: i64) -> Self {
        let (steady, boot) = match (uptime(), boot()) {
            (Some(steady), Some(boot)) => (steady, boot),
            // A system that does not tell it: what is counted is this process's own time, which nothing later knows.
            _ => (0, wall.unsigned_abs().max(1)),
        };
        Self { monotonic: Monotonic::now(), reading: Reading { wall, steady, boot } }
    }

    /// The reading at a later moment.
    fn later(&self, wall: i64) -> Reading {
        let passed = i64::try_from(self.monotonic.elapsed().as_millis()).unwrap_or(i64::MAX);
        Reading { wall, steady: self.reading.steady.saturating_add(passed), boot: self.reading.boot }
    }
}

fn read_system() -> Reading {
    static ANCHOR: OnceLock<Mutex<Anchor>> = OnceLock::new();
    let wall = system_wall();
    let anchor = ANCHOR.get_or_init(|| Mutex::new(Anchor::now(wall)));
    let mut anchor = anchor.lock().unwrap_or_else(PoisonError::into_inner);
    let later = anchor.later(wall);
    let apart = (wall - anchor.reading.wall) - (later.steady - anchor.reading.steady);
    if apart.abs() <= APART {
        return later;
    }
    // Either the clock was set or the machine slept: its own count tells which.
    let fresh = Anchor::now(wall);
    if uptime().is_some() {
        *anchor = fresh;
        return fresh.reading;
    }
    later
}

/// How long the machine has been running, its sleep included, in milliseconds (proc(5), /proc/uptime).
fn uptime() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    let millis = seconds.parse::<i64>().ok()?.checked_mul(1_000)?;
    Some(millis + hundredths.parse::<i64>().ok()? * 10)
}

/// Which run of the machine this is (random(4), boot_id).
fn boot() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).ok()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
fn system_wall() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_that_is_set_wrong_counts_no_time() {
        let at = |millis: i64| instant(1_800_000_000_000 + millis);
        let clock = Clock::manual(at(0));
        let first = clock.read();
        clock.set(at(5));
        assert_eq!(clock.read().counted_since(&first), Some(5));
        clock.set_wrong(at(500));
        assert_eq!((clock.read().wall - first.wall, clock.read().counted_since(&first)), (500, Some(5)));
        clock.set(at(400));
        assert_eq!((clock.read().wall - first.wall, clock.read().counted_since(&first)), (400, Some(5)));
    }

    #[test]
    fn the_system_counts_on() {
        let first = Clock::System.read();
        let second = Clock::System.read();
        assert!(second.counted_since(&first).is_some(), "{first:?} {second:?}");
    }
}
