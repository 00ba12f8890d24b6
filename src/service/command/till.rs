//! The inputs of the till.

use crate::ReturnOrder;
use scrip_domain::{
    basket::BasketDraft,
    decimal::Decimal,
    id::{CustomerId, TransactionId},
    period::Instant,
};

/// A coupon presented at a checkout.
#[derive(Debug, Clone)]
pub struct Presentation {
    /// As typed.
    pub code: String,
    /// Gift cards: how much is to be taken, as a decimal text.
    pub amount: Option<String>,
}

/// A checkout that is asked about, held or completed.
#[derive(Debug, Clone)]
pub struct CheckoutOrder {
    /// The purchase.
    pub transaction: TransactionId,
    /// Who pays.
    pub customer: CustomerId,
    /// What is bought.
    pub basket: BasketDraft,
    /// With which coupons.
    pub coupons: Vec<Presentation>,
    /// When it is (a preview) or was (a completed one).
    pub at: Option<Instant>,
    /// What the caller expects to be paid: one that is completed and comes out otherwise is refused.
    pub expected_payable: Option<Decimal>,
}

/// Complete a checkout.
#[derive(Debug, Clone)]
pub struct Checkout(pub Box<CheckoutOrder>);

/// Decide a checkout and change nothing.
#[derive(Debug, Clone)]
pub struct CheckoutPreview(pub Box<CheckoutOrder>);

/// Decide a checkout and hold what it would take.
#[derive(Debug, Clone)]
pub struct Hold {
    /// The checkout.
    pub order: Box<CheckoutOrder>,
    /// For how many minutes.
    pub minutes: i64,
}

/// Give back what a checkout holds.
#[derive(Debug, Clone)]
pub struct Release(pub TransactionId);

/// Take a purchase back, or a part of it.
#[derive(Debug, Clone)]
pub struct Return(pub Box<ReturnOrder>);
