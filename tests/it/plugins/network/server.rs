//! A partner's server on loopback: it remembers what it was asked and answers by path, well or badly.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, Response},
};
use futures_util::{StreamExt, stream};
use scrip::plugins::{OperatorSettings, SecretSettings};
use tokio::{net::TcpListener, sync::Notify};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    asked: Mutex<Vec<Arrived>>,
    waiting: AtomicUsize,
    go: Notify,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// On a port of the system's choice.
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0").await.expect("a port")
    }

    pub(crate) async fn at(address: &str) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, shared })
    }

    /// As a rule names it.
    pub(crate) fn host(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.host())
    }

    /// What it was asked since the last look.
    pub(crate) fn asked(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.shared.asked.lock().expect("a list"))
    }

    /// How many are waiting for an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.waiting.load(SeqCst)
    }

    /// Answers those that wait at /together.
    pub(crate) fn let_go(&self) {
        self.shared.go.notify_waiters();
    }
}

/// The operator's word for a server on loopback, with the secret `api_key` bound to it.
pub(crate) fn allowing(server: &Server) -> OperatorSettings {
    OperatorSettings {
        hosts: vec![server.host()],
        ranges: vec!["127.0.0.0/8".to_owned()],
        ..OperatorSettings::default()
    }
}

/// The same with a secret.
pub(crate) fn with_secret(server: &Server, value: Option<&str>, host: &str) -> OperatorSettings {
    let secret = SecretSettings { value: value.map(str::to_owned), host: Some(host.to_owned()) };
    OperatorSettings { secrets: [("api_key".to_owned(), secret)].into(), ..allowing(server) }
}

/// Counts one that waits; dropped with its connection.
struct Waiting(Arc<Shared>);

impl Waiting {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.waiting.fetch_add(1, SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default().to_vec();
    let path = parts.uri.path().to_owned();
    let arrived = Arrived {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: parts.headers,
        body,
    };
    shared.asked.lock().expect("a list").push(arrived.clone());
    let plain = Response::builder();
    let response = match path.as_str() {
        "/issue" => plain.header("content-type", "application/json").body("{\"code\":\"FROM-PARTNER\"}".into()),
        "/redirect" => plain.status(302).header("location", "http://127.0.0.2:9/elsewhere").body(Body::empty()),
        "/back" => plain.status(302).header("location", arrived.path.as_str()).body(Body::empty()),
        "/moved" => plain.status(308).header("location", "/ok").body(Body::empty()),
        "/broken" => plain.status(503).body("down".into()),
        "/close" => plain.header("connection", "close").body("ok".into()),
        "/large" => plain.body(vec![b'x'; 300 * 1_024].into()),
        "/endless" => plain.body(chunks(stream::repeat(()).map(|()| Bytes::from(vec![b'x'; 8_192])))),
        "/stuck" => plain.body(chunks(stream::once(async { Bytes::from("begun") }).chain(stream::pending()))),
        "/headers" => plain.header("x-long", "y".repeat(20_000)).body("ok".into()),
        "/packed" => plain.header("content-encoding", "gzip").body("ok".into()),
        "/echo" => return echo(&arrived),
        "/silent" => {
            let _waiting = Waiting::new(&shared);
            std::future::pending().await
        }
        "/together" => {
            let go = shared.go.notified();
            let waiting = Waiting::new(&shared);
            go.await;
            drop(waiting);
            plain.body("together".into())
        }
        _ => plain.body("ok".into()),
    };
    response.expect("an answer")
}

fn chunks(stream: impl futures_util::Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(stream.map(Ok::<_, Infallible>))
}

/// Everything that was sent, in a header and in the body.
fn echo(arrived: &Arrived) -> Response<Body> {
    let mut response = Response::builder().header("x-path", arrived.path.as_str());
    for (name, value) in &arrived.headers {
        response = response.header(format!("x-echo-{name}"), value);
    }
    let headers: Vec<_> =
        arrived.headers.values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    let body = format!("{}\n{}\n{}", arrived.path, headers.join("\n"), String::from_utf8_lossy(&arrived.body));
    response.body(body.into()).expect("an answer")
}
