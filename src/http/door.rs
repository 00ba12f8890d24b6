//! The door: one thread with a runtime of its own takes every connection. It answers those that ask for health and
//! hands the others over to the threads that serve. Only so many are handed over that the database always has file
//! descriptors left. Where all places are taken, the connection that has said nothing for longest makes room; where all
//! have said something, whoever comes is told to come back.
//!
//! What it knows of a connection is its first bytes, so a probe has to ask for health first on a connection of its own,
//! as probes do; on one that asked for something else before, the other threads answer.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::health;
use scrip_service::{Vitals, start_vital};

/// How long no connection is taken where the system has no more descriptors.
const RESPITE: Duration = Duration::from_millis(100);
/// How many connections are looked at beside those that have a place, for health.
const SPARE: usize = 32;
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
    pub(super) place: OwnedSemaphorePermit,
}

/// How the door is kept.
pub(super) struct Rules {
    /// How many connections have a place.
    pub(super) places: usize,
    /// How long the first bytes of a connection may take.
    pub(super) reading: Duration,
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
    let door = Arc::new(Door {
        places: Arc::new(Semaphore::new(rules.places.min(Semaphore::MAX_PERMITS))),
        spare: Arc::new(Semaphore::new(SPARE)),
        silent: Mutex::default(),
        reading: rules.reading,
        health: health::router(vitals),
        hand_over,
    });
    let run = move || {
        runtime.block_on(async move {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    stop.run_until_cancelled(door.keep(listener)).await;
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
    silent: Mutex<Silent>,
    reading: Duration,
    health: Router,
    hand_over: mpsc::Sender<Visitor>,
}

/// The connections that have a place and have not said anything yet, oldest first.
#[derive(Default)]
struct Silent {
    next: u64,
    waiting: BTreeMap<u64, CancellationToken>,
}

impl Silent {
    fn add(&mut self) -> (u64, CancellationToken) {
        let (number, end) = (self.next, CancellationToken::new());
        self.next += 1;
        self.waiting.insert(number, end.clone());
        (number, end)
    }

    /// Has the oldest one end. Whether there was one.
    fn end_oldest(&mut self) -> bool {
        let oldest = self.waiting.pop_first();
        oldest.is_some_and(|(_, end)| {
            end.cancel();
            true
        })
    }
}

impl Door {
    /// Takes connections for ever.
    async fn keep(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.admit(stream),
                // The connection was given up before it was taken: the next may be better.
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "a connection could not be taken: it is tried again");
                    sleep(RESPITE).await;
                }
            }
        }
    }

    /// Gives a connection a place, or one of the spare ones; without either it is closed.
    fn admit(self: &Arc<Self>, stream: TcpStream) {
        let door = Arc::clone(self);
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            let (number, end) = self.silent().add();
            tokio::spawn(async move { door.lead(stream, place, number, end).await });
        } else if self.silent().end_oldest() {
            let (number, end) = self.silent().add();
            tokio::spawn(async move {
                match timeout(SPARE_PATIENCE, Arc::clone(&door.places).acquire_owned()).await {
                    Ok(Ok(place)) => door.lead(stream, place, number, end).await,
                    _ => drop(door.silent().waiting.remove(&number)),
                }
            });
        } else if let Ok(spare) = Arc::clone(&self.spare).try_acquire_owned() {
            tokio::spawn(async move {
                door.turn_away(stream).await;
                drop(spare);
            });
        }
    }

    fn silent(&self) -> MutexGuard<'_, Silent> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leads a connection to where it is answered, unless it is ended before it says anything.
    async fn lead(&self, stream: TcpStream, place: OwnedSemaphorePermit, number: u64, end: CancellationToken) {
        let heard = end.run_until_cancelled(timeout(self.reading, asks_for_health(&stream))).await;
        self.silent().waiting.remove(&number);
        match heard {
            Some(Ok(Ok(true))) => self.answer(stream).await,
            Some(Ok(Ok(false))) => {
                let Ok(stream) = stream.into_std() else { return };
                // Closed while it stops: the connection ends.
                drop(self.hand_over.send(Visitor { stream, place }).await);
            }
            // It said nothing in time, went away, or made room.
            Some(Ok(Err(_)) | Err(_)) | None => {}
        }
    }

    async fn turn_away(&self, mut stream: TcpStream) {
        match timeout(SPARE_PATIENCE, asks_for_health(&stream)).await {
            Ok(Ok(true)) => self.answer(stream).await,
            _ => drop(timeout(SPARE_PATIENCE, refuse(&mut stream)).await),
        }
    }

    /// Answers one request for health.
    async fn answer(&self, stream: TcpStream) {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.reading).keep_alive(false);
        let service = TowerToHyperService::new(self.health.clone());
        let answered = timeout(self.reading, builder.serve_connection(TokioIo::new(stream), service)).await;
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
