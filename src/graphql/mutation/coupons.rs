//! The mutations of coupons.

use async_graphql::{Context, Object, Result};

use super::{submit, user_errors};
use crate::{
    failure::internal,
    global_id::ids,
    input::{
        CheckoutInput, CouponClaimInput, CouponExtendInput, CouponInvalidateInput, CouponRedeemInput,
        CouponReinstateInput, CouponTransferInput, CouponUnassignInput, CouponUnredeemInput, GiftCardAdjustInput,
    },
    types::{CheckoutPayload, CheckoutVerdict, Coupon, CouponPayload, CouponRedeemPayload, LedgerEntry},
};
use scrip_domain::rejection::Refusal;
use scrip_service::{Answer, Command};

#[derive(Debug, Default)]
pub(super) struct CouponMutation;

#[Object]
impl CouponMutation {
    /// Gives a customer a coupon of a pool; of an aggregated pool, the one that the customer holds once more, unless it was
    /// invalidated.
    async fn coupon_claim(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From which pool, for whom.")] input: CouponClaimInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(ctx, key, input.command(ids(ctx)?)).await
    }

    /// Redeems a coupon: once, or, of a gift card, an amount.
    async fn coupon_redeem(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon, by whom, for what.")] input: CouponRedeemInput,
    ) -> Result<Option<CouponRedeemPayload>> {
        let key = input.idempotency_key.clone();
        let command = match input.command(ids(ctx)?) {
            Ok(command) => command,
            Err(refusal) => return Ok(Some(redeem_refused(vec![refusal]))),
        };
        Ok(Some(match submit(ctx, key, command).await? {
            Ok(Answer::Coupon(coupon, made)) => {
                let ledger_entry = match made {
                    Some(made) => LedgerEntry::read(ctx, made).await?,
                    None => None,
                };
                CouponRedeemPayload { coupon: Some(Coupon(*coupon)), ledger_entry, user_errors: Vec::new() }
            }
            Ok(_) => return Err(internal(ctx, "a redemption was answered with something else")),
            Err(user_errors) => CouponRedeemPayload { coupon: None, ledger_entry: None, user_errors },
        }))
    }

    /// Takes a redemption back; of a gift card, the one that a ledger entry names, wholly or in part. One that stands can
    /// always be taken back: an expired or invalidated coupon stays what it is, and a card holds what it paid. A card that
    /// was voided because too little was left on it lives again once that is no longer so, with what it then held.
    async fn coupon_unredeem(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which redemption.")] input: CouponUnredeemInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(ctx, key, input.command(ids(ctx)?)).await
    }

    /// Takes a claimed coupon back from its customer; another one may claim it.
    async fn coupon_unassign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon.")] input: CouponUnassignInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(ctx, key, input.command(ids(ctx)?)).await
    }

    /// Hands a claimed coupon over to another customer.
    async fn coupon_transfer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon, to whom.")] input: CouponTransferInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(ctx, key, input.command(ids(ctx)?)).await
    }

    /// Takes a coupon out of use that has not been used up.
    async fn coupon_invalidate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon.")] input: CouponInvalidateInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(ctx, key, input.command(ids(ctx)?)).await
    }

    /// Takes an invalidation back: the coupon is again what it was before, or expired where its time was over meanwhile. A
    /// gift card holds again what it held, with an entry of its ledger; one that would hold less than its minimum value
    /// stays void.
    async fn coupon_reinstate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon.")] input: CouponReinstateInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(ctx, key, input.command(ids(ctx)?)).await
    }

    /// Sets when a coupon's time is over. An expired one lives again.
    async fn coupon_extend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon, until when.")] input: CouponExtendInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(ctx, key, input.command(ids(ctx)?)).await
    }

    /// Changes a gift card's balance by hand. One that then holds nothing is redeemed; what falls below its minimum value
    /// is voided.
    async fn gift_card_adjust(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card, by how much, why.")] input: GiftCardAdjustInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(ctx, key, input.command(ids(ctx)?)).await
    }

    /// Decides a checkout and records it; with auto redeem on, redeems the coupons that passed in the
    /// same transaction. Where it comes out otherwise than expectedPayable, it is refused and nothing is recorded.
    async fn checkout_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The checkout.")] input: CheckoutInput,
    ) -> Result<Option<CheckoutPayload>> {
        let key = input.idempotency_key.clone();
        let order = match input.order(ids(ctx)?) {
            Ok(order) => order,
            Err(refusal) => {
                return Ok(Some(CheckoutPayload { verdict: None, user_errors: user_errors(vec![refusal]) }));
            }
        };
        Ok(Some(match submit(ctx, key, Command::Checkout(Box::new(order))).await? {
            Ok(Answer::Checkout(record)) => {
                CheckoutPayload { verdict: Some(CheckoutVerdict::of(*record)), user_errors: Vec::new() }
            }
            Ok(Answer::PriceChanged(record, refusal)) => {
                CheckoutPayload { verdict: Some(CheckoutVerdict::of(*record)), user_errors: user_errors(vec![refusal]) }
            }
            Ok(_) => return Err(internal(ctx, "a checkout was answered with something else")),
            Err(user_errors) => CheckoutPayload { verdict: None, user_errors },
        }))
    }
}

fn redeem_refused(refusals: Vec<Refusal>) -> CouponRedeemPayload {
    CouponRedeemPayload { coupon: None, ledger_entry: None, user_errors: user_errors(refusals) }
}

async fn coupon_payload(
    ctx: &Context<'_>,
    key: Option<String>,
    command: Result<Command, Refusal>,
) -> Result<Option<CouponPayload>> {
    let command = match command {
        Ok(command) => command,
        Err(refusal) => return Ok(Some(CouponPayload { coupon: None, user_errors: user_errors(vec![refusal]) })),
    };
    Ok(Some(match submit(ctx, key, command).await? {
        Ok(Answer::Coupon(coupon, _)) => CouponPayload { coupon: Some(Coupon(*coupon)), user_errors: Vec::new() },
        Ok(_) => return Err(internal(ctx, "a coupon was answered with something else")),
        Err(user_errors) => CouponPayload { coupon: None, user_errors },
    }))
}
