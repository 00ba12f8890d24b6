//! Lets a coupon be used only with enough items in the basket.

use scrip_plugin::{Check, Failure, Restriction, Verdict, export_restriction};
use serde::Deserialize;

/// The plugin.
pub struct Plugin;

/// A binding's configuration; plugin.toml has its schema.
#[derive(Deserialize)]
pub struct Config {
    /// How many items the basket needs.
    items: u32,
}

impl Restriction for Plugin {
    type Config = Config;

    fn check(check: &Check<Config>) -> Result<Vec<Verdict>, Failure> {
        let items = check.basket.as_ref().map_or(0, |basket| basket.items());
        if items >= u64::from(check.config.items) {
            return Ok(check.allow_all());
        }
        Ok(check.refuse_all(format!("needs {} items in the basket", check.config.items)))
    }
}

export_restriction!(Plugin);
