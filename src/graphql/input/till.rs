//! How a pool's coupons are to behave at the till.

use async_graphql::InputObject;

use crate::types::StackingWith;
use scrip_domain::{combining, limits::LimitsDraft};

/// How coupons go together with others in one checkout.
#[derive(Debug, Clone, InputObject)]
pub struct StackingInput {
    /// With which others.
    pub with: StackingWith,
    /// A name that coupons of several pools may share: up to 64 characters. OTHER_CATEGORIES needs one.
    pub category: Option<String>,
    /// Coupons are taken by this, the lowest first; 0 where it is absent.
    pub order: Option<i32>,
}

impl From<StackingInput> for combining::Stacking {
    fn from(input: StackingInput) -> Self {
        Self { with: input.with.into(), category: input.category, order: input.order.unwrap_or_default() }
    }
}

/// How many coupons a pool gives, by claims.
#[derive(Debug, Clone, InputObject)]
pub struct LimitsInput {
    /// In all, at least 1; absent for any number.
    pub total: Option<i32>,
    /// To one customer, at least 1; absent for any number.
    pub per_customer: Option<i32>,
}

impl From<LimitsInput> for LimitsDraft {
    fn from(input: LimitsInput) -> Self {
        Self { total: input.total, per_customer: input.per_customer }
    }
}
