//! How many lines a second a plugin has in the log. What is more is counted, and told when there is room again: a log
//! that one plugin fills is none for the others. Pure but for its lock: the time is handed in.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Lines a second that are written in the long run.
const A_SECOND: u64 = 50;
/// Lines that are written at once: as many as one call has at most.
const AT_ONCE: u64 = 500;

/// What a plugin has written lately.
#[derive(Debug, Default)]
pub(super) struct Chatter(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    /// Lines written that have not been made up for by time.
    written: u64,
    since: Option<Instant>,
    left_out: u64,
}

impl Chatter {
    /// Whether a line may be written, with the number of those that were left out before it.
    pub(super) fn line(&self, now: Instant) -> Option<u64> {
        let mut counted = self.counted(now);
        if counted.written >= AT_ONCE {
            counted.left_out += 1;
            return None;
        }
        counted.written += 1;
        Some(std::mem::take(&mut counted.left_out))
    }

    /// The number of lines that were left out, where it may be told now; 0 where there is nothing to tell.
    pub(super) fn left_out(&self, now: Instant) -> u64 {
        let mut counted = self.counted(now);
        if counted.left_out == 0 || counted.written >= AT_ONCE {
            return 0;
        }
        counted.written += 1;
        std::mem::take(&mut counted.left_out)
    }

    /// The counters, with what time made up for.
    fn counted(&self, now: Instant) -> std::sync::MutexGuard<'_, Counted> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *counted.since.get_or_insert(now);
        let millis = u64::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX);
        let made_up = millis.saturating_mul(A_SECOND) / 1_000;
        if made_up > 0 {
            counted.written = counted.written.saturating_sub(made_up);
            counted.since = Some(now);
        }
        counted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_more_is_counted_and_told() {
        let (chatter, start) = (Chatter::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let lines = |now, number: u64| (0..number).filter(|_| chatter.line(now).is_some()).count();
        assert_eq!(lines(start, 2_000), 500);
        assert_eq!(chatter.left_out(start), 0, "there is no room to tell");
        assert_eq!(chatter.left_out(at(1_000)), 1_500);
        assert_eq!(chatter.left_out(at(1_000)), 0, "it is told once");
        assert_eq!(lines(at(1_000), 100), 49);
        assert_eq!(chatter.line(at(1_100)), Some(51), "the next line tells it too");
        assert_eq!(lines(at(100_000), 1_000), 500, "no more are saved up than at once");
    }
}
