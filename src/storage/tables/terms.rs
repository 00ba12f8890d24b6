//! The terms of a pool's coupons.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    PoolTerms,
    words::{self, currency, instant, millis, period},
};
use crate::{
    codec::{At, CodecError, Part, Parts, PartsReader},
    table::{Form, MIB, Span},
};
use scrip_domain::{
    decimal::Amount,
    id::{PoolId, TermsNumber},
    terms::{CouponType, Restrictions, Terms, Value},
    zone::Zone,
};

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptTerms<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    /// Of an amount or a gift card, in minor units.
    amount: Option<i64>,
    /// In hundredths of a percent.
    percentage: Option<u16>,
    #[serde(borrow)]
    currency: Option<Cow<'a, str>>,
    minimum_value: Option<i64>,
    minimum_redemption_value: Option<i64>,
    purchase_minimum: Option<i64>,
    expiration_period: Option<String>,
    stores: Cow<'a, [String]>,
    products: Cow<'a, [String]>,
    /// Absent in what versions before them wrote; and so are the next two.
    valid_from: Option<At>,
    valid_until: Option<At>,
    /// An IANA name.
    #[serde(borrow)]
    time_zone: Option<Cow<'a, str>>,
}

impl PoolTerms {
    /// All terms of a pool.
    #[must_use]
    pub fn of(pool: PoolId) -> Span<Self> {
        Span::numbers(&[Part::Number(pool.0.into())], ..)
    }
}

impl Form for PoolTerms {
    const TABLE: &'static str = "terms";
    const MOST: usize = 8 * MIB;
    type Kept<'a> = KeptTerms<'a>;

    fn parts((pool, number): &(PoolId, TermsNumber)) -> Parts<'_> {
        Parts::array([Part::Number(pool.0.into()), Part::Number(number.0.into())])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(PoolId, TermsNumber)> {
        Some((PoolId(parts.small()?), TermsNumber(parts.small()?)))
    }

    fn keep<'a>(_: &(PoolId, TermsNumber), terms: &'a Arc<Terms>) -> KeptTerms<'a> {
        let (amount, percentage) = match terms.value {
            Value::Amount(amount) | Value::GiftCard(amount) => (Some(amount.0), None),
            Value::Percentage(hundredths) => (None, Some(hundredths)),
            Value::FreeShipping => (None, None),
        };
        let Restrictions {
            minimum_value,
            minimum_redemption_value,
            purchase_minimum,
            expiration_period,
            stores,
            products,
            valid_from,
            valid_until,
            time_zone,
        } = &terms.restrictions;
        KeptTerms {
            kind: words::of_kind(terms.value.kind()).into(),
            amount,
            percentage,
            currency: terms.currency.map(|currency| Cow::Borrowed(currency.code())),
            minimum_value: minimum_value.map(|amount| amount.0),
            minimum_redemption_value: minimum_redemption_value.map(|amount| amount.0),
            purchase_minimum: purchase_minimum.map(|amount| amount.0),
            expiration_period: expiration_period.map(|period| period.to_string()),
            stores: Cow::Borrowed(stores),
            products: Cow::Borrowed(products),
            valid_from: valid_from.map(millis),
            valid_until: valid_until.map(millis),
            time_zone: time_zone.as_ref().map(|zone| Cow::Borrowed(zone.name())),
        }
    }

    fn restore(_: &(PoolId, TermsNumber), kept: KeptTerms<'_>) -> Result<Arc<Terms>, CodecError> {
        let value = match (words::kind(&kept.kind)?, kept.amount, kept.percentage) {
            (CouponType::Amount, Some(amount), None) => Value::Amount(Amount(amount)),
            (CouponType::GiftCard, Some(amount), None) => Value::GiftCard(Amount(amount)),
            (CouponType::Percentage, None, Some(hundredths)) => Value::Percentage(hundredths),
            (CouponType::FreeShipping, None, None) => Value::FreeShipping,
            _ => return Err(CodecError::new("expected the value that its kind has")),
        };
        Ok(Arc::new(Terms {
            value,
            currency: currency(kept.currency.as_deref())?,
            restrictions: Restrictions {
                minimum_value: kept.minimum_value.map(Amount),
                minimum_redemption_value: kept.minimum_redemption_value.map(Amount),
                purchase_minimum: kept.purchase_minimum.map(Amount),
                expiration_period: kept.expiration_period.as_deref().map(period).transpose()?,
                stores: kept.stores.into_owned(),
                products: kept.products.into_owned(),
                valid_from: kept.valid_from.map(instant).transpose()?,
                valid_until: kept.valid_until.map(instant).transpose()?,
                time_zone: kept.time_zone.as_deref().map(zone).transpose()?,
            },
        }))
    }
}

/// Names of zones stay in the database of them for ever.
fn zone(name: &str) -> Result<Zone, CodecError> {
    Zone::parse(name).map_err(|rejection| CodecError::new(rejection.to_string()))
}
