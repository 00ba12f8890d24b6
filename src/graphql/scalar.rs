//! The scalars of the contract, each checked where it enters.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

use scrip_domain::period::{Instant, instant_of, instant_text, to_millisecond};

/// Reads a scalar that is written as a string.
fn text(value: Value, expected: &str) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("expected {expected} as a string, found {other}")),
    }
}

macro_rules! text_scalar {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub String);

        $(#[$doc])*
        #[Scalar]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                text(value, $expected).map(Self).map_err(InputValueError::custom)
            }

            // What is no string is refused by the validation, which knows the field.
            fn is_valid(value: &Value) -> bool {
                matches!(value, Value::String(_) | Value::Null)
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    };
}

text_scalar!(
    /// An exact decimal number as a string, such as "12.50". Never a float: amounts are exact.
    Decimal,
    "an exact decimal number such as \"12.50\""
);
text_scalar!(
    /// An ISO 4217 currency code in upper case, such as "EUR".
    CurrencyCode,
    "an ISO 4217 currency code such as \"EUR\""
);
text_scalar!(
    /// An ISO 8601 duration with calendar units, such as "P2M", "P30D" or "PT12H".
    Period,
    "an ISO 8601 duration such as \"P2M\""
);
text_scalar!(
    /// A whole number of any size as a string, such as "4569760000".
    BigInt,
    "a whole number"
);
text_scalar!(
    /// An opaque place in a list: give back what a page or an edge told.
    Cursor,
    "a cursor"
);

/// An instant in UTC with millisecond precision (RFC 3339), such as "2026-05-01T12:00:00.000Z".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub Instant);

/// An instant in UTC with millisecond precision (RFC 3339), such as "2026-05-01T12:00:00.000Z".
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text(value, "an instant").map_err(InputValueError::custom)?;
        let instant = text.parse::<Instant>().ok().map(to_millisecond);
        let expected = "expected an RFC 3339 instant such as \"2026-11-28T00:00:00Z\"";
        instant.map(Self).ok_or_else(|| InputValueError::custom(expected))
    }

    fn is_valid(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::String(text) => text.parse::<Instant>().is_ok(),
            _ => false,
        }
    }

    fn to_value(&self) -> Value {
        Value::String(instant_text(self.0))
    }
}

impl DateTime {
    /// The instant of a number of milliseconds since 1970.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(instant_of(millis).unwrap_or(Instant::UNIX_EPOCH))
    }
}
