//! Cursors: the place of an item in one kind of list, made opaque. A cursor of another kind of list,
//! or one that was tampered with, is refused.

use data_encoding::BASE64URL_NOPAD;

use super::scalar::Cursor;
use crate::domain::{
    id::{CouponId, CustomerId, EventId, PoolId},
    rejection::{Refusal, Rejection},
};

/// The place of an item in a list.
pub trait Place: Sized {
    /// The place as text, starting with what tells its kind of list.
    fn text(&self) -> String;
    /// Reads the text.
    fn read(text: &str) -> Option<Self>;
}

/// The cursor of a place.
pub fn cursor<P: Place>(place: &P) -> Cursor {
    Cursor(BASE64URL_NOPAD.encode(place.text().as_bytes()))
}

/// The place of a cursor that was given as the argument `field`.
pub fn place<P: Place>(cursor: Option<&Cursor>, field: &'static str) -> Result<Option<P>, Refusal> {
    let Some(Cursor(text)) = cursor else { return Ok(None) };
    let bytes = if text.len() > 1_024 { None } else { BASE64URL_NOPAD.decode(text.as_bytes()).ok() };
    let place = bytes.and_then(|bytes| P::read(&String::from_utf8(bytes).ok()?));
    let reason = "expected a cursor that a page of this list gave".to_owned();
    place.map(Some).ok_or_else(|| Rejection::ValueInvalid { reason }.at([field]))
}

impl Place for PoolId {
    fn text(&self) -> String {
        format!("p{}", self.0)
    }

    fn read(text: &str) -> Option<Self> {
        text.strip_prefix('p')?.parse().ok().map(Self)
    }
}

impl Place for CouponId {
    fn text(&self) -> String {
        format!("c{}.{}", self.pool.0, self.index)
    }

    fn read(text: &str) -> Option<Self> {
        let (pool, index) = text.strip_prefix('c')?.split_once('.')?;
        Some(Self { pool: PoolId(pool.parse().ok()?), index: index.parse().ok()? })
    }
}

impl Place for EventId {
    fn text(&self) -> String {
        format!("e{}.{}", self.stream, self.sequence)
    }

    fn read(text: &str) -> Option<Self> {
        let (stream, sequence) = text.strip_prefix('e')?.split_once('.')?;
        Some(Self { stream: stream.parse().ok()?, sequence: sequence.parse().ok()? })
    }
}

impl Place for CustomerId {
    fn text(&self) -> String {
        format!("u{self}")
    }

    fn read(text: &str) -> Option<Self> {
        Self::parse(text.strip_prefix('u')?).ok()
    }
}

impl Place for u32 {
    fn text(&self) -> String {
        format!("n{self}")
    }

    fn read(text: &str) -> Option<Self> {
        text.strip_prefix('n')?.parse().ok()
    }
}
