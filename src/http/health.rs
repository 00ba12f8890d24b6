//! Whether the process lives, and whether it can serve.

use axum::{extract::State, http::StatusCode};

use super::App;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Reads and changes can be answered; else why not, a line a reason.
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, String) {
    let problems = app.scrip.vitals().problems(std::time::Instant::now());
    if problems.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, problems.iter().map(|problem| format!("{problem}\n")).collect())
}
