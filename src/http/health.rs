//! Whether the process lives, and whether it can serve. Both are answered from memory, by the thread that takes
//! connections (`door`), so that they are answered while the database, the committer or every other thread is stuck.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    middleware,
    routing::get,
};
use tokio::{task::spawn_blocking, time::timeout};

use super::{App, log, shield, well_formed};
use scrip_service::Vitals;

/// How long the file system may take to tell how much room there is.
const DISK: Duration = Duration::from_secs(1);

impl FromRef<App> for Arc<Vitals> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(app.scrip.vitals())
    }
}

/// The routes that the door answers itself.
pub(super) fn router(vitals: Arc<Vitals>) -> Router {
    let routes = Router::new().route("/healthz", get(alive)).route("/readyz", get(ready));
    let routes = routes.layer(middleware::from_fn(well_formed::only));
    let routes = routes.layer(middleware::from_fn(log::one_line));
    routes.layer(middleware::map_response(shield::over)).with_state(vitals)
}

/// Whether the first bytes of a connection ask for one of these routes.
pub(super) fn is_asked_for(head: &[u8]) -> bool {
    let rest = ["GET ", "HEAD "].iter().find_map(|method| head.strip_prefix(method.as_bytes()));
    let end = rest.and_then(|rest| ["/healthz", "/readyz"].iter().find_map(|path| rest.strip_prefix(path.as_bytes())));
    end.and_then(<[u8]>::first).is_some_and(|next| matches!(*next, b' ' | b'?'))
}

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Reads and changes can be answered, with a line for what is wrong all the same; else why not, a line a reason.
pub(super) async fn ready(State(vitals): State<Arc<Vitals>>) -> (StatusCode, String) {
    let warnings = vitals.warnings();
    // A disk that does not answer keeps a thread that is for that alone.
    let asked = spawn_blocking(move || vitals.problems(Instant::now()));
    let problems = match timeout(DISK, asked).await {
        Ok(Ok(problems)) => problems,
        Ok(Err(_)) | Err(_) => vec!["the disk does not tell how much room it has".to_owned()],
    };
    let lines = |texts: Vec<String>| texts.into_iter().map(|text| text + "\n").collect::<String>();
    if problems.is_empty() {
        return (StatusCode::OK, format!("ready\n{}", lines(warnings)));
    }
    (StatusCode::SERVICE_UNAVAILABLE, lines(problems))
}

#[cfg(test)]
mod tests {
    use super::is_asked_for;

    #[test]
    fn health_is_told_by_the_first_bytes() {
        for (head, health) in [
            ("GET /healthz HTTP/1.1\r\nHost: x\r\n", true),
            ("HEAD /readyz HTTP/1.1\r\n", true),
            ("GET /readyz?verbose HTTP/1.1\r\n", true),
            ("GET /healthzz HTTP/1.1\r\n", false),
            ("GET /healthz", false),
            ("POST /healthz HTTP/1.1\r\n", false),
            ("GET /graphql HTTP/1.1\r\n", false),
            ("GET / HTTP/1.1\r\nX: GET /healthz \r\n", false),
            ("", false),
        ] {
            assert_eq!(is_asked_for(head.as_bytes()), health, "{head:?}");
        }
    }
}
