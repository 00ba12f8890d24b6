//! Gets the codes of a pool from a web address: it POSTs what is to be issued and takes the code that comes
//! back. Where the binding says so, it POSTs there as well what becomes of the coupon later. The secret `api_key` is a mark here; the host fills it in there on the way out.

use scrip_plugin::{
    Claim, Issued, Notice, Source, SourceError, Teller, export_source, export_teller, http, types::Value,
};
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
    news: Option<News<'a>>,
    #[serde(flatten)]
    fields: Map<String, serde_json::Value>,
}

/// What is told of a coupon beside what was asked when it was issued.
#[derive(Serialize)]
struct News<'a> {
    /// "unassign", "transfer" or "claim".
    event: &'a str,
    /// The same where the same is told again.
    id: &'a str,
    at: &'a str,
    code: &'a str,
    /// Who has it after a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_customer: Option<&'a str>,
}

impl News<'_> {
    const FIELDS: [&'static str; 5] = ["event", "id", "at", "code", "to_customer"];
}

/// What is answered; other fields are ignored.
#[derive(Deserialize)]
struct Answer {
    code: String,
    /// When the coupon ends, RFC 3339; absent leaves that to the pool.
    expires_at: Option<String>,
}

impl<'a> Callback<'a> {
    fn of_claim(claim: &'a Claim<Config>) -> Self {
        Self::new(&claim.pool.value, &claim.customer.id, claim.config.fields.clone())
    }

    fn of_notice(notice: &'a Notice<Config>) -> Self {
        let mut fields = notice.config.fields.clone();
        // A binding may have named one so before there were notices.
        fields.retain(|name, _| !News::FIELDS.contains(&name.as_str()));
        let news = News {
            event: notice.event.name(),
            id: &notice.id,
            at: &notice.at,
            code: &notice.coupon.code,
            to_customer: notice.receiver.as_ref().map(|receiver| receiver.id.as_str()),
        };
        Self { news: Some(news), ..Self::new(&notice.coupon.value, &notice.customer.id, fields) }
    }

    fn new(value: &'a Value, customer: &'a str, fields: Map<String, serde_json::Value>) -> Self {
        let none = || "0".to_owned();
        let (r#type, coupon_percentage, value, currency) = match value {
            Value::Amount(money) => ("amount", none(), money.amount.to_string(), money.currency.as_deref()),
            Value::Percentage(percentage) => ("percentage", percentage.to_string(), percentage.to_string(), None),
            Value::FreeShipping => ("free_shipping", none(), none(), None),
            Value::GiftCard(money) => ("gift_card", none(), money.amount.to_string(), money.currency.as_deref()),
        };
        Self { api_key: "{{secret.api_key}}", coupon_percentage, value, currency, customer, r#type, news: None, fields }
    }
}

impl Source for HttpCallback {
    type Config = Config;

    fn issue(claim: &Claim<Config>) -> Result<Issued, SourceError> {
        let answer: Answer = http::Request::post(&claim.config.url)
            .header("idempotency-key", &claim.idempotency_key)
            .json(&Callback::of_claim(claim))?
            .send()?
            .success()?
            .json()?;
        Ok(Issued { code: answer.code, expires_at: answer.expires_at })
    }
}

impl Teller for HttpCallback {
    fn tell(notice: &Notice<Config>) -> Result<(), SourceError> {
        http::Request::post(&notice.config.url)
            .header("idempotency-key", &notice.id)
            .json(&Callback::of_notice(notice))?
            .send()?
            .success()?;
        Ok(())
    }
}

export_source!(HttpCallback);
export_teller!(HttpCallback);
