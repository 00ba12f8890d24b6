//! The inputs of the contract, and how they become the service's commands. What a field's text means
//! is checked by the domain; here it is only handed on.

mod actions;
mod checkout;
mod codes;
mod job;
mod plugin;
mod pool;
mod purchase;
mod till;

pub use actions::{
    CouponClaimInput, CouponExtendInput, CouponInvalidateInput, CouponRedeemInput, CouponReinstateInput,
    CouponTransferInput, CouponUnassignInput, CouponUnredeemInput, CustomerUpsertInput, GiftCardAdjustInput,
    SettingsUpdateInput,
};
pub use checkout::{BasketInput, CheckoutInput, EligibleInput};
pub use codes::{CouponsAddInput, CouponsGenerateInput, PatternInput};
pub use job::{
    BulkAction, CouponsBulkInput, ExportFormat, ExportStartInput, ImportField, ImportStartInput, JobFilter, OnDuplicate,
};
pub use plugin::{PluginBindingInput, PluginTestInput};
pub use pool::{PoolArchiveInput, PoolCreateInput, PoolUpdateInput};
pub use purchase::{CheckoutHoldInput, CheckoutReturnInput};
pub use till::{LimitsInput, StackingInput};

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::{
    global_id::{GlobalIds, coupon_id, customer_id, pool_id},
    scalar::DateTime,
    types::enums::{CouponEventType, CouponStatus, CouponType, PoolSource},
};
use scrip_domain::{
    pool_draft::check_code,
    rejection::{Input, Refusal, Rejection},
};
use scrip_service::{self, Sight};

/// Which coupons.
#[derive(Debug, Clone, Default, InputObject)]
pub struct CouponFilter {
    /// Those in one of these statuses.
    pub statuses: Option<Vec<CouponStatus>>,
    /// Those of this pool.
    pub pool_id: Option<ID>,
    /// Those that this customer holds; the retailer's own id.
    pub customer_id: Option<ID>,
    /// Those whose code begins with this; case matters only in case-sensitive pools.
    pub code_prefix: Option<String>,
    /// Those that were claimed then. A pool's are listed in the order of their claims.
    pub claimed_at: Option<TimeSpanInput>,
    /// Those that were last redeemed then. A pool's are listed in the order of their redemptions.
    pub redeemed_at: Option<TimeSpanInput>,
    /// Those whose time is over then.
    pub expires_at: Option<TimeSpanInput>,
}

/// A span of time.
#[derive(Debug, Clone, Copy, Default, InputObject)]
pub struct TimeSpanInput {
    /// At or after this instant.
    pub from: Option<DateTime>,
    /// Before this instant.
    pub to: Option<DateTime>,
}

impl CouponFilter {
    /// The service's filter.
    pub fn check(self, ids: &GlobalIds) -> Result<scrip_service::CouponFilter, Refusal> {
        let pool = filtered(self.pool_id.as_ref(), Input::PoolId, |id| pool_id(ids, id))?;
        let customer = filtered(self.customer_id.as_ref(), Input::CustomerId, |id| customer_id(ids, id))?;
        let prefix = self.code_prefix.filter(|prefix| !prefix.is_empty());
        let prefix = filtered(prefix.as_ref(), Input::CodePrefix, |prefix| check_code(prefix))?;
        Ok(scrip_service::CouponFilter {
            statuses: self.statuses.unwrap_or_default().into_iter().map(Into::into).collect(),
            pool,
            customer,
            code: None,
            prefix,
            claimed: span(self.claimed_at),
            redeemed: span(self.redeemed_at),
            expires: span(self.expires_at),
            sight: Sight::default(),
        })
    }
}

/// What a field of a filter says, if it is given.
fn filtered<T, U>(
    given: Option<&T>,
    field: Input,
    read: impl Fn(&T) -> Result<U, Rejection>,
) -> Result<Option<U>, Refusal> {
    given.map(read).transpose().map_err(|rejection| rejection.at([Input::Filter, field]))
}

fn span(input: Option<TimeSpanInput>) -> scrip_service::Span {
    let input = input.unwrap_or_default();
    scrip_service::Span { from: input.from.map(|at| at.0), to: input.to.map(|at| at.0) }
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

impl From<PoolFilter> for scrip_service::PoolFilter {
    fn from(filter: PoolFilter) -> Self {
        Self {
            name_contains: filter.name_contains,
            source: filter.source.map(Into::into),
            kind: filter.kind.map(Into::into),
            archived: filter.archived,
            group: None,
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
    /// Those that name this purchase.
    pub transaction_id: Option<String>,
    /// Those of claims that refer to this. Without a coupon or a customer the log is searched for them, up to 5,000
    /// events for a page: give the span of time where it is known.
    pub reference: Option<String>,
    /// Those at or after this instant.
    pub from: Option<DateTime>,
    /// Those before this instant.
    pub to: Option<DateTime>,
}

impl EventFilter {
    /// The service's filter.
    pub fn check(self, ids: &GlobalIds) -> Result<scrip_service::EventFilter, Refusal> {
        let pool = filtered(self.pool_id.as_ref(), Input::PoolId, |id| pool_id(ids, id))?;
        let coupon = filtered(self.coupon_id.as_ref(), Input::CouponId, |id| coupon_id(ids, id))?;
        let customer = filtered(self.customer_id.as_ref(), Input::CustomerId, |id| customer_id(ids, id))?;
        Ok(scrip_service::EventFilter {
            pool,
            coupon,
            customer,
            types: self.types.unwrap_or_default().into_iter().map(Into::into).collect(),
            transaction: self.transaction_id,
            since: None,
            reference: self.reference,
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
            sight: Sight::default(),
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
