//! What a job has done to a coupon, as far as it takes to do the opposite.

use crate::{
    coupon::Taken,
    id::{CouponId, CustomerId, TermsNumber},
    period::Instant,
    update::TermsChange,
};

/// A coupon that a job has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Which.
    pub coupon: CouponId,
    /// The coupon's version after it: another one says that it has changed since.
    pub version: u64,
    /// What takes it back.
    pub opposite: Opposite,
}

/// What takes an action back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opposite {
    /// It was claimed: it is taken from its customer.
    Unassign,
    /// It was taken from a customer, who gets it again.
    GiveBack(Taken),
    /// It was redeemed: that is taken back.
    Unredeem,
    /// A redemption was taken back: it is redeemed again.
    Redeem,
    /// It was handed over by this customer, who gets it again.
    Transfer(CustomerId),
    /// It was invalidated.
    Reinstate,
    /// An invalidation was taken back.
    Invalidate,
    /// All of its pool that nobody had touched were taken out of use, it among them; the version is their number in the
    /// pool.
    Restock,
    /// Such ones were given back.
    Withdraw,
    /// It got other terms with its pool: it carries these again, and is over then.
    Terms(TermsNumber, Option<Instant>),
    /// So many of its pool that nobody had touched got other terms, it among them: they carry those of before again.
    Untouched(u64, Vec<TermsChange>),
}
