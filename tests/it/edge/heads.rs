//! Heads of requests that another program could read in another way: they are refused, and the connection ends, so that
//! nothing is taken for a request that was part of another.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::App;

const REST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

impl App {
    /// All that is answered to bytes on a connection of their own, until it ends.
    async fn bytes(&self, sent: &str) -> String {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).await.expect("a connection");
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let mut said = Vec::new();
        // One that is refused may be cut off.
        drop(stream.read_to_end(&mut said).await);
        String::from_utf8(said).expect("text")
    }
}

#[tokio::test]
async fn what_is_doubtful_is_refused() {
    let app = App::start().await;
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let body = "{\"query\":\"{ viewer { name } }\"}";
    let post = |fields: &str| {
        format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n{fields}\r\n\r\n",
            app.key
        )
    };
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let sized = post(&format!("Content-Length: {}", body.len())) + body;
    let chunked = post("Transfer-Encoding: chunked") + &chunks;
    for (before, answers) in [("", 0), (get, 1), (sized.as_str(), 1), (&chunked, 1)] {
        for (sent, says) in [
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), "Host is missing"),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n".to_owned(), "more than once"),
            ("GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n".to_owned(), "more than once"),
            ("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n".to_owned(), "names no host"),
            ("GET /healthz HTTP/1.1\r\n\r\n".to_owned(), "Host is missing"),
            ("GET / HTTP/1.1\nHost: x\n\n".to_owned(), ""),
            ("GET / HTTP/1.1\r\nHost: x\n\r\n".to_owned(), ""),
            ("GET / HTTP/1.1\r\nHost: x\r\n\n".to_owned(), ""),
            (post("Transfer-Encoding: gzip, chunked") + &chunks, "only Transfer-Encoding"),
            (post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked") + &chunks, "only Transfer-Encoding"),
            (post("Transfer-Encoding: gzip") + &chunks, ""),
            (post("Transfer-Encoding: chunked\r\nContent-Length: 5") + &chunks, ""),
            (post("Content-Length: 5\r\nTransfer-Encoding: chunked") + &chunks, ""),
            (post("Content-Length: 5\r\nContent-Length: 6") + &chunks, ""),
        ] {
            let said = app.bytes(&format!("{before}{sent}{REST}")).await;
            assert_eq!(said.matches("HTTP/1.1 200").count(), answers, "{before:?} {sent:?}: {said}");
            assert_eq!(said.matches("HTTP/1.1 400").count(), 1, "{before:?} {sent:?}: {said}");
            assert!(said.contains(says), "{sent:?}: {said}");
        }
    }
    // What is right goes on, however much of it comes at once.
    let said = app.bytes(&format!("\r\n{get}{sized}{chunked}{get}{REST}")).await;
    assert_eq!(said.matches("HTTP/1.1 200").count(), 5, "{said}");
    let said = app.bytes("GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.0 200") || said.starts_with("HTTP/1.1 200"), "{said}");
    // Lines of a chunk's own.
    let lines = post("Transfer-Encoding: chunked") + &chunks.replacen("\r\n", "\n", 1);
    assert!(app.bytes(&lines).await.starts_with("HTTP/1.1 400"));
    // A socket that is refused is followed by nothing.
    let upgrade =
        format!("GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n{REST}");
    let said = app.bytes(&upgrade).await;
    assert!(said.starts_with("HTTP/1.1 4") && said.matches("HTTP/1.1").count() == 1, "{said}");
    app.finish().await;
}
