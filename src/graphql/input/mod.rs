//! The inputs of the contract, and how they become the service's commands. What a field's text means
//! is checked by the domain; here it is only handed on.

mod actions;
mod checkout;
mod pool;

pub use actions::{
    CouponClaimInput, CouponInvalidateInput, CouponRedeemInput, CouponTransferInput, CouponUnassignInput,
    CouponUnredeemInput, CustomerUpsertInput, GiftCardAdjustInput, SettingsUpdateInput,
};
pub use checkout::{BasketInput, CheckoutInput};
pub use pool::{CouponsAddInput, PatternInput, PoolArchiveInput, PoolCreateInput, PoolUpdateInput};

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::{
    global_id::{coupon_id, pool_id},
    scalar::DateTime,
    types::enums::{CouponEventType, CouponStatus, CouponType, PoolSource},
};
use crate::{
    domain::{id::CustomerId, rejection::Refusal},
    service,
};

/// Which coupons.
#[derive(Debug, Clone, Default, InputObject)]
pub struct CouponFilter {
    /// Those in one of these statuses.
    pub statuses: Option<Vec<CouponStatus>>,
}

impl From<CouponFilter> for service::CouponFilter {
    fn from(filter: CouponFilter) -> Self {
        let statuses = filter.statuses.unwrap_or_default().into_iter().map(Into::into).collect();
        Self { statuses, ..Self::default() }
    }
}

/// Which pools.
#[derive(Debug, Clone, Default, InputObject)]
pub struct PoolFilter {
    /// Those whose name contains this, without regard to case.
    pub name_contains: Option<String>,
    /// Those of this source.
    pub source: Option<PoolSource>,
    /// Those of this type.
    #[graphql(name = "type")]
    pub kind: Option<CouponType>,
    /// Archived ones (true), or those that are not (false).
    pub archived: Option<bool>,
}

impl From<PoolFilter> for service::PoolFilter {
    fn from(filter: PoolFilter) -> Self {
        Self {
            name_contains: filter.name_contains,
            source: filter.source.map(Into::into),
            kind: filter.kind.map(Into::into),
            archived: filter.archived,
        }
    }
}

/// Which customers.
#[derive(Debug, Clone, Default, InputObject)]
pub struct CustomerFilter {
    /// Those whose externalId starts with this.
    pub id_prefix: Option<String>,
}

/// Which events.
#[derive(Debug, Clone, Default, InputObject)]
pub struct EventFilter {
    /// Those of this pool's coupons.
    pub pool_id: Option<ID>,
    /// Those of this coupon.
    pub coupon_id: Option<ID>,
    /// Those in this customer's history; the retailer's own id.
    pub customer_id: Option<ID>,
    /// Those of these types.
    pub types: Option<Vec<CouponEventType>>,
    /// Those at or after this instant.
    pub from: Option<DateTime>,
    /// Those before this instant.
    pub to: Option<DateTime>,
}

impl EventFilter {
    /// The service's filter.
    pub fn check(self) -> Result<service::EventFilter, Refusal> {
        let pool = self.pool_id.as_ref().map(pool_id).transpose().map_err(|r| r.at(["filter", "poolId"]))?;
        let coupon = self.coupon_id.as_ref().map(coupon_id).transpose().map_err(|r| r.at(["filter", "couponId"]))?;
        let customer = self.customer_id.map(|id| CustomerId::parse(&id)).transpose();
        Ok(service::EventFilter {
            pool,
            coupon,
            customer: customer.map_err(|r| r.at(["filter", "customerId"]))?,
            types: self.types.unwrap_or_default().into_iter().map(Into::into).collect(),
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
        })
    }
}

/// An edit of an optional field: absent stays, null clears.
fn edit<T, U>(value: MaybeUndefined<T>, into: impl Fn(T) -> U) -> Option<Option<U>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(into(value))),
    }
}
