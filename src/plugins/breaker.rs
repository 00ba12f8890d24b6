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
struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether to ask now, and whether that is the one try at the end of a pause; else for how long not.
    fn admit(&mut self, now: Instant) -> Result<bool, Duration> {
        match self.open_until {
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                self.open_until = Some(now + PAUSE);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Lets another try through: the one that was let through asked nothing.
    fn give_back(&mut self, now: Instant) {
        self.open_until = self.open_until.map(|until| until.min(now));
    }

    /// Notes how a question ended.
    fn note(&mut self, ended_well: bool, now: Instant) {
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
    fn is_open(&self, now: Instant) -> bool {
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
    /// A question to this one, which may be asked now; else for how long not.
    pub(super) fn admit(&self, key: String) -> Result<Admitted<'_>, Duration> {
        let tries = self.lock().get_mut(&key).map_or(Ok(false), |breaker| breaker.admit(Instant::now()))?;
        Ok(Admitted { breakers: self, key, tries })
    }

    fn give_back(&self, key: &str) {
        if let Some(breaker) = self.lock().get_mut(key) {
            breaker.give_back(Instant::now());
        }
    }

    fn note(&self, key: &str, ended_well: bool) {
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

/// A question that may be asked. Dropped before it is known how it ended, it was not asked, or nobody waited for its end:
/// where it was the one try of a pause, another may try.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    breakers: &'a Breakers,
    key: String,
    tries: bool,
}

impl Admitted<'_> {
    /// Notes how it ended.
    pub(super) fn note(mut self, ended_well: bool) {
        self.tries = false;
        self.breakers.note(&self.key, ended_well);
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if self.tries {
            self.breakers.give_back(&self.key);
        }
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
        assert_eq!(breaker.admit(start), Ok(false));
        breaker.note(false, start);
        assert_eq!(breaker.admit(at(1)), Err(Duration::from_secs(9)));
        assert_eq!(breaker.admit(at(10)), Ok(true), "one tries");
        assert!(breaker.admit(at(10)).is_err(), "and only one");
        breaker.give_back(at(10));
        assert_eq!(breaker.admit(at(10)), Ok(true), "another, where that one asked nothing");
        breaker.note(false, at(11));
        assert_eq!(breaker.admit(at(12)), Err(Duration::from_secs(9)));
        assert_eq!(breaker.admit(at(21)), Ok(true));
        breaker.note(true, at(21));
        assert_eq!(breaker.admit(at(21)), Ok(false));
        breaker.give_back(at(21));
        assert_eq!(breaker.admit(at(21)), Ok(false));
        assert!(!breaker.is_open(at(21)));
    }

    #[test]
    fn a_try_that_asked_nothing_leaves_it_to_another() {
        let breakers = Breakers::default();
        let over = Breaker { failures: FAILURES, open_until: Some(Instant::now()) };
        breakers.lock().insert("down".to_owned(), over);
        let admit = || breakers.admit("down".to_owned());
        for _ in 0..3 {
            let busy = admit().expect("one tries");
            assert!(admit().is_err(), "and only one");
            drop(busy);
        }
        admit().expect("one tries").note(false);
        assert!(admit().is_err());
        breakers.lock().insert("down".to_owned(), over);
        admit().expect("one tries").note(true);
        drop(admit().expect("it is back"));
        assert!(admit().is_ok() && breakers.open().is_empty());
    }

    #[test]
    fn each_has_its_own_and_they_are_not_without_number() {
        let breakers = Breakers::default();
        for _ in 0..FAILURES {
            breakers.note("down", false);
            breakers.note("moody", false);
        }
        breakers.note("moody", true);
        let asks = |key: &str| breakers.admit(key.to_owned()).is_ok();
        assert!(!asks("down") && asks("moody") && asks("new"));
        assert_eq!(breakers.open(), ["down"]);
        for number in 0..2_000 {
            breakers.note(&number.to_string(), false);
        }
        assert!(breakers.lock().len() <= MAX_REMEMBERED);
        assert!(!asks("down"), "the one that counts is not forgotten");
        breakers.clear();
        assert!(asks("down"));
    }
}
