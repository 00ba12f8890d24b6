//! Reading coupons: some by id, those of a code, a gift card's ledger. Coupons that were never touched
//! have no row; they are read as unassigned, with their code and terms from the pool.

use std::collections::HashMap;

use super::{
    CouponFilter, Failure, Page, PageRequest, Scrip, Sight,
    codebook::{self, Meant},
    lists::foreign_cursor,
};
use scrip_domain::{
    code::{case_key, typed_form},
    coupon::Coupon,
    gift_card::Entry,
    id::{CouponId, EntryId},
    period::Instant,
    pool::Pool,
    pool_draft::check_code,
    rejection::Input,
    source::Source,
};
use scrip_storage::{CodeLists, CodeOwners, Coupons, Ledger, Named, TypedCodes, View};

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
                None => match codes.get(&CodeLists::row_of(*id)) {
                    Some(Some(codes)) => self.listed(*id, codes),
                    Some(None) => None,
                    None => self.computed(*id)?,
                },
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

    /// An untouched coupon of an uploaded pool.
    fn listed(&self, id: CouponId, codes: &[String]) -> Option<Coupon> {
        let pool = self.registry.pool(id.pool)?;
        let code = CodeLists::code_in(codes, id)?;
        Some(pool.untouched(id, code.clone()))
    }

    /// An untouched coupon of a bulk pool.
    fn computed(&self, id: CouponId) -> Result<Option<Coupon>, Failure> {
        let Some(pool) = self.registry.pool(id.pool) else { return Ok(None) };
        if pool.source != Source::BulkGenerated || id.index >= self.registry.tally(id.pool).supply.size {
            return Ok(None);
        }
        let code = self.registry.code_at(&pool, id.index)?;
        Ok(code.map(|code| pool.untouched(id, code)))
    }

    /// A page of the coupons with this code that exist for somebody: one, or, of a generic code, those of all customers.
    pub(super) async fn coupons_by_code(
        &self,
        code: &str,
        sight: &Sight,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        if let Ok(code) = check_code(code)
            && let Some(found) = self.coupons_by_exact_code(&code, sight, page, now).await?
        {
            return Ok(found);
        }
        let mut meant: Option<Page<Coupon, CouponId>> = None;
        for code in self.spellings(code).await? {
            let Some(found) = self.coupons_by_exact_code(&code, sight, page, now).await? else { continue };
            // Of several, none is meant, as in the committer.
            let first = |page: &Page<Coupon, CouponId>| page.items.first().map(|(id, _)| *id);
            if meant.as_ref().is_some_and(|one| first(one) != first(&found)) {
                return Ok(Page::empty());
            }
            meant = Some(found);
        }
        Ok(meant.unwrap_or_else(Page::empty))
    }

    /// The codes that a typed text may mean where it is none.
    async fn spellings(&self, typed: &str) -> Result<Vec<String>, Failure> {
        let form = typed_form(typed);
        if form.is_empty() {
            return Ok(Vec::new());
        }
        let mut named = self.store.get_one::<TypedCodes>(form.clone()).await?.unwrap_or_default();
        named.extend(self.store.get_one::<CodeOwners>(form).await?.unwrap_or_default());
        Ok(codebook::spellings(&self.registry, typed, named))
    }

    async fn coupons_by_exact_code(
        &self,
        code: &str,
        sight: &Sight,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Option<Page<Coupon, CouponId>>, Failure> {
        for pool in self.registry.candidates(code).into_iter().filter(|pool| sight.sees(pool.id)) {
            for meant in self.meant(&pool, code).await? {
                let found = match meant {
                    Meant::Place(index) => self.only(CouponId { pool: pool.id, index }, page).await?,
                    Meant::Generic => {
                        return self.generic_coupons(&pool, code.to_owned(), page, now).await.map(Some);
                    }
                };
                if let Some(found) = found {
                    return Ok(Some(found));
                }
            }
        }
        let named = self.store.get_one::<CodeOwners>(case_key(code)).await?.unwrap_or_default();
        for Named { code: written, coupon } in named {
            let same = sight.seen(self.registry.pool(coupon.pool)).is_some_and(|pool| pool.same_code(&written, code));
            if same && let Some(found) = self.only(coupon, page).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The page of a list that has this coupon alone; none where there is no such coupon.
    async fn only(
        &self,
        id: CouponId,
        page: &PageRequest<CouponId>,
    ) -> Result<Option<Page<Coupon, CouponId>>, Failure> {
        let Some(coupon) = self.coupons(&[id]).await?.pop().flatten() else { return Ok(None) };
        match page.after {
            Some(after) if after.pool != id.pool => Err(foreign_cursor(Input::After).into()),
            Some(after) if after >= id => Ok(Some(Page::empty())),
            _ => Ok(Some(Page { items: vec![(id, coupon)], ..Page::empty() })),
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
