//! A number of places that keys take in turns: whoever waits waits for one request of each other key at most, however
//! many those have sent. What one key may have waiting is bounded.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    /// The key has so many requests waiting already.
    Full(usize),
    /// The gateway stops.
    Stopping,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(most) => {
                write!(f, "{most} requests of this key wait already, which is the most: send fewer at once")
            }
            Self::Stopping => f.write_str("the gateway stops: try again"),
        }
    }
}

/// The places and those who wait for one.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// How many of one key may wait.
    most: usize,
}

#[derive(Debug)]
struct State {
    free: usize,
    waiting: HashMap<Arc<str>, VecDeque<oneshot::Sender<Place>>>,
    /// The keys that wait, each once, in the order of their turns.
    turns: VecDeque<Arc<str>>,
}

/// A place, which is the next one's when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<Arc<Queue>>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.hand_over();
        }
    }
}

impl Queue {
    /// With so many places, for which so many of each key may wait.
    pub(super) fn new(places: usize, most: usize) -> Arc<Self> {
        let state = State { free: places, waiting: HashMap::new(), turns: VecDeque::new() };
        Arc::new(Self { state: Mutex::new(state), most })
    }

    /// Waits for the key's turn.
    pub(super) async fn place(self: &Arc<Self>, key: &str) -> Result<Place, Busy> {
        let turn = match self.state().enter(key, self.most)? {
            None => return Ok(Place(Some(Arc::clone(self)))),
            Some(turn) => turn,
        };
        turn.await.map_err(|_| Busy::Stopping)
    }

    /// Gives a place to the next who still waits.
    fn hand_over(self: Arc<Self>) {
        loop {
            let Some(next) = self.state().next() else { return };
            match next.send(Place(Some(Arc::clone(&self)))) {
                Ok(()) => return,
                // It has gone. Its place is not given back by its drop, but to the next, here.
                Err(mut place) => place.0 = None,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a free place, or waits for one.
    fn enter(&mut self, key: &str, most: usize) -> Result<Option<oneshot::Receiver<Place>>, Busy> {
        if self.free > 0 {
            self.free -= 1;
            return Ok(None);
        }
        let (sender, turn) = oneshot::channel();
        match self.waiting.get_mut(key) {
            Some(waiting) => {
                if waiting.len() >= most {
                    waiting.retain(|sender| !sender.is_closed());
                }
                if waiting.len() >= most {
                    return Err(Busy::Full(most));
                }
                waiting.push_back(sender);
            }
            None => {
                let key: Arc<str> = key.into();
                self.turns.push_back(Arc::clone(&key));
                self.waiting.insert(key, VecDeque::from([sender]));
            }
        }
        Ok(Some(turn))
    }

    /// Whose turn it is; none where nobody waits, and the place is free then.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        while let Some(key) = self.turns.pop_front() {
            let Some(waiting) = self.waiting.get_mut(&key) else { continue };
            // Who has left costs the others of the key no turn.
            let next = std::iter::from_fn(|| waiting.pop_front()).find(|sender| !sender.is_closed());
            if waiting.is_empty() {
                self.waiting.remove(&key);
            } else {
                self.turns.push_back(key);
            }
            if next.is_some() {
                return next;
            }
        }
        self.free += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Whose turns come in which order.
    fn order(queue: &Arc<Queue>, keys: &[&'static str]) -> Vec<&'static str> {
        let first = queue.place("first").now_or_never().expect("a free place").expect("a place");
        let mut waiting: Vec<_> = keys.iter().map(|key| (*key, Box::pin(queue.place(key)))).collect();
        for (_, place) in &mut waiting {
            assert!(place.now_or_never().is_none(), "the only place is taken");
        }
        drop(first);
        let mut order = Vec::new();
        while !waiting.is_empty() {
            let mut places = Vec::new();
            waiting.retain_mut(|(key, place)| match place.now_or_never() {
                Some(place) => {
                    order.push(*key);
                    places.push(place.expect("a place"));
                    false
                }
                None => true,
            });
            assert_eq!(places.len(), 1, "one place");
        }
        order
    }

    #[test]
    fn keys_take_turns() {
        let queue = Queue::new(1, 8);
        for (keys, expected) in [
            (&["a", "a", "a", "b"][..], &["a", "b", "a", "a"][..]),
            (&["a", "a", "b", "b", "c"], &["a", "b", "c", "a", "b"]),
            (&["a"], &["a"]),
            (&[], &[]),
        ] {
            assert_eq!(order(&queue, keys), expected, "{keys:?}");
            assert_eq!(queue.state().free, 1);
        }
    }

    #[test]
    fn who_leaves_is_passed_over() {
        let queue = Queue::new(1, 8);
        let first = queue.place("a").now_or_never().expect("a free place").expect("a place");
        let mut gone = Box::pin(queue.place("a"));
        let mut late = Box::pin(queue.place("b"));
        assert!((&mut gone).now_or_never().is_none() && (&mut late).now_or_never().is_none());
        drop(gone);
        drop(first);
        assert!(late.now_or_never().is_some());
        // Also who leaves after the turn came.
        let first = queue.place("a").now_or_never().expect("a free place").expect("a place");
        let mut gone = Box::pin(queue.place("a"));
        assert!((&mut gone).now_or_never().is_none());
        drop(first);
        drop(gone);
        assert_eq!(queue.state().free, 1);
    }

    #[test]
    fn who_leaves_costs_its_key_no_turn() {
        let queue = Queue::new(1, 8);
        let first = queue.place("a").now_or_never().expect("a free place").expect("a place");
        let mut gone: Vec<_> = (0..3).map(|_| Box::pin(queue.place("a"))).collect();
        assert!(gone.iter_mut().all(|place| place.now_or_never().is_none()));
        let (mut other, mut last) = (Box::pin(queue.place("b")), Box::pin(queue.place("a")));
        assert!((&mut other).now_or_never().is_none() && (&mut last).now_or_never().is_none());
        drop(gone);
        drop(first);
        assert!((&mut other).now_or_never().is_none(), "it is the turn of a");
        assert!(last.now_or_never().is_some());
        assert!(other.now_or_never().is_some());
    }

    #[test]
    fn what_waits_is_bounded() {
        let queue = Queue::new(1, 2);
        let _first = queue.place("a").now_or_never().expect("a free place").expect("a place");
        let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(queue.place("a"))).collect();
        assert!(waiting.iter_mut().all(|place| place.now_or_never().is_none()));
        assert_eq!(queue.place("a").now_or_never().map(|place| place.err()), Some(Some(Busy::Full(2))));
        assert!(queue.place("b").now_or_never().is_none(), "others have room");
        waiting.pop();
        assert!(queue.place("a").now_or_never().is_none(), "who left made room");
    }
}
