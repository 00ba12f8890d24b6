//! More connections than there are places: the database keeps its descriptors, no address takes all places from the
//! others, and whoever has shown a key stays.

use std::{net::SocketAddr, process::Stdio};

use scrip::http::Options;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    process::Command,
};

use super::{
    App,
    binary::{Gateway, viewer},
};

const KEY: &str = "preset-by-the-test";
/// How many files the gateway below may have open.
const FILES: usize = 256;

/// A connection from an address of this machine.
async fn connect(url: &str, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(format!("{from}:0").parse::<SocketAddr>().expect("an address")).expect("a port");
    let to = url.trim_start_matches("http://").parse().expect("an address");
    socket.connect(to).await.expect("a connection")
}

/// Asks over a connection that stays open; the answer's status, empty where there is none.
async fn ask(stream: &mut TcpStream, key: &str) -> String {
    let request = format!(
        "GET /graphql?query=%7Bviewer%7Bname%7D%7D HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\
         Authorization: Bearer {key}\r\n\r\n"
    );
    drop(stream.write_all(request.as_bytes()).await);
    let mut start = [0; 12];
    match stream.read_exact(&mut start).await {
        Ok(_) => String::from_utf8_lossy(&start[9..]).into_owned(),
        Err(_) => String::new(),
    }
}

/// Whether the other side has ended a connection on which nothing is to come.
async fn has_ended(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest).await);
    rest.is_empty()
}

#[tokio::test]
async fn an_address_takes_no_places_from_others() {
    let app = App::with(Options { connections: 4, ..Options::default() }).await;
    let mut crowd = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(&app.url, "127.0.0.2").await;
        // It has said something, and goes on saying too little.
        stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await.expect("sent");
        crowd.push(stream);
    }
    let mut others = Vec::new();
    for from in ["127.0.0.3", "127.0.0.4"] {
        let mut stream = connect(&app.url, from).await;
        assert_eq!(ask(&mut stream, &app.key).await, "200", "{from}");
        others.push(stream);
    }
    // The first of the crowd made room; that one who came later stays, tells whoever comes next.
    assert!(has_ended(&mut crowd.remove(0)).await && has_ended(&mut crowd.remove(0)).await);
    for _ in 0..8 {
        crowd.push(connect(&app.url, "127.0.0.2").await);
    }
    // The crowd makes room for itself.
    assert!(has_ended(&mut crowd.remove(0)).await && has_ended(&mut crowd.remove(0)).await);
    for stream in &mut others {
        // The rest of the first answer.
        let mut rest = [0; 1_024];
        while stream.try_read(&mut rest).is_ok_and(|read| read > 0) {}
        assert_eq!(ask(stream, &app.key).await, "200", "whoever has shown a key stays");
    }
    app.stop().await;
}

#[tokio::test]
async fn whoever_has_shown_a_key_stays() {
    let app = App::with(Options { connections: 2, ..Options::default() }).await;
    let mut known = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(&app.url, "127.0.0.2").await;
        assert_eq!(ask(&mut stream, &app.key).await, "200");
        known.push(stream);
    }
    let mut stranger = connect(&app.url, "127.0.0.3").await;
    assert_eq!(ask(&mut stranger, &app.key).await, "503");
    // A key that is not known is none.
    known.truncate(1);
    let mut wrong = loop {
        let mut stream = connect(&app.url, "127.0.0.2").await;
        match ask(&mut stream, "wrong").await.as_str() {
            "401" => break stream,
            answer => assert!(matches!(answer, "503" | ""), "{answer}"),
        }
    };
    let mut other = connect(&app.url, "127.0.0.2").await;
    assert_eq!(ask(&mut other, &app.key).await, "200");
    let mut rest = Vec::new();
    drop(wrong.read_to_end(&mut rest).await);
    app.stop().await;
}

/// A key that keeps its connections open leaves places to others.
#[tokio::test]
async fn a_key_takes_no_places_from_others() {
    let app = App::with(Options { connections: 4, ..Options::default() }).await;
    let other = app.another_key("other").await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&app.url, "127.0.0.2").await;
        assert_eq!(ask(&mut stream, &app.key).await, "200");
        kept.push(stream);
    }
    let mut fourth = connect(&app.url, "127.0.0.2").await;
    assert_eq!(ask(&mut fourth, &app.key).await, "200", "it is answered");
    let mut rest = Vec::new();
    fourth.read_to_end(&mut rest).await.expect("and then ended");
    let mut guest = connect(&app.url, "127.0.0.2").await;
    assert_eq!(ask(&mut guest, &other).await, "200");
    for stream in &mut kept {
        let mut rest = [0; 1_024];
        while stream.try_read(&mut rest).is_ok_and(|read| read > 0) {}
        assert_eq!(ask(stream, &app.key).await, "200", "those within its share stay");
    }
    app.stop().await;
}

/// Connections without end, of strangers who have begun a request, while others change something.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_takes_no_descriptors_from_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!("ulimit -n {FILES}; exec \"$0\" --listen 127.0.0.1:0 --database surrealkv://data");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_scrip")]).current_dir(folder.path()).env("SCRIP_ADMIN_KEY", KEY);
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let gateway = Gateway::start(command).await;
    let mut held = Vec::new();
    let client = reqwest::Client::new();
    for round in 0..20 {
        for _ in 0..FILES / 8 {
            let mut stream = connect(&gateway.url, "127.0.0.2").await;
            // Some are refused, or have made room.
            drop(stream.write_all(b"GET / HTTP/1.1\r\n").await);
            held.push(stream);
        }
        let query =
            format!("mutation {{ customerUpsert(input: {{ customerId: \"c{round}\" }}) {{ userErrors {{ code }} }} }}");
        let asked = client.post(format!("{}/graphql", gateway.url)).bearer_auth(KEY).json(&json!({ "query": query }));
        let answer: serde_json::Value = asked.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer["data"]["customerUpsert"]["userErrors"], json!([]), "{answer}");
        let files = std::fs::read_dir(format!("/proc/{}/fd", gateway.id())).expect("its files").count();
        assert!(files < FILES * 3 / 4, "{files} files are open");
    }
    assert_eq!(viewer(&gateway.url, KEY).await.0, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn with_too_few_files_it_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" --listen 127.0.0.1:0 --database mem://", env!("CARGO_BIN_EXE_scrip")])
        .current_dir(folder.path())
        .output()
        .await
        .expect("the binary");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(!output.status.success() && said.contains("ulimit -n") && said.contains("64"), "{said}");
}
