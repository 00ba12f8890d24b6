//! What is decided of a checkout. The largest has fifty thousand allocations, so every part is made when it is asked for.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{Context, Object, Result, SimpleObject};

use super::{Coupon, CouponUserError, LedgerEntry};
use crate::{asking::session, failure::internal, scalar::Decimal};
use scrip_domain::{
    currency::{Currency, exponent_of},
    decimal::Amount,
};
use scrip_service::{CheckoutRecord, EligibleRecord, Recorded};

/// What a basket costs with the coupons presented, and what was decided of each.
#[derive(Debug, Clone)]
pub struct CheckoutVerdict(Arc<Decided>);

/// A record, and the decimals of its amounts.
#[derive(Debug)]
struct Decided {
    record: CheckoutRecord,
    exponent: u8,
}

impl Decided {
    fn decimal(&self, amount: Amount) -> Decimal {
        Decimal(amount.text(self.exponent))
    }
}

impl CheckoutVerdict {
    /// The verdict of a decided checkout.
    #[must_use]
    pub fn of(record: CheckoutRecord) -> Self {
        let exponent = exponent_of(Currency::parse(&record.currency).ok());
        Self(Arc::new(Decided { record, exponent }))
    }

    /// What the coupons take of each line, and of the shipping, which is the last.
    fn taken(&self) -> Vec<Vec<(usize, Amount)>> {
        let record = &self.0.record;
        let shipping = record.lines.len();
        let mut taken = vec![Vec::new(); shipping + 1];
        for (coupon, recorded) in record.coupons.iter().enumerate() {
            for allocation in &recorded.allocations {
                let place = allocation.line.map_or(shipping, |line| line as usize);
                if let Some(of_line) = taken.get_mut(place) {
                    of_line.push((coupon, allocation.amount));
                }
            }
        }
        taken
    }
}

/// What a basket costs with the coupons presented, and what was decided of each.
#[Object]
impl CheckoutVerdict {
    /// All lines and the shipping.
    async fn total(&self) -> Decimal {
        self.0.decimal(self.0.record.total)
    }

    /// What the coupons take off.
    async fn discount(&self) -> Decimal {
        self.0.decimal(self.0.record.discount())
    }

    /// What is left to be paid.
    async fn payable(&self) -> Decimal {
        self.0.decimal(self.0.record.payable())
    }

    /// Each line, in the order given: what it costs, and what the coupons take of it.
    async fn lines(&self) -> Vec<LineVerdict> {
        let taken = self.taken().into_iter().enumerate().take(self.0.record.lines.len());
        taken.map(|(line, taken)| LineVerdict { of: Arc::clone(&self.0), line: Some(line), taken }).collect()
    }

    /// The shipping: what it costs, and what the coupons take of it.
    async fn shipping(&self) -> LineVerdict {
        LineVerdict { of: Arc::clone(&self.0), line: None, taken: self.taken().pop().unwrap_or_default() }
    }

    /// Each coupon, in the order presented.
    async fn coupons(&self) -> Vec<CouponVerdict> {
        let coupons = 0..self.0.record.coupons.len();
        coupons.map(|coupon| CouponVerdict { of: Arc::clone(&self.0), coupon }).collect()
    }
}

/// Which of a customer's coupons fit a basket.
#[derive(Debug, Clone)]
pub struct Eligibility {
    of: Arc<Decided>,
    best: Vec<String>,
    discount: Amount,
    exact: bool,
}

impl Eligibility {
    /// What was decided.
    #[must_use]
    pub fn of(record: EligibleRecord) -> Self {
        let EligibleRecord { alone, best, discount, exact } = record;
        Self { of: CheckoutVerdict::of(alone).0, best, discount, exact }
    }
}

/// Which of a customer's coupons fit a basket.
#[Object]
impl Eligibility {
    /// The coupons that the customer holds, each decided as if it was presented alone: those that can be used first, the
    /// latest before others. Up to 100, the latest of a longer history.
    async fn coupons(&self) -> Vec<CouponVerdict> {
        let coupons = 0..self.of.record.coupons.len();
        coupons.map(|coupon| CouponVerdict { of: Arc::clone(&self.of), coupon }).collect()
    }

    /// The best of them together, by their codes and in the order in which they are taken: what takes the most off without
    /// gift cards, and then lets them pay the most. Presented in this order they take off the discount.
    async fn best(&self) -> &[String] {
        &self.best
    }

    /// What the best take off, gift cards included.
    async fn discount(&self) -> Decimal {
        self.of.decimal(self.discount)
    }

    /// Whether it is certain that no others are better: all coupons that the customer can use were looked at, at most 50
    /// of them fit, and every set that could be better was tried.
    async fn exact(&self) -> bool {
        self.exact
    }
}

/// What a line of a basket costs, or its shipping, and what is taken off.
#[derive(Debug, Clone)]
pub(super) struct LineVerdict {
    of: Arc<Decided>,
    /// None for the shipping.
    line: Option<usize>,
    /// Which coupons take how much.
    taken: Vec<(usize, Amount)>,
}

impl LineVerdict {
    fn costs(&self) -> Amount {
        let record = &self.of.record;
        self.line.map_or(Some(record.shipping), |line| record.lines.get(line).copied()).unwrap_or_default()
    }

    fn discounted(&self) -> Amount {
        self.taken.iter().fold(Amount::ZERO, |sum, (_, amount)| sum.plus(*amount))
    }
}

/// What a line of a basket costs, or its shipping, and what is taken off.
#[Object]
impl LineVerdict {
    /// What it costs: of a line quantity times unit price, rounded half up once.
    async fn total(&self) -> Decimal {
        self.of.decimal(self.costs())
    }

    /// What all coupons take off it.
    async fn discount(&self) -> Decimal {
        self.of.decimal(self.discounted())
    }

    /// What is left to be paid of it.
    async fn payable(&self) -> Decimal {
        self.of.decimal(self.costs().minus(self.discounted()))
    }

    /// What each coupon takes off it, in the order presented; none of those that take nothing of it.
    async fn allocations(&self) -> Vec<Allocation> {
        let of = |(coupon, amount): &(usize, Amount)| Allocation {
            of: Arc::clone(&self.of),
            coupon: *coupon,
            line: self.line,
            amount: *amount,
        };
        self.taken.iter().map(of).collect()
    }
}

/// What a coupon takes of a line, or of the shipping.
#[derive(Debug, Clone)]
pub(super) struct Allocation {
    of: Arc<Decided>,
    coupon: usize,
    line: Option<usize>,
    amount: Amount,
}

/// What a coupon takes of a line, or of the shipping.
#[Object]
impl Allocation {
    /// The code as it was presented.
    async fn code(&self, ctx: &Context<'_>) -> Result<Cow<'_, str>> {
        let code = self.of.record.coupons.get(self.coupon).map_or("", |recorded| &recorded.code);
        Ok(session(ctx)?.code(code))
    }

    /// The line, counted from 0; null for the shipping.
    async fn line(&self) -> Option<i32> {
        self.line.and_then(|line| i32::try_from(line).ok())
    }

    /// How much, above zero.
    async fn amount(&self) -> Decimal {
        self.of.decimal(self.amount)
    }
}

/// What was decided of one coupon.
#[derive(Debug, Clone)]
pub(super) struct CouponVerdict {
    of: Arc<Decided>,
    coupon: usize,
}

impl CouponVerdict {
    fn recorded(&self, ctx: &Context<'_>) -> Result<&Recorded> {
        let recorded = self.of.record.coupons.get(self.coupon);
        recorded.ok_or_else(|| internal(ctx, "a coupon is not in its checkout"))
    }
}

/// What was decided of one coupon.
#[Object]
impl CouponVerdict {
    /// The code as it was presented.
    async fn code(&self, ctx: &Context<'_>) -> Result<Cow<'_, str>> {
        Ok(session(ctx)?.code(&self.recorded(ctx)?.code))
    }

    /// The coupon, after the checkout; null where the code names none, and of an open code that the checkout has not
    /// redeemed.
    async fn coupon(&self, ctx: &Context<'_>) -> Result<Option<Coupon>> {
        Ok(self.recorded(ctx)?.coupon.clone().map(Coupon))
    }

    /// Whether every check passed.
    async fn redeemable(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.recorded(ctx)?.redeemable())
    }

    /// What it takes off.
    async fn discount(&self, ctx: &Context<'_>) -> Result<Decimal> {
        Ok(self.of.decimal(self.recorded(ctx)?.discount))
    }

    /// Where it takes that: lines in their order, then the shipping. They sum up to the discount.
    async fn allocations(&self, ctx: &Context<'_>) -> Result<Vec<Allocation>> {
        let of = |allocation: &scrip_domain::checkout::Allocation| Allocation {
            of: Arc::clone(&self.of),
            coupon: self.coupon,
            line: allocation.line.map(|line| line as usize),
            amount: allocation.amount,
        };
        Ok(self.recorded(ctx)?.allocations.iter().map(of).collect())
    }

    /// Whether this checkout redeemed it.
    async fn redeemed(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.recorded(ctx)?.redeemed)
    }

    /// Gift cards that were redeemed: the entry that names the redemption when it is taken back.
    async fn ledger_entry(&self, ctx: &Context<'_>) -> Result<Option<LedgerEntry>> {
        let Some(id) = self.recorded(ctx)?.entry else { return Ok(None) };
        LedgerEntry::read(ctx, id).await
    }

    /// What refused it.
    async fn reasons(&self, ctx: &Context<'_>) -> Result<Vec<CouponUserError>> {
        Ok(self.recorded(ctx)?.reasons().cloned().map(CouponUserError).collect())
    }

    /// Every check with its outcome.
    async fn trace(&self, ctx: &Context<'_>) -> Result<Vec<CheckResult>> {
        let checks = self.recorded(ctx)?.checks.iter().map(|check| CheckResult {
            check: check.name.clone(),
            passed: check.refusal.is_none(),
            detail: check.refusal.as_ref().map(|refusal| refusal.message.clone()).or_else(|| check.note.clone()),
        });
        Ok(checks.collect())
    }
}

/// One check and its outcome.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct CheckResult {
    /// What was checked.
    pub check: String,
    /// Whether it passed.
    pub passed: bool,
    /// Why it failed, or what staff should know of a check that passed.
    pub detail: Option<String>,
}
