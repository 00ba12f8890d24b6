//! What is told of every change of a coupon: an event of the append-only log. A decision makes the
//! facts ([`Change`]); the committer gives them their place in the log and their time.

use serde::{Deserialize, Serialize};

use super::{
    decimal::Amount,
    id::{CouponId, CustomerId, EventId, checked_text},
    period::Instant,
    rejection::Rejection,
    status::Status,
};

/// The longest reason of an action, in characters.
const MAX_REASON: usize = 500;

/// Why something is done, in the words of who does it: 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Checks the text.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        checked_text(text, MAX_REASON).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What happened to a coupon (`CouponEventType` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// It was claimed, or given out once more from an aggregated pool.
    Claim,
    /// It was redeemed, a gift card wholly or in part.
    Redeem,
    /// A redemption was taken back.
    Unredeem,
    /// It was taken back from its customer.
    Unassign,
    /// Its customer gave it away.
    Transfer,
    /// A customer was given it.
    Receive,
    /// It was taken out of use.
    Invalidate,
    /// Its time was over.
    Expire,
    /// A gift card's balance was changed by hand.
    Adjust,
    /// An invalidation was taken back.
    Reinstate,
    /// Its time was set to end at another instant.
    Extend,
    /// A checkout that is not completed yet holds it, or an amount of it.
    Hold,
    /// What a checkout held of it was given back.
    Release,
    /// It got new terms with its pool.
    Update,
    /// It came from another system, as it was there.
    Import,
}

impl EventType {
    /// All of them, in the order of their [`EventType::number`].
    pub const ALL: [Self; 15] = [
        Self::Claim,
        Self::Redeem,
        Self::Unredeem,
        Self::Unassign,
        Self::Transfer,
        Self::Receive,
        Self::Invalidate,
        Self::Expire,
        Self::Adjust,
        Self::Reinstate,
        Self::Extend,
        Self::Hold,
        Self::Release,
        Self::Update,
        Self::Import,
    ];

    /// Its place in [`EventType::ALL`], which is how the database keeps it.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The type with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The customer of the event comes to hold the coupon by it.
    #[must_use]
    pub fn is_acquisition(self) -> bool {
        matches!(self, Self::Claim | Self::Receive | Self::Import)
    }
}

/// The facts of one event, as a decision makes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What happened.
    pub kind: EventType,
    /// In whose history it belongs; none for a coupon that nobody held.
    pub customer: Option<CustomerId>,
    /// The status before.
    pub before: Status,
    /// The status after.
    pub after: Status,
    /// Gift cards: the amount that was issued, redeemed, returned, held or adjusted by.
    pub amount: Option<Amount>,
    /// Gift cards: the balance after it.
    pub balance_after: Option<Amount>,
    /// The purchase it belongs to.
    pub transaction: Option<String>,
    /// The other side of a transfer.
    pub counterpart: Option<CustomerId>,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
    /// What it refers to outside, such as the id of a reward.
    pub reference: Option<String>,
}

/// Why a coupon is given to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Why {
    /// In a word.
    pub reason: Option<String>,
    /// What it refers to outside, such as the id of a reward.
    pub reference: Option<String>,
}

impl Change {
    /// The same change, told with why a coupon is given.
    pub(super) fn told_with(self, why: Option<Why>) -> Self {
        let Why { reason, reference } = why.unwrap_or_default();
        Self { reason, reference, ..self }
    }
}

/// One event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the log.
    pub id: EventId,
    /// When it was recorded.
    pub at: Instant,
    /// Which coupon changed.
    pub coupon: CouponId,
    /// Who did it: the name of an API key, or "scrip" for time.
    pub actor: String,
    /// What happened.
    pub change: Change,
}
