//! The identities that the domain speaks of. All are plain numbers or checked text; the opaque ids
//! of the API are made from them at the edge.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{code::is_invisible, rejection::Rejection};

/// The longest id that a retailer may use for a customer, a store or a product, in characters.
pub const MAX_ID: usize = 128;

/// A pool, numbered from 1 in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PoolId(pub u32);

/// A coupon: the place of its code in its pool, counted from 0, whatever the pool's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CouponId {
    /// Its pool.
    pub pool: PoolId,
    /// Its place in the pool.
    pub index: u64,
}

/// One set of terms of a pool, numbered from 0 in order of their making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TermsNumber(pub u32);

/// An event: its place in its stream, without gaps, counted from 1. Each gateway writes one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventId {
    /// The stream of the gateway that wrote it.
    pub stream: u32,
    /// Its place in that stream.
    pub sequence: u64,
}

/// An entry of a gift card's ledger: the card and the entry's place in it, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryId {
    /// The gift card.
    pub coupon: CouponId,
    /// The entry's place.
    pub number: u32,
}

/// The retailer's own id of a customer: 1 to 128 characters, no control characters, no white space
/// at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(String);

/// The retailer's own id of a purchase, of the same form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionId(String);

macro_rules! text_ids {
    ($($name:ident),+) => {
        $(
            impl $name {
                /// Checks the text.
                pub fn parse(text: &str) -> Result<Self, Rejection> {
                    checked_id(text).map(Self)
                }

                /// The text.
                #[must_use]
                pub fn as_str(&self) -> &str {
                    &self.0
                }

                /// One that the database has kept: it was checked when it was made.
                #[must_use]
                pub fn kept(text: String) -> Self {
                    Self(text)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )+
    };
}

text_ids!(CustomerId, TransactionId);

/// Text that names something of the retailer's: 1 to 128 characters, none of them a control
/// character, no white space at its ends.
pub fn checked_id(text: &str) -> Result<String, Rejection> {
    checked_text(text, MAX_ID)
}

/// Text of 1 to `max` characters, none of them a control character, no white space at its ends.
pub fn checked_text(text: &str, max: usize) -> Result<String, Rejection> {
    let length_fits = text.len() <= max * 4 && (1..=max).contains(&text.chars().count());
    if let Some(found) = text.chars().take(4 * max).find(|found| is_invisible(*found)) {
        // Two names that look the same would be two, and one could turn the text around it.
        let reason =
            format!("expected no characters that print nothing: U+{:04X} is one; leave it out", u32::from(found));
        return Err(Rejection::ValueInvalid { reason });
    }
    if !length_fits || text.chars().any(char::is_control) || text.trim() != text {
        return Err(Rejection::ValueInvalid {
            reason: format!(
                "expected 1 to {max} characters without control characters and without white space at the ends"
            ),
        });
    }
    Ok(text.to_owned())
}
