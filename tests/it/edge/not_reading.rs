//! Clients that do not read what they are sent, over every kind of answer: what waits for them is bounded, and they are
//! cut off.

use std::time::Duration;

use scrip::{
    graphql::Rules,
    http::{Options, StreamLimits},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::App;

/// Nothing of this takes as long; it is a bound of the test's patience, not a measurement.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a client of these tests may leave unread what it is sent.
const SHORT: Duration = Duration::from_millis(200);
/// More than the buffers of a connection hold, in bytes.
const MUCH: usize = 64 * 1024 * 1024;

async fn app() -> App {
    let streams = StreamLimits { stall: SHORT, ..StreamLimits::default() };
    let rules = Rules { max_cost: u64::MAX, ..Rules::default() };
    App::with(Options { streams, rules, writing: SHORT, ..Options::default() }).await
}

/// A connection that takes little at once.
async fn connect(app: &App) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let address = app.url.trim_start_matches("http://").parse().expect("an address");
    socket.connect(address).await.expect("a connection")
}

/// Sends this again and again until the other side ends the connection; how many bytes it took.
async fn until_cut_off(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let sending = async {
        let mut sent = 0;
        while sent < MUCH && stream.write_all(bytes).await.is_ok() {
            sent += bytes.len();
        }
        sent
    };
    timeout(PATIENCE, sending).await.expect("an end in time")
}

/// Opens a socket, with a key or without one.
async fn upgraded(app: &App, key: Option<&str>) -> TcpStream {
    let mut stream = connect(app).await;
    let key = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let head = format!(
        "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n{key}\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("a request");
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 101");
    stream
}

/// A frame of a client, masked with zeros.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short frame");
    assert!(length < 126);
    [&[0x80 | kind, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

/// A document with a long answer: so many fields of each of 500 coupons.
async fn long_query(app: &App) -> String {
    app.bulk("LONG-######", 500).await;
    let fields: String = (0..490).map(|field| format!("field{field}: id ")).collect();
    format!(
        "{{ pools(first: 1) {{ edges {{ node {{ coupons(first: 500) {{ edges {{ node {{ {fields} }} }} }} }} }} }} }}"
    )
}

fn post(app: &App, accept: &str, query: &str) -> String {
    let body = json!({ "query": query }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Accept: {accept}\r\nContent-Length: {}\r\n\r\n{body}",
        app.key,
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_whose_answers_are_not_read() {
    let app = app().await;
    let pings = frame(9, &[b'x'; 125]).repeat(500);
    for key in [None, Some(app.key.as_str())] {
        let mut stream = upgraded(&app, key).await;
        if key.is_some() {
            stream.write_all(&frame(1, br#"{"type":"connection_init"}"#)).await.expect("a frame");
        }
        let sent = until_cut_off(&mut stream, &pings).await;
        assert!(sent < MUCH, "{sent} bytes of pings were taken, and no answer was read");
        app.is_well().await;
    }
    app.finish().await;
}

/// The protocol's own pings, which are messages.
#[tokio::test(flavor = "multi_thread")]
async fn pings_of_the_protocol_whose_answers_are_not_read() {
    let app = app().await;
    let mut stream = upgraded(&app, None).await;
    let ping = frame(1, format!(r#"{{"type":"ping","payload":{{"a":"{}"}}}}"#, "x".repeat(80)).as_bytes());
    let sent = until_cut_off(&mut stream, &ping.repeat(500)).await;
    assert!(sent < MUCH, "{sent} bytes of pings were taken, and no answer was read");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_that_is_not_read() {
    let app = app().await;
    let query = long_query(&app).await;
    for accept in ["application/json", "text/event-stream"] {
        let mut stream = connect(&app).await;
        stream.write_all(post(&app, accept, &query).as_bytes()).await.expect("a request");
        let sent = until_cut_off(&mut stream, &[b'\n'; 4_096]).await;
        assert!(sent < MUCH, "{accept}: it is held for who does not read it");
        let mut said = Vec::new();
        drop(stream.read_to_end(&mut said).await);
        assert!(!said.ends_with(b"0\r\n\r\n"), "{accept}: what was cut off does not look whole");
        app.is_well().await;
    }
    app.finish().await;
}

/// Who reads gets all of it, however small the pieces are that it takes at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_that_is_read() {
    let app =
        App::with(Options { rules: Rules { max_cost: u64::MAX, ..Rules::default() }, ..Options::default() }).await;
    let query = long_query(&app).await;
    let mut stream = connect(&app).await;
    let request = post(&app, "application/json", &query).replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut said = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("an end in time").expect("an answer");
    assert!(said.len() > 5_000_000 && said.ends_with(b"}"), "{} bytes", said.len());
    app.finish().await;
}
