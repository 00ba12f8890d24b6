//! What every answer tells browsers, so that whatever they are led to do with it is little: nothing guesses what it is,
//! no page of another site shows it in a frame, and no cache keeps what was told to one.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

/// What is in every answer, unless it says otherwise itself.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];
/// Over TLS: for a year, browsers ask this host by nothing else.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Puts into an answer what is missing.
pub(super) async fn over(mut response: Response) -> Response {
    put(response.headers_mut());
    response
}

/// The same over TLS.
pub(super) async fn over_tls(mut response: Response) -> Response {
    let headers = response.headers_mut();
    put(headers);
    headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    response
}

fn put(headers: &mut HeaderMap) {
    for (name, value) in &HEADERS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
}
