//! Connections that give little, much, or nothing: each ends by itself and holds nothing up.

use std::time::Duration;

use scrip::http::{MAX_BODY, Options};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::App;

/// A body that never ends is sent this often at most: 100 MB.
const PARTS: usize = 1_600;

impl App {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.url.trim_start_matches("http://")).await.expect("a connection")
    }

    fn head(&self, length: &str) -> String {
        let key = &self.key;
        format!(
            "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
        )
    }
}

/// All that the other side still says until it ends the connection.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut said = Vec::new();
    // A connection that is reset has ended as well.
    drop(stream.read_to_end(&mut said).await);
    String::from_utf8(said).expect("text")
}

#[tokio::test]
async fn what_trickles_is_not_waited_for() {
    let app = App::with(Options { reading: Duration::from_millis(200), ..Options::default() }).await;
    // Nothing at all, half a head, and a head whose body does not come.
    for (sent, status) in [
        (String::new(), ""),
        ("POST /graphql HTTP/1.1\r\nhost: ".to_owned(), ""),
        (app.head("content-length: 100") + "{\"query\":", "HTTP/1.1 408"),
        (app.head("transfer-encoding: chunked") + "5\r\n{\"que\r\n", "HTTP/1.1 408"),
    ] {
        let mut stream = app.connect().await;
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let said = rest(&mut stream).await;
        assert!(said.starts_with(status), "{sent}: {said}");
        app.is_well().await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_goes_on_and_on_is_cut() {
    let app = App::start().await;
    let (mut answers, mut body) = app.connect().await.into_split();
    let head = app.head("transfer-encoding: chunked");
    let sender = tokio::spawn(async move {
        let part = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
        body.write_all(head.as_bytes()).await.expect("sent");
        for sent in 0..PARTS {
            if body.write_all(part.as_bytes()).await.is_err() {
                return sent;
            }
        }
        PARTS
    });
    let said = rest(&mut answers).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
    assert!(said.contains(&MAX_BODY.to_string()), "{said}");
    drop(answers);
    assert!(sender.await.expect("an end") < PARTS, "it was not read to its end");
    app.is_well().await;
    app.finish().await;
}
