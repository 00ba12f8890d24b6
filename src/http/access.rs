//! Who asks: the holder of an API key, sent as `Authorization: Bearer KEY` (RFC 6750). Nothing is
//! answered to anybody else.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use scrip_service::{Caller, Scrip};

/// The caller whose key a request carries.
#[must_use]
pub(super) fn caller(scrip: &Scrip, headers: &HeaderMap) -> Option<Caller> {
    bearer(scrip, headers.get(AUTHORIZATION)?.to_str().ok()?)
}

/// The caller whose key stands in a text such as "Bearer KEY".
#[must_use]
pub(super) fn bearer(scrip: &Scrip, value: &str) -> Option<Caller> {
    let (scheme, key) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    scrip.caller(key.trim())
}
