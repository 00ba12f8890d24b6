//! A customer of the retailer's, known by the retailer's own id. A customer may be nothing but an id:
//! claiming for an unknown one makes it.

use serde::{Deserialize, Serialize};

use super::{currency::Currency, id::CustomerId, rejection::Rejection};

/// The longest e-mail address, in bytes (RFC 5321, section 4.5.3.1.3).
const MAX_EMAIL: usize = 254;

/// An e-mail address: something before and after one `@`. Addresses are compared without regard to
/// case, and two customers cannot have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Checks the text.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let well_formed = text.len() <= MAX_EMAIL
            && !text.chars().any(|c| c.is_control() || c.is_whitespace())
            && matches!(text.rsplit_once('@'), Some((local, domain)) if !local.is_empty() && !domain.is_empty());
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(Rejection::ValueInvalid { reason: "expected an e-mail address such as \"ann@example.com\"".to_owned() })
        }
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One that the database has kept: it was checked when it was made.
    #[must_use]
    pub fn kept(text: String) -> Self {
        Self(text)
    }

    /// The text that addresses are compared by.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// What is known of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The retailer's id.
    pub id: CustomerId,
    /// The e-mail address.
    pub email: Option<Email>,
    /// The currency that the customer pays in.
    pub currency: Option<Currency>,
    /// Whatever else the retailer keeps with the customer: a JSON object.
    pub attributes: serde_json::Value,
}

impl Customer {
    /// A customer of whom nothing is known but the id.
    #[must_use]
    pub fn unknown(id: CustomerId) -> Self {
        Self { id, email: None, currency: None, attributes: serde_json::Value::Object(serde_json::Map::new()) }
    }

    /// Whether an e-mail address is theirs.
    #[must_use]
    pub fn is_at(&self, email: &Email) -> bool {
        self.email.as_ref().is_some_and(|own| own.folded() == email.folded())
    }
}
