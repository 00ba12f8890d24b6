//! GraphQL over HTTP, as the draft of its specification wants it: POST of JSON, GET for queries alone, and two
//! media types of answers, whose status one function decides. What cannot be read is answered with a status and
//! the same shape of error that a document's own errors have.

use std::any::Any;

use async_graphql::{Request, Response as Answer, ServerError, Variables, parser::types::OperationType};
use axum::{
    Json,
    body::Bytes,
    extract::{
        Extension, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{
        HeaderMap, StatusCode,
        header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    App, MAX_BODY,
    access::caller,
    explorer,
    media::{Media, is_json, wants_page},
};
use crate::{
    graphql::{RequestId, bounds, coded, single_root},
    service::Caller,
};

/// What a request carries (section 5 of the draft).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    query: String,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default)]
    operation_name: Option<String>,
    /// None is known yet, but what is no map is no request.
    #[serde(default, rename = "extensions")]
    _extensions: Option<Map<String, Value>>,
}

/// The same in a URL, where maps are texts of JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UrlParameters {
    query: Option<String>,
    variables: Option<String>,
    operation_name: Option<String>,
    extensions: Option<String>,
}

impl UrlParameters {
    fn read(self) -> Result<Option<Parameters>, String> {
        fn map(name: &str, text: Option<String>) -> Result<Option<Map<String, Value>>, String> {
            let text = text.filter(|text| !text.is_empty());
            let read = text.map(|text| serde_json::from_str(&text)).transpose();
            read.map_err(|cause| format!("expected a JSON object as {name}: {cause}")).map(Option::flatten)
        }
        let Some(query) = self.query else { return Ok(None) };
        Ok(Some(Parameters {
            query,
            variables: map("variables", self.variables)?,
            operation_name: self.operation_name.filter(|name| !name.is_empty()),
            _extensions: map("extensions", self.extensions)?,
        }))
    }
}

/// Answers a POST.
pub(super) async fn post(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let (caller, media) = match admitted(&app, &headers) {
        Ok(admitted) => admitted,
        Err(refusal) => return *refusal,
    };
    match posted(&headers, body) {
        Ok(parameters) => execute(&app, media, prepare(caller, id, parameters), true).await,
        Err(refusal) => *refusal,
    }
}

/// What a POST carries.
pub(super) fn posted(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Parameters, Box<Response>> {
    let refusal = |status, text: &str| Box::new(error(status, text));
    if !is_json(headers) {
        let text = "expected the content type application/json, in UTF-8";
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let body = body.map_err(|_| {
        let text = format!("the body could not be read, or is larger than {MAX_BODY} bytes");
        refusal(StatusCode::PAYLOAD_TOO_LARGE, &text)
    })?;
    serde_json::from_slice(&body).map_err(|cause| {
        let text = format!("expected a JSON object with \"query\": {cause}");
        refusal(StatusCode::BAD_REQUEST, &text)
    })
}

/// What a GET carries; none where it carries nothing.
pub(super) fn queried(parameters: Result<Query<UrlParameters>, QueryRejection>) -> Result<Option<Parameters>, String> {
    parameters.map_err(|rejection| rejection.body_text()).and_then(|Query(found)| found.read())
}

/// Answers a GET: a query, or the explorer for a browser that asks for a page.
pub(super) async fn get(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    parameters: Result<Query<UrlParameters>, QueryRejection>,
) -> Response {
    let parameters = queried(parameters);
    if matches!(parameters, Ok(None)) && wants_page(&headers) {
        return explorer::page().await;
    }
    let (caller, media) = match admitted(&app, &headers) {
        Ok(admitted) => admitted,
        Err(refusal) => return *refusal,
    };
    match parameters {
        Ok(Some(parameters)) => execute(&app, media, prepare(caller, id, parameters), false).await,
        Ok(None) => error(StatusCode::BAD_REQUEST, "expected the parameter query"),
        Err(reason) => error(StatusCode::BAD_REQUEST, &reason),
    }
}

/// Who asks, and for which answer.
fn admitted(app: &App, headers: &HeaderMap) -> Result<(Caller, Media), Box<Response>> {
    let caller = caller(&app.scrip, headers).ok_or_else(|| Box::new(unauthorized()))?;
    let text = "an answer is application/graphql-response+json or application/json: accept one of them";
    let media = Media::wanted(headers).ok_or_else(|| Box::new(error(StatusCode::NOT_ACCEPTABLE, text)))?;
    Ok((caller, media))
}

/// A request that may be executed, and the kind of its operation; none where it names none that there is.
pub(super) type Prepared = Result<(Request, Option<OperationType>), ServerError>;

/// Makes a request of what was sent, however that came, and refuses a document that costs too much.
pub(super) fn prepare(caller: Caller, id: RequestId, parameters: Parameters) -> Prepared {
    let name = parameters.operation_name;
    let variables = Variables::from_json(Value::Object(parameters.variables.unwrap_or_default()));
    let mut request = Request::new(parameters.query).variables(variables).data(caller).data(id);
    let kind = bounds::operation(bounds::read(&mut request)?, name.as_deref());
    single_root::check(&mut request)?;
    if let Some(name) = name {
        request = request.operation_name(name);
    }
    Ok((request, kind))
}

/// Executes a request and answers it at once.
pub(super) async fn execute(app: &App, media: Media, prepared: Prepared, may_change: bool) -> Response {
    match prepared {
        Err(refusal) => answer(media, Answer::from_errors(vec![refusal])),
        Ok((_, Some(OperationType::Mutation))) if !may_change => only_by_post(),
        Ok((request, _)) => answer(media, app.schema.execute(request).await),
    }
}

/// The answer to a mutation by GET.
pub(super) fn only_by_post() -> Response {
    let mut refusal = error(StatusCode::METHOD_NOT_ALLOWED, "a mutation has to be sent by POST");
    refusal.headers_mut().insert(ALLOW, axum::http::HeaderValue::from_static("POST"));
    refusal
}

/// An answer's text: without data where nothing was executed.
#[derive(Debug, Serialize)]
pub(super) struct Wire<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a async_graphql::Value>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: &'a std::collections::BTreeMap<String, async_graphql::Value>,
}

impl<'a> Wire<'a> {
    /// The text of an answer, and whether anything was executed.
    pub(super) fn of(found: &'a Answer) -> (Self, bool) {
        // An error of execution names the field where it came up.
        let executed = found.errors.is_empty() || found.errors.iter().any(|error| !error.path.is_empty());
        let executed = executed || found.data != async_graphql::Value::Null;
        let data = executed.then_some(&found.data);
        (Self { errors: &found.errors, data, extensions: &found.extensions }, executed)
    }
}

/// The one place that turns an outcome into a status.
fn answer(media: Media, found: Answer) -> Response {
    let found = coded(found);
    let (wire, executed) = Wire::of(&found);
    let status = match (media, executed) {
        (Media::Response, false) => StatusCode::BAD_REQUEST,
        (Media::Response, true) | (Media::Json, _) => StatusCode::OK,
    };
    match serde_json::to_vec(&wire) {
        Ok(body) => (status, [(CONTENT_TYPE, media.text())], body).into_response(),
        Err(cause) => {
            tracing::error!(%cause, "an answer could not be written");
            error(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }
    }
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
