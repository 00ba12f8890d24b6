//! The stable codes of refusals, which programs match on.

use serde::{Deserialize, Serialize};

use super::Rejection;

/// The stable code of a refusal (`CouponErrorCode` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// What was named does not exist for this caller.
    NotFound,
    /// A code that this customer cannot redeem, for a reason that is not told.
    NotRedeemable,
    /// The coupon has not been claimed.
    NotClaimed,
    /// The coupon is claimed.
    AlreadyClaimed,
    /// The coupon has been redeemed, a gift card in part or in full.
    AlreadyRedeemed,
    /// The coupon has not been redeemed.
    NotRedeemed,
    /// The coupon's time is over.
    Expired,
    /// The coupon's time has not begun.
    NotYetValid,
    /// The coupon was invalidated.
    Invalidated,
    /// The customer who was named does not hold the coupon.
    NotOwner,
    /// No customer is known by what was given.
    CustomerNotFound,
    /// The customer holds coupons that can be used, and is not erased therefore.
    CustomerHoldsCoupons,
    /// The customer is being erased.
    CustomerBeingErased,
    /// Two ways of naming a customer disagree, or it is the wrong customer.
    CustomerMismatch,
    /// The currencies differ.
    CurrencyMismatch,
    /// The basket is worth too little.
    PurchaseMinimumNotMet,
    /// Not in this store.
    StoreNotAllowed,
    /// No product of the basket is among those that the coupon is for.
    ProductNotEligible,
    /// A gift card's redemption names no amount.
    AmountRequired,
    /// Less than a gift card's smallest redemption.
    BelowMinimumRedemption,
    /// More than the gift card holds.
    InsufficientBalance,
    /// A checkout that is not completed yet holds it.
    Held,
    /// The coupon takes nothing off this basket.
    NothingToDiscount,
    /// The coupon does not go together with another of this checkout.
    NotCombinable,
    /// The pool gives no more coupons, in all or to this customer.
    LimitReached,
    /// The checkout comes out at another price than was expected.
    PriceChanged,
    /// A custom check refused.
    CheckRefused,
    /// A custom check could not be asked.
    CheckUnavailable,
    /// A remote source refused to give a code.
    SourceRefused,
    /// A remote source could not be asked.
    SourceUnavailable,
    /// The pool has no coupon left.
    PoolExhausted,
    /// The pool is archived.
    PoolArchived,
    /// The pool's source does not allow this action.
    PoolSourceMismatch,
    /// The pattern cannot be read.
    PatternInvalid,
    /// Another pool can make the same code.
    PatternNotUnique,
    /// The pattern has too few combinations.
    PatternTooSmall,
    /// The pattern can no longer be changed.
    PatternFrozen,
    /// A value is out of its bounds or malformed.
    ValueInvalid,
    /// A field does not apply to this type.
    FieldNotApplicable,
    /// A field is missing.
    Required,
    /// It exists already.
    Duplicate,
    /// The transaction was recorded before.
    TransactionAlreadyUsed,
    /// All of the purchase came back before.
    AlreadyReturned,
    /// The idempotency key was used with another input.
    IdempotencyMismatch,
    /// The object has changed since it was read.
    VersionMismatch,
    /// More than a documented bound.
    LimitExceeded,
    /// The caller may not do this.
    Forbidden,
    /// No change can be made at the moment: try again.
    DatabaseUnavailable,
}

impl Code {
    /// Whether it answers what was asked. Where the answer depends on somebody who could not be asked, nothing was
    /// decided, and the same request may succeed later.
    #[must_use]
    pub fn is_decided(self) -> bool {
        match self {
            Self::CheckUnavailable
            | Self::SourceUnavailable
            | Self::CustomerBeingErased
            | Self::DatabaseUnavailable => false,
            Self::NotFound
            | Self::NotRedeemable
            | Self::NotClaimed
            | Self::AlreadyClaimed
            | Self::AlreadyRedeemed
            | Self::NotRedeemed
            | Self::Expired
            | Self::NotYetValid
            | Self::Invalidated
            | Self::NotOwner
            | Self::CustomerNotFound
            | Self::CustomerHoldsCoupons
            | Self::CustomerMismatch
            | Self::CurrencyMismatch
            | Self::PurchaseMinimumNotMet
            | Self::StoreNotAllowed
            | Self::ProductNotEligible
            | Self::AmountRequired
            | Self::BelowMinimumRedemption
            | Self::InsufficientBalance
            | Self::Held
            | Self::NothingToDiscount
            | Self::NotCombinable
            | Self::LimitReached
            | Self::PriceChanged
            | Self::CheckRefused
            | Self::SourceRefused
            | Self::PoolExhausted
            | Self::PoolArchived
            | Self::PoolSourceMismatch
            | Self::PatternInvalid
            | Self::PatternNotUnique
            | Self::PatternTooSmall
            | Self::PatternFrozen
            | Self::ValueInvalid
            | Self::FieldNotApplicable
            | Self::Required
            | Self::Duplicate
            | Self::TransactionAlreadyUsed
            | Self::AlreadyReturned
            | Self::IdempotencyMismatch
            | Self::VersionMismatch
            | Self::LimitExceeded
            | Self::Forbidden => true,
        }
    }
}

impl Rejection {
    /// The code that programs match on.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NotFound,
            Self::NotRedeemable => Code::NotRedeemable,
            Self::NotClaimed | Self::CodeNotClaimed => Code::NotClaimed,
            Self::AlreadyClaimed => Code::AlreadyClaimed,
            Self::AlreadyRedeemed => Code::AlreadyRedeemed,
            Self::NotRedeemed => Code::NotRedeemed,
            Self::Expired { .. } | Self::NoLongerValid { .. } => Code::Expired,
            Self::NotYetValid { .. } => Code::NotYetValid,
            Self::Invalidated | Self::StaysVoid { .. } => Code::Invalidated,
            Self::NotOwner => Code::NotOwner,
            Self::CustomerNotFound { .. } => Code::CustomerNotFound,
            Self::CustomerHoldsCoupons => Code::CustomerHoldsCoupons,
            Self::CustomerBeingErased => Code::CustomerBeingErased,
            Self::CustomerMismatch { .. } => Code::CustomerMismatch,
            Self::CurrencyMismatch { .. } => Code::CurrencyMismatch,
            Self::PurchaseMinimumNotMet { .. } => Code::PurchaseMinimumNotMet,
            Self::StoreNotAllowed => Code::StoreNotAllowed,
            Self::ProductNotEligible => Code::ProductNotEligible,
            Self::AmountRequired => Code::AmountRequired,
            Self::BelowMinimumRedemption { .. } => Code::BelowMinimumRedemption,
            Self::InsufficientBalance { .. } => Code::InsufficientBalance,
            Self::Held { .. } | Self::PartHeld { .. } => Code::Held,
            Self::NothingToDiscount { .. } => Code::NothingToDiscount,
            Self::NotCombinable { .. } => Code::NotCombinable,
            Self::LimitReached { .. } => Code::LimitReached,
            Self::PriceChanged { .. } => Code::PriceChanged,
            Self::CheckRefused { .. } => Code::CheckRefused,
            Self::CheckUnavailable { .. } | Self::PluginsOvertaken => Code::CheckUnavailable,
            Self::SourceRefused { .. } => Code::SourceRefused,
            Self::SourceUnavailable { .. } => Code::SourceUnavailable,
            Self::PoolExhausted => Code::PoolExhausted,
            Self::PoolArchived => Code::PoolArchived,
            Self::PoolSourceMismatch { .. } => Code::PoolSourceMismatch,
            Self::PatternInvalid { .. } => Code::PatternInvalid,
            Self::PatternNotUnique { .. } | Self::PatternTaken => Code::PatternNotUnique,
            Self::PatternTooSmall { .. } => Code::PatternTooSmall,
            Self::PatternFrozen => Code::PatternFrozen,
            Self::ValueInvalid { .. } | Self::AbovePayable { .. } => Code::ValueInvalid,
            Self::FieldNotApplicable { .. } | Self::NotAvailable { .. } => Code::FieldNotApplicable,
            Self::Required { .. } | Self::RequiredBecause { .. } => Code::Required,
            Self::CodeOfPattern { .. } | Self::CodeTaken | Self::Duplicate { .. } => Code::Duplicate,
            Self::TransactionAlreadyUsed => Code::TransactionAlreadyUsed,
            Self::AlreadyReturned => Code::AlreadyReturned,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::VersionMismatch { .. } => Code::VersionMismatch,
            Self::LimitExceeded { .. } | Self::TablesTooLarge { .. } | Self::TooManyCodes { .. } => Code::LimitExceeded,
            Self::TooManyReturns | Self::TooManyTries { .. } => Code::LimitExceeded,
            Self::Forbidden { .. } => Code::Forbidden,
            Self::DatabaseUnavailable { .. } => Code::DatabaseUnavailable,
        }
    }
}
