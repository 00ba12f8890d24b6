//! Notices: what becomes of the coupons that a source has supplied. The host tells it in the background, after the
//! change and at least once, where a pool's binding says so.

use serde::de::DeserializeOwned;

use crate::{
    bindings::teller::exports::coupon::plugin::notice_api as wire,
    json::{self, Failure},
    panic,
    source::{Source, SourceError},
    types::{Coupon, Customer, Pool},
};

/// A source that tells its partner what becomes of its coupons. Export it with
/// [`export_teller!`](crate::export_teller) beside [`export_source!`](crate::export_source), and name contract "1.1" in
/// plugin.toml.
pub trait Teller: Source {
    /// Tells the partner. The change has happened: it can be neither refused nor taken back.
    ///
    /// # Errors
    /// Where the partner has not taken it: what is unavailable or misconfigured comes again later, what is refused does
    /// not.
    fn tell(notice: &Notice<Self::Config>) -> Result<(), SourceError>;
}

/// What has become of a coupon.
#[derive(Debug, Clone)]
pub struct Notice<Config> {
    /// The same when the same notice comes again: pass it on, so that the partner tells them apart.
    pub id: String,
    /// What has become of it.
    pub event: Event,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Its pool.
    pub pool: Pool,
    /// The coupon, as it is now.
    pub coupon: Coupon,
    /// Who had it; at a claim, who has it now.
    pub customer: Customer,
    /// Who has it after a transfer.
    pub receiver: Option<Customer>,
    /// The binding's configuration.
    pub config: Config,
}

/// What has become of a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It had come back, and the customer has it now.
    Claim,
    /// It was taken back from the customer.
    Unassign,
    /// The customer gave it to the receiver.
    Transfer,
}

impl Event {
    /// Its name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Unassign => "unassign",
            Self::Transfer => "transfer",
        }
    }
}

/// Exports a [`Teller`]: `export_teller!(MyType);`, once in a crate, at its top level.
#[macro_export]
#[rustfmt::skip] // it cannot place what stands before "with_types_in"
macro_rules! export_teller {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::teller::exports::coupon::plugin::notice_api;

            struct Exported;

            impl notice_api::Guest for Exported {
                fn tell(notice: notice_api::Notice) -> Result<(), notice_api::Error> {
                    $crate::tell::<$plugin>(notice)
                }
            }

            $crate::bindings::teller::export!(Exported with_types_in $crate::bindings::teller);
        };
    };
}

/// What the exported function does: reads the notice and has it told.
#[doc(hidden)]
pub fn tell<T: Teller>(notice: wire::Notice) -> Result<(), wire::Error> {
    panic::report();
    let told = read(notice).map_err(SourceError::from).and_then(|notice| T::tell(&notice));
    told.map_err(|error| match error {
        SourceError::Unavailable(text) => wire::Error::Unavailable(text),
        SourceError::Refused(text) => wire::Error::Refused(text),
        SourceError::Misconfigured(text) => wire::Error::Misconfigured(text),
    })
}

fn read<Config: DeserializeOwned>(notice: wire::Notice) -> Result<Notice<Config>, Failure> {
    Ok(Notice {
        id: notice.id,
        event: match notice.event {
            wire::Event::Claim => Event::Claim,
            wire::Event::Unassign => Event::Unassign,
            wire::Event::Transfer => Event::Transfer,
        },
        at: notice.at,
        pool: notice.pool.try_into()?,
        coupon: notice.coupon.try_into()?,
        customer: notice.customer.into(),
        receiver: notice.receiver.map(Into::into),
        config: json::read("config", notice.config.as_bytes())?,
    })
}
