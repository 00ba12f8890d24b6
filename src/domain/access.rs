//! Who may ask: API keys. Of a key's secret only a hash is kept, so the secret is shown once and
//! cannot be shown again.

use serde::{Deserialize, Serialize};

use super::{combining::Combining, period::Instant, seal::IdSecret};

/// What every secret starts with, so that people and scanners recognise one.
pub const SECRET_PREFIX: &str = "scrip_";

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
}
