//! Sources: plugins that supply the codes of a pool, usually by asking a system outside through
//! [`http`](crate::http). The host asks for one code at a time, outside any transaction of its own.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::{
    bindings::source::exports::coupon::plugin::source_api as wire,
    json::{self, Failure},
    panic,
    types::{Customer, Pool},
};

/// A plugin that supplies codes. Export the type with [`export_source!`](crate::export_source).
pub trait Source {
    /// The configuration of a binding, read from JSON. The host has checked it against the schema in
    /// plugin.toml when the pool was saved.
    type Config: DeserializeOwned;

    /// A code for this customer. When the host asks again with the same idempotency key, the same code must
    /// come back: pass the key on.
    ///
    /// # Errors
    /// Where there is no code; nothing is claimed then.
    fn issue(claim: &Claim<Self::Config>) -> Result<Issued, SourceError>;
}

/// The claim that needs a code.
#[derive(Debug, Clone)]
pub struct Claim<Config> {
    /// The same whenever the host asks again for the same claim.
    pub idempotency_key: String,
    /// The pool that the coupon is claimed from.
    pub pool: Pool,
    /// Who claims it.
    pub customer: Customer,
    /// The binding's configuration.
    pub config: Config,
}

/// A code for a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The code: 1 to 64 characters, new to the host.
    pub code: String,
    /// When the coupon ends, RFC 3339; none leaves that to the pool.
    pub expires_at: Option<String>,
}

impl Issued {
    /// A code whose end is the pool's matter.
    #[must_use]
    pub fn code(code: impl Into<String>) -> Self {
        Self { code: code.into(), expires_at: None }
    }
}

/// Why there is no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// Not now: another try later may work. For the operator.
    Unavailable(String),
    /// Never for this customer; the text is shown to people.
    Refused(String),
    /// Not before an operator changes something; the text says what.
    Misconfigured(String),
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unavailable(text) | Self::Refused(text) | Self::Misconfigured(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for SourceError {}

/// What cannot be read is a matter for the operator.
impl From<Failure> for SourceError {
    fn from(failure: Failure) -> Self {
        Self::Misconfigured(failure.into_text())
    }
}

/// Exports a [`Source`]: `export_source!(MyType);`, once in a crate, at its top level.
#[macro_export]
#[rustfmt::skip] // it cannot place what stands before "with_types_in"
macro_rules! export_source {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::source::exports::coupon::plugin::source_api;

            struct Exported;

            impl source_api::Guest for Exported {
                fn issue(request: source_api::CodeRequest) -> Result<source_api::Issued, source_api::Error> {
                    $crate::issue::<$plugin>(request)
                }
            }

            $crate::bindings::source::export!(Exported with_types_in $crate::bindings::source);
        };
    };
}

/// What the exported function does: reads the request, asks the plugin, and writes its answer.
#[doc(hidden)]
pub fn issue<S: Source>(request: wire::CodeRequest) -> Result<wire::Issued, wire::Error> {
    panic::report();
    let issued = read(request).map_err(SourceError::from).and_then(|claim| S::issue(&claim))?;
    Ok(wire::Issued { code: issued.code, expires_at: issued.expires_at })
}

fn read<Config: DeserializeOwned>(request: wire::CodeRequest) -> Result<Claim<Config>, Failure> {
    Ok(Claim {
        idempotency_key: request.idempotency_key,
        pool: request.pool.try_into()?,
        customer: request.customer.into(),
        config: json::read("config", request.config.as_bytes())?,
    })
}

impl From<SourceError> for wire::Error {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Unavailable(text) => Self::Unavailable(text),
            SourceError::Refused(text) => Self::Refused(text),
            SourceError::Misconfigured(text) => Self::Misconfigured(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Claim, Issued, Source, SourceError, issue, wire};
    use crate::bindings::restriction::coupon::plugin::types;

    struct Numbered;

    #[derive(Deserialize)]
    struct Config {
        prefix: String,
    }

    impl Source for Numbered {
        type Config = Config;

        fn issue(claim: &Claim<Config>) -> Result<Issued, SourceError> {
            if claim.customer.id == "bob" {
                return Err(SourceError::Refused("not for bob".to_owned()));
            }
            Ok(Issued::code(format!("{}-{}", claim.config.prefix, claim.idempotency_key)))
        }
    }

    fn request(customer: &str, config: &str) -> wire::CodeRequest {
        wire::CodeRequest {
            idempotency_key: "k-1".to_owned(),
            pool: types::Pool {
                id: "p".to_owned(),
                external_id: None,
                name: "Spring".to_owned(),
                value: types::CouponValue::FreeShipping,
            },
            customer: types::Customer {
                id: customer.to_owned(),
                email: None,
                currency: None,
                attributes: "{}".to_owned(),
            },
            config: config.to_owned(),
        }
    }

    #[test]
    fn a_source_answers_with_a_code_or_a_reason() {
        let issued = issue::<Numbered>(request("ann", r#"{"prefix": "X"}"#)).expect("a code");
        assert_eq!((issued.code.as_str(), issued.expires_at), ("X-k-1", None));
        let error = issue::<Numbered>(request("bob", r#"{"prefix": "X"}"#)).expect_err("refused");
        assert!(matches!(error, wire::Error::Refused(text) if text == "not for bob"));
        let error = issue::<Numbered>(request("ann", "{}")).expect_err("misconfigured");
        assert!(
            matches!(error, wire::Error::Misconfigured(text) if text.starts_with("config: missing field `prefix`"))
        );
    }
}
