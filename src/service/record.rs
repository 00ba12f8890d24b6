//! What is recorded of a checkout: the decision, as it is answered, and kept with the purchase.

use serde::{Deserialize, Serialize};

use scrip_domain::{
    basket::Basket,
    checkout::{Allocation, Check, Verdict},
    coupon::Coupon,
    decimal::Amount,
    id::EntryId,
    rejection::Refusal,
};

/// What was decided of one coupon of a checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The code as typed.
    pub code: String,
    /// The coupon, after the checkout.
    pub coupon: Option<Coupon>,
    /// Every check and its outcome.
    pub checks: Vec<Check>,
    /// What it took off, in the basket's minor units.
    pub discount: Amount,
    /// Where it took that. None in what versions before this recorded.
    #[serde(default)]
    pub allocations: Vec<Allocation>,
    /// Whether the checkout redeemed it.
    pub redeemed: bool,
    /// Gift cards: the entry of that redemption.
    #[serde(default)]
    pub entry: Option<EntryId>,
    /// Whether nobody held it, and the checkout gave it to its customer.
    #[serde(default)]
    pub assigned: bool,
}

impl Recorded {
    /// What was decided of a coupon that is not redeemed yet.
    #[must_use]
    pub(super) fn of(code: String, coupon: Option<Coupon>, verdict: Verdict) -> Self {
        let Verdict { checks, discount, allocations, admitted: _ } = verdict;
        Self { code, coupon, checks, discount, allocations, redeemed: false, entry: None, assigned: false }
    }

    /// Whether every check passed.
    #[must_use]
    pub fn redeemable(&self) -> bool {
        self.checks.iter().all(|check| check.refusal.is_none())
    }

    /// What refused it.
    pub fn reasons(&self) -> impl Iterator<Item = &Refusal> {
        self.checks.iter().filter_map(|check| check.refusal.as_ref())
    }
}

/// What was decided of a checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutRecord {
    /// The basket's currency, an ISO 4217 code.
    pub currency: String,
    /// Lines and shipping, in the basket's minor units.
    pub total: Amount,
    /// What each line costs. None in what versions before this recorded.
    #[serde(default)]
    pub lines: Vec<Amount>,
    /// What the shipping costs.
    #[serde(default)]
    pub shipping: Amount,
    /// Each coupon, in the order presented.
    pub coupons: Vec<Recorded>,
}

impl CheckoutRecord {
    /// What was decided of a basket.
    #[must_use]
    pub(super) fn of(basket: &Basket, coupons: Vec<Recorded>) -> Self {
        Self {
            currency: basket.currency.to_string(),
            total: basket.subtotal().plus(basket.shipping),
            lines: basket.lines.iter().map(|line| line.amount).collect(),
            shipping: basket.shipping,
            coupons,
        }
    }

    /// What all coupons take off.
    #[must_use]
    pub fn discount(&self) -> Amount {
        self.coupons.iter().fold(Amount::ZERO, |sum, coupon| sum.plus(coupon.discount))
    }

    /// What is left to be paid.
    #[must_use]
    pub fn payable(&self) -> Amount {
        self.total.minus(self.discount())
    }
}
