//! What the victim's readers and its subscriber were told, and whether it is so.

use std::collections::BTreeMap;

use scrip::{
    domain::id::{CouponId, PoolId},
    service::Session,
};

use super::{
    line::Seen,
    watch::{seen_coupon, seen_event},
};
use crate::support::audit::Books;

/// All that was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    /// The prints of coupons, by their versions.
    coupons: BTreeMap<(CouponId, u64), u64>,
    /// The prints of events, by their places.
    events: BTreeMap<u64, u64>,
    /// The last event that there was.
    latest: u64,
    /// The last event that the subscriber was told.
    pub(super) followed: u64,
    /// How far each pool had come.
    tallies: BTreeMap<PoolId, (u64, i64)>,
    entries: BTreeMap<(CouponId, u32), (i64, i64)>,
    /// How often something was seen.
    pub(super) times: u64,
}

impl Sight {
    /// Adds what was seen. Nothing is seen in two ways, and a subscriber misses nothing and has nothing twice.
    pub(super) fn add(&mut self, seen: Seen) {
        self.times += 1;
        match seen {
            Seen::Coupons(coupons) => {
                for (id, version, print) in coupons {
                    let known = *self.coupons.entry((id, version)).or_insert(print);
                    assert_eq!(known, print, "{id:?} at version {version} was seen in two ways");
                }
            }
            Seen::Events(events) => events.into_iter().for_each(|event| self.event(event)),
            Seen::Followed(events) => {
                for event in events {
                    assert_eq!(event.0, self.followed + 1, "the subscriber has each event once, in order");
                    self.followed = event.0;
                    self.event(event);
                }
            }
            Seen::Latest(place) => self.latest = self.latest.max(place),
            Seen::Tally(pool, next, usages) => {
                let known = self.tallies.entry(pool).or_default();
                *known = (known.0.max(next), known.1.max(usages));
            }
            Seen::Entries(card, entries) => {
                for (number, amount, after) in entries {
                    let known = *self.entries.entry((card, number)).or_insert((amount, after));
                    assert_eq!(known, (amount, after), "entry {number} of {card:?} was seen in two ways");
                }
            }
        }
    }

    fn event(&mut self, (place, print): (u64, u64)) {
        let known = *self.events.entry(place).or_insert(print);
        assert_eq!(known, print, "event {place} was seen in two ways");
    }

    /// The books say what was seen: nothing is gone, and nothing is older or another.
    pub(super) fn agrees(&self, scrip: &Session, books: &Books) {
        for ((id, version), print) in &self.coupons {
            let recorded = books.coupons.get(id).unwrap_or_else(|| panic!("{id:?} was seen and is gone"));
            assert!(recorded.version >= *version, "{id:?} is older than it was seen");
            if recorded.version == *version {
                assert_eq!(seen_coupon(recorded).2, *print, "{id:?} is another than was seen");
            }
        }
        let last = books.events.len() as u64;
        assert!(last >= self.latest, "the log ends at {last}, it was seen to end at {}", self.latest);
        for (place, print) in &self.events {
            let event = books.events.get(*place as usize - 1);
            let event = event.unwrap_or_else(|| panic!("event {place} was seen and is gone: the log ends at {last}"));
            assert_eq!(seen_event(event), (*place, *print), "event {place} is another than was seen");
        }
        for (pool, (next, usages)) in &self.tallies {
            let tally = scrip.tally(*pool).expect("a tally");
            assert!(tally.supply.next >= *next, "{pool:?} gives codes out again");
            assert!(tally.counts.usages >= *usages, "{pool:?} counts fewer usages than were seen");
        }
        for ((card, number), seen) in &self.entries {
            let entry = books.ledgers.get(card).and_then(|entries| entries.get(*number as usize));
            let entry = entry.unwrap_or_else(|| panic!("entry {number} of {card:?} was seen and is gone"));
            assert_eq!((entry.amount.0, entry.balance_after.0), *seen, "entry {number} of {card:?} is another");
        }
    }
}
