//! The programme's settings, and who asks.

use async_graphql::{Enum, ID, SimpleObject};

use super::Role;
use scrip_domain::{access, combining};
use scrip_service::{Action, Caller};

/// What the whole programme is set to.
#[derive(Debug, Clone, SimpleObject)]
pub struct Settings {
    /// Whether a completed checkout redeems the coupons that passed. Off at first.
    pub auto_redeem: bool,
    /// Of what percentages are: ORIGINAL at first.
    pub percentages_of: PercentagesOf,
    /// How many coupons a checkout takes: 50 at first, as many as it may present. Gift cards are counted.
    pub coupons_per_checkout: i32,
    /// How many coupons of one category a checkout takes; null for any number, as at first.
    pub coupons_per_category: Option<i32>,
}

/// Of what a percentage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "combining::PercentagesOf")]
pub enum PercentagesOf {
    /// Of what the lines cost: 10 % and 10 % are 20 %.
    Original,
    /// Of what the coupons before have left of it: 10 % and 10 % are 19 %.
    Remaining,
}

impl From<access::Settings> for Settings {
    fn from(settings: access::Settings) -> Self {
        let combining = settings.combining;
        Self {
            auto_redeem: settings.auto_redeem,
            percentages_of: combining.percentages_of.into(),
            coupons_per_checkout: combining.per_checkout.into(),
            coupons_per_category: combining.per_category.map(Into::into),
        }
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
