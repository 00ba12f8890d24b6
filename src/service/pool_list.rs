//! Lists of pools: in which order they are, and a page of them. A place in such a list is what the order goes by, and
//! not the pool that stood there: that may be renamed before the next page is asked for.

use std::{ops::Bound, sync::Arc};

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
    fn pool(self) -> PoolId {
        match self {
            Self::Created(id) | Self::Named(_, id) => id,
        }
    }

    /// The place in the order of names; of a place in another order, which no request gets so far with, the first.
    fn named(self) -> (NameKey, PoolId) {
        match self {
            Self::Named(name, id) => (name, id),
            Self::Created(id) => (NameKey::new(""), id),
        }
    }

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
    /// A page of them.
    pub(crate) fn pool_page(
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
        Ok(Page::from_gathered(self.placed(filter, order, page), page))
    }

    /// The pools of a page, and the one after it; where the page is read from its end, from the end on.
    fn placed(
        &self,
        filter: &PoolFilter,
        order: PoolOrder,
        page: &PageRequest<PoolPlace>,
    ) -> Vec<(PoolPlace, Arc<Pool>)> {
        let held = self.read();
        let wanted = filter.name_contains.as_ref().map(|text| text.to_lowercase());
        let admits = |pool: &&Arc<Pool>| {
            wanted.as_ref().is_none_or(|text| pool.name.to_lowercase().contains(text))
                && filter.source.is_none_or(|source| pool.source == source)
                && filter.kind.is_none_or(|kind| pool.kind == kind)
                && filter.archived.is_none_or(|archived| pool.archived_at.is_some() == archived)
        };
        let ends = |place: &Option<PoolPlace>| place.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let (low, high) = (ends(&page.after), ends(&page.before));
        if page.after.as_ref().zip(page.before.as_ref()).is_some_and(|(after, before)| after >= before) {
            return Vec::new();
        }
        match order {
            PoolOrder::Created => {
                let between = held.pools.range((low.map(PoolPlace::pool), high.map(PoolPlace::pool)));
                let admitted = between.map(|(_, pool)| pool).filter(admits);
                let placed = admitted.map(|pool| (PoolPlace::Created(pool.id), Arc::clone(pool)));
                taken(placed, page)
            }
            PoolOrder::Name => {
                let between = held.names.range((low.map(PoolPlace::named), high.map(PoolPlace::named)));
                let pools = between.filter_map(|place| Some((place, held.pools.get(&place.1).filter(admits)?)));
                taken(pools.map(|((name, id), pool)| (PoolPlace::Named(name.clone(), *id), Arc::clone(pool))), page)
            }
        }
    }
}

/// As many as a page looks at, from its end or its start.
fn taken<T>(pools: impl DoubleEndedIterator<Item = T>, page: &PageRequest<PoolPlace>) -> Vec<T> {
    let most = page.limit + 1;
    if page.from_end { pools.rev().take(most).collect() } else { pools.take(most).collect() }
}
