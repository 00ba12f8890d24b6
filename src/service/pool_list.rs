//! Lists of pools: in which order they are, and a page of them. A place in such a list is what the order goes by, and
//! not the pool that stood there: that may be renamed before the next page is asked for.

use std::sync::Arc;

use super::{Page, PageRequest, PoolFilter, Registry, lists::foreign_cursor};
use scrip_domain::{id::PoolId, name_key::NameKey, pool::Pool, rejection::Refusal};

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolOrder {
    /// By their creation.
    #[default]
    Created,
    /// By name as people sort names, then creation.
    Name,
}

/// A place in a list of pools.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolPlace {
    /// By creation.
    Created(PoolId),
    /// By name, then creation.
    Named(NameKey, PoolId),
}

impl PoolOrder {
    /// The place of a pool.
    #[must_use]
    pub fn place(self, pool: &Pool) -> PoolPlace {
        match self {
            Self::Created => PoolPlace::Created(pool.id),
            Self::Name => PoolPlace::Named(NameKey::new(&pool.name), pool.id),
        }
    }
}

impl PoolPlace {
    /// The order of the list that it is a place in.
    #[must_use]
    pub fn order(&self) -> PoolOrder {
        match self {
            Self::Created(_) => PoolOrder::Created,
            Self::Named(..) => PoolOrder::Name,
        }
    }
}

impl Registry {
    /// The pools that a filter admits, in an order.
    #[must_use]
    pub fn pools(&self, filter: &PoolFilter, order: PoolOrder) -> Vec<Arc<Pool>> {
        self.placed(filter, order).into_iter().map(|(_, pool)| pool).collect()
    }

    /// A page of them.
    pub fn pool_page(
        &self,
        filter: &PoolFilter,
        order: PoolOrder,
        page: &PageRequest<PoolPlace>,
    ) -> Result<Page<Arc<Pool>, PoolPlace>, Refusal> {
        for (place, field) in [(&page.after, "after"), (&page.before, "before")] {
            if place.as_ref().is_some_and(|place| place.order() != order) {
                return Err(foreign_cursor(field));
            }
        }
        let pools = self.placed(filter, order);
        let low = page.after.as_ref().map_or(0, |last| pools.partition_point(|(place, _)| place <= last));
        let before = page.before.as_ref();
        let high = before.map_or(pools.len(), |next| pools.partition_point(|(place, _)| place < next));
        let between = pools.get(low..high.max(low)).unwrap_or_default().iter().cloned();
        let gathered = if page.from_end {
            between.rev().take(page.limit + 1).collect()
        } else {
            between.take(page.limit + 1).collect()
        };
        Ok(Page::from_gathered(gathered, page))
    }

    fn placed(&self, filter: &PoolFilter, order: PoolOrder) -> Vec<(PoolPlace, Arc<Pool>)> {
        let wanted = filter.name_contains.as_ref().map(|text| text.to_lowercase());
        let admits = |pool: &&Arc<Pool>| {
            wanted.as_ref().is_none_or(|text| pool.name.to_lowercase().contains(text))
                && filter.source.is_none_or(|source| pool.source == source)
                && filter.kind.is_none_or(|kind| pool.kind == kind)
                && filter.archived.is_none_or(|archived| pool.archived_at.is_some() == archived)
        };
        let admitted: Vec<_> = self.read().pools.values().filter(admits).cloned().collect();
        let mut pools: Vec<_> = admitted.into_iter().map(|pool| (order.place(&pool), pool)).collect();
        pools.sort_by(|(one, _), (other, _)| one.cmp(other));
        pools
    }
}
