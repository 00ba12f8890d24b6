//! What is in memory for a key's clients without running is bounded: long bodies that do not arrive, files and answers that
//! are not read; and heads of strangers.

use std::time::Duration;

use scrip::http::Options;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::App;

/// It is a bound of the test's patience, not a measurement.
const PATIENCE: Duration = Duration::from_secs(60);

async fn connect(app: &App) -> TcpStream {
    TcpStream::connect(app.url.trim_start_matches("http://")).await.expect("a connection")
}

/// Begins a request with a body of so many bytes; the rest of the body is to come.
async fn begin(app: &App, key: &str, length: usize) -> TcpStream {
    let mut stream = connect(app).await;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Accept: application/json\r\nContent-Length: {length}\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.expect("a request");
    stream
}

/// The status of the next answer.
async fn status(stream: &mut TcpStream) -> String {
    let mut start = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut start)).await.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&start[9..]).into_owned()
}

/// A document that is made this long by what is no part of it.
fn padded(length: usize) -> Value {
    json!({ "query": format!("{{ viewer {{ name }} }} #{}", "x".repeat(length)) })
}

#[tokio::test]
async fn bodies_that_do_not_arrive() {
    let app = App::with(Options { held: 1_000_000, ..Options::default() }).await;
    let other = app.another_key("other").await;
    let post =
        |key: &str| app.client.post(format!("{}/graphql", app.url)).bearer_auth(key.to_owned()).json(&padded(300_000));
    let half = begin(&app, &app.key, 300_000).await;
    // It is counted once its head was read.
    while post(&app.key).send().await.expect("an answer").status() != 429 {}
    assert_eq!(status(&mut begin(&app, &app.key, 300_000).await).await, "429");
    assert_eq!(post(&other).send().await.expect("an answer").status(), 200, "others have their own share");
    app.data("{ viewer { name } }", json!({})).await;
    drop(half);
    while post(&app.key).send().await.expect("an answer").status() == 429 {}
    app.finish().await;
}

#[tokio::test]
async fn too_many_values() {
    let app = App::start().await;
    let body = json!({ "query": "{ viewer { name } }", "variables": { "a": vec![0; 150_000] } });
    let sent = app.client.post(format!("{}/graphql", app.url)).bearer_auth(&app.key).json(&body).send().await;
    let answer = sent.expect("an answer");
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.expect("text").contains("more than 100000 values"));
    app.finish().await;
}

#[tokio::test]
async fn files_that_are_not_read() {
    let app = App::with(Options { held: 100_000, ..Options::default() }).await;
    let pool = app.bulk("F-$$$$$$$$", 1_000_000).await;
    let path = format!("/pools/{pool}/coupons.csv");
    let mut unread = connect(&app).await;
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", app.key);
    unread.write_all(head.as_bytes()).await.expect("a request");
    let get = |key: &str| app.client.get(format!("{}{path}", app.url)).bearer_auth(key.to_owned()).send();
    while get(&app.key).await.expect("an answer").status() != 429 {}
    let other = app.another_key("other").await;
    let file = get(&other).await.expect("an answer").text().await.expect("a whole file");
    assert_eq!(file.lines().count(), 1_000_001);
    drop(unread);
    app.finish().await;
}

#[tokio::test]
async fn long_heads_of_strangers() {
    let app = App::with(Options { connections: 40, ..Options::default() }).await;
    let long = format!("GET /graphql HTTP/1.1\r\nHost: x\r\nX-Long: {}", "x".repeat(20_000));
    let mut first = connect(&app).await;
    first.write_all(long.as_bytes()).await.expect("a part of a head");
    // One of them is one too many.
    let (mut second, mut ended, mut other) = (connect(&app).await, [0; 1], [0; 1]);
    drop(second.write_all(long.as_bytes()).await);
    let none_too_many = tokio::select! {
        read = first.read(&mut ended) => matches!(read, Ok(0) | Err(_)),
        read = second.read(&mut other) => matches!(read, Ok(0) | Err(_)),
    };
    assert!(none_too_many, "it is ended without an answer");
    app.data("{ viewer { name } }", json!({})).await;
    app.finish().await;
}
