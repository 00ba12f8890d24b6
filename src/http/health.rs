//! Whether the process lives, and whether it can serve.

use axum::{extract::State, http::StatusCode};

use super::App;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers as well.
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.scrip.is_ready().await {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
    }
}
