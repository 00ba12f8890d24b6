//! The checkout: which of the coupons presented with a basket may be used, why not, and what each is
//! worth. Every check is made and told, so that staff see all of them; discounts never take the
//! basket below zero, and gift cards pay last.

use std::{collections::HashMap, sync::Arc};

use super::{
    basket::Basket,
    coupon::Coupon,
    currency::exponent_of,
    decimal::{Amount, Decimal},
    gift_card::Account,
    id::CustomerId,
    period::Instant,
    rejection::{Refusal, Rejection},
    status::Status,
    terms::{Terms, Value},
};

/// The most coupons that one checkout may present.
pub const MAX_COUPONS: usize = 50;

/// One coupon as presented: what the code named, if it named one, and what was asked of it.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The code as typed.
    pub code: String,
    /// The coupon and the terms it carries.
    pub found: Option<(Coupon, Arc<Terms>)>,
    /// Whether it could be assigned to the customer now, if nobody holds it; none where its pool does
    /// not allow that (all but uploaded codes).
    pub assignment: Option<Result<(), Rejection>>,
    /// Gift cards: how much is to be taken.
    pub amount: Option<String>,
    /// What the pool's own checks came to.
    pub asked: Vec<Check>,
}

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Check {
    /// What was checked: "status", "owner".
    pub name: String,
    /// Why it failed; none where it passed.
    pub refusal: Option<Refusal>,
    /// What staff should know of a check that passed.
    #[serde(default)]
    pub note: Option<String>,
}

/// What was decided of one coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Every check that could be made, in order.
    pub checks: Vec<Check>,
    /// What it takes off, in minor units of the basket's currency.
    pub discount: Amount,
}

impl Verdict {
    /// All checks passed.
    #[must_use]
    pub fn redeemable(&self) -> bool {
        self.checks.iter().all(|check| check.refusal.is_none())
    }

    fn record(&mut self, name: &str, result: Result<(), Rejection>) {
        self.checks.push(Check { name: name.to_owned(), refusal: result.err().map(Refusal::from), note: None });
    }
}

/// What is still to be paid while discounts are taken off.
struct Payable {
    merchandise: Amount,
    shipping: Amount,
}

impl Payable {
    fn total(&self) -> Amount {
        self.merchandise.plus(self.shipping)
    }

    fn take_merchandise(&mut self, amount: Amount) -> Amount {
        let taken = amount.min(self.merchandise);
        self.merchandise = self.merchandise.minus(taken);
        taken
    }

    fn take_shipping(&mut self) -> Amount {
        std::mem::take(&mut self.shipping)
    }

    /// Takes from the merchandise first, then from the shipping.
    fn take(&mut self, amount: Amount) -> Amount {
        let first = self.take_merchandise(amount);
        let second = amount.minus(first).min(self.shipping);
        self.shipping = self.shipping.minus(second);
        first.plus(second)
    }
}

/// Decides a checkout: a verdict for each presented coupon, in the order presented.
#[must_use]
pub fn decide(basket: &Basket, customer: &CustomerId, presented: &[Presented], now: Instant) -> Vec<Verdict> {
    let mut eligible = Eligible { basket, known: HashMap::new() };
    let mut verdicts = Vec::with_capacity(presented.len());
    for (place, one) in presented.iter().enumerate() {
        verdicts.push(check(&mut eligible, customer, one, presented.get(..place).unwrap_or_default(), now));
    }
    let mut payable = Payable { merchandise: basket.subtotal(), shipping: basket.shipping };
    let is_card = |one: &Presented| one.found.as_ref().is_some_and(|(_, terms)| terms.card_value().is_some());
    for cards in [false, true] {
        for (one, verdict) in presented.iter().zip(&mut verdicts) {
            if let Some((coupon, terms)) = one.found.as_ref().filter(|_| is_card(one) == cards && verdict.redeemable())
            {
                let amount = one.amount.as_deref();
                discount(&mut eligible, coupon, terms, amount, &mut payable, verdict);
            }
        }
    }
    verdicts
}

/// What of a basket coupons are for: found once for all coupons that share their terms, because looking a thousand lines
/// up among ten thousand products takes a millisecond.
struct Eligible<'a> {
    basket: &'a Basket,
    known: HashMap<*const Terms, Option<Amount>>,
}

impl Eligible<'_> {
    /// What the lines are worth that a coupon with these terms is for; none where there is no such line.
    fn by(&mut self, terms: &Arc<Terms>) -> Option<Amount> {
        let basket = self.basket;
        *self.known.entry(Arc::as_ptr(terms)).or_insert_with(|| basket.eligible(&terms.restrictions.products))
    }
}

/// The checks that need no other coupon's discount.
fn check(
    eligible: &mut Eligible<'_>,
    customer: &CustomerId,
    one: &Presented,
    before: &[Presented],
    now: Instant,
) -> Verdict {
    let mut verdict = Verdict { checks: Vec::new(), discount: Amount::ZERO };
    let Some((coupon, terms)) = &one.found else {
        verdict.record("existence", Err(Rejection::NotFound { what: "coupon", by: "code" }));
        return verdict;
    };
    verdict.record("existence", Ok(()));
    let again = before.iter().any(|other| other.found.as_ref().is_some_and(|(c, _)| c.id == coupon.id));
    let twice = Rejection::Duplicate { what: "this coupon in this checkout".to_owned() };
    verdict.record("presented once", if again { Err(twice) } else { Ok(()) });
    let status = coupon.status_at(now);
    let usable = status.is_live() || (status == Status::Unassigned && one.assignment.is_some());
    let expired = status == Status::Expired;
    let status_result = if usable || expired { Ok(()) } else { Err(status.refusal(coupon.expires_at)) };
    verdict.record("status", status_result);
    if let Some(assignment) = one.assignment.clone().filter(|_| status == Status::Unassigned) {
        verdict.record("assignment", assignment);
    }
    let owned = coupon.customer.as_ref().is_none_or(|owner| owner == customer);
    verdict.record("owner", if owned { Ok(()) } else { Err(Rejection::NotOwner) });
    verdict.record("expiry", if expired { Err(status.refusal(coupon.expires_at)) } else { Ok(()) });
    check_basket(eligible.basket, terms, eligible.by(terms), &mut verdict);
    verdict.checks.extend(one.asked.iter().cloned());
    verdict
}

/// The checks of a coupon's terms against a basket.
fn check_basket(basket: &Basket, terms: &Terms, eligible: Option<Amount>, verdict: &mut Verdict) {
    let restrictions = &terms.restrictions;
    verdict.record("currency", check_currency(basket, terms));
    let worth = eligible.unwrap_or(Amount::ZERO);
    verdict.record("purchase minimum", check_minimum(basket, terms, worth));
    let here = restrictions.stores.is_empty()
        || basket.store.as_ref().is_some_and(|store| restrictions.stores.binary_search(store).is_ok());
    verdict.record("store", if here { Ok(()) } else { Err(Rejection::StoreNotAllowed) });
    verdict.record("products", eligible.map(drop).ok_or(Rejection::ProductNotEligible));
}

/// The refusals of a basket by a coupon's terms, for a redemption outside a checkout.
#[must_use]
pub fn basket_refusals(basket: &Basket, terms: &Terms) -> Vec<Refusal> {
    let mut verdict = Verdict { checks: Vec::new(), discount: Amount::ZERO };
    check_basket(basket, terms, basket.eligible(&terms.restrictions.products), &mut verdict);
    verdict.checks.into_iter().filter_map(|check| check.refusal).collect()
}

fn check_currency(basket: &Basket, terms: &Terms) -> Result<(), Rejection> {
    match terms.currency {
        Some(expected) if expected != basket.currency => {
            Err(Rejection::CurrencyMismatch { expected: expected.to_string(), found: basket.currency.to_string() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Compares in the finer of both units, so that nothing is lost.
fn check_minimum(basket: &Basket, terms: &Terms, eligible: Amount) -> Result<(), Rejection> {
    let Some(minimum) = terms.restrictions.purchase_minimum else { return Ok(()) };
    let (mine, theirs) = (terms.exponent(), basket.currency.exponent());
    let finer = mine.max(theirs);
    if eligible.rescaled(theirs, finer) >= minimum.rescaled(mine, finer) {
        return Ok(());
    }
    Err(Rejection::PurchaseMinimumNotMet { minimum: minimum.text(mine), eligible: eligible.text(theirs) })
}

/// Takes a coupon's discount off what is payable.
fn discount(
    eligible: &mut Eligible<'_>,
    coupon: &Coupon,
    terms: &Arc<Terms>,
    asked: Option<&str>,
    payable: &mut Payable,
    verdict: &mut Verdict,
) {
    let exponent = eligible.basket.currency.exponent();
    let eligible = eligible.by(terms).unwrap_or(Amount::ZERO);
    if asked.is_some() && terms.card_value().is_none() {
        let subject = format!("type {}", terms.value.kind().name());
        verdict.record("amount", Err(Rejection::FieldNotApplicable { subject }));
        return;
    }
    verdict.discount = match terms.value {
        Value::Amount(amount) => payable.take_merchandise(eligible.min(amount.rescaled(terms.exponent(), exponent))),
        Value::Percentage(hundredths) => payable.take_merchandise(percentage_of(eligible, hundredths)),
        Value::FreeShipping => payable.take_shipping(),
        Value::GiftCard(value) => {
            let unissued = Account { balance: value, ..Account::default() };
            let account = coupon.account.filter(|_| coupon.customer.is_some()).unwrap_or(unissued);
            match card_payment(&account, terms, asked, exponent, payable.total()) {
                Ok(amount) => {
                    verdict.record("gift card", Ok(()));
                    payable.take(amount)
                }
                Err(refusal) => {
                    verdict.checks.push(Check { name: "gift card".to_owned(), refusal: Some(refusal), note: None });
                    Amount::ZERO
                }
            }
        }
    };
}

/// What a card pays: the amount asked for, or all that is payable and on it, never more than is
/// payable.
fn card_payment(
    account: &Account,
    terms: &Terms,
    asked: Option<&str>,
    exponent: u8,
    payable: Amount,
) -> Result<Amount, Refusal> {
    let mine = terms.exponent();
    let wanted = match asked {
        Some(text) => {
            Decimal::parse(text).and_then(|d| d.to_amount(mine.min(exponent))).map_err(|r| r.at(["amount"]))?
        }
        None => account.balance.min(payable.rescaled(exponent, mine)).rescaled(mine, mine.min(exponent)),
    };
    let wanted = wanted.rescaled(mine.min(exponent), exponent);
    if asked.is_some() && wanted.rescaled(exponent, mine) > account.balance {
        return Err(Rejection::InsufficientBalance { balance: account.balance.text(mine) }.at(["amount"]));
    }
    let amount = wanted.min(payable);
    account.check_redemption(terms, amount.rescaled(exponent, mine))?;
    Ok(amount)
}

/// A percentage of an amount, rounded half up to the minor unit.
fn percentage_of(amount: Amount, hundredths: u16) -> Amount {
    let part = (i128::from(amount.0) * i128::from(hundredths) + 5_000) / 10_000;
    Amount(i64::try_from(part).unwrap_or(i64::MAX))
}

/// The decimals of a gift card's amounts, and of the basket that it pays: the amount that a card pays
/// in its own minor units.
#[must_use]
pub fn card_amount(discount: Amount, basket: &Basket, terms: &Terms) -> Amount {
    discount.rescaled(basket.currency.exponent(), exponent_of(terms.currency))
}

#[cfg(test)]
#[path = "checkout_tests.rs"]
mod tests;
