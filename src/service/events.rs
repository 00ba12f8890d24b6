//! Reading the log of events: all of it after a cursor, a coupon's, a customer's. The log is gapless
//! and in order of time, so a place in it is a number and an instant is found by halving.

use std::collections::HashMap;

use super::{Failure, Page, PageRequest, Scrip, Sight, lists::foreign_cursor};
use scrip_domain::{
    coupon::Coupon,
    event::{Event, EventType},
    id::{CouponId, CustomerId, EventId, PoolId},
    period::{Instant, instant_of},
    rejection::Input,
};
use scrip_storage::{CustomerEvents, Dated, EVENTS_IN_ROW, Events, Histories, ReadFrom, TransactionEvents};

/// How many rows are read at once.
const PART: usize = 64;
/// How many events one request looks at for those that its filter admits. What is further on is
/// found from the page's cursor.
const MAX_LOOKED_AT: usize = 5_000;

/// A place in the log, after an event.
pub type EventCursor = EventId;

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this pool's coupons.
    pub pool: Option<PoolId>,
    /// Of this coupon.
    pub coupon: Option<CouponId>,
    /// In this customer's history.
    pub customer: Option<CustomerId>,
    /// Of these types; all where empty.
    pub types: Vec<EventType>,
    /// That name this purchase.
    pub transaction: Option<String>,
    /// From this place in the log on.
    pub since: Option<EventId>,
    /// Of claims that refer to this.
    pub reference: Option<String>,
    /// At or after this instant.
    pub from: Option<Instant>,
    /// Before this instant.
    pub to: Option<Instant>,
    /// Of pools that exist for whoever asks.
    pub sight: Sight,
}

impl EventFilter {
    /// Whether an event is among those asked for.
    #[must_use]
    pub fn admits(&self, event: &Event) -> bool {
        self.pool.is_none_or(|pool| event.coupon.pool == pool)
            && self.coupon.is_none_or(|coupon| event.coupon == coupon)
            && self.customer.as_ref().is_none_or(|customer| event.change.customer.as_ref() == Some(customer))
            && (self.types.is_empty() || self.types.contains(&event.change.kind))
            && self.since.is_none_or(|since| event.id >= since)
            && self.transaction.as_ref().is_none_or(|purchase| event.change.transaction.as_ref() == Some(purchase))
            && self.reference.as_ref().is_none_or(|reference| event.change.reference.as_ref() == Some(reference))
            && self.from.is_none_or(|from| event.at >= from)
            && self.to.is_none_or(|to| event.at < to)
            && self.sight.sees(event.coupon.pool)
    }
}

impl Scrip {
    /// A page of the log, oldest first. What time has done up to now is in it, and nothing that is beyond the
    /// [latest](Scrip::latest_event) event: every place in it can be followed from.
    pub(super) async fn events(
        &self,
        filter: &EventFilter,
        page: &PageRequest<EventCursor>,
    ) -> Result<Page<Event, EventCursor>, Failure> {
        self.refuse_other_logs(page)?;
        // Where changes are stopped, the log ends before what is over.
        self.settle(self.now()).await?;
        if let Some(transaction) = &filter.transaction {
            return self.purchase_events(transaction, filter, page).await;
        }
        if let Some(coupon) = filter.coupon {
            return match self.coupons(&[coupon]).await?.pop().flatten() {
                Some(coupon) => self.coupon_events(&coupon, filter, page).await,
                None => Ok(Page::empty()),
            };
        }
        if let Some(customer) = &filter.customer {
            return self.customer_events(customer, filter, page).await;
        }
        self.log(filter, page).await
    }

    /// Refuses places in a log that is not here any more, as after a salvage.
    pub(super) fn refuse_other_logs(&self, page: &PageRequest<EventCursor>) -> Result<(), Failure> {
        for (cursor, field) in [(page.after, Input::After), (page.before, Input::Before)] {
            if cursor.is_some_and(|at| at.stream != self.registry.stream()) {
                return Err(foreign_cursor(field).into());
            }
        }
        Ok(())
    }

    /// The log itself, in either direction.
    async fn log(
        &self,
        filter: &EventFilter,
        page: &PageRequest<EventCursor>,
    ) -> Result<Page<Event, EventCursor>, Failure> {
        let mut low = page.after.map_or(0, |cursor| cursor.sequence) + 1;
        let mut high = page.before.map_or(u64::MAX, |cursor| cursor.sequence).min(self.end_of_log());
        if let Some(from) = filter.from {
            low = low.max(self.first_at(from).await?);
        }
        if let Some(to) = filter.to {
            high = high.min(self.first_at(to).await?);
        }
        let mut found = Vec::new();
        let mut looked_at = 0;
        let mut last = None;
        while found.len() <= page.limit && looked_at < MAX_LOOKED_AT {
            let events = if page.from_end {
                self.read_before(high, PART).await?
            } else {
                self.read_after(low - 1, PART).await?
            };
            let within: Vec<_> = events.into_iter().filter(|event| (low..high).contains(&event.id.sequence)).collect();
            let Some(end) = within.last().map(|event| event.id) else { return Ok(Page::from_gathered(found, page)) };
            if page.from_end {
                high = end.sequence
            } else {
                low = end.sequence + 1
            }
            last = Some(end);
            looked_at += within.len();
            found.extend(within.into_iter().filter(|event| filter.admits(event)).map(|event| (event.id, event)));
        }
        Ok(Page::from_gathered_until(found, last, page))
    }

    /// The place after the last event that is durable.
    fn end_of_log(&self) -> u64 {
        self.latest_event().borrow().sequence + 1
    }

    /// Up to `rows` rows of events before a place in the log, latest first.
    async fn read_before(&self, before: u64, rows: usize) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        // At most this many rows begin in so many places, and each place has its row among them.
        let start = before.min(self.end_of_log()).saturating_sub(rows as u64);
        let span = |start| Events::of(self.registry.stream(), start..before);
        let mut found = self.store.scan(&span(start), ReadFrom::Start, rows).await?;
        if found.is_empty() && start > 0 {
            // A salvaged log may have lost that many: whatever is before them.
            found = self.store.scan(&span(0), ReadFrom::End, 1).await?;
        }
        for (first, row) in found {
            events.extend(numbered(first, row).filter(|event| event.id.sequence < before));
        }
        events.reverse();
        Ok(events)
    }

    /// Up to `rows` rows of events after a place in the log.
    pub(super) async fn read_after(&self, after: u64, rows: usize) -> Result<Vec<Event>, Failure> {
        let span = Events::with(self.registry.stream(), after + 1..self.end_of_log());
        let mut events = Vec::new();
        for (first, row) in self.store.scan(&span, ReadFrom::Start, rows).await? {
            events.extend(numbered(first, row).filter(|event| event.id.sequence > after));
        }
        // A full page may hold nothing after the place only if its last row ends before it, and the
        // start is chosen so that at most 15 rows can.
        Ok(events)
    }

    /// The place of the first event at or after an instant; after the last one where there is none.
    async fn first_at(&self, instant: Instant) -> Result<u64, Failure> {
        let (mut low, mut high) = (1, self.end_of_log());
        while low < high {
            let middle = low + (high - low) / 2;
            let early = match self.event_at(middle).await? {
                Some(event) => event.at < instant,
                None => false,
            };
            if early { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    async fn event_at(&self, sequence: u64) -> Result<Option<Event>, Failure> {
        Ok(self.read_after(sequence.saturating_sub(1), EVENTS_IN_ROW as usize).await?.into_iter().next())
    }

    /// A page of a coupon's events, which stand in leaves of its history, oldest first, and then in itself.
    async fn coupon_events(
        &self,
        coupon: &Coupon,
        filter: &EventFilter,
        page: &PageRequest<EventCursor>,
    ) -> Result<Page<Event, EventCursor>, Failure> {
        let (mut found, mut looked_at, mut last) = (Vec::new(), 0, None);
        let end = self.end_of_log();
        let mut leaf = self.leaf_after(coupon, page.after).await?;
        while found.len() <= page.limit && looked_at < MAX_LOOKED_AT {
            let mut ids = self.leaf(coupon, leaf).await?;
            ids.retain(|id| page.after.is_none_or(|after| *id > after) && id.sequence < end);
            looked_at += ids.len();
            last = ids.last().copied().or(last);
            let events = self.events_by_id(&ids).await?;
            found.extend(events.into_iter().filter(|event| filter.admits(event)).map(|event| (event.id, event)));
            if leaf >= coupon.history.leaves {
                return Ok(Page::from_gathered(found, page));
            }
            leaf += 1;
        }
        Ok(Page::from_gathered_until(found, last, page))
    }

    /// The ids in a leaf of a coupon's history; the latest ones, in the coupon itself, are the last leaf.
    async fn leaf(&self, coupon: &Coupon, leaf: u32) -> Result<Vec<EventId>, Failure> {
        if leaf >= coupon.history.leaves {
            return Ok(coupon.history.recent.clone());
        }
        Ok(self.store.get_one::<Histories>((coupon.id, leaf)).await?.unwrap_or_default())
    }

    /// The leaf in which a coupon's events after a place begin, found by halving.
    async fn leaf_after(&self, coupon: &Coupon, after: Option<EventCursor>) -> Result<u32, Failure> {
        let Some(after) = after else { return Ok(0) };
        let (mut low, mut high) = (0, coupon.history.leaves);
        while low < high {
            let middle = low + (high - low) / 2;
            let before = self.leaf(coupon, middle).await?.last().is_none_or(|last| *last <= after);
            if before { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    async fn customer_events(
        &self,
        customer: &CustomerId,
        filter: &EventFilter,
        page: &PageRequest<EventCursor>,
    ) -> Result<Page<Event, EventCursor>, Failure> {
        let (mut start, end) = (page.after.map_or(0, |cursor| cursor.sequence + 1), self.end_of_log());
        let (mut found, mut looked_at, mut resume) = (Vec::new(), 0, None);
        while looked_at < MAX_LOOKED_AT {
            let span = CustomerEvents::of(customer, self.registry.stream(), start..end);
            let rows = self.store.scan(&span, ReadFrom::Start, PART).await?;
            let ids: Vec<_> = rows.iter().map(|((_, event), _)| *event).collect();
            for event in self.events_by_id(&ids).await? {
                if filter.admits(&event) {
                    found.push((event.id, event));
                }
            }
            let Some(last) = ids.last().filter(|_| rows.len() == PART && found.len() <= page.limit) else {
                return Ok(Page::from_gathered(found, page));
            };
            looked_at += ids.len();
            (start, resume) = (last.sequence + 1, Some(*last));
        }
        Ok(Page::from_gathered_until(found, resume, page))
    }

    /// A page of the events that name a purchase, oldest first.
    async fn purchase_events(
        &self,
        transaction: &str,
        filter: &EventFilter,
        page: &PageRequest<EventCursor>,
    ) -> Result<Page<Event, EventCursor>, Failure> {
        let since = filter.since.map_or(0, |since| since.sequence);
        let (mut start, end) = (page.after.map_or(0, |cursor| cursor.sequence + 1).max(since), self.end_of_log());
        let (mut found, mut looked_at, mut resume) = (Vec::new(), 0, None);
        // Before all that are noted.
        let mut old = self.old_events(transaction).await?;
        old.retain(|event| page.after.is_none_or(|after| *event > after) && event.sequence < end);
        old.sort_unstable();
        let admitted = |event: Event| filter.admits(&event).then_some((event.id, event));
        found.extend(self.events_by_id(&old).await?.into_iter().filter_map(admitted));
        while looked_at < MAX_LOOKED_AT {
            let span = TransactionEvents::of(transaction, self.registry.stream(), start..end);
            let rows = self.store.scan(&span, ReadFrom::Start, PART).await?;
            let ids: Vec<_> = rows.iter().map(|((_, event), _)| *event).collect();
            found.extend(self.events_by_id(&ids).await?.into_iter().filter_map(admitted));
            let Some(last) = ids.last().filter(|_| rows.len() == PART && found.len() <= page.limit) else {
                return Ok(Page::from_gathered(found, page));
            };
            looked_at += ids.len();
            (start, resume) = (last.sequence + 1, Some(*last));
        }
        Ok(Page::from_gathered_until(found, resume, page))
    }

    /// The events with these ids, in their order.
    pub(super) async fn events_by_id(&self, ids: &[EventId]) -> Result<Vec<Event>, Failure> {
        let mut read: HashMap<EventId, Event> = HashMap::new();
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            if !read.contains_key(id) {
                let span = Events::with(id.stream, id.sequence..id.sequence + 1);
                for (first, row) in self.store.scan(&span, ReadFrom::Start, PART).await? {
                    read.extend(numbered(first, row).map(|event| (event.id, event)));
                }
            }
            found.extend(read.get(id).cloned());
        }
        Ok(found)
    }
}

/// The events of a row of the log, by the first of them.
fn numbered(first: EventId, row: Vec<Dated>) -> impl Iterator<Item = Event> {
    (first.sequence..).zip(row).map(move |(sequence, row)| Event {
        id: EventId { stream: first.stream, sequence },
        at: instant_of(row.at).unwrap_or(Instant::UNIX_EPOCH),
        coupon: row.coupon,
        actor: row.actor,
        change: row.change,
    })
}
