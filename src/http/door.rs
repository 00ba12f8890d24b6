//! The door: one thread with a runtime of its own takes every connection. It answers those that ask for health and
//! hands the others over to the threads that serve. Only so many are handed over that the database always has file
//! descriptors left. Where all places are taken, a [stranger](super::guests) makes room; where all have shown a key,
//! whoever comes is told to come back. A connection that has neither a place nor one of the few spare ones, in which it
//! waits for what becomes of it, is closed at once: no flood takes more descriptors than these.
//!
//! What it knows of a connection is its first bytes, so a probe has to ask for health first on a connection of its own,
//! as probes do; on one that asked for something else before, the other threads answer.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use axum::Router;
use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    guests::{Guest, Guests},
    health,
    placed::Placed,
};
use scrip_service::{Vitals, start_vital};

/// How long no connection is taken where the system has no more descriptors, or all spare places are taken.
const RESPITE: Duration = Duration::from_millis(100);
/// How many connections wait for a place, or are asked whether they want health, beside those that have one.
pub(super) const SPARE: usize = 32;
/// How long one of those may take to say what it wants.
const SPARE_PATIENCE: Duration = Duration::from_secs(1);
/// How many connections may wait to be taken over: the threads that serve are behind then.
const WAITING: usize = 1_024;
/// The most of a connection's first bytes that are looked at.
const HEAD: usize = 32;
/// How many threads may wait for a file system at once.
const BLOCKED: usize = 4;
/// The answer to who comes when all places are taken.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// A connection that has a place.
pub(super) struct Visitor {
    pub(super) stream: std::net::TcpStream,
    pub(super) guest: Guest,
}

/// How the door is kept.
pub(super) struct Rules {
    /// How many connections have a place.
    pub(super) places: usize,
    /// How long the first bytes of a connection may take.
    pub(super) reading: Duration,
    /// How long a client may leave unread what it is sent.
    pub(super) writing: Duration,
}

/// Opens the door; it is closed by the token. The thread ends soon after.
pub(super) fn open(
    listener: TcpListener,
    vitals: Arc<Vitals>,
    rules: Rules,
    stop: CancellationToken,
) -> io::Result<mpsc::Receiver<Visitor>> {
    let listener = listener.into_std()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(BLOCKED).build()?;
    let (hand_over, visitors) = mpsc::channel(WAITING);
    let guests = Guests::new(rules.places);
    let door = Arc::new(Door {
        places: Arc::new(Semaphore::new(rules.places.min(Semaphore::MAX_PERMITS))),
        spare: Arc::new(Semaphore::new(SPARE)),
        guests: guests.clone(),
        rules,
        health: health::router(vitals),
        hand_over,
    });
    let run = move || {
        runtime.block_on(async move {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    stop.run_until_cancelled(door.keep(listener)).await;
                    // Nobody waits for what a stranger may still have to say.
                    guests.end();
                }
                Err(error) => tracing::error!(%error, "no connection can be taken"),
            }
        });
        // A file system that does not answer keeps nobody from stopping.
        runtime.shutdown_background();
    };
    start_vital("door", run)?;
    Ok(visitors)
}

struct Door {
    places: Arc<Semaphore>,
    spare: Arc<Semaphore>,
    guests: Guests,
    rules: Rules,
    health: Router,
    hand_over: mpsc::Sender<Visitor>,
}

impl Door {
    /// Takes connections for ever.
    async fn keep(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, from)) => self.admit(stream, from.ip()).await,
                // The connection was given up before it was taken: the next may be better.
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "a connection could not be taken: it is tried again");
                    sleep(RESPITE).await;
                }
            }
        }
    }

    /// Gives a connection a place, or one of the spare ones; without either it is closed. Places are given in the order in
    /// which connections come: who takes one that a stranger left for another would have that one wait in vain.
    async fn admit(self: &Arc<Self>, stream: TcpStream, from: IpAddr) {
        let (door, origin) = (Arc::clone(self), from.into());
        let mut place = Box::pin(Arc::clone(&self.places).acquire_owned());
        let lead = move |door: Arc<Self>, stream, place| {
            let guest = door.guests.add(origin, place);
            tokio::spawn(async move { door.lead(stream, guest).await });
        };
        if let Some(Ok(place)) = place.as_mut().now_or_never() {
            return lead(door, stream, place);
        }
        let Ok(Ok(spare)) = timeout(RESPITE, Arc::clone(&self.spare).acquire_owned()).await else { return };
        if let Some(Ok(place)) = place.as_mut().now_or_never() {
            return lead(door, stream, place);
        }
        let place = self.guests.make_room(origin).then_some(place);
        tokio::spawn(async move {
            let place = match place {
                Some(place) => timeout(SPARE_PATIENCE, place).await.ok(),
                None => None,
            };
            match place {
                Some(Ok(place)) => {
                    drop(spare);
                    lead(door, stream, place);
                }
                _ => door.turn_away(stream).await,
            }
        });
    }

    /// Leads a connection to where it is answered, unless it has to leave before it says anything.
    async fn lead(&self, stream: TcpStream, guest: Guest) {
        let heard = guest.leave().run_until_cancelled(timeout(self.rules.reading, asks_for_health(&stream))).await;
        match heard {
            Some(Ok(Ok(true))) => self.answer(Placed::new(stream, guest, self.rules.writing)).await,
            Some(Ok(Ok(false))) => {
                let Ok(stream) = stream.into_std() else { return };
                // Closed while it stops: the connection ends.
                drop(self.hand_over.send(Visitor { stream, guest }).await);
            }
            // It said nothing in time, went away, or made room.
            Some(Ok(Err(_)) | Err(_)) | None => {}
        }
    }

    async fn turn_away(&self, mut stream: TcpStream) {
        match timeout(SPARE_PATIENCE, asks_for_health(&stream)).await {
            // It has a spare place, of which there are few: the whole has to be over soon.
            Ok(Ok(true)) => drop(timeout(SPARE_PATIENCE, self.answer(stream)).await),
            _ => drop(timeout(SPARE_PATIENCE, refuse(&mut stream)).await),
        }
    }

    /// Answers one request for health.
    async fn answer(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.rules.reading).keep_alive(false);
        let service = TowerToHyperService::new(self.health.clone());
        let answered = timeout(self.rules.reading, builder.serve_connection(TokioIo::new(stream), service)).await;
        if let Ok(Err(error)) = answered {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Tells that all places are taken. What was sent is read to its end: closed before, the answer could be lost.
async fn refuse(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(FULL).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1_024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Looks at the first bytes of a connection and leaves them there. A probe sends its few in one piece.
async fn asks_for_health(stream: &TcpStream) -> io::Result<bool> {
    let mut head = [0; HEAD];
    let length = stream.peek(&mut head).await?;
    if length == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(head.get(..length).is_some_and(health::is_asked_for))
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
