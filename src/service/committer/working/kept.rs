//! What outlives a batch: the rows that the next one need not read, and what the registry is told of.

use super::{Change, Working};
use crate::{Registry, committer::cache::Cache};
use scrip_storage::{
    AuditEntries, AuditHeads, Batch, Configured, Configuring, CustomerEvents, CustomerPurchases, Customers, Dues,
    Events, Histories, HoldDues, PoolTerms, RowId, Tallies, TransactionEvents,
};

/// What is left of a batch's state. It is so only once the batch is durable; nothing else knows of it before.
pub(in crate::committer) struct Kept {
    cache: Cache,
    /// What the registry is told of all that was accepted.
    accepted: Change,
    configuring: Option<Configuring>,
    /// The place of the last event.
    last: u64,
    /// The earliest end, and the earliest of a hold, that it writes.
    due: Option<i64>,
    hold_due: Option<i64>,
}

impl Working<'_> {
    /// What is left of it once its batch is written: what it has read, and what that batch writes. What a large command has
    /// read or written is seldom asked for by the next one, and would leave no room for what callers ask for.
    pub(in crate::committer) fn keep(self, written: Batch, is_large: bool) -> Kept {
        let Self { mut cache, loaded, mut accepted, configuring, sequence, .. } = self;
        let (mut due, mut hold_due) = (None, None);
        let removed = std::mem::take(&mut accepted.removed).into_iter().map(|id| (id, None));
        let rows = written.into_put().inspect(|(id, _)| {
            if let Some((at, _)) = id.key::<Dues>() {
                due = earlier(due, *at);
            } else if let Some((at, _)) = id.key::<HoldDues>() {
                hold_due = earlier(hold_due, *at);
            }
        });
        let rows = rows.map(|(id, row)| (id, Some(row))).chain(removed);
        if !is_large {
            loaded.into_iter().for_each(|(id, row)| cache.insert(id, row));
        }
        for (id, row) in rows {
            if is_large || !is_read_again(&id) {
                cache.refresh(&id, row);
            } else {
                cache.insert(id, row);
            }
        }
        for customer in std::mem::take(&mut accepted.ensured) {
            cache.forget_absence(&RowId::of::<Customers>(customer));
        }
        for listed in std::mem::take(&mut accepted.listed) {
            cache.forget_absence(&RowId::of::<CustomerPurchases>(listed));
        }
        cache.bound();
        let last = sequence + accepted.events.len() as u64;
        // Freed here, as all of the above, where nobody waits for it.
        (accepted.events, accepted.held) = Default::default();
        Kept { cache, accepted, configuring, last, due, hold_due }
    }
}

fn earlier(known: Option<i64>, at: i64) -> Option<i64> {
    Some(known.map_or(at, |known| known.min(at)))
}

impl Kept {
    /// Puts what is durable now into the registry; gives the place of the last event, and the rows
    /// that the next batch need not read.
    pub(in crate::committer) fn publish(self, registry: &Registry) -> (u64, Cache) {
        let Self { cache, accepted, configuring, last, due, hold_due } = self;
        due.into_iter().for_each(|at| registry.dues.came(at));
        hold_due.into_iter().for_each(|at| registry.hold_dues.came(at));
        if !accepted.pools.is_empty()
            || !accepted.tallies.is_empty()
            || !accepted.keys.is_empty()
            || accepted.settings.is_some()
            || !accepted.erasing.is_empty()
            || accepted.audit.is_some()
            || !accepted.groups.is_empty()
        {
            let mut held = registry.write();
            for pool in accepted.pools.into_values() {
                let id = pool.id;
                if let Err(fault) = held.put_pool(pool) {
                    tracing::error!(?id, reason = %fault.rejection, "the codes of a pool cannot be looked up");
                }
            }
            held.tallies.extend(accepted.tallies);
            for key in accepted.keys {
                held.keys.insert(key.hash.clone(), key);
            }
            held.settings = accepted.settings.unwrap_or(held.settings);
            held.groups.extend(accepted.groups.into_iter().map(|group| (group.id, group)));
            held.audit = accepted.audit.unwrap_or(held.audit);
            if let Some(entry) = configuring {
                held.configured.add(entry);
            }
            for (customer, erasing) in accepted.erasing {
                if erasing {
                    held.erasing.insert(customer);
                } else {
                    held.erasing.remove(&customer);
                }
            }
            registry.begin_ids(&held.settings);
        }
        (last, cache)
    }
}

/// Whether decisions read a row. One that is only written would fill the cache.
fn is_read_again(id: &RowId) -> bool {
    id.key::<CustomerEvents>().is_none()
        && id.key::<Events>().is_none()
        && id.key::<TransactionEvents>().is_none()
        && id.key::<Histories>().is_none()
        && id.key::<Tallies>().is_none()
        && id.key::<PoolTerms>().is_none()
        && id.key::<AuditEntries>().is_none()
        && id.key::<AuditHeads>().is_none()
        && id.key::<Configured>().is_none()
}
