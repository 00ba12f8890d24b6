//! Lists of pools: in which order they are, and a page of them. A place in such a list is what the order goes by, and
//! not the pool that stood there: that may be renamed before the next page is asked for.

use std::{ops::Bound, sync::Arc};

use super::{
    Page, PageRequest, PoolFilter, Registry,
    lists::foreign_cursor,
    registry::{Grouped, Held},
};
use scrip_domain::{
    group::{GroupId, Groups},
    id::PoolId,
    name_key::NameKey,
    pool::Pool,
    rejection::{Input, Refusal},
};

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
        groups: &Groups,
        order: PoolOrder,
        page: &PageRequest<PoolPlace>,
    ) -> Result<Page<Arc<Pool>, PoolPlace>, Refusal> {
        for (place, field) in [(&page.after, Input::After), (&page.before, Input::Before)] {
            if place.as_ref().is_some_and(|place| place.order() != order) {
                return Err(foreign_cursor(field));
            }
        }
        Ok(Page::from_gathered(self.placed(filter, groups, order, page), page))
    }

    /// The pools of a page, and the one after it; where the page is read from its end, from the end on.
    fn placed(
        &self,
        filter: &PoolFilter,
        groups: &Groups,
        order: PoolOrder,
        page: &PageRequest<PoolPlace>,
    ) -> Vec<(PoolPlace, Arc<Pool>)> {
        let held = self.read();
        if page.after.as_ref().zip(page.before.as_ref()).is_some_and(|(after, before)| after >= before) {
            return Vec::new();
        }
        let looked =
            Looked { held: &held, filter, wanted: filter.name_contains.as_ref().map(|t| t.to_lowercase()), page };
        let of_groups: Vec<Option<GroupId>> = match (filter.group, groups) {
            (Some(group), groups) => groups.has(group).then_some(Some(group)).into_iter().collect(),
            (None, Groups::All) => return looked.among(&All(&held), order),
            (None, Groups::Only(groups)) => std::iter::once(None).chain(groups.iter().copied().map(Some)).collect(),
        };
        // Each gives a page, and the page of all is among them.
        let lists = of_groups.iter().filter_map(|group| held.grouped.get(group));
        let mut found: Vec<_> = lists.flat_map(|list| looked.among(list, order)).collect();
        found.sort_by(|(one, _), (other, _)| if page.from_end { other.cmp(one) } else { one.cmp(other) });
        found.truncate(page.limit + 1);
        found
    }
}

/// Pools in both orders.
trait Ordered {
    fn created(&self, range: (Bound<PoolId>, Bound<PoolId>)) -> impl DoubleEndedIterator<Item = PoolId>;
    fn named(&self, range: Names) -> impl DoubleEndedIterator<Item = &(NameKey, PoolId)>;
}

/// A range in the order of names.
type Names = (Bound<(NameKey, PoolId)>, Bound<(NameKey, PoolId)>);

/// All pools.
struct All<'a>(&'a Held);

impl Ordered for All<'_> {
    fn created(&self, range: (Bound<PoolId>, Bound<PoolId>)) -> impl DoubleEndedIterator<Item = PoolId> {
        self.0.pools.range(range).map(|(id, _)| *id)
    }

    fn named(&self, range: Names) -> impl DoubleEndedIterator<Item = &(NameKey, PoolId)> {
        self.0.names.range(range)
    }
}

impl Ordered for Grouped {
    fn created(&self, range: (Bound<PoolId>, Bound<PoolId>)) -> impl DoubleEndedIterator<Item = PoolId> {
        self.created.range(range).copied()
    }

    fn named(&self, range: Names) -> impl DoubleEndedIterator<Item = &(NameKey, PoolId)> {
        self.named.range(range)
    }
}

/// What is looked for.
struct Looked<'a> {
    held: &'a Held,
    filter: &'a PoolFilter,
    /// What names have in them.
    wanted: Option<String>,
    page: &'a PageRequest<PoolPlace>,
}

impl Looked<'_> {
    fn admits(&self, pool: &Pool) -> bool {
        let filter = self.filter;
        self.wanted.as_ref().is_none_or(|text| pool.name.to_lowercase().contains(text))
            && filter.source.is_none_or(|source| pool.source == source)
            && filter.kind.is_none_or(|kind| pool.kind == kind)
            && filter.archived.is_none_or(|archived| pool.archived_at.is_some() == archived)
    }

    fn among(&self, pools: &impl Ordered, order: PoolOrder) -> Vec<(PoolPlace, Arc<Pool>)> {
        let ends = |place: &Option<PoolPlace>| place.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let (low, high) = (ends(&self.page.after), ends(&self.page.before));
        let pool = |id: &PoolId| self.held.pools.get(id).filter(|pool| self.admits(pool));
        match order {
            PoolOrder::Created => {
                let between = pools.created((low.map(PoolPlace::pool), high.map(PoolPlace::pool)));
                let placed = between.filter_map(|id| Some((PoolPlace::Created(id), Arc::clone(pool(&id)?))));
                taken(placed, self.page)
            }
            PoolOrder::Name => {
                let between = pools.named((low.map(PoolPlace::named), high.map(PoolPlace::named)));
                let named = between.filter_map(|place| Some((place, pool(&place.1)?)));
                taken(
                    named.map(|((name, id), pool)| (PoolPlace::Named(name.clone(), *id), Arc::clone(pool))),
                    self.page,
                )
            }
        }
    }
}

/// As many as a page looks at, from its end or its start.
fn taken<T>(pools: impl DoubleEndedIterator<Item = T>, page: &PageRequest<PoolPlace>) -> Vec<T> {
    let most = page.limit + 1;
    if page.from_end { pools.rev().take(most).collect() } else { pools.take(most).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::new_pool;
    use scrip_domain::{period, pool_codes::CodesDraft, source::Source};

    /// A registry of so many pools, every thousandth of which is of group 7, and all others but a few of group 1.
    fn registry(number: u32) -> Registry {
        let registry = Registry::default();
        let draft = new_pool(CodesDraft::default(), Source::Uploaded);
        let draft = scrip_domain::pool_draft::PoolDraft { pattern: None, ..draft };
        let first = draft.check(PoolId(1), period::Instant::UNIX_EPOCH, None).expect("a pool");
        let mut held = registry.write();
        for id in 1..=number {
            let group = match id % 1_000 {
                0 => Some(GroupId(7)),
                1 => None,
                _ => Some(GroupId(1)),
            };
            let name = format!("pool {}", (u64::from(id) * 7_919) % 1_000_003);
            let pool = Pool { id: PoolId(id), name, group, ..first.clone() };
            held.put_pool(Arc::new(pool)).expect("no codes");
        }
        drop(held);
        registry
    }

    fn page(limit: usize, after: Option<PoolPlace>, from_end: bool) -> PageRequest<PoolPlace> {
        PageRequest { limit, after, before: None, from_end }
    }

    #[test]
    fn pages_of_some_groups_are_those_of_all_without_the_others() {
        let registry = registry(5_000);
        let groups = Groups::only([GroupId(7)]);
        for order in [PoolOrder::Created, PoolOrder::Name] {
            for from_end in [false, true] {
                let all = registry.placed(&PoolFilter::default(), &Groups::All, order, &page(10_000, None, from_end));
                let expected: Vec<_> = all.into_iter().filter(|(_, pool)| groups.see(pool.group)).collect();
                let found = registry.placed(&PoolFilter::default(), &groups, order, &page(10_000, None, from_end));
                assert_eq!(found, expected, "{order:?} {from_end}");
                assert_eq!(found.len(), 10);
                let first = registry.placed(&PoolFilter::default(), &groups, order, &page(3, None, from_end));
                assert_eq!(first, expected[..4], "and the one after them");
                if !from_end {
                    let after = Some(expected[3].0.clone());
                    let next = registry.placed(&PoolFilter::default(), &groups, order, &page(3, after, false));
                    assert_eq!(next, expected[4..8]);
                }
            }
        }
        let of = |group| PoolFilter { group: Some(GroupId(group)), ..PoolFilter::default() };
        let number = |filter| registry.placed(&filter, &groups, PoolOrder::Created, &page(10_000, None, false)).len();
        assert_eq!((number(of(7)), number(of(1)), number(of(9))), (5, 0, 0));
    }

    /// A pool that is called otherwise, or moved, is in one list.
    #[test]
    fn a_pool_that_moves_is_in_one_list() {
        let registry = registry(10);
        let moved = |name: &str, group| {
            let pool = registry.pool(PoolId(2)).expect("a pool");
            let pool = Pool { name: name.to_owned(), group, ..pool.as_ref().clone() };
            registry.write().put_pool(Arc::new(pool)).expect("no codes");
            let held = registry.read();
            let lists = held.grouped.values().map(|list| (list.created.contains(&PoolId(2)), list.named.len()));
            let (lists, named): (Vec<bool>, Vec<usize>) = lists.unzip();
            (lists.into_iter().filter(|is_in| *is_in).count(), named.into_iter().sum::<usize>())
        };
        for (name, group) in [("x", Some(GroupId(7))), ("y", Some(GroupId(7))), ("y", None), ("z", Some(GroupId(1)))] {
            assert_eq!(moved(name, group), (1, 10), "{name} {group:?}");
        }
    }
}
