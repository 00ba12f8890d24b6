//! The place of one request, which it has but for the time in which it waits for a partner.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use scrip_service::Turn;

use super::queue::{Place, Queue};

#[derive(Debug)]
pub(super) struct Seat {
    queue: Arc<Queue>,
    key: Box<str>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many things the request waits for at once.
    waits: usize,
    place: Option<Place>,
}

impl Seat {
    /// Of a request that has been given a place.
    pub(super) fn new(queue: &Arc<Queue>, key: &str, place: Place) -> Self {
        let state = Mutex::new(State { waits: 0, place: Some(place) });
        Self { queue: Arc::clone(queue), key: key.into(), state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn for Seat {
    fn leave(&self) {
        let left = {
            let mut state = self.state();
            state.waits += 1;
            state.place.take()
        };
        // The next one's, and not within the lock.
        drop(left);
    }

    fn come_back(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            let goes_on = {
                let mut state = self.state();
                state.waits -= 1;
                state.waits == 0
            };
            // Where too much of the key waits, it goes on without one: it was let in before.
            if goes_on && let Ok(place) = self.queue.place(&self.key).await {
                let mut state = self.state();
                if state.waits == 0 {
                    state.place = Some(place);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn who_waits_has_no_place() {
        let queue = Queue::new(1, 8);
        let place = queue.place("a").now_or_never().expect("a free place").expect("a place");
        let seat = Seat::new(&queue, "a", place);
        assert!(queue.place("b").now_or_never().is_none(), "it has the only one");
        seat.leave();
        seat.leave();
        let other = queue.place("b").now_or_never().expect("a free place").expect("a place");
        assert!(seat.come_back().now_or_never().is_some(), "it still waits for something");
        let mut back = seat.come_back();
        assert!((&mut back).now_or_never().is_none(), "it takes its turn");
        drop(other);
        assert!((&mut back).now_or_never().is_some());
        drop(back);
        assert!(queue.place("b").now_or_never().is_none(), "it has the place again");
        drop(seat);
        assert!(queue.place("b").now_or_never().is_some());
    }
}
