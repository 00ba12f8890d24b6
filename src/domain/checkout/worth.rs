//! What a coupon that may be used takes off a basket, and why one takes nothing.

use std::sync::Arc;

use super::ground::{Ground, Taking, Weighing};
use crate::{
    basket::Basket,
    combining::PercentagesOf,
    coupon::{AllHeld, Coupon},
    currency::exponent_of,
    decimal::{Amount, Decimal},
    gift_card::Account,
    period::Instant,
    rejection::{Input, Refusal, Rejection},
    terms::{Terms, Value},
};

/// What a coupon takes: of the lines that it is for, and of the shipping.
pub(super) struct Taken {
    pub(super) lines: Option<Taking>,
    pub(super) shipping: Amount,
    /// All of it.
    pub(super) amount: Amount,
}

/// Takes off what a coupon that is no gift card is worth.
pub(super) fn take(
    ground: &mut Ground<'_>,
    terms: &Arc<Terms>,
    percentages_of: PercentagesOf,
) -> Result<Taken, Rejection> {
    let basket = ground.basket();
    if terms.value == Value::FreeShipping {
        let left = ground.shipping_left();
        let why = if basket.shipping.is_positive() { "the shipping is paid for already" } else { "shipping is free" };
        return something(left, why).map(|left| take_from(ground, terms, Amount::ZERO, left, Weighing::Left));
    }
    let price = ground.price(terms).unwrap_or_default();
    let left = something(ground.left(terms), why_nothing_is_left(price))?;
    let (worth, weighing) = match percentages_of {
        PercentagesOf::Original => worth(basket, terms, (price, Weighing::Price)),
        PercentagesOf::Remaining => worth(basket, terms, (left, Weighing::Left)),
    };
    let worth = something(worth, &format!("it is worth less than the smallest amount of {}", basket.currency))?;
    Ok(take_from(ground, terms, worth.min(left), Amount::ZERO, weighing))
}

/// What a coupon that is for lines alone is worth, and by what it is laid on them. `whole` is of what a percentage is.
fn worth(basket: &Basket, terms: &Terms, whole: (Amount, Weighing)) -> (Amount, Weighing) {
    match terms.value {
        Value::Percentage(hundredths) => (percentage_of(whole.0, hundredths), whole.1),
        Value::Amount(amount) => (amount.rescaled(terms.exponent(), basket.currency.exponent()), Weighing::Left),
        Value::FreeShipping | Value::GiftCard(_) => (Amount::ZERO, Weighing::Left),
    }
}

/// Pays with a gift card: the lines that it is for, then the shipping where its pool says so.
pub(super) fn pay(
    ground: &mut Ground<'_>,
    (coupon, terms): (&Coupon, &Arc<Terms>),
    asked: Option<&str>,
    pays_shipping: bool,
    now: Instant,
) -> Result<Taken, Refusal> {
    let lines = ground.left(terms);
    let shipping = if pays_shipping { ground.shipping_left() } else { Amount::ZERO };
    let Value::GiftCard(value) = terms.value else { return Err(Rejection::AmountRequired.into()) };
    let unissued = Account { balance: value, ..Account::default() };
    let account = coupon.account.filter(|_| coupon.customer.is_some()).unwrap_or(unissued);
    let why = why_nothing_is_left(ground.price(terms).unwrap_or_default());
    let payable = something(lines.plus(shipping), why)?;
    let amount = card_payment((&account, &coupon.held(now)), terms, asked, ground.basket(), payable)?;
    let of_lines = amount.min(lines);
    Ok(take_from(ground, terms, of_lines, amount.minus(of_lines), Weighing::Left))
}

/// What a card pays: the amount asked for, or all that is payable and on it, never more than is payable.
fn card_payment(
    (account, held): (&Account, &AllHeld),
    terms: &Terms,
    asked: Option<&str>,
    basket: &Basket,
    payable: Amount,
) -> Result<Amount, Refusal> {
    let (mine, theirs) = (terms.exponent(), basket.currency.exponent());
    let wanted = match asked {
        Some(text) => {
            let asked = Decimal::parse(text).map_err(|rejection| rejection.at([Input::Amount]))?;
            let wanted = asked_amount(asked, terms, basket)?;
            if wanted > account.balance {
                return Err(Rejection::InsufficientBalance { balance: account.balance.text(mine) }.at([Input::Amount]));
            }
            wanted.rescaled(mine, theirs)
        }
        None => {
            let free = account.balance.minus(held.amount);
            if let Some(refusal) = held.refusal().filter(|_| !free.is_positive()) {
                return Err(refusal.into());
            }
            let free = free.rescaled(mine, theirs);
            something(free, &format!("the card holds less than the smallest amount of {}", basket.currency))?
        }
    };
    let amount = wanted.min(in_both(payable, terms, basket)?);
    account.check_redemption(terms, amount.rescaled(theirs, mine), held)?;
    Ok(amount)
}

/// As much of an amount of a basket as a card can pay exactly, in the basket's minor units: their currency may have more
/// decimals than the card's.
fn in_both(amount: Amount, terms: &Terms, basket: &Basket) -> Result<Amount, Rejection> {
    let (mine, theirs) = (terms.exponent(), basket.currency.exponent());
    let amount = amount.rescaled(theirs, mine.min(theirs)).rescaled(mine.min(theirs), theirs);
    something(amount, "what is left to pay is less than the smallest amount of the card")
}

/// The amount that is asked of a card for a basket, in the card's minor units: one that both can express.
pub fn asked_amount(asked: Decimal, terms: &Terms, basket: &Basket) -> Result<Amount, Refusal> {
    let both = terms.exponent().min(basket.currency.exponent());
    let amount = asked.to_amount(both).map_err(|rejection| rejection.at([Input::Amount]))?;
    Ok(amount.rescaled(both, terms.exponent()))
}

/// What of a basket a coupon can pay for, outside of a checkout and in its own minor units: for a gift card the most that
/// it may pay, for others what they are worth. Refused where that is nothing.
pub fn payable_by(basket: &Basket, terms: &Arc<Terms>, pays_shipping: bool) -> Result<Amount, Rejection> {
    let mut ground = Ground::new(basket, [terms]);
    if terms.card_value().is_none() {
        // Nothing was taken before.
        return take(&mut ground, terms, PercentagesOf::Original).map(|taken| taken.amount);
    }
    let lines = ground.left(terms);
    let shipping = if pays_shipping { basket.shipping } else { Amount::ZERO };
    let payable = something(lines.plus(shipping), why_nothing_is_left(ground.price(terms).unwrap_or_default()))?;
    let payable = in_both(payable, terms, basket)?;
    Ok(payable.rescaled(basket.currency.exponent(), exponent_of(terms.currency)))
}

fn take_from(
    ground: &mut Ground<'_>,
    terms: &Arc<Terms>,
    lines: Amount,
    shipping: Amount,
    weighing: Weighing,
) -> Taken {
    let taking = lines.is_positive().then(|| ground.take(terms, lines, weighing));
    let shipping = ground.take_shipping(shipping);
    Taken { lines: taking, shipping, amount: lines.plus(shipping) }
}

fn why_nothing_is_left(price: Amount) -> &'static str {
    if price.is_positive() { "what it is for is paid for already" } else { "what it is for costs nothing" }
}

/// An amount above zero, or why there is none.
fn something(amount: Amount, why: &str) -> Result<Amount, Rejection> {
    if amount.is_positive() { Ok(amount) } else { Err(Rejection::NothingToDiscount { why: why.to_owned() }) }
}

/// A percentage of an amount, rounded half up to the minor unit.
fn percentage_of(amount: Amount, hundredths: u16) -> Amount {
    let part = (i128::from(amount.0) * i128::from(hundredths) + 5_000) / 10_000;
    Amount(i64::try_from(part).unwrap_or(i64::MAX))
}
