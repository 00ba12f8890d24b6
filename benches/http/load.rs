//! A lean generator of load over HTTP/1.1 with keep-alive: requests are made beforehand, a connection sends one and
//! waits for its whole answer, and all connections are one thread's. What is measured is the server.

use std::{
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::figures::{histogram, nanos};

/// What stands for a number of eight digits in a request.
pub(crate) const NUMBER: &str = "########";

/// What is sent, and what a good answer has in it.
pub(crate) struct Load {
    requests: Vec<Vec<u8>>,
    /// Where a number goes that differs each time.
    number: Option<usize>,
    expected: Vec<u8>,
}

impl Load {
    /// POSTs these JSON bodies in turn to `/graphql`; in each, `########` becomes a number.
    pub(crate) fn new(bodies: &[String], key: Option<&str>, expected: &str) -> Self {
        let key = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
        let request = |body: &String| {
            let length = body.len();
            format!(
                "POST /graphql HTTP/1.1\r\nhost: localhost\r\n{key}content-type: application/json\r\n\
                 accept: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            )
        };
        let requests: Vec<String> = bodies.iter().map(request).collect();
        let number = requests[0].find(NUMBER);
        assert!(requests.iter().all(|text| text.find(NUMBER) == number), "the number is at one place");
        let requests = requests.into_iter().map(String::into_bytes).collect();
        Self { requests, number, expected: expected.as_bytes().to_vec() }
    }

    /// The `turn`th request.
    fn write(&self, turn: usize, number: u64, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&self.requests[turn % self.requests.len()]);
        if let Some(at) = self.number {
            into[at..at + NUMBER.len()].copy_from_slice(format!("{number:08}").as_bytes());
        }
    }
}

/// Sends for a while over this many connections, with numbers from below `numbers`; gives the latencies and how long
/// it took. Ends with the answer's text where one is not as expected.
pub(crate) fn send(
    address: SocketAddr,
    load: Load,
    connections: usize,
    numbers: u64,
    time: Duration,
) -> (Histogram<u64>, f64) {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let thread = thread::spawn(move || runtime().block_on(all(address, Arc::new(load), connections, numbers, time)));
    thread.join().expect("a load generator that ends well")
}

async fn all(
    address: SocketAddr,
    load: Arc<Load>,
    connections: usize,
    numbers: u64,
    time: Duration,
) -> (Histogram<u64>, f64) {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let load = Arc::clone(&load);
        tasks.spawn(one(address, load, connection, connections, numbers, start + time));
    }
    let mut times = histogram();
    for found in tasks.join_all().await {
        times.add(found).expect("the same bounds");
    }
    (times, start.elapsed().as_secs_f64())
}

async fn one(
    address: SocketAddr,
    load: Arc<Load>,
    first: usize,
    step: usize,
    numbers: u64,
    end: Instant,
) -> Histogram<u64> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let (mut request, mut answer) = (Vec::new(), vec![0; 64 * 1024]);
    let (mut turn, mut times) = (first, histogram());
    while Instant::now() < end {
        load.write(turn, turn as u64 % numbers, &mut request);
        let start = Instant::now();
        stream.write_all(&request).await.expect("sent");
        let length = read(&mut stream, &mut answer).await;
        times.saturating_record(nanos(start));
        let good = answer.starts_with(b"HTTP/1.1 200") && find(&answer[..length], &load.expected).is_some();
        assert!(good, "unexpected: {}", String::from_utf8_lossy(&answer[..length]));
        turn += step;
    }
    times
}

/// Reads a whole answer; its length.
async fn read(stream: &mut TcpStream, into: &mut [u8]) -> usize {
    let (mut length, mut whole) = (0, None);
    loop {
        let read = stream.read(&mut into[length..]).await.expect("an answer");
        assert!(read > 0, "the connection ended: {}", String::from_utf8_lossy(&into[..length]));
        length += read;
        whole = whole.or_else(|| whole_length(&into[..length]));
        if whole.is_some_and(|whole| length >= whole) {
            return length;
        }
    }
}

/// How long an answer is whose head has arrived.
fn whole_length(answer: &[u8]) -> Option<usize> {
    let head = find(answer, b"\r\n\r\n")?;
    let name = b"content-length:";
    let at = answer[..head].windows(name.len()).position(|part| part.eq_ignore_ascii_case(name)).expect("a length");
    let digits =
        answer[at + name.len()..].iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    Some(head + 4 + length)
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|found| found == part)
}
