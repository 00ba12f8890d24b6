//! `POST /uploads`: a file on its way to a job. It is written as it comes, whatever its size up to the limit, and answered
//! with what it was found to be.

use std::time::Duration;

use axum::{
    Json,
    body::BodyDataStream,
    extract::{Extension, Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{App, graphql, notes::Notes};
use scrip_domain::rejection::Code;
use scrip_service::{Failure, Upload, Uploaded};

/// How much more is read of what is refused, and for how long.
const DRAINED: usize = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn post(State(app): State<App>, Extension(notes): Extension<Notes>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut parts = body.into_data_stream();
    let answer = taken(&app, &notes, &head.headers, &mut parts).await;
    if !answer.status().is_success() {
        drain(&mut parts).await;
    }
    answer
}

/// Reads on for a moment what is refused: a client that is still sending would not see the answer else.
async fn drain(parts: &mut BodyDataStream) {
    let rest = async {
        let mut left = DRAINED;
        while let Some(Ok(part)) = parts.next().await {
            match left.checked_sub(part.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // One that sends no more is answered as well.
    drop(timeout(PATIENCE, rest).await);
}

async fn taken(app: &App, notes: &Notes, headers: &HeaderMap, parts: &mut BodyDataStream) -> Response {
    let session = match graphql::asking(app, notes, headers).await {
        Ok(session) => session,
        Err(refusal) => return *refusal,
    };
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media.starts_with("multipart/") || media.starts_with("application/x-www-form-urlencoded") {
        let text = "expected the file itself as the body, with a content type such as text/csv, and no form";
        return graphql::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
    }
    let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let upload = match session.upload(told).await {
        Ok(upload) => upload,
        Err(failure) => return refused(&failure),
    };
    match receive(app, upload, parts).await {
        Ok(uploaded) => (StatusCode::CREATED, Json(told_of(&uploaded))).into_response(),
        Err(refusal) => *refusal,
    }
}

/// Takes the parts of a file. One that stops coming ends it, and nothing of it is kept.
async fn receive(app: &App, mut upload: Upload, parts: &mut BodyDataStream) -> Result<Uploaded, Box<Response>> {
    loop {
        let part = match timeout(app.options.reading, parts.next()).await {
            Ok(Some(Ok(part))) => part,
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                let text = "the file was cut off on its way: upload it again";
                return Err(Box::new(graphql::error(StatusCode::BAD_REQUEST, text)));
            }
            Err(_) => {
                let text = format!("nothing came for {} seconds: upload it again", app.options.reading.as_secs_f32());
                return Err(Box::new(graphql::error(StatusCode::REQUEST_TIMEOUT, &text)));
            }
        };
        upload.write(part.to_vec()).await.map_err(|failure| Box::new(refused(&failure)))?;
    }
    upload.finish().await.map_err(|failure| Box::new(refused(&failure)))
}

fn refused(failure: &Failure) -> Response {
    let Failure::Refused(refusals) = failure else { return graphql::failed(failure, "taking an upload") };
    let Some(refusal) = refusals.first() else { return graphql::failed(failure, "taking an upload") };
    let status = match refusal.code {
        Code::LimitExceeded if refusal.field.is_empty() => StatusCode::PAYLOAD_TOO_LARGE,
        Code::LimitExceeded => StatusCode::TOO_MANY_REQUESTS,
        Code::DatabaseUnavailable => StatusCode::INSUFFICIENT_STORAGE,
        Code::Forbidden => StatusCode::FORBIDDEN,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    graphql::error(status, &refusal.message)
}

fn told_of(Uploaded { id, facts }: &Uploaded) -> Value {
    json!({
        "id": id,
        "bytes": facts.bytes,
        "encoding": facts.encoding.name(),
        "delimiter": facts.delimiter,
        "header": facts.header,
        "columns": facts.columns,
        "rows": facts.rows,
        "sample": facts.sample,
    })
}
