//! Answers that go on, over real sockets: a client of graphql-transport-ws that says what a test wants, right or
//! wrong, and one of server-sent events.

mod events;
mod limits;
mod operations;
mod protocol;
mod restart;
mod resume;
mod slow;

use std::{collections::VecDeque, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
    },
};

use super::App;

/// No answer of these takes as long; it is a bound of the test's patience, not a measurement.
const PATIENCE: Duration = Duration::from_secs(30);

const PROTOCOL: &str = "graphql-transport-ws";

/// Every event, with what tells one from the others.
const FOLLOW: &str = "subscription($after: Cursor, $filter: EventFilter) { couponEvents(after: $after, filter: $filter) { \
    ... on CouponEvent { cursor type coupon { id code } customer { externalId } } \
    ... on ResyncRequired { reason oldestCursor } } }";

/// A socket, as a client has it.
struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens one with these headers.
    async fn with(app: &App, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        Self::at(&app.url, headers).await
    }

    async fn at(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("{}/graphql", url.replacen("http", "ws", 1)).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        timeout(PATIENCE, connect_async(request)).await.expect("an answer in time").map(|(socket, _)| Self(socket))
    }

    /// Opens one that speaks the protocol.
    async fn open(app: &App) -> Self {
        Self::with(app, &[("sec-websocket-protocol", PROTOCOL)]).await.expect("a socket")
    }

    /// Opens one and introduces itself.
    async fn ready(app: &App) -> Self {
        let mut socket = Self::open(app).await;
        socket.init(&app.key).await;
        socket
    }

    /// Introduces itself and is let in.
    async fn init(&mut self, key: &str) {
        self.say(&introduction(key)).await;
        assert_eq!(self.hear().await, json!({ "type": "connection_ack" }));
    }

    /// Says something, right or wrong.
    async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    async fn send(&mut self, message: Message) {
        timeout(PATIENCE, self.0.send(message)).await.expect("it is taken in time").expect("it is taken");
    }

    /// The next frame of the socket, whatever it is; none at its end.
    async fn frame(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.0.next()).await.expect("a frame in time")
    }

    /// The next message.
    async fn hear(&mut self) -> Value {
        loop {
            match self.frame().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).expect("JSON"),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a message, found {other:?}"),
            }
        }
    }

    /// How it is closed; what is said before does not matter.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.frame().await {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Ok(_)) => {}
                other => panic!("expected a close, found {other:?}"),
            }
        }
    }

    async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(&json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    /// Asks and waits for the answer, and that it is the only one.
    async fn ask(&mut self, id: &str, query: &str) -> Value {
        self.subscribe(id, query, json!({})).await;
        let answer = self.hear().await;
        assert_eq!((&answer["type"], &answer["id"]), (&json!("next"), &json!(id)), "{answer}");
        assert_eq!(self.hear().await, json!({ "type": "complete", "id": id }));
        answer["payload"].clone()
    }

    /// The next event that is told.
    async fn event(&mut self) -> Value {
        let told = self.hear().await;
        assert_eq!((&told["type"], &told["payload"]["errors"]), (&json!("next"), &Value::Null), "{told}");
        told["payload"]["data"]["couponEvents"].clone()
    }

    /// The codes of the coupons of the next events.
    async fn codes(&mut self, number: usize) -> Vec<String> {
        let mut codes = Vec::new();
        for _ in 0..number {
            codes.push(super::app::text(&self.event().await["coupon"]["code"]));
        }
        codes
    }

    /// Waits until what was said before was heard.
    async fn heard(&mut self) {
        self.say(&json!({ "type": "ping", "payload": { "heard": true } })).await;
        assert_eq!(self.hear().await, json!({ "type": "pong", "payload": { "heard": true } }));
    }
}

fn introduction(key: &str) -> Value {
    json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {key}") } })
}

impl App {
    /// Waits until so many follow the log.
    async fn followed_by(&self, number: usize) {
        let mut followers = self.scrip().followers();
        let wait = followers.wait_for(|count| *count == number);
        let found = timeout(PATIENCE, wait).await.map(|result| result.is_ok());
        assert_eq!(found, Ok(true), "{number} follow the log in time");
    }

    /// A pool of free shipping with these codes.
    async fn stocked(&self, codes: &[&str]) -> String {
        self.pool(json!({ "type": "FREE_SHIPPING" }), codes).await
    }
}

/// A stream of server-sent events, as a client has it.
struct EventStream {
    response: reqwest::Response,
    blocks: VecDeque<String>,
    rest: String,
}

impl EventStream {
    fn new(response: reqwest::Response) -> Self {
        Self { response, blocks: VecDeque::new(), rest: String::new() }
    }

    /// The next block of lines; none at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(block) = self.blocks.pop_front() {
                return Some(block);
            }
            let part = timeout(PATIENCE, self.response.chunk()).await.expect("a part in time").ok()??;
            self.rest.push_str(std::str::from_utf8(&part).expect("text"));
            while let Some((block, rest)) = self.rest.split_once("\n\n") {
                self.blocks.push_back(block.to_owned());
                self.rest = rest.to_owned();
            }
        }
    }

    /// The next event's name and data, passing signs of life over; none at the end.
    async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            let block = self.block().await?;
            if block == ":" {
                continue;
            }
            let (name, data) = block.split_once('\n').expect("two lines");
            let name = name.strip_prefix("event: ").expect("an event").to_owned();
            let data = data.strip_prefix("data:").expect("data").trim();
            return Some((name, if data.is_empty() { Value::Null } else { serde_json::from_str(data).expect("JSON") }));
        }
    }
}
