//! Taking a purchase back, whole or in part. The domain decides what comes back and who has got how much of it by then;
//! here each card gets what it lacks of that, and each coupon that is to be given back is, with their events, in the same
//! transaction as the purchase's own row.

use crate::{PurchaseRecord, Recorded, ReturnOrder, ReturnRecord, ReturnedCoupon, purchase::is_of};
use scrip_domain::{
    coupon::Coupon,
    decimal::Amount,
    event::Reason,
    id::{CouponId, EntryId},
    purchase::{Asked, Carried, Part},
    rejection::{Input, Rejection},
};
use scrip_storage::{Coupons, Ledger, Purchases, RowId};

use super::{attempt::Attempt, found::Found, purchases::read, stop::Stop};

/// A return that is carried out.
struct Returning<'a> {
    purchase: &'a PurchaseRecord,
    exponent: u8,
    /// What everybody has got once it is done.
    carried: Carried,
    reason: Option<&'a str>,
    actor: &'a str,
}

impl Attempt<'_> {
    /// Takes a purchase back, or a part of it.
    pub(super) fn take_back(&mut self, order: &ReturnOrder, actor: &str) -> Result<Box<PurchaseRecord>, Stop> {
        let transaction = order.transaction.as_str().to_owned();
        let reason = order.reason.as_ref().map(Reason::as_str);
        let mut purchase = self.recorded_purchase(&transaction)?;
        let bought = purchase.bought();
        let before = purchase.came_back(&bought);
        if !purchase.facts.returns.is_empty() && bought.is_back(&before) {
            return Err(Rejection::AlreadyReturned.at([Input::TransactionId]).into());
        }
        if order.asked != Asked::All && purchase.is_full() {
            return Err(Rejection::TooManyReturns.at([Input::Lines]).into());
        }
        let part = bought.decide(&before, &order.asked)?;
        let mut after = before.clone();
        after.add(&part.lines, part.shipping);
        let carried = bought.carried(&after);
        let refund = carried.rest.minus(bought.carried(&before).rest);
        let exponent = bought.exponent;
        let returning = Returning { purchase: &purchase, exponent, carried, reason, actor };
        let coupons = self.give_back(&returning)?;
        let Part { lines, shipping } = part;
        let reason = reason.map(str::to_owned);
        let record = ReturnRecord { at: self.now(), actor: actor.to_owned(), reason, lines, shipping, refund, coupons };
        if bought.is_back(&after) {
            self.free_transaction(&purchase);
        }
        purchase.facts.returns.push(record);
        self.books().put_purchase(&purchase)?;
        Ok(Box::new(purchase))
    }

    /// The checkout that was recorded under a transactionId.
    fn recorded_purchase(&mut self, transaction: &str) -> Result<PurchaseRecord, Stop> {
        let kept = self.rows.get::<Purchases>(&(transaction.to_owned(), None))?.and_then(|purchase| purchase.0.clone());
        let unknown = || Rejection::NotFound { what: "purchase", by: "transactionId" }.at([Input::TransactionId]);
        let purchase = read(transaction, &kept.ok_or_else(unknown)?)?;
        if purchase.facts.hold.is_some() {
            return Err(unknown().into());
        }
        let of_coupons = purchase.checkout.coupons.iter().filter_map(|one| one.coupon.as_ref());
        let of_coupons: Vec<CouponId> = of_coupons.map(|coupon| coupon.id).collect();
        let rows =
            |id: &CouponId| [RowId::of::<Coupons>(*id), RowId::of::<Purchases>((transaction.to_owned(), Some(*id)))];
        let entries = purchase.checkout.coupons.iter().filter_map(Recorded::redemption);
        let needed = self.rows.need(of_coupons.iter().flat_map(rows).chain(entries.map(RowId::of::<Ledger>)));
        needed.inspect_err(|_| self.rows.need_nodes())?;
        Ok(purchase)
    }

    /// Gives cards what they lack of what came back, and coupons back of which all did.
    fn give_back(&mut self, returning: &Returning<'_>) -> Result<Vec<ReturnedCoupon>, Stop> {
        let mut given = Vec::new();
        for (place, recorded) in returning.purchase.checkout.coupons.iter().enumerate() {
            let Some(used) = &recorded.coupon else { continue };
            let row = self.books().used_by(&returning.purchase.transaction, used.id)?;
            if !recorded.redeemed && (row.is_none() || !recorded.redeemable()) {
                continue;
            }
            let Some(coupon) = self.rows.coupon(used.id)? else { continue };
            let card = recorded
                .redemption()
                .or_else(|| Some(EntryId { coupon: used.id, number: row.flatten().and_then(|row| row.entry)? }));
            let returned = if coupon.account.is_some() {
                self.give_card_back(returning, place, coupon, card)?
            } else {
                let is_back = row.flatten().is_some_and(|row| row.taken_back);
                if is_back { None } else { self.give_coupon_back(returning, place, recorded, coupon)? }
            };
            given.extend(returned);
        }
        Ok(given)
    }

    /// Gives a card what it lacks of what it paid of what came back.
    fn give_card_back(
        &mut self,
        returning: &Returning<'_>,
        place: usize,
        card: Coupon,
        entry: Option<EntryId>,
    ) -> Result<Option<ReturnedCoupon>, Stop> {
        let Some(id) = entry else { return Ok(None) };
        let Some(entry) = self.rows.get::<Ledger>(&id)?.cloned() else { return Ok(None) };
        if !is_of(&entry, card.id, &returning.purchase.transaction) {
            return Ok(None);
        }
        let terms = self.rows.terms(&card)?;
        let carried = returning.carried.coupons.get(place).copied().unwrap_or_default();
        let due = carried.rescaled(returning.exponent, terms.exponent());
        // Whoever took back what was taken back of it.
        let lacks = due.minus(entry.reversed).min(entry.reversible());
        if !lacks.is_positive() {
            return Ok(None);
        }
        let void = self.rows.void_of(&card)?;
        let decision = card.clone().unredeem_card(&terms, entry, Some(lacks), void, self.now())?;
        let reversal = decision.entries.iter().find(|made| made.reverses == Some(id.number)).map(|made| made.id);
        self.books().finish(&Found::stored(card.clone()), decision.because(returning.reason), returning.actor)?;
        self.give_up(returning, place, card.id)?;
        let amount = lacks.rescaled(terms.exponent(), returning.exponent);
        Ok(Some(ReturnedCoupon { place: place_of(place), amount, entry: reversal }))
    }

    /// Gives a coupon back where all that it took something of has come back and its pool says so.
    fn give_coupon_back(
        &mut self,
        returning: &Returning<'_>,
        place: usize,
        recorded: &Recorded,
        coupon: Coupon,
    ) -> Result<Option<ReturnedCoupon>, Stop> {
        let transaction = &returning.purchase.transaction;
        let all = returning.carried.all_of.get(place) == Some(&true);
        // Coupons know the purchases of all versions but those before this.
        let is_old = recorded.redeemed && returning.purchase.facts.since.is_none();
        let redeemed_at = recorded.coupon.as_ref().and_then(|coupon| coupon.redeemed_at).filter(|_| is_old);
        let was_given = returning.purchase.facts.returns.iter().flat_map(|part| &part.coupons);
        if !all
            || !self.rows.pool_of(coupon.id)?.returnable
            || was_given.into_iter().any(|given| given.place == place_of(place))
            || !coupon.is_redeemed_by(transaction, redeemed_at)
        {
            return Ok(None);
        }
        let decision = coupon.clone().unredeem_purchase(transaction.clone(), self.now())?;
        let id = coupon.id;
        self.books().note_taken_back(id, &decision)?;
        self.books().finish(&Found::stored(coupon), decision.because(returning.reason), returning.actor)?;
        self.give_up(returning, place, id)?;
        Ok(Some(ReturnedCoupon { place: place_of(place), amount: Amount::ZERO, entry: None }))
    }

    /// Puts a coupon that the purchase had given to its customer back to those that nobody holds.
    fn give_up(&mut self, returning: &Returning<'_>, place: usize, id: CouponId) -> Result<(), Stop> {
        let assigned = returning.purchase.checkout.coupons.get(place).is_some_and(|recorded| recorded.assigned);
        let Some(coupon) = self.rows.coupon(id)?.filter(|_| assigned) else { return Ok(()) };
        let terms = self.rows.terms(&coupon)?;
        if let Some(decision) = coupon.clone().give_up_assignment(&terms, self.now()) {
            self.books().finish(&Found::stored(coupon), decision.because(returning.reason), returning.actor)?;
        }
        Ok(())
    }

    /// Has the id of a purchase that came back wholly be used again.
    fn free_transaction(&mut self, purchase: &PurchaseRecord) {
        for coupon in purchase.checkout.coupons.iter().filter_map(|one| one.coupon.as_ref()) {
            self.rows.remove::<Purchases>((purchase.transaction.clone(), Some(coupon.id)));
        }
    }
}

fn place_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
