//! The inputs of the actions on coupons, customers and settings.

use async_graphql::{Enum, ID, InputObject, Json, MaybeUndefined};

use super::{BasketInput, edit};
use crate::{
    global_id::{GlobalIds, coupon_id, customer_id, entry_id, pool_id},
    scalar::{CurrencyCode, DateTime, Decimal},
    types::PercentagesOf,
};
use scrip_domain::{
    currency::Currency,
    customer::Email,
    event::{Reason, Why},
    id::{TransactionId, checked_id},
    pool_draft::Faults,
    rejection::{Input, Refusal, Rejection},
};
use scrip_service::{
    Adjust, Claim, CustomerEdit, Extend, Invalidate, Redeem, Reinstate, SettingsEdit, Transfer, Unassign, Unredeem,
};

/// Why something is done.
pub(super) fn reason(text: Option<&str>) -> Result<Option<Reason>, Refusal> {
    text.map(Reason::parse).transpose().map_err(|rejection| rejection.at([Input::Reason]))
}

/// An amount, in the field of that name.
fn decimal(amount: &Decimal) -> Result<scrip_domain::decimal::Decimal, Refusal> {
    scrip_domain::decimal::Decimal::parse(&amount.0).map_err(|rejection| rejection.at([Input::Amount]))
}

/// Which coupon: by id, or by code. One of both.
#[derive(Debug, Clone, InputObject)]
pub struct CouponRef {
    /// The coupon's id.
    pub id: Option<ID>,
    /// The coupon's code, as typed.
    pub code: Option<String>,
    /// The coupon of this pool.
    pub pool_id: Option<ID>,
    /// The coupon that this customer holds, which also tells the coupons of a generic code apart; the
    /// retailer's own id. NOT_OWNER where the customer does not hold it.
    pub customer_id: Option<ID>,
}

impl CouponRef {
    /// The service's reference; `holder` is the customer of the action, if it names one.
    pub fn check(self, ids: &GlobalIds, holder: Option<&ID>) -> Result<scrip_service::CouponRef, Refusal> {
        let within = |rejection: Rejection, field: Input| rejection.at([Input::Coupon, field]);
        let pool =
            self.pool_id.as_ref().map(|id| pool_id(ids, id)).transpose().map_err(|r| within(r, Input::PoolId))?;
        let held_by = self.customer_id.map(|id| customer_id(ids, &id)).transpose();
        let held_by = held_by.map_err(|r| within(r, Input::CustomerId))?;
        let coupon = match (self.id, self.code) {
            (Some(id), None) => {
                let id = coupon_id(ids, &id).map_err(|r| within(r, Input::Id))?;
                if pool.is_some_and(|pool| pool != id.pool) {
                    return Err(within(Rejection::NotFound { what: "coupon of this pool", by: "id" }, Input::Id));
                }
                scrip_service::CouponRef::Id(id)
            }
            (None, Some(code)) => {
                let holder =
                    holder.map(|id| customer_id(ids, id)).transpose().map_err(|r| r.at([Input::CustomerId]))?;
                scrip_service::CouponRef::Code { code, pool, customer: held_by.clone().or(holder) }
            }
            (None, None) => return Err(Rejection::Required { what: "an id or a code" }.at([Input::Coupon])),
            (Some(_), Some(_)) => {
                let reason = "expected an id or a code, not both".to_owned();
                return Err(Rejection::ValueInvalid { reason }.at([Input::Coupon]));
            }
        };
        Ok(match held_by {
            Some(by) => scrip_service::CouponRef::Held { coupon: Box::new(coupon), by },
            None => coupon,
        })
    }
}

/// Why a coupon is given to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ClaimReason {
    /// The customer spent points on a reward.
    Reward,
    /// An offer gave it.
    Offer,
    /// A workflow gave it.
    Workflow,
    /// A person gave it.
    Manual,
}

impl ClaimReason {
    fn name(self) -> &'static str {
        match self {
            Self::Reward => "REWARD",
            Self::Offer => "OFFER",
            Self::Workflow => "WORKFLOW",
            Self::Manual => "MANUAL",
        }
    }
}

/// A claim.
#[derive(Debug, Clone, InputObject)]
pub struct CouponClaimInput {
    /// The pool to claim from.
    pub pool_id: ID,
    /// Who gets the coupon; the retailer's own id. A customer who is not known yet is made.
    pub customer_id: ID,
    /// The code of the coupon that the customer gets, of an UPLOADED or a BULK_GENERATED pool. Absent, the pool's next one.
    pub code: Option<String>,
    /// Why.
    pub reason: Option<ClaimReason>,
    /// What it refers to, such as the reward's id: up to 128 characters. Events can be listed by it.
    pub reference: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponClaimInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Claim, Refusal> {
        let pool = pool_id(ids, &self.pool_id).map_err(|rejection| rejection.at([Input::PoolId]))?;
        let reference = self.reference.as_deref().map(checked_id).transpose().map_err(|r| r.at([Input::Reference]))?;
        let why = Why { reason: self.reason.map(|reason| reason.name().to_owned()), reference };
        let customer = customer_id(ids, &self.customer_id).map_err(|r| r.at([Input::CustomerId]))?;
        Ok(Claim { pool, customer, code: self.code, why: Some(why) })
    }
}

/// A redemption.
#[derive(Debug, Clone, InputObject)]
pub struct CouponRedeemInput {
    /// The coupon.
    pub coupon: CouponRef,
    /// Who redeems it, who then has to hold it; the retailer's own id. Needed for an uploaded code that
    /// nobody has claimed.
    pub customer_id: Option<ID>,
    /// Gift cards: how much; with a basket, at most what of it can be paid with the card.
    pub amount: Option<Decimal>,
    /// What it is used for: checked against the coupon's restrictions.
    pub basket: Option<BasketInput>,
    /// The purchase's id, which redeems a coupon once.
    pub transaction_id: Option<String>,
    /// Why: 1 to 500 characters, which the event tells.
    pub reason: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponRedeemInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Redeem, Refusal> {
        let customer = self.customer_id.as_ref().map(|id| customer_id(ids, id)).transpose();
        let transaction = self.transaction_id.as_deref().map(TransactionId::parse).transpose();
        Ok(Redeem {
            coupon: self.coupon.check(ids, self.customer_id.as_ref())?,
            customer: customer.map_err(|r| r.at([Input::CustomerId]))?,
            amount: self.amount.map(|amount| decimal(&amount)).transpose()?,
            basket: self.basket.map(|basket| Box::new(basket.into())),
            transaction: transaction.map_err(|r| r.at([Input::TransactionId]))?,
            reason: reason(self.reason.as_deref())?,
        })
    }
}

/// A redemption that is taken back.
#[derive(Debug, Clone, InputObject)]
pub struct CouponUnredeemInput {
    /// The coupon.
    pub coupon: CouponRef,
    /// Gift cards: the ledger entry of the redemption; or name its purchase.
    pub ledger_entry_id: Option<ID>,
    /// The id of the purchase whose redemption it is. Absent, the last redemption of a coupon that is no gift card.
    pub transaction_id: Option<String>,
    /// Gift cards: how much of it; absent takes all that is left of it.
    pub amount: Option<Decimal>,
    /// Why: 1 to 500 characters, which the event tells.
    pub reason: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponUnredeemInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Unredeem, Refusal> {
        let coupon = self.coupon.check(ids, None)?;
        let entry = self
            .ledger_entry_id
            .as_ref()
            .map(|id| entry_id(ids, id))
            .transpose()
            .map_err(|r| r.at([Input::LedgerEntryId]))?;
        let transaction = self.transaction_id.as_deref().map(TransactionId::parse).transpose();
        let transaction = transaction.map_err(|r| r.at([Input::TransactionId]))?;
        let amount = self.amount.map(|amount| decimal(&amount)).transpose()?;
        Ok(Unredeem { coupon, entry, transaction, amount, reason: reason(self.reason.as_deref())? })
    }
}

/// A coupon that is taken back from its customer.
#[derive(Debug, Clone, InputObject)]
pub struct CouponUnassignInput {
    /// The coupon.
    pub coupon: CouponRef,
    /// Why: 1 to 500 characters, which the event tells.
    pub reason: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponUnassignInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Unassign, Refusal> {
        Ok(Unassign { coupon: self.coupon.check(ids, None)?, reason: reason(self.reason.as_deref())? })
    }
}

/// A coupon that changes hands.
#[derive(Debug, Clone, InputObject)]
pub struct CouponTransferInput {
    /// The coupon.
    pub coupon: CouponRef,
    /// Who gets it; the retailer's own id of a known customer.
    pub to_customer_id: Option<ID>,
    /// The e-mail address of who gets it. With both, they have to name the same customer.
    pub to_customer_email: Option<String>,
    /// Why: 1 to 500 characters, which the event tells.
    pub reason: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponTransferInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Transfer, Refusal> {
        let coupon = self.coupon.check(ids, None)?;
        let to = self.to_customer_id.as_ref().map(|id| customer_id(ids, id)).transpose();
        let to = to.map_err(|r| r.at([Input::ToCustomerId]))?;
        let to_email = self.to_customer_email.as_deref().map(Email::parse).transpose();
        let to_email = to_email.map_err(|r| r.at([Input::ToCustomerEmail]))?;
        Ok(Transfer { coupon, to, to_email, reason: reason(self.reason.as_deref())? })
    }
}

/// A coupon that is taken out of use.
#[derive(Debug, Clone, InputObject)]
pub struct CouponInvalidateInput {
    /// The coupon.
    pub coupon: CouponRef,
    /// Why: 1 to 500 characters, which the event tells.
    pub reason: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponInvalidateInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Invalidate, Refusal> {
        Ok(Invalidate { coupon: self.coupon.check(ids, None)?, reason: reason(self.reason.as_deref())? })
    }
}

/// An invalidation that is taken back.
#[derive(Debug, Clone, InputObject)]
pub struct CouponReinstateInput {
    /// The coupon.
    pub coupon: CouponRef,
    /// Why: 1 to 500 characters, which the event tells.
    pub reason: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponReinstateInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Reinstate, Refusal> {
        Ok(Reinstate { coupon: self.coupon.check(ids, None)?, reason: reason(self.reason.as_deref())? })
    }
}

/// A coupon whose time is to end at another instant.
#[derive(Debug, Clone, InputObject)]
pub struct CouponExtendInput {
    /// The coupon: claimed, partially redeemed or expired.
    pub coupon: CouponRef,
    /// When its time is over, after now.
    pub expires_at: DateTime,
    /// Why: 1 to 500 characters, which the event tells.
    pub reason: Option<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponExtendInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Extend, Refusal> {
        let coupon = self.coupon.check(ids, None)?;
        Ok(Extend { coupon, until: self.expires_at.0, reason: reason(self.reason.as_deref())? })
    }
}

/// A change of a gift card's balance by hand.
#[derive(Debug, Clone, InputObject)]
pub struct GiftCardAdjustInput {
    /// The gift card.
    pub coupon: CouponRef,
    /// What is added to the balance; below zero takes off.
    pub amount: Decimal,
    /// Why: 1 to 500 characters, which the event tells.
    pub reason: String,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl GiftCardAdjustInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Adjust, Refusal> {
        let why = Reason::parse(&self.reason).map_err(|r| r.at([Input::Reason]))?;
        Ok(Adjust { coupon: self.coupon.check(ids, None)?, amount: decimal(&self.amount)?, reason: why })
    }
}

/// A customer to be made or edited: what is absent stays, null clears.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerUpsertInput {
    /// The retailer's own id: 1 to 128 characters, and not like an id of this API, which names the customer that has it.
    pub customer_id: ID,
    /// The e-mail address, which only one customer can have.
    #[graphql(default)]
    pub email: MaybeUndefined<String>,
    /// The currency that the customer pays in.
    #[graphql(default)]
    pub currency: MaybeUndefined<CurrencyCode>,
    /// Whatever else is kept with the customer: a JSON object of up to 16 KiB.
    pub attributes: Option<Json<serde_json::Value>>,
}

impl CustomerUpsertInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<Box<CustomerEdit>, Vec<Refusal>> {
        let mut faults = Faults::default();
        let id = customer_id(ids, &self.customer_id).map_err(|r| vec![r.at([Input::CustomerId])])?;
        let email = edit(self.email, |email| email)
            .map(|email| email.and_then(|text| faults.take(&[Input::Email], Email::parse(&text))));
        let currency = edit(self.currency, |currency| currency.0)
            .map(|currency| currency.and_then(|text| faults.take(&[Input::Currency], Currency::parse(&text))));
        faults.into_result()?;
        let attributes = self.attributes.map(|attributes| attributes.0);
        Ok(Box::new(CustomerEdit { id, email, currency, attributes }))
    }
}

/// Settings that change.
#[derive(Debug, Clone, InputObject)]
pub struct SettingsUpdateInput {
    /// Whether a completed checkout redeems the coupons that passed.
    pub auto_redeem: Option<bool>,
    /// Of what percentages are.
    pub percentages_of: Option<PercentagesOf>,
    /// How many coupons a checkout takes: 1 to 50, gift cards included.
    pub coupons_per_checkout: Option<i32>,
    /// How many coupons of one category a checkout takes: 1 to 50; null for any number.
    #[graphql(default)]
    pub coupons_per_category: MaybeUndefined<i32>,
}

impl From<SettingsUpdateInput> for SettingsEdit {
    fn from(input: SettingsUpdateInput) -> Self {
        Self {
            auto_redeem: input.auto_redeem,
            percentages_of: input.percentages_of.map(Into::into),
            coupons_per_checkout: input.coupons_per_checkout,
            coupons_per_category: edit(input.coupons_per_category, |most| most),
        }
    }
}
