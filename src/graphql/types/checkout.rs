//! What is decided of a checkout.

use async_graphql::SimpleObject;

use super::{Coupon, CouponUserError};
use crate::scalar::Decimal;
use scrip_domain::{
    currency::{Currency, exponent_of},
    decimal::Amount,
};
use scrip_service::{CheckoutRecord, Recorded};

/// What a basket costs with the coupons presented, and what was decided of each.
#[derive(Debug, Clone, SimpleObject)]
pub struct CheckoutVerdict {
    /// All lines and the shipping.
    pub total: Decimal,
    /// What the coupons take off.
    pub discount: Decimal,
    /// What is left to be paid.
    pub payable: Decimal,
    /// Each coupon, in the order presented.
    pub coupons: Vec<CouponVerdict>,
}

/// What was decided of one coupon.
#[derive(Debug, Clone, SimpleObject)]
pub struct CouponVerdict {
    /// The code as it was presented.
    pub code: String,
    /// The coupon, after the checkout; null where the code names none.
    pub coupon: Option<Coupon>,
    /// Whether every check passed.
    pub redeemable: bool,
    /// What it takes off.
    pub discount: Decimal,
    /// Whether this checkout redeemed it.
    pub redeemed: bool,
    /// What refused it.
    pub reasons: Vec<CouponUserError>,
    /// Every check with its outcome.
    pub trace: Vec<CheckResult>,
}

/// One check and its outcome.
#[derive(Debug, Clone, SimpleObject)]
pub struct CheckResult {
    /// What was checked.
    pub check: String,
    /// Whether it passed.
    pub passed: bool,
    /// Why it failed, or what staff should know of a check that passed.
    pub detail: Option<String>,
}

impl CheckoutVerdict {
    /// The verdict of a decided checkout.
    #[must_use]
    pub fn of(record: CheckoutRecord) -> Self {
        let exponent = exponent_of(Currency::parse(&record.currency).ok());
        let decimal = |amount: Amount| Decimal(amount.text(exponent));
        let discount = record.coupons.iter().fold(Amount::ZERO, |sum, coupon| sum.plus(coupon.discount));
        Self {
            total: decimal(record.total),
            discount: decimal(discount),
            payable: decimal(record.total.minus(discount)),
            coupons: record.coupons.into_iter().map(|coupon| CouponVerdict::of(coupon, exponent)).collect(),
        }
    }
}

impl CouponVerdict {
    fn of(recorded: Recorded, exponent: u8) -> Self {
        let trace = recorded.checks.iter().map(|check| CheckResult {
            check: check.name.clone(),
            passed: check.refusal.is_none(),
            detail: check.refusal.as_ref().map(|refusal| refusal.message.clone()).or_else(|| check.note.clone()),
        });
        Self {
            redeemable: recorded.redeemable(),
            reasons: recorded.reasons().cloned().map(CouponUserError).collect(),
            trace: trace.collect(),
            discount: Decimal(recorded.discount.text(exponent)),
            redeemed: recorded.redeemed,
            coupon: recorded.coupon.map(Coupon),
            code: recorded.code,
        }
    }
}
