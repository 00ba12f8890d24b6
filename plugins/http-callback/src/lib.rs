//! Gets the codes of a pool from a web address: it POSTs what is to be issued and takes the code that comes
//! back. The secret `api_key` is a placeholder here; the host fills it in on the way out.

use scrip_plugin::{Claim, Issued, Source, SourceError, export_source, http, types::Value};
use serde::{Deserialize, Serialize};
use serde_json::Map;

/// The plugin.
pub struct HttpCallback;

/// A binding's configuration; plugin.toml has its schema.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address that is asked.
    url: String,
    /// Further fields of the request, sent as they are.
    #[serde(default)]
    fields: Map<String, serde_json::Value>,
}

/// What is asked.
#[derive(Serialize)]
struct Callback<'a> {
    api_key: &'a str,
    /// The percentage of a percentage coupon.
    coupon_percentage: Option<String>,
    /// The value of an amount coupon, the balance of a gift card.
    value: Option<String>,
    customer: &'a str,
    r#type: &'a str,
    #[serde(flatten)]
    fields: &'a Map<String, serde_json::Value>,
}

/// What is answered; other fields are ignored.
#[derive(Deserialize)]
struct Answer {
    code: String,
    /// When the coupon ends, RFC 3339; absent leaves that to the pool.
    expires_at: Option<String>,
}

impl<'a> Callback<'a> {
    fn new(claim: &'a Claim<Config>) -> Self {
        let (r#type, coupon_percentage, value) = match &claim.pool.value {
            Value::Amount(money) => ("amount", None, Some(money.amount.to_string())),
            Value::Percentage(percentage) => ("percentage", Some(percentage.to_string()), None),
            Value::FreeShipping => ("free_shipping", None, None),
            Value::GiftCard(money) => ("gift_card", None, Some(money.amount.to_string())),
        };
        let (customer, fields) = (&claim.customer.id, &claim.config.fields);
        Self { api_key: "{{secret.api_key}}", coupon_percentage, value, customer, r#type, fields }
    }
}

impl Source for HttpCallback {
    type Config = Config;

    fn issue(claim: &Claim<Config>) -> Result<Issued, SourceError> {
        let answer: Answer = http::Request::post(&claim.config.url)
            .header("idempotency-key", &claim.idempotency_key)
            .json(&Callback::new(claim))?
            .send()?
            .success()?
            .json()?;
        Ok(Issued { code: answer.code, expires_at: answer.expires_at })
    }
}

export_source!(HttpCallback);
