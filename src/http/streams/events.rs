//! GraphQL over server-sent events, one request a stream (the "distinct connections mode" of graphql-sse): `next`
//! for each answer, `complete` at the end, comments as signs of life. A stream that ends without `complete` was cut
//! off, and its client comes back.

use std::{convert::Infallible, sync::Arc};

use async_graphql::{Response as Answer, parser::types::OperationType};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Query, Request},
    http::{
        HeaderName, HeaderValue, Method,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::Response,
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, interval_at, timeout},
};

use super::{
    Streams,
    answers::{AnswerText, answers},
};
use crate::http::{
    App,
    graphql::{Prepared, Ready, asking, error, execute, only_by_post, posted, prepared, queried},
    media::{EVENTS, Events, Media},
    notes::Notes,
};
use scrip_graphql::coded;
use scrip_service::Session;

/// A sign of life: a comment, which clients pass over.
const BEAT: &[u8] = b":\n\n";
/// The end of an operation. Browsers pass over events without data.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";

/// Answers a request by a client that takes a stream of events.
pub(super) async fn answer(app: App, notes: &Notes, request: Request, wish: Events) -> Response {
    let session = match asking(&app, notes, request.headers()).await {
        Ok(session) => session,
        Err(refusal) => return *refusal,
    };
    let (media, may_change) = (Media::wanted(request.headers()), request.method() == Method::POST);
    let prepared = match read(&app, session, notes, request).await {
        Ok(prepared) => prepared,
        Err(refusal) => return *refusal,
    };
    let kind = prepared.as_ref().ok().and_then(Ready::kind);
    match (wish, media) {
        (_, _) if kind == Some(OperationType::Mutation) && !may_change => only_by_post(),
        (Events::Accepted, Some(media)) if kind != Some(OperationType::Subscription) => {
            execute(&app, media, prepared, may_change).await
        }
        _ => open(&app, notes, prepared),
    }
}

/// What a request carries, admitted.
async fn read(app: &App, session: Session, notes: &Notes, request: Request) -> Result<Prepared, Box<Response>> {
    if request.method() == Method::POST {
        return posted(app, session, notes, request).await;
    }
    let (mut parts, _) = request.into_parts();
    let found = queried(Query::from_request_parts(&mut parts, &()).await);
    let bad = |reason: &str| Box::new(error(axum::http::StatusCode::BAD_REQUEST, reason));
    let asked = found.map_err(|reason| bad(&reason))?.ok_or_else(|| bad("expected the parameter query"))?;
    let length = parts.uri.query().map_or(0, str::len);
    Ok(prepared(app, session, notes, asked, length).await)
}

/// Opens a stream. What is wrong with a document is told in it, because a browser shows nobody the body of an error.
fn open(app: &App, notes: &Notes, prepared: Prepared) -> Response {
    let place = match app.streams.place(notes) {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    let running = prepared.and_then(|ready| {
        let full = |refusal| Box::new(coded(Answer::from_errors(vec![refusal])));
        let operation = app.streams.operation().map_err(full)?;
        let goes_on = ready.kind() == Some(OperationType::Subscription);
        Ok((answers(app, ready, &Arc::new(Semaphore::new(1))), goes_on, operation))
    });
    let (answers, goes_on, operation) = match running {
        Ok((answers, goes_on, operation)) => (answers, goes_on, Some(operation)),
        Err(refusal) => (stream::iter([AnswerText::from(*refusal)]).boxed(), false, None),
    };
    let (told, mut written) = mpsc::channel(1);
    let streams = Arc::clone(&app.streams);
    tokio::spawn(async move {
        pump(&streams, answers, goes_on, told).await;
        drop((place, operation));
    });
    let body = stream::poll_fn(move |cx| written.poll_recv(cx)).map(Ok::<_, Infallible>);
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENTS));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would gather what is to be told at once.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// Writes what an operation says, until it ends, the client goes or does not read, or the gateway stops.
async fn pump(
    streams: &Streams,
    mut answers: BoxStream<'static, AnswerText>,
    goes_on: bool,
    told: mpsc::Sender<Bytes>,
) {
    let limits = streams.limits();
    let closing = streams.closing();
    let mut beat = interval_at(Instant::now() + limits.beat, limits.beat);
    let mut next = Some((Bytes::from_static(BEAT), false));
    loop {
        if let Some((text, last)) = next.take() {
            let written = timeout(limits.stall, told.send(text)).await;
            if last || !matches!(written, Ok(Ok(()))) {
                return;
            }
        }
        tokio::select! {
            () = told.closed() => return,
            () = closing.cancelled(), if goes_on => return,
            answer = answers.next() => next = Some(match answer {
                Some(answer) => (event(answer), false),
                None => (Bytes::from_static(COMPLETE), true),
            }),
            _ = beat.tick() => next = Some((Bytes::from_static(BEAT), false)),
        }
    }
}

/// An answer as an event.
fn event(answer: AnswerText) -> Bytes {
    let text = format!("event: next\ndata: {}\n\n", answer.json).into_bytes();
    match answer.into_held() {
        Some(held) => held.until_written(text),
        None => text.into(),
    }
}
