//! How long a backup and its restore take, how much memory they take, and what is left of the claims meanwhile:
//! `cargo bench --bench backup --profile dev`, or with `-- --quick` for a small run, `-- --alone` without claims beside
//! backups: then what a claimed coupon takes on disk is told as well when all is merged. `SCRIP_BENCH_CODES` is the number of
//! claimed coupons (1,000,000). The data is written below the target folder.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

mod support;

use std::{
    fs,
    path::Path,
    process::{Command as Process, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use scrip::{
    domain::{
        id::{CouponId, PoolId},
        pool_draft::PoolDraft,
        source::Source,
        terms::CouponType,
    },
    service::{Claim, Command, CouponsAdd, CouponsGenerate},
    storage::Address,
};
use tokio::task::JoinSet;

use support::{
    Bench, customer, disk, draft,
    figures::{fsyncs, micros},
    memory, row,
};

/// How many callers claim at once.
const CALLERS: usize = 64;

#[tokio::main]
async fn main() {
    let is_set = |name: &str| std::env::args().any(|argument| argument == name);
    let (quick, alone) = (is_set("--quick"), is_set("--alone"));
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    let codes = number("SCRIP_BENCH_CODES").unwrap_or(if quick { 5_000 } else { 1_000_000 });
    let time = Duration::from_secs(if quick { 1 } else { 6 });
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let data = folder.path().join("data");
    let address = Address::parse(&format!("surrealkv://{}", data.display())).expect("an address");
    row("write 4 KiB and fsync, median", &micros(&fsyncs(folder.path())));
    let bench = Bench { time: Duration::from_secs(3_600), ..Bench::open(&address, time).await };
    let claimed = pool(&bench, codes).await;
    let bench = reopened(bench, &address).await;
    let (times, seconds) = bench.run(CALLERS, codes, claim(claimed)).await;
    row(&format!("claims of {codes} coupons, {CALLERS} at once"), &rate(times.len(), seconds));
    let bench = reopened(bench, &address).await;
    let a_coupon = |folder: &Path| format!("{} bytes", disk(folder) / codes);
    row("a claimed coupon on disk, at once", &a_coupon(&data));
    if !alone {
        beside(&bench, time).await;
    }
    row("memory of the gateway", &memory());
    let Bench { scrip, session, .. } = bench;
    // It closes once nobody has it any more.
    drop(session);
    scrip.close().await;
    row("size on disk", &format!("{} MiB", disk(&data) >> 20));
    let (file, restored) = (folder.path().join("file"), folder.path().join("restored"));
    let (file_text, restored_text) = (file.display().to_string(), restored.display().to_string());
    measured("scrip backup of the stopped folder", &["backup", &file_text, "--database", address.text()]);
    row("size of the backup", &format!("{} MiB", fs::metadata(&file).expect("a backup").len() >> 20));
    measured("scrip check of the backup", &["check", &file_text]);
    measured("scrip restore", &["restore", &file_text, &restored_text]);
    row("size on disk of what was restored", &format!("{} MiB", disk(&restored) >> 20));
    if alone {
        row("a claimed coupon on disk, when all is merged", &a_coupon(&restored));
    }
}

/// Closes it, which writes all to tables, and starts it again.
async fn reopened(bench: Bench, address: &Address) -> Bench {
    let Bench { scrip, session, time, count } = bench;
    drop(session);
    scrip.close().await;
    Bench { count, ..Bench::open(address, time).await }
}

/// Claims all the while, with a backup beside them and without one in turn.
async fn beside(bench: &Bench, time: Duration) {
    let pool = bulk(bench).await;
    let (session, count) = (bench.session.clone(), Arc::clone(&bench.count));
    let stop = Arc::new(AtomicBool::new(false));
    let mut claiming = JoinSet::new();
    for _ in 0..CALLERS {
        let (session, count, stop) = (session.clone(), Arc::clone(&count), Arc::clone(&stop));
        claiming.spawn(async move {
            while !stop.load(Relaxed) {
                let claim = claim(pool)(count.fetch_add(1, Relaxed));
                session.submit(None, claim).await.expect("a coupon");
            }
        });
    }
    let rate_since =
        |start: Instant, before: u64| (count.load(Relaxed) - before) as f64 / start.elapsed().as_secs_f64();
    for _ in 0..3 {
        let (start, before) = (Instant::now(), count.load(Relaxed));
        tokio::time::sleep(time).await;
        let alone = rate_since(start, before);
        let (start, before) = (Instant::now(), count.load(Relaxed));
        let mut backup = bench.session.backup(None).expect("an answer").expect("no other backup");
        while let Some(part) = backup.next().await {
            part.expect("a part");
        }
        let (beside, seconds) = (rate_since(start, before), start.elapsed().as_secs_f64());
        let share = beside / alone * 100.0;
        let rows = backup.rows();
        row("claims; with a backup beside them", &format!("{alone:.0} /s; {beside:.0} /s ({share:.0} %)"));
        row(&format!("that backup, of {rows} rows"), &format!("{seconds:.1} s"));
    }
    stop.store(true, Relaxed);
    claiming.join_all().await;
}

/// A pool of so many codes that nobody runs dry.
async fn bulk(bench: &Bench) -> PoolId {
    let pattern = Some("$$$$$$$$$$".to_owned());
    let pool = bench.make(PoolDraft { pattern, ..draft("in bulk", Source::BulkGenerated) }).await;
    bench.session.submit(None, CouponsGenerate { pool, count: 10_000_000 }).await.expect("codes");
    pool
}

async fn pool(bench: &Bench, codes: u64) -> PoolId {
    let draft = PoolDraft {
        kind: CouponType::Percentage,
        value: Some("10".to_owned()),
        ..draft(&format!("{codes} codes"), Source::Uploaded)
    };
    let pool = bench.make(draft).await;
    for from in (0..codes).step_by(1_000) {
        let batch = (from..codes.min(from + 1_000)).map(|index| code(CouponId { pool, index })).collect();
        bench.session.submit(None, CouponsAdd { pool, codes: batch }).await.expect("added codes");
    }
    pool
}

fn claim(pool: PoolId) -> impl Fn(u64) -> Command + Clone + Send + 'static {
    move |number| Claim::of(pool, customer(&format!("customer-{:016x}", scattered(number)))).into()
}

fn code(id: CouponId) -> String {
    format!("BENCH{}-{:010X}", id.pool.0, scattered(id.index) >> 24)
}

/// Numbers one after the other come to ones all over: real codes and ids have no order, and do not pack as if they had.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn rate(number: u64, seconds: f64) -> String {
    format!("{:.0} /s", number as f64 / seconds)
}

/// Runs the binary; tells how long it took, and the most memory that it had (where the system tells).
fn measured(name: &str, arguments: &[&str]) {
    let start = Instant::now();
    let mut child = Process::new(env!("CARGO_BIN_EXE_scrip"))
        .env_remove("SCRIP_BENCH_CODES")
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary");
    let status = Path::new("/proc").join(child.id().to_string()).join("status");
    let mut most = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|text| text.trim().split(' ').next()?.parse::<u64>().ok());
        most = most.max(now.unwrap_or_default());
        if let Some(ended) = child.try_wait().expect("a child") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(ended.success(), "{name}");
    row(name, &format!("{:.1} s, {} MiB", start.elapsed().as_secs_f64(), most >> 10));
}
