//! The programme's settings, and who asks.

use async_graphql::{ID, SimpleObject};

use scrip_domain::access;

/// What the whole programme is set to.
#[derive(Debug, Clone, SimpleObject)]
pub struct Settings {
    /// Whether a completed checkout redeems the coupons that passed. Off at first.
    pub auto_redeem: bool,
}

impl From<access::Settings> for Settings {
    fn from(settings: access::Settings) -> Self {
        Self { auto_redeem: settings.auto_redeem }
    }
}

/// Who a request acts as.
#[derive(Debug, Clone, SimpleObject)]
pub struct Viewer {
    /// The id of the API key.
    pub id: ID,
    /// Its name, which events are recorded by.
    pub name: String,
}
