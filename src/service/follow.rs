//! What others have configured. Each batch that changes pools, keys, groups of users or the settings says so in an entry
//! that it writes along; by the entries after the last that is known here the registry takes over what another writer has
//! changed, and reads nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Registry,
    registry::{all_of, damaged},
};
use scrip_domain::{group::GroupId, id::PoolId, pool::Pool};
use scrip_storage::{
    ApiKeys, AuditHeads, CONFIGURED_KEPT, Configured, Configuring, Expect, PoolTerms, Pools, Programme, ReadFrom, Row,
    RowId, Span, StorageError, Store, Tallies, Tally, UserGroups, View,
};

/// The entries that are kept, by their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Configurations(BTreeMap<u64, Configuring>);

impl Configurations {
    /// These entries.
    pub(crate) fn of(entries: impl Iterator<Item = Configuring>) -> Self {
        Self(entries.map(|entry| (entry.number, entry)).collect())
    }

    /// The number of the last one; 0 where there is none.
    fn last(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// The next one, with the row that it is and what is expected there: two writers cannot write the same number.
    pub(crate) fn next(&self, entry: Configuring) -> (RowId, Configuring, Expect) {
        let number = self.last() + 1;
        let replaced = number.checked_sub(CONFIGURED_KEPT).and_then(|oldest| self.0.get(&oldest));
        let expected = replaced.map_or(Expect::New, |entry| Expect::Still(row(entry)));
        (RowId::of::<Configured>(Configuring::place_of(number)), Configuring { number, ..entry }, expected)
    }

    /// Notes one that is written.
    pub(crate) fn add(&mut self, entry: Configuring) {
        self.0.remove(&entry.number.saturating_sub(CONFIGURED_KEPT));
        self.0.insert(entry.number, entry);
    }

    /// The entries after those that are known here; none where some of those are not kept any more.
    fn after(&self, last: u64) -> Option<Vec<&Configuring>> {
        let entries: Vec<_> = self.0.range(last + 1..).map(|(_, entry)| entry).collect();
        (self.last().saturating_sub(last) == entries.len() as u64).then_some(entries)
    }
}

/// An entry's row.
pub(crate) fn row(entry: &Configuring) -> Row {
    Row::of::<Configured>(entry.clone())
}

impl Registry {
    /// Takes over what others have configured; gives whether that could be told, which it cannot where it is too long ago.
    pub(super) async fn follow(&self, store: &Store) -> Result<bool, StorageError> {
        let known = self.read().configured.last();
        let mut view = store.view().await?;
        let entries = view.scan(&Span::<Configured>::all(), ReadFrom::Start, CONFIGURED_KEPT as usize).await?;
        let found = Configurations::of(entries.into_iter().map(|(_, entry)| entry));
        let Some(entries) = found.after(known) else { return Ok(false) };
        let pools: BTreeSet<PoolId> = entries.iter().flat_map(|entry| &entry.pools).copied().collect();
        let keys: BTreeSet<&String> = entries.iter().flat_map(|entry| &entry.keys).collect();
        let groups: BTreeSet<GroupId> = entries.iter().flat_map(|entry| &entry.groups).copied().collect();
        let pools = read_pools(&mut view, pools.into_iter().collect()).await?;
        let keys = view.get::<ApiKeys>(&keys.into_iter().cloned().collect::<Vec<_>>()).await?;
        let groups = view.get::<UserGroups>(&groups.into_iter().collect::<Vec<_>>()).await?;
        let settings = view.get_one::<Programme>(()).await?;
        let settings = settings.filter(|_| entries.iter().any(|entry| entry.settings));
        let audit = view.get_one::<AuditHeads>(()).await?;
        let mut held = self.write();
        held.audit = audit.unwrap_or(held.audit);
        for (pool, tally) in pools {
            let id = pool.id;
            held.tallies.insert(id, tally);
            held.put_pool(Arc::new(pool)).map_err(|fault| damaged(id, fault.rejection.to_string()))?;
        }
        held.keys.extend(keys.into_iter().flatten().map(|key| (key.hash.clone(), Arc::new(key))));
        held.groups.extend(groups.into_iter().flatten().map(|group| (group.id, Arc::new(group))));
        held.settings = settings.unwrap_or(held.settings);
        held.configured = found;
        self.begin_ids(&held.settings);
        Ok(true)
    }
}

/// Pools with their terms and tallies.
async fn read_pools(view: &mut View<'_>, ids: Vec<PoolId>) -> Result<Vec<(Pool, Tally)>, StorageError> {
    let (pools, tallies) = (view.get::<Pools>(&ids).await?, view.get::<Tallies>(&ids).await?);
    let mut whole = Vec::with_capacity(ids.len());
    for (pool, tally) in pools.into_iter().zip(tallies) {
        let Some(pool) = pool else { continue };
        let terms = all_of(view, PoolTerms::of(pool.id)).await?.into_iter().map(|(_, terms)| terms).collect();
        whole.push((Pool { terms, ..*pool }, tally.unwrap_or_default()));
    }
    Ok(whole)
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
