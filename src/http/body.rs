//! Reading a request's body: JSON alone, not compressed, of a bounded length and in a bounded time, so that neither a
//! form of another site nor one who sends a byte a minute holds anything up.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT_ENCODING, CONTENT_ENCODING},
    },
    response::Response,
};
use tokio::time::timeout;

use super::{MAX_BODY, graphql::error, media::is_json};

/// The most values of a body: each takes up to a hundred bytes in memory. 10,000 codes, and a checkout of 1,000 lines, are
/// far from it.
pub(super) const MAX_VALUES: usize = 100_000;

/// Whether a JSON text has too many values, told by what stands between them.
pub(super) fn has_too_many_values(json: &[u8]) -> bool {
    if json.len() <= MAX_VALUES {
        return false;
    }
    let (mut within, mut escaped, mut found) = (false, false, 0);
    for byte in json {
        match (within, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => within = !within,
            // An opening bracket for each that is empty.
            (false, b',' | b'[' | b'{') => found += 1,
            _ => {}
        }
    }
    found > MAX_VALUES
}

/// A body that is to hold a JSON object, or the answer to what it is instead.
pub(super) async fn json(request: Request, within: Duration) -> Result<Bytes, Box<Response>> {
    let refused = |status, text: &str| Err(Box::new(error(status, text)));
    if !is_json(request.headers()) {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected the content type application/json, in UTF-8");
    }
    if is_compressed(request.headers()) {
        let mut refusal = error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not read: send it as it is");
        refusal.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return Err(Box::new(refusal));
    }
    match timeout(within, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            refused(StatusCode::PAYLOAD_TOO_LARGE, &format!("the body is larger than {MAX_BODY} bytes"))
        }
        Ok(Err(_)) => refused(StatusCode::BAD_REQUEST, "the body could not be read"),
        Err(_) => {
            let text = format!("the body did not arrive within {} seconds", within.as_secs_f32());
            refused(StatusCode::REQUEST_TIMEOUT, &text)
        }
    }
}

fn is_compressed(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted() {
        for (value, times, too_many) in [
            ("0,", MAX_VALUES - 10, false),
            ("0,", MAX_VALUES + 1, true),
            ("[],", MAX_VALUES / 2 + 1, true),
            (r#"",,,,\\","#, MAX_VALUES / 2, false),
            (r#""\",[{,","#, MAX_VALUES / 2, false),
            (r#"{"a":0},"#, MAX_VALUES / 2 + 1, true),
        ] {
            let json = format!("[{}0]", value.repeat(times));
            assert_eq!(has_too_many_values(json.as_bytes()), too_many, "{value} {times}");
        }
    }
}
