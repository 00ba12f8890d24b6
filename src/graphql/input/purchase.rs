//! The inputs of what comes after a checkout.

use async_graphql::{ID, InputObject};

use super::{BasketInput, CheckoutInput, actions::reason, checkout::CheckoutCouponInput};
use crate::{global_id::GlobalIds, scalar::Decimal};
use scrip_domain::{
    id::TransactionId,
    purchase::{Asked, AskedLine},
    rejection::{Input, Refusal},
};
use scrip_service::{Hold, ReturnOrder};

/// For how long a hold is where nothing else is asked for, in minutes.
const MINUTES: i32 = 15;

/// A checkout that is to hold what it would take.
#[derive(Debug, Clone, InputObject)]
pub struct CheckoutHoldInput {
    /// The id that the checkout is to be recorded under.
    pub transaction_id: String,
    /// Who pays; the retailer's own id.
    pub customer_id: ID,
    /// What is bought.
    pub basket: BasketInput,
    /// The coupons presented, up to 50.
    pub coupons: Vec<CheckoutCouponInput>,
    /// What the customer was told is to be paid: where it comes out otherwise, nothing is held.
    pub expected_payable: Option<Decimal>,
    /// For how many minutes: 1 to 1,440; 15 where it is not given.
    pub minutes: Option<i32>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CheckoutHoldInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Hold, Refusal> {
        let Self { transaction_id, customer_id, basket, coupons, expected_payable, minutes, idempotency_key } = self;
        let at = None;
        let checkout =
            CheckoutInput { transaction_id, customer_id, basket, coupons, expected_payable, at, idempotency_key };
        Ok(Hold { order: Box::new(checkout.order(ids)?), minutes: minutes.unwrap_or(MINUTES).into() })
    }
}

/// What of a purchase comes back: all that is left of it where neither lines nor shipping are given.
#[derive(Debug, Clone, InputObject)]
pub struct CheckoutReturnInput {
    /// The id that the checkout was recorded under.
    pub transaction_id: String,
    /// Parts of its lines, up to 1,000.
    pub lines: Option<Vec<ReturnLineInput>>,
    /// Whether the shipping comes back.
    pub shipping: Option<bool>,
    /// Why: 1 to 500 characters, which the events tell.
    pub reason: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

/// A part of a line: all that is left of it where neither quantity nor amount is given.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnLineInput {
    /// The line, counted from 0.
    pub line: i32,
    /// How many: at most as many as are left of the line. They bring their part of what it cost, the last one what is left.
    pub quantity: Option<i32>,
    /// How much of what the line cost, before what coupons took of it: at most what is left of it. With a quantity, what
    /// comes back for that.
    pub amount: Option<Decimal>,
}

impl CheckoutReturnInput {
    /// The service's order.
    pub fn order(self) -> Result<ReturnOrder, Refusal> {
        let line = |asked: ReturnLineInput| AskedLine {
            line: asked.line,
            quantity: asked.quantity,
            amount: asked.amount.map(|amount| amount.0),
        };
        let asked = match (self.lines, self.shipping) {
            (None, None) => Asked::All,
            (lines, shipping) => {
                Asked::Parts(lines.unwrap_or_default().into_iter().map(line).collect(), shipping == Some(true))
            }
        };
        let transaction = TransactionId::parse(&self.transaction_id).map_err(|r| r.at([Input::TransactionId]))?;
        Ok(ReturnOrder { transaction, asked, reason: reason(self.reason.as_deref())? })
    }
}
