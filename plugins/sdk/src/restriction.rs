//! Restrictions: plugins that judge the coupons of a basket. The host asks once for all of a pool's coupons
//! in it, and gets one verdict for each, in their order.

use serde::de::DeserializeOwned;

use crate::{
    bindings::restriction::exports::coupon::plugin::restriction_api as wire,
    json::{self, Failure},
    panic,
    types::{Basket, Coupon, Customer, Pool},
};

/// A plugin that judges coupons. Export the type with [`export_restriction!`](crate::export_restriction).
pub trait Restriction {
    /// The configuration of a binding, read from JSON. The host has checked it against the schema in
    /// plugin.toml when the pool was saved.
    type Config: DeserializeOwned;

    /// One verdict for each of `check.coupons`, in the same order.
    ///
    /// # Errors
    /// Where it cannot judge: the coupons are refused, or let through, as the binding says.
    fn check(check: &Check<Self::Config>) -> Result<Vec<Verdict>, Failure>;
}

/// What is to be judged.
#[derive(Debug, Clone)]
pub struct Check<Config> {
    /// What the coupons are about to be used for.
    pub occasion: Occasion,
    /// The present instant, RFC 3339 in UTC.
    pub now: String,
    /// The coupons' pool.
    pub pool: Pool,
    /// Who uses them, if that is known.
    pub customer: Option<Customer>,
    /// What is bought; none at a claim, and where a coupon is redeemed without a basket.
    pub basket: Option<Basket>,
    /// The coupons.
    pub coupons: Vec<Coupon>,
    /// The binding's configuration.
    pub config: Config,
}

impl<Config> Check<Config> {
    /// The answer that allows every coupon.
    #[must_use]
    pub fn allow_all(&self) -> Vec<Verdict> {
        vec![Verdict::Allow; self.coupons.len()]
    }

    /// The answer that refuses every coupon, with the same text for people.
    #[must_use]
    pub fn refuse_all(&self, text: impl Into<String>) -> Vec<Verdict> {
        vec![Verdict::Refuse(text.into()); self.coupons.len()]
    }
}

/// What coupons are about to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// A customer claims one. Asked only where the binding says so.
    Claim,
    /// A checkout is previewed: nothing is recorded.
    Preview,
    /// One is redeemed.
    Redeem,
    /// A checkout is completed.
    Checkout,
}

/// What a restriction says about one coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be used.
    Allow,
    /// It may not; the text is shown to people, after "refused: ".
    Refuse(String),
}

/// Exports a [`Restriction`]: `export_restriction!(MyType);`, once in a crate, at its top level.
#[macro_export]
#[rustfmt::skip] // it cannot place what stands before "with_types_in"
macro_rules! export_restriction {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::restriction::exports::coupon::plugin::restriction_api;

            struct Exported;

            impl restriction_api::Guest for Exported {
                fn check(request: restriction_api::CheckRequest) -> Result<Vec<restriction_api::Verdict>, String> {
                    $crate::check::<$plugin>(request)
                }
            }

            $crate::bindings::restriction::export!(Exported with_types_in $crate::bindings::restriction);
        };
    };
}

/// What the exported function does: reads the request, asks the plugin, and writes its verdicts.
#[doc(hidden)]
pub fn check<R: Restriction>(request: wire::CheckRequest) -> Result<Vec<wire::Verdict>, String> {
    panic::report();
    let verdicts = read(request).and_then(|check| R::check(&check)).map_err(Failure::into_text)?;
    Ok(verdicts.into_iter().map(wire::Verdict::from).collect())
}

fn read<Config: DeserializeOwned>(request: wire::CheckRequest) -> Result<Check<Config>, Failure> {
    Ok(Check {
        occasion: request.occasion.into(),
        now: request.now,
        pool: request.pool.try_into()?,
        customer: request.customer.map(Customer::from),
        basket: request.basket.map(Basket::try_from).transpose()?,
        coupons: request.coupons.into_iter().map(Coupon::try_from).collect::<Result<_, _>>()?,
        config: json::read("config", request.config.as_bytes())?,
    })
}

impl From<wire::Occasion> for Occasion {
    fn from(occasion: wire::Occasion) -> Self {
        match occasion {
            wire::Occasion::Claim => Self::Claim,
            wire::Occasion::Preview => Self::Preview,
            wire::Occasion::Redeem => Self::Redeem,
            wire::Occasion::Checkout => Self::Checkout,
        }
    }
}

impl From<Verdict> for wire::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self::Allow,
            Verdict::Refuse(text) => Self::Refuse(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Check, Restriction, Verdict, check, wire};
    use crate::{Failure, bindings::restriction::coupon::plugin::types};

    struct Cheap;

    #[derive(Deserialize)]
    struct Config {
        most: crate::Decimal,
    }

    impl Restriction for Cheap {
        type Config = Config;

        fn check(check: &Check<Config>) -> Result<Vec<Verdict>, Failure> {
            let basket = check.basket.as_ref().ok_or_else(|| Failure::new("no basket"))?;
            if basket.subtotal() > check.config.most {
                return Ok(check.refuse_all("too dear"));
            }
            Ok(check.allow_all())
        }
    }

    fn request(config: &str, price: Option<&str>) -> wire::CheckRequest {
        let value = types::CouponValue::Percentage("10".to_owned());
        let coupon = |id: &str| types::Coupon {
            id: id.to_owned(),
            code: "SPRING10".to_owned(),
            value: value.clone(),
            balance: None,
            claimed_at: None,
            expires_at: None,
            usages: 0,
        };
        let line = |price: &str| types::Line { product_id: "mug".into(), quantity: 2, unit_price: price.into() };
        wire::CheckRequest {
            occasion: wire::Occasion::Preview,
            now: "2026-05-01T10:00:00Z".to_owned(),
            pool: types::Pool { id: "p".into(), external_id: None, name: "Spring".into(), value: value.clone() },
            customer: None,
            basket: price.map(|price| types::Basket {
                currency: "EUR".to_owned(),
                store_id: None,
                shipping: None,
                lines: vec![line(price)],
            }),
            coupons: vec![coupon("a"), coupon("b")],
            config: config.to_owned(),
        }
    }

    #[test]
    fn a_restriction_answers_for_every_coupon() {
        let verdicts = check::<Cheap>(request(r#"{"most": "19.90"}"#, Some("9.95"))).expect("verdicts");
        assert!(matches!(verdicts[..], [wire::Verdict::Allow, wire::Verdict::Allow]), "{verdicts:?}");
        let verdicts = check::<Cheap>(request(r#"{"most": 19.89}"#, Some("9.95"))).expect("verdicts");
        assert!(matches!(&verdicts[..], [wire::Verdict::Refuse(_), wire::Verdict::Refuse(text)] if text == "too dear"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = check::<Cheap>(request(r#"{"most": "x"}"#, None)).expect_err("no number");
        assert!(error.starts_with("config.most: expected an exact decimal number"), "{error}");
        assert_eq!(check::<Cheap>(request(r#"{"most": "1"}"#, None)).expect_err("no basket"), "no basket");
    }
}
