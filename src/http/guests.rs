//! Who is in: connections by where they come from, until they have shown a key. Where all places are taken, whoever
//! comes takes the place of such a stranger: of the address that has most of them, the one that came first. So an
//! address that opens connections without end takes places from itself, and a connection that has shown a key is never
//! ended for another.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

/// Where a connection comes from: an address, or the network of 64 bits that one customer of a provider has (RFC 6177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Origin(u64);

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            // No network of IPv6 that is given out begins with zeros.
            IpAddr::V4(address) => Self(u64::from(address.to_bits())),
            IpAddr::V6(address) => Self((address.to_bits() >> 64) as u64),
        }
    }
}

/// The strangers. Every copy is the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Guests(Arc<Mutex<Strangers>>);

#[derive(Debug, Default)]
struct Strangers {
    next: u64,
    /// Of each origin those that it has, by their order.
    of: HashMap<Origin, BTreeMap<u64, CancellationToken>>,
    /// How many each origin has, the most last.
    crowds: BTreeSet<(usize, Origin)>,
}

impl Strangers {
    fn change<T>(&mut self, origin: Origin, change: impl FnOnce(&mut BTreeMap<u64, CancellationToken>) -> T) -> T {
        let those = self.of.entry(origin).or_default();
        let before = those.len();
        let changed = change(those);
        let after = those.len();
        if after == 0 {
            self.of.remove(&origin);
        }
        self.crowds.remove(&(before, origin));
        if after > 0 {
            self.crowds.insert((after, origin));
        }
        changed
    }
}

impl Guests {
    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in that has a place.
    pub(super) fn add(&self, origin: Origin, place: OwnedSemaphorePermit) -> Guest {
        let leave = CancellationToken::new();
        let mut strangers = self.strangers();
        let number = strangers.next;
        strangers.next += 1;
        strangers.change(origin, |those| those.insert(number, leave.clone()));
        let standing = Standing { guests: self.clone(), origin, number, known: AtomicBool::new(false) };
        Guest { standing: Arc::new(standing), leave, _place: place }
    }

    /// Has a stranger leave for one who comes from this origin. Whether there was one.
    pub(super) fn make_room(&self, origin: Origin) -> bool {
        let mut strangers = self.strangers();
        let Some(&(most, crowd)) = strangers.crowds.last() else { return false };
        let own = strangers.of.get(&origin).map_or(0, BTreeMap::len);
        let crowd = if own == most { origin } else { crowd };
        match strangers.change(crowd, BTreeMap::pop_first) {
            Some((_, leave)) => {
                leave.cancel();
                true
            }
            None => false,
        }
    }
}

/// A connection that is in. Its place is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    standing: Arc<Standing>,
    leave: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Guest {
    /// What its requests know of it.
    pub(super) fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// Told when it has to leave.
    pub(super) fn leave(&self) -> &CancellationToken {
        &self.leave
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.standing.leaves();
    }
}

/// Whether a connection has shown a key.
#[derive(Debug)]
pub(super) struct Standing {
    guests: Guests,
    origin: Origin,
    number: u64,
    known: AtomicBool,
}

impl Standing {
    /// It has shown a key: it stays.
    pub(super) fn is_known(&self) {
        if !self.known.swap(true, Ordering::Relaxed) {
            self.leaves();
        }
    }

    /// It is no stranger any more.
    fn leaves(&self) {
        let number = self.number;
        drop(self.guests.strangers().change(self.origin, |those| those.remove(&number)));
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse::<IpAddr>().expect("an address").into()
    }

    fn place() -> OwnedSemaphorePermit {
        Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place")
    }

    #[test]
    fn one_network_is_one_origin() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::2:3:4:5", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(origin(one) == origin(other), same, "{one} {other}");
        }
    }

    #[test]
    fn the_crowd_makes_room_and_whoever_is_known_stays() {
        let (guests, crowd, other) = (Guests::default(), origin("192.0.2.1"), origin("192.0.2.2"));
        assert!(!guests.make_room(other), "nobody is there");
        let known = guests.add(crowd, place());
        let many: Vec<_> = (0..3).map(|_| guests.add(crowd, place())).collect();
        let alone = guests.add(other, place());
        known.standing().is_known();
        let left = |those: &[Guest]| those.iter().map(|guest| guest.leave().is_cancelled()).collect::<Vec<_>>();
        assert!(guests.make_room(other));
        assert_eq!(left(&many), [true, false, false], "the oldest of those who are many");
        assert!(guests.make_room(crowd));
        assert_eq!(left(&many), [true, true, false], "who has most takes a place of its own");
        assert!(guests.make_room(other));
        assert!(alone.leave().is_cancelled(), "its own, where nobody has more");
        assert!(guests.make_room(other));
        assert!(!guests.make_room(other) && !known.leave().is_cancelled(), "who has shown a key stays");
        drop((many, known, alone));
        let strangers = guests.strangers();
        assert!(strangers.of.is_empty() && strangers.crowds.is_empty(), "nothing is kept of who has gone");
    }
}
