//! Media types of GraphQL over HTTP: which of its two answers a client wants, and whether a request is one
//! that the edge reads (the GraphQL-over-HTTP draft, "Media Types").

use axum::http::{
    HeaderMap,
    header::{ACCEPT, CONTENT_TYPE},
};

/// The type of a stream of events (HTML standard, section 9.2).
pub(super) const EVENTS: &str = "text/event-stream";

/// The type of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`, whose status tells whether the request was executed.
    Response,
    /// `application/json`, for clients that know only that: whatever was understood has the status 200.
    Json,
}

impl Media {
    /// The header's value.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Response => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    /// What a client prefers; none where it accepts neither.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(ACCEPT) {
            return Some(Self::Json);
        }
        let mut best: Option<(f32, Self)> = None;
        for (range, quality) in ranges(headers) {
            let media = match range.as_str() {
                "application/graphql-response+json" => Self::Response,
                "application/json" | "application/*" | "*/*" => Self::Json,
                _ => continue,
            };
            if quality > 0.0 && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, media));
            }
        }
        best.map(|(_, media)| media)
    }
}

/// How much a client wants a stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Events {
    /// It does not take one.
    Refused,
    /// It takes one for what cannot be answered at once.
    Accepted,
    /// It wants one whatever it asks.
    Preferred,
}

impl Events {
    /// What a client says of `text/event-stream`; of two that it wants alike, the first that it names counts.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let mut best: Option<(f32, bool)> = None;
        let mut takes = false;
        for (range, quality) in ranges(headers).filter(|(_, quality)| *quality > 0.0) {
            let events = range == EVENTS;
            takes |= events;
            let known = events || matches!(range.as_str(), "application/graphql-response+json" | "application/json");
            if known && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, events));
            }
        }
        match best {
            Some((_, true)) => Self::Preferred,
            _ if takes => Self::Accepted,
            _ => Self::Refused,
        }
    }
}

/// Whether a client that asks for nothing in particular is shown a page: one that would take it.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).map_or("*/*", |value| value.to_str().unwrap_or_default());
    accept.split(',').any(|range| matches!(read(range).0.as_str(), "text/html" | "*/*"))
}

/// Whether a body is JSON in UTF-8. What a form of another site can send never is.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    json && parts.all(utf8)
}

/// The media ranges that a client accepts, in the order that it names them.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = (String, f32)> {
    headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).map(read)
}

/// A media range in lower case without its parameters, and its quality.
fn read(range: &str) -> (String, f32) {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.find_map(|parameter| parameter.strip_prefix("q=")).and_then(|text| text.parse().ok());
    (media, quality.unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn answers() {
        for (accept, expected) in [
            ("", None),
            ("*/*", Some(Media::Json)),
            ("application/json", Some(Media::Json)),
            ("application/graphql-response+json", Some(Media::Response)),
            (
                "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
                Some(Media::Response),
            ),
            ("application/json;q=0.9, application/graphql-response+json;q=0.5", Some(Media::Json)),
            ("application/json;q=0.5, Application/GraphQL-Response+JSON;q=0.9", Some(Media::Response)),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Media::wanted(&headers), expected, "{accept}");
        }
        assert_eq!(Media::wanted(&HeaderMap::new()), Some(Media::Json));
    }

    #[test]
    fn bodies() {
        for (content, expected) in [
            ("application/json", true),
            ("application/json; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json; charset=utf-16", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
            assert_eq!(is_json(&headers), expected, "{content}");
        }
    }

    #[test]
    fn streams_of_events() {
        for (accept, expected) in [
            ("text/event-stream", Events::Preferred),
            ("text/event-stream, application/json", Events::Preferred),
            ("*/*", Events::Refused),
            ("application/json, text/event-stream;q=0", Events::Refused),
            (
                "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
                Events::Accepted,
            ),
            ("application/json;q=0.5, text/event-stream", Events::Preferred),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Events::wanted(&headers), expected, "{accept}");
        }
    }
}
