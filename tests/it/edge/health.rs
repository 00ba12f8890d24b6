//! Health is answered whatever stands still.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
};

use scrip::http::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream as AsyncStream,
};

use super::App;

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
async fn connections_leave_descriptors_to_the_database() {
    let app = App::with(Options { connections: 1, ..Options::default() }).await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let asks = format!("GET /graphql?query=%7Bviewer%7Bid%7D%7D HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\n");
    let request = format!("{asks}Authorization: Bearer {}\r\n\r\n", app.key);
    let mut first = AsyncStream::connect(&address).await.expect("a connection");
    first.write_all(request.as_bytes()).await.expect("a request");
    let mut start = [0; 12];
    first.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");

    // Its place is taken as long as it is open: it has shown a key.
    let mut second = AsyncStream::connect(&address).await.expect("a connection");
    second.write_all(request.as_bytes()).await.expect("a request");
    second.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 503");
    assert!(ask(&app.url, "/healthz").starts_with("HTTP/1.1 200 "), "health has places of its own");
    drop((first, second));
    app.stop().await;
}

/// Whoever opens connections and says nothing keeps nobody out.
#[tokio::test]
async fn a_connection_that_says_nothing_makes_room() {
    let app = App::with(Options { connections: 1, ..Options::default() }).await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let mut silent = AsyncStream::connect(&address).await.expect("a connection");
    let mut other = AsyncStream::connect(&address).await.expect("a connection");
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n");
    other.write_all(request.as_bytes()).await.expect("a request");
    let mut start = [0; 12];
    other.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");
    assert_eq!(silent.read(&mut start).await.ok(), Some(0), "it is closed");
    drop(other);
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
