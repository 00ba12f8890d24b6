//! A row of an import: its code joins the pool's list, and its coupon is what the row says: nobody's, claimed for a customer
//! as any other, or what it was in the system that it comes from.

use std::sync::Arc;

use crate::{RowTask, jobs::OnDuplicate};
use scrip_domain::{
    code::case_key,
    coupon::{Coupon, Decision, Holder, Imported},
    currency::Currency,
    decimal::Decimal,
    id::{CouponId, CustomerId, PoolId, TermsNumber},
    job::{Field, Holding, ImportRow},
    pool::Pool,
    presence::path,
    rejection::{Refusal, Rejection},
    source::Source,
    status::Status,
    terms::{Terms, Value},
};
use scrip_storage::{CodeLists, CodeOwners, Coupons, Customers, Dues, Nodes, RowId, TypedCodes};

use super::{attempt::Attempt, codes::typed_key, found::Found, stop::Stop};
use scrip_domain::job::{Effect, Opposite};

/// How many bytes the terms of a pool may have together that its coupons brought along: all are in memory.
pub(super) const MAX_OWN_TERMS: usize = 64 * 1024 * 1024;

/// What became of a row that was not refused.
pub(super) enum Added {
    Done,
    Skipped,
}

impl Attempt<'_> {
    /// Notes what rows will surely read, so that it is read at once.
    pub(super) fn need_for_rows<'t>(&mut self, tasks: impl ExactSizeIterator<Item = &'t RowTask>) {
        let mut wanted = Vec::with_capacity(tasks.len() * 2);
        let mut adding: Option<(PoolId, u64)> = None;
        let mut last = None;
        for task in tasks {
            match task {
                RowTask::Import(import, pool, _) => {
                    wanted.push(RowId::of::<CodeOwners>(case_key(&import.code)));
                    wanted.extend(typed_key(&import.code).map(RowId::of::<TypedCodes>));
                    let index = match adding {
                        Some((of, index)) if of == *pool => index + 1,
                        _ => self.rows.tally(*pool).supply.size,
                    };
                    adding = Some((*pool, index));
                    let id = CouponId { pool: *pool, index };
                    if CodeLists::begins_row(index) || index == self.rows.tally(*pool).supply.size {
                        wanted.push(RowId::of::<CodeLists>(CodeLists::row_of(id)));
                    }
                    if !import.is_plain() {
                        wanted.extend(path(index).map(|(node, _)| RowId::of::<Nodes>((*pool, node))));
                        wanted.extend(import.customer.clone().map(RowId::of::<Customers>));
                    }
                }
                RowTask::Act(command) => match command.coupon().map(|coupon| coupon.parts().0) {
                    Some(crate::CouponRef::Id(id)) => wanted.extend(self.rows.of_coupon_after(*id, &mut last)),
                    _ => self.read_ahead(command),
                },
                RowTask::Undo(effect, _) => {
                    wanted.extend(self.rows.of_coupon_after(effect.coupon, &mut last));
                    if let Opposite::Terms(_, Some(end)) = effect.opposite {
                        wanted.push(RowId::of::<Dues>((end.as_millisecond(), effect.coupon)));
                    }
                }
                // Its status stays: nothing of its pool's tree is read.
                RowTask::Update(coupon, number) => {
                    wanted.push(RowId::of::<Coupons>(*coupon));
                    wanted.extend(self.due_by_update(*coupon, *number));
                }
                RowTask::Withdraw(_) | RowTask::Updated(..) | RowTask::Refused(_) | RowTask::Skipped(_) => {}
            }
        }
        drop(self.rows.need(wanted));
    }

    /// What is looked for where an update gives a coupon another end, once the coupon is there.
    fn due_by_update(&self, id: CouponId, number: u32) -> Option<RowId> {
        let row = self.rows.working().row(&RowId::of::<Coupons>(id)).flatten()?.document::<Coupons>()?;
        let carried = self.rows.find_pool(id.pool)?.carried_after(row, number);
        let end = carried.expires_at.filter(|end| row.status.is_live() && row.expires_at != Some(*end))?;
        Some(RowId::of::<Dues>((end.as_millisecond(), id)))
    }

    /// Adds the coupon of a row to a pool, or says why not.
    pub(super) fn import_row(
        &mut self,
        row: &ImportRow,
        pool: PoolId,
        on_duplicate: OnDuplicate,
        actor: &str,
    ) -> Result<Added, Stop> {
        let pool = self.lookups().pool(pool, Field::Pool)?;
        pool.check_source(Source::Uploaded).map_err(|rejection| rejection.at([Field::Pool]))?;
        let index = self.rows.tally(pool.id).supply.size;
        match self.supply().add_code(&pool, row.code.clone())? {
            Some(_) if on_duplicate == OnDuplicate::UpdateUnassigned => {
                return self.update_unassigned(&pool, row, actor);
            }
            Some(_) => return Ok(Added::Skipped),
            None => {}
        }
        self.carry_current_terms(pool.id, index)?;
        if row.is_plain() {
            return Ok(Added::Done);
        }
        let id = CouponId { pool: pool.id, index };
        let number = self.own_terms(&pool, row)?;
        let coupon = Coupon::unassigned(id, row.code.clone(), number);
        let terms = self.rows.terms(&coupon)?;
        let fresh = Coupon { expires_at: row.expires_at, ..coupon.clone() };
        match (&row.holding, &row.customer) {
            (Some(holding), customer) => {
                let imported = imported(holding, customer.clone(), row, &terms)?;
                if let Some(customer) = customer {
                    let currency = self.rows.currency_for(&terms, customer)?;
                    terms.admits_customer(currency).map_err(|rejection| rejection.at([Field::Customer]))?;
                }
                let decision = coupon.imported(&terms, imported, self.now())?;
                self.books().record(None, Some(Status::Unassigned), decision, actor)?;
            }
            (None, Some(customer)) => self.claim_imported(&pool, fresh, &terms, customer, actor)?,
            (None, None) => {
                self.check_end(row)?;
                self.keep_unassigned(fresh)?;
            }
        }
        Ok(Added::Done)
    }

    /// Claims the coupon of a row for its customer, as any other.
    fn claim_imported(
        &mut self,
        pool: &Arc<Pool>,
        coupon: Coupon,
        terms: &Terms,
        customer: &CustomerId,
        actor: &str,
    ) -> Result<(), Stop> {
        let at = |rejection: Rejection| rejection.at([Field::Customer]);
        pool.check_open().map_err(|rejection| rejection.at([Field::Pool]))?;
        self.books().room(pool, customer)?.map_err(at)?;
        self.check_claim(pool, customer)?;
        let holder = Holder { currency: self.rows.currency_for(terms, customer)?, customer: customer.clone() };
        let decision = coupon.claim(terms, holder, None, self.now())?;
        self.books().record(None, Some(Status::Unassigned), decision, actor)?;
        Ok(())
    }

    /// Refuses an end that is past.
    fn check_end(&self, row: &ImportRow) -> Result<(), Stop> {
        match row.expires_at.filter(|end| *end <= self.now()) {
            Some(at) => Err(Rejection::Expired { at }.at([Field::ExpiresAt]).into()),
            None => Ok(()),
        }
    }

    /// Keeps a coupon that nobody has, with terms or an end of its own.
    fn keep_unassigned(&mut self, mut coupon: Coupon) -> Result<(), Stop> {
        coupon.updates = self.rows.pool_of(coupon.id)?.updates_so_far();
        self.books().note_status(coupon.id, None, Some(Status::Unassigned), Status::Unassigned)?;
        self.rows.put::<Coupons>(coupon.id, Box::new(coupon));
        Ok(())
    }

    /// Gives the coupon of a code that the pool has already the value and the end of a row, where nobody has claimed it.
    fn update_unassigned(&mut self, pool: &Arc<Pool>, row: &ImportRow, actor: &str) -> Result<Added, Stop> {
        if row.value.is_none() && row.expires_at.is_none() && row.customer.is_none() && row.holding.is_none() {
            return Ok(Added::Skipped);
        }
        if row.customer.is_some() || row.holding.is_some() {
            let reason = "the code exists already: only its value and its end can be updated".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Field::Code]).into());
        }
        let found = match self.lookups().by_code(&row.code, Some(pool.id), None)? {
            Ok(found) => found,
            // It is another pool's.
            Err(_) => return Ok(Added::Skipped),
        };
        if found.coupon.status != Status::Unassigned {
            return Err(found.coupon.status.refusal(found.coupon.expires_at).at([Field::Code]).into());
        }
        let mut coupon = found.coupon.clone();
        if row.value.is_some() || row.currency.is_some() {
            coupon.terms = self.own_terms(pool, row)?;
        }
        coupon.expires_at = row.expires_at.or(coupon.expires_at);
        if coupon == found.coupon {
            return Ok(Added::Skipped);
        }
        self.check_end(row)?;
        // As after a pool's update: whoever follows the coupon is told, and nobody follows one without a row.
        if found.stored {
            self.books().carry_again(found.coupon, (coupon.terms, coupon.expires_at), None, actor)?;
        } else {
            coupon.version += 1;
            self.keep_unassigned(coupon)?;
        }
        Ok(Added::Done)
    }

    /// Has coupons without a row carry the pool's terms of now from a place on.
    fn carry_current_terms(&mut self, pool: PoolId, index: u64) -> Result<(), Stop> {
        let pool = self.lookups().pool(pool, Field::Pool)?;
        if pool.ranges.last().map(|(_, terms)| *terms) == Some(pool.current_terms()) {
            return Ok(());
        }
        let mut changed = pool.as_ref().clone();
        changed.open_range(index);
        self.rows.put_pool(changed).map(drop)
    }

    /// The number of the terms that a row's coupon carries: those of its pool, or with its own value.
    fn own_terms(&mut self, pool: &Arc<Pool>, row: &ImportRow) -> Result<TermsNumber, Stop> {
        let pool = self.lookups().pool(pool.id, Field::Pool)?;
        let current = pool.terms.last().ok_or_else(|| Stop::broken(format!("pool {:?} has no terms", pool.id)))?;
        if let Some(text) = &row.currency {
            let currency = Currency::parse(text).map_err(|rejection| rejection.at([Field::Currency]))?;
            if pool.currency != Some(currency) {
                let expected = pool.currency.map_or_else(|| "none".to_owned(), |currency| currency.to_string());
                let found = currency.to_string();
                return Err(Rejection::CurrencyMismatch { expected, found }.at([Field::Currency]).into());
            }
        }
        let Some(text) = &row.value else { return Ok(pool.current_terms()) };
        let value = Value::parse(pool.kind, Some(text), pool.currency);
        let value = value.map_err(|rejection| rejection.at([Field::Value]))?;
        if value == current.value {
            return Ok(pool.current_terms());
        }
        let own = Terms { value, ..current.as_ref().clone() };
        if let Some(number) = pool.terms.iter().rposition(|terms| **terms == own) {
            return Ok(TermsNumber(u32::try_from(number).unwrap_or(u32::MAX)));
        }
        let size = current.bytes();
        if size.saturating_mul(pool.terms.len() + 2) > MAX_OWN_TERMS {
            let limit = (MAX_OWN_TERMS / size) as u64;
            let rejection = Rejection::LimitExceeded { what: "too many different values in a pool", limit };
            return Err(rejection.at([Field::Value]).into());
        }
        let mut changed = pool.as_ref().clone();
        let number = TermsNumber(u32::try_from(changed.terms.len()).unwrap_or(u32::MAX));
        // The last ones are those of new coupons: they stay the last.
        changed.terms.extend([Arc::new(own), Arc::clone(current)]);
        self.rows.put_pool(changed)?;
        Ok(number)
    }

    /// Gives a coupon back to whom a job had taken it from; gives what takes that back.
    pub(super) fn give_back_to(
        &mut self,
        coupon: Coupon,
        taken: &scrip_domain::coupon::Taken,
        actor: &str,
    ) -> Result<Effect, Stop> {
        let pool = self.rows.pool_of(coupon.id)?;
        pool.check_open()?;
        let terms = self.rows.terms(&coupon)?;
        let currency = self.rows.currency_for(&terms, &taken.customer)?;
        terms.admits_customer(currency)?;
        let decision: Decision = coupon.clone().give_back(&terms, taken.clone(), self.now())?;
        let coupon = self.books().carry_out(&Found::stored(coupon), decision, actor)?;
        Ok(Effect { coupon: coupon.id, version: coupon.version, opposite: Opposite::Unassign })
    }
}

/// What a coupon was, as its row says.
fn imported(
    holding: &Holding,
    customer: Option<CustomerId>,
    row: &ImportRow,
    terms: &Terms,
) -> Result<Imported, Refusal> {
    let balance = holding.balance.as_deref().map(|text| Decimal::parse(text)?.to_amount(terms.exponent()));
    Ok(Imported {
        status: holding.status,
        customer,
        claimed_at: holding.claimed_at,
        expires_at: row.expires_at,
        usages: holding.usages,
        redeemed_at: holding.redeemed_at,
        balance: balance.transpose().map_err(|rejection| rejection.at([Field::Balance]))?,
    })
}
