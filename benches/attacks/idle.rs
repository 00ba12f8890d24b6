//! Attackers who do not ask: they connect and say nothing, or do not read what they asked for.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

/// Keeps connections open that say nothing, as many as the system lets one have.
pub(crate) async fn silent(address: String, number: usize) {
    let mut open = Vec::new();
    for _ in 0..number {
        open.extend(TcpStream::connect(&address).await);
    }
    // Whatever became of them, there are always as many.
    loop {
        sleep(Duration::from_millis(100)).await;
        let mut byte = [0; 1];
        for stream in &mut open {
            if matches!(stream.try_read(&mut byte), Ok(0))
                && let Ok(new) = TcpStream::connect(&address).await
            {
                *stream = new;
            }
        }
    }
}

/// Asks, and never reads the answer.
pub(crate) async fn deaf(address: String, key: String, body: String) {
    loop {
        let Ok(mut stream) = TcpStream::connect(&address).await else { continue };
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: \
             application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(request.as_bytes()).await.is_ok() {
            sleep(Duration::from_secs(3_600)).await;
        }
    }
}

/// Opens a socket without a key and sends pings whose pongs it never reads.
pub(crate) async fn pings(address: String) {
    let Ok(mut stream) = TcpStream::connect(&address).await else { return };
    let upgrade = "GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
                   sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    let mut answer = [0; 1_024];
    if stream.write_all(upgrade.as_bytes()).await.is_err() || stream.read(&mut answer).await.is_err() {
        return;
    }
    let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
    ping.extend([7; 125]);
    let pings = ping.repeat(500);
    while stream.write_all(&pings).await.is_ok() {}
}
