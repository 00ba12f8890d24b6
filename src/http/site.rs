//! Which pages of a browser may ask: those of this gateway and of the origins that the configuration allows. A browser
//! tells where a page is from and a page cannot change that; who is no browser tells nothing and needs only a key.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{HOST, ORIGIN},
};
use tower_http::cors::{AllowHeaders, CorsLayer};

/// What a page of another site is told.
pub(super) const REFUSAL: &str = "pages of other sites may not ask: add their origin, such as https://shop.example, to \
                                  origins in the configuration";

/// How long a browser keeps what it was told of this, in seconds.
const KEPT: std::time::Duration = std::time::Duration::from_secs(3_600);

/// Whether a request comes from a page that may ask, or from no page.
pub(super) fn may_ask(headers: &HeaderMap, origins: &[String]) -> bool {
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default().to_ascii_lowercase());
    if origin.as_ref().is_some_and(|origin| origins.contains(origin)) {
        return true;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    // Older browsers tell the origin alone. Its scheme may be that of a proxy before this gateway.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin.is_none_or(|origin| origin.split_once("://").is_some_and(|(_, asked)| asked.eq_ignore_ascii_case(host)))
}

/// What tells browsers that pages of these origins may ask and read the answer; none where there are none.
pub(super) fn sharing(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    Some(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(
                ["x-request-id", "retry-after", "ratelimit", "ratelimit-policy"].map(HeaderName::from_static),
            )
            .max_age(KEPT),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        for (site, origin, expected) in [
            (None, None, true),
            (Some("same-origin"), None, true),
            (Some("none"), None, true),
            (Some("cross-site"), None, false),
            (Some("same-site"), Some("http://other.gateway.example"), false),
            (Some("same-origin"), Some("http://gateway.example:8080"), true),
            (Some("cross-site"), Some("https://shop.example"), true),
            (Some("cross-site"), Some("https://evil.example"), false),
            (None, Some("https://Shop.example"), true),
            (None, Some("https://gateway.example:8080"), true),
            (None, Some("https://gateway.example"), false),
            (None, Some("https://evil.example"), false),
            (None, Some("null"), false),
            (None, Some("gateway.example:8080"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("gateway.example:8080"));
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            let origins = ["https://shop.example".to_owned()];
            assert_eq!(may_ask(&headers, &origins), expected, "{site:?} {origin:?}");
        }
    }
}
