//! Which sites' pages may open a socket. A browser tells where a page is from and lets no page say otherwise; what
//! is no browser tells nothing, and its key is enough.

use axum::http::{
    HeaderMap,
    header::{HOST, ORIGIN},
};

/// Whether a request comes from no page, from one of this host, or from one of an origin that is configured.
pub(super) fn is_admitted(origins: &[String], headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str().map(str::to_ascii_lowercase) else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_ascii_lowercase);
    let own = origin.split_once("://").is_some_and(|(_, page)| host.is_some_and(|host| host == page));
    own || origins.contains(&origin)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn origins() {
        let configured = ["https://shop.example".to_owned()];
        for (origin, host, admitted) in [
            (None, "api.example", true),
            (Some("https://api.example"), "api.example", true),
            (Some("http://localhost:8080"), "localhost:8080", true),
            (Some("https://shop.example"), "api.example", true),
            (Some("https://Shop.example"), "api.example", true),
            (Some("http://shop.example"), "api.example", false),
            (Some("https://shop.example.evil.example"), "api.example", false),
            (Some("http://localhost:3000"), "localhost:8080", false),
            (Some("null"), "api.example", false),
        ] {
            let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            headers.extend(origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin))));
            assert_eq!(is_admitted(&configured, &headers), admitted, "{origin:?} at {host}");
        }
    }
}
