//! Health is answered whatever stands still, and readiness says what does. A full disk stops changes and nothing else.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
};

use scrip::http::Options;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream as AsyncStream,
};

use super::{App, field, items};

/// Asks for a path without this test's runtime.
fn ask(url: &str, path: &str) -> String {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The runtime has one thread, which does nothing but wait for the answer.
#[tokio::test]
async fn health_is_answered_while_every_thread_that_serves_is_stuck() {
    let app = App::start().await;
    assert_eq!(app.readiness().await.0, 200);
    let alive = ask(&app.url, "/healthz");
    assert!(alive.starts_with("HTTP/1.1 200 ") && alive.ends_with("ok\n"), "{alive}");
    assert!(ask(&app.url, "/readyz").starts_with("HTTP/1.1 200 "));
    app.finish().await;
}

#[tokio::test]
async fn a_full_disk_stops_changes_and_nothing_else() {
    let app = App::start().await;
    let restrictions = json!({ "expirationPeriod": "PT1H" });
    let pool =
        app.pool(json!({ "type": "AMOUNT", "value": "1", "restrictions": restrictions }), &["A", "B", "C"]).await;
    app.claim(&pool, "ann").await;
    let claim = json!({ "poolId": pool, "customerId": "ben", "idempotencyKey": "k" });

    app.scrip().room().pretend(Some(10 * 1024 * 1024));
    let refused = app.mutate("couponClaim", claim.clone()).await;
    assert_eq!(refused["userErrors"][0]["code"], "UNAVAILABLE");
    let message = refused["userErrors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("try again") && message.contains("10 MiB are left"), "{message}");
    let (status, said) = app.readiness().await;
    assert!(status == 503 && said.contains("the disk is full"), "{status} {said}");
    // Nothing is recorded, and still every reader sees what time did.
    app.set_clock("2026-01-31T11:00:00Z");
    assert_eq!(app.by_code("A").await["status"], "EXPIRED");
    for (statuses, codes) in [("EXPIRED", &["A"][..]), ("CLAIMED", &[]), ("UNASSIGNED", &["B", "C"])] {
        let page = app.coupons(&pool, &format!("filter: {{ statuses: [{statuses}] }}")).await;
        assert_eq!(field(&items(&page), "code"), codes, "{statuses}");
    }

    app.scrip().room().pretend(None);
    assert_eq!(app.readiness().await, (200, "ready\n".to_owned()));
    assert_eq!(app.ok("couponClaim", claim).await["code"], "B", "it goes on, and the refusal is not kept");
    assert_eq!(app.stats(&pool).await, json!({ "total": 3, "unassigned": 1, "claimed": 1, "expired": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn connections_leave_descriptors_to_the_database() {
    let app = App::with(Options { connections: 1, ..Options::default() }).await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut first = AsyncStream::connect(&address).await.expect("a connection");
    first.write_all(request.as_bytes()).await.expect("a request");
    let mut start = [0; 12];
    first.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");

    // Its place is taken as long as it is open.
    let mut second = AsyncStream::connect(&address).await.expect("a connection");
    second.write_all(request.as_bytes()).await.expect("a request");
    second.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 503");
    assert!(ask(&app.url, "/healthz").starts_with("HTTP/1.1 200 "), "health has places of its own");
    drop((first, second));
    app.stop().await;
}

/// A socket holds its place for as long as it is open, its upgrade included; where a test's client cannot see a
/// place become free, it asks until there is one.
#[tokio::test]
async fn a_place_is_given_back_when_its_connection_ends() {
    let app = App::with(Options { connections: 1, ..Options::default() }).await;
    let url = Arc::new(app.url.clone());
    for _ in 0..3 {
        loop {
            let url = Arc::clone(&url);
            let asked = tokio::task::spawn_blocking(move || ask_and_close(&url)).await.expect("an answer");
            if asked.starts_with("HTTP/1.1 200 ") {
                break;
            }
            assert!(asked.starts_with("HTTP/1.1 503 "), "{asked}");
        }
    }
    app.stop().await;
}

fn ask_and_close(url: &str) -> String {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    // One that is turned away may be cut off.
    drop(stream.read_to_string(&mut answer));
    if answer.is_empty() { "HTTP/1.1 503 ".to_owned() } else { answer }
}
