//! A soak, by command only: `SCRIP_SOAK_MINUTES=60 cargo test soak -- --nocapture`. Callers claim, redeem, take back
//! and unassign the same coupons, so that the data stays as large as it is, with the smallest memtable and four
//! readers that scan lists and the log. It prints every answer that took more than a second, and, every ten seconds,
//! rates, latencies, memory and disk, beside how long the machine itself took at most for a small write with fsync and how
//! late it let a thread wake up: a stall that these share is the machine's. A standstill of a minute ends it.
//! `SCRIP_SOAK_COUPONS` is how many coupons there are, `SCRIP_SOAK_MEMTABLE` the memtable and `SCRIP_SOAK_CACHE` the block
//! cache in bytes (a large one fills for hours, which looks as if memory grew), `SCRIP_SOAK_PAUSE` how many milliseconds
//! everybody rests after each answer (none, unless it is given).

use std::{
    io::Write,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use scrip::{
    domain::{
        id::{CouponId, PoolId},
        status::Status,
    },
    service::{Clock, CouponFilter, EventFilter, PageRequest, Scrip},
    storage::Address,
};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    kill::number,
    support::{Client, audit::audit, draft, new_folder},
};

const CALLERS: u64 = 64;
const READERS: u64 = 4;
/// An answer that takes longer is a stall.
const STALL: Duration = Duration::from_secs(1);
/// After how long without any answer it is a standstill.
const STANDSTILL: Duration = Duration::from_secs(60);
/// How often it prints.
const BEAT: Duration = Duration::from_secs(10);

#[test]
fn soak() {
    let Some(minutes) = number("SCRIP_SOAK_MINUTES") else { return };
    let coupons = number("SCRIP_SOAK_COUPONS").unwrap_or(100_000);
    let memtable = number("SCRIP_SOAK_MEMTABLE").unwrap_or(1_048_576);
    let folder = new_folder();
    let cache = number("SCRIP_SOAK_CACHE").map_or(String::new(), |cache| format!("&block_cache_capacity={cache}"));
    let address = format!("surrealkv://{}?max_memtable_size={memtable}{cache}", folder.path().join("scrip").display());
    let address = Address::parse(&address).expect("an address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let app = runtime
        .block_on(async { Client::new(Scrip::open(&address, Clock::System, None).await.expect("a new database")) });
    let pool = runtime.block_on(stock(&app, coupons));
    let pause = Duration::from_millis(number("SCRIP_SOAK_PAUSE").unwrap_or(0));
    let meter = Arc::new(Meter { pause, ..Meter::default() });
    let (ended, end) = mpsc::channel();
    std::thread::scope(|scope| {
        let (watched, path) = (Arc::clone(&meter), folder.path());
        scope.spawn(move || watch(&watched, path, Duration::from_secs(minutes * 60), &end));
        let (watched, path) = (Arc::clone(&meter), folder.path());
        scope.spawn(move || feel_the_pulse(&watched, path));
        runtime.block_on(work(&app, pool, coupons, &meter, ended));
    });
    runtime.block_on(async {
        audit(&app).await;
        app.close().await;
    });
}

async fn stock(app: &Client, coupons: u64) -> PoolId {
    let pool = app.pool(draft::bulk(draft::percentage(), "SOAK-$$$$$$$$")).await.id;
    app.generate(pool, coupons).await.expect("codes");
    pool
}

/// What there is to print.
#[derive(Default)]
struct Meter {
    answers: AtomicU64,
    reads: AtomicU64,
    /// How long the answers since the last print took, in microseconds.
    latencies: Mutex<Vec<u64>>,
    stalls: AtomicU64,
    enough: AtomicBool,
    /// How long everybody rests after an answer.
    pause: Duration,
    /// The longest write with fsync of another file since the last print, in microseconds.
    fsync: AtomicU64,
    /// How late a thread woke up at most since then, in microseconds.
    late: AtomicU64,
}

impl Meter {
    /// Notes that a caller was answered.
    fn answered(&self, began: Instant) {
        self.answers.fetch_add(1, Relaxed);
        let took = self.took("an answer", began);
        self.latencies.lock().expect("nobody panics").push(micros(took));
    }

    /// Notes that a page was read.
    fn read(&self, began: Instant) {
        self.reads.fetch_add(1, Relaxed);
        self.took("a page", began);
    }

    fn took(&self, what: &str, began: Instant) -> Duration {
        let took = began.elapsed();
        if took > STALL {
            self.stalls.fetch_add(1, Relaxed);
            println!("a stall: {what} took {took:?}");
        }
        took
    }
}

/// Lets callers and readers work until it is enough.
async fn work(app: &Client, pool: PoolId, coupons: u64, meter: &Arc<Meter>, ended: Sender<()>) {
    let mut tasks = JoinSet::new();
    for number in 0..CALLERS {
        tasks.spawn(call(app.clone(), pool, coupons, Arc::clone(meter), StdRng::seed_from_u64(number)));
    }
    for number in 0..READERS {
        tasks.spawn(read(app.clone(), pool, Arc::clone(meter), number));
    }
    tasks.join_all().await;
    drop(ended);
}

/// One caller: claims a coupon, and does this and that to others, whatever comes of it.
async fn call(app: Client, pool: PoolId, coupons: u64, meter: Arc<Meter>, mut random: StdRng) {
    while !meter.enough.load(Relaxed) {
        let coupon = CouponId { pool, index: random.random_range(0..coupons) };
        let somebody = format!("customer-{}", random.random_range(0..10_000));
        let began = Instant::now();
        let answer = match random.random_range(0..10) {
            0..3 => app.claim(pool, &somebody).await,
            3..6 => app.redeem(coupon).await,
            6 => app.transfer(coupon, &somebody).await,
            7..9 => app.unredeem(coupon).await,
            _ => app.unassign(coupon).await,
        };
        // Refusals are answers as well.
        drop(answer);
        meter.answered(began);
        sleep(meter.pause).await;
    }
}

/// One reader: scans lists, or the log, from end to end.
async fn read(app: Client, pool: PoolId, meter: Arc<Meter>, number: u64) {
    let mut after = None;
    let mut place = None;
    while !meter.enough.load(Relaxed) {
        let began = Instant::now();
        if number.is_multiple_of(2) {
            let statuses = [vec![Status::Claimed], vec![Status::Redeemed, Status::Unassigned]];
            let filter = CouponFilter { statuses: statuses[number as usize / 2].clone(), ..CouponFilter::default() };
            let page = PageRequest { limit: 500, after, before: None, from_end: false };
            let page = app.pool_coupons(pool, &filter, &page, app.now()).await.expect("a page");
            after = page.items.last().map(|(id, _)| *id).filter(|_| page.has_next);
        } else {
            let page = PageRequest { limit: 500, after: place, before: None, from_end: false };
            let page = app.events(&EventFilter::default(), &page).await.expect("a page");
            place = page.items.last().map(|(id, _)| *id).filter(|_| page.has_next);
        }
        meter.read(began);
        sleep(meter.pause).await;
    }
}

/// Measures what the machine takes for as little as can be asked of it.
fn feel_the_pulse(meter: &Meter, folder: &Path) {
    let rest = Duration::from_millis(50);
    let mut file = std::fs::File::create(folder.join("pulse")).expect("a file");
    while !meter.enough.load(Relaxed) {
        let began = Instant::now();
        std::thread::sleep(rest);
        meter.late.fetch_max(micros(began.elapsed().saturating_sub(rest)), Relaxed);
        let began = Instant::now();
        file.write_all(&[0; 512]).and_then(|()| file.sync_data()).expect("a write");
        meter.fsync.fetch_max(micros(began.elapsed()), Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Prints how it goes, says when it is enough, and ends the process where all stands still.
fn watch(meter: &Meter, folder: &Path, time: Duration, end: &mpsc::Receiver<()>) {
    let began = Instant::now();
    let (mut last, mut moved) = ((0, 0), Instant::now());
    while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(BEAT) {
        let now = (meter.answers.load(Relaxed), meter.reads.load(Relaxed));
        let mut latencies = std::mem::take(&mut *meter.latencies.lock().expect("nobody panics"));
        latencies.sort_unstable();
        let at = |part: usize| latencies.get(latencies.len() * part / 1_000).map_or(0, |micros| micros / 1_000);
        println!(
            "{:>5} s: {:>6} answers/s, median {} ms, 99.9 % {} ms, longest {} ms; {:>5} pages/s; {} MiB; disk {} MiB; \
             the machine: fsync {} ms, late {} ms",
            began.elapsed().as_secs(),
            (now.0 - last.0) / BEAT.as_secs(),
            at(500),
            at(999),
            latencies.last().map_or(0, |micros| micros / 1_000),
            (now.1 - last.1) / BEAT.as_secs(),
            memory() >> 20,
            size(folder) >> 20,
            meter.fsync.swap(0, Relaxed) / 1_000,
            meter.late.swap(0, Relaxed) / 1_000,
        );
        if now.0 > last.0 && now.1 > last.1 {
            moved = Instant::now();
        } else if moved.elapsed() > STANDSTILL {
            println!("a standstill for {:?}, with {now:?} answers and pages", moved.elapsed());
            std::process::exit(1);
        }
        last = now;
        if began.elapsed() > time {
            meter.enough.store(true, Relaxed);
        }
    }
    println!("{} answers, {} pages, {} stalls", last.0, last.1, meter.stalls.load(Relaxed));
}

/// How many bytes the files below a folder have; some may be gone when they are looked at.
fn size(folder: &Path) -> u64 {
    let mut size = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        size += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => self::size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        };
    }
    size
}

/// The process's resident memory in bytes, where the system tells it.
fn memory() -> u64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or_default() << 10
}
