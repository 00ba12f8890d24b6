//! What a plugin is asked and what it may answer, in shapes of no contract's version: bindings translate them to
//! what a plugin was built against. As JSON they are the samples of `pluginTest` and the fixtures of
//! `scrip plugin test`, so every field has a plain default.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a coupon or a pool is worth. Amounts are decimal texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum PluginValue {
    /// An amount off.
    Amount {
        /// How much.
        amount: String,
        /// An ISO 4217 code.
        #[serde(default)]
        currency: Option<String>,
    },
    /// A share off.
    Percentage {
        /// Per hundred.
        percentage: String,
    },
    /// The shipping costs.
    FreeShipping,
    /// A gift card of this value.
    GiftCard {
        /// How much.
        amount: String,
        /// An ISO 4217 code.
        #[serde(default)]
        currency: Option<String>,
    },
}

/// The pool that a question is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginPool {
    /// Its global id.
    pub id: String,
    /// The retailer's id of it.
    pub external_id: Option<String>,
    /// What people call it.
    pub name: String,
    /// What a new coupon of it is worth.
    pub value: PluginValue,
}

impl Default for PluginPool {
    fn default() -> Self {
        let value = PluginValue::Percentage { percentage: "10".to_owned() };
        Self { id: "pool-1".to_owned(), external_id: None, name: "Sample".to_owned(), value }
    }
}

/// The customer that a question is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginCustomer {
    /// The retailer's id.
    pub id: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// An ISO 4217 code.
    pub currency: Option<String>,
    /// Whatever the retailer keeps with the customer.
    pub attributes: Map<String, Value>,
}

impl Default for PluginCustomer {
    fn default() -> Self {
        Self { id: "customer-1".to_owned(), email: None, currency: None, attributes: Map::new() }
    }
}

/// A line of a basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginLine {
    /// The retailer's id of the product.
    pub product_id: String,
    /// How many.
    pub quantity: u32,
    /// What one costs, as a decimal text.
    pub unit_price: String,
}

/// A basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginBasket {
    /// An ISO 4217 code.
    pub currency: String,
    /// The store's id; none online.
    pub store_id: Option<String>,
    /// The shipping costs, as a decimal text.
    pub shipping: Option<String>,
    /// What is bought.
    pub lines: Vec<PluginLine>,
}

impl Default for PluginBasket {
    fn default() -> Self {
        let line = PluginLine { product_id: "product-1".to_owned(), quantity: 1, unit_price: "20.00".to_owned() };
        Self { currency: "EUR".to_owned(), store_id: None, shipping: None, lines: vec![line] }
    }
}

/// A coupon that is asked about. At a claim it is not chosen yet: its id and code are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginCoupon {
    /// Its global id.
    pub id: String,
    /// Its code.
    pub code: String,
    /// What it is worth.
    pub value: PluginValue,
    /// Gift cards: what is on it, as a decimal text.
    pub balance: Option<String>,
    /// RFC 3339.
    pub claimed_at: Option<String>,
    /// RFC 3339.
    pub expires_at: Option<String>,
    /// How often it was redeemed.
    pub usages: u32,
}

impl Default for PluginCoupon {
    fn default() -> Self {
        Self {
            id: "coupon-1".to_owned(),
            code: "SAMPLE".to_owned(),
            value: PluginValue::Percentage { percentage: "10".to_owned() },
            balance: None,
            claimed_at: None,
            expires_at: None,
            usages: 0,
        }
    }
}

/// When a restriction is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// A customer claims.
    Claim,
    /// A checkout is decided, and nothing recorded.
    Preview,
    /// A coupon is redeemed.
    Redeem,
    /// A checkout is completed.
    Checkout,
}

/// A question to a restriction: may these coupons of one pool be used?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckRequest {
    /// What is going on.
    pub occasion: Occasion,
    /// When: RFC 3339.
    pub now: String,
    /// The pool.
    pub pool: PluginPool,
    /// Who wants to use them, where that is known.
    pub customer: Option<PluginCustomer>,
    /// What is bought, where that is known.
    pub basket: Option<PluginBasket>,
    /// The coupons.
    pub coupons: Vec<PluginCoupon>,
    /// The binding's configuration.
    pub config: Value,
}

impl Default for CheckRequest {
    fn default() -> Self {
        Self {
            occasion: Occasion::Checkout,
            now: "2026-01-15T12:00:00Z".to_owned(),
            pool: PluginPool::default(),
            customer: Some(PluginCustomer::default()),
            basket: Some(PluginBasket::default()),
            coupons: vec![PluginCoupon::default()],
            config: Value::Object(Map::new()),
        }
    }
}

/// What a restriction says of one coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckVerdict {
    /// It may be used.
    Allow,
    /// It may not, with a text for people.
    Refuse(String),
}

/// A question to a source: a code for this customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct CodeRequest {
    /// The same where the same claim is asked for again: the same code must come back.
    pub idempotency_key: String,
    /// When: RFC 3339. The contract does not tell it; a packed plugin's clock does.
    pub now: String,
    /// The pool.
    pub pool: PluginPool,
    /// Who claims.
    pub customer: PluginCustomer,
    /// The binding's configuration.
    pub config: Value,
}

impl Default for CodeRequest {
    fn default() -> Self {
        Self {
            idempotency_key: "sample".to_owned(),
            now: "2026-01-15T12:00:00Z".to_owned(),
            pool: PluginPool::default(),
            customer: PluginCustomer::default(),
            config: Value::Object(Map::new()),
        }
    }
}

/// A code that a source gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuedCode {
    /// The code.
    pub code: String,
    /// Until when it is good: RFC 3339; none where the pool's period counts.
    #[serde(default)]
    pub expires_at: Option<String>,
}

/// Why a source gives none: its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceRefusal {
    /// Worth another try later.
    Unavailable(String),
    /// Final for this customer, with a text for people.
    Refused(String),
    /// Its configuration is wrong.
    Misconfigured(String),
}

/// What a guest asks of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// GET, POST and so on.
    pub method: String,
    /// An absolute URL.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What was sent.
    pub body: Vec<u8>,
}

/// Why nothing comes back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Not allowed, with the line that would allow it.
    #[error("denied: {0}")]
    Denied(String),
    /// It took too long.
    #[error("timed out")]
    TimedOut,
    /// No connection, or it broke.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// It is not a request that can be sent.
    #[error("invalid: {0}")]
    Invalid(String),
}

impl std::fmt::Display for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// How loud a plugin's line of log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// For whoever develops the plugin.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth looking at.
    Warn,
    /// Something is wrong.
    Error,
}
