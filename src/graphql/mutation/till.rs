//! The mutations of purchases: what comes before a checkout is recorded, and after.

use async_graphql::{Context, Object, Result};

use super::{change, user_errors};
use crate::{
    global_id::ids,
    input::{CheckoutHoldInput, CheckoutReturnInput},
    scalar::DateTime,
    types::{CheckoutHoldPayload, CheckoutReturnPayload, CheckoutVerdict, CouponUserError, Purchase},
    visible,
};
use scrip_domain::{id::TransactionId, rejection::Input};
use scrip_service::{HeldCheckout, Release, Return};

#[derive(Debug, Default)]
pub(super) struct TillMutation;

#[Object]
impl TillMutation {
    /// Decides a checkout and holds what it would take, under its transactionId: until it is completed, released or over,
    /// nobody else can use these coupons or spend these amounts. checkoutComplete with the same transactionId, customer,
    /// basket and coupons takes what is held at the price that was held.
    #[graphql(visible = "visible::complete_checkouts")]
    async fn checkout_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The checkout, and for how long.")] input: CheckoutHoldInput,
    ) -> Result<Option<CheckoutHoldPayload>> {
        let key = input.idempotency_key.clone();
        hold_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Gives back what a checkout holds.
    #[graphql(visible = "visible::complete_checkouts")]
    async fn checkout_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id that it is held under.")] transaction_id: String,
    ) -> Result<Option<CheckoutHoldPayload>> {
        let transaction =
            TransactionId::parse(&transaction_id).map_err(|rejection| rejection.at([Input::TransactionId]));
        hold_payload(change(ctx, None, transaction.map(Release)).await?)
    }

    /// Takes a recorded checkout back: all that is left of it, or parts of its lines by quantity or amount. Gift cards get
    /// back what they paid of it; a coupon is given back when all that it took something of has come back and its pool says
    /// so. Never more comes back than was taken. Once all has come back, the transactionId can be used again.
    #[graphql(visible = "visible::return_purchases")]
    async fn checkout_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which purchase, what of it.")] input: CheckoutReturnInput,
    ) -> Result<Option<CheckoutReturnPayload>> {
        let key = input.idempotency_key.clone();
        let order = input.order().map(|order| Return(Box::new(order)));
        Ok(Some(match change(ctx, key, order).await? {
            Ok(purchase) => CheckoutReturnPayload { purchase: Some(Purchase::of(*purchase)), user_errors: Vec::new() },
            Err(user_errors) => CheckoutReturnPayload { purchase: None, user_errors },
        }))
    }
}

fn hold_payload(held: std::result::Result<HeldCheckout, Vec<CouponUserError>>) -> Result<Option<CheckoutHoldPayload>> {
    Ok(Some(match held {
        Ok(HeldCheckout { record, until, refusal }) => CheckoutHoldPayload {
            verdict: Some(CheckoutVerdict::of(*record)),
            held_until: until.map(DateTime),
            user_errors: user_errors(refusal.into_iter().collect()),
        },
        Err(user_errors) => CheckoutHoldPayload { verdict: None, held_until: None, user_errors },
    }))
}
