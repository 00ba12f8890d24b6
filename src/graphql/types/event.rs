//! Events.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use super::{
    Coupon, Customer,
    coupon::customer,
    enums::{CouponEventType, CouponStatus},
};
use crate::{
    domain::{decimal::Amount, event::Event},
    graphql::{
        connection::CouponEventConnection,
        cursor::{cursor, place},
        failure::{failed, internal, refused},
        global_id::GlobalId,
        loader::Related,
        scalar::{Cursor, DateTime, Decimal},
    },
    service::{EventFilter, PageRequest, Scrip},
};

/// One change of a coupon, in the append-only log.
#[derive(Debug, Clone)]
pub struct CouponEvent(pub Event);

impl CouponEvent {
    fn decimal(&self, ctx: &Context<'_>, amount: Option<Amount>) -> Result<Option<Decimal>> {
        let Some(amount) = amount else { return Ok(None) };
        let pool = ctx.data::<Arc<Scrip>>()?.registry().pool(self.0.coupon.pool);
        let pool = pool.ok_or_else(|| internal(ctx, "an event's coupon has no pool"))?;
        Ok(Some(Decimal(amount.text(crate::domain::currency::exponent_of(pool.currency)))))
    }
}

/// One change of a coupon, in the append-only log.
#[Object]
impl CouponEvent {
    /// The opaque id.
    pub async fn id(&self) -> ID {
        ID(GlobalId::Event(self.0.id).encode())
    }

    /// Its place in the log: give it as `after` to go on after it.
    async fn cursor(&self) -> Cursor {
        cursor(&self.0.id)
    }

    /// What happened.
    #[graphql(name = "type")]
    async fn kind(&self) -> CouponEventType {
        self.0.change.kind.into()
    }

    /// When it was recorded.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// The coupon, as it is now.
    async fn coupon(&self, ctx: &Context<'_>) -> Result<Coupon> {
        let coupon = ctx.data::<Related>()?.load_one(self.0.coupon).await.map_err(|f| failed(ctx, &f))?;
        coupon.map(Coupon).ok_or_else(|| internal(ctx, "an event's coupon is not there"))
    }

    /// In whose history it belongs; null for a coupon that nobody held.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        customer(ctx, self.0.change.customer.as_ref()).await
    }

    /// Who did it: the name of an API key, or "scrip" for time.
    async fn actor(&self) -> &str {
        &self.0.actor
    }

    /// Why, in the words of who did it.
    async fn reason(&self) -> Option<&str> {
        self.0.change.reason.as_deref()
    }

    /// The coupon's status before.
    async fn status_before(&self) -> CouponStatus {
        self.0.change.before.into()
    }

    /// The coupon's status after.
    async fn status_after(&self) -> CouponStatus {
        self.0.change.after.into()
    }

    /// Gift cards: the amount that was issued, redeemed, returned or adjusted by.
    async fn amount(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        self.decimal(ctx, self.0.change.amount)
    }

    /// Gift cards: the balance after it.
    async fn balance_after(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        self.decimal(ctx, self.0.change.balance_after)
    }

    /// The purchase it belongs to.
    async fn transaction_id(&self) -> Option<&str> {
        self.0.change.transaction.as_deref()
    }

    /// The other side of a transfer.
    async fn counterpart(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        customer(ctx, self.0.change.counterpart.as_ref()).await
    }
}

/// A page of events.
pub async fn page(
    ctx: &Context<'_>,
    filter: &EventFilter,
    first: Option<i32>,
    after: Option<Cursor>,
) -> Result<CouponEventConnection> {
    let after = place(after.as_ref(), "after").map_err(|r| refused(&r))?;
    let request = PageRequest::new(first, after, None, None).map_err(|r| refused(&r))?;
    let page = ctx.data::<Arc<Scrip>>()?.events(filter, &request).await.map_err(|failure| failed(ctx, &failure))?;
    Ok(CouponEventConnection::of(page, CouponEvent))
}
