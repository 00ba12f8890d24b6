//! Who asks: the holder of an API key, sent as `Authorization: Bearer KEY` (RFC 6750). Nothing is
//! answered to anybody else.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use crate::service::{Caller, Scrip};

/// The caller whose key a request carries.
#[must_use]
pub(super) fn caller(scrip: &Scrip, headers: &HeaderMap) -> Option<Caller> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    scrip.caller(key.trim())
}
