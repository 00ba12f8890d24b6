//! The audit of the books, which `scrip check` does: what is kept twice has to agree. Every coupon is held against its
//! ledger, its events and its pool's counts and tree, in the order in which the rows are kept, so that a page of each
//! table is in memory and nothing grows with the coupons.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{Fault, books_holdings::Held, books_notices::check_notices, books_pool::PoolBooks, books_purchases};
use crate::{
    RowId, Span, StorageError, Store, Table,
    read::ReadFrom,
    tables::{
        Coupons, CustomerEvents, Dated, Dues, Events, Histories, HoldDues, Ledger, Pools, Tallies, Tally,
        TransactionEvents,
    },
};
use scrip_domain::{
    coupon::Coupon,
    event::EventType,
    gift_card::Entry,
    id::{CouponId, CustomerId, EventId, PoolId},
    status::Status,
    withdrawn::Withdrawn,
};

/// How many rows are read at once.
const PAGE: usize = 1_000;
/// How many rows of the log are kept, because the events of coupons that lie beside each other mostly do as well.
const KEPT: usize = 1_024;

/// The rows of a table, one after the other.
pub(super) struct Rows<'a, T: Table> {
    store: &'a Store,
    span: Span<T>,
    page: VecDeque<(T::Key, T::Document)>,
    all: bool,
}

impl<'a, T: Table> Rows<'a, T> {
    /// Those of a span.
    pub(super) fn of(store: &'a Store, span: Span<T>) -> Self {
        Self { store, span, page: VecDeque::new(), all: false }
    }

    /// The next row, without taking it.
    pub(super) async fn peek(&mut self) -> Result<Option<&(T::Key, T::Document)>, StorageError> {
        if self.page.is_empty() && !self.all {
            self.page = self.store.scan(&self.span, ReadFrom::Start, PAGE).await?.into();
            self.all = self.page.len() < PAGE;
            if let Some((last, _)) = self.page.back() {
                self.span = self.span.clone().after(last);
            }
        }
        Ok(self.page.front())
    }

    /// The next row.
    pub(super) async fn next(&mut self) -> Result<Option<(T::Key, T::Document)>, StorageError> {
        self.peek().await?;
        Ok(self.page.pop_front())
    }
}

/// Holds the books of a database against each other, and tells what does not agree. Rows that cannot be read end it:
/// they were told before.
pub(super) async fn audit(store: &Store, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
    let mut ledger = Rows::of(store, Span::<Ledger>::all());
    let mut coupons = Rows::of(store, Span::<Coupons>::all());
    let mut log = Log::new(store);
    // How many the coupons have in all.
    let mut events = 0;
    let mut pools: BTreeMap<PoolId, Tally> = BTreeMap::new();
    let mut tallies = Rows::of(store, Span::<Tallies>::all());
    while let Some((pool, tally)) = tallies.next().await? {
        pools.insert(pool, tally);
    }
    let mut withdrawn = withdrawn_of(store).await?;
    let held = Held::read(store).await?;
    let mut books: Option<PoolBooks> = None;
    while let Some((id, coupon)) = coupons.next().await? {
        if books.as_ref().is_none_or(|books| books.pool() != id.pool) {
            finish(store, books.replace(PoolBooks::new(id.pool, withdrawn.remove(&id.pool))), &mut pools, tell).await?;
        }
        if let Some(books) = &mut books {
            books.add(store, &coupon, tell).await?;
        }
        let mut say = |what: String| tell(Fault::Books { what: format!("{} {what}", named(id)) });
        let entries = entries_of(&mut ledger, id, &mut say).await?;
        check_ledger(&coupon, &entries, &mut say);
        events += coupon.history.len();
        check_events(&mut log, &coupon, &mut say).await?;
        check_due(store, &coupon, &mut say).await?;
        check_holds(store, &coupon, &mut say).await?;
        held.check(store, &coupon, &mut say).await?;
        held.check_count(store, &coupon, &mut say).await?;
    }
    held.check_rows(store, tell).await?;
    check_notices(store, tell).await?;
    finish(store, books, &mut pools, tell).await?;
    while let Some((id, _)) = ledger.next().await? {
        tell(Fault::Books { what: format!("a ledger entry of {} has no coupon", named(id.coupon)) });
    }
    for (pool, tally) in pools {
        PoolBooks::new(pool, withdrawn.remove(&pool)).finish(&tally, tell);
    }
    for what in store.verify_audit().await?.faults {
        tell(Fault::Books { what: format!("of the audit {what}") });
    }
    books_purchases::check(store, tell).await?;
    check_log(store, events, tell).await
}

/// The untouched coupons of each pool that were taken out of use.
async fn withdrawn_of(store: &Store) -> Result<BTreeMap<PoolId, Vec<Withdrawn>>, StorageError> {
    let mut withdrawn = BTreeMap::new();
    let mut pools = Rows::of(store, Span::<Pools>::all());
    while let Some((id, pool)) = pools.next().await? {
        if !pool.withdrawn.is_empty() {
            withdrawn.insert(id, pool.withdrawn);
        }
    }
    Ok(withdrawn)
}

async fn finish(
    store: &Store,
    books: Option<PoolBooks>,
    pools: &mut BTreeMap<PoolId, Tally>,
    tell: &mut impl FnMut(Fault),
) -> Result<(), StorageError> {
    let Some(mut books) = books else { return Ok(()) };
    books.end_of_rows(store, tell).await?;
    match pools.remove(&books.pool()) {
        Some(tally) => books.finish(&tally, tell),
        None => tell(Fault::Books { what: format!("pool {} has coupons and no counts", books.pool().0) }),
    }
    Ok(())
}

/// A coupon by the id of its row.
pub(super) fn named(coupon: CouponId) -> RowId {
    RowId::of::<Coupons>(coupon)
}

/// The ledger entries of a coupon. Those of coupons before it belong to none.
async fn entries_of(
    ledger: &mut Rows<'_, Ledger>,
    id: CouponId,
    say: &mut impl FnMut(String),
) -> Result<Vec<Entry>, StorageError> {
    let mut entries = Vec::new();
    while let Some((entry, _)) = ledger.peek().await?.filter(|(entry, _)| entry.coupon <= id) {
        if entry.coupon < id {
            say(format!("comes after a ledger entry of {}, which has no coupon", named(entry.coupon)));
        }
        let is_its = entry.coupon == id;
        entries.extend(ledger.next().await?.filter(|_| is_its).map(|(_, entry)| entry));
    }
    Ok(entries)
}

/// The ledger sums up to the balance, entry by entry.
fn check_ledger(coupon: &Coupon, entries: &[Entry], say: &mut impl FnMut(String)) {
    let known = coupon.account.map_or(0, |account| account.entries as usize);
    if entries.len() != known {
        say(format!("has {} ledger entries and counts {known}", entries.len()));
        return;
    }
    let mut sum = 0_i64;
    for (number, entry) in entries.iter().enumerate() {
        sum = sum.saturating_add(entry.amount.0);
        if entry.id.number as usize != number || entry.balance_after.0 != sum || sum < 0 {
            say(format!("has a ledger that does not sum up at entry {number}"));
            return;
        }
    }
    if let Some(account) = coupon.account.filter(|account| account.balance.0 != sum) {
        say(format!("has a balance of {} minor units and a ledger that sums up to {sum}", account.balance.0));
    }
}

/// Its events are in the log, are its own, and lead to its status.
async fn check_events(log: &mut Log<'_>, coupon: &Coupon, say: &mut impl FnMut(String)) -> Result<(), StorageError> {
    let leaves: Vec<_> = (0..coupon.history.leaves).map(|leaf| (coupon.id, leaf)).collect();
    let mut ids: Vec<EventId> = Vec::new();
    for (number, leaf) in log.store.get::<Histories>(&leaves).await?.into_iter().enumerate() {
        match leaf {
            Some(leaf) => ids.extend(leaf),
            None => say(format!("has lost part {number} of its history")),
        }
    }
    ids.extend(&coupon.history.recent);
    if !ids.is_sorted_by(|one, next| one < next) {
        say("has a history that is not in order".to_owned());
    }
    let mut status = Status::Unassigned;
    for (number, id) in ids.into_iter().enumerate() {
        match log.event(id).await? {
            // One that was taken out of use with all that nobody had touched has no event of that.
            Some(event) if number == 0 && event.change.kind == EventType::Reinstate && event.coupon == coupon.id => {
                status = event.change.after;
            }
            Some(event) if event.coupon != coupon.id => say(format!("has event {} of another coupon", id.sequence)),
            Some(event) if event.change.before != status => {
                let (before, is) = (event.change.before.name(), status.name());
                say(format!("is {is} before event {}, which says {before}", id.sequence));
                status = event.change.after;
            }
            Some(event) => status = event.change.after,
            None => say(format!("has event {}, which is not in the log", id.sequence)),
        }
    }
    if status != coupon.status {
        say(format!("is {} and its events lead to {}", coupon.status.name(), status.name()));
    }
    Ok(())
}

/// A coupon whose time will be over is in the list of those.
async fn check_due(store: &Store, coupon: &Coupon, say: &mut impl FnMut(String)) -> Result<(), StorageError> {
    if let Some(end) = coupon.expires_at.filter(|_| coupon.status.is_live())
        && store.get_one::<Dues>((end.as_millisecond(), coupon.id)).await?.is_none()
    {
        say(format!("is over at {end} and not in the list of those that are"));
    }
    Ok(())
}

/// What checkouts hold of a coupon is given back in time.
async fn check_holds(store: &Store, coupon: &Coupon, say: &mut impl FnMut(String)) -> Result<(), StorageError> {
    for hold in &coupon.holds {
        if store.get_one::<HoldDues>((hold.until.as_millisecond(), hold.transaction.clone())).await?.is_none() {
            say(format!("is held until {} and not in the list of those that are", hold.until));
        }
    }
    Ok(())
}

/// The log has as many events as the coupons, and each is in its customer's history.
async fn check_log(store: &Store, expected: u64, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
    let mut rows = Rows::of(store, Span::<Events>::all());
    let (mut events, mut of_customers) = (0, 0);
    let mut named = Named::default();
    while let Some((first, row)) = rows.next().await? {
        let numbered = (first.sequence..).zip(&row);
        let keys: Vec<(CustomerId, EventId)> = numbered
            .filter_map(|(sequence, event)| {
                Some((event.change.customer.clone()?, EventId { stream: first.stream, sequence }))
            })
            .collect();
        named.check(store, first, &row, tell).await?;
        events += row.len() as u64;
        of_customers += keys.len() as u64;
        for (key, found) in keys.iter().zip(store.get::<CustomerEvents>(&keys).await?) {
            if found.is_none() {
                let what = format!("event {} is not in the history of customer {:?}", key.1.sequence, key.0.as_str());
                tell(Fault::Books { what });
            }
        }
    }
    if events != expected {
        let what = format!("the log has {events} events, and the coupons have {expected} in all");
        tell(Fault::Books { what });
    }
    named.finish(store, tell).await?;
    let mut found = 0;
    let mut histories = Rows::of(store, Span::<CustomerEvents>::all());
    while histories.next().await?.is_some() {
        found += 1;
    }
    if found != of_customers {
        let what = format!("{of_customers} events are of customers, and their histories have {found}");
        tell(Fault::Books { what });
    }
    Ok(())
}

/// The events that name a purchase, which are listed by its id from the first version on that knows this.
#[derive(Default)]
struct Named {
    listed: u64,
}

impl Named {
    async fn check(
        &mut self,
        store: &Store,
        first: EventId,
        row: &[Dated],
        tell: &mut impl FnMut(Fault),
    ) -> Result<(), StorageError> {
        let place = |sequence| EventId { stream: first.stream, sequence };
        let keys: Vec<(String, EventId)> = (first.sequence..)
            .zip(row)
            .filter_map(|(sequence, event)| Some((event.change.transaction.clone()?, place(sequence))))
            .collect();
        for (key, found) in keys.iter().zip(store.get::<TransactionEvents>(&keys).await?) {
            match found {
                Some(_) => self.listed += 1,
                None if self.listed > 0 => {
                    let what = format!("event {} is not in the list of purchase {:?}", key.1.sequence, key.0);
                    tell(Fault::Books { what });
                }
                None => {}
            }
        }
        Ok(())
    }

    async fn finish(&self, store: &Store, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
        let (mut rows, mut found) = (Rows::of(store, Span::<TransactionEvents>::all()), 0);
        while rows.next().await?.is_some() {
            found += 1;
        }
        if found != self.listed {
            let what = format!("{} events name purchases, and their lists have {found}", self.listed);
            tell(Fault::Books { what });
        }
        Ok(())
    }
}

/// The events of the log by their places, with the rows that were read last.
struct Log<'a> {
    store: &'a Store,
    young: HashMap<EventId, Dated>,
    old: HashMap<EventId, Dated>,
}

impl<'a> Log<'a> {
    fn new(store: &'a Store) -> Self {
        Self { store, young: HashMap::new(), old: HashMap::new() }
    }

    /// The event at a place.
    async fn event(&mut self, id: EventId) -> Result<Option<&Dated>, StorageError> {
        if !self.young.contains_key(&id) && !self.old.contains_key(&id) {
            if self.young.len() >= KEPT * 16 {
                self.old = std::mem::take(&mut self.young);
            }
            let span = Events::with(id.stream, id.sequence..id.sequence + 1);
            for (first, row) in self.store.scan(&span, ReadFrom::End, 1).await? {
                let numbered = (first.sequence..).zip(row);
                self.young
                    .extend(numbered.map(|(sequence, event)| (EventId { stream: first.stream, sequence }, event)));
            }
        }
        Ok(self.young.get(&id).or_else(|| self.old.get(&id)))
    }
}
