//! Finding the coupon that a caller means, by its id or by its code. A code that a pool makes itself is
//! found by computation, an uploaded one by its row.

use std::sync::Arc;

use crate::{
    CouponRef,
    codebook::{self, Meant, meant, untouched},
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

/// What a code means.
pub(crate) enum Target {
    /// This coupon, as it is.
    Coupon(Box<Found>),
    /// One of the coupons that customers have with this generic code of a pool.
    Generic(Arc<Pool>, String),
}

impl Target {
    /// Whether another code means the same.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Coupon(one), Self::Coupon(other)) => one.coupon.id == other.coupon.id,
            (Self::Generic(one, code), Self::Generic(other, typed)) => one.id == other.id && one.same_code(code, typed),
            (Self::Coupon(_), Self::Generic(..)) | (Self::Generic(..), Self::Coupon(_)) => false,
        }
    }
}

/// Finds what callers mean, over the books: a hold that is over is recorded as given back before its coupon is told, but
/// where a code is only looked up ([`Self::target`]).
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
        self.at(id)?.map(|found| self.without_holds_that_are_over(found)).transpose()
    }

    /// The same as it is, whatever is over of its holds.
    fn at(&mut self, id: CouponId) -> Result<Option<Found>, Stop> {
        if id.index >= self.rows.tally(id.pool).supply.size || !self.sees(id.pool) {
            return Ok(None);
        }
        if let Some(coupon) = self.rows.coupon(id)? {
            return Ok(Some(Found::stored(coupon)));
        }
        if !self.rows.pool_of(id)?.has_stock() {
            return Ok(None);
        }
        Ok(Some(Found::unstored(self.untouched(id)?)))
    }

    fn without_holds_that_are_over(&mut self, found: Found) -> Result<Found, Stop> {
        if found.stored { self.books().without_holds_that_are_over(found.coupon) } else { Ok(found) }
    }

    /// A coupon of a pool's stock that has no row.
    pub(super) fn untouched(&mut self, id: CouponId) -> Result<Coupon, Stop> {
        let pool = self.rows.pool_of(id)?;
        let coupon = if pool.source == Source::Uploaded {
            let list = self.rows.get::<CodeLists>(&CodeLists::row_of(id))?;
            untouched(&pool, id, list.map(Vec::as_slice), |_| Ok::<_, Stop>(None))?
        } else {
            untouched(&pool, id, None, |series| self.series(&pool, series))?
        };
        coupon.ok_or_else(|| Stop::broken(format!("coupon {id:?} has no code")))
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
        Ok(match self.target(code, pool, till.is_some_and(AtTill::is_checkout))? {
            Some(Target::Coupon(found)) => Ok(self.without_holds_that_are_over(*found)?),
            Some(Target::Generic(maker, code)) => {
                self.generic(&maker, &code, customer, till)?.ok_or(Rejection::CodeNotClaimed)
            }
            None => Err(Rejection::NotFound { what: "coupon", by: "code" }),
        })
    }

    /// What a code means, if it means something: in one pool, or in any. `together` has the coupon of an uploaded code read
    /// together with its list, which only one that nobody has touched needs: whoever asks waits once less for the database,
    /// and reads more than a single redemption has to.
    pub(super) fn target(&mut self, code: &str, pool: Option<PoolId>, together: bool) -> Result<Option<Target>, Stop> {
        if let Ok(code) = check_code(code)
            && let Some(found) = self.exact(&code, pool, together)?
        {
            return Ok(Some(found));
        }
        // What a person types is forgiven where exactly one code fits (product section 2).
        let mut meant: Option<Target> = None;
        for code in self.spellings(code)? {
            let Some(found) = self.exact(&code, pool, together)? else { continue };
            if meant.as_ref().is_some_and(|one| !one.is(&found)) {
                return Ok(None);
            }
            meant = Some(found);
        }
        Ok(meant)
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

    /// What this very code means, but for case.
    fn exact(&mut self, code: &str, pool: Option<PoolId>, together: bool) -> Result<Option<Target>, Stop> {
        for maker in self.rows.working().registry.candidates(code) {
            // As the batch has it.
            let maker = self.rows.find_pool(maker.id).filter(|maker| pool.is_none_or(|pool| pool == maker.id));
            let Some(maker) = maker.filter(|maker| self.asker.groups.see(maker.group)) else { continue };
            let size = self.rows.tally(maker.id).supply.size;
            for meant in self.meant(&maker, size, code)? {
                let found = match meant {
                    Meant::Place(index) => self.at(CouponId { pool: maker.id, index })?,
                    Meant::Generic => return Ok(Some(Target::Generic(maker, code.to_owned()))),
                };
                if let Some(found) = found {
                    return Ok(Some(Target::Coupon(Box::new(found))));
                }
            }
        }
        Ok(self.uploaded(code, pool, together)?.map(|found| Target::Coupon(Box::new(found))))
    }

    /// The uploaded coupon with this code.
    fn uploaded(&mut self, code: &str, pool: Option<PoolId>, together: bool) -> Result<Option<Found>, Stop> {
        let Some(named) = self.rows.get::<CodeOwners>(&case_key(code))?.cloned() else { return Ok(None) };
        for Named { code: written, coupon } in named {
            let owner = self.rows.find_pool(coupon.pool).filter(|owner| pool.is_none_or(|pool| pool == owner.id));
            let owner = owner.filter(|owner| self.asker.groups.see(owner.group));
            if !owner.is_some_and(|owner| owner.same_code(&written, code)) {
                continue;
            }
            if together {
                self.rows.need([RowId::of::<Coupons>(coupon), RowId::of::<CodeLists>(CodeLists::row_of(coupon))])?;
            }
            if let Some(found) = self.at(coupon)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The customer with this e-mail address, if one is known.
    pub(super) fn customer_by_email(&mut self, email: &Email) -> Result<Option<Customer>, Stop> {
        let Some(owner) = self.rows.get::<Emails>(&email.folded())?.cloned() else { return Ok(None) };
        Ok(self.rows.customer(&owner)?.filter(|customer| customer.is_at(email)))
    }
}
