//! Reading coupons: some by id, those of a code, a page of a pool's. Coupons that were never touched
//! have no row; they are read as unassigned, with their code and terms from the pool.

use std::collections::HashMap;

use super::{Failure, Page, PageRequest, Scrip};
use crate::{
    domain::{
        coupon::Coupon,
        gift_card::Entry,
        id::{CouponId, EntryId, PoolId},
        period::Instant,
        pool::{Supply, fold_code},
        pool_draft::check_code,
        presence::{Node, NodeId, Statuses, next, previous},
        rejection::{Refusal, Rejection},
        status::Status,
    },
    storage::{Row, RowId},
};

/// How many codes of an uploaded pool are kept in one row.
const CODES_IN_ROW: u64 = 64;

/// Which coupons.
#[derive(Debug, Clone, Default)]
pub struct CouponFilter {
    /// In one of these statuses; all where empty.
    pub statuses: Vec<Status>,
    /// Of this pool.
    pub pool: Option<PoolId>,
    /// With this generic code.
    pub code: Option<String>,
}

impl CouponFilter {
    /// Whether a coupon is in one of the statuses, and has the code.
    #[must_use]
    pub fn admits(&self, coupon: &Coupon, now: Instant) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&coupon.status_at(now)))
            && self.code.as_ref().is_none_or(|code| fold_code(code) == fold_code(&coupon.code))
    }
}

impl Scrip {
    /// The coupons with these ids, in their order; none where there is no such coupon.
    pub async fn coupons(&self, ids: &[CouponId]) -> Result<Vec<Option<Coupon>>, Failure> {
        let rows = self.store.get(&ids.iter().map(|id| RowId::Coupon(*id)).collect::<Vec<_>>()).await?;
        let mut chunks: Vec<RowId> = Vec::new();
        for (id, row) in ids.iter().zip(&rows) {
            let chunk = RowId::Codes(id.pool, id.index / CODES_IN_ROW);
            if row.is_none() && id.index < self.registry.tally(id.pool).supply.size && chunks.last() != Some(&chunk) {
                chunks.push(chunk);
            }
        }
        let codes: HashMap<_, _> = chunks.iter().cloned().zip(self.store.get(&chunks).await?).collect();
        let mut coupons = Vec::with_capacity(ids.len());
        for (id, row) in ids.iter().zip(rows) {
            coupons.push(match row {
                Some(Row::Coupon(coupon)) => Some(*coupon),
                _ => match codes.get(&RowId::Codes(id.pool, id.index / CODES_IN_ROW)) {
                    Some(Some(Row::Codes(codes))) => self.untouched(*id, codes),
                    _ => None,
                },
            });
        }
        Ok(coupons)
    }

    fn untouched(&self, id: CouponId, codes: &[String]) -> Option<Coupon> {
        let pool = self.registry.pool(id.pool)?;
        let code = codes.get(usize::try_from(id.index % CODES_IN_ROW).ok()?)?;
        Some(Coupon::unassigned(id, code.clone(), pool.terms_at(id.index)))
    }

    /// A page of the coupons with this code: one, or, of a generic code, those of all customers.
    pub async fn coupons_by_code(
        &self,
        code: &str,
        page: &PageRequest<CouponId>,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        let nothing = Page { items: Vec::new(), has_next: false, has_previous: false, resume: None };
        let Ok(code) = check_code(code) else { return Ok(nothing) };
        let Some(Row::Code(row)) = self.store.get_one(RowId::Code(fold_code(&code))).await? else { return Ok(nothing) };
        let mut page_found = nothing;
        for (written, pool, index) in row.named {
            let same = self.registry.pool(pool).is_some_and(|pool| pool.same_code(&written, &code));
            if !same {
                continue;
            }
            if page.after.is_some_and(|after| after.pool != pool) {
                return Err(foreign_cursor("after").into());
            }
            match index {
                Some(index) => {
                    let id = CouponId { pool, index };
                    if page.after.is_some_and(|after| after >= id) {
                        continue;
                    }
                    let coupon = self.coupons(&[id]).await?.pop().flatten();
                    page_found.items.extend(coupon.map(|coupon| (id, coupon)));
                }
                None => {
                    let filter = CouponFilter { code: Some(code.clone()), ..CouponFilter::default() };
                    return self.pool_coupons(pool, &filter, page).await;
                }
            }
        }
        Ok(page_found)
    }

    /// A page of a pool's coupons by their place.
    pub async fn pool_coupons(
        &self,
        pool: PoolId,
        filter: &CouponFilter,
        page: &PageRequest<CouponId>,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        if !filter.statuses.is_empty() {
            self.settle().await?;
        }
        let now = self.clock.now();
        let supply = self.registry.tally(pool).supply;
        let low = page.after.map_or(0, |id| id.index + 1);
        let high = page.before.map_or(supply.size, |id| id.index.min(supply.size));
        let mut places = Places { scrip: self, pool, supply, statuses: &filter.statuses, nodes: HashMap::new() };
        let mut found = Vec::new();
        let mut from = if page.from_end { high.checked_sub(1) } else { Some(low) };
        while found.len() <= page.limit {
            let mut ids = Vec::new();
            while let Some(start) = from.filter(|start| (low..high).contains(start) && ids.len() <= page.limit) {
                let place = if page.from_end { places.previous(start).await? } else { places.next(start).await? };
                let Some(place) = place.filter(|place| (low..high).contains(place)) else {
                    from = None;
                    break;
                };
                ids.push(CouponId { pool, index: place });
                from = if page.from_end { place.checked_sub(1) } else { Some(place + 1) };
            }
            if ids.is_empty() {
                break;
            }
            let coupons = self.coupons(&ids).await?.into_iter().flatten();
            found.extend(coupons.filter(|coupon| filter.admits(coupon, now)).map(|coupon| (coupon.id, coupon)));
        }
        Ok(Page::from_gathered(found, page))
    }

    /// A page of a gift card's ledger.
    pub async fn ledger(&self, coupon: &Coupon, page: &PageRequest<u32>) -> Result<Page<Entry, u32>, Failure> {
        let entries = coupon.account.map_or(0, |account| account.entries);
        let low = page.after.map_or(0, |number| number.saturating_add(1));
        let high = page.before.map_or(entries, |number| number.min(entries));
        let wanted = u32::try_from(page.limit + 1).unwrap_or(u32::MAX);
        let numbers: Vec<u32> = if page.from_end {
            (low..high).rev().take(wanted as usize).collect()
        } else {
            (low..high).take(wanted as usize).collect()
        };
        let ids: Vec<_> = numbers.iter().map(|number| EntryId { coupon: coupon.id, number: *number }).collect();
        let entries = self.entries(&ids).await?.into_iter().flatten().map(|entry| (entry.id.number, entry)).collect();
        Ok(Page::from_gathered(entries, page))
    }

    /// The ledger entries with these ids, in their order.
    pub async fn entries(&self, ids: &[EntryId]) -> Result<Vec<Option<Entry>>, Failure> {
        let rows = self.store.get(&ids.iter().map(|id| RowId::Entry(*id)).collect::<Vec<_>>()).await?;
        let entry = |(id, row): (&EntryId, Option<Row>)| match row {
            Some(Row::Entry(stored)) => Some(stored.into_entry(*id)),
            _ => None,
        };
        Ok(ids.iter().zip(rows).map(entry).collect())
    }
}

/// Finds the places of a pool's coupons in some statuses, in either direction.
struct Places<'a> {
    scrip: &'a Scrip,
    pool: PoolId,
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
        if !statuses.has(Status::Unassigned) {
            return Ok(touched);
        }
        let Supply { next: low, size, .. } = self.supply;
        let untouched = self.search(|nodes| next_untouched(from.max(low), size, nodes)).await?;
        Ok(touched.into_iter().chain(untouched).min())
    }

    /// The last place at or before `from`.
    async fn previous(&mut self, from: u64) -> Result<Option<u64>, Failure> {
        if self.statuses.is_empty() {
            return Ok(Some(from));
        }
        let statuses = Statuses::of(self.statuses);
        let touched = self.search(|nodes| previous(from, statuses, |id| known(nodes, id))).await?;
        if !statuses.has(Status::Unassigned) {
            return Ok(touched);
        }
        let low = self.supply.next;
        let untouched = self.search(|nodes| previous_untouched(from, low, nodes)).await?;
        Ok(touched.into_iter().chain(untouched).max())
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
            let node = match self.scrip.store.get_one(RowId::Presence(self.pool, missing)).await? {
                Some(Row::Presence(node)) => Some(node),
                _ => None,
            };
            self.nodes.insert(missing, node);
        }
    }
}

/// The refusal of a cursor that another list gave.
pub fn foreign_cursor(field: &'static str) -> Refusal {
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
