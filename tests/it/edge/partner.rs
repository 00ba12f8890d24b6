//! A partner's web service on loopback: it answers what a test tells it to, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{OwnedRwLockWriteGuard, RwLock},
};

/// What the partner was asked: the idempotency key and the body.
pub(super) type Asked = (String, Value);

/// A running service.
pub(super) struct Partner {
    /// Its address, as an operator names it.
    pub(super) host: String,
    state: Shared,
}

#[derive(Clone, Default)]
struct Shared {
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<Vec<(u16, Value)>>>,
    held: Arc<RwLock<()>>,
}

impl Partner {
    /// Starts it on a port of the system's choice.
    pub(super) async fn start() -> Self {
        let state = Shared::default();
        let app = Router::new().route("/issue", post(issue)).route("/quick", post(answer)).with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { host, state }
    }

    /// What it answers next; the last answer stands until there is another.
    pub(super) fn answer(&self, status: u16, body: Value) {
        *self.state.answers.lock().expect("answers") = vec![(status, body)];
    }

    /// Has it answer nothing until what is given back is dropped.
    pub(super) async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.state.held).write_owned().await
    }

    /// What it was asked since the last look.
    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.state.asked.lock().expect("questions"))
    }
}

/// Answers once nobody holds it.
async fn issue(State(state): State<Shared>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    state.note(&headers, &body);
    drop(state.held.read().await);
    state.next()
}

/// Answers at once, whoever holds it.
async fn answer(State(state): State<Shared>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    state.note(&headers, &body);
    state.next()
}

impl Shared {
    fn note(&self, headers: &HeaderMap, body: &Bytes) {
        let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
        let body = serde_json::from_slice(body).expect("JSON");
        self.asked.lock().expect("questions").push((key, body));
    }

    fn next(&self) -> (StatusCode, String) {
        let (status, body) = self.answers.lock().expect("answers").last().cloned().expect("an answer");
        (StatusCode::from_u16(status).expect("a status"), body.to_string())
    }
}
