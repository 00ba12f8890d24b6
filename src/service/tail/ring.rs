//! The latest events, one after the other and never more than so many, each held once whoever reads it.

use std::{collections::VecDeque, sync::Arc};

use scrip_domain::event::Event;

/// How many events are held: some seconds of a busy programme, so that everyone who comes back after a restart
/// finds what they missed.
pub(super) const HELD: usize = 4_096;

/// The latest events.
#[derive(Debug, Default)]
pub(super) struct Ring {
    events: VecDeque<Arc<Event>>,
    /// The place of the last event that was put in, or that the first will follow.
    end: u64,
}

impl Ring {
    /// The place after which every event is held.
    pub(super) fn begin(&self) -> u64 {
        self.end - self.events.len() as u64
    }

    /// The place of the last event.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Puts the next event in; the oldest makes room. One that does not follow the last begins anew.
    pub(super) fn push(&mut self, event: Arc<Event>) {
        if event.id.sequence != self.end + 1 {
            self.events.clear();
        }
        if self.events.len() == HELD {
            self.events.pop_front();
        }
        self.end = event.id.sequence;
        self.events.push_back(event);
    }

    /// Forgets all; the next event is the one after a place.
    pub(super) fn restart(&mut self, end: u64) {
        self.events.clear();
        self.end = end;
    }

    /// The events after a place, which is not before the begin.
    pub(super) fn after(&self, place: u64) -> impl Iterator<Item = &Arc<Event>> {
        let skipped = usize::try_from(place.saturating_sub(self.begin())).unwrap_or(usize::MAX);
        self.events.range(skipped.min(self.events.len())..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scrip_domain::{
        event::{Change, EventType},
        id::{CouponId, EventId, PoolId},
        period::Instant,
        status::Status,
    };

    fn event(sequence: u64) -> Arc<Event> {
        let change = Change {
            kind: EventType::Claim,
            customer: None,
            before: Status::Unassigned,
            after: Status::Claimed,
            amount: None,
            balance_after: None,
            transaction: None,
            counterpart: None,
            reason: None,
            reference: None,
        };
        let coupon = CouponId { pool: PoolId(1), index: sequence };
        let id = EventId { stream: 1, sequence };
        Arc::new(Event { id, at: Instant::UNIX_EPOCH, coupon, actor: String::new(), change })
    }

    fn held(ring: &Ring, place: u64) -> Vec<u64> {
        ring.after(place).map(|event| event.id.sequence).collect()
    }

    #[test]
    fn the_latest_are_held_and_no_more() {
        let mut ring = Ring::default();
        ring.restart(10);
        assert_eq!((ring.begin(), ring.end(), held(&ring, 10)), (10, 10, vec![]));
        let last = 10 + HELD as u64 + 5;
        (11..=last).for_each(|sequence| ring.push(event(sequence)));
        assert_eq!((ring.begin(), ring.end()), (15, last));
        assert_eq!(held(&ring, 15).len(), HELD);
        assert_eq!(held(&ring, last - 2), [last - 1, last]);
        assert!(held(&ring, last).is_empty());
        assert!(held(&ring, last + 7).is_empty());
    }

    #[test]
    fn a_gap_begins_anew() {
        let mut ring = Ring::default();
        [1, 2, 3, 7, 8].into_iter().for_each(|sequence| ring.push(event(sequence)));
        assert_eq!((ring.begin(), held(&ring, 6)), (6, vec![7, 8]));
    }
}
