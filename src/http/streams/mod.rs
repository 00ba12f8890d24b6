//! Answers that go on: GraphQL over a socket (graphql-transport-ws) and over server-sent events, both at `/graphql`
//! beside the answers that are given at once, and under the same guards. What is open is bounded in number, nothing
//! is kept for a client that does not read, and a stop closes everything in a way that makes clients come back.

mod answers;
mod close;
mod events;
mod message;
mod operations;
mod socket;

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_graphql::ServerError;
use axum::{
    extract::{Extension, FromRequestParts, Request, State, WebSocketUpgrade},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{RETRY_AFTER, UPGRADE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use super::{
    App,
    graphql::error,
    guests::{Guest, Guests, Standing},
    media::Events,
    notes::Notes,
};
use scrip_graphql::bounds;

/// How much may be open, and for how long what is silent.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    /// How long a socket may take to introduce itself.
    pub init: Duration,
    /// How often a sign of life is sent, and awaited from a socket.
    pub beat: Duration,
    /// How long a client may leave what it is sent unread.
    pub stall: Duration,
    /// How many sockets and streams of events are open at most.
    pub connections: usize,
    /// How many sockets are open at most, beside them, whose clients have shown no key yet.
    pub strangers: usize,
    /// How many operations run over them at most.
    pub operations: usize,
    /// How many run over one socket at most.
    pub operations_of_one: usize,
}

impl StreamLimits {
    /// With so many sockets and streams: two and a half operations for each, and one of sixteen may be a stranger's.
    #[must_use]
    pub fn of(connections: usize) -> Self {
        let (operations, strangers) = (connections / 2 * 5, (connections / 16).max(1));
        Self { connections, operations, strangers, ..Self::default() }
    }
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            init: Duration::from_secs(10),
            beat: Duration::from_secs(20),
            stall: Duration::from_secs(15),
            connections: 20_000,
            strangers: 1_250,
            operations: 50_000,
            operations_of_one: 100,
        }
    }
}

/// What all that is open shares.
#[derive(Debug)]
pub struct Streams {
    limits: StreamLimits,
    connections: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    guests: Guests,
    operations: Arc<Semaphore>,
    open: TaskTracker,
    closing: CancellationToken,
}

/// The place of a socket or stream of events: while it is held, a stop waits.
#[derive(Debug)]
struct Place {
    _permit: OwnedSemaphorePermit,
    _open: TaskTrackerToken,
}

/// The place of a socket whose client has shown no key yet: it is another's where too many wait.
#[derive(Debug)]
struct Stranger {
    guest: Guest,
    _open: TaskTrackerToken,
}

impl Streams {
    /// Nothing open yet.
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self {
            limits,
            connections: Arc::new(Semaphore::new(limits.connections)),
            strangers: Arc::new(Semaphore::new(limits.strangers)),
            guests: Guests::new(limits.strangers),
            operations: Arc::new(Semaphore::new(limits.operations)),
            open: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }

    /// Lets everything end what it is at and close; ends when all is closed.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.open.close();
        self.open.wait().await;
    }

    /// How much may be open.
    fn limits(&self) -> &StreamLimits {
        &self.limits
    }

    /// Told when everything is to end.
    fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// A place for one more operation.
    fn operation(&self) -> Result<OwnedSemaphorePermit, ServerError> {
        let limit = self.limits.operations as u64;
        let full = |_| bounds::exceeded("too many operations run over all sockets and streams", limit);
        Arc::clone(&self.operations).try_acquire_owned().map_err(full)
    }

    /// A place for one more socket or stream of events.
    fn place(&self, notes: &Notes) -> Result<Place, Box<Response>> {
        if notes.standing().is_some_and(Standing::is_crowded) {
            return Err(Box::new(full("too many connections of this key are open: close some, or come back later")));
        }
        self.place_of_known().ok_or_else(|| Box::new(full("too many streams are open: come back later")))
    }

    /// The same for who has shown a key on the way.
    fn place_of_known(&self) -> Option<Place> {
        let permit = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        Some(Place { _permit: permit, _open: self.open.token() })
    }

    /// A place for one more socket whose client shows its key over it.
    async fn stranger(&self, notes: &Notes) -> Result<Stranger, Box<Response>> {
        let origin = notes.standing().map_or_else(|| IpAddr::from([0, 0, 0, 0]).into(), Standing::origin);
        match self.guests.admit(origin, &self.strangers).await {
            Some(guest) => {
                if let Some(standing) = notes.standing() {
                    standing.is_counted_elsewhere();
                }
                Ok(Stranger { guest, _open: self.open.token() })
            }
            None => Err(Box::new(full("too many sockets wait for a key: come back later"))),
        }
    }
}

/// The answer to who finds no place.
fn full(text: &str) -> Response {
    let mut refusal = error(StatusCode::SERVICE_UNAVAILABLE, text);
    refusal.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    refusal
}

/// Takes the requests whose answers go on; leaves the others to those who answer at once.
pub(super) async fn divert(
    State(app): State<App>,
    Extension(notes): Extension<Notes>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method();
    if method == Method::GET && wants_socket(request.headers()) {
        let (mut parts, _) = request.into_parts();
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => socket::open(app, notes, &parts, upgrade).await,
            Err(rejection) => error(rejection.status(), &rejection.body_text()).into_response(),
        };
    }
    match Events::wanted(request.headers()) {
        Events::Refused => next.run(request).await,
        _ if !matches!(*method, Method::GET | Method::POST) => next.run(request).await,
        wish => events::answer(app, &notes, request, wish).await,
    }
}

/// Whether a request asks for a socket.
pub(super) fn wants_socket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}
