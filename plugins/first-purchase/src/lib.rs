//! Lets a coupon be used for a customer's first purchase alone. Which of the customer's attributes tells
//! about earlier purchases is configured: how many there were, or whether there were any.

use scrip_plugin::{Check, Failure, Restriction, Verdict, export_restriction};
use serde::Deserialize;

/// The plugin.
pub struct FirstPurchase;

/// A binding's configuration; plugin.toml has its schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The attribute that tells about earlier purchases.
    attribute: String,
    /// What a customer without the attribute is taken for.
    #[serde(default)]
    when_missing: WhenMissing,
    /// What a refused customer is told.
    #[serde(default = "only_first")]
    message: String,
}

/// What a customer without the attribute is taken for.
#[derive(Deserialize, Default)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WhenMissing {
    /// Somebody who has not bought yet.
    #[default]
    Allow,
    /// Somebody about whom it cannot be known.
    Refuse,
}

/// How the attribute tells it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the number of earlier purchases, or whether there were any")]
enum Purchases {
    Count(u64),
    Any(bool),
}

fn only_first() -> String {
    "only for a first purchase".to_owned()
}

impl Restriction for FirstPurchase {
    type Config = Config;

    fn check(check: &Check<Config>) -> Result<Vec<Verdict>, Failure> {
        let Some(customer) = &check.customer else {
            return Ok(check.refuse_all("sign in: it is only for a customer's first purchase"));
        };
        let first = match customer.attributes.get(&check.config.attribute)? {
            Some(Purchases::Count(count)) => count == 0,
            Some(Purchases::Any(any)) => !any,
            None => matches!(check.config.when_missing, WhenMissing::Allow),
        };
        Ok(if first { check.allow_all() } else { check.refuse_all(&check.config.message) })
    }
}

export_restriction!(FirstPurchase);
