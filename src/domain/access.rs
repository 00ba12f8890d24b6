//! Who may ask: API keys. Of a key's secret only a hash is kept, so the secret is shown once and
//! cannot be shown again.

use serde::{Deserialize, Serialize};

use super::{
    combining::Combining,
    group::{GroupId, Groups},
    period::Instant,
    rejection::Rejection,
    seal::IdSecret,
    token_key::TokenKeys,
};

/// What every secret starts with, so that people and scanners recognise one.
pub const SECRET_PREFIX: &str = "scrip_";

/// What a key's holder is, which says what they may do (product section 8; the table is `service/session/roles.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Role {
    /// Whoever runs the programme: everything.
    #[default]
    Admin,
    /// Whoever works on it: pools, coupons, customers, exports.
    Manager,
    /// A till, a shop's server: claims, redemptions, checkouts, customers, lookups.
    Service,
    /// Whoever looks at it; codes by their last characters.
    Viewer,
    /// One customer, in a shop's page: own coupons and events. It has no key, but tokens.
    Customer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Manager, Self::Service, Self::Viewer, Self::Customer];
}

/// How much the holder of a key may ask for in a minute. What is none is as the gateway is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyBudget {
    /// How many requests.
    pub requests: Option<u32>,
    /// How much cost (docs/bounds.md).
    pub cost: Option<u32>,
}

impl KeyBudget {
    /// A number of it: at least 1. Whoever may ask for nothing needs no key.
    pub fn number(given: i32) -> Result<u32, Rejection> {
        let found = u32::try_from(given).ok().filter(|number| *number > 0);
        found.ok_or_else(|| Rejection::ValueInvalid { reason: format!("expected at least 1 a minute, found {given}") })
    }
}

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id, which is also who an action is recorded by.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The SHA-256 hash of its secret, in hexadecimal.
    pub hash: String,
    /// When it was made.
    pub created_at: Instant,
    /// What its holder may do.
    #[serde(default)]
    pub role: Role,
    /// How its secret begins, so that people tell keys apart; empty where that is not known.
    #[serde(default)]
    pub hint: String,
    /// From when on it is not good any more.
    #[serde(default)]
    pub expires_at: Option<Instant>,
    /// When it was revoked.
    #[serde(default)]
    pub revoked_at: Option<Instant>,
    /// When it was last used, within a minute or so.
    #[serde(default)]
    pub last_used_at: Option<Instant>,
    /// The groups whose pools its holder sees beside those of no group, in order. An ADMIN sees all.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// How much its holder may ask for.
    #[serde(default)]
    pub budget: KeyBudget,
}

impl ApiKey {
    /// Whether it is good at an instant.
    #[must_use]
    pub fn is_good(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// The groups whose pools its holder sees.
    #[must_use]
    pub fn seen(&self) -> Groups {
        if self.role == Role::Admin { Groups::All } else { Groups::only(self.groups.iter().copied()) }
    }

    /// Whether its holder sees the pools of a group.
    #[must_use]
    pub fn sees(&self, group: GroupId) -> bool {
        self.role == Role::Admin || self.groups.contains(&group)
    }

    /// Whether its holder may do everything for as long as nobody changes that: one such key has to be there.
    #[must_use]
    pub fn is_lasting_admin(&self) -> bool {
        self.role == Role::Admin && self.revoked_at.is_none() && self.expires_at.is_none()
    }
}

/// What the whole programme is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Settings {
    /// Whether a completed checkout redeems the coupons that passed.
    pub auto_redeem: bool,
    /// How the coupons of a checkout go together.
    #[serde(default)]
    pub combining: Combining,
    /// What ids and cursors are sealed with; none before the first start that made it. It leaves the database for nobody.
    #[serde(skip)]
    pub ids: Option<IdSecret>,
    /// What customer tokens are sealed with; none before the first start that made it. Likewise.
    #[serde(skip)]
    pub tokens: Option<TokenKeys>,
}
