//! The audit of the log: gapless and in order of time, and every coupon's events, replayed, end at the
//! coupon that is recorded, with every entry of its ledger told.

use std::collections::BTreeMap;

use scrip::{
    domain::{
        coupon::Coupon,
        event::{Event, EventType},
        gift_card::{Entry, EntryKind},
        id::{CustomerId, EventId},
        status::Status,
    },
    service::{EventFilter, Session},
};

use super::audit::{Books, all};

/// How many coupons' events are read one by one; of more coupons, some are.
const SAMPLES: usize = 200;

/// The whole log.
pub(super) async fn log(scrip: &Session) -> Vec<Event> {
    let events = all(async |page| scrip.events(&EventFilter::default(), &page).await).await;
    let last = events.last().map_or(0, |event| event.id.sequence);
    let latest = *scrip.latest_event().expect("a place").borrow();
    assert_eq!(latest.sequence, last, "the last event is announced");
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event.id, EventId { sequence: place as u64 + 1, ..latest }, "the log has no gap");
    }
    assert!(events.is_sorted_by_key(|event| event.at), "the log is in order of time");
    transfers(&events);
    events
}

/// A transfer makes two events, next to each other.
fn transfers(events: &[Event]) {
    let mut giver: Option<&Event> = None;
    for event in events {
        if let Some(given) = giver.take() {
            assert_eq!((given.coupon, EventType::Receive), (event.coupon, event.change.kind), "a transfer is received");
            assert_eq!(given.change.customer, event.change.counterpart, "the receiver knows the giver");
            assert_eq!(given.change.counterpart, event.change.customer, "the giver knows the receiver");
        } else {
            assert_ne!(event.change.kind, EventType::Receive, "{:?}: nothing is received that nobody gave", event.id);
        }
        giver = Some(event).filter(|event| event.change.kind == EventType::Transfer);
    }
    assert!(giver.is_none(), "the last transfer is received");
}

/// Every coupon is what its events say.
pub(super) async fn agree(scrip: &Session, books: &Books) {
    let by_coupon = books.events_by_coupon();
    let step = by_coupon.len() / SAMPLES + 1;
    for (number, (id, events)) in by_coupon.iter().enumerate() {
        let coupon = books.coupons.get(id).expect("events are of coupons that exist");
        replay(coupon, events, books.ledgers.get(id).map(Vec::as_slice).unwrap_or_default());
        if number % step == 0 {
            let filter = EventFilter { coupon: Some(*id), ..EventFilter::default() };
            let listed = all(async |page| scrip.events(&filter, &page).await).await;
            assert!(listed.iter().eq(events.iter().copied()), "{id:?} lists its own events");
        }
    }
    of_purchases(scrip, books).await;
    let untouched = books.coupons.values().filter(|coupon| !by_coupon.contains_key(&coupon.id));
    for coupon in untouched {
        assert_eq!((coupon.status, coupon.history.len()), (Status::Unassigned, 0), "{:?} has no event", coupon.id);
    }
}

/// Every event that names a purchase is found by its id.
async fn of_purchases(scrip: &Session, books: &Books) {
    let mut named: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in &books.events {
        if let Some(transaction) = &event.change.transaction {
            named.entry(transaction).or_default().push(event);
        }
    }
    let step = named.len() / SAMPLES + 1;
    for (transaction, events) in named.into_iter().step_by(step) {
        let filter = EventFilter { transaction: Some(transaction.to_owned()), ..EventFilter::default() };
        let listed = all(async |page| scrip.events(&filter, &page).await).await;
        assert!(listed.iter().eq(events), "{transaction} lists the events that name it");
    }
}

/// What is known of a coupon from its events alone.
struct Told {
    status: Status,
    customer: Option<CustomerId>,
    acquired: Option<EventId>,
    claims: u32,
    transfers: u32,
    usages: i64,
    /// Whether it comes from elsewhere: no event tells how often it was claimed and used there.
    imported: bool,
}

fn replay(coupon: &Coupon, events: &[&Event], ledger: &[Entry]) {
    let id = coupon.id;
    // One that was taken out of use with all that nobody had touched has no event of that.
    let withdrawn = events.first().is_some_and(|first| first.change.kind == EventType::Reinstate);
    let mut told = Told {
        status: if withdrawn { Status::Invalid } else { Status::Unassigned },
        customer: None,
        acquired: None,
        claims: 0,
        transfers: 0,
        usages: 0,
        imported: false,
    };
    let mut entries = ledger.iter();
    for event in events {
        assert_eq!(event.change.before, told.status, "{id:?}: event {} follows the one before", event.id.sequence);
        told.status = event.change.after;
        told.apply(event);
        posted(event, &mut entries);
    }
    assert!(entries.next().is_none(), "{id:?}: an event tells of every ledger entry");
    assert_eq!(told.status, coupon.status, "{id:?}: the last event leads to the status");
    assert_eq!(told.customer, coupon.customer, "{id:?}: the events lead to the owner");
    assert_eq!(told.acquired, coupon.acquired, "{id:?}: the owner's event is known");
    assert_eq!(told.transfers, coupon.transfers, "{id:?}: transfers");
    if told.imported {
        assert!(i64::from(coupon.usages) >= told.usages && coupon.claims >= told.claims, "{id:?}: what it had is kept");
    } else {
        assert_eq!(told.claims, coupon.claims, "{id:?}: claims");
    }
    assert_eq!(coupon.history.len(), events.len() as u64, "{id:?} knows how many events it has");
    if coupon.account.is_none() && !told.imported {
        assert_eq!(told.usages, i64::from(coupon.usages), "{id:?}: usages");
        assert!(told.usages <= i64::from(told.claims), "{id:?} is used once for each claim");
    }
}

impl Told {
    fn apply(&mut self, event: &Event) {
        match event.change.kind {
            EventType::Claim => {
                let again = self.customer.is_some();
                assert!(!again || self.customer == event.change.customer, "{:?} has one owner", event.coupon);
                self.claims += 1;
                self.acquired = self.acquired.or(Some(event.id));
                self.customer.clone_from(&event.change.customer);
            }
            EventType::Transfer => assert_eq!(self.customer, event.change.customer, "its owner gives it"),
            EventType::Receive => {
                self.transfers += 1;
                self.acquired = Some(event.id);
                self.customer.clone_from(&event.change.customer);
            }
            EventType::Unassign => {
                assert_eq!(self.customer, event.change.customer, "it is taken from its owner");
                (self.customer, self.acquired, self.claims) = (None, None, 0);
            }
            EventType::Import => {
                assert!(self.customer.is_none() && self.claims == 0, "{:?} comes from elsewhere once", event.coupon);
                self.imported = true;
                self.acquired = event.change.customer.as_ref().map(|_| event.id);
                self.customer.clone_from(&event.change.customer);
            }
            EventType::Redeem => self.usages += 1,
            EventType::Unredeem => self.usages -= 1,
            EventType::Invalidate
            | EventType::Expire
            | EventType::Adjust
            | EventType::Reinstate
            | EventType::Extend
            | EventType::Hold
            | EventType::Release
            | EventType::Update => {}
        }
        if !matches!(event.change.kind, EventType::Unassign) {
            assert_eq!(self.customer, event.change.customer, "{:?} is in its owner's history", event.id);
        }
    }
}

/// Takes the entry off the ledger that an event tells of.
fn posted<'a>(event: &Event, entries: &mut (impl Iterator<Item = &'a Entry> + Clone)) {
    let kind = match event.change.kind {
        // The same card once more (an aggregated pool) is not issued again.
        EventType::Claim | EventType::Import => event.change.amount.map(|_| EntryKind::Issue),
        EventType::Redeem => event.change.amount.map(|_| EntryKind::Redeem),
        EventType::Unredeem | EventType::Reinstate => event.change.amount.map(|_| EntryKind::Reverse),
        EventType::Adjust => Some(EntryKind::Adjust),
        EventType::Unassign | EventType::Invalidate => {
            entries.clone().next().filter(|entry| entry.kind == EntryKind::Void).map(|entry| entry.kind)
        }
        EventType::Transfer
        | EventType::Receive
        | EventType::Expire
        | EventType::Extend
        | EventType::Hold
        | EventType::Release
        | EventType::Update => None,
    };
    let Some(kind) = kind else { return };
    let entry = entries.next().unwrap_or_else(|| panic!("{:?} has a ledger entry", event.id));
    assert_eq!((entry.kind, entry.at), (kind, event.at), "{:?} and its ledger entry agree", event.id);
    assert_eq!(event.change.balance_after, Some(entry.balance_after), "{:?} tells the balance", event.id);
    assert_eq!(event.change.transaction, entry.transaction, "{:?} tells the purchase", event.id);
}
