//! The payloads of mutations: the changed object, or null, and what the caller has caused.

use async_graphql::{Object, SimpleObject};

use super::{CheckoutVerdict, Coupon, CouponPool, Customer, Job, LedgerEntry, PoolStats, Settings};
use crate::code::CouponErrorCode;
use scrip_domain::rejection::Refusal;

/// A refusal with a stable code.
#[derive(Debug, Clone)]
pub struct CouponUserError(pub Refusal);

/// A refusal with a stable code.
#[Object]
impl CouponUserError {
    /// What was wrong, what was expected and what to do.
    pub async fn message(&self) -> String {
        self.0.message.clone()
    }

    /// The path of the input that it is about, if it is about one.
    pub async fn field(&self) -> Option<Vec<String>> {
        (!self.0.field.is_empty()).then(|| self.0.field.names())
    }

    /// What programs match on.
    async fn code(&self) -> CouponErrorCode {
        self.0.code.into()
    }
}

/// A pool after a mutation.
#[derive(Debug, SimpleObject)]
pub struct PoolPayload {
    /// The pool; null where the mutation was refused.
    pub pool: Option<CouponPool>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// What the erasure of a customer has come to.
#[derive(Debug, SimpleObject)]
pub struct CustomerErasePayload {
    /// Whether nothing of the customer is left; false where the rest is being done in the background, null where it was
    /// refused.
    pub done: Option<bool>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A bulk pool after more codes were generated.
#[derive(Debug, SimpleObject)]
pub struct CouponsGeneratePayload {
    /// The pool; null where the mutation was refused.
    pub pool: Option<CouponPool>,
    /// How many codes were generated.
    pub generated: i32,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

impl CouponsGeneratePayload {
    /// The payload of a refusal.
    #[must_use]
    pub fn refused(user_errors: Vec<CouponUserError>) -> Self {
        Self { pool: None, generated: 0, user_errors }
    }
}

/// A pool after an edit.
#[derive(Debug, SimpleObject)]
pub struct PoolUpdatePayload {
    /// The pool, as it is or, in a dry run, as it would be; null where the edit was refused.
    pub pool: Option<CouponPool>,
    /// How many existing coupons are in the scope of the edit and carry the new terms from now on. With `matching`, those
    /// of them that are worth something else do not.
    pub updated: i32,
    /// The same by what they were at that instant.
    pub reached: Option<PoolStats>,
    /// The job that has coupons that somebody has touched keep the new terms, with an event each, and that jobUndo takes
    /// back; null without `apply`, and in a dry run. The terms hold from now on, also while it works.
    pub job: Option<Job>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A code that was not added.
#[derive(Debug, SimpleObject)]
pub struct SkippedCode {
    /// The code as it was given.
    pub code: String,
    /// Why not.
    pub reason: CouponUserError,
}

/// What became of a list of codes.
#[derive(Debug, SimpleObject)]
pub struct CouponsAddPayload {
    /// The pool; null where the mutation was refused.
    pub pool: Option<CouponPool>,
    /// How many codes were added.
    pub added: i32,
    /// The codes that were not.
    pub skipped: Vec<SkippedCode>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A customer after a mutation.
#[derive(Debug, SimpleObject)]
pub struct CustomerPayload {
    /// The customer; null where the mutation was refused.
    pub customer: Option<Customer>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A coupon after a mutation.
#[derive(Debug, SimpleObject)]
pub struct CouponPayload {
    /// The coupon; null where the mutation was refused.
    pub coupon: Option<Coupon>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A coupon after its redemption.
#[derive(Debug, SimpleObject)]
pub struct CouponRedeemPayload {
    /// The coupon; null where the redemption was refused.
    pub coupon: Option<Coupon>,
    /// Gift cards: the entry that names this redemption when it is taken back.
    pub ledger_entry: Option<LedgerEntry>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A checkout that was completed.
#[derive(Debug, SimpleObject)]
pub struct CheckoutPayload {
    /// What was decided and recorded. Null where the checkout was refused; but with PRICE_CHANGED it is what would have
    /// been decided.
    pub verdict: Option<CheckoutVerdict>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// The settings after a mutation.
#[derive(Debug, SimpleObject)]
pub struct SettingsPayload {
    /// The settings; null where the mutation was refused.
    pub settings: Option<Settings>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}
