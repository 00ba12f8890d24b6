//! Everything that Scrip can refuse, as one closed set: [`Rejection`] says what was found in terms
//! that are safe to show, its [`Code`] is what programs match on, and a [`Refusal`] adds which part
//! of the caller's input it is about. Every match over a rejection is exhaustive, so that a new one
//! forces a decision everywhere.

mod code;
mod input;
mod refusal;

pub use code::Code;
pub use input::{Input, Path, Step};
pub use refusal::Refusal;

use thiserror::Error;

use super::period::Instant;

/// A refusal with what was found, what was expected and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejection {
    /// An id, code or external id that names nothing.
    #[error("no {what} is known by this {by}")]
    NotFound {
        /// What was looked for: "coupon", "pool".
        what: &'static str,
        /// What it was looked for by: "id", "code".
        by: &'static str,
    },
    /// The uniform answer to a customer's own token.
    #[error("this code cannot be redeemed")]
    NotRedeemable,
    /// Found unassigned.
    #[error("the coupon is unassigned: it has to be claimed first")]
    NotClaimed,
    /// Found claimed.
    #[error("the coupon is claimed already")]
    AlreadyClaimed,
    /// Found redeemed, wholly or partially.
    #[error("the coupon has been redeemed already")]
    AlreadyRedeemed,
    /// Found claimed where a redemption was to be taken back.
    #[error("the coupon has not been redeemed")]
    NotRedeemed,
    /// Found after its time.
    #[error("the coupon expired at {at}")]
    Expired {
        /// When its time was over.
        at: Instant,
    },
    /// Its pool's coupons cannot be used yet.
    #[error("the coupon is valid from {from} on")]
    NotYetValid {
        /// From this instant on.
        from: Instant,
    },
    /// Its pool's coupons cannot be claimed any more.
    #[error("coupons of this pool were valid until {until}")]
    NoLongerValid {
        /// The last instant.
        until: Instant,
    },
    /// Found invalid.
    #[error("the coupon was invalidated")]
    Invalidated,
    /// Found invalid, and it stays so.
    #[error("the gift card would hold {balance}, which is below its minimum value of {minimum}: it stays void")]
    StaysVoid {
        /// What it would hold, as text.
        balance: String,
        /// Its minimum value, as text.
        minimum: String,
    },
    /// Held by somebody else than the customer named, or by nobody.
    #[error("this customer does not hold the coupon")]
    NotOwner,
    /// No such customer.
    #[error("no customer is known by this {by}: add the customer with customerUpsert first")]
    CustomerNotFound {
        /// "id" or "e-mail".
        by: &'static str,
    },
    /// Erasing would leave coupons that can be used with nobody who knows of them.
    #[error(
        "the customer holds coupons that can be used: let them be used, transfer or invalidate them first, or erase the \
         customer with force, which leaves them to nobody"
    )]
    CustomerHoldsCoupons,
    /// The customer is being erased.
    #[error("this customer is being erased: try again in a moment, as a new customer")]
    CustomerBeingErased,
    /// The id and the e-mail name different customers, or the receiver is the owner.
    #[error("{reason}")]
    CustomerMismatch {
        /// Which of both.
        reason: &'static str,
    },
    /// Two currencies that have to be the same.
    #[error("expected the currency {expected}, found {found}")]
    CurrencyMismatch {
        /// The coupon's.
        expected: String,
        /// The customer's or the basket's; "none" where there is none.
        found: String,
    },
    /// The eligible lines are worth less than the purchase minimum.
    #[error("the eligible part of the basket is worth {eligible}, at least {minimum} is needed")]
    PurchaseMinimumNotMet {
        /// The coupon's minimum, as text.
        minimum: String,
        /// What is eligible, as text.
        eligible: String,
    },
    /// The basket's store is not among the coupon's.
    #[error("the coupon is not for this store")]
    StoreNotAllowed,
    /// None of the basket's products is among the coupon's.
    #[error("the coupon is for none of the products in the basket")]
    ProductNotEligible,
    /// A gift card needs an amount.
    #[error("a gift card's redemption needs an amount")]
    AmountRequired,
    /// The amount is below the card's minimum redemption value.
    #[error("at least {minimum} of this gift card has to be used at once")]
    BelowMinimumRedemption {
        /// The smallest redemption, as text.
        minimum: String,
    },
    /// The card holds less.
    #[error("the gift card holds {balance}")]
    InsufficientBalance {
        /// What it holds, as text.
        balance: String,
    },
    /// Held by a checkout that is not completed yet.
    #[error("another checkout holds the coupon until {until}, or until it is completed or released")]
    Held {
        /// When the hold is over.
        until: Instant,
    },
    /// A checkout that is not completed yet holds a part of a gift card.
    #[error(
        "another checkout holds a part of the gift card until {until}, or until it is completed or released: {free} is free, \
         as far as its minimum value allows"
    )]
    PartHeld {
        /// What it does not hold, as text.
        free: String,
        /// When the hold is over.
        until: Instant,
    },
    /// Used, it would be used up for nothing.
    #[error("it takes nothing off: {why}")]
    NothingToDiscount {
        /// Why there is nothing that it takes off.
        why: String,
    },
    /// It does not go together with another coupon of the checkout.
    #[error("it cannot be combined: {reason}")]
    NotCombinable {
        /// With which it collides, and how.
        reason: String,
    },
    /// Its pool gives no more.
    #[error("its pool gives at most {} {whom}, and has given them", number_of_coupons(*.limit))]
    LimitReached {
        /// How many it gives.
        limit: u64,
        /// "in all", "to one customer".
        whom: &'static str,
    },
    /// A code that everyone has, and not this customer.
    #[error("this customer has not claimed this code: claim a coupon for them first, with couponClaim of its pool")]
    CodeNotClaimed,
    /// Less of the basket can be paid with it.
    #[error("at most {payable} of this basket can be paid with this gift card")]
    AbovePayable {
        /// What can be, as text.
        payable: String,
    },
    /// The price that was agreed is not the price any more.
    #[error("{payable} is to be paid, {expected} was expected: nothing was recorded")]
    PriceChanged {
        /// What is to be paid, as text.
        payable: String,
        /// What the caller expected, as text.
        expected: String,
    },
    /// A plugin refused.
    #[error("{reason}")]
    CheckRefused {
        /// Its text for people.
        reason: String,
    },
    /// A plugin that has to decide could not.
    #[error("the check {plugin} could not be asked: {reason}")]
    CheckUnavailable {
        /// Its id.
        plugin: String,
        /// What happened, and what to do.
        reason: String,
    },
    /// What plugins are asked about was another each time that they had answered.
    #[error("what the plugins of the pool are asked about changes too fast: try again")]
    PluginsOvertaken,
    /// A source gives this customer no code.
    #[error("{reason}")]
    SourceRefused {
        /// Its text for people.
        reason: String,
    },
    /// A source gave no code that can be used.
    #[error("the source {plugin} gave no code: {reason}")]
    SourceUnavailable {
        /// The plugin's id.
        plugin: String,
        /// What happened, and what to do.
        reason: String,
    },
    /// All coupons of the pool are taken.
    #[error("the pool has no unassigned coupon left: add codes to it, generate more, or change its pattern")]
    PoolExhausted,
    /// The pool gives out nothing new.
    #[error("the pool is archived: unarchive it first")]
    PoolArchived,
    /// The action is for pools of another source.
    #[error("this is for pools whose source is {expected}, this one's is {found}")]
    PoolSourceMismatch {
        /// The source that it works for.
        expected: &'static str,
        /// The pool's own.
        found: &'static str,
    },
    /// The pattern is not one.
    #[error("the pattern is invalid: {reason}")]
    PatternInvalid {
        /// What is wrong, and where.
        reason: String,
    },
    /// Another pool makes the same code.
    #[error("pool {pool} can make the same code, for example {example}: choose another pattern")]
    PatternNotUnique {
        /// The other pool's name.
        pool: String,
        /// A code of both.
        example: String,
    },
    /// A pool that does not exist for whoever asks makes the same code.
    #[error("a code that it can make is taken: choose another pattern")]
    PatternTaken,
    /// The pattern makes too few codes.
    #[error("the pattern is too small: {reason}")]
    PatternTooSmall {
        /// What it makes, and what was expected.
        reason: String,
    },
    /// Codes of the pattern exist.
    #[error("the pattern and its exclusions cannot be changed once codes are generated: make another pool")]
    PatternFrozen,
    /// A value that cannot be.
    #[error("{reason}")]
    ValueInvalid {
        /// What was expected.
        reason: String,
    },
    /// The field is for other types or sources.
    #[error("this field does not apply to {subject}: leave it out")]
    FieldNotApplicable {
        /// What it does not apply to: "a coupon of type PERCENTAGE".
        subject: String,
    },
    /// A feature that is designed, but not in this version.
    #[error("{feature} is not available in this version of Scrip")]
    NotAvailable {
        /// What was asked for.
        feature: &'static str,
    },
    /// Missing.
    #[error("{what} is required")]
    Required {
        /// What is missing.
        what: &'static str,
    },
    /// Missing, and not obviously so.
    #[error("{what} is required: {why}")]
    RequiredBecause {
        /// What is missing.
        what: &'static str,
        /// What it is needed for, or what to do.
        why: &'static str,
    },
    /// A code that another pool could hand out.
    #[error("pool {pool} can make this code itself")]
    CodeOfPattern {
        /// The pool's name.
        pool: String,
    },
    /// A pool that does not exist for whoever asks could hand this code out.
    #[error("this code is taken")]
    CodeTaken,
    /// Exists already.
    #[error("{what} exists already")]
    Duplicate {
        /// What does.
        what: String,
    },
    /// The transaction id was used.
    #[error("this transactionId has been used already")]
    TransactionAlreadyUsed,
    /// All of a purchase came back before.
    #[error("all of this purchase has come back already")]
    AlreadyReturned,
    /// A purchase is one row.
    #[error(
        "this purchase has come back in as many parts as it can: have all that is left of it come back, without lines and \
         shipping"
    )]
    TooManyReturns,
    /// The idempotency key was used for something else.
    #[error("this idempotencyKey was used with another input: use a new key for a new request")]
    IdempotencyMismatch,
    /// An optimistic lock.
    #[error("expected version {expected}, found {found}: read it again and repeat the change")]
    VersionMismatch {
        /// The caller's.
        expected: u64,
        /// The current one.
        found: u64,
    },
    /// Too many or too long.
    #[error("{what}: at most {limit} are possible")]
    LimitExceeded {
        /// What was counted.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// Codes were tried too often.
    #[error("too many codes were tried: try again in {seconds} seconds")]
    TooManyTries {
        /// After so many.
        seconds: u64,
    },
    /// Exclusions that need larger tables than codes are made and found with.
    #[error("{reason}")]
    TablesTooLarge {
        /// How large they would be, how large they may be, and what to do.
        reason: String,
    },
    /// More codes than a bulk pool may still get.
    #[error("{reason}")]
    TooManyCodes {
        /// How many more it may get, and why not more.
        reason: String,
    },
    /// Not for this caller.
    #[error("this key may not {action}: ask with another, or have its role changed; viewer tells what it may")]
    Forbidden {
        /// What it may not, by the name of a permission.
        action: String,
    },
    /// Changes are stopped; reads go on.
    #[error("no change can be made at the moment, try again with the same idempotencyKey: {reason}")]
    DatabaseUnavailable {
        /// What stops them, and what an operator does about it.
        reason: String,
    },
}

impl Rejection {
    /// The refusal of the part of the input to which these steps lead.
    pub fn at<S: Into<Step>>(self, field: impl IntoIterator<Item = S>) -> Refusal {
        Refusal { code: self.code(), message: self.to_string(), field: field.into_iter().collect() }
    }
}

fn number_of_coupons(number: u64) -> String {
    if number == 1 { "1 coupon".to_owned() } else { format!("{number} coupons") }
}
