//! Who is in: connections by where they come from, until they have shown a key. Where all places are taken, whoever
//! comes takes the place of such a stranger: of the address that has most of them, the one that came first. So an
//! address that opens connections without end takes places from itself, and a connection that has shown a key is never
//! ended for another. A key has a share of the places: what it opens beyond that ends with its first answer.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
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

/// How many long heads there may be at once, however many connections.
const LONG_HEADS: usize = 256;
/// How long a stranger may take to leave.
const LEAVING: Duration = Duration::from_secs(1);

/// Those who are in. Every copy is the same.
#[derive(Debug, Clone)]
pub(super) struct Guests(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// How many connections of one key may stay.
    share: usize,
    /// How many long heads may be on their way at once: each is in memory before it is known who sends it.
    long_heads: Arc<Semaphore>,
    strangers: Mutex<Strangers>,
}

#[derive(Debug, Default)]
struct Strangers {
    next: u64,
    /// How many connections have shown each key.
    known: HashMap<Arc<str>, usize>,
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
    /// Nobody yet, in so many places: three of four are for one key.
    pub(super) fn new(places: usize) -> Self {
        let long_heads = Arc::new(Semaphore::new((places / 32).clamp(1, LONG_HEADS)));
        Self(Arc::new(Inner { share: (places - places / 4).max(1), long_heads, strangers: Mutex::default() }))
    }

    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.0.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets in who comes from this origin, in the place of another stranger where all are taken. None where no stranger
    /// leaves one.
    pub(super) async fn admit(&self, origin: Origin, places: &Arc<Semaphore>) -> Option<Guest> {
        let free = Arc::clone(places).try_acquire_owned();
        let place = match free {
            Ok(place) => place,
            Err(_) if self.make_room(origin) => {
                timeout(LEAVING, Arc::clone(places).acquire_owned()).await.ok()?.ok()?
            }
            Err(_) => return None,
        };
        Some(self.add(origin, place))
    }

    /// Has every stranger leave.
    pub(super) fn end(&self) {
        for those in self.strangers().of.values() {
            those.values().for_each(CancellationToken::cancel);
        }
    }

    /// Lets a connection in that has a place.
    pub(super) fn add(&self, origin: Origin, place: OwnedSemaphorePermit) -> Guest {
        let leave = CancellationToken::new();
        let mut strangers = self.strangers();
        let number = strangers.next;
        strangers.next += 1;
        strangers.change(origin, |those| those.insert(number, leave.clone()));
        let key = Mutex::new(Key::None);
        let standing = Standing { guests: self.clone(), origin, number, key, crowded: AtomicBool::new(false) };
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

    /// Leave for a head that is long; none where there are too many.
    pub(super) fn long_head(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.standing.guests.0.long_heads).try_acquire_owned().ok()
    }

    /// Told when it has to leave.
    pub(super) fn leave(&self) -> &CancellationToken {
        &self.leave
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.standing.ends();
    }
}

/// Whether a connection has shown a key.
#[derive(Debug)]
pub(super) struct Standing {
    guests: Guests,
    origin: Origin,
    number: u64,
    key: Mutex<Key>,
    crowded: AtomicBool,
}

/// The key that a connection has shown first.
#[derive(Debug)]
enum Key {
    None,
    /// None, and it is counted elsewhere.
    Elsewhere,
    Shown(Arc<str>),
    /// The connection has ended.
    Gone,
}

impl Standing {
    /// It has shown a key: it stays, unless more connections of this key do than may.
    pub(super) fn is_known(&self, by: &str) {
        let mut key = self.key();
        if !matches!(*key, Key::None | Key::Elsewhere) {
            return;
        }
        let mut strangers = self.guests.strangers();
        strangers.change(self.origin, |those| those.remove(&self.number));
        let shown = strangers.known.get_key_value(by).map_or_else(|| by.into(), |(known, _)| Arc::clone(known));
        let connections = strangers.known.entry(Arc::clone(&shown)).or_default();
        *connections += 1;
        self.crowded.store(*connections > self.guests.0.share, Ordering::Relaxed);
        *key = Key::Shown(shown);
    }

    /// It waits for its key in a place of another kind: here it is no stranger any more.
    pub(super) fn is_counted_elsewhere(&self) {
        let mut key = self.key();
        if matches!(*key, Key::None) {
            *key = Key::Elsewhere;
            drop(self.guests.strangers().change(self.origin, |those| those.remove(&self.number)));
        }
    }

    /// Whether it is one too many of its key's, and ends with its next answer.
    pub(super) fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }

    /// Where it comes from.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    fn key(&self) -> MutexGuard<'_, Key> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ends(&self) {
        let ended = std::mem::replace(&mut *self.key(), Key::Gone);
        let mut strangers = self.guests.strangers();
        match ended {
            Key::Shown(key) => {
                if let Some(connections) = strangers.known.get_mut(&key) {
                    *connections -= 1;
                    if *connections == 0 {
                        strangers.known.remove(&key);
                    }
                }
            }
            Key::None => drop(strangers.change(self.origin, |those| those.remove(&self.number))),
            Key::Elsewhere | Key::Gone => {}
        }
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
        let (guests, crowd, other) = (Guests::new(4), origin("192.0.2.1"), origin("192.0.2.2"));
        assert!(!guests.make_room(other), "nobody is there");
        let known = guests.add(crowd, place());
        let many: Vec<_> = (0..3).map(|_| guests.add(crowd, place())).collect();
        let alone = guests.add(other, place());
        known.standing().is_known("a");
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
        assert!(strangers.known.is_empty());
    }

    #[test]
    fn a_key_has_a_share() {
        let (guests, origin) = (Guests::new(4), origin("192.0.2.1"));
        let mut those: Vec<_> = (0..5).map(|_| guests.add(origin, place())).collect();
        let crowded =
            |those: &[Guest]| -> Vec<bool> { those.iter().map(|guest| guest.standing().is_crowded()).collect() };
        for guest in &those {
            guest.standing().is_known("a");
            guest.standing().is_known("b");
        }
        assert_eq!(crowded(&those), [false, false, false, true, true]);
        drop(those.pop());
        drop(those.remove(0));
        those.push(guests.add(origin, place()));
        those[3].standing().is_known("a");
        those.push(guests.add(origin, place()));
        those[4].standing().is_known("b");
        assert_eq!(crowded(&those), [false, false, true, true, false], "one of the first has left for another");
        let standing = those[0].standing();
        drop(those);
        standing.is_known("a");
        assert!(guests.strangers().known.is_empty(), "nothing is kept of who has gone");
    }
}
