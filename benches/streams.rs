//! How live Scrip is: many subscribers over real sockets on one gateway, every commit made durable:
//! `cargo bench --bench streams --profile dev`, or with `-- --quick` for a small run. The subscribers are a process
//! of their own (this one, started again), so each side has its own files; both share the machine's cores. Times go
//! from the call that claims a coupon to the text that arrived. Sizes: `SCRIP_BENCH_SUBSCRIBERS` (10,000) and
//! `SCRIP_BENCH_SECONDS` (10).

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]
#![expect(clippy::disallowed_methods, reason = "two processes compare their times by the system's clock")]

#[expect(dead_code, reason = "what the benchmarks share is more than this one needs")]
mod support;

use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{SinkExt, StreamExt};
use scrip::{
    domain::{global_id::GlobalId, id::PoolId, pool_draft::PoolDraft, source::Source},
    http::Options,
    service::{Claim, CouponsGenerate, Scrip},
    storage::Address,
};
use support::{Bench, customer, draft, histogram, kilobytes, row};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStdout},
    sync::{Semaphore, mpsc, oneshot},
};
use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig},
};

/// Of how many pools each subscriber follows one.
const POOLS: u32 = 100;
/// How many events a second are made for those.
const RATE: u64 = 200;
/// What everyone asks for.
const QUERY: &str = "subscription($filter: EventFilter) { couponEvents(filter: $filter) { ... on CouponEvent { \
    cursor type at coupon { code status } customer { externalId } } } }";

#[tokio::main]
async fn main() {
    // Each side needs a file for every socket.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1_024);
    match std::env::var("SCRIP_BENCH_CLIENT") {
        Ok(told) => clients(&told).await,
        Err(_) => measure(files).await,
    }
}

fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    u64::try_from(since.as_micros()).expect("a time")
}

async fn measure(files: u64) {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    let wanted = number("SCRIP_BENCH_SUBSCRIBERS").unwrap_or(if quick { 1_000 } else { 10_000 });
    let seconds = number("SCRIP_BENCH_SECONDS").unwrap_or(if quick { 2 } else { 10 });
    let subscribers = wanted.min(files.saturating_sub(200));
    if subscribers < wanted {
        println!("this system allows {files} files a process: {subscribers} subscribers, not {wanted}");
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let address = Address::parse(&format!("surrealkv://{}", folder.path().join("data").display())).expect("an address");
    let bench = Bench::open(&address, Duration::from_secs(seconds)).await;
    for pool in 0..POOLS {
        let pattern = Some(format!("LIVE{pool}-$$$$$$"));
        let pool = bench.make(PoolDraft { pattern, ..draft(&format!("pool {pool}"), Source::BulkGenerated) }).await;
        let generate = CouponsGenerate { pool, count: 1_000_000 };
        bench.session.submit(None, generate).await.expect("codes");
    }
    let key = bench.session.create_key(scrip::service::KeyDraft::admin("bench")).await.expect("a key").secret;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}/graphql", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let scrip = Arc::clone(&bench.scrip);
    let server = tokio::spawn(scrip::http::serve(listener, scrip, Options::default(), shutdown));
    let live = Live { bench, subscribers, url, key, times: folder.path().join("times") };
    live.everyone(if quick { 5 } else { 20 }).await;
    live.one_in_a_hundred(seconds).await;
    drop(live);
    drop(stop);
    server.await.expect("a server").expect("an end");
}

struct Live {
    bench: Bench,
    subscribers: u64,
    url: String,
    key: String,
    times: PathBuf,
}

impl Live {
    /// Starts the subscribers; gives them when all follow the log.
    async fn subscribe(&self, pools: u32) -> Clients {
        let pools = (1..=pools).map(|pool| self.bench.session.ids().encode(&GlobalId::Pool(PoolId(pool))));
        let pools = pools.collect::<Vec<_>>().join(",");
        let told = format!("{} {} {} {pools} {}", self.url, self.key, self.subscribers, self.times.display());
        let mut command = tokio::process::Command::new(std::env::current_exe().expect("this program"));
        command.env("SCRIP_BENCH_CLIENT", told).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the subscribers");
        let lines = BufReader::new(child.stdout.take().expect("their output")).lines();
        let mut followers = self.bench.scrip.followers();
        let all = usize::try_from(self.subscribers).expect("a number");
        followers.wait_for(|count| *count == all).await.expect("followers");
        Clients { child, lines }
    }

    async fn claim(&self, pool: PoolId, number: u64) -> u64 {
        let claim = Claim::of(pool, customer(&format!("customer-{}", number % 1_000)));
        let start = micros();
        self.bench.session.submit(None, claim).await.expect("a claim");
        start
    }

    /// One event that all want, again and again.
    async fn everyone(&self, times: u64) {
        let idle = kilobytes();
        let mut clients = self.subscribe(0).await;
        let each = kilobytes().saturating_sub(idle) as f64 / self.subscribers as f64;
        row(&format!("{} open subscriptions, memory of each", self.subscribers), &format!("{each:.1} kB"));
        let mut last = histogram();
        for number in 0..times {
            let start = self.claim(PoolId(1), number).await;
            let arrived: u64 = clients.line().await.parse().expect("a time");
            last.saturating_record(arrived.saturating_sub(start));
        }
        let text = |quantile| format!("{:.0} ms", last.value_at_quantile(quantile) as f64 / 1e3);
        row("one event that all want, until the last has it, median", &text(0.5));
        row("the same, the slowest time", &text(1.0));
        let each = kilobytes().saturating_sub(idle) as f64 / self.subscribers as f64;
        row("memory of each after that", &format!("{each:.1} kB"));
        clients.end(&self.bench.scrip).await;
    }

    /// Events of many pools, of which each subscriber follows one.
    async fn one_in_a_hundred(&self, seconds: u64) {
        let clients = self.subscribe(POOLS).await;
        let mut beat = tokio::time::interval(Duration::from_micros(1_000_000 / RATE));
        let mut started = HashMap::new();
        let first = self.bench.session.latest_event().expect("a place").borrow().sequence + 1;
        for number in 0..seconds * RATE {
            beat.tick().await;
            let pool = PoolId(1 + u32::try_from(number * 37 % u64::from(POOLS)).expect("a pool"));
            let cursor = self.bench.scrip.ids().cursor(&format!("e1.{}", first + number));
            started.insert(mark(&cursor.expect("a cursor")), self.claim(pool, number).await);
        }
        clients.end(&self.bench.scrip).await;
        let mut latencies = histogram();
        for pair in std::fs::read(&self.times).expect("times").chunks_exact(16) {
            let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
            let start = started.get(&number(&pair[..8])).expect("an event of this run");
            latencies.saturating_record(number(&pair[8..]).saturating_sub(*start));
        }
        let per = self.subscribers / u64::from(POOLS);
        assert_eq!(latencies.len(), seconds * RATE * per, "every subscriber has every event that it follows, once");
        let text = |quantile| format!("{:.1} ms", latencies.value_at_quantile(quantile) as f64 / 1e3);
        row(&format!("{RATE} events/s, each wanted by {per}: median"), &text(0.5));
        row("the same, 99 of 100", &text(0.99));
        row("the same, the slowest", &text(1.0));
    }
}

/// The process of the subscribers.
struct Clients {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Clients {
    async fn line(&mut self) -> String {
        self.lines.next_line().await.expect("text").expect("a line")
    }

    /// Ends them: they write down what they saw and leave.
    async fn end(mut self, scrip: &Scrip) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().await.expect("an end").success());
        scrip.followers().wait_for(|count| *count == 0).await.expect("followers");
    }
}

/// What a subscriber has: what tells the event's cursor from others, and when it came.
type Arrived = (u64, u64);

/// Subscribes so often, tells of each event that all have when the last had it, and writes all times down at the end.
async fn clients(told: &str) {
    let told: Vec<&str> = told.splitn(5, ' ').collect();
    let [url, key, number, pools, times] = told[..] else { panic!("expected five words") };
    let number: u64 = number.parse().expect("a number");
    let pools: Vec<&str> = pools.split(',').filter(|pool| !pool.is_empty()).collect();
    let (arrive, mut arrived) = mpsc::unbounded_channel();
    let turns = Arc::new(Semaphore::new(100));
    for client in 0..number {
        let (url, key, arrive, turns) = (url.to_owned(), key.to_owned(), arrive.clone(), Arc::clone(&turns));
        let filter = match pools.get(client as usize % pools.len().max(1)) {
            None => "{}".to_owned(),
            Some(pool) => format!(r#"{{"poolId":"{pool}"}}"#),
        };
        tokio::spawn(async move { subscriber(&url, &key, &filter, &arrive, &turns).await });
    }
    drop(arrive);
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    tokio::pin!(end);
    let mut all: Vec<Arrived> = Vec::new();
    let mut counts: HashMap<u64, u64> = HashMap::new();
    loop {
        let (mark, at) = tokio::select! {
            found = arrived.recv() => found.expect("subscribers stay"),
            _ = &mut end => break,
        };
        all.push((mark, at));
        let count = counts.entry(mark).or_default();
        *count += 1;
        if *count == number {
            println!("{at}");
        }
    }
    // What is on its way arrives: the parent ends this a moment after the last commit.
    while let Ok(Some(found)) = tokio::time::timeout(Duration::from_millis(500), arrived.recv()).await {
        all.push(found);
    }
    write_down(Path::new(times), &all);
    std::process::exit(0);
}

fn write_down(path: &Path, all: &[Arrived]) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("a file"));
    for (mark, at) in all {
        file.write_all(&mark.to_le_bytes()).and_then(|()| file.write_all(&at.to_le_bytes())).expect("a write");
    }
    file.flush().expect("a write");
}

async fn subscriber(url: &str, key: &str, filter: &str, arrive: &mpsc::UnboundedSender<Arrived>, turns: &Semaphore) {
    let turn = turns.acquire().await.expect("a turn");
    let mut request = url.into_client_request().expect("a request");
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
    let small = WebSocketConfig::default().read_buffer_size(2_048).write_buffer_size(2_048);
    let (mut socket, _) = connect_async_with_config(request, Some(small), true).await.expect("a socket");
    let init = format!(r#"{{"type":"connection_init","payload":{{"authorization":"Bearer {key}"}}}}"#);
    socket.send(Message::text(init)).await.expect("it is taken");
    socket.next().await.expect("an answer").expect("it is let in");
    let subscribe =
        format!(r#"{{"type":"subscribe","id":"1","payload":{{"query":"{QUERY}","variables":{{"filter":{filter}}}}}}}"#);
    socket.send(Message::text(subscribe)).await.expect("it is taken");
    drop(turn);
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            let (_, rest) = text.split_once(r#""cursor":""#).expect("a cursor");
            let arrival = (mark(rest.split('"').next().unwrap_or_default()), micros());
            if arrive.send(arrival).is_err() {
                return;
            }
        }
    }
}

/// What tells a cursor from others: its first bytes, which are as good as random.
fn mark(cursor: &str) -> u64 {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(cursor.as_bytes()).expect("a cursor");
    u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))
}
