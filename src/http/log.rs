//! One line a request, when its answer has left or was given up: method, path, status, milliseconds, bytes, what was
//! noted of it, and the request's id, which the answer carries as `x-request-id` and an internal error as
//! `extensions.request`.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header::RETRY_AFTER},
    middleware::Next,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use super::{
    budgets::Told,
    guests::Standing,
    notes::{Noted, Notes},
    proxies::Client,
};
use scrip_graphql::RequestId;

/// Requests since the start.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// The most of a text of a client's that a line shows, in bytes.
const SHOWN: usize = 200;

/// Gives a request its id and logs it when its answer has ended.
pub(super) async fn one_line(mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let id = format!("{}-{number}", std::process::id());
    let standing = request.extensions().get::<Arc<Standing>>().cloned();
    let address = request.extensions().get::<Client>().map(|Client(address)| *address);
    let notes = Notes::new(RequestId(id.clone()), standing, address);
    request.extensions_mut().insert(notes.clone());
    let mut line = Line {
        method: request.method().clone(),
        path: cut(request.uri().path()).to_owned(),
        notes,
        start,
        status: 0,
        bytes: 0,
    };
    let mut response = next.run(request).await;
    line.status = response.status().as_u16();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    if let Some(told) = line.notes.budgets() {
        tell_budgets(&told, response.headers_mut());
    }
    response.map(|body| Body::new(Logged { body, line }))
}

/// Tells what is left of budgets, and when to come back where nothing is.
fn tell_budgets(told: &Told, headers: &mut HeaderMap) {
    for (name, text) in told.fields().into_iter().flatten() {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.append(name, value);
        }
    }
    if let Some(seconds) = told.wait {
        headers.insert(RETRY_AFTER, seconds.into());
    }
}

/// The beginning of a text, short enough for a line.
pub(super) fn cut(text: &str) -> &str {
    let end = (0..=SHOWN.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// A time in milliseconds, with three decimals at most.
#[expect(clippy::cast_precision_loss, reason = "no request takes the three centuries from which on it loses any")]
fn millis(time: Duration) -> f64 {
    (time.as_micros() as f64) / 1_000.0
}

/// An answer whose end is logged. Its client may not take it to its end, or a stop may end it: it is dropped then too.
struct Logged {
    body: Body,
    line: Line,
}

/// What a line tells. It is written when this is dropped, which also happens where nobody waits for an answer any more:
/// the status is 0 then.
struct Line {
    method: Method,
    path: String,
    notes: Notes,
    start: Instant,
    status: u16,
    bytes: u64,
}

impl Drop for Line {
    fn drop(&mut self) {
        let Noted { key, kind, operation, cost, refused_origin, budgets: _ } = self.notes.read();
        tracing::info!(
            target: "scrip::request",
            method = %self.method,
            path = self.path,
            status = self.status,
            millis = millis(self.start.elapsed()),
            bytes = self.bytes,
            key,
            kind,
            operation,
            cost,
            refused_origin,
            request = self.notes.id().0,
            "request"
        );
    }
}

impl HttpBody for Logged {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            self.line.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_shows() {
        let long = "x".repeat(1_000);
        let signs = "\u{e4}".repeat(200);
        for (text, length) in [("/graphql", 8), ("", 0), (long.as_str(), 200), (&signs, 200), (&signs[2..], 200)] {
            assert_eq!(cut(text).len(), length, "{text}");
        }
        for (nanos, shown) in [(1_234_567, 1.234), (999, 0.0), (1_000_000, 1.0), (12_345_678_901, 12_345.678)] {
            assert_eq!(millis(Duration::from_nanos(nanos)).to_string(), f64::to_string(&shown), "{nanos}");
        }
    }
}
