//! Clients that do not read: nothing piles up for them, they are closed with a code of their own, and they can go on
//! where they were.

use std::time::Duration;

use scrip::{
    domain::id::PoolId,
    http::{Options, StreamLimits},
    service::{Caller, Claim},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::support;

use super::{super::App, EventStream, FOLLOW, Socket};

async fn impatient() -> App {
    let streams = StreamLimits { stall: Duration::from_millis(100), ..StreamLimits::default() };
    App::with(Options { streams, ..Options::default() }).await
}

/// Makes more events than a connection holds, then waits until whoever does not read was given up.
async fn until_given_up(app: &App) {
    let count = 3_000;
    app.bulk("SLOW-######", count).await;
    let caller = Caller::admin("till", "till");
    for customer in 0..count {
        let claim = Claim::of(PoolId(1), support::customer(&format!("c{customer}")));
        app.scrip().session(caller.clone()).change(None, claim).await.expect("a claim");
    }
    app.followed_by(0).await;
}

/// A document whose answers are long, so that a connection is soon full.
fn long() -> String {
    let fields: String = (0..60).map(|part| format!("a{part}: id b{part}: cursor ")).collect();
    format!("subscription {{ couponEvents {{ ... on CouponEvent {{ cursor {fields} }} }} }}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_not_read_is_closed_and_can_go_on() {
    let app = impatient().await;
    let mut socket = Socket::ready(&app).await;
    socket.subscribe("1", &long(), json!({})).await;
    app.followed_by(1).await;
    until_given_up(&app).await;
    // What was written before is still there, in order; then comes the code.
    let mut seen = Vec::new();
    let code = loop {
        match socket.frame().await {
            Some(Ok(tokio_tungstenite::tungstenite::Message::Text(text))) => {
                let told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                seen.push(told["payload"]["data"]["couponEvents"]["cursor"].clone());
            }
            Some(Ok(tokio_tungstenite::tungstenite::Message::Close(Some(frame)))) => break u16::from(frame.code),
            other => panic!("expected what was written, found {other:?}"),
        }
    };
    assert_eq!(code, 4290);
    let all = app.log(&json!({})).await;
    assert!(seen.len() < all.len() && all.starts_with(&seen), "{} of {}", seen.len(), all.len());
    let mut again = Socket::ready(&app).await;
    again.subscribe("1", FOLLOW, json!({ "after": seen.last() })).await;
    for cursor in all.iter().skip(seen.len()) {
        assert_eq!(again.event().await["cursor"], *cursor);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_that_is_not_read_ends_without_complete() {
    let app = impatient().await;
    let request =
        app.client.post(format!("{}/graphql", app.url)).bearer_auth(&app.key).header("accept", "text/event-stream");
    let response = request.json(&json!({ "query": long() })).send().await.expect("an answer");
    let mut stream = EventStream::new(response);
    app.followed_by(1).await;
    until_given_up(&app).await;
    let mut seen = Vec::new();
    while let Some((name, event)) = stream.event().await {
        assert_eq!(name, "next");
        seen.push(event["data"]["couponEvents"]["cursor"].clone());
    }
    let all = app.log(&json!({})).await;
    assert!(seen.len() < all.len() && all.starts_with(&seen), "{} of {}", seen.len(), all.len());
    app.finish().await;
}

#[tokio::test]
async fn a_peer_that_is_silent_is_cut_off() {
    let streams = StreamLimits { beat: Duration::from_millis(50), ..StreamLimits::default() };
    let app = App::with(Options { streams, ..Options::default() }).await;
    let address = app.url.trim_start_matches("http://").parse().expect("an address");
    let mut stream: TcpStream = TcpSocket::new_v4().expect("a socket").connect(address).await.expect("a connection");
    let head = format!(
        "GET /graphql HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: graphql-transport-ws\r\nAuthorization: Bearer {}\r\n\r\n",
        app.key
    );
    stream.write_all(head.as_bytes()).await.expect("a request");
    // A text frame of 26 bytes, masked with zeros.
    let introduction = br#"{"type":"connection_init"}"#;
    let mut frame = vec![0x81, 0x80 | introduction.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(introduction);
    stream.write_all(&frame).await.expect("a frame");
    let mut told = Vec::new();
    stream.read_to_end(&mut told).await.expect("an end, because no ping is answered");
    assert!(String::from_utf8_lossy(&told).contains("connection_ack"));
    app.finish().await;
}
