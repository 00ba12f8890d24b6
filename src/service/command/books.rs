//! The inputs of what Scrip does by itself: what time does, and the keeping of its own books.

use scrip_domain::{
    audit::Attempted,
    id::{CouponId, CustomerId, EventId, PoolId},
    seal::IdSecret,
    token_key::TokenSecret,
};
use scrip_storage::Listing;

/// Whose coupons of which pool.
pub(crate) type Whose = (CustomerId, PoolId);

/// Record that holds are over: due at (milliseconds since 1970), which checkout.
#[derive(Debug, Clone)]
pub struct ReleaseOver(pub Vec<(i64, String)>);

/// Record that the time of coupons is over: due at (milliseconds since 1970), which coupon.
#[derive(Debug, Clone)]
pub struct Expire(pub Vec<(i64, CouponId)>);

/// Record what came of telling a pool's partner.
#[derive(Debug, Clone)]
pub struct PartnerTold {
    /// The pool.
    pub pool: PoolId,
    /// What the partner has taken, or nobody has to tell any more.
    pub told: Vec<EventId>,
    /// What it could not be told, and whether the partner refused it.
    pub failed: Vec<(EventId, bool)>,
    /// What failed so long ago that it is not kept any more.
    pub forgotten: Vec<EventId>,
    /// Why the next one could not be told now.
    pub problem: Option<String>,
}

/// List purchases that versions without lists have recorded.
#[derive(Debug, Clone)]
pub struct ListPurchases {
    /// How far that was when these were looked for: they are listed if it still is.
    pub at: Option<Listing>,
    /// Whom they name.
    pub named: Vec<(CustomerId, String)>,
    /// How far it is then.
    pub then: Listing,
}

/// Begin to seal ids with a secret, unless there is one.
#[derive(Debug, Clone, Copy)]
pub struct IdsBegin(pub IdSecret);

/// Begin to seal customer tokens with a secret, where there is none or it is old.
#[derive(Debug, Clone, Copy)]
pub struct TokenKeyBegin(pub TokenSecret);

/// Note when keys were last used: their hashes, in milliseconds since 1970.
#[derive(Debug, Clone)]
pub struct KeysUsed(pub Vec<(String, i64)>);

/// Forget answers to idempotency keys: period, caller, key.
#[derive(Debug, Clone)]
pub struct Forget(pub Vec<(u32, String, String)>);

/// Note from now on what customers hold of a pool.
#[derive(Debug, Clone, Copy)]
pub struct HoldingsBegin(pub PoolId);

/// Note what a search of a customer's history has found.
#[derive(Debug, Clone)]
pub struct HoldingsFound {
    /// Whose history.
    pub customer: CustomerId,
    /// The pool whose coupons were looked for.
    pub pool: PoolId,
    /// Coupons that the customer came to hold by this part of it, and may still hold.
    pub coupons: Vec<CouponId>,
    /// The part of it that was searched is below this place.
    pub below: u64,
    /// It is from this place on.
    pub from: u64,
}

/// Believe what the clock says, however far ahead of the last batch it is.
#[derive(Debug, Clone, Copy)]
pub struct ClockConfirm;

/// Note in the audit what was done, or attempted, beside the committer.
#[derive(Debug, Clone)]
pub struct AuditNote(pub Box<Attempted>);
