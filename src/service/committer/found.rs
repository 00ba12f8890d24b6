//! A coupon as it was found, whether it has a row or not.

use scrip_domain::{coupon::Coupon, pool::Pool, source::Source, status::Status};

/// A coupon as it was found.
pub(crate) struct Found {
    pub(crate) coupon: Coupon,
    /// Whether it has a row. One that has none is unassigned.
    pub(super) stored: bool,
    /// Whether it is the next of an open code, which whoever presents it gets. It does not exist yet.
    pub(super) open: bool,
}

impl Found {
    /// One that has a row.
    pub(super) fn stored(coupon: Coupon) -> Self {
        Self { coupon, stored: true, open: false }
    }

    /// One that has none.
    pub(super) fn unstored(coupon: Coupon) -> Self {
        Self { coupon, stored: false, open: false }
    }

    /// Its row before an action.
    pub(super) fn before(&self) -> Option<&Coupon> {
        self.stored.then_some(&self.coupon)
    }

    /// Whether redeeming it assigns it first: an uploaded code that nobody has claimed (product section 3), or an open one.
    pub(super) fn is_assigned_by_redeeming(&self, pool: &Pool) -> bool {
        self.coupon.status == Status::Unassigned && (pool.source == Source::Uploaded || self.open)
    }
}
