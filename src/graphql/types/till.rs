//! How a pool's coupons behave at the till.

use async_graphql::{Enum, SimpleObject};

use scrip_domain::{combining, limits};

/// With which other coupons of a checkout a coupon goes. Both have to go together: one that goes with all does not go with
/// one that is only used alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "combining::StackingWith")]
pub enum StackingWith {
    /// With all.
    All,
    /// With those of other categories, and of none.
    OtherCategories,
    /// With none: it is used alone. A gift card is a coupon, too.
    None,
}

/// How coupons go together with others in one checkout.
#[derive(Debug, Clone, SimpleObject)]
pub struct Stacking {
    /// With which others.
    pub with: StackingWith,
    /// A name that coupons of several pools may share.
    pub category: Option<String>,
    /// Coupons are taken by this, the lowest first; of the same in the order presented, and gift cards after all others.
    pub order: i32,
}

impl From<combining::Stacking> for Stacking {
    fn from(stacking: combining::Stacking) -> Self {
        Self { with: stacking.with.into(), category: stacking.category, order: stacking.order }
    }
}

/// How many coupons a pool gives, by claims. What is unassigned again does not count; what is used up, transferred or
/// invalidated does.
#[derive(Debug, Clone, SimpleObject)]
pub struct Limits {
    /// In all; null for any number.
    pub total: Option<i32>,
    /// To one customer; null for any number.
    pub per_customer: Option<i32>,
}

impl Limits {
    /// Those of a pool; none where it has none.
    pub(super) fn of(limits: limits::Limits) -> Option<Self> {
        let number = |limit: Option<u32>| limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX));
        let of = Self { total: number(limits.total), per_customer: number(limits.per_customer) };
        (limits != limits::Limits::default()).then_some(of)
    }
}
