//! Coupons and the ledgers of gift cards.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use super::{
    CouponPool, Customer, Restrictions,
    enums::{CouponStatus, CouponType, LedgerKind},
    pool::value_of,
};
use crate::{
    asking::{related, session},
    connection::{CouponEventConnection, LedgerEntryConnection},
    cursor::place_of,
    failure::{failed, internal, refused},
    global_id::{self, GlobalId, ids},
    moment::instant,
    scalar::{CurrencyCode, Cursor, DateTime, Decimal},
};
use scrip_domain::{
    coupon,
    currency::exponent_of,
    gift_card::Entry,
    id::{CustomerId, EntryId},
    pool::Pool,
    rejection::Input,
    terms::Terms,
};
use scrip_service::{EventFilter, PageRequest};

/// One coupon. It carries its own terms, which may be older than its pool's.
#[derive(Debug, Clone)]
pub struct Coupon(pub coupon::Coupon);

impl Coupon {
    fn pool_of(&self, ctx: &Context<'_>) -> Result<Arc<Pool>> {
        let pool = session(ctx)?.pool_of(self.0.id).map_err(|failure| failed(ctx, &failure))?;
        pool.ok_or_else(|| internal(ctx, "a coupon has no pool"))
    }

    fn terms(&self, ctx: &Context<'_>) -> Result<Arc<Terms>> {
        let terms = self.pool_of(ctx)?.terms(self.0.terms).cloned();
        terms.ok_or_else(|| internal(ctx, "a coupon has no terms"))
    }
}

/// One coupon. It carries its own terms, which may be older than its pool's.
#[Object]
impl Coupon {
    /// The opaque id; never the code.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Coupon(self.0.id))
    }

    /// The pool it is from.
    async fn pool(&self, ctx: &Context<'_>) -> Result<CouponPool> {
        let pool = session(ctx)?.pool(self.0.id.pool).map_err(|failure| failed(ctx, &failure))?;
        pool.map(CouponPool).ok_or_else(|| internal(ctx, "a coupon has no pool"))
    }

    /// What a customer types. Whoever may not see codes sees the last four characters of long ones.
    async fn code(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(session(ctx)?.code(&self.0.code).into_owned())
    }

    /// Where it is in its life at this moment.
    async fn status(&self, ctx: &Context<'_>) -> Result<CouponStatus> {
        Ok(self.0.status_at(instant(ctx)?).into())
    }

    /// What kind of discount it is.
    #[graphql(name = "type")]
    async fn kind(&self, ctx: &Context<'_>) -> Result<CouponType> {
        Ok(self.pool_of(ctx)?.kind.into())
    }

    /// What it is worth: an amount, or a percentage; null for free shipping.
    async fn value(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        self.terms(ctx).map(|terms| value_of(&terms))
    }

    /// The currency of its amounts; null where they are in any.
    async fn currency(&self, ctx: &Context<'_>) -> Result<Option<CurrencyCode>> {
        Ok(self.pool_of(ctx)?.currency.map(|currency| CurrencyCode(currency.to_string())))
    }

    /// Gift cards: what it holds; null before it is first issued by a claim.
    async fn balance(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        let exponent = self.terms(ctx)?.exponent();
        Ok(self.0.balance().map(|balance| Decimal(balance.text(exponent))))
    }

    /// Where it may be used.
    async fn restrictions(&self, ctx: &Context<'_>) -> Result<Restrictions> {
        self.terms(ctx).map(|terms| Restrictions::of(&terms))
    }

    /// Who holds it.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        customer(ctx, self.0.customer.as_ref()).await
    }

    /// Who claimed it first.
    async fn original_customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        customer(ctx, self.0.original_customer.as_ref()).await
    }

    /// When it was claimed.
    async fn claimed_at(&self) -> Option<DateTime> {
        self.0.claimed_at.map(DateTime)
    }

    /// When its time is over.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }

    /// Until when checkouts that are not completed yet hold it, or an amount of it; null where none does.
    async fn held_until(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.0.held(instant(ctx)?).until.map(DateTime))
    }

    /// Gift cards: how much of the balance such checkouts hold.
    async fn held_amount(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        let (exponent, held) = (self.terms(ctx)?.exponent(), self.0.held(instant(ctx)?));
        Ok(self.0.account.map(|_| Decimal(held.amount.text(exponent))))
    }

    /// When it was last redeemed.
    async fn redeemed_at(&self) -> Option<DateTime> {
        self.0.redeemed_at.map(DateTime)
    }

    /// When it was taken out of use.
    async fn invalidated_at(&self) -> Option<DateTime> {
        self.0.invalidated_at.map(DateTime)
    }

    /// How often it was given to its holder, and so may be redeemed (gift cards: by amounts).
    async fn claims(&self) -> i32 {
        i32::try_from(self.0.claims).unwrap_or(i32::MAX)
    }

    /// How many redemptions stand.
    async fn usages(&self) -> i32 {
        i32::try_from(self.0.usages).unwrap_or(i32::MAX)
    }

    /// How often it changed hands.
    async fn transfers(&self) -> i32 {
        i32::try_from(self.0.transfers).unwrap_or(i32::MAX)
    }

    /// What happened to it, oldest first.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
    ) -> Result<CouponEventConnection> {
        let filter = EventFilter { coupon: Some(self.0.id), ..EventFilter::default() };
        super::event::page(ctx, &filter, first, after).await
    }

    /// Gift cards: every change of the balance, oldest first, with the balance after it.
    async fn ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
    ) -> Result<LedgerEntryConnection> {
        let after = place_of(ids(ctx)?, after.as_ref(), Input::After, |entry: &EntryId| entry.coupon == self.0.id);
        let after = after.map_err(|r| refused(&r))?.map(|entry| entry.number);
        let request = PageRequest::new(first, after, None, None).map_err(|r| refused(&r))?;
        let page = session(ctx)?.ledger(&self.0, &request).await.map_err(|f| failed(ctx, &f))?;
        let exponent = self.terms(ctx)?.exponent();
        let page = page.placed(|number| EntryId { coupon: self.0.id, number });
        Ok(LedgerEntryConnection::of(ids(ctx)?, page, |entry| LedgerEntry { entry, exponent }))
    }

    /// Raised by one with every action.
    async fn version(&self) -> i32 {
        i32::try_from(self.0.version).unwrap_or(i32::MAX)
    }
}

/// A customer by id, with nothing but the id where nothing else is known.
pub(super) async fn customer(ctx: &Context<'_>, id: Option<&CustomerId>) -> Result<Option<Customer>> {
    let Some(id) = id else { return Ok(None) };
    if !session(ctx)?.may_know(id) {
        return Ok(None);
    }
    let found = related(ctx)?.load_one(id.clone()).await.map_err(|failure| failed(ctx, &failure))?;
    Ok(Some(Customer(found.unwrap_or_else(|| scrip_domain::customer::Customer::unknown(id.clone())))))
}

/// One change of a gift card's balance.
#[derive(Debug, Clone)]
pub struct LedgerEntry {
    /// The entry.
    pub entry: Entry,
    /// The decimals of its amounts.
    pub exponent: u8,
}

impl LedgerEntry {
    /// The entry with this id.
    pub(crate) async fn read(ctx: &Context<'_>, id: EntryId) -> Result<Option<Self>> {
        let (session, fail) = (session(ctx)?, |failure| failed(ctx, &failure));
        let entry = session.entries(&[id]).await.map_err(fail)?.pop().flatten();
        let pool = session.pool_of(id.coupon).map_err(fail)?;
        let exponent = exponent_of(pool.and_then(|pool| pool.currency));
        Ok(entry.map(|entry| Self { entry, exponent }))
    }
}

/// One change of a gift card's balance. The amounts of all entries sum up to the balance.
#[Object]
impl LedgerEntry {
    /// The opaque id: give it to couponUnredeem to take this redemption back.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Entry(self.entry.id))
    }

    /// Why it was made.
    async fn kind(&self) -> LedgerKind {
        self.entry.kind.into()
    }

    /// What it changed the balance by; below zero for what was taken off.
    async fn amount(&self) -> Decimal {
        Decimal(self.entry.amount.text(self.exponent))
    }

    /// The balance after it.
    async fn balance_after(&self) -> Decimal {
        Decimal(self.entry.balance_after.text(self.exponent))
    }

    /// The purchase it belongs to.
    async fn transaction_id(&self) -> Option<&str> {
        self.entry.transaction.as_deref()
    }

    /// When it was made.
    async fn at(&self) -> DateTime {
        DateTime(self.entry.at)
    }

    /// The entry that it takes back: a redemption, wholly or in part, or what an invalidation took off.
    async fn reverses(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        let Some(number) = self.entry.reverses else { return Ok(None) };
        global_id::id(ctx, &GlobalId::Entry(EntryId { coupon: self.entry.id.coupon, number })).map(Some)
    }
}
