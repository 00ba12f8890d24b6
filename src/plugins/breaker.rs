//! A circuit breaker: after some failures in a row nothing is asked for a while, so that what is down gets no more
//! to do and callers do not wait for it; then one question tries whether it is back. Pure: the time is handed in.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

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

/// The most whose failures are remembered.
const MAX_REMEMBERED: usize = 256;

/// A breaker for each of many, so that the failures of one are no pause for another. Those that end well are not
/// remembered.
#[derive(Debug, Default)]
pub(super) struct Breakers(Mutex<HashMap<String, Breaker>>);

impl Breakers {
    /// Whether to ask this one now; else for how long not.
    pub(super) fn admit(&self, key: &str) -> Result<(), Duration> {
        self.lock().get_mut(key).map_or(Ok(()), |breaker| breaker.admit(Instant::now()))
    }

    /// Notes how a question ended.
    pub(super) fn note(&self, key: &str, ended_well: bool) {
        let (mut breakers, now) = (self.lock(), Instant::now());
        if ended_well {
            breakers.remove(key);
            return;
        }
        if breakers.len() >= MAX_REMEMBERED && !breakers.contains_key(key) {
            breakers.retain(|_, breaker| breaker.is_open(now));
        }
        if breakers.len() < MAX_REMEMBERED || breakers.contains_key(key) {
            breakers.entry(key.to_owned()).or_default().note(false, now);
        }
    }

    /// Those that are not asked, in order.
    #[must_use]
    pub(super) fn open(&self) -> Vec<String> {
        let now = Instant::now();
        let mut open: Vec<_> =
            self.lock().iter().filter(|(_, breaker)| breaker.is_open(now)).map(|(key, _)| key.clone()).collect();
        open.sort();
        open
    }

    /// Forgets all failures.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Breaker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn each_has_its_own_and_they_are_not_without_number() {
        let breakers = Breakers::default();
        for _ in 0..FAILURES {
            breakers.note("down", false);
            breakers.note("moody", false);
        }
        breakers.note("moody", true);
        assert!(breakers.admit("down").is_err() && breakers.admit("moody").is_ok() && breakers.admit("new").is_ok());
        assert_eq!(breakers.open(), ["down"]);
        for number in 0..2_000 {
            breakers.note(&number.to_string(), false);
        }
        assert!(breakers.lock().len() <= MAX_REMEMBERED);
        assert!(breakers.admit("down").is_err(), "the one that counts is not forgotten");
        breakers.clear();
        assert!(breakers.admit("down").is_ok());
    }
}
