//! What a batch is decided on: the rows that were loaded for it, and over them what its accepted
//! commands have changed. What outlives the batch is in [`kept`].

mod kept;
mod writes;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{Registry, clock::instant};
use scrip_domain::{
    access::{ApiKey, Settings},
    audit::AuditHead,
    clock::BatchTime,
    event::Event,
    group::UserGroup,
    id::{CouponId, CustomerId, PoolId},
    period::Instant,
    pool::Pool,
};
use scrip_storage::{Configuring, CustomerPurchases, Row, RowId, StorageError, Store, Tally};

use super::{
    cache::Cache,
    holdings::{Changed, Loaded, Places, Wanted},
};

/// Something for each of some rows. A coupon's change looks some thirty times into such maps, of which the standard hasher
/// would take a tenth of the time.
pub(super) type ById<V> = HashMap<RowId, V, foldhash::fast::RandomState>;
/// Some rows.
pub(super) type Ids = HashSet<RowId, foldhash::fast::RandomState>;

/// What a decision lacked.
#[derive(Debug, Default)]
pub(super) struct Missing {
    pub(super) rows: Ids,
    pub(super) holdings: HashSet<Wanted>,
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
    pub(super) rows: ById<Row>,
    pub(super) removed: Ids,
    /// What its rows change of what customers hold.
    pub(super) held: Changed,
    /// Customers who are made unless they are known; decisions do not see these.
    pub(super) ensured: HashSet<CustomerId>,
    /// Purchases that are listed for customers, unless they are already.
    pub(super) listed: HashSet<(CustomerId, String)>,
    pub(super) pools: HashMap<PoolId, Arc<Pool>>,
    pub(super) tallies: HashMap<PoolId, Tally>,
    pub(super) settings: Option<Settings>,
    pub(super) keys: Vec<Arc<ApiKey>>,
    pub(super) groups: Vec<Arc<UserGroup>>,
    pub(super) events: Vec<Event>,
    /// The end of the audit after what was noted.
    pub(super) audit: Option<AuditHead>,
    /// Customers whose erasure begins, and those who are gone by it.
    pub(super) erasing: HashMap<CustomerId, bool>,
}

impl Change {
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            rows,
            removed,
            held: _,
            ensured,
            listed,
            pools,
            tallies,
            settings,
            keys,
            events,
            audit: _,
            erasing: _,
            groups: _,
        } = self;
        rows.is_empty()
            && removed.is_empty()
            && ensured.is_empty()
            && listed.is_empty()
            && pools.is_empty()
            && tallies.is_empty()
            && settings.is_none()
            && keys.is_empty()
            && events.is_empty()
    }
}

/// The state that a batch is decided on.
pub(super) struct Working<'a> {
    pub(super) registry: &'a Registry,
    pub(super) now: Instant,
    /// The time of the batch.
    time: BatchTime,
    /// The period in which answers to idempotency keys are kept.
    pub(super) period: u32,
    sequence: u64,
    /// Rows that were read or written before.
    cache: Cache,
    /// Rows that were read for this batch.
    loaded: ById<Option<Row>>,
    pub(super) loaded_holdings: Loaded,
    accepted: Change,
    /// The entry that says what is configured by this batch, once it is to be written.
    configuring: Option<Configuring>,
}

impl<'a> Working<'a> {
    pub(super) fn new(registry: &'a Registry, time: &BatchTime, sequence: u64, cache: Cache) -> Self {
        Self {
            registry,
            now: instant(time.at),
            time: *time,
            period: time.period,
            sequence,
            cache,
            loaded: ById::default(),
            loaded_holdings: Loaded::default(),
            accepted: Change::default(),
            configuring: None,
        }
    }

    /// Drops what was accepted, so that the batch can be decided again on more rows.
    pub(super) fn forget_decisions(&mut self) {
        self.accepted = Change::default();
    }

    /// Takes rows that were read before, and are still what they were.
    pub(super) fn take_ahead(&mut self, rows: impl Iterator<Item = (RowId, Option<Row>)>) {
        self.loaded.extend(rows);
    }

    /// The rows that were read for it.
    pub(super) fn into_loaded(self) -> ById<Option<Row>> {
        self.loaded
    }

    /// Reads what was missing.
    pub(super) async fn load(&mut self, store: &Store, missing: Missing) -> Result<(), StorageError> {
        let ids: Vec<RowId> = missing.rows.into_iter().collect();
        let rows = store.rows(&ids).await?;
        self.loaded.extend(ids.into_iter().zip(rows));
        if !missing.holdings.is_empty() {
            let mut view = store.view().await?;
            for wanted in missing.holdings {
                self.loaded_holdings.load(&mut view, self.registry.stream(), wanted, self.now).await?;
            }
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
        self.stored(id)
    }

    /// A row as the database has it; the outer none where it was not loaded.
    fn stored(&self, id: &RowId) -> Option<Option<&Row>> {
        self.loaded.get(id).map(Option::as_ref).or_else(|| self.cache.get(id))
    }

    fn exists(&self, id: &RowId) -> bool {
        matches!(self.stored(id), Some(Some(_)))
    }

    /// What the batch has changed of what a customer holds of a pool.
    pub(super) fn changed_holdings(&self, whose: &(CustomerId, PoolId)) -> Option<&Places> {
        self.accepted.held.get(whose)
    }

    /// The coupons of a pool that a customer came to hold in this batch.
    pub(super) fn acquired_in_batch(&self, (customer, pool): &(CustomerId, PoolId)) -> Vec<CouponId> {
        let acquired = |event: &&Event| {
            event.coupon.pool == *pool
                && event.change.kind.is_acquisition()
                && event.change.customer.as_ref() == Some(customer)
        };
        self.accepted.events.iter().filter(acquired).map(|event| event.coupon).collect()
    }

    pub(super) fn pool(&self, id: PoolId) -> Option<Arc<Pool>> {
        self.accepted.pools.get(&id).cloned().or_else(|| self.registry.pool(id))
    }

    pub(super) fn pool_by_external_id(&self, external: &str) -> Option<Arc<Pool>> {
        let accepted = self.accepted.pools.values().find(|pool| pool.external_id.as_deref() == Some(external));
        accepted.cloned().or_else(|| self.registry.pool_by_external_id(external))
    }

    /// The pools that the batch has made or edited.
    pub(super) fn accepted_pools(&self) -> impl Iterator<Item = &Arc<Pool>> {
        self.accepted.pools.values()
    }

    /// The number of the next pool.
    pub(super) fn next_pool(&self) -> PoolId {
        let held = self.registry.read().pools.keys().next_back().map_or(0, |id| id.0);
        let accepted = self.accepted.pools.keys().map(|id| id.0).max().unwrap_or_default();
        PoolId(held.max(accepted).saturating_add(1)).max(self.registry.numbering.first_pool)
    }

    pub(super) fn tally(&self, id: PoolId) -> Tally {
        self.accepted.tallies.get(&id).copied().unwrap_or_else(|| self.registry.tally(id))
    }

    /// All keys.
    pub(super) fn keys(&self) -> Vec<Arc<ApiKey>> {
        let mut keys = self.registry.read().keys.clone();
        keys.extend(self.accepted.keys.iter().map(|key| (key.hash.clone(), Arc::clone(key))));
        keys.into_values().collect()
    }

    /// All groups.
    pub(super) fn groups(&self) -> Vec<Arc<UserGroup>> {
        let mut groups = self.registry.read().groups.clone();
        groups.extend(self.accepted.groups.iter().map(|group| (group.id, Arc::clone(group))));
        groups.into_values().collect()
    }

    pub(super) fn settings(&self) -> Settings {
        self.accepted.settings.unwrap_or_else(|| self.registry.settings())
    }

    /// The end of the audit.
    pub(super) fn audit(&self) -> AuditHead {
        self.accepted.audit.unwrap_or_else(|| self.registry.read().audit)
    }

    /// Whether a customer is being erased.
    pub(super) fn is_erasing(&self, customer: &CustomerId) -> bool {
        let accepted = self.accepted.erasing.get(customer).copied();
        accepted.unwrap_or_else(|| self.registry.read().erasing.contains(customer))
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
            if let Some(listed) = id.key::<CustomerPurchases>() {
                self.accepted.listed.remove(listed);
            }
        }
        for listed in &change.listed {
            self.accepted.removed.remove(&RowId::of::<CustomerPurchases>(listed.clone()));
        }
        if self.accepted.rows.is_empty() {
            self.accepted.rows = change.rows;
        } else {
            self.accepted.rows.extend(change.rows);
        }
        for (whose, places) in change.held {
            self.accepted.held.entry(whose).or_default().extend(places);
        }
        self.accepted.removed.extend(change.removed);
        self.accepted.ensured.extend(change.ensured);
        self.accepted.listed.extend(change.listed);
        self.accepted.pools.extend(change.pools);
        self.accepted.tallies.extend(change.tallies);
        self.accepted.settings = change.settings.or(self.accepted.settings);
        self.accepted.keys.extend(change.keys);
        self.accepted.groups.extend(change.groups);
        self.accepted.events.extend(change.events);
        self.accepted.audit = change.audit.or(self.accepted.audit);
        self.accepted.erasing.extend(change.erasing);
    }
}
