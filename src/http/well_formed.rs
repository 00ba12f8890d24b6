//! What the head of a request has to say, and may say only once: the host (RFC 9112, section 3.2), and how its body is
//! written (section 6.1). A proxy in front may read what is doubtful in another way, so nothing doubtful is answered,
//! and the connection ends.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode, Version,
        header::{CONNECTION, HOST, TRANSFER_ENCODING},
        uri::Authority,
    },
    middleware::Next,
    response::Response,
};

use super::{graphql::error, streams::wants_socket};

/// Refuses what is not.
pub(super) async fn only(request: Request, next: Next) -> Response {
    // What follows a request for a socket is not looked at: see `framing`. Other protocols are not offered, and whoever
    // asks for one is answered as everybody.
    let upgrade = wants_socket(request.headers());
    let mut response = match fault(request.version(), request.headers()) {
        Some(reason) => error(StatusCode::BAD_REQUEST, reason),
        None => {
            let response = next.run(request).await;
            if !upgrade || response.status() == StatusCode::SWITCHING_PROTOCOLS {
                return response;
            }
            response
        }
    };
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What is wrong with a head.
fn fault(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version >= Version::HTTP_11 => return Some("the header Host is missing: HTTP/1.1 needs it, once"),
        (Some(host), None) if !names_a_host(host) => return Some("the header Host names no host"),
        (_, Some(_)) => return Some("the header Host is there more than once: send it once"),
        _ => {}
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => None,
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => None,
        _ => Some("the only Transfer-Encoding that is read is chunked, once"),
    }
}

/// Whether it is a host and perhaps a port, or nothing.
fn names_a_host(host: &HeaderValue) -> bool {
    let authority = |host: &[u8]| Authority::try_from(host).is_ok_and(|found| !found.as_str().contains('@'));
    host.is_empty() || authority(host.as_bytes())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn heads() {
        let (one, two) = (Version::HTTP_10, Version::HTTP_11);
        for (version, fields, refused) in [
            (two, &[("host", "gateway.example:8080")][..], ""),
            (two, &[("host", "[::1]:8080")], ""),
            (two, &[("host", "")], ""),
            (one, &[], ""),
            (two, &[], "missing"),
            (two, &[("host", "a"), ("host", "a")], "more than once"),
            (one, &[("host", "a"), ("host", "b")], "more than once"),
            (two, &[("host", "a/b")], "names no host"),
            (two, &[("host", "a, b")], "names no host"),
            (two, &[("host", "user@a")], "names no host"),
            (two, &[("host", "a"), ("transfer-encoding", "Chunked")], ""),
            (two, &[("host", "a"), ("transfer-encoding", "gzip, chunked")], "chunked"),
            (two, &[("host", "a"), ("transfer-encoding", "identity")], "chunked"),
            (two, &[("host", "a"), ("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")], "chunked"),
        ] {
            let fields = fields
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value")));
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(name, value);
            }
            let found = fault(version, &headers).unwrap_or_default();
            assert!(found.contains(refused) && found.is_empty() == refused.is_empty(), "{headers:?}: {found}");
        }
    }
}
