//! One line a request: method, path, status, milliseconds, and the request's id, which the answer
//! carries as `x-request-id` and an internal error as `extensions.request`.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{extract::Request, http::HeaderValue, middleware::Next, response::Response};

use scrip_graphql::RequestId;

/// Requests since the start.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Gives a request its id and logs it when it is answered.
pub(super) async fn one_line(mut request: Request, next: Next) -> Response {
    let start = tokio::time::Instant::now();
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let id = format!("{}-{number}", std::process::id());
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let millis = start.elapsed().as_secs_f64() * 1_000.0;
    tracing::info!(target: "scrip::request", %method, path, status, millis, request = id, "request");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
