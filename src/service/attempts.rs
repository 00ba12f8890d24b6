//! How often codes may be tried by customers: each code that is looked up and turns out not to be theirs to use counts, for
//! the customer, for the key that the customer's token is from, and for the address. Whatever way a code comes by, over
//! aliases, batches, sockets or a new connection, it passes here.
//!
//! It counts as leaky buckets do (ITU-T I.371, the generic cell rate algorithm): of each there is one instant, at which all
//! that it has used will have come back.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use scrip_domain::period::Instant;

/// How many of one kind are remembered; those that have used nothing lately are forgotten first.
const REMEMBERED: usize = 100_000;

/// How many tries there are at once, and how many milliseconds until one comes back.
#[derive(Debug, Clone, Copy)]
struct Budget {
    at_once: i64,
    each: i64,
}

/// Of a customer: somebody who mistypes is not stopped, and who guesses has three thousand tries a day.
const CUSTOMER: Budget = Budget { at_once: 20, each: 30_000 };
/// Of an address, behind which many people may be.
const ADDRESS: Budget = Budget { at_once: 100, each: 3_000 };
/// Of a key, which is a whole shop's.
const KEY: Budget = Budget { at_once: 2_000, each: 50 };

/// The tries that a customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// How many at once.
    pub at_once: u64,
    /// How many now.
    pub left: u64,
    /// In how many seconds as many come back as there are at once.
    pub window: u64,
    /// In how many seconds all of them are back.
    pub back_in: u64,
}

/// Who tries.
#[derive(Debug, Clone)]
pub(super) struct Trier {
    /// The customer, by the id as a caller.
    pub(super) customer: String,
    /// The hash of the key that the token is from.
    pub(super) key: Option<Arc<str>>,
    /// From where.
    pub(super) address: Option<IpAddr>,
}

/// What was used lately, by when it will have come back.
#[derive(Debug, Default)]
struct Used {
    customers: HashMap<String, i64>,
    keys: HashMap<Arc<str>, i64>,
    networks: HashMap<u64, i64>,
}

/// The tries of all.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<Used>);

impl Attempts {
    fn used(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many tries, all or none; else tells in how many seconds they can be had.
    pub(super) fn take(&self, who: &Trier, number: usize, now: Instant) -> Result<(), u64> {
        let (now, number) = (now.as_millisecond(), i64::try_from(number).unwrap_or(i64::MAX));
        let mut used = self.used();
        let waits = [
            CUSTOMER.wait(used.customers.get(&who.customer), number, now),
            who.key.as_ref().map_or(0, |key| KEY.wait(used.keys.get(key), number, now)),
            who.address.map_or(0, |address| ADDRESS.wait(used.networks.get(&network(address)), number, now)),
        ];
        let wait = waits.into_iter().max().unwrap_or_default();
        if wait > 0 {
            return Err(wait.unsigned_abs().div_ceil(1_000));
        }
        used.change(who, number, now);
        Ok(())
    }

    /// Counts so many tries that were made, whether there were any left or not.
    pub(super) fn charge(&self, who: &Trier, number: usize, now: Instant) {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.used().change(who, number, now.as_millisecond());
    }

    /// Refuses who has no try left; tells in how many seconds there is one.
    pub(super) fn check(&self, who: &Trier, now: Instant) -> Result<(), u64> {
        self.take(who, 1, now)?;
        self.give_back(who, 1, now);
        Ok(())
    }

    /// How many tries a customer has left, and in how many seconds all are back.
    pub(super) fn left(&self, customer: &str, now: Instant) -> Tries {
        let used = self.used().customers.get(customer).map_or(0, |at| at.saturating_sub(now.as_millisecond()).max(0));
        let whole = CUSTOMER.at_once * CUSTOMER.each;
        let left = whole.saturating_sub(used).max(0) / CUSTOMER.each;
        let seconds = |millis: i64| millis.unsigned_abs().div_ceil(1_000);
        Tries {
            at_once: CUSTOMER.at_once.unsigned_abs(),
            left: left.unsigned_abs(),
            window: seconds(whole),
            back_in: seconds(used),
        }
    }

    /// Gives tries back: they were no guesses.
    pub(super) fn give_back(&self, who: &Trier, number: usize, now: Instant) {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.used().change(who, number.saturating_neg(), now.as_millisecond());
    }
}

impl Used {
    fn change(&mut self, who: &Trier, number: i64, now: i64) {
        CUSTOMER.change(&mut self.customers, who.customer.clone(), number, now);
        if let Some(key) = &who.key {
            KEY.change(&mut self.keys, Arc::clone(key), number, now);
        }
        if let Some(address) = who.address {
            ADDRESS.change(&mut self.networks, network(address), number, now);
        }
    }
}

impl Budget {
    /// How many milliseconds there are until so many tries can be had.
    fn wait(self, back_at: Option<&i64>, number: i64, now: i64) -> i64 {
        let used = back_at.map_or(0, |at| at.saturating_sub(now).max(0));
        used.saturating_add(number.saturating_mul(self.each)).saturating_sub(self.at_once * self.each).max(0)
    }

    fn change<K: std::hash::Hash + Eq>(self, all: &mut HashMap<K, i64>, who: K, number: i64, now: i64) {
        if all.len() >= REMEMBERED && !all.contains_key(&who) {
            all.retain(|_, at| *at > now);
            if all.len() >= REMEMBERED {
                all.clear();
            }
        }
        let at = all.entry(who).or_insert(now);
        *at = (*at).max(now).saturating_add(number.saturating_mul(self.each));
    }
}

/// The network of an address that one customer of a provider has: with IPv6, 64 bits (RFC 6177).
fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use scrip_domain::period::instant_of;

    use super::*;

    fn at(millis: i64) -> Instant {
        instant_of(millis).expect("an instant")
    }

    fn ann(address: &str) -> Trier {
        let address = address.parse().ok();
        Trier { customer: "ann".to_owned(), key: Some("shop".into()), address }
    }

    #[test]
    fn tries_run_out_and_come_back() {
        let attempts = Attempts::default();
        let ann = ann("");
        for _ in 0..20 {
            attempts.take(&ann, 1, at(0)).expect("a try");
        }
        assert_eq!(attempts.take(&ann, 1, at(0)), Err(30));
        assert_eq!(attempts.left("ann", at(0)), Tries { at_once: 20, left: 0, window: 600, back_in: 600 });
        assert_eq!(attempts.left("ann", at(45_000)), Tries { at_once: 20, left: 1, window: 600, back_in: 555 });
        assert_eq!(attempts.left("ben", at(0)), Tries { at_once: 20, left: 20, window: 600, back_in: 0 });
        assert_eq!(attempts.take(&ann, 1, at(29_001)), Err(1));
        assert_eq!(attempts.take(&ann, 1, at(30_000)), Ok(()));
        assert_eq!(attempts.take(&ann, 3, at(60_000)), Err(60));
        attempts.give_back(&ann, 3, at(60_000));
        assert_eq!(attempts.take(&ann, 3, at(60_000)), Ok(()));
        assert_eq!(attempts.take(&ann, 20, at(10_000_000)), Ok(()), "all of them, after a while");
        assert_eq!(attempts.take(&ann, 21, at(100_000_000)), Err(30), "never more at once");
    }

    #[test]
    fn tries_are_of_customer_key_and_address() {
        let attempts = Attempts::default();
        let other = |number: usize, address: &str| Trier { customer: number.to_string(), ..ann(address) };
        for number in 0..100 {
            attempts.take(&other(number, "2001:db8::1"), 1, at(0)).expect("a try");
        }
        assert_eq!(attempts.take(&other(100, "2001:db8::2"), 1, at(0)), Err(3), "of the same network");
        assert_eq!(attempts.take(&other(100, "2001:db8:0:1::2"), 1, at(0)), Ok(()));
        for number in 200..300 {
            attempts.take(&other(number, ""), 19, at(0)).unwrap_or_default();
        }
        assert!(attempts.take(&other(300, ""), 20, at(0)).is_err(), "the whole shop has used its tries");
        let elsewhere = Trier { key: Some("another shop".into()), ..other(300, "") };
        assert_eq!(attempts.take(&elsewhere, 20, at(0)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        for number in 0..REMEMBERED + 10 {
            let who = Trier { customer: number.to_string(), key: None, address: None };
            attempts.take(&who, 1, at(0)).expect("a try");
        }
        assert!(attempts.used().customers.len() <= REMEMBERED);
    }
}
