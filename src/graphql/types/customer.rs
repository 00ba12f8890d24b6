//! Customers.

use async_graphql::{Context, ID, Json, Object, Result};

use super::Coupon;
use crate::{
    asking::session,
    connection::{CouponConnection, CouponEventConnection},
    cursor::{AtEvent, place},
    failure::{failed, refused},
    global_id::{self, GlobalId, ids},
    input::CouponFilter,
    moment::instant,
    scalar::{CurrencyCode, Cursor},
};
use scrip_domain::{customer, rejection::Input};
use scrip_service::{EventFilter, PageRequest};

/// A customer of the retailer's.
#[derive(Debug, Clone)]
pub struct Customer(pub customer::Customer);

/// A customer of the retailer's.
#[Object]
impl Customer {
    /// The opaque id. Inputs called customerId take it as well as externalId.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Customer(self.0.id.clone()))
    }

    /// The retailer's own id of the customer, which every customerId of an input takes.
    async fn external_id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// The e-mail address.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_ref().map(customer::Email::as_str)
    }

    /// The currency that the customer pays in.
    async fn currency(&self) -> Option<CurrencyCode> {
        self.0.currency.map(|currency| CurrencyCode(currency.to_string()))
    }

    /// Whatever else the retailer keeps with the customer: a JSON object.
    async fn attributes(&self) -> Json<serde_json::Value> {
        Json(self.0.attributes.clone())
    }

    /// The coupons that the customer holds, in the order in which they came to be held.
    async fn coupons(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 500; 50 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 500.")] last: Option<i32>,
        #[graphql(desc = "Only those before this place.")] before: Option<Cursor>,
        #[graphql(desc = "Only these.")] filter: Option<CouponFilter>,
    ) -> Result<CouponConnection> {
        let after =
            place(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?.map(|AtEvent::<'h'>(event)| event);
        let before = place(ids(ctx)?, before.as_ref(), Input::Before)
            .map_err(|r| refused(&r))?
            .map(|AtEvent::<'h'>(event)| event);
        let page = PageRequest::new(first, after, last, before).map_err(|r| refused(&r))?;
        let filter = filter.unwrap_or_default().check(ids(ctx)?).map_err(|r| refused(&r))?;
        let found = session(ctx)?.customer_coupons(&self.0.id, &filter, &page, instant(ctx)?).await;
        let found = found.map_err(|failure| failed(ctx, &failure))?;
        Ok(CouponConnection::of(ids(ctx)?, found.placed(AtEvent::<'h'>), Coupon))
    }

    /// What happened to the customer's coupons, oldest first.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
    ) -> Result<CouponEventConnection> {
        let filter = EventFilter { customer: Some(self.0.id.clone()), ..EventFilter::default() };
        super::event::page(ctx, &filter, first, after).await
    }
}
