//! Answers to idempotency keys, and purchases that were recorded.

use std::{borrow::Cow, ops::RangeTo};

use serde::{Deserialize, Serialize};

use super::{Answers, Coupons, Purchases, words};
use crate::{
    codec::{CodecError, Part, Parts, PartsReader},
    table::{Form, MIB, Span},
};
use scrip_domain::{id::CouponId, rejection::Refusal};

/// The answer that was given to an idempotency key.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The fingerprint of the input that it was given to.
    pub input: String,
    /// The answer, or the refusals, as the service wrote them.
    pub answer: Result<serde_json::Value, Vec<Refusal>>,
}

/// What was recorded of a purchase, in the service's words; none of the redemption of one coupon.
#[derive(Debug, Clone, PartialEq)]
pub struct Purchase(pub Option<serde_json::Value>);

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptAnswer<'a> {
    #[serde(borrow)]
    input: Cow<'a, str>,
    /// One of the two, as JSON: what the caller was told, word for word.
    answer: Option<String>,
    refusals: Option<String>,
}

impl Answers {
    /// The answers of all periods before one.
    #[must_use]
    pub fn before(RangeTo { end }: RangeTo<u32>) -> Span<Self> {
        Span::numbers(&[], ..u64::from(end))
    }
}

impl Form for Answers {
    const TABLE: &'static str = "answer";
    const MOST: usize = 16 * MIB;
    type Kept<'a> = KeptAnswer<'a>;

    fn parts((period, caller, key): &(u32, String, String)) -> Parts<'_> {
        Parts::array([Part::Number((*period).into()), Part::Text(caller), Part::Text(key)])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(u32, String, String)> {
        Some((parts.small()?, parts.text()?, parts.text()?))
    }

    fn keep<'a>(_: &(u32, String, String), kept: &'a Answer) -> KeptAnswer<'a> {
        let refusals = || serde_json::to_string(kept.answer.as_ref().err().unwrap_or(&Vec::new())).unwrap_or_default();
        KeptAnswer {
            input: Cow::Borrowed(&kept.input),
            answer: kept.answer.as_ref().ok().map(ToString::to_string),
            refusals: kept.answer.is_err().then(refusals),
        }
    }

    fn restore(_: &(u32, String, String), kept: KeptAnswer<'_>) -> Result<Answer, CodecError> {
        let answer = match (kept.answer, kept.refusals) {
            (Some(answer), None) => Ok(words::json(&answer)?),
            (None, Some(refusals)) => {
                Err(serde_json::from_str(&refusals).map_err(|error| CodecError::new(error.to_string()))?)
            }
            _ => return Err(CodecError::new("expected an answer or refusals")),
        };
        Ok(Answer { input: kept.input.into_owned(), answer })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptPurchase {
    recorded: Option<serde_json::Value>,
}

impl Form for Purchases {
    const TABLE: &'static str = "transaction";
    const MOST: usize = 16 * MIB;
    type Kept<'a> = KeptPurchase;

    fn parts((transaction, redeemed): &(String, Option<CouponId>)) -> Parts<'_> {
        match redeemed {
            None => Parts::array([Part::Text(transaction)]),
            Some(coupon) => {
                Parts::array([Part::Text(transaction), Part::Number(coupon.pool.0.into()), Part::Number(coupon.index)])
            }
        }
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(String, Option<CouponId>)> {
        let transaction = parts.text()?;
        let redeemed = if parts.has_more() { Some(Coupons::key(parts)?) } else { None };
        Some((transaction, redeemed))
    }

    fn keep(_: &(String, Option<CouponId>), purchase: &Purchase) -> KeptPurchase {
        KeptPurchase { recorded: purchase.0.clone() }
    }

    fn restore(_: &(String, Option<CouponId>), kept: KeptPurchase) -> Result<Purchase, CodecError> {
        Ok(Purchase(kept.recorded))
    }
}
