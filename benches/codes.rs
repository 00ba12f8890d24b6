//! How fast codes are that are not stored, in process and over HTTP: `cargo bench --bench codes --profile dev`,
//! or with `-- --quick` for a small run. `SCRIP_BENCH_TOUCHED` is how many of the hundred million are claimed
//! before its pages are read (1,000,000). The data is written below the target folder.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]
#![expect(clippy::disallowed_methods, reason = "which coupon is read next is left to chance")]

#[path = "support/claims.rs"]
mod claims;
mod support;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::Rng;
use scrip::{
    domain::{
        code::{Series, SeriesKey},
        id::{CouponId, PoolId},
        pool_codes::CodesDraft,
        pool_draft::PoolDraft,
        source::Source,
        status::Status,
    },
    service::{Claim, CouponFilter, CouponsGenerate, PageRequest},
    storage::Address,
};
use support::{
    Bench, customer, disk, draft,
    figures::{fsyncs, micros},
    histogram, kilobytes, memory, nanos, row,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A hundred million codes.
const MANY: u64 = 100_000_000;

#[tokio::main]
async fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let touched = std::env::var("SCRIP_BENCH_TOUCHED").ok().map(|text| text.parse().expect("a number"));
    let touched = touched.unwrap_or(if quick { 5_000 } else { 1_000_000 });
    computing(if quick { 1_000_000 } else { 20_000_000 });
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let address = Address::parse(&format!("surrealkv://{}", folder.path().join("data").display())).expect("an address");
    row("write 4 KiB and fsync, median", &micros(&fsyncs(folder.path())));
    let bench = Bench::open(&address, Duration::from_secs(if quick { 1 } else { 5 })).await;
    bench.lookups(if quick { 1_000 } else { 10_000 }).await;
    let pool = bench.generated(folder.path()).await;
    bench.export(pool).await;
    bench.claims("a bulk pool of 100,000,000", pool, 200_000).await;
    let made = bench.make(PoolDraft { pattern: Some("MADE-$$$$$$$$".to_owned()), ..draft("made", Source::Generated) });
    bench.claims("a pool that makes codes at the claim", made.await, 200_000).await;
    bench.pages(pool, touched).await;
    row("memory at the end", &memory());
    let Bench { scrip, session, .. } = bench;
    // It closes once nobody has it any more.
    drop(session);
    scrip.close().await;
}

fn codes(pattern: &str, phrases: usize) -> CodesDraft {
    let excluded_phrases = (0..phrases).map(word).collect();
    let excluded_characters = ["0", "O", "1", "I"].map(str::to_owned).to_vec();
    let excluded_characters = if phrases == 0 { excluded_characters } else { Vec::new() };
    CodesDraft { pattern: pattern.to_owned(), excluded_characters, excluded_phrases, case_sensitive: false }
}

/// A made-up word of 3 to 8 letters.
fn word(number: usize) -> String {
    let mut seed = number as u64 + 1;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    (0..3 + next() % 6).map(|_| char::from(b'a' + (next() % 26) as u8)).collect()
}

/// Permuting and writing on one core, and building tables.
fn computing(number: u64) {
    let ten = "$".repeat(10);
    for (name, phrases) in [("4 characters", 0), ("50 phrases", 50)] {
        let space = codes(&ten, phrases).space().expect("a space");
        let series = Series::new(space, &SeriesKey::new([7; 32])).expect("a series");
        let (start, mut length) = (Instant::now(), 0);
        series.codes(0, number, &mut |code| length += code.len());
        assert_eq!(length as u64, number * 10);
        let rate = number as f64 / start.elapsed().as_secs_f64() / 1e6;
        row(&format!("codes of {ten} without {name}, one core"), &format!("{rate:.1} M/s"));
    }
    let draft = codes(&"*".repeat(16), 1_000);
    let start = Instant::now();
    draft.space().expect("a space");
    row("tables of 16 places with 1,000 phrases", &format!("{} ms", start.elapsed().as_millis()));
}

fn page(limit: usize, after: Option<CouponId>) -> PageRequest<CouponId> {
    PageRequest { limit, after, before: None, from_end: false }
}

trait CodesBench {
    async fn lookups(&self, pools: u32);
    async fn generated(&self, folder: &Path) -> PoolId;
    async fn export(&self, pool: PoolId);
    async fn pages(&self, pool: PoolId, touched: u64);
}

impl CodesBench for Bench {
    /// From a code to its coupon among many pools that make codes.
    async fn lookups(&self, number_of_pools: u32) {
        let mut pools = Vec::new();
        for number in 0..number_of_pools {
            let pattern = Some(format!("P{number:05}-$$$$$$$$"));
            let pool = self.make(PoolDraft { pattern, ..draft("one of many", Source::BulkGenerated) }).await;
            self.session.submit(None, CouponsGenerate { pool, count: 1_000 }).await.expect("codes");
            pools.push(pool);
        }
        let mut times = histogram();
        for _ in 0..2_000 {
            let pool = pools[rand::rng().random_range(0..pools.len())];
            let id = CouponId { pool, index: rand::rng().random_range(0..1_000) };
            let coupon = self.session.coupons(&[id]).await.expect("an answer").remove(0).expect("a coupon");
            let start = Instant::now();
            let found =
                self.session.coupons_by_code(&coupon.code, &page(1, None), self.scrip.now()).await.expect("an answer");
            times.saturating_record(nanos(start));
            assert_eq!(found.items[0].0, id);
        }
        row(&format!("code to coupon, {number_of_pools} generating pools, median"), &micros(&times));
    }

    /// A hundred million codes in one pool.
    async fn generated(&self, folder: &Path) -> PoolId {
        let pattern = Some("$".repeat(10));
        let pool = self.make(PoolDraft { pattern, ..draft("many", Source::BulkGenerated) }).await;
        let before = disk(folder);
        let start = Instant::now();
        self.session.submit(None, CouponsGenerate { pool, count: MANY as i64 }).await.expect("codes");
        row("generating 100,000,000 codes", &format!("{:.1} ms", nanos(start) as f64 / 1e6));
        row("the database grew by", &format!("{} bytes", disk(folder) - before));
        pool
    }

    /// All of them as a CSV file, over a socket.
    async fn export(&self, pool: PoolId) {
        let key = self.session.create_key(scrip::service::KeyDraft::admin("bench")).await.expect("a key").secret;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router =
            scrip::http::router(scrip::http::App::new(Arc::clone(&self.scrip), Default::default()).expect("threads"));
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let id = self.session.ids().encode(&scrip::domain::global_id::GlobalId::Pool(pool));
        let idle = kilobytes();
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        let request = format!(
            "GET /pools/{id}/coupons.csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await.expect("sent");
        let (start, mut lines, mut most, mut buffer) = (Instant::now(), 0, 0, vec![0; 1 << 20]);
        loop {
            let length = socket.read(&mut buffer).await.expect("bytes");
            if length == 0 {
                break;
            }
            lines += buffer[..length].split(|byte| *byte == b'U').count() as u64 - 1;
            most = most.max(kilobytes().saturating_sub(idle));
        }
        // Of a code and UNASSIGNED, at least one U a line.
        assert!(lines >= MANY, "{lines}");
        let rate = MANY as f64 / start.elapsed().as_secs_f64() / 1e6;
        row("exporting them as CSV over HTTP", &format!("{rate:.2} M/s"));
        row("the memory it took beyond idle", &format!("{} MiB", most >> 10));
        server.abort();
    }

    /// Pages of it, once some are claimed.
    async fn pages(&self, pool: PoolId, touched: u64) {
        let claim = move |number| Claim::of(pool, customer(&format!("customer-{number}")));
        let claimed = || self.session.tally(pool).expect("a tally").counts.of(Status::Claimed).unsigned_abs();
        while claimed() < touched {
            self.run(64, touched - claimed(), claim).await;
            eprintln!("  {} of {touched} claimed, {} in memory", claimed(), memory());
        }
        let touched = claimed();
        let some = |below| Some(CouponId { pool, index: rand::rng().random_range(0..below) });
        let code = self.session.coupons(&[some(MANY).expect("a place")]).await.expect("an answer").remove(0);
        let code = code.expect("a coupon").code;
        for (name, statuses, prefix, below) in [
            ("50 of its coupons", vec![], 0, MANY),
            ("50 unassigned ones", vec![Status::Unassigned], 0, MANY),
            ("50 claimed ones", vec![Status::Claimed], 0, touched),
            ("50 that begin with 2 characters", vec![], 2, MANY),
            ("all that begin with 6 characters", vec![], 6, 1),
            ("all that begin with 8 characters", vec![], 8, 1),
        ] {
            let prefix = (prefix > 0).then(|| code[..prefix].to_owned());
            let filter = CouponFilter { statuses, prefix, ..CouponFilter::default() };
            let mut times = histogram();
            for _ in 0..20 {
                let start = Instant::now();
                self.session
                    .pool_coupons(pool, &filter, &page(50, some(below)), self.scrip.now())
                    .await
                    .expect("a page");
                times.saturating_record(nanos(start));
            }
            row(&format!("{name}, {touched} claimed, median"), &micros(&times));
        }
    }
}
