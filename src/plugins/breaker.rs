//! A circuit breaker: after some failures in a row nothing is asked for a while, so that what is down gets no more
//! to do and callers do not wait for it; then one question tries whether it is back. Pure: the time is handed in.

use std::time::{Duration, Instant};

/// How many failures in a row open it.
const FAILURES: u32 = 5;
/// For how long nothing is asked.
const PAUSE: Duration = Duration::from_secs(10);

/// What a breaker remembers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether to ask now; else for how long not. While it is open one question is let through at the end of
    /// each pause.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        match self.open_until {
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                self.open_until = Some(now + PAUSE);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes how a question ended.
    pub(super) fn note(&mut self, ended_well: bool, now: Instant) {
        if ended_well {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.open_until = Some(now + PAUSE);
        }
    }

    /// Whether questions are refused.
    #[must_use]
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_tries_once_and_closes() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            breaker.note(false, start);
        }
        assert_eq!(breaker.admit(start), Ok(()));
        breaker.note(false, start);
        assert_eq!(breaker.admit(at(1)), Err(Duration::from_secs(9)));
        assert_eq!(breaker.admit(at(10)), Ok(()), "one tries");
        assert!(breaker.admit(at(10)).is_err(), "and only one");
        breaker.note(false, at(11));
        assert_eq!(breaker.admit(at(12)), Err(Duration::from_secs(9)));
        assert_eq!(breaker.admit(at(21)), Ok(()));
        breaker.note(true, at(21));
        assert_eq!(breaker.admit(at(21)), Ok(()));
        assert!(!breaker.is_open(at(21)));
    }
}
