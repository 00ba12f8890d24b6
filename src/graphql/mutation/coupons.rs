//! The mutations of coupons.

use async_graphql::{Context, Object, Result};

use super::{change, user_errors};
use crate::{
    global_id::ids,
    input::{
        CheckoutInput, CouponClaimInput, CouponExtendInput, CouponInvalidateInput, CouponRedeemInput,
        CouponReinstateInput, CouponTransferInput, CouponUnassignInput, CouponUnredeemInput, GiftCardAdjustInput,
    },
    types::{
        CheckoutPayload, CheckoutVerdict, Coupon, CouponPayload, CouponRedeemPayload, CouponUserError, LedgerEntry,
    },
    visible,
};
use scrip_service::{Agreed, Changed, Checkout};

#[derive(Debug, Default)]
pub(super) struct CouponMutation;

#[Object]
impl CouponMutation {
    /// Gives a customer a coupon of a pool; of an aggregated pool, the one that the customer holds once more, unless it was
    /// invalidated.
    #[graphql(visible = "visible::claim_coupons")]
    async fn coupon_claim(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From which pool, for whom.")] input: CouponClaimInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Redeems a coupon: once, or, of a gift card, an amount.
    #[graphql(visible = "visible::redeem_coupons")]
    async fn coupon_redeem(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon, by whom, for what.")] input: CouponRedeemInput,
    ) -> Result<Option<CouponRedeemPayload>> {
        let key = input.idempotency_key.clone();
        Ok(Some(match change(ctx, key, input.case(ids(ctx)?)).await? {
            Ok(Changed { coupon, entry }) => {
                let ledger_entry = match entry {
                    Some(made) => LedgerEntry::read(ctx, made).await?,
                    None => None,
                };
                CouponRedeemPayload { coupon: Some(Coupon(*coupon)), ledger_entry, user_errors: Vec::new() }
            }
            Err(user_errors) => CouponRedeemPayload { coupon: None, ledger_entry: None, user_errors },
        }))
    }

    /// Takes a redemption back; of a gift card, the one that a ledger entry names, wholly or in part. One that stands can
    /// always be taken back: an expired or invalidated coupon stays what it is, and a card holds what it paid. A card that
    /// was voided because too little was left on it lives again once that is no longer so, with what it then held.
    #[graphql(visible = "visible::unredeem_coupons")]
    async fn coupon_unredeem(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which redemption.")] input: CouponUnredeemInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Takes a claimed coupon back from its customer; another one may claim it.
    #[graphql(visible = "visible::change_coupons")]
    async fn coupon_unassign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon.")] input: CouponUnassignInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Hands a claimed coupon over to another customer.
    #[graphql(visible = "visible::change_coupons")]
    async fn coupon_transfer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon, to whom.")] input: CouponTransferInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Takes a coupon out of use that has not been used up.
    #[graphql(visible = "visible::change_coupons")]
    async fn coupon_invalidate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon.")] input: CouponInvalidateInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Takes an invalidation back: the coupon is again what it was before, or expired where its time was over meanwhile. A
    /// gift card holds again what it held, with an entry of its ledger; one that would hold less than its minimum value
    /// stays void.
    #[graphql(visible = "visible::change_coupons")]
    async fn coupon_reinstate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon.")] input: CouponReinstateInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Sets when a coupon's time is over. An expired one lives again.
    #[graphql(visible = "visible::change_coupons")]
    async fn coupon_extend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupon, until when.")] input: CouponExtendInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Changes a gift card's balance by hand. One that then holds nothing is redeemed; what falls below its minimum value
    /// is voided.
    #[graphql(visible = "visible::change_coupons")]
    async fn gift_card_adjust(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card, by how much, why.")] input: GiftCardAdjustInput,
    ) -> Result<Option<CouponPayload>> {
        let key = input.idempotency_key.clone();
        coupon_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Decides a checkout and records it; with auto redeem on, redeems the coupons that passed in the
    /// same transaction. Where it comes out otherwise than expectedPayable, it is refused and nothing is recorded.
    #[graphql(visible = "visible::complete_checkouts")]
    async fn checkout_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The checkout.")] input: CheckoutInput,
    ) -> Result<Option<CheckoutPayload>> {
        let key = input.idempotency_key.clone();
        let order = input.order(ids(ctx)?).map(|order| Checkout(Box::new(order)));
        Ok(Some(match change(ctx, key, order).await? {
            Ok(Agreed { record, refusal }) => CheckoutPayload {
                verdict: Some(CheckoutVerdict::of(*record)),
                user_errors: user_errors(refusal.into_iter().collect()),
            },
            Err(user_errors) => CheckoutPayload { verdict: None, user_errors },
        }))
    }
}

fn coupon_payload(changed: std::result::Result<Changed, Vec<CouponUserError>>) -> Result<Option<CouponPayload>> {
    Ok(Some(match changed {
        Ok(Changed { coupon, .. }) => CouponPayload { coupon: Some(Coupon(*coupon)), user_errors: Vec::new() },
        Err(user_errors) => CouponPayload { coupon: None, user_errors },
    }))
}
