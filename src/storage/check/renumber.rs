//! The numbers of a salvaged database. What was lost may have been told, so no number that it can have had is given for
//! something else: events are of a new stream and go on beyond each that some row names, and pools and coupons that are made
//! at a claim go on beyond what can have been given.

use std::collections::{BTreeMap, HashSet};

use crate::{
    Batch, ReadFrom, Row, RowId, Span, Store,
    tables::{
        Coupons, CustomerEvents, Erasures, Events, FailedNotices, Histories, Notices, Numbering, Numberings, Pools,
        PurchaseLists, Tallies, Tally, TransactionEvents,
    },
};
use scrip_domain::{
    id::{EventId, PoolId},
    presence::MAX_INDEX,
};

/// The most commands of a batch, each of which makes a pool or claims a coupon at most. The service holds itself to it.
pub const BATCH_COMMANDS: u64 = 256;
/// By how many numbers pools go on at least.
const POOLS: u32 = 1 << 16;

/// Gives rows their new numbers.
pub(crate) struct Renumber {
    /// The new stream.
    stream: u32,
    /// How many batches are known to be lost.
    lost: u64,
    /// The last event that is named by a row, whether or not it is in the log.
    last_event: u64,
    last_pool: PoolId,
    /// The pools whose coupons exist before they are claimed.
    stocks: HashSet<PoolId>,
    tallies: BTreeMap<PoolId, Tally>,
    /// The place after the last coupon of each pool that has a row.
    ends: BTreeMap<PoolId, u64>,
}

impl Renumber {
    /// Those of a database that has lost so many batches.
    pub(crate) async fn of(store: &Store, lost: u64) -> Self {
        // What cannot be read is told when all rows are.
        let kept = store.get_one::<Numberings>(()).await.ok().flatten().unwrap_or_default();
        let last = store.scan(&Span::<Events>::all(), ReadFrom::End, 1).await.unwrap_or_default();
        let stream = last.first().map_or(kept.stream, |(event, _)| kept.stream.max(event.stream)).saturating_add(1);
        let last_pool = PoolId(kept.first_pool.0.saturating_sub(1));
        let (stocks, tallies, ends) = (HashSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { stream, lost, last_event: 0, last_pool, stocks, tallies, ends }
    }

    /// A row with its new numbers; none where it is written at the end.
    pub(crate) fn row(&mut self, id: RowId, row: Row) -> Option<(RowId, Row)> {
        if let Some(event) = id.key::<Events>() {
            let event = self.event(*event);
            let more = row.document::<Events>().map_or(0, |events| events.len().saturating_sub(1));
            self.last_event = self.last_event.max(event.sequence.saturating_add(more as u64));
            return Some((RowId::of::<Events>(event), row));
        }
        if let Some((pool, event)) = id.key::<Notices>() {
            return Some((RowId::of::<Notices>((*pool, self.event(*event))), row));
        }
        if let Some((pool, event)) = id.key::<FailedNotices>() {
            return Some((RowId::of::<FailedNotices>((*pool, self.event(*event))), row));
        }
        if let Some((customer, event)) = id.key::<CustomerEvents>() {
            return Some((RowId::of::<CustomerEvents>((customer.clone(), self.event(*event))), row));
        }
        if let Some((transaction, event)) = id.key::<TransactionEvents>() {
            return Some((RowId::of::<TransactionEvents>((transaction.clone(), self.event(*event))), row));
        }
        if id.key::<Erasures>().is_some() {
            let mut erasure = row.into_document::<Erasures>()?;
            erasure.before.stream = self.stream;
            return Some((id, Row::of::<Erasures>(erasure)));
        }
        if id.key::<Histories>().is_some() {
            let events = row.into_document::<Histories>().unwrap_or_default();
            let events = events.into_iter().map(|event| self.event(event)).collect();
            return Some((id, Row::of::<Histories>(events)));
        }
        if let Some(coupon) = id.key::<Coupons>() {
            self.see(coupon.pool);
            let end = self.ends.entry(coupon.pool).or_default();
            *end = coupon.index.saturating_add(1).max(*end);
            let mut document = row.into_document::<Coupons>()?;
            let events = document.acquired.iter_mut().chain(&mut document.history.recent);
            for event in events {
                *event = self.event(*event);
            }
            return Some((id, Row::of::<Coupons>(document)));
        }
        if let Some(pool) = id.key::<Pools>() {
            self.see(*pool);
            if row.document::<Pools>().is_some_and(|pool| pool.has_stock()) {
                self.stocks.insert(*pool);
            }
        }
        if let Some(pool) = id.key::<Tallies>() {
            self.see(*pool);
            self.tallies.extend(row.into_document::<Tallies>().map(|tally| (*pool, tally)));
            return None;
        }
        // What of the lists of purchases was lost is listed again.
        let is_new = id.key::<Numberings>().is_some() || id.key::<PurchaseLists>().is_some();
        (!is_new).then_some((id, row))
    }

    /// The rows that are written at the end.
    pub(crate) fn finish(self, batch: &mut Batch) {
        let claims = self.lost.saturating_mul(BATCH_COMMANDS);
        for (pool, mut tally) in self.tallies {
            // The coupons of a stock have their numbers before they are claimed.
            if !self.stocks.contains(&pool) {
                let supply = &mut tally.supply;
                let end = self.ends.get(&pool).copied().unwrap_or_default();
                supply.size = supply.size.max(end).saturating_add(claims).min(MAX_INDEX);
                supply.next = supply.size;
            }
            batch.insert::<Tallies>(pool, tally);
        }
        let jump = u32::try_from(claims).unwrap_or(u32::MAX).max(POOLS);
        let first_event = self.last_event.saturating_add(1);
        // The last number of all stays free, so that a pool can be made.
        let first_pool = PoolId(self.last_pool.0.saturating_add(jump).min(u32::MAX - POOLS));
        batch.insert::<Numberings>((), Numbering { stream: self.stream, first_pool, first_event: Some(first_event) });
    }

    fn see(&mut self, pool: PoolId) {
        self.last_pool = self.last_pool.max(pool);
    }

    fn event(&mut self, event: EventId) -> EventId {
        self.last_event = self.last_event.max(event.sequence);
        EventId { stream: self.stream, ..event }
    }
}
