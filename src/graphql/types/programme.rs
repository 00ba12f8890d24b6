//! The programme's settings, and who asks.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::{Customer, Role, UserGroup, coupon::customer};
use scrip_domain::{access, combining};
use scrip_service::{Action, Session};

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
#[derive(Debug, Clone)]
pub struct Viewer(pub Session);

/// Who a request acts as.
#[Object]
impl Viewer {
    /// The id of the API key, or of whom a token is about.
    async fn id(&self) -> ID {
        ID(self.0.actor().id.clone())
    }

    /// The key's name, or the token's subject; events are recorded by it. "customer" for a customer.
    async fn name(&self) -> &str {
        &self.0.actor().name
    }

    /// What its holder is.
    async fn role(&self) -> Role {
        self.0.actor().role.into()
    }

    /// The groups whose pools it sees beside those of no group; all of them for an ADMIN.
    async fn groups(&self) -> Vec<UserGroup> {
        self.0.groups_named(&self.0.actor().groups).into_iter().map(UserGroup).collect()
    }

    /// The customer that it is; null for everybody else.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        customer(ctx, self.0.own()).await
    }

    /// What its holder may do, such as CLAIM_COUPONS; a customer with what is the customer's own alone.
    async fn permissions(&self) -> Vec<String> {
        self.0.actor().rights.actions().map(Action::name).collect()
    }
}
