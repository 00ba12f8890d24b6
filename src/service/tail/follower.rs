//! One who follows the log: from a place on, what a filter admits, each event once and in order.

use std::sync::Arc;

use super::{Found, seats::Seat};
use crate::{EventCursor, EventFilter, Failure, PageRequest, Scrip};
use scrip_domain::event::Event;

/// The most events of a page: all that is ever held for one who follows.
const PAGE: usize = 64;

/// The place from which somebody wants to go on is not in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    /// Why, for people.
    pub reason: String,
    /// The place after which everything that is kept can be read.
    pub oldest: EventCursor,
}

/// One who follows the log.
#[derive(Debug)]
pub struct Follower {
    scrip: Arc<Scrip>,
    seat: Arc<Seat>,
    number: u64,
    /// Up to which place all was read.
    place: u64,
}

impl Scrip {
    /// Follows the log after a place, or from now on; what is admitted comes as it happens.
    pub(crate) fn follow(
        self: &Arc<Self>,
        filter: EventFilter,
        after: Option<EventCursor>,
    ) -> Result<Follower, Resync> {
        let latest = *self.latest_event().borrow();
        let resync = |reason| Resync { reason, oldest: EventCursor { sequence: 0, ..latest } };
        let place = match after {
            None => latest.sequence,
            Some(after) if after.stream != latest.stream => {
                return Err(resync(
                    "the cursor is of a log that is not here: read again, or follow without it".to_owned(),
                ));
            }
            Some(after) if after.sequence > latest.sequence => {
                let reason = "the cursor is beyond the end of the log, which an older copy of the database may have \
                              replaced: read again, or follow without it";
                return Err(resync(reason.to_owned()));
            }
            Some(after) => after.sequence,
        };
        let seat = Arc::new(Seat::new(filter));
        let number = self.tail.enter(&seat);
        Ok(Follower { scrip: Arc::clone(self), seat, number, place })
    }
}

impl Follower {
    /// The next events, at least one and at most a page, when there are some.
    pub async fn next(&mut self) -> Result<Vec<Arc<Event>>, Failure> {
        let mut page = Vec::new();
        while page.is_empty() {
            match self.scrip.tail.read(&self.seat, &mut self.place, &mut page, PAGE) {
                Found::Events => {}
                Found::Nothing => self.seat.woken().await,
                // Boxed: those who have caught up are many, and wait without room for this.
                Found::Behind => page = Box::pin(self.catch_up()).await?,
            }
        }
        Ok(page)
    }

    /// Reads a page of the log.
    async fn catch_up(&mut self) -> Result<Vec<Arc<Event>>, Failure> {
        let closed = |_| Failure::internal("the log is not read any more".to_owned());
        let _turn = self.scrip.tail.readers.acquire().await.map_err(closed)?;
        // What comes later may not be durable yet.
        let goal = self.scrip.latest_event().borrow().sequence;
        let after = EventCursor { stream: self.scrip.registry.stream(), sequence: self.place };
        let request = PageRequest { limit: PAGE, after: Some(after), before: None, from_end: false };
        let page = self.scrip.events(self.seat.filter(), &request).await?;
        let whole = page.items.last().is_none_or(|(id, _)| id.sequence <= goal);
        let reached = match page.resume.or(page.items.last().map(|(id, _)| *id)) {
            Some(last) if page.has_next && whole => last.sequence,
            // All up to the goal was looked at.
            _ => goal,
        };
        self.place = self.place.max(reached);
        let durable = page.items.into_iter().filter(|(id, _)| id.sequence <= goal);
        Ok(durable.map(|(_, event)| Arc::new(event)).collect())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.scrip.tail.leave(&self.seat, self.number);
    }
}
