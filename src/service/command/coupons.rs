//! The inputs of what is done with one coupon.

use scrip_domain::{
    basket::BasketDraft,
    customer::Email,
    decimal::Decimal,
    event::{Reason, Why},
    id::{CouponId, CustomerId, EntryId, PoolId, TransactionId},
    period::Instant,
};

/// How a coupon is named: by id, or by code with what tells equal codes apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CouponRef {
    /// By its id.
    Id(CouponId),
    /// By its code.
    Code {
        /// As typed.
        code: String,
        /// Only in this pool.
        pool: Option<PoolId>,
        /// Whose, where everyone's coupon has this code.
        customer: Option<CustomerId>,
    },
    /// One of these, and only where this customer holds it.
    Held {
        /// Which.
        coupon: Box<CouponRef>,
        /// Who has to hold it.
        by: CustomerId,
    },
}

impl CouponRef {
    /// What names it, and who has to hold it.
    #[must_use]
    pub fn parts(&self) -> (&Self, Option<&CustomerId>) {
        match self {
            Self::Id(_) | Self::Code { .. } => (self, None),
            Self::Held { coupon, by } => (coupon.parts().0, Some(by)),
        }
    }
}

/// Claim a coupon of a pool.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Of which.
    pub pool: PoolId,
    /// For whom.
    pub customer: CustomerId,
    /// The coupon with this code and no other.
    pub code: Option<String>,
    /// Why.
    pub why: Option<Why>,
}

impl Claim {
    /// A claim for a reason that is not told.
    #[must_use]
    pub fn of(pool: PoolId, customer: CustomerId) -> Self {
        Self { pool, customer, code: None, why: None }
    }
}

/// Redeem a coupon.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// Which.
    pub coupon: CouponRef,
    /// Who redeems it.
    pub customer: Option<CustomerId>,
    /// Gift cards: how much.
    pub amount: Option<Decimal>,
    /// What it is used for.
    pub basket: Option<Box<BasketDraft>>,
    /// The purchase.
    pub transaction: Option<TransactionId>,
    /// Why.
    pub reason: Option<Reason>,
}

impl Redeem {
    /// The redemption of a coupon by whoever holds it, for nothing that is told.
    #[must_use]
    pub fn of(coupon: CouponRef) -> Self {
        Self { coupon, customer: None, amount: None, basket: None, transaction: None, reason: None }
    }
}

/// Take a redemption back.
#[derive(Debug, Clone)]
pub struct Unredeem {
    /// Of which coupon.
    pub coupon: CouponRef,
    /// Gift cards: which redemption.
    pub entry: Option<EntryId>,
    /// Which redemption: the one by this purchase.
    pub transaction: Option<TransactionId>,
    /// Gift cards: how much of it.
    pub amount: Option<Decimal>,
    /// Why.
    pub reason: Option<Reason>,
}

/// Take a coupon back from its customer.
#[derive(Debug, Clone)]
pub struct Unassign {
    /// Which.
    pub coupon: CouponRef,
    /// Why.
    pub reason: Option<Reason>,
}

/// Hand a coupon over to another customer.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Which.
    pub coupon: CouponRef,
    /// To the customer with this id.
    pub to: Option<CustomerId>,
    /// To the customer with this e-mail address. With both, they have to name the same one.
    pub to_email: Option<Email>,
    /// Why.
    pub reason: Option<Reason>,
}

/// Take a coupon out of use.
#[derive(Debug, Clone)]
pub struct Invalidate {
    /// Which.
    pub coupon: CouponRef,
    /// Why.
    pub reason: Option<Reason>,
}

/// Take an invalidation back.
#[derive(Debug, Clone)]
pub struct Reinstate {
    /// Of which coupon.
    pub coupon: CouponRef,
    /// Why.
    pub reason: Option<Reason>,
}

/// Have a coupon last until another instant.
#[derive(Debug, Clone)]
pub struct Extend {
    /// Which.
    pub coupon: CouponRef,
    /// Until when.
    pub until: Instant,
    /// Why.
    pub reason: Option<Reason>,
}

/// Change a gift card's balance by hand.
#[derive(Debug, Clone)]
pub struct Adjust {
    /// Of which.
    pub coupon: CouponRef,
    /// By how much.
    pub amount: Decimal,
    /// Why.
    pub reason: Reason,
}
