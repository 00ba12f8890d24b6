//! What can be asked to be changed, and what is answered. A command carries everything that its
//! decision needs from its caller; it can be hashed, so that an idempotency key can tell whether it
//! was used with the same input.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    Rights,
    eligible::{EligibleOrder, EligibleRecord},
    purchase::{PurchaseRecord, ReturnOrder},
    record::CheckoutRecord,
};
use scrip_domain::{
    access::{ApiKey, Role, Settings},
    basket::BasketDraft,
    binding::Binding,
    combining::PercentagesOf,
    coupon::Coupon,
    customer::Customer,
    event::Why,
    id::{CouponId, CustomerId, EntryId, PoolId},
    period::Instant,
    pool::Pool,
    pool_draft::PoolDraft,
    rejection::Refusal,
    seal::IdSecret,
    till::TillEdit,
};

/// On whose behalf a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The API key's id; idempotency keys are kept for each.
    pub id: String,
    /// The API key's name, which events are recorded by.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// What it may do.
    pub rights: Rights,
    /// The hash of its key, by which it is known whether that is still good; none for Scrip itself.
    pub key: Option<Arc<str>>,
}

impl Caller {
    /// The holder of a key, who may do everything.
    #[must_use]
    pub fn admin(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), role: Role::Admin, rights: Rights::ALL, key: None }
    }

    /// Scrip itself, for what time and operators do.
    #[must_use]
    pub(super) fn scrip() -> Self {
        Self::admin("scrip", "scrip")
    }
}

/// How a coupon is named: by id, or by code with what tells equal codes apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum CouponRef {
    /// By its id.
    Id(CouponId),
    /// By its code.
    Code {
        /// As typed.
        code: String,
        /// Only in this pool.
        pool: Option<PoolId>,
        /// Whose, where everyone's coupon has this code.
        customer: Option<CustomerId>,
    },
    /// One of these, and only where this customer holds it.
    #[serde(untagged, serialize_with = "without_holder")]
    Held {
        /// Which.
        coupon: Box<CouponRef>,
        /// Who has to hold it.
        by: CustomerId,
    },
}

impl CouponRef {
    /// What names it, and who has to hold it.
    #[must_use]
    pub fn parts(&self) -> (&Self, Option<&CustomerId>) {
        match self {
            Self::Id(_) | Self::Code { .. } => (self, None),
            Self::Held { coupon, by } => (coupon.parts().0, Some(by)),
        }
    }
}

/// What idempotency keys of format 2 knew of such a coupon.
#[expect(clippy::borrowed_box, reason = "serde hands the field over as it is")]
fn without_holder<S: serde::Serializer>(
    coupon: &Box<CouponRef>,
    _: &CustomerId,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    coupon.serialize(serializer)
}

/// An edit of a pool: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PoolEdit {
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
    /// A new name.
    pub name: Option<String>,
    /// A new value, as a decimal text.
    pub value: Option<Option<String>>,
    /// Restrictions that change.
    pub restrictions: RestrictionsEdit,
    /// A new pattern.
    pub pattern: Option<String>,
    /// Other characters that never take a placeholder's place.
    pub excluded_characters: Option<Vec<String>>,
    /// Other phrases that never appear in a code.
    pub excluded_phrases: Option<Vec<String>>,
    /// Other plugins that say who may use its coupons.
    pub checks: Option<Vec<Binding>>,
    /// Another plugin that supplies its codes, or another configuration of it.
    pub remote: Option<Binding>,
    /// Whether a customer gets the same coupon again.
    pub aggregated: Option<bool>,
    /// Gift cards: whether they pay for the shipping too.
    pub pays_shipping: Option<bool>,
    /// How its coupons behave at the till.
    #[serde(flatten)]
    pub till: TillEdit,
    /// Whether its coupons are given back with what they took something of.
    pub returnable: Option<bool>,
    /// Checks only: nothing is changed.
    pub dry_run: bool,
}

impl PoolEdit {
    /// The fields of its codes, and whether they are given.
    #[must_use]
    pub fn codes(&self) -> [(&'static str, bool); 3] {
        [
            ("pattern", self.pattern.is_some()),
            ("excludedCharacters", self.excluded_characters.is_some()),
            ("excludedPhrases", self.excluded_phrases.is_some()),
        ]
    }
}

/// An edit of a pool's restrictions: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RestrictionsEdit {
    /// Gift cards: the least that stays on a card.
    pub minimum_value: Option<Option<String>>,
    /// Gift cards: the least that is taken at once.
    pub minimum_redemption_value: Option<Option<String>>,
    /// The least that a basket is worth.
    pub purchase_minimum: Option<Option<String>>,
    /// An ISO 8601 period.
    pub expiration_period: Option<Option<String>>,
    /// Store ids.
    pub stores: Option<Vec<String>>,
    /// Product ids.
    pub products: Option<Vec<String>>,
    /// The first instant at which a coupon may be used.
    pub valid_from: Option<Option<Instant>>,
    /// The last one.
    pub valid_until: Option<Option<Instant>>,
    /// The name of a time zone.
    pub time_zone: Option<Option<String>>,
}

/// Settings that change: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SettingsEdit {
    /// Whether a completed checkout redeems the coupons that passed.
    pub auto_redeem: Option<bool>,
    /// Of what percentages are.
    pub percentages_of: Option<PercentagesOf>,
    /// How many coupons a checkout takes.
    pub coupons_per_checkout: Option<i32>,
    /// How many of one category.
    pub coupons_per_category: Option<Option<i32>>,
}

/// An edit of an API key: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Default, Serialize)]
pub struct KeyEdit {
    /// A new name.
    pub name: Option<String>,
    /// Another role.
    pub role: Option<Role>,
    /// Another end, in milliseconds since 1970.
    pub expires_at: Option<Option<i64>>,
}

/// What is to be known of a customer: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Serialize)]
pub struct CustomerEdit {
    /// The retailer's id.
    pub id: String,
    /// The e-mail address.
    pub email: Option<Option<String>>,
    /// An ISO 4217 code.
    pub currency: Option<Option<String>>,
    /// A JSON object.
    pub attributes: Option<serde_json::Value>,
}

/// A coupon presented at a checkout.
#[derive(Debug, Clone, Serialize)]
pub struct Presentation {
    /// As typed.
    pub code: String,
    /// Gift cards: how much is to be taken, as a decimal text.
    pub amount: Option<String>,
}

/// A checkout that is asked about or completed.
#[derive(Debug, Clone, Serialize)]
pub struct CheckoutOrder {
    /// The purchase's id.
    pub transaction: String,
    /// Who pays.
    pub customer: String,
    /// What is bought.
    pub basket: BasketDraft,
    /// With which coupons.
    pub coupons: Vec<Presentation>,
    /// When it is (a preview) or was (a completed one), in milliseconds since 1970.
    pub at: Option<i64>,
    /// What the caller expects to be paid, as a decimal text: one that is completed and comes out otherwise is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_payable: Option<String>,
}

/// Whose coupons of which pool.
pub(super) type Whose = (CustomerId, PoolId);

/// What a search of a customer's history has found.
#[derive(Debug, Clone, Serialize)]
pub struct HoldingsFound {
    /// Whose history.
    pub customer: CustomerId,
    /// The pool whose coupons were looked for.
    pub pool: PoolId,
    /// Coupons that the customer came to hold by this part of it, and may still hold.
    pub coupons: Vec<CouponId>,
    /// The part of it that was searched is below this place.
    pub below: u64,
    /// It is from this place on.
    pub from: u64,
}

/// A change that is asked for.
#[derive(Debug, Clone, Serialize)]
pub enum Command {
    /// Make a pool.
    PoolCreate(Box<PoolDraft>),
    /// Edit a pool.
    PoolUpdate(PoolId, Box<PoolEdit>),
    /// Archive a pool, or bring it back.
    PoolArchive(PoolId, bool),
    /// Add codes to an uploaded pool.
    CouponsAdd(PoolId, Vec<String>),
    /// Add this many codes to a bulk pool.
    CouponsGenerate(PoolId, i64),
    /// Nothing by itself: the hash of a list that is carried out in parts, to which its idempotency key
    /// is held.
    Whole(String),
    /// Make a customer, or edit one.
    CustomerUpsert(Box<CustomerEdit>),
    /// Claim a coupon of a pool: pool, customer, why.
    Claim(PoolId, String, #[serde(serialize_with = "packed")] Option<Why>),
    /// Redeem a coupon.
    Redeem {
        /// Which.
        coupon: CouponRef,
        /// Who redeems it.
        customer: Option<String>,
        /// Gift cards: how much, as a decimal text.
        amount: Option<String>,
        /// What it is used for.
        basket: Option<Box<BasketDraft>>,
        /// The purchase's id.
        transaction: Option<String>,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Take a redemption back: which coupon, which ledger entry, how much of it, why.
    Unredeem(
        CouponRef,
        Option<EntryId>,
        Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")] Option<String>,
    ),
    /// Take a coupon back from its customer: which, why.
    #[serde(serialize_with = "alone")]
    Unassign(CouponRef, Option<String>),
    /// Hand a coupon over to the customer with this id and this e-mail address: which, to whom, why.
    Transfer(
        CouponRef,
        Option<String>,
        Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")] Option<String>,
    ),
    /// Take a coupon out of use: which, why.
    #[serde(serialize_with = "alone")]
    Invalidate(CouponRef, Option<String>),
    /// Take an invalidation back: which coupon, why.
    Reinstate(CouponRef, Option<String>),
    /// Have a coupon last until an instant, in milliseconds since 1970: which, until when, why.
    Extend(CouponRef, i64, Option<String>),
    /// Change a gift card's balance by an amount, for a reason.
    Adjust(CouponRef, String, String),
    /// Complete a checkout.
    Checkout(Box<CheckoutOrder>),
    /// Decide a checkout and change nothing.
    CheckoutPreview(Box<CheckoutOrder>),
    /// Decide each of a customer's coupons, and change nothing.
    Eligible(Box<EligibleOrder>),
    /// Take a purchase back, or a part of it.
    Return(Box<ReturnOrder>),
    /// Decide a checkout and hold what it would take, for so many minutes.
    Hold(Box<CheckoutOrder>, i64),
    /// Give back what a checkout holds.
    Release(String),
    /// Record that holds are over: due at (milliseconds since 1970), which checkout.
    ReleaseOver(Vec<(i64, String)>),
    /// Change the settings.
    SettingsUpdate(SettingsEdit),
    /// Begin to seal ids with a secret, unless there is one.
    IdsBegin(#[serde(skip)] IdSecret),
    /// Keep a new API key.
    KeyAdd(Box<ApiKey>),
    /// Edit the key with this id.
    KeyEdit(String, Box<KeyEdit>),
    /// Revoke the key with this id.
    KeyRevoke(String),
    /// Forget answers to idempotency keys: period, caller, key.
    Forget(Vec<(u32, String, String)>),
    /// Note from now on what customers hold of a pool.
    HoldingsBegin(PoolId),
    /// Note what a customer holds of a pool by what was found in the customer's history.
    HoldingsFound(Box<HoldingsFound>),
    /// Believe what the clock says, however far ahead of the last batch it is.
    ClockConfirm,
    /// Record that the time of coupons is over: due at (milliseconds since 1970), which coupon.
    Expire(Vec<(i64, CouponId)>),
}

/// Why a coupon is claimed as format 2 had it: in one text.
pub(super) fn packed_text(why: &Why) -> Option<String> {
    match (&why.reason, &why.reference) {
        (Some(reason), Some(reference)) => Some(format!("{reason}: {reference}")),
        (one, other) => one.clone().or_else(|| other.clone()),
    }
}

fn packed<S: Serializer>(why: &Option<Why>, serializer: S) -> Result<S::Ok, S::Error> {
    why.as_ref().and_then(packed_text).serialize(serializer)
}

/// A coupon as format 2 had it where it stood alone, because it knew of no reason.
fn alone<S: Serializer>(coupon: &CouponRef, reason: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match reason {
        None => coupon.serialize(serializer),
        Some(reason) => (coupon, reason).serialize(serializer),
    }
}

/// What idempotency keys recognised their input by in format 2: the hash of how this type is written.
pub(super) fn legacy_fingerprint(command: &Command) -> String {
    let text = serde_json::to_string(command).unwrap_or_default();
    data_encoding::HEXLOWER.encode(&Sha256::digest(text))
}

/// A code that was not added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// As it was given.
    pub code: String,
    /// Why not.
    pub reason: Refusal,
}

/// What became of a list of codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The pool.
    pub pool: PoolId,
    /// How many were added.
    pub added: u64,
    /// Those that were not.
    pub skipped: Vec<Skipped>,
}

/// What is answered to a command that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The pool, after it.
    Pool(Box<Pool>),
    /// The coupon, after it, and the ledger entry that it made.
    Coupon(Box<Coupon>, Option<EntryId>),
    /// What became of a list of codes.
    Added(Added),
    /// The pool, after this many codes were added to it.
    Generated(Box<Pool>, u64),
    /// The customer, after it.
    Customer(Box<Customer>),
    /// What was decided of a checkout.
    Checkout(Box<CheckoutRecord>),
    /// A checkout that comes out otherwise than expected: how, and the refusal. Nothing was recorded.
    PriceChanged(Box<CheckoutRecord>, Refusal),
    /// Which of a customer's coupons fit a basket.
    Eligible(Box<EligibleRecord>),
    /// What was decided of a checkout that is held, until when.
    Held(Box<CheckoutRecord>, Instant),
    /// What a checkout had held that was given back.
    Released(Box<CheckoutRecord>),
    /// The purchase, after it.
    Purchase(Box<PurchaseRecord>),
    /// The settings, after it.
    Settings(Settings),
    /// The key, after it.
    Key(Box<ApiKey>),
    /// Done.
    Done,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, Error)]
pub enum Failure {
    /// It was refused: nothing was changed.
    #[error("refused: {}", messages(.0))]
    Refused(Vec<Refusal>),
    /// Something inside broke. The text is for the log, never for the caller.
    #[error("{0}")]
    Internal(String),
}

/// What refusals say, in one line.
fn messages(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| refusal.message.as_str()).collect::<Vec<_>>().join("; ")
}

impl From<scrip_storage::StorageError> for Failure {
    fn from(error: scrip_storage::StorageError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<Vec<Refusal>> for Failure {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self::Refused(refusals)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}
