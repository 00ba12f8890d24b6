//! Purchases, and what came back of them.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::{CheckoutVerdict, CouponUserError, Customer, LedgerEntry, coupon::customer, event};
use crate::{
    asking::session,
    connection::CouponEventConnection,
    failure::internal,
    global_id::{self, GlobalId},
    scalar::{Cursor, DateTime, Decimal},
};
use scrip_domain::decimal::Amount;
use scrip_service::{EventFilter, PurchaseRecord, ReturnRecord, ReturnedCoupon};

/// A checkout that was recorded.
#[derive(Debug, Clone)]
pub struct Purchase {
    transaction: String,
    /// None where nothing is asked of it but what it is.
    read: Option<Arc<Read>>,
}

/// What was recorded, and what is made of it once, however often it is asked for: it may be large.
#[derive(Debug)]
struct Read {
    record: Arc<PurchaseRecord>,
    verdict: OnceLock<CheckoutVerdict>,
    returned: OnceLock<bool>,
}

impl Purchase {
    /// What was recorded.
    #[must_use]
    pub fn of(record: PurchaseRecord) -> Self {
        let transaction = record.transaction.clone();
        let read = Read { record: Arc::new(record), verdict: OnceLock::new(), returned: OnceLock::new() };
        Self { transaction, read: Some(Arc::new(read)) }
    }

    /// One that is there and was not read.
    #[must_use]
    pub fn unread(transaction: String) -> Self {
        Self { transaction, read: None }
    }

    fn read(&self, ctx: &Context<'_>) -> Result<&Read> {
        self.read.as_deref().ok_or_else(|| internal(ctx, "a purchase was not read"))
    }
}

/// A checkout that was recorded.
#[Object]
impl Purchase {
    /// The opaque id.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Purchase(self.transaction.clone()))
    }

    /// The id that it was recorded under.
    async fn transaction_id(&self) -> &str {
        &self.transaction
    }

    /// Who paid; null where an earlier version recorded it and it redeemed nothing.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        customer(ctx, self.read(ctx)?.record.facts.customer.as_ref()).await
    }

    /// When; null where an earlier version recorded it and it redeemed nothing.
    async fn at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.read(ctx)?.record.facts.at.map(DateTime))
    }

    /// What was decided. Its coupons are as they were after the checkout.
    async fn verdict(&self, ctx: &Context<'_>) -> Result<CheckoutVerdict> {
        let read = self.read(ctx)?;
        Ok(read.verdict.get_or_init(|| CheckoutVerdict::of(read.record.checkout.clone())).clone())
    }

    /// What came back of it, in the order in which it did: up to 101 times.
    async fn returns(&self, ctx: &Context<'_>) -> Result<Vec<PurchaseReturn>> {
        let record = &self.read(ctx)?.record;
        Ok((0..record.facts.returns.len()).map(|place| PurchaseReturn { of: Arc::clone(record), place }).collect())
    }

    /// Whether all of it has come back, so that its transactionId can be used again.
    async fn returned(&self, ctx: &Context<'_>) -> Result<bool> {
        let read = self.read(ctx)?;
        Ok(*read.returned.get_or_init(|| read.record.is_back()))
    }

    /// Its events, oldest first: redemptions, and what came back of them.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
    ) -> Result<CouponEventConnection> {
        let filter = EventFilter {
            transaction: Some(self.transaction.clone()),
            since: self.read(ctx)?.record.facts.since,
            ..EventFilter::default()
        };
        event::page(ctx, &filter, first, after).await
    }
}

/// What came back of a purchase at once.
#[derive(Debug, Clone)]
pub(super) struct PurchaseReturn {
    of: Arc<PurchaseRecord>,
    place: usize,
}

impl PurchaseReturn {
    fn record(&self) -> Option<&ReturnRecord> {
        self.of.facts.returns.get(self.place)
    }

    fn decimal(&self, amount: impl FnOnce(&ReturnRecord) -> Amount) -> Decimal {
        Decimal(self.record().map(amount).unwrap_or_default().text(self.of.exponent()))
    }
}

/// What came back of a purchase at once.
#[Object]
impl PurchaseReturn {
    /// When.
    async fn at(&self) -> Option<DateTime> {
        self.record().map(|record| DateTime(record.at))
    }

    /// Who took it back: the name of an API key.
    async fn actor(&self) -> &str {
        self.record().map_or("", |record| &record.actor)
    }

    /// Why, in the words of who took it back.
    async fn reason(&self) -> Option<&str> {
        self.record()?.reason.as_deref()
    }

    /// Parts of which lines, each once.
    async fn lines(&self) -> Vec<ReturnedLine> {
        let exponent = self.of.exponent();
        let line = |line: &scrip_domain::purchase::ReturnedLine| ReturnedLine {
            line: i32::try_from(line.line).unwrap_or(i32::MAX),
            quantity: i32::try_from(line.quantity).unwrap_or(i32::MAX),
            amount: Decimal(line.amount.text(exponent)),
        };
        self.record().map(|record| record.lines.iter().map(line).collect()).unwrap_or_default()
    }

    /// What of the shipping.
    async fn shipping(&self) -> Decimal {
        self.decimal(|record| record.shipping)
    }

    /// All of it: what the returned parts of lines and the shipping cost.
    async fn total(&self) -> Decimal {
        self.decimal(|record| record.lines.iter().fold(record.shipping, |sum, line| sum.plus(line.amount)))
    }

    /// What of it had been paid otherwise than with coupons and gift cards: it is the shop's to give back.
    async fn refund(&self) -> Decimal {
        self.decimal(|record| record.refund)
    }

    /// The gift cards that got something back, and the coupons that were given back.
    async fn coupons(&self) -> Vec<CouponReturn> {
        let record = self.record().map(|record| record.coupons.as_slice()).unwrap_or_default();
        record.iter().map(|coupon| CouponReturn { of: Arc::clone(&self.of), coupon: coupon.clone() }).collect()
    }
}

/// A part of a line that came back.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct ReturnedLine {
    /// The line, counted from 0.
    pub line: i32,
    /// How many.
    pub quantity: i32,
    /// What of its price.
    pub amount: Decimal,
}

/// What went back to a coupon.
#[derive(Debug, Clone)]
pub(super) struct CouponReturn {
    of: Arc<PurchaseRecord>,
    coupon: ReturnedCoupon,
}

/// What went back to a coupon.
#[Object(name = "ReturnedCoupon")]
impl CouponReturn {
    /// The code as it was presented.
    async fn code(&self, ctx: &Context<'_>) -> Result<Cow<'_, str>> {
        let recorded = self.of.checkout.coupons.get(self.coupon.place as usize);
        Ok(session(ctx)?.code(recorded.map_or("", |recorded| &recorded.code)))
    }

    /// Gift cards: what the card got back. Null for a coupon that was given back.
    async fn amount(&self) -> Option<Decimal> {
        self.coupon.entry.map(|_| Decimal(self.coupon.amount.text(self.of.exponent())))
    }

    /// Gift cards: the entry of their ledger.
    async fn ledger_entry(&self, ctx: &Context<'_>) -> Result<Option<LedgerEntry>> {
        let Some(id) = self.coupon.entry else { return Ok(None) };
        LedgerEntry::read(ctx, id).await
    }
}

/// A checkout that holds what it would take, or that held it.
#[derive(Debug, SimpleObject)]
pub struct CheckoutHoldPayload {
    /// What was decided, and is held at this price. Null where the hold was refused; but with PRICE_CHANGED it is what
    /// would have been decided. After checkoutRelease: what had been held.
    pub verdict: Option<CheckoutVerdict>,
    /// Until when it is held; null where nothing is.
    pub held_until: Option<DateTime>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A purchase after a return.
#[derive(Debug, SimpleObject)]
pub struct CheckoutReturnPayload {
    /// The purchase; null where the return was refused.
    pub purchase: Option<Purchase>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}
