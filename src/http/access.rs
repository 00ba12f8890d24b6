//! Who asks: the holder of an API key or of a token, sent as `Authorization: Bearer KEY` (RFC 6750). Nothing is
//! answered to anybody else.

use std::{net::IpAddr, sync::Arc};

use axum::http::{HeaderMap, header::AUTHORIZATION};

use scrip_service::{Scrip, Session};

/// Scrip as the holder of the key has it that a request carries.
pub(super) async fn session(
    scrip: &Arc<Scrip>,
    headers: &HeaderMap,
    from: Option<IpAddr>,
    request: &str,
) -> Option<Session> {
    bearer(scrip, headers.get(AUTHORIZATION)?.to_str().ok()?, from, request).await
}

/// The same of a key that stands in a text such as "Bearer KEY".
pub(super) async fn bearer(scrip: &Arc<Scrip>, value: &str, from: Option<IpAddr>, request: &str) -> Option<Session> {
    let (scheme, key) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    scrip.sign_in(key.trim(), from, request).await
}
