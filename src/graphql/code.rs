//! The table from refusals to the error codes of the API.

use async_graphql::Enum;

use scrip_domain::rejection::Code;

/// Why something was refused. Programs match on this; the message beside it is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Code")]
pub enum CouponErrorCode {
    /// What was named does not exist for this caller.
    NotFound,
    /// A code that this customer cannot redeem, for a reason that is not told.
    NotRedeemable,
    /// The coupon has not been claimed; of a code that everyone has: this customer has not claimed it.
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
    /// The customer holds coupons that can be used: force is needed to erase the customer.
    CustomerHoldsCoupons,
    /// The customer is being erased: try again in a moment.
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
    /// A checkout that is not completed yet holds the coupon, or what is asked of it.
    Held,
    /// The coupon takes nothing off this basket, and so it is not used up.
    NothingToDiscount,
    /// The coupon does not go together with another coupon of this checkout, which the message names.
    NotCombinable,
    /// The pool gives no more coupons, in all or to this customer.
    LimitReached,
    /// The checkout comes out at another price than expectedPayable: nothing was recorded.
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
    /// All of the purchase has come back already.
    AlreadyReturned,
    /// The idempotency key was used with another input.
    IdempotencyMismatch,
    /// The object has changed since it was read.
    VersionMismatch,
    /// More than a documented bound.
    LimitExceeded,
    /// The caller may not do this.
    Forbidden,
    /// No change can be made at the moment, as the message says why: try again with the same idempotencyKey.
    DatabaseUnavailable,
}

/// A code of the domain as the API writes it.
#[must_use]
pub fn code_text(code: Code) -> String {
    async_graphql::resolver_utils::enum_value(CouponErrorCode::from(code)).to_string().trim_matches('"').to_owned()
}
