//! Lists of coupons: which of them a filter admits, and a pool's by place, by status or by time. A page
//! costs what it shows where statuses alone are asked for. Whatever else is asked for is looked through a
//! bounded number of coupons at a time: a page may then hold fewer, and say where to go on.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use serde::{Deserialize, Serialize};

use super::{EventFilter, Failure, Page, PageRequest, Scrip, Sight, expiry::Settled};
use scrip_domain::{
    code::CaseMode,
    coupon::Coupon,
    event::EventType,
    id::{CouponId, CustomerId, EventId, PoolId},
    period::Instant,
    pool::{Pool, Supply, same_code},
    presence::{Node, NodeId, Statuses, next, previous},
    rejection::{Input, Refusal, Rejection},
    status::Status,
};
use scrip_storage::{Nodes, Tallies, View};

/// How many coupons one page looks at for those that its filter admits.
pub(super) const MAX_LOOKED_AT: usize = 5_000;

/// A span of time: from an instant, before another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// At or after this instant.
    pub from: Option<Instant>,
    /// Before this instant.
    pub to: Option<Instant>,
}

impl Span {
    /// Whether it bounds nothing.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether an instant is in it; of what has not happened, only the open one is true.
    #[must_use]
    pub fn admits(&self, at: Option<Instant>) -> bool {
        self.is_open()
            || at.is_some_and(|at| self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to))
    }
}

/// Which coupons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponFilter {
    /// In one of these statuses; all where empty.
    pub statuses: Vec<Status>,
    /// Of this pool.
    pub pool: Option<PoolId>,
    /// Held by this customer.
    pub customer: Option<CustomerId>,
    /// With this generic code.
    pub code: Option<String>,
    /// Whose code begins with this, compared as their pool compares.
    pub prefix: Option<String>,
    /// Claimed then.
    pub claimed: Span,
    /// Last redeemed then.
    pub redeemed: Span,
    /// Whose time is over then.
    pub expires: Span,
    /// Of pools that exist for whoever asks.
    #[serde(skip)]
    pub sight: Sight,
}

/// Where the coupons of a pool that a filter admits are looked for: in the order that fits it best, by whose places the
/// list is then paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// Among what a customer holds, in the order in which it came to be held.
    Held,
    /// Among what happened in a span of time, in its order.
    Happened(EventType),
    /// Among all coupons of the pool, by their place.
    Place,
}

impl CouponFilter {
    /// The order that fits best.
    #[must_use]
    pub fn index(&self) -> Index {
        if self.customer.is_some() {
            Index::Held
        } else if !self.claimed.is_open() {
            Index::Happened(EventType::Claim)
        } else if !self.redeemed.is_open() {
            Index::Happened(EventType::Redeem)
        } else {
            Index::Place
        }
    }

    /// Whether a coupon of a pool that compares in this way is among those asked for.
    #[must_use]
    pub fn admits(&self, coupon: &Coupon, case: CaseMode, now: Instant) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&coupon.status_at(now)))
            && self.pool.is_none_or(|pool| coupon.id.pool == pool)
            && self.customer.as_ref().is_none_or(|customer| coupon.customer.as_ref() == Some(customer))
            && self.code.as_ref().is_none_or(|code| same_code(case, code, &coupon.code))
            && self.prefix.as_ref().is_none_or(|prefix| begins_with(case, &coupon.code, prefix))
            && self.claimed.admits(coupon.claimed_at)
            && self.redeemed.admits(coupon.redeemed_at)
            && self.expires.admits(coupon.expires_at)
    }

    /// The statuses that a coupon it admits can be in; empty where that is any.
    fn possible(&self) -> Vec<Status> {
        let dated = [&self.claimed, &self.redeemed, &self.expires].iter().any(|span| !span.is_open());
        if dated && self.statuses.is_empty() {
            return Status::ALL.into_iter().filter(|status| *status != Status::Unassigned).collect();
        }
        self.statuses.clone()
    }
}

/// In which sets of a pool's tree coupons of these statuses are looked for. One whose time is over is in the set of what
/// it was until that is recorded.
fn searched(mut statuses: Vec<Status>, settled: Settled) -> Vec<Status> {
    if settled == Settled::Behind && statuses.contains(&Status::Expired) {
        statuses.extend([Status::Claimed, Status::PartiallyRedeemed]);
    }
    statuses
}

/// Whether a code begins with a text under a comparison.
pub(super) fn begins_with(case: CaseMode, code: &str, prefix: &str) -> bool {
    let mut code = code.chars().map(|character| case.folded(character));
    prefix.chars().map(|character| case.folded(character)).all(|character| code.next() == Some(character))
}

impl Scrip {
    /// A page of a pool's coupons by their place; of an uploaded pool's with a prefix, by their codes. Their statuses are
    /// those at an instant that the whole answer is for.
    pub(super) async fn pool_coupons(
        &self,
        pool: PoolId,
        filter: &CouponFilter,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        let Some(pool) = self.registry.pool(pool) else { return Ok(Page::empty()) };
        let mut statuses = filter.possible();
        if !statuses.is_empty() {
            statuses = searched(statuses, self.settle(now).await?);
        }
        if let Some(prefix) = &filter.prefix {
            return self.with_prefix(&pool, prefix, filter, page, now).await;
        }
        // One view of the tree, the coupons and the supply, taken after what is over was recorded: a coupon that
        // changes meanwhile is in it as it was before, once.
        let mut view = self.store.view().await?;
        let supply = match view.get_one::<Tallies>(pool.id).await? {
            Some(tally) => tally.supply,
            _ => Supply::default(),
        };
        let places = Places { view, pool: &pool, supply, statuses: &statuses, nodes: HashMap::new() };
        self.by_place(places, filter, page, now).await
    }

    async fn by_place(
        &self,
        mut places: Places<'_>,
        filter: &CouponFilter,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        let pool = places.pool;
        let low = page.after.map_or(0, |id| id.index + 1);
        let high = page.before.map_or(places.supply.size, |id| id.index.min(places.supply.size));
        let mut found = Vec::new();
        let mut looked_at = 0;
        let mut last = None;
        let mut from = if page.from_end { high.checked_sub(1) } else { Some(low) };
        while found.len() <= page.limit && looked_at < MAX_LOOKED_AT {
            let mut ids = Vec::new();
            while let Some(start) = from.filter(|start| (low..high).contains(start) && ids.len() <= page.limit) {
                let place = if page.from_end { places.previous(start).await? } else { places.next(start).await? };
                let Some(place) = place.filter(|place| (low..high).contains(place)) else {
                    from = None;
                    break;
                };
                ids.push(CouponId { pool: pool.id, index: place });
                from = if page.from_end { place.checked_sub(1) } else { Some(place + 1) };
            }
            let Some(end) = ids.last().copied() else { return Ok(Page::from_gathered(found, page)) };
            last = Some(end);
            looked_at += ids.len();
            let coupons = self.coupons_in(&mut places.view, &ids).await?.into_iter().flatten();
            found.extend(
                coupons.filter(|coupon| filter.admits(coupon, pool.case(), now)).map(|coupon| (coupon.id, coupon)),
            );
        }
        Ok(Page::from_gathered_until(found, last, page))
    }

    /// A page of a pool's coupons in the order in which they were claimed, or last redeemed, in a span of
    /// time. Only what happened then is looked at.
    pub(super) async fn coupons_in_time(
        &self,
        pool: PoolId,
        by: EventType,
        filter: &CouponFilter,
        page: &PageRequest<EventId>,
        now: Instant,
    ) -> Result<Page<Coupon, EventId>, Failure> {
        let Some(pool) = self.registry.pool(pool) else { return Ok(Page::empty()) };
        let span = if by == EventType::Redeem { filter.redeemed } else { filter.claimed };
        let events = EventFilter {
            pool: Some(pool.id),
            types: vec![by],
            from: span.from,
            to: span.to,
            ..EventFilter::default()
        };
        let listed = self.events(&events, page).await?;
        let ids: Vec<_> = listed.items.iter().map(|(_, event)| event.coupon).collect();
        let mut seen = HashSet::new();
        let mut items = Vec::with_capacity(ids.len());
        let last = if page.from_end { listed.items.first() } else { listed.items.last() }.map(|(id, _)| *id);
        for ((id, event), coupon) in listed.items.into_iter().zip(self.coupons(&ids).await?) {
            let Some(coupon) = coupon else { continue };
            let at = if by == EventType::Redeem { coupon.redeemed_at } else { coupon.claimed_at };
            // Of several claims or redemptions of a coupon, the one that it shows.
            if at == Some(event.at) && filter.admits(&coupon, pool.case(), now) && seen.insert(coupon.id) {
                items.push((id, coupon));
            }
        }
        let resume = listed.resume.or_else(|| {
            let more = if page.from_end { listed.has_previous } else { listed.has_next };
            last.filter(|_| more)
        });
        Ok(Page {
            items,
            has_next: listed.has_next,
            has_previous: listed.has_previous,
            resume,
            from_end: listed.from_end,
        })
    }
}

/// Finds the places of a pool's coupons in some statuses, in either direction.
struct Places<'a> {
    view: View<'a>,
    pool: &'a Pool,
    supply: Supply,
    statuses: &'a [Status],
    nodes: HashMap<NodeId, Option<Node>>,
}

impl Places<'_> {
    /// The first place at or after `from`.
    async fn next(&mut self, from: u64) -> Result<Option<u64>, Failure> {
        if self.statuses.is_empty() {
            return Ok((from < self.supply.size).then_some(from));
        }
        let statuses = Statuses::of(self.statuses);
        let touched = self.search(|nodes| next(from, statuses, |id| known(nodes, id))).await?;
        let mut found = touched;
        for span in self.untouched().into_iter().filter(|span| span.end > from) {
            // Those of a status are sorted, and one further on is not nearer.
            if found.is_some_and(|found| found <= span.start) {
                continue;
            }
            let untouched = self.search(|nodes| next_untouched(from.max(span.start), span.end, nodes)).await?;
            found = found.into_iter().chain(untouched).min();
        }
        Ok(found)
    }

    /// The last place at or before `from`.
    async fn previous(&mut self, from: u64) -> Result<Option<u64>, Failure> {
        if self.statuses.is_empty() {
            return Ok(Some(from));
        }
        let statuses = Statuses::of(self.statuses);
        let touched = self.search(|nodes| previous(from, statuses, |id| known(nodes, id))).await?;
        let mut found = touched;
        for span in self.untouched().into_iter().rev().filter(|span| span.start <= from) {
            if found.is_some_and(|found| found >= span.end) {
                continue;
            }
            let untouched = self.search(|nodes| previous_untouched(from.min(span.end - 1), span.start, nodes)).await?;
            found = found.into_iter().chain(untouched).max();
        }
        Ok(found)
    }

    /// Where coupons without a row are in one of the statuses, among places that have rows.
    fn untouched(&self) -> Vec<Range<u64>> {
        self.statuses.iter().flat_map(|status| self.pool.untouched_in(*status, &self.supply)).collect()
    }

    /// Repeats a search until it has all the nodes it asks for.
    async fn search(
        &mut self,
        search: impl Fn(&HashMap<NodeId, Option<Node>>) -> Result<Option<u64>, NodeId>,
    ) -> Result<Option<u64>, Failure> {
        loop {
            let missing = match search(&self.nodes) {
                Ok(found) => return Ok(found),
                Err(missing) => missing,
            };
            let node = self.view.get_one::<Nodes>((self.pool.id, missing)).await?;
            self.nodes.insert(missing, node);
        }
    }
}

/// The refusal of a cursor that another list gave.
pub fn foreign_cursor(field: Input) -> Refusal {
    let reason = "expected a cursor that a page of this list gave".to_owned();
    Rejection::ValueInvalid { reason }.at([field])
}

fn known(nodes: &HashMap<NodeId, Option<Node>>, id: NodeId) -> Result<Option<Node>, NodeId> {
    nodes.get(&id).copied().ok_or(id)
}

/// Those of the 64 places around `index` that have no row.
fn untouched_in(nodes: &HashMap<NodeId, Option<Node>>, index: u64) -> Result<u64, NodeId> {
    let node = known(nodes, NodeId { level: 0, place: index / 64 })?.unwrap_or_default();
    Ok(!node.children(Statuses::of(&Status::ALL)))
}

fn next_untouched(from: u64, size: u64, nodes: &HashMap<NodeId, Option<Node>>) -> Result<Option<u64>, NodeId> {
    let mut index = from;
    while index < size {
        let free = untouched_in(nodes, index)? & (u64::MAX << (index % 64));
        if free != 0 {
            let place = index / 64 * 64 + u64::from(free.trailing_zeros());
            return Ok((place < size).then_some(place));
        }
        index = (index / 64 + 1) * 64;
    }
    Ok(None)
}

fn previous_untouched(from: u64, low: u64, nodes: &HashMap<NodeId, Option<Node>>) -> Result<Option<u64>, NodeId> {
    let mut index = from;
    while index >= low {
        let free = untouched_in(nodes, index)? & (u64::MAX >> (63 - index % 64));
        if free != 0 {
            let place = index / 64 * 64 + 63 - u64::from(free.leading_zeros());
            return Ok((place >= low).then_some(place));
        }
        let Some(before) = (index / 64 * 64).checked_sub(1) else { return Ok(None) };
        index = before;
    }
    Ok(None)
}
