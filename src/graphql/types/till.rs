//! How a pool's coupons behave at the till.

use async_graphql::{Enum, SimpleObject};

use scrip_domain::combining;

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
