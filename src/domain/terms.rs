//! The terms that a coupon carries: what it is worth and where it may be used. A pool has current
//! terms and keeps its older ones; a coupon points to those it was made with, so a later edit of the
//! pool reaches it only when it is told to.

use serde::{Deserialize, Serialize};

use super::{
    currency::{Currency, exponent_of},
    decimal::{Amount, Decimal},
    period::{Instant, Period},
    rejection::Rejection,
    zone::Zone,
};

/// What kind of discount a coupon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CouponType {
    /// A fixed amount off.
    Amount,
    /// A percentage off.
    Percentage,
    /// No shipping costs.
    FreeShipping,
    /// A balance that is spent over one or more purchases.
    GiftCard,
}

impl CouponType {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amount => "AMOUNT",
            Self::Percentage => "PERCENTAGE",
            Self::FreeShipping => "FREE_SHIPPING",
            Self::GiftCard => "GIFT_CARD",
        }
    }
}

/// What a coupon is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// A fixed amount, at least one minor unit.
    Amount(Amount),
    /// Hundredths of a percent, 1 to 10,000.
    Percentage(u16),
    /// The shipping costs.
    FreeShipping,
    /// The amount that the card is issued with.
    GiftCard(Amount),
}

impl Value {
    /// Reads the value of a pool of this type (product section 1: Type and value).
    pub fn parse(kind: CouponType, text: Option<&str>, currency: Option<Currency>) -> Result<Self, Rejection> {
        let required = Rejection::Required { what: "a value" };
        let exponent = exponent_of(currency);
        let amount = |text: Option<&str>| {
            let amount = Decimal::parse(text.ok_or(required)?)?.to_amount(exponent)?;
            // "At least 0.01", or the smallest unit of a currency that has no hundredths.
            let least = Amount(10_i64.pow(u32::from(exponent.saturating_sub(2))));
            if amount >= least {
                Ok(amount)
            } else {
                Err(Rejection::ValueInvalid {
                    reason: format!("expected a value of at least {}", least.text(exponent)),
                })
            }
        };
        match kind {
            CouponType::Amount => amount(text).map(Self::Amount),
            CouponType::GiftCard => amount(text).map(Self::GiftCard),
            CouponType::Percentage => {
                let hundredths = Decimal::parse(text.ok_or(Rejection::Required { what: "a value" })?)?.to_amount(2)?;
                match u16::try_from(hundredths.0) {
                    Ok(value @ 1..=10_000) => Ok(Self::Percentage(value)),
                    _ => Err(Rejection::ValueInvalid {
                        reason: "expected a percentage above 0 and at most 100".to_owned(),
                    }),
                }
            }
            CouponType::FreeShipping => match text {
                None => Ok(Self::FreeShipping),
                Some(_) => Err(Rejection::FieldNotApplicable { subject: "type FREE_SHIPPING".to_owned() }),
            },
        }
    }

    /// Its type.
    #[must_use]
    pub fn kind(self) -> CouponType {
        match self {
            Self::Amount(_) => CouponType::Amount,
            Self::Percentage(_) => CouponType::Percentage,
            Self::FreeShipping => CouponType::FreeShipping,
            Self::GiftCard(_) => CouponType::GiftCard,
        }
    }

    /// The value as a decimal text; none for free shipping.
    #[must_use]
    pub fn text(self, currency: Option<Currency>) -> Option<String> {
        match self {
            Self::Amount(amount) | Self::GiftCard(amount) => Some(amount.text(exponent_of(currency))),
            Self::Percentage(hundredths) => {
                let text = Amount(hundredths.into()).text(2);
                Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
            }
            Self::FreeShipping => None,
        }
    }
}

/// Where and when a coupon may be used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restrictions {
    /// Gift cards: a card that holds less after a redemption is voided.
    pub minimum_value: Option<Amount>,
    /// Gift cards: the least that is taken at once.
    pub minimum_redemption_value: Option<Amount>,
    /// The least that the eligible lines of a basket are worth.
    pub purchase_minimum: Option<Amount>,
    /// How long after its claim a coupon is valid.
    pub expiration_period: Option<Period>,
    /// The stores it is for; all where empty.
    pub stores: Vec<String>,
    /// The products it is for; all where empty.
    pub products: Vec<String>,
    /// The first instant at which a coupon may be used.
    #[serde(default)]
    pub valid_from: Option<Instant>,
    /// The last one, of a coupon that is claimed; with a time zone the last one of a day there.
    #[serde(default)]
    pub valid_until: Option<Instant>,
    /// Where the days are that a coupon's time ends with.
    #[serde(default)]
    pub time_zone: Option<Zone>,
}

impl Restrictions {
    /// Whether a coupon may be used as far as it is not too early.
    pub fn check_begun(&self, now: Instant) -> Result<(), Rejection> {
        match self.valid_from {
            Some(from) if now < from => Err(Rejection::NotYetValid { from }),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a coupon may be claimed as far as it is not too late.
    pub fn check_claim(&self, now: Instant) -> Result<(), Rejection> {
        match self.valid_until {
            Some(until) if until < now => Err(Rejection::NoLongerValid { until }),
            Some(_) | None => Ok(()),
        }
    }

    /// When the time is over of a coupon that is claimed now; none where it is never over.
    pub fn end_of(&self, now: Instant) -> Result<Option<Instant>, Rejection> {
        let Some(period) = self.expiration_period else { return Ok(self.not_after_end(None)) };
        let end = match &self.time_zone {
            Some(zone) => zone.end_of(period, now),
            None => period.after(now),
        };
        let reason = || "the expiration period ends after the year 9999: shorten it".to_owned();
        let end = end.ok_or_else(|| Rejection::ValueInvalid { reason: reason() })?;
        Ok(self.not_after_end(Some(end)))
    }

    /// An end, or when all of its coupons are over where that is before it.
    #[must_use]
    pub fn not_after_end(&self, end: Option<Instant>) -> Option<Instant> {
        let after_last = self.valid_until.and_then(|until| until.checked_add(jiff::Span::new().milliseconds(1)).ok());
        match (end, after_last) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

/// What a coupon carries from the moment it exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What it is worth.
    pub value: Value,
    /// The currency of its amounts; none means any, with two decimals.
    pub currency: Option<Currency>,
    /// Where it may be used.
    pub restrictions: Restrictions,
}

impl Terms {
    /// About how many bytes they take in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = self.restrictions.stores.iter().chain(&self.restrictions.products);
        512 + texts.map(|text| text.len() + 32).sum::<usize>()
    }

    /// The decimals of its amounts.
    #[must_use]
    pub fn exponent(&self) -> u8 {
        exponent_of(self.currency)
    }

    /// The issue value of a gift card.
    #[must_use]
    pub fn card_value(&self) -> Option<Amount> {
        match self.value {
            Value::GiftCard(amount) => Some(amount),
            Value::Amount(_) | Value::Percentage(_) | Value::FreeShipping => None,
        }
    }

    /// Whether a customer with this currency may hold the coupon: where the pool has a currency, nobody whose own is known
    /// and another; a gift card, which is money, only one whose own is known and the same.
    pub fn admits_customer(&self, currency: Option<Currency>) -> Result<(), Rejection> {
        let Some(expected) = self.currency else { return Ok(()) };
        let found = match currency {
            Some(found) if found == expected => return Ok(()),
            Some(found) => found.to_string(),
            None if self.card_value().is_none() => return Ok(()),
            None => "none (customerUpsert sets a customer's)".to_owned(),
        };
        Err(Rejection::CurrencyMismatch { expected: expected.to_string(), found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_type() {
        use CouponType::{Amount as A, FreeShipping as F, GiftCard as G, Percentage as P};
        for (kind, text, currency, expected) in [
            (A, Some("0.01"), None, Some("0.01")),
            (A, Some("0.00"), None, None),
            (A, Some("-1"), None, None),
            (A, Some("0.005"), None, None),
            (A, None, None, None),
            (A, Some("5"), Some("JPY"), Some("5")),
            (A, Some("395.00"), Some("JPY"), Some("395")),
            (A, Some("395.50"), Some("JPY"), None),
            (A, Some("12.5000"), Some("EUR"), Some("12.50")),
            (P, Some("12.5000"), Some("EUR"), Some("12.5")),
            (A, Some("0"), Some("JPY"), None),
            (G, Some("1.250"), Some("KWD"), Some("1.250")),
            (G, Some("0.009"), Some("KWD"), None),
            (G, Some("0.010"), Some("KWD"), Some("0.010")),
            (P, Some("100"), None, Some("100")),
            (P, Some("100.01"), None, None),
            (P, Some("12.50"), None, Some("12.5")),
            (P, Some("0.01"), None, Some("0.01")),
            (P, Some("0"), None, None),
            (P, Some("1.005"), None, None),
            (F, None, None, None),
        ] {
            let currency = currency.map(|c| Currency::parse(c).expect("a currency"));
            let found = Value::parse(kind, text, currency).ok().and_then(|v| v.text(currency));
            assert_eq!(found.as_deref(), expected, "{kind:?} {text:?} {currency:?}");
        }
        assert_eq!(Value::parse(F, None, None), Ok(Value::FreeShipping));
        assert!(matches!(Value::parse(F, Some("1"), None), Err(Rejection::FieldNotApplicable { .. })));
    }
}
