//! What a victim tells, line by line: what its callers asked and were answered, and what its readers saw.

use std::hash::{DefaultHasher, Hash, Hasher};

use scrip::{
    domain::{
        id::{CouponId, PoolId},
        rejection::Refusal,
    },
    service::{Answer, Claim, Command},
};
use serde::{Deserialize, Serialize};

use crate::support::{self, process::tell, redeem, transfer, unassign};

/// A line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Line {
    /// The database is about to be opened.
    Opening,
    /// It is open.
    Opened,
    /// The pools are there.
    Stocked,
    /// A request with a key, before it is sent.
    Asking(Request),
    /// A request and its answer.
    Answered(Request, Outcome),
    /// What a reader was told.
    Seen(Seen),
}

/// An answer, or why there is none.
pub(super) type Outcome = Result<Answer, Vec<Refusal>>;

/// A request of a caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(super) caller: String,
    pub(super) key: Option<String>,
    pub(super) action: Action,
}

/// What a caller asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Action {
    Claim(PoolId, String),
    Redeem(CouponId),
    Pay(CouponId, i64),
    Transfer(CouponId, String),
    Unassign(CouponId),
}

impl Action {
    pub(super) fn command(&self) -> Command {
        match self {
            Self::Claim(pool, customer) => Claim::of(*pool, support::customer(customer)).into(),
            Self::Redeem(coupon) => redeem(*coupon, None).into(),
            Self::Pay(card, cents) => redeem(*card, Some(&format!("{}.{:02}", cents / 100, cents % 100))).into(),
            Self::Transfer(coupon, to) => transfer(*coupon, to).into(),
            Self::Unassign(coupon) => unassign(*coupon).into(),
        }
    }
}

/// What a reader was told; of large things a [`print`] only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Seen {
    /// Coupons, by their ids or in a list: version and print.
    Coupons(Vec<(CouponId, u64, u64)>),
    /// Events of a page of the log: place and print.
    Events(Vec<(u64, u64)>),
    /// The next events of a subscription that began with the log.
    Followed(Vec<(u64, u64)>),
    /// The place of the last event.
    Latest(u64),
    /// How far a pool's codes were given out, and how many redemptions stand.
    Tally(PoolId, u64, i64),
    /// Entries of a gift card's ledger: number, amount, balance after it.
    Entries(CouponId, Vec<(u32, i64, i64)>),
}

/// A number by which two that differ are told apart.
pub(super) fn print(thing: &impl std::fmt::Debug) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{thing:?}").hash(&mut hasher);
    hasher.finish()
}

/// Tells the parent a line.
pub(super) fn say(line: &Line) {
    tell(&serde_json::to_string(line).expect("a line"));
}
