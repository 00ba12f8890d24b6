//! Write plugins for Scrip in Rust: a [`Restriction`] judges the coupons of a basket, a [`Source`] supplies
//! the codes of a pool. Implement one of the two traits for a type, export it with one macro, and build for
//! `wasm32-unknown-unknown`.
//!
//! A plugin runs in a sandbox: its memory is fresh for every call, and it reaches nothing but the host's
//! [`log`] and, for sources, [`http`]. There is no file, no socket, no clock, no environment and no thread;
//! what a call needs to know is in its [`Check`] or [`Claim`]. A panic costs its own call: its text reaches
//! the host's log, and the call fails.
//!
//! ```
//! use scrip_plugin::{Check, Failure, Restriction, Verdict, export_restriction};
//! use serde::Deserialize;
//!
//! struct MinimumItems;
//!
//! #[derive(Deserialize)]
//! struct Config {
//!     items: u32,
//! }
//!
//! impl Restriction for MinimumItems {
//!     type Config = Config;
//!
//!     fn check(check: &Check<Config>) -> Result<Vec<Verdict>, Failure> {
//!         let items = check.basket.as_ref().map_or(0, |basket| basket.items());
//!         if items >= u64::from(check.config.items) {
//!             return Ok(check.allow_all());
//!         }
//!         Ok(check.refuse_all(format!("needs {} items in the basket", check.config.items)))
//!     }
//! }
//!
//! export_restriction!(MinimumItems);
//! ```

// The bindings name the SDK by its name, because the export macros expand them in other crates.
extern crate self as scrip_plugin;

#[doc(hidden)]
pub mod bindings;
mod decimal;
pub mod http;
mod json;
pub mod log;
#[cfg(feature = "notices")]
mod notice;
mod panic;
mod restriction;
mod source;
pub mod types;

pub use decimal::{Decimal, NotDecimal};
pub use json::{Attributes, Failure};
#[cfg(feature = "notices")]
#[doc(hidden)]
pub use notice::tell;
#[cfg(feature = "notices")]
pub use notice::{Event, Notice, Teller};
pub use restriction::{Check, Occasion, Restriction, Verdict};
pub use source::{Claim, Issued, Source, SourceError};
#[doc(hidden)]
pub use {restriction::check, source::issue, wit_bindgen};
