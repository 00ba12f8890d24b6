//! Events.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use super::{
    Coupon, Customer,
    coupon::customer,
    enums::{CouponEventType, CouponStatus},
};
use crate::{
    asking::{related, session},
    connection::CouponEventConnection,
    cursor::{cursor, place},
    failure::{failed, internal, refused, rejected},
    global_id::{self, GlobalId, ids},
    loader::{Shared, Together},
    scalar::{Cursor, DateTime, Decimal},
};
use scrip_domain::{
    decimal::Amount,
    event::Event,
    id::CustomerId,
    rejection::{Input, Rejection},
};
use scrip_service::{EventFilter, PageRequest, Session};

/// One change of a coupon, in the append-only log.
#[derive(Debug, Clone)]
pub struct CouponEvent {
    event: Arc<Event>,
    /// Whose coupons and customers are read together with its own; none where they are anyway.
    page: Option<Arc<Together>>,
}

impl From<Event> for CouponEvent {
    fn from(event: Event) -> Self {
        Self { event: Arc::new(event), page: None }
    }
}

impl CouponEvent {
    /// Events that are answered one after the other and not at once. What a lone one leads to is read once for all
    /// who are told of it.
    pub fn of_page(ctx: &Context<'_>, events: Vec<Arc<Event>>) -> Result<Vec<Self>> {
        let page = match events.as_slice() {
            [event] => ctx.data::<Shared>()?.of(event),
            _ => Arc::new(Together::of(&events)),
        };
        Ok(events.into_iter().map(|event| Self { event, page: Some(Arc::clone(&page)) }).collect())
    }

    async fn customer_of(&self, ctx: &Context<'_>, id: Option<&CustomerId>) -> Result<Option<Customer>> {
        match (id, &self.page) {
            (Some(id), Some(page)) if session(ctx)?.own().is_none() => {
                let found = page.customer(session(ctx)?, related(ctx)?, id).await.map_err(|f| failed(ctx, &f))?;
                Ok(found.map(Customer))
            }
            _ => customer(ctx, id).await,
        }
    }

    fn decimal(&self, ctx: &Context<'_>, amount: Option<Amount>) -> Result<Option<Decimal>> {
        let Some(amount) = amount else { return Ok(None) };
        let pool = session(ctx)?.pool_of_event(&self.event).map_err(|failure| failed(ctx, &failure))?;
        let pool = pool.ok_or_else(|| internal(ctx, "an event's coupon has no pool"))?;
        Ok(Some(Decimal(amount.text(scrip_domain::currency::exponent_of(pool.currency)))))
    }
}

/// One change of a coupon, in the append-only log.
#[Object]
impl CouponEvent {
    /// The opaque id.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Event(self.event.id))
    }

    /// Its place in the log: give it as `after` to go on after it.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<Cursor> {
        Ok(cursor(ids(ctx)?, &self.event.id))
    }

    /// What happened.
    #[graphql(name = "type")]
    async fn kind(&self) -> CouponEventType {
        self.event.change.kind.into()
    }

    /// When it was recorded.
    async fn at(&self) -> DateTime {
        DateTime(self.event.at)
    }

    /// The coupon, as it is now. Of a customer's events, only while the customer holds it.
    async fn coupon(&self, ctx: &Context<'_>) -> Result<Coupon> {
        let related = related(ctx)?;
        let coupon = match &self.page {
            Some(page) if session(ctx)?.own().is_none() => page.coupon(session(ctx)?, related, self.event.coupon).await,
            // What is read for a customer is no one else's to see, and the other way round.
            _ => related.load_one(self.event.coupon).await,
        };
        let coupon = coupon.map_err(|f| failed(ctx, &f))?;
        match coupon {
            Some(coupon) => Ok(Coupon(coupon)),
            // The customer does not hold it any more.
            None if session(ctx)?.own().is_some() => {
                Err(rejected(Rejection::NotFound { what: "coupon", by: "id" }, Input::Coupon))
            }
            None => Err(internal(ctx, "an event's coupon is not there")),
        }
    }

    /// In whose history it belongs; null for a coupon that nobody held.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        self.customer_of(ctx, self.event.change.customer.as_ref()).await
    }

    /// Who did it: the name of an API key, "customer", or "scrip" for time. A customer is told "shop" instead of names.
    async fn actor(&self, ctx: &Context<'_>) -> Result<&str> {
        Ok(session(ctx)?.actor_of(&self.event))
    }

    /// Why, in the words of who did it; of a claim, one of the values of ClaimReason. A claim that an earlier version
    /// recorded has its reference in it as well: "MANUAL: order 1".
    /// Customers are not told.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.event.change.reason.as_deref().filter(|_| reads_reasons(ctx)))
    }

    /// What a claim refers to, such as the reward's id. Customers are not told.
    async fn reference(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.event.change.reference.as_deref().filter(|_| reads_reasons(ctx)))
    }

    /// The coupon's status before.
    async fn status_before(&self) -> CouponStatus {
        self.event.change.before.into()
    }

    /// The coupon's status after.
    async fn status_after(&self) -> CouponStatus {
        self.event.change.after.into()
    }

    /// Gift cards: the amount that was issued, redeemed, returned or adjusted by.
    async fn amount(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        self.decimal(ctx, self.event.change.amount)
    }

    /// Gift cards: the balance after it.
    async fn balance_after(&self, ctx: &Context<'_>) -> Result<Option<Decimal>> {
        self.decimal(ctx, self.event.change.balance_after)
    }

    /// The purchase it belongs to.
    async fn transaction_id(&self) -> Option<&str> {
        self.event.change.transaction.as_deref()
    }

    /// The other side of a transfer.
    async fn counterpart(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        self.customer_of(ctx, self.event.change.counterpart.as_ref()).await
    }
}

fn reads_reasons(ctx: &Context<'_>) -> bool {
    session(ctx).is_ok_and(Session::reads_reasons)
}

/// A page of events.
pub async fn page(
    ctx: &Context<'_>,
    filter: &EventFilter,
    first: Option<i32>,
    after: Option<Cursor>,
) -> Result<CouponEventConnection> {
    let after = place(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?;
    let request = PageRequest::new(first, after, None, None).map_err(|r| refused(&r))?;
    let page = session(ctx)?.events(filter, &request).await.map_err(|failure| failed(ctx, &failure))?;
    Ok(CouponEventConnection::of(ids(ctx)?, page, CouponEvent::from))
}
