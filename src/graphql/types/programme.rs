//! The programme's settings, and who asks.

use async_graphql::{ID, SimpleObject};

use super::Role;
use scrip_domain::access;
use scrip_service::{Action, Caller};

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
    /// What its holder is.
    pub role: Role,
    /// What its holder may do, such as CLAIM_COUPONS.
    pub permissions: Vec<String>,
}

impl Viewer {
    /// Who acts.
    #[must_use]
    pub fn of(actor: &Caller) -> Self {
        Self {
            id: ID(actor.id.clone()),
            name: actor.name.clone(),
            role: actor.role.into(),
            permissions: actor.rights.actions().map(Action::name).collect(),
        }
    }
}
