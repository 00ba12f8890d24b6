//! Holds: a checkout that is decided and not recorded yet. What it would take of each coupon is held by the coupon itself,
//! and the decision is kept under its transactionId, so that completing it takes just that, at that price. It is given
//! back by hand, or by time through the same door, as expiries are.

use crate::{
    Agreed, CheckoutOrder, CheckoutPreview, HeldCheckout, HoldFacts, PurchaseFacts, PurchaseRecord, fingerprint,
};
use scrip_domain::{
    checkout::card_amount,
    coupon::{Coupon, Held},
    id::{CouponId, TransactionId},
    period::Instant,
    rejection::{Input, Path, Refusal, Rejection, Step},
};
use scrip_storage::{Coupons, HoldDues, Purchases, RowId};

use super::{
    attempt::Attempt,
    checkout::{Decided, Order, facts_of, price_change, tell_after},
    found::Found,
    purchases::{read, redemption_in, rows_of_lists, use_of},
    redeem::after,
    stop::Stop,
};

/// For how long a hold may be, in minutes.
const MINUTES: std::ops::RangeInclusive<i64> = 1..=24 * 60;

impl Attempt<'_> {
    /// Decides a checkout and holds what it would take, for so many minutes.
    pub(super) fn checkout_hold(
        &mut self,
        asked: &CheckoutOrder,
        minutes: i64,
        actor: &str,
    ) -> Result<HeldCheckout, Stop> {
        let order = self.check_order(asked)?;
        let wrong = || Rejection::ValueInvalid { reason: "expected 1 to 1440 minutes".to_owned() }.at([Input::Minutes]);
        let until = Some(minutes).filter(|minutes| MINUTES.contains(minutes)).ok_or_else(wrong)?;
        let until = later(self.now(), until).ok_or_else(wrong)?;
        if self.held_checkout(&order.transaction)?.is_some() {
            return Err(Rejection::TransactionAlreadyUsed.at([Input::TransactionId]).into());
        }
        let Decided { since, found, mut record } = match self.decided(&order, asked)? {
            Ok(decided) => decided,
            Err(Agreed { record, refusal }) => return Ok(HeldCheckout { record, until: None, refusal }),
        };
        for (place, (found, recorded)) in found.iter().zip(&mut record.coupons).enumerate() {
            let Some((found, terms)) = found.as_ref().filter(|_| recorded.redeemable()) else { continue };
            let (coupon, claim) = self.assigned(found, terms, Some(&order.customer), Some(order.basket.as_ref()))?;
            recorded.assigned = claim.is_some();
            let amount = terms.card_value().map(|_| card_amount(recorded.discount, &order.basket, terms));
            let transaction = order.transaction.clone();
            let hold = Held { transaction, until, amount, assigned: recorded.assigned };
            // What only a hold is refused for is no verdict on the checkout.
            let refused = |refusal: Refusal| Refusal {
                field: Path::from_iter([Step::from(Input::Coupons), place.into(), Input::Code.into()]),
                ..refusal
            };
            let decision = coupon.hold(terms, hold, &order.customer, self.now()).map_err(refused)?;
            // Nobody redeems it under this id meanwhile.
            self.books().use_transaction(order.transaction.clone(), found, &decision)?;
            match self.books().carry_out(found, after(claim, decision), actor) {
                Ok(coupon) => recorded.coupon = Some(coupon),
                Err(stop) => self.rows.go_on(stop)?,
            }
        }
        self.rows.check_loaded()?;
        tell_after(&mut record.coupons, &found, |recorded| recorded.redeemable());
        let hold = HoldFacts { until, order: meaning_of(asked) };
        let facts = PurchaseFacts { hold: Some(hold), ..facts_of(&order, since) };
        let purchase = PurchaseRecord { transaction: order.transaction.clone(), facts, checkout: record };
        self.rows.put::<HoldDues>((until.as_millisecond(), order.transaction.clone()), ());
        self.books().put_purchase(&purchase)?;
        Ok(HeldCheckout { record: Box::new(purchase.checkout), until: Some(until), refusal: None })
    }

    /// The checkout that holds something under a transactionId. One whose hold is over is given back.
    pub(super) fn held_checkout(&mut self, transaction: &str) -> Result<Option<PurchaseRecord>, Stop> {
        let kept =
            self.rows.get::<Purchases>(&(transaction.to_owned(), None))?.and_then(|purchase| purchase.0.as_ref());
        let Some(kept) = kept else { return Ok(None) };
        let held = read(transaction, kept)?;
        let Some(hold) = &held.facts.hold else { return Ok(None) };
        if hold.until > self.now() {
            return Ok(Some(held));
        }
        self.give_held_back(&held, "scrip")?;
        Ok(None)
    }

    /// The decision that a checkout holds under the id of an order, where it is for the same.
    pub(super) fn held_for(&mut self, order: &Order, asked: &CheckoutOrder) -> Result<Option<PurchaseRecord>, Stop> {
        let Some(held) = self.held_checkout(&order.transaction)? else { return Ok(None) };
        if held.facts.customer.as_ref() != Some(&order.customer) {
            let reason = "this transactionId is held for another customer";
            return Err(Rejection::CustomerMismatch { reason }.at([Input::CustomerId]).into());
        }
        if held.facts.hold.as_ref().map(|hold| &hold.order) != Some(&meaning_of(asked)) {
            let reason = "expected the basket and the coupons that this transactionId is held for: checkoutRelease gives \
                          them back, so that it can be used for others";
            return Err(Rejection::ValueInvalid { reason: reason.to_owned() }.at([Input::Basket]).into());
        }
        Ok(Some(held))
    }

    /// Completes a checkout that is held: takes what it holds, at the price that was held.
    pub(super) fn complete_held(
        &mut self,
        order: &Order,
        mut held: PurchaseRecord,
        actor: &str,
    ) -> Result<Agreed, Stop> {
        if let Some(refusal) = price_change(order, &held.checkout) {
            return Ok(Agreed { record: Box::new(held.checkout), refusal: Some(refusal) });
        }
        self.need_coupons(&held)?;
        let transaction = held.transaction.clone();
        for recorded in held.checkout.coupons.iter_mut().filter(|recorded| recorded.redeemable()) {
            let Some(id) = recorded.coupon.as_ref().map(|coupon| coupon.id) else { continue };
            let Some(coupon) = self.rows.coupon(id)? else { continue };
            let terms = self.rows.terms(&coupon)?;
            let decision = coupon.clone().redeem_held(&terms, &transaction, self.now())?;
            let entry = redemption_in(&decision);
            self.rows.put::<Purchases>((transaction.clone(), Some(id)), use_of(entry)?);
            match self.books().carry_out(&Found::stored(coupon), decision, actor) {
                Ok(coupon) => (recorded.coupon, recorded.redeemed, recorded.entry) = (Some(coupon), true, entry),
                Err(stop) => self.rows.go_on(stop)?,
            }
        }
        self.rows.check_loaded()?;
        tell_after(&mut held.checkout.coupons, &[], |recorded| recorded.redeemed);
        if let Some(hold) = held.facts.hold.take() {
            self.forget_due(hold.until, &transaction)?;
        }
        held.facts.at = Some(order.at);
        self.books().put_purchase(&held)?;
        Ok(Agreed::as_told(held.checkout))
    }

    /// Gives back what a checkout holds.
    pub(super) fn release(&mut self, transaction: &TransactionId, actor: &str) -> Result<HeldCheckout, Stop> {
        let unknown = || Rejection::NotFound { what: "hold", by: "transactionId" }.at([Input::TransactionId]);
        let mut held = self.held_checkout(transaction.as_str())?.ok_or_else(unknown)?;
        let coupons = self.give_held_back(&held, actor)?;
        for recorded in held.checkout.coupons.iter_mut() {
            let id = recorded.coupon.as_ref().map(|coupon| coupon.id);
            if let Some(coupon) = coupons.iter().find(|coupon| Some(coupon.id) == id) {
                recorded.coupon = Some(coupon.clone());
            }
        }
        Ok(HeldCheckout { record: Box::new(held.checkout), until: None, refusal: None })
    }

    /// Gives back what checkouts hold until instants that are past; what is no longer held is only forgotten.
    pub(super) fn release_over(&mut self, due: &[(i64, String)]) -> Result<(), Stop> {
        let rows = |(until, transaction): &(i64, String)| {
            [RowId::of::<HoldDues>((*until, transaction.clone())), RowId::of::<Purchases>((transaction.clone(), None))]
        };
        self.rows.need(due.iter().flat_map(rows))?;
        let now = self.now().as_millisecond();
        self.for_each(due, |attempt, (until, transaction)| {
            if *until > now {
                // It stays on the list.
                attempt.rows.working().registry.hold_dues.came(*until);
                return Ok(());
            }
            // Of a hold that is over this gives back what it held.
            attempt.held_checkout(transaction)?;
            attempt.rows.remove::<HoldDues>((*until, transaction.clone()));
            Ok(())
        })
    }

    /// Gives back what a checkout holds and forgets it; the coupons after that.
    fn give_held_back(&mut self, held: &PurchaseRecord, actor: &str) -> Result<Vec<Coupon>, Stop> {
        self.need_coupons(held)?;
        let mut coupons = Vec::new();
        for id in held_coupons(held) {
            let Some(coupon) = self.rows.coupon(id)? else { continue };
            if let Some(decision) = coupon.clone().release(&held.transaction, self.now()) {
                match self.books().carry_out(&Found::stored(coupon), decision, actor) {
                    Ok(coupon) => coupons.push(coupon),
                    Err(stop) => self.rows.go_on(stop)?,
                }
            }
            self.rows.remove::<Purchases>((held.transaction.clone(), Some(id)));
        }
        self.rows.check_loaded()?;
        if let Some(hold) = &held.facts.hold {
            self.forget_due(hold.until, &held.transaction)?;
        }
        self.books().remove_purchase(held);
        Ok(coupons)
    }

    fn forget_due(&mut self, until: Instant, transaction: &str) -> Result<(), Stop> {
        let key = (until.as_millisecond(), transaction.to_owned());
        self.rows.get::<HoldDues>(&key)?;
        self.rows.remove::<HoldDues>(key);
        Ok(())
    }

    /// What giving back or taking what a checkout holds reads, at once.
    fn need_coupons(&mut self, held: &PurchaseRecord) -> Result<(), Stop> {
        let rows =
            |id: CouponId| [RowId::of::<Coupons>(id), RowId::of::<Purchases>((held.transaction.clone(), Some(id)))];
        let due = held.facts.hold.as_ref().map(|hold| (hold.until.as_millisecond(), held.transaction.clone()));
        let listed = rows_of_lists(held).collect::<Vec<_>>();
        let of_coupons = held_coupons(held).into_iter().flat_map(rows);
        let needed = self.rows.need(of_coupons.chain(due.map(RowId::of::<HoldDues>)).chain(listed));
        needed.inspect_err(|_| self.rows.need_nodes())
    }
}

/// The coupons of which a checkout holds something.
fn held_coupons(held: &PurchaseRecord) -> Vec<CouponId> {
    let passed = held.checkout.coupons.iter().filter(|recorded| recorded.redeemable());
    passed.filter_map(|recorded| recorded.coupon.as_ref()).map(|coupon| coupon.id).collect()
}

/// What an order is held for: all of it but the price that is expected, and when it is.
fn meaning_of(asked: &CheckoutOrder) -> String {
    let order = CheckoutOrder { at: None, expected_payable: None, ..asked.clone() };
    fingerprint(&CheckoutPreview(Box::new(order)).into(), None)
}

fn later(now: Instant, minutes: i64) -> Option<Instant> {
    scrip_domain::period::instant_of(now.as_millisecond().checked_add(minutes.checked_mul(60_000)?)?)
}
