//! GraphQL over HTTP, as the draft of its specification wants it: POST of JSON, GET for queries alone, and two
//! media types of answers, whose status one function decides. What cannot be read is answered with a status and
//! the same shape of error that a document's own errors have.

use std::{any::Any, fmt::Display};

use async_graphql::{Request, Response as Answer, ServerError, parser::types::OperationType};
use axum::{
    Json,
    body::Bytes,
    extract::{Extension, Query, Request as Sent, State, rejection::QueryRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    App, MAX_BODY, body,
    budgets::FILE,
    explorer,
    held::Hold,
    lanes::{At, Busy, Lane},
    media::{Media, wants_page},
    notes::Notes,
    site,
};
use scrip_domain::{causes::with_causes, rejection::Code};
use scrip_graphql::{Admitted, Asked, Moment, ScripSchema, asked_by, bounds, coded};
use scrip_service::{Failure, Session, Tries};

/// What is told where nothing is asked for.
const UNNAMED: &str =
    "expected a JSON object with \"query\", a document's text, or \"documentId\", a trusted one's hash";

/// What a URL carries, where maps are texts of JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UrlParameters {
    query: Option<String>,
    document_id: Option<String>,
    variables: Option<String>,
    operation_name: Option<String>,
    extensions: Option<String>,
}

impl UrlParameters {
    fn read(self) -> Result<Asked, String> {
        fn map<T: DeserializeOwned + Default>(name: &str, text: Option<String>) -> Result<T, String> {
            let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(T::default()) };
            serde_json::from_str(&text).map_err(|cause| format!("expected a JSON object as {name}: {cause}"))
        }
        Ok(Asked {
            query: self.query,
            document_id: self.document_id,
            variables: map("variables", self.variables)?,
            operation_name: self.operation_name.filter(|name| !name.is_empty()),
            extensions: map("extensions", self.extensions)?,
        })
    }
}

/// Answers a POST.
pub(super) async fn post(State(app): State<App>, Extension(notes): Extension<Notes>, request: Sent) -> Response {
    let (session, media) = match admitted(&app, &notes, request.headers()).await {
        Ok(admitted) => admitted,
        Err(refusal) => return *refusal,
    };
    match posted(&app, session, &notes, request).await {
        Ok(prepared) => execute(&app, media, prepared, true).await,
        Err(refusal) => *refusal,
    }
}

/// What a POST carries, admitted. A long body is counted from when it is expected until it was executed, and read and
/// executed at one place, so that only so many of them are in memory as values, which take much more.
pub(super) async fn posted(
    app: &App,
    session: Session,
    notes: &Notes,
    request: Sent,
) -> Result<Prepared, Box<Response>> {
    // One that does not say how long it is may be as long as any.
    let told = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let held = app.held.body(&session.actor().id, told.unwrap_or(MAX_BODY).min(MAX_BODY));
    let mut held = held.map_err(|full| Box::new(error(StatusCode::TOO_MANY_REQUESTS, &full.to_string())))?;
    let body = body::json(request, app.options.reading).await?;
    let length = body.len();
    if let Some(held) = &mut held {
        held.settle(length);
    }
    let lane = Lane::of_text(length);
    if lane == Lane::Open {
        return Ok(prepare(app, session, notes, read(&body)?));
    }
    let (on, notes, key) = (app.clone(), notes.clone(), session.actor().id.clone());
    let work = async move { read(&body).map(|asked| prepare(&on, session, &notes, asked)) };
    let read = async { app.lanes.at(app.lanes.place(lane, &key).await?, work).await };
    let (prepared, at) = read.await.map_err(|busy| Box::new(too_busy(&busy)))?;
    let at = Some(at).filter(|_| lane == Lane::Far);
    Ok(prepared?.map(|ready| Ready { held, at, ..ready }))
}

/// Has what was sent admitted, where its length says.
pub(super) async fn prepared(app: &App, session: Session, notes: &Notes, asked: Asked, length: usize) -> Prepared {
    let lane = Lane::of_text(length);
    if lane == Lane::Open {
        return prepare(app, session, notes, asked);
    }
    let (on, notes, key) = (app.clone(), notes.clone(), session.actor().id.clone());
    let admitted = app.lanes.run(lane, &key, async move { prepare(&on, session, &notes, asked) }).await;
    admitted.unwrap_or_else(|busy| Err(Box::new(refusal(&busy))))
}

/// What a body says.
fn read(body: &[u8]) -> Result<Asked, Box<Response>> {
    let bad = |text: &str| Err(Box::new(error(StatusCode::BAD_REQUEST, text)));
    if body::has_too_many_values(body) {
        return bad(&format!("the body has more than {} values", body::MAX_VALUES));
    }
    match serde_json::from_slice::<Asked>(body) {
        Ok(asked) if asked.names_a_document() => Ok(asked),
        Ok(_) => bad(UNNAMED),
        Err(cause) => bad(&format!("expected a JSON object with \"query\": {cause}")),
    }
}

/// What a GET carries; none where it names no document.
pub(super) fn queried(parameters: Result<Query<UrlParameters>, QueryRejection>) -> Result<Option<Asked>, String> {
    let asked = parameters.map_err(|rejection| rejection.body_text()).and_then(|Query(found)| found.read())?;
    Ok(asked.names_a_document().then_some(asked))
}

/// Answers a GET: a query, or the explorer for a browser that asks for a page.
pub(super) async fn get(
    State(app): State<App>,
    Extension(notes): Extension<Notes>,
    uri: Uri,
    headers: HeaderMap,
    parameters: Result<Query<UrlParameters>, QueryRejection>,
) -> Response {
    let length = uri.query().map_or(0, str::len);
    if length == 0 && wants_page(&headers) {
        return explorer::page().await;
    }
    // Before anything of it is read.
    let (session, media) = match admitted(&app, &notes, &headers).await {
        Ok(admitted) => admitted,
        Err(_) if wants_page(&headers) && !names_a_document(&parameters) => return explorer::page().await,
        Err(refusal) => return *refusal,
    };
    match queried(parameters) {
        Ok(Some(asked)) => {
            let prepared = prepared(&app, session, &notes, asked, length).await;
            execute(&app, media, prepared, false).await
        }
        Ok(None) if wants_page(&headers) => explorer::page().await,
        Ok(None) => error(StatusCode::BAD_REQUEST, UNNAMED),
        Err(reason) => error(StatusCode::BAD_REQUEST, &reason),
    }
}

/// Whether a URL has what names a document.
fn names_a_document(parameters: &Result<Query<UrlParameters>, QueryRejection>) -> bool {
    parameters
        .as_ref()
        .is_ok_and(|Query(found)| found.query.is_some() || found.document_id.is_some() || found.extensions.is_some())
}

/// Who asks, and for which answer.
async fn admitted(app: &App, notes: &Notes, headers: &HeaderMap) -> Result<(Session, Media), Box<Response>> {
    let session = asking(app, notes, headers).await?;
    let text = "an answer is application/graphql-response+json or application/json: accept one of them";
    let media = Media::wanted(headers).ok_or_else(|| Box::new(error(StatusCode::NOT_ACCEPTABLE, text)))?;
    Ok((session, media))
}

/// Who asks, from a page that may or from none.
pub(super) async fn asking(app: &App, notes: &Notes, headers: &HeaderMap) -> Result<Session, Box<Response>> {
    if !site::may_ask(headers, &app.options.origins) {
        notes.refused(headers);
        return Err(Box::new(error(StatusCode::FORBIDDEN, site::REFUSAL)));
    }
    notes.session(&app.scrip, headers).await.ok_or_else(|| Box::new(unauthorized()))
}

/// A request that may be executed, or its answer.
pub(super) type Prepared = Result<Ready, Box<Answer>>;

/// A request that may be executed.
pub(super) struct Ready {
    pub(super) admitted: Admitted,
    /// Whose turn it takes.
    pub(super) key: String,
    /// Who asks, who may be told to wait.
    pub(super) session: Session,
    /// Its inputs, where they are long, and where they were read.
    pub(super) held: Option<Hold>,
    pub(super) at: Option<At>,
}

impl Ready {
    /// The kind of its operation; none where it names none that there is.
    pub(super) fn kind(&self) -> Option<OperationType> {
        self.admitted.kind
    }

    /// Whether its answer is bounded in bytes while it is made: that takes time, so small ones are spared.
    pub(super) fn is_bounded(&self) -> bool {
        self.admitted.lists_texts || self.lane() == Lane::Far
    }

    /// Where it runs.
    pub(super) fn lane(&self) -> Lane {
        let Admitted { kind, price, document, .. } = &self.admitted;
        Lane::of(*kind, price.requested(), *document)
    }
}

/// Has what was sent admitted, however that came.
pub(super) fn prepare(app: &App, session: Session, notes: &Notes, asked: Asked) -> Prepared {
    let mut admitted = app.gate.admit(asked)?;
    if let Some(wait) = over_budget(app, &session, notes, admitted.price.requested()) {
        return Err(Box::new(refusal(&wait)));
    }
    let key = session.actor().id.clone();
    admitted.request = asked_by(admitted.request, session.clone()).data(notes.id());
    notes.admitted(&admitted);
    if admitted.kind != Some(OperationType::Subscription) {
        admitted.request = admitted.request.data(Moment(app.scrip.now()));
    }
    Ok(Ready { admitted, key, session, held: None, at: None })
}

/// Takes a request of a cost from its caller's budget; or why it is not there.
fn over_budget(app: &App, session: &Session, notes: &Notes, cost: u64) -> Option<String> {
    let told = app.budgets.take(session.actor(), cost)?;
    let wait = told.wait;
    notes.budgeted(told);
    wait.map(|seconds| format!("this key has asked for too much: ask again in {seconds} seconds"))
}

/// The same of a file; the answer where it is not there.
pub(super) fn file_over_budget(app: &App, session: &Session, notes: &Notes) -> Option<Response> {
    over_budget(app, session, notes, FILE).map(|wait| error(StatusCode::TOO_MANY_REQUESTS, &wait))
}

/// Executes a request in its lane and answers it at once.
pub(super) async fn execute(app: &App, media: Media, prepared: Prepared, may_change: bool) -> Response {
    let ready = match prepared {
        Err(refusal) => return answer(media, *refusal, Bytes::from),
        Ok(ready) if ready.kind() == Some(OperationType::Mutation) && !may_change => return only_by_post(),
        Ok(ready) => ready,
    };
    let (lane, bounded) = (ready.lane(), ready.is_bounded());
    let Ready { admitted: Admitted { request, price, .. }, key, session, held: input, at } = ready;
    if let Some(full) = unread(app, &key, bounded) {
        return answer(media, full, Bytes::from);
    }
    let (schema, held, whose) = (app.schema.clone(), app.held.clone(), key.clone());
    let work = async move {
        let _input = input;
        let answered = price.told(run(&schema, request, bounded).await);
        let mut answered = answer(media, answered, |text| held.text(&whose, text));
        tell_of_tries(&session, answered.headers_mut());
        answered
    };
    match app.lanes.run_at(at, lane, &key, work).await {
        Ok(answered) => answered,
        Err(busy) => answer(media, refusal(&busy), Bytes::from),
    }
}

/// Tells how many tries with codes are left, where some were made, and when to come back where too many were (RFC 9110,
/// section 10.2.3, and draft-ietf-httpapi-ratelimit-headers-10).
fn tell_of_tries(session: &Session, headers: &mut HeaderMap) {
    if let Some(Tries { at_once, left, window, back_in }) = session.tries() {
        for (name, text) in [
            ("ratelimit-policy", format!("\"tries\";q={at_once};w={window}")),
            ("ratelimit", format!("\"tries\";r={left};t={back_in}")),
        ] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
    }
    if let Some(seconds) = session.wait() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
}

/// Refuses what may have a large answer where the key's clients leave too much unread.
pub(super) fn unread(app: &App, key: &str, bounded: bool) -> Option<Answer> {
    app.held.admits(key, 0).err().filter(|_| bounded).map(|full| refusal(&full))
}

/// Executes a request, with a bound on its answer where it may be large.
pub(super) async fn run(schema: &ScripSchema, request: Request, bounded: bool) -> Answer {
    if bounded { schema.execute_bounded(request).await } else { schema.execute(request).await }
}

/// The answer to what finds no place.
pub(super) fn refusal(reason: &impl Display) -> Answer {
    coded(Answer::from_errors(vec![bounds::with_code(&reason.to_string(), "LIMIT_EXCEEDED")]))
}

/// The same before it is known what a request asks.
fn too_busy(busy: &Busy) -> Response {
    error(StatusCode::TOO_MANY_REQUESTS, &busy.to_string())
}

/// The answer to a mutation by GET.
pub(super) fn only_by_post() -> Response {
    let mut refusal = error(StatusCode::METHOD_NOT_ALLOWED, "a mutation has to be sent by POST");
    refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
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
fn answer(media: Media, found: Answer, count: impl FnOnce(Vec<u8>) -> Bytes) -> Response {
    let (wire, executed) = Wire::of(&found);
    let status = match (media, executed) {
        (Media::Response, false) => StatusCode::BAD_REQUEST,
        (Media::Response, true) | (Media::Json, _) => StatusCode::OK,
    };
    match serde_json::to_vec(&wire) {
        Ok(text) => (status, [(CONTENT_TYPE, media.text())], count(text)).into_response(),
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
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// The answer to what is refused, or broke inside while this was done.
pub(super) fn failed(failure: &Failure, doing: &str) -> Response {
    if let Failure::Refused(refusals) = failure
        && let Some(refusal) = refusals.first()
    {
        let status = if refusal.code == Code::Forbidden { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
        return error(status, &refusal.message);
    }
    tracing::error!(failure = with_causes(failure), doing, "a request failed");
    error(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
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
