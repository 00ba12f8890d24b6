//! The six states of a coupon, and the refusal that names each of them.

use serde::{Deserialize, Serialize};

use super::{period::Instant, rejection::Rejection};

/// A coupon's status (product section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Status {
    /// Exists, belongs to nobody.
    Unassigned,
    /// Belongs to a customer.
    Claimed,
    /// A gift card that has paid and still holds something.
    PartiallyRedeemed,
    /// Used up.
    Redeemed,
    /// Its time is over.
    Expired,
    /// Taken out of use, or a gift card that was voided.
    Invalid,
}

impl Status {
    /// All of them, in the order of their [`Status::number`].
    pub const ALL: [Self; 6] =
        [Self::Unassigned, Self::Claimed, Self::PartiallyRedeemed, Self::Redeemed, Self::Expired, Self::Invalid];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unassigned => "UNASSIGNED",
            Self::Claimed => "CLAIMED",
            Self::PartiallyRedeemed => "PARTIALLY_REDEEMED",
            Self::Redeemed => "REDEEMED",
            Self::Expired => "EXPIRED",
            Self::Invalid => "INVALID",
        }
    }

    /// Its place in [`Status::ALL`], which is how the database keeps it.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The status with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// A customer holds it and could use it: time alone ends these.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Claimed | Self::PartiallyRedeemed)
    }

    /// What it is at an instant, where a coupon's time is over at this end: time alone ends one that is live.
    #[must_use]
    pub fn at(self, end: Option<Instant>, now: Instant) -> Self {
        if self.is_live() && end.is_some_and(|end| end <= now) { Self::Expired } else { self }
    }

    /// The refusal of an action that this status does not allow.
    #[must_use]
    pub fn refusal(self, expires_at: Option<Instant>) -> Rejection {
        match self {
            Self::Unassigned => Rejection::NotClaimed,
            Self::Claimed => Rejection::NotRedeemed,
            Self::PartiallyRedeemed | Self::Redeemed => Rejection::AlreadyRedeemed,
            Self::Expired => Rejection::Expired { at: expires_at.unwrap_or(Instant::UNIX_EPOCH) },
            Self::Invalid => Rejection::Invalidated,
        }
    }
}
