//! One socket that speaks graphql-transport-ws: who it is, what it asks, what it is told, and why it is closed. It is
//! one task, which writes before it reads on or polls on, the answers to pings included, so nothing piles up for a client
//! that does not read.

use std::{pin::Pin, sync::Arc, time::Duration};

use async_graphql::parser::types::OperationType;
use axum::{
    body::Bytes,
    extract::{
        WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{header::AUTHORIZATION, request::Parts},
    response::Response,
};
use futures_util::{FutureExt, SinkExt};
use tokio::{
    sync::Semaphore,
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Place, Stranger,
    answers::answers,
    close::{self, Close},
    message::{self, Incoming},
    operations::{Operations, Told},
};
use crate::http::{App, graphql::prepared, notes::Notes, site};
use scrip_graphql::{Asked, bounds};
use scrip_service::Session;

/// The protocol's name.
const PROTOCOL: &str = "graphql-transport-ws";
/// The longest message that is read, in bytes: every socket may have a part of one in memory. What is longer can be sent
/// by POST.
const MAX_MESSAGE: usize = 32 * 1024;
/// The longest that is taken in, to be told that it is too long. What is longer still is cut off.
const MAX_TAKEN: usize = 2 * MAX_MESSAGE;
/// The buffers of a socket, in bytes: there may be thousands that are silent.
const BUFFER: usize = 1024;
/// How many answers leave in one write.
const BATCH: usize = 32;
/// How many large answers of a socket are made, or wait to be written.
const UNREAD: usize = 2;
/// How long a client may take to confirm that it is closed, and operations to end when the gateway stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why a socket's task ends.
enum End {
    /// It is to be closed.
    Close(Close),
    /// It is closed.
    Gone,
}

/// Opens a socket, where there is a place for one.
pub(super) async fn open(app: App, notes: Notes, parts: &Parts, upgrade: WebSocketUpgrade) -> Response {
    let key = match notes.session(&app.scrip, &parts.headers).await {
        Some(session) => Key::Known(session),
        None if parts.headers.contains_key(AUTHORIZATION) => Key::Unknown,
        None => Key::None,
    };
    let place = match &key {
        Key::Known(_) => app.streams.place(&notes).map(|place| Admission::Known { _place: place }),
        Key::Unknown | Key::None => app.streams.stranger(&notes).await.map(Admission::Stranger),
    };
    let place = match place {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(MAX_TAKEN)
        .max_frame_size(MAX_TAKEN)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    let refusal = if upgrade.selected_protocol().is_none() {
        Some(close::PROTOCOL)
    } else if !site::may_ask(&parts.headers, &app.options.origins) {
        notes.refused(&parts.headers);
        Some(close::FOREIGN)
    } else {
        None
    };
    upgrade.on_upgrade(move |socket| {
        let timer = Box::pin(sleep(app.streams.limits().init));
        let operations = Operations::default();
        let unread = Arc::new(Semaphore::new(UNREAD));
        let conversation =
            Conversation { app, notes, socket, timer, heard: true, key, asks: None, operations, unread, place };
        Box::new(conversation).serve(refusal)
    })
}

/// What place a socket has.
enum Admission {
    Known { _place: Place },
    Stranger(Stranger),
}

/// The key of the upgrade.
enum Key {
    /// There was none.
    None,
    /// There was one that is not known.
    Unknown,
    /// There was one.
    Known(Session),
}

struct Conversation {
    app: App,
    notes: Notes,
    socket: WebSocket,
    /// When the client has to have introduced itself; then, when the next sign of life is due.
    timer: Pin<Box<Sleep>>,
    /// Whether anything was heard since the last sign of life was sent.
    heard: bool,
    key: Key,
    /// Who it is, since it introduced itself.
    asks: Option<Session>,
    operations: Operations,
    /// For large answers that are made or wait to be written.
    unread: Arc<Semaphore>,
    place: Admission,
}

impl Conversation {
    /// Serves it until it ends, unless it is refused. It and what seldom happens are boxed: there may be thousands of
    /// sockets that are silent.
    async fn serve(mut self: Box<Self>, refusal: Option<Close>) {
        let end = match refusal {
            Some(refusal) => End::Close(refusal),
            None => self.run().await,
        };
        Box::pin(self.end(end)).await;
    }

    async fn run(&mut self) -> End {
        let closing = self.app.streams.closing();
        let mut closing = std::pin::pin!(closing.cancelled());
        // Never told once it has shown a key: nobody takes its place then.
        let leave = match &self.place {
            Admission::Known { .. } => CancellationToken::new(),
            Admission::Stranger(stranger) => stranger.guest.leave().clone(),
        };
        let mut leave = std::pin::pin!(leave.cancelled());
        loop {
            let done = tokio::select! {
                () = &mut closing => return Box::pin(self.finish()).await,
                () = &mut leave, if self.asks.is_none() => Err(End::Close(close::FULL)),
                message = self.socket.recv() => match message {
                    None => Err(End::Gone),
                    Some(Ok(message)) => Box::pin(self.hear(message)).await,
                    Some(Err(error)) => Err(end_of(error)),
                },
                Some(told) = self.operations.next(), if !self.operations.is_idle() => self.tell(told).await,
                () = &mut self.timer => Box::pin(self.beat()).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Sends a sign of life, unless the last one was not answered.
    async fn beat(&mut self) -> Result<(), End> {
        if self.asks.is_none() {
            return Err(End::Close(close::INIT_TIMEOUT));
        }
        if !self.heard {
            return Err(End::Gone);
        }
        self.heard = false;
        self.rest();
        self.send(Message::Ping(Bytes::new())).await
    }

    /// Sets the timer to the next sign of life.
    fn rest(&mut self) {
        let beat = self.app.streams.limits().beat;
        self.timer.as_mut().reset(Instant::now() + beat);
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        self.heard = true;
        let text = match message {
            Message::Text(text) if text.len() > MAX_MESSAGE => return Err(End::Close(close::TOO_BIG)),
            Message::Text(text) => text,
            Message::Pong(_) => return Ok(()),
            // The answer to it waits to be written, before anything else is read: of one who pings and does not read
            // more than one would wait.
            Message::Ping(_) => return self.flush().await,
            Message::Close(_) => {
                self.flush().await?;
                return Err(End::Gone);
            }
            Message::Binary(_) => return Err(End::Close(close::INVALID)),
        };
        match Incoming::read(&text).ok_or(End::Close(close::INVALID))? {
            Incoming::ConnectionInit { payload } => {
                if self.asks.is_some() {
                    return Err(End::Close(close::SECOND_INIT));
                }
                let found = match (message::authorization(payload.as_ref()), &self.key) {
                    (Some(value), _) => self.notes.bearer(&self.app.scrip, value).await,
                    (None, Key::Known(session)) => Some(session.clone()),
                    (None, Key::None | Key::Unknown) => None,
                };
                let session = found.ok_or(End::Close(close::FORBIDDEN))?;
                if let Admission::Stranger(_) = &self.place {
                    let place = self.app.streams.place_of_known().ok_or(End::Close(close::FULL))?;
                    self.place = Admission::Known { _place: place };
                }
                self.asks = Some(session);
                self.key = Key::None;
                self.rest();
                self.send(message::ack()).await
            }
            Incoming::Ping { payload } => self.send(message::pong(payload.as_ref())).await,
            Incoming::Pong {} => Ok(()),
            Incoming::Subscribe { id, payload } => self.subscribe(id, payload, text.len()).await,
            Incoming::Complete { id } => {
                self.operations.remove(&id);
                Ok(())
            }
        }
    }

    /// Runs an operation that a message of this length asks for.
    async fn subscribe(&mut self, id: String, asked: Asked, length: usize) -> Result<(), End> {
        let session = self.asks.clone().ok_or(End::Close(close::UNAUTHORIZED))?;
        // It may have been revoked, or have another role, since the socket was opened.
        let session = session.again().ok_or(End::Close(close::FORBIDDEN))?;
        if self.operations.has(&id) {
            return Err(End::Close(close::DUPLICATE));
        }
        let limit = self.app.streams.limits().operations_of_one;
        let refusals = if self.operations.len() >= limit {
            vec![bounds::exceeded("too many operations run over this socket", limit as u64)]
        } else {
            let prepared = prepared(&self.app, session, &self.notes, asked, length).await;
            match (prepared, self.app.streams.operation()) {
                (Err(refused), _) => refused.errors,
                (_, Err(refusal)) => vec![refusal],
                (Ok(ready), Ok(place)) => {
                    self.notes.tell_of_operation();
                    let goes_on = ready.kind() == Some(OperationType::Subscription);
                    self.operations.add(id, answers(&self.app, ready, &self.unread), goes_on, place);
                    return Ok(());
                }
            }
        };
        self.send(message::refused(&id, refusals)).await
    }

    /// Tells what an operation says, and what others have to say by now, in one write.
    async fn tell(&mut self, told: Told) -> Result<(), End> {
        let stall = self.app.streams.limits().stall;
        // What is written is counted until all of it has left.
        let mut held = Vec::new();
        let write = async {
            let (mut next, mut left) = (Some(told), BATCH);
            while let Some((id, answer)) = next.take() {
                let (text, ends) = match answer {
                    None => (message::complete(&id), false),
                    Some(answer) => {
                        let next = message::next(&id, &answer);
                        held.extend(answer.into_held());
                        next
                    }
                };
                if ends {
                    self.operations.remove(&id);
                }
                self.socket.feed(text).await?;
                left -= 1;
                if left > 0 {
                    next = self.operations.next().now_or_never().flatten();
                }
            }
            self.socket.flush().await
        };
        written(timeout(stall, write).await)
    }

    async fn flush(&mut self) -> Result<(), End> {
        let stall = self.app.streams.limits().stall;
        written(timeout(stall, self.socket.flush()).await)
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let stall = self.app.streams.limits().stall;
        written(timeout(stall, self.socket.send(message)).await)
    }

    /// The gateway stops: what would go on is ended, what would end is waited for.
    async fn finish(&mut self) -> End {
        self.operations.remove_those_that_go_on();
        let rest = async {
            while let Some(told) = self.operations.next().await {
                self.tell(told).await?;
            }
            Ok(())
        };
        match timeout(FAREWELL, rest).await {
            Ok(Err(end)) => end,
            Ok(Ok(())) | Err(_) => End::Close(close::RESTART),
        }
    }

    /// Closes the socket; its operations end before that.
    async fn end(mut self: Box<Self>, end: End) {
        self.operations = Operations::default();
        let End::Close(reason) = end else { return };
        tracing::debug!(request = self.notes.id().0, ?reason, "a socket is closed");
        // Its place is another's already.
        let is_waited_for = !matches!(self.place, Admission::Stranger(_)) || reason != close::FULL;
        let farewell = async {
            if self.socket.send(reason.into()).await.is_ok() && is_waited_for {
                // The client's own close ends the connection in order.
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        // Whoever does not answer is cut off.
        let _ = timeout(FAREWELL, farewell).await;
    }
}

fn written(result: Result<Result<(), axum::Error>, tokio::time::error::Elapsed>) -> Result<(), End> {
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Close(close::TOO_SLOW)),
    }
}

/// How a socket ends that could not be read.
fn end_of(error: axum::Error) -> End {
    use tungstenite::{Error, error::ProtocolError};
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => End::Close(close::TOO_BIG),
        Some(Error::Utf8(_)) => End::Close(close::NOT_UTF8),
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) | None => End::Gone,
        Some(Error::Protocol(_)) => End::Close(close::NO_WEBSOCKET),
        Some(_) => End::Gone,
    }
}
