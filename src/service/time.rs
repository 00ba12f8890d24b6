//! What time it is for Scrip: decided from the clocks and from the last batch's time, which is in the database. It
//! never goes backwards, for readers neither. While the clock is doubted, changes are stopped.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use super::{Clock, clock::instant};
use scrip_domain::{
    clock::{BatchTime, Now, next_batch, now},
    period::Instant,
};

/// The time of a running Scrip.
#[derive(Debug)]
pub struct Time {
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The last batch's.
    last: Option<BatchTime>,
    /// The latest that anybody was told, in milliseconds since 1970.
    told: i64,
}

/// A clock that is too far ahead to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// What time it is taken to be.
    pub at: Instant,
    /// What the clock says.
    pub clock: Instant,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, clock } = self;
        write!(
            f,
            "the clock says {clock}, more than is believed after {at}: set it right, or, where it is right, stop Scrip \
             and run scrip clock confirm"
        )
    }
}

impl Time {
    /// The time by some clocks, after the last batch that there is.
    pub(super) fn new(clock: Clock, last: Option<BatchTime>) -> Self {
        Self { clock, known: Mutex::new(Known { last, told: 0 }) }
    }

    /// The instant, without what is below a millisecond.
    #[must_use]
    pub fn now(&self) -> Instant {
        instant(self.tell().at)
    }

    /// Whether the clock is doubted.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        let Now { at, doubted } = self.tell();
        doubted.map(|clock| Doubt { at: instant(at), clock: instant(clock) })
    }

    /// The number of the period in which answers to idempotency keys are kept together; none before the first batch.
    pub(super) fn period(&self) -> Option<u32> {
        self.known().last.map(|last| last.period)
    }

    /// The time of the next batch.
    pub(super) fn next_batch(&self) -> BatchTime {
        let at = self.tell().at;
        next_batch(self.known().last.as_ref(), at, self.clock.read())
    }

    /// The time of a batch that is decided at what the clock says, however far ahead that is.
    pub(super) fn confirmed_batch(&self) -> BatchTime {
        let reading = self.clock.read();
        let known = self.known();
        next_batch(known.last.as_ref(), reading.wall.max(known.told), reading)
    }

    /// Goes on from a batch that is durable.
    pub(super) fn went_on(&self, batch: BatchTime) {
        let mut known = self.known();
        known.told = known.told.max(batch.at);
        known.last = Some(batch);
    }

    fn tell(&self) -> Now {
        let reading = self.clock.read();
        let mut known = self.known();
        let now = now(known.last.as_ref(), &reading);
        known.told = known.told.max(now.at);
        Now { at: known.told, ..now }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
