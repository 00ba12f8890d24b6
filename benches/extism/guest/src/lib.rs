//! The check of plugins/first-purchase as a plugin for extism: JSON in, JSON out. It reads no more of the question
//! than it needs, which is quicker than what Scrip's plugins do: those are handed all of it.

use extism_pdk::{FnResult, Json, plugin_fn};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Check {
    customer: Option<Customer>,
    coupons: Vec<IgnoredAny>,
    config: Config,
}

#[derive(Deserialize)]
struct Customer {
    attributes: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    attribute: String,
    #[serde(default)]
    when_missing: WhenMissing,
    #[serde(default = "only_first")]
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum WhenMissing {
    #[default]
    Allow,
    Refuse,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Purchases {
    Count(u64),
    Any(bool),
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Allow,
    Refuse(String),
}

fn only_first() -> String {
    "only for a first purchase".to_owned()
}

#[plugin_fn]
pub fn check(Json(check): Json<Check>) -> FnResult<Json<Vec<Verdict>>> {
    let all = |verdict| Ok(Json(vec![verdict; check.coupons.len()]));
    let Some(customer) = check.customer else {
        return all(Verdict::Refuse("sign in: it is only for a customer's first purchase".to_owned()));
    };
    let attribute = customer.attributes.get(&check.config.attribute);
    let first = match attribute.map(Option::<Purchases>::deserialize).transpose()?.flatten() {
        Some(Purchases::Count(count)) => count == 0,
        Some(Purchases::Any(any)) => !any,
        None => matches!(check.config.when_missing, WhenMissing::Allow),
    };
    all(if first { Verdict::Allow } else { Verdict::Refuse(check.config.message) })
}
