//! Finding the coupon that a caller means, by its id or by its code. A code that a pool makes itself is
//! found by computation, an uploaded one by its row.

use std::sync::Arc;

use crate::{
    CouponRef,
    codebook::{self, Meant, code_at, meant},
};
use scrip_domain::{
    code::{Series, case_key, typed_form},
    coupon::Coupon,
    customer::{Customer, Email},
    group::Groups,
    id::{CouponId, CustomerId, PoolId},
    pool::Pool,
    pool_codes::{CodeSeries, Making},
    pool_draft::check_code,
    rejection::{Input, Rejection, Step},
    source::Source,
};
use scrip_storage::{CodeLists, CodeOwners, Coupons, Emails, Named, RowId, TypedCodes};

use super::{asker::Asker, books::Books, found::Found, rows::Rows, stop::Stop};

/// The checkout for which a code is looked up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AtTill<'a> {
    /// Its id; empty for a single redemption.
    pub(super) transaction: &'a str,
    /// The coupons that it has taken for codes before this one.
    pub(super) taken: &'a [CouponId],
}

impl AtTill<'_> {
    pub(super) fn is_checkout(&self) -> bool {
        !self.transaction.is_empty()
    }
}

/// Finds what callers mean, over the books: a hold that is over is recorded as given back before its coupon is told.
pub(super) struct Lookups<'r, 'a> {
    pub(super) rows: &'r mut Rows<'a>,
    pub(super) asker: Asker<'a>,
}

impl<'a> Lookups<'_, 'a> {
    pub(super) fn books(&mut self) -> Books<'_, 'a> {
        Books { rows: self.rows, asker: self.asker }
    }

    /// The pool that a caller means; refused at `field` where there is none, or it does not exist for them.
    pub(super) fn pool(&self, id: PoolId, field: impl Into<Step>) -> Result<Arc<Pool>, Stop> {
        let found = self.rows.find_pool(id).filter(|pool| self.asker.groups.see(pool.group));
        found.ok_or_else(|| Rejection::NotFound { what: "pool", by: "id" }.at([field]).into())
    }

    /// Whether a pool exists for whoever asks.
    pub(super) fn sees(&self, id: PoolId) -> bool {
        *self.asker.groups == Groups::All
            || self.rows.find_pool(id).is_some_and(|pool| self.asker.groups.see(pool.group))
    }

    /// The coupon that a caller means; refused where there is none, or the customer who has to hold it does not.
    pub(super) fn find(&mut self, named: &CouponRef) -> Result<Found, Stop> {
        self.find_as(named, None)
    }

    /// The same at the till, where whoever presents an open code gets a coupon.
    pub(super) fn find_at_till(&mut self, named: &CouponRef) -> Result<Found, Stop> {
        self.find_as(named, Some(&AtTill::default()))
    }

    fn find_as(&mut self, named: &CouponRef, till: Option<&AtTill<'_>>) -> Result<Found, Stop> {
        let (coupon, holder) = named.parts();
        let found = match coupon {
            CouponRef::Id(id) => self.by_id(*id)?.ok_or(Rejection::NotFound { what: "coupon", by: "id" }),
            CouponRef::Code { code, pool, customer } => self.by_code_as(code, *pool, customer.as_ref(), till)?,
            // Its parts are never this.
            CouponRef::Held { .. } => return Err(Stop::broken("a holder of a holder".to_owned())),
        };
        let rejection = match found {
            // An open code was looked up for its holder.
            Ok(found) if holder.is_none_or(|holder| found.open || found.coupon.customer.as_ref() == Some(holder)) => {
                return Ok(found);
            }
            Ok(_) => Rejection::NotOwner,
            Err(rejection) => rejection,
        };
        let field: &[Input] = match (&rejection, coupon) {
            (Rejection::NotOwner | Rejection::CodeNotClaimed, _) if holder.is_some() => {
                &[Input::Coupon, Input::CustomerId]
            }
            // The customer of the action, of a generic code.
            (Rejection::NotOwner | Rejection::CodeNotClaimed, _) => &[Input::CustomerId],
            (_, CouponRef::Id(_)) => &[Input::Coupon, Input::Id],
            (_, _) => &[Input::Coupon, Input::Code],
        };
        Err(rejection.at(field.iter().copied()).into())
    }

    /// The coupon with this id; none where the pool has no such place, passed it over, or does not exist for whoever asks.
    pub(super) fn by_id(&mut self, id: CouponId) -> Result<Option<Found>, Stop> {
        if id.index >= self.rows.tally(id.pool).supply.size || !self.sees(id.pool) {
            return Ok(None);
        }
        if let Some(coupon) = self.rows.coupon(id)? {
            return self.books().without_holds_that_are_over(coupon).map(Some);
        }
        if !self.rows.pool_of(id)?.has_stock() {
            return Ok(None);
        }
        Ok(Some(Found::unstored(self.untouched(id)?)))
    }

    /// A coupon of a pool's stock that has no row.
    pub(super) fn untouched(&mut self, id: CouponId) -> Result<Coupon, Stop> {
        let pool = self.rows.pool_of(id)?;
        let code = if pool.source == Source::Uploaded {
            let row = self.rows.get::<CodeLists>(&CodeLists::row_of(id))?;
            row.and_then(|codes| CodeLists::code_in(codes, id)).cloned()
        } else {
            code_at(&pool, id.index, |series| self.series(&pool, series))?
        };
        let code = code.ok_or_else(|| Stop::broken(format!("coupon {id:?} has no code")))?;
        Ok(pool.untouched(id, code))
    }

    /// A pool's series, opened. One with excluded phrases takes long to open: nobody waits for that in the committer.
    pub(super) fn series(&self, pool: &Pool, series: &CodeSeries) -> Result<Option<Arc<Series>>, Stop> {
        let registry = self.rows.working().registry;
        let Making::Keyed(key) = &series.making else { return Ok(None) };
        if series.excluded_phrases.is_empty() {
            return Ok(registry.series(pool, series)?);
        }
        let open = self.asker.prepared.opened.get(key).or_else(|| registry.opened.get(key));
        open.map(Some).ok_or(Stop::Opens((pool.id, series.first)))
    }

    /// What a code may mean in a pool that has `size` places.
    pub(super) fn meant(&self, pool: &Pool, size: u64, code: &str) -> Result<Vec<Meant>, Stop> {
        let fitting = self.rows.working().registry.fitting(pool, code);
        meant(pool, &fitting, size, code, |series| self.series(pool, series))
    }

    /// The coupon with this code, or why there is none. Of a generic code, the one that the customer holds: one that
    /// can still be used before others, of several the last that was made.
    pub(super) fn by_code(
        &mut self,
        code: &str,
        pool: Option<PoolId>,
        customer: Option<&CustomerId>,
    ) -> Result<Result<Found, Rejection>, Stop> {
        self.by_code_as(code, pool, customer, None)
    }

    /// The same, at the till.
    pub(super) fn by_code_as(
        &mut self,
        code: &str,
        pool: Option<PoolId>,
        customer: Option<&CustomerId>,
        till: Option<&AtTill<'_>>,
    ) -> Result<Result<Found, Rejection>, Stop> {
        let unknown = Rejection::NotFound { what: "coupon", by: "code" };
        if let Ok(code) = check_code(code)
            && let Some(found) = self.by_exact_code(&code, pool, customer, till)?
        {
            return Ok(found);
        }
        // What a person types is forgiven where exactly one code fits (product section 2).
        let mut meant: Option<Result<Found, Rejection>> = None;
        for code in self.spellings(code)? {
            let Some(found) = self.by_exact_code(&code, pool, customer, till)? else { continue };
            match (&meant, &found) {
                (None, _) => meant = Some(found),
                (Some(Ok(one)), Ok(other)) if one.coupon.id == other.coupon.id => {}
                (Some(_), _) => return Ok(Err(unknown)),
            }
        }
        Ok(meant.unwrap_or(Err(unknown)))
    }

    /// The codes that a typed text may mean.
    fn spellings(&mut self, typed: &str) -> Result<Vec<String>, Stop> {
        let form = typed_form(typed);
        if form.is_empty() {
            return Ok(Vec::new());
        }
        self.rows.need([RowId::of::<TypedCodes>(form.clone()), RowId::of::<CodeOwners>(form.clone())])?;
        let mut named = self.rows.get::<TypedCodes>(&form)?.cloned().unwrap_or_default();
        named.extend(self.rows.get::<CodeOwners>(&form)?.into_iter().flatten().cloned());
        Ok(codebook::spellings(self.rows.working().registry, typed, named))
    }

    /// The coupon with this very code, but for case; none where there is none, refused where a generic code is nobody's.
    fn by_exact_code(
        &mut self,
        code: &str,
        pool: Option<PoolId>,
        customer: Option<&CustomerId>,
        till: Option<&AtTill<'_>>,
    ) -> Result<Option<Result<Found, Rejection>>, Stop> {
        for maker in self.rows.working().registry.candidates(code) {
            if pool.is_some_and(|pool| pool != maker.id) || !self.sees(maker.id) {
                continue;
            }
            let maker = self.pool(maker.id, Input::Coupon)?;
            let size = self.rows.tally(maker.id).supply.size;
            for meant in self.meant(&maker, size, code)? {
                let found = match meant {
                    Meant::Place(index) => self.by_id(CouponId { pool: maker.id, index })?,
                    Meant::Generic => {
                        return Ok(Some(self.generic(&maker, code, customer, till)?.ok_or(Rejection::CodeNotClaimed)));
                    }
                };
                if let Some(found) = found {
                    return Ok(Some(Ok(found)));
                }
            }
        }
        Ok(self.uploaded(code, pool, till)?.map(Ok))
    }

    /// The uploaded coupon with this code. At a checkout its row is read together with its code, which only one that nobody
    /// has touched needs: a checkout waits once less for the database, and a redemption reads no more than it has to.
    fn uploaded(&mut self, code: &str, pool: Option<PoolId>, till: Option<&AtTill<'_>>) -> Result<Option<Found>, Stop> {
        let Some(named) = self.rows.get::<CodeOwners>(&case_key(code))?.cloned() else { return Ok(None) };
        for Named { code: written, coupon } in named {
            let wanted = pool.is_none_or(|pool| pool == coupon.pool) && self.sees(coupon.pool);
            if wanted && self.pool(coupon.pool, Input::Coupon)?.same_code(&written, code) {
                if till.is_some_and(AtTill::is_checkout) {
                    self.rows
                        .need([RowId::of::<Coupons>(coupon), RowId::of::<CodeLists>(CodeLists::row_of(coupon))])?;
                }
                return self.by_id(coupon);
            }
        }
        Ok(None)
    }

    /// The customer with this e-mail address, if one is known.
    pub(super) fn customer_by_email(&mut self, email: &Email) -> Result<Option<Customer>, Stop> {
        let folded = email.folded();
        let Some(owner) = self.rows.get::<Emails>(&folded)?.cloned() else { return Ok(None) };
        let customer = self.rows.customer(&owner)?;
        Ok(customer.filter(|customer| customer.email.as_ref().is_some_and(|email| email.folded() == folded)))
    }
}
