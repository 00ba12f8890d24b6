//! Reading coupons: some by id, those of a code, a gift card's ledger. Coupons that were never touched
//! have no row; they are read as unassigned, with their code and terms from the pool.

use std::collections::HashMap;

use super::{
    CouponFilter, Failure, Page, PageRequest, Scrip, codebook::untouched, committer::Target, lists::foreign_cursor,
    prepare::Prepared,
};
use scrip_domain::{
    coupon::Coupon,
    gift_card::Entry,
    group::Groups,
    id::{CouponId, EntryId},
    period::Instant,
    pool::Pool,
    rejection::Input,
    source::Source,
};
use scrip_storage::{CodeLists, Coupons, Ledger, View};

impl Scrip {
    /// The coupons with these ids, in their order; none where there is no such coupon.
    pub(super) async fn coupons(&self, ids: &[CouponId]) -> Result<Vec<Option<Coupon>>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.coupons_in(&mut self.store.view().await?, ids).await
    }

    /// The coupons with these ids as they are in a view.
    pub(super) async fn coupons_in(
        &self,
        view: &mut View<'_>,
        ids: &[CouponId],
    ) -> Result<Vec<Option<Coupon>>, Failure> {
        let rows = view.get::<Coupons>(ids).await?;
        let mut lists = Vec::new();
        for (id, row) in ids.iter().zip(&rows) {
            let list = CodeLists::row_of(*id);
            if row.is_none() && self.is_listed(*id) && lists.last() != Some(&list) {
                lists.push(list);
            }
        }
        let codes = if lists.is_empty() { Vec::new() } else { view.get::<CodeLists>(&lists).await? };
        let codes: HashMap<_, _> = lists.into_iter().zip(codes).collect();
        let mut coupons = Vec::with_capacity(ids.len());
        for (id, row) in ids.iter().zip(rows) {
            coupons.push(match row {
                Some(coupon) => Some(self.taken_over(*coupon)),
                None => {
                    let list = codes.get(&CodeLists::row_of(*id)).and_then(Option::as_deref);
                    self.untouched(*id, list)?
                }
            });
        }
        Ok(coupons)
    }

    /// A coupon's row with what its pool's updates say of it.
    fn taken_over(&self, coupon: Coupon) -> Coupon {
        match self.registry.pool(coupon.id.pool) {
            Some(pool) => pool.taken_over(coupon),
            None => coupon,
        }
    }

    /// Whether the code at a place is kept in a list.
    fn is_listed(&self, id: CouponId) -> bool {
        let held = self.registry.read();
        held.pools.get(&id.pool).is_some_and(|pool| pool.source == Source::Uploaded)
            && held.tallies.get(&id.pool).is_some_and(|tally| id.index < tally.supply.size)
    }

    /// A coupon of a pool's stock that nobody has touched, with the list that its code is in, where it is in one.
    fn untouched(&self, id: CouponId, list: Option<&[String]>) -> Result<Option<Coupon>, Failure> {
        let Some(pool) = self.registry.pool(id.pool).filter(|pool| pool.has_stock()) else { return Ok(None) };
        if id.index >= self.registry.tally(id.pool).supply.size {
            return Ok(None);
        }
        untouched(&pool, id, list, |series| self.registry.series(&pool, series))
    }

    /// A page of the coupons with this code that exist for whoever is in these groups: one, or, of a generic code, those of
    /// all customers.
    pub(super) async fn coupons_by_code(
        &self,
        code: &str,
        groups: &Groups,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        match self.target(groups, code).await? {
            Some(Target::Coupon(found)) => only(found.coupon, page),
            Some(Target::Generic(pool, code)) => self.generic_coupons(&pool, code, page, now).await,
            None => Ok(Page::empty()),
        }
    }

    /// What a code means to whoever is in these groups.
    async fn target(&self, groups: &Groups, code: &str) -> Result<Option<Target>, Failure> {
        let (mut prepared, mut rounds) = (Prepared::default(), 0);
        loop {
            match self.state().target(groups, code, &prepared).await {
                Ok(found) => return found,
                Err(needs) => self.find_out(needs, &mut prepared, &mut rounds).await?,
            }
        }
    }

    async fn generic_coupons(
        &self,
        pool: &Pool,
        code: String,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        if page.after.is_some_and(|after| after.pool != pool.id) {
            return Err(foreign_cursor(Input::After).into());
        }
        let filter = CouponFilter { code: Some(code), ..CouponFilter::default() };
        self.pool_coupons(pool.id, &filter, page, now).await
    }

    /// A page of a gift card's ledger.
    pub(super) async fn ledger(&self, coupon: &Coupon, page: &PageRequest<u32>) -> Result<Page<Entry, u32>, Failure> {
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
    pub(super) async fn entries(&self, ids: &[EntryId]) -> Result<Vec<Option<Entry>>, Failure> {
        Ok(self.store.get::<Ledger>(ids).await?)
    }
}

/// The page of a list that has this coupon alone.
fn only(coupon: Coupon, page: &PageRequest<CouponId>) -> Result<Page<Coupon, CouponId>, Failure> {
    let id = coupon.id;
    match page.after {
        Some(after) if after.pool != id.pool => Err(foreign_cursor(Input::After).into()),
        Some(after) if after >= id => Ok(Page::empty()),
        _ => Ok(Page { items: vec![(id, coupon)], ..Page::empty() }),
    }
}
