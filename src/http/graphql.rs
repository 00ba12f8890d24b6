//! GraphQL over HTTP: a POST of JSON, answered with JSON. What cannot be read is answered with a
//! status and the same shape of error that a document's own errors have.

use std::any::Any;

use async_graphql::{Request, Variables};
use axum::{
    Json,
    body::Bytes,
    extract::{Extension, State, rejection::BytesRejection},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, MAX_BODY, access::caller};
use crate::graphql::{RequestId, coded};

/// What a request carries (the GraphQL-over-HTTP specification, section 5).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    #[serde(default)]
    variables: Option<serde_json::Map<String, Value>>,
    #[serde(default)]
    operation_name: Option<String>,
}

/// Answers a request.
pub(super) async fn post(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(caller) = caller(&app.scrip, &headers) else {
        return unauthorized();
    };
    if !is_json(&headers) {
        return error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected the content type application/json");
    }
    let Ok(body) = body else {
        let text = format!("the body could not be read, or is larger than {MAX_BODY} bytes");
        return error(StatusCode::PAYLOAD_TOO_LARGE, &text);
    };
    let body: Body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(cause) => {
            let text = format!("expected a JSON object with \"query\": {cause}");
            return error(StatusCode::BAD_REQUEST, &text);
        }
    };
    let variables = Variables::from_json(Value::Object(body.variables.unwrap_or_default()));
    let mut request = Request::new(body.query).variables(variables).data(caller).data(id);
    if let Some(name) = body.operation_name {
        request = request.operation_name(name);
    }
    Json(coded(app.schema.execute(request).await)).into_response()
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// The answer to a request without a key that is known.
pub(super) fn unauthorized() -> Response {
    let text = "a key is needed: send \"Authorization: Bearer KEY\" (scrip key create makes one)";
    let mut response = error(StatusCode::UNAUTHORIZED, text);
    response.headers_mut().insert(WWW_AUTHENTICATE, axum::http::HeaderValue::from_static("Bearer"));
    response
}

/// A request that is not executed.
pub(super) fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "errors": [{ "message": message }] }))).into_response()
}

/// The answer to a request during which something broke so badly that it panicked; the cause is on
/// standard error alone.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request panicked: this is a defect");
    error(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
}
