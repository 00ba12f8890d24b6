//! Gets the codes of a pool from a web address: it POSTs what is to be issued and takes the code that comes
//! back. The secret `api_key` is a mark here; the host fills it in there on the way out.

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
    /// The percentage of a percentage coupon, 0 of any other: a partner's program reads a number.
    coupon_percentage: String,
    /// What the coupon is worth, in words of its type: the amount, the percentage, the balance of a gift card, 0.
    value: String,
    /// Of an amount; left out where the pool has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
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
        let none = || "0".to_owned();
        let (r#type, coupon_percentage, value, currency) = match &claim.pool.value {
            Value::Amount(money) => ("amount", none(), money.amount.to_string(), money.currency.as_deref()),
            Value::Percentage(percentage) => ("percentage", percentage.to_string(), percentage.to_string(), None),
            Value::FreeShipping => ("free_shipping", none(), none(), None),
            Value::GiftCard(money) => ("gift_card", none(), money.amount.to_string(), money.currency.as_deref()),
        };
        let (customer, fields) = (&claim.customer.id, &claim.config.fields);
        Self { api_key: "{{secret.api_key}}", coupon_percentage, value, currency, customer, r#type, fields }
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
