//! Following the log live. One task reads what is new, once for everyone, into a ring of the latest events; who has
//! caught up is served from it and called only for what its filter admits; who is behind reads pages of the log
//! until it has caught up. Nobody loses an event or has one twice, and nothing is kept for anybody but the page that
//! they are reading, however slow they are.
//!
//! The log has one stream, that of this process, and its commits say when there is more. Streams that other
//! gateways write into the same database would be read by [`follow`] too: each with a ring of its own, at its
//! timer's beat instead of at a commit's.

mod follower;
mod ring;
mod seats;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, Semaphore, watch};

use super::{Failure, Scrip};
use ring::{HELD, Ring};
use scrip_domain::event::Event;
use seats::{Seat, Seats, Waiting};

pub use follower::{Follower, Resync};

/// How many rows of the log are read at once.
const PART: usize = 64;
/// How many of those that are behind read the log at the same time.
const READERS: usize = 4;

/// What all who follow the log share.
#[derive(Debug)]
pub(super) struct Tail {
    state: Mutex<State>,
    /// How many follow the log.
    followers: watch::Sender<usize>,
    /// Whose turn it is to read the log.
    readers: Semaphore,
    /// Told when somebody comes.
    came: Notify,
}

#[derive(Debug, Default)]
struct State {
    ring: Ring,
    seats: Seats,
}

/// What there is for one who follows.
enum Found {
    /// Events were put into the page.
    Events,
    /// There is nothing yet: the seat is called when there is.
    Nothing,
    /// The ring does not reach back to the place: the log has to be read.
    Behind,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            followers: watch::Sender::new(0),
            readers: Semaphore::new(READERS),
            came: Notify::new(),
        }
    }
}

impl Tail {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many follow the log.
    pub(super) fn followers(&self) -> watch::Receiver<usize> {
        self.followers.subscribe()
    }

    fn enter(&self, seat: &Arc<Seat>) -> u64 {
        let number = self.state().seats.enter(seat);
        self.followers.send_modify(|count| *count += 1);
        self.came.notify_one();
        number
    }

    fn leave(&self, seat: &Seat, number: u64) {
        self.state().seats.leave(seat, number);
        self.followers.send_modify(|count| *count -= 1);
    }

    /// Puts up to `limit` events after a place that a seat's filter admits into a page, and moves the place on.
    fn read(&self, seat: &Seat, place: &mut u64, page: &mut Vec<Arc<Event>>, limit: usize) -> Found {
        let state = self.state();
        match seat.begin_to_read() {
            Err(Waiting) => return Found::Nothing,
            Ok(None) => {}
            Ok(Some(called)) => *place = (*place).max(called - 1),
        }
        if *place < state.ring.begin() {
            return Found::Behind;
        }
        for event in state.ring.after(*place) {
            *place = event.id.sequence;
            if seat.filter().admits(event) {
                page.push(Arc::clone(event));
                if page.len() == limit {
                    return Found::Events;
                }
            }
        }
        if !page.is_empty() {
            return Found::Events;
        }
        seat.wait();
        Found::Nothing
    }

    /// Ends when somebody follows the log.
    async fn wanted(&self) {
        while *self.followers.borrow() == 0 {
            self.came.notified().await;
        }
    }

    /// The place up to which the ring goes, when the log goes up to `goal`: one that is too far behind begins anew.
    fn reached(&self, goal: u64) -> u64 {
        let state = self.state();
        let end = state.ring.end();
        let far = goal.saturating_sub(HELD as u64);
        if end < far {
            drop(state);
            self.pass(far);
            return far;
        }
        state.ring.end()
    }

    /// Goes on to a place before which there is no event any more.
    fn pass(&self, place: u64) {
        let mut state = self.state();
        let end = state.ring.end();
        state.ring.restart(place);
        state.seats.call_all(end);
    }

    /// Forgets the events that are held: who follows reads them from the log again.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        let end = state.ring.end();
        state.ring.restart(end);
    }

    fn put(&self, events: Vec<Event>) {
        for event in events {
            let event = Arc::new(event);
            let mut state = self.state();
            state.ring.push(Arc::clone(&event));
            state.seats.call(&event);
        }
    }
}

/// Reads what is new into the ring while somebody follows the log, until Scrip stops.
pub(super) async fn follow(scrip: Weak<Scrip>) -> Result<(), Failure> {
    let parts = |scrip: Arc<Scrip>| (scrip.latest_event(), Arc::clone(&scrip.tail), scrip.stop.clone());
    let Some((mut latest, tail, stop)) = scrip.upgrade().map(parts) else { return Ok(()) };
    loop {
        let more = async {
            tail.wanted().await;
            loop {
                let goal = latest.borrow_and_update().sequence;
                let reached = tail.reached(goal);
                if reached < goal {
                    return Some((reached, goal));
                }
                latest.changed().await.ok()?;
            }
        };
        // Not held while it waits: a stop waits until nobody holds it.
        let Some((reached, goal)) = stop.run_until_cancelled(more).await.flatten() else { return Ok(()) };
        let Some(scrip) = scrip.upgrade() else { return Ok(()) };
        read(&scrip, &tail, reached, goal).await?;
    }
}

/// Reads a part of the log into the ring. What is beyond the goal may not be durable yet.
async fn read(scrip: &Scrip, tail: &Tail, reached: u64, goal: u64) -> Result<(), Failure> {
    let mut events = scrip.read_after(reached, PART).await?;
    events.retain(|event| event.id.sequence <= goal);
    if events.is_empty() {
        if !scrip.registry.numbering.passes_over(goal) {
            return Err(Failure::internal(format!("the log has no event between {reached} and {goal}")));
        }
        tail.pass(goal);
    }
    tail.put(events);
    Ok(())
}
