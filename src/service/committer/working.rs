//! What a batch is decided on: the rows that were loaded for it, and over them what its accepted
//! commands have changed. Nothing of it outlives the batch but the registry's part.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    domain::{
        access::{ApiKey, Settings},
        event::Event,
        id::{CouponId, CustomerId, EventId, PoolId},
        period::Instant,
        pool::Pool,
    },
    service::Registry,
    storage::{Batch, Dated, Row, RowId, StorageError, Store, Tally},
};

use super::STREAM;

/// How many events one row of the log holds. Rows above 4 KiB would leave the database's log tree.
const EVENTS_IN_ROW: usize = 16;
/// How many coupons of one pool are looked at for one customer.
const MAX_HOLDINGS: usize = 1_000;

/// What a decision lacked.
#[derive(Debug, Default)]
pub(super) struct Missing {
    pub(super) rows: HashSet<RowId>,
    pub(super) holdings: HashSet<(CustomerId, PoolId)>,
}

impl Missing {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.holdings.is_empty()
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.holdings.extend(other.holdings);
    }
}

/// What one command changes.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) rows: HashMap<RowId, Row>,
    pub(super) removed: HashSet<RowId>,
    pub(super) holdings: HashMap<(CustomerId, PoolId), Vec<CouponId>>,
    pub(super) pools: HashMap<PoolId, Arc<Pool>>,
    pub(super) tallies: HashMap<PoolId, Tally>,
    pub(super) settings: Option<Settings>,
    pub(super) keys: Vec<Arc<ApiKey>>,
    pub(super) events: Vec<Event>,
}

/// The state that a batch is decided on.
pub(super) struct Working<'a> {
    pub(super) registry: &'a Registry,
    pub(super) now: Instant,
    sequence: u64,
    loaded: HashMap<RowId, Option<Row>>,
    loaded_holdings: HashMap<(CustomerId, PoolId), Vec<CouponId>>,
    accepted: Change,
}

impl<'a> Working<'a> {
    pub(super) fn new(registry: &'a Registry, now: Instant, sequence: u64) -> Self {
        Self {
            registry,
            now,
            sequence,
            loaded: HashMap::new(),
            loaded_holdings: HashMap::new(),
            accepted: Change::default(),
        }
    }

    /// Drops what was accepted, so that the batch can be decided again on more rows.
    pub(super) fn forget_decisions(&mut self) {
        self.accepted = Change::default();
    }

    /// Reads what was missing.
    pub(super) async fn load(&mut self, store: &Store, missing: Missing) -> Result<(), StorageError> {
        let ids: Vec<RowId> = missing.rows.into_iter().collect();
        let rows = store.get(&ids).await?;
        self.loaded.extend(ids.into_iter().zip(rows));
        for (customer, pool) in missing.holdings {
            let at = |index| RowId::Holding(customer.clone(), CouponId { pool, index }).key().text;
            let end = RowId::Holding(customer.clone(), CouponId { pool: PoolId(pool.0 + 1), index: 0 }).key().text;
            let rows = store.scan("holding", at(0), end, true, MAX_HOLDINGS).await?;
            let index = |text: &str| text.get(text.len().saturating_sub(16)..).and_then(|h| u64::from_str_radix(h, 16).ok());
            let mut held: Vec<_> =
                rows.iter().filter_map(|(text, _)| index(text)).map(|index| CouponId { pool, index }).collect();
            held.reverse();
            self.loaded_holdings.insert((customer, pool), held);
        }
        Ok(())
    }

    /// A row as the batch has it now; the outer none where it was not loaded.
    pub(super) fn row(&self, id: &RowId) -> Option<Option<&Row>> {
        if let Some(row) = self.accepted.rows.get(id) {
            return Some(Some(row));
        }
        if self.accepted.removed.contains(id) {
            return Some(None);
        }
        self.loaded.get(id).map(Option::as_ref)
    }

    /// The coupons of a pool that a customer holds or held, oldest first; none where not loaded.
    pub(super) fn holdings(&self, key: &(CustomerId, PoolId)) -> Option<Vec<CouponId>> {
        let mut held = self.loaded_holdings.get(key)?.clone();
        held.extend(self.accepted.holdings.get(key).into_iter().flatten());
        Some(held)
    }

    pub(super) fn pool(&self, id: PoolId) -> Option<Arc<Pool>> {
        self.accepted.pools.get(&id).cloned().or_else(|| self.registry.pool(id))
    }

    pub(super) fn pool_by_external_id(&self, external: &str) -> Option<Arc<Pool>> {
        let accepted = self.accepted.pools.values().find(|pool| pool.external_id.as_deref() == Some(external));
        accepted.cloned().or_else(|| self.registry.pool_by_external_id(external))
    }

    /// The number of the next pool.
    pub(super) fn next_pool(&self) -> PoolId {
        let held = self.registry.read().pools.keys().next_back().map_or(0, |id| id.0);
        let accepted = self.accepted.pools.keys().map(|id| id.0).max().unwrap_or_default();
        PoolId(held.max(accepted).saturating_add(1))
    }

    pub(super) fn tally(&self, id: PoolId) -> Tally {
        self.accepted.tallies.get(&id).copied().unwrap_or_else(|| self.registry.tally(id))
    }

    pub(super) fn settings(&self) -> Settings {
        self.accepted.settings.unwrap_or_else(|| self.registry.settings())
    }

    /// The place that the next event gets.
    pub(super) fn next_sequence(&self) -> u64 {
        self.sequence + self.accepted.events.len() as u64 + 1
    }

    /// Takes a command's changes over.
    pub(super) fn accept(&mut self, change: Change) {
        for id in change.rows.keys() {
            self.accepted.removed.remove(id);
        }
        for id in &change.removed {
            self.accepted.rows.remove(id);
        }
        self.accepted.rows.extend(change.rows);
        self.accepted.removed.extend(change.removed);
        for (key, held) in change.holdings {
            self.accepted.holdings.entry(key).or_default().extend(held);
        }
        self.accepted.pools.extend(change.pools);
        self.accepted.tallies.extend(change.tallies);
        self.accepted.settings = change.settings.or(self.accepted.settings);
        self.accepted.keys.extend(change.keys);
        self.accepted.events.extend(change.events);
    }

    /// Everything that was accepted, as one transaction's writes.
    pub(super) fn batch(&mut self) -> Batch {
        let mut batch = Batch::default();
        for (id, tally) in &self.accepted.tallies {
            self.accepted.rows.insert(RowId::Tally(*id), Row::Tally(*tally));
        }
        for (id, row) in self.accepted.rows.drain() {
            let known = match &id {
                // The registry holds these, so they are not loaded.
                RowId::Tally(pool) => self.registry.read().tallies.contains_key(pool),
                RowId::Pool(pool) => self.registry.read().pools.contains_key(pool),
                _ => matches!(self.loaded.get(&id), Some(Some(_))),
            };
            if known { batch.replace(id, row) } else { batch.insert(id, row) }
        }
        for id in self.accepted.removed.drain() {
            if matches!(self.loaded.get(&id), Some(Some(_))) {
                batch.remove(id);
            }
        }
        let mut first = self.sequence + 1;
        for events in self.accepted.events.chunks(EVENTS_IN_ROW) {
            let row = events.iter().map(dated).collect();
            batch.insert(RowId::Events(EventId { stream: STREAM, sequence: first }), Row::Events(row));
            first += events.len() as u64;
        }
        batch
    }

    /// Puts what is durable now into the registry; gives the place of the last event.
    pub(super) fn publish(self, registry: &Registry) -> u64 {
        let accepted = self.accepted;
        if !accepted.pools.is_empty() || !accepted.tallies.is_empty() || !accepted.keys.is_empty() || accepted.settings.is_some() {
            let mut held = registry.write();
            for pool in accepted.pools.into_values() {
                held.put_pool(pool);
            }
            held.tallies.extend(accepted.tallies);
            for key in accepted.keys {
                held.keys.insert(key.hash.clone(), key);
            }
            held.settings = accepted.settings.unwrap_or(held.settings);
        }
        self.sequence + accepted.events.len() as u64
    }
}

fn dated(event: &Event) -> Dated {
    Dated {
        at: event.at.as_millisecond(),
        coupon: event.coupon,
        actor: event.actor.clone(),
        change: event.change.clone(),
    }
}
