//! The mutations of purchases: what comes before a checkout is recorded, and after.

use async_graphql::{Context, Object, Result};

use super::{submit, user_errors};
use crate::{
    failure::internal,
    global_id::ids,
    input::{CheckoutHoldInput, CheckoutReturnInput},
    scalar::DateTime,
    types::{CheckoutHoldPayload, CheckoutReturnPayload, CheckoutVerdict, CouponUserError, Purchase},
};
use scrip_service::{Answer, Command};

#[derive(Debug, Default)]
pub(super) struct TillMutation;

#[Object]
impl TillMutation {
    /// Decides a checkout and holds what it would take, under its transactionId: until it is completed, released or over,
    /// nobody else can use these coupons or spend these amounts. checkoutComplete with the same transactionId, customer,
    /// basket and coupons takes what is held at the price that was held.
    async fn checkout_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The checkout, and for how long.")] input: CheckoutHoldInput,
    ) -> Result<Option<CheckoutHoldPayload>> {
        let key = input.idempotency_key.clone();
        let command = match input.command(ids(ctx)?) {
            Ok(command) => command,
            Err(refusal) => return Ok(Some(hold_refused(user_errors(vec![refusal])))),
        };
        hold_payload(ctx, key, command).await
    }

    /// Gives back what a checkout holds.
    async fn checkout_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id that it is held under.")] transaction_id: String,
    ) -> Result<Option<CheckoutHoldPayload>> {
        hold_payload(ctx, None, Command::Release(transaction_id)).await
    }

    /// Takes a recorded checkout back: all that is left of it, or parts of its lines by quantity or amount. Gift cards get
    /// back what they paid of it; a coupon is given back when all that it took something of has come back and its pool says
    /// so. Never more comes back than was taken. Once all has come back, the transactionId can be used again.
    async fn checkout_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which purchase, what of it.")] input: CheckoutReturnInput,
    ) -> Result<Option<CheckoutReturnPayload>> {
        let (key, order) = (input.idempotency_key.clone(), input.order());
        Ok(Some(match submit(ctx, key, Command::Return(Box::new(order))).await? {
            Ok(Answer::Purchase(purchase)) => {
                CheckoutReturnPayload { purchase: Some(Purchase::of(*purchase)), user_errors: Vec::new() }
            }
            Ok(_) => return Err(internal(ctx, "a return was answered with something else")),
            Err(user_errors) => CheckoutReturnPayload { purchase: None, user_errors },
        }))
    }
}

async fn hold_payload(ctx: &Context<'_>, key: Option<String>, command: Command) -> Result<Option<CheckoutHoldPayload>> {
    let told =
        |verdict, held_until, user_errors| CheckoutHoldPayload { verdict: Some(verdict), held_until, user_errors };
    Ok(Some(match submit(ctx, key, command).await? {
        Ok(Answer::Held(record, until)) => told(CheckoutVerdict::of(*record), Some(DateTime(until)), Vec::new()),
        Ok(Answer::Released(record)) => told(CheckoutVerdict::of(*record), None, Vec::new()),
        Ok(Answer::PriceChanged(record, refusal)) => {
            told(CheckoutVerdict::of(*record), None, user_errors(vec![refusal]))
        }
        Ok(_) => return Err(internal(ctx, "a hold was answered with something else")),
        Err(user_errors) => hold_refused(user_errors),
    }))
}

fn hold_refused(user_errors: Vec<CouponUserError>) -> CheckoutHoldPayload {
    CheckoutHoldPayload { verdict: None, held_until: None, user_errors }
}
