//! Currencies by their ISO 4217 code, and how many decimals each one has. Where a pool names none,
//! amounts have two.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::rejection::Rejection;

/// The decimals of an amount that has no currency.
pub const DEFAULT_EXPONENT: u8 = 2;

/// A currency of ISO 4217 that has a minor unit (so not gold, test codes and the like).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Reads an upper-case code such as "EUR".
    pub fn parse(code: &str) -> Result<Self, Rejection> {
        iso_currency::Currency::from_code(code).filter(|currency| currency.exponent().is_some()).map(Self).ok_or_else(
            || Rejection::ValueInvalid {
                reason: "expected an ISO 4217 currency code in upper case, such as \"EUR\"".to_owned(),
            },
        )
    }

    /// The three letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The decimals of its minor unit: 0 for JPY, 2 for EUR, 3 for KWD.
    #[must_use]
    pub fn exponent(self) -> u8 {
        self.0.exponent().and_then(|e| u8::try_from(e).ok()).unwrap_or(DEFAULT_EXPONENT)
    }
}

/// The decimals of an amount in `currency`, or in none.
#[must_use]
pub fn exponent_of(currency: Option<Currency>) -> u8 {
    currency.map_or(DEFAULT_EXPONENT, Currency::exponent)
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_their_decimals() {
        for (code, exponent) in [
            ("EUR", Some(2)),
            ("JPY", Some(0)),
            ("KWD", Some(3)),
            ("CLF", Some(4)),
            ("HUF", Some(2)),
            ("eur", None),
            ("EURO", None),
            ("XAU", None),
            ("", None),
            ("ZZZ", None),
        ] {
            assert_eq!(Currency::parse(code).ok().map(Currency::exponent), exponent, "{code}");
        }
    }
}
