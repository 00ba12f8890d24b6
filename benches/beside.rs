//! What claims of a pool without plugins notice of another pool's slow check: `cargo bench --bench beside --profile dev`.
//! 128 callers preview a basket whose check computes 0.46 s, then one whose check takes 64 MiB too, while others claim.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

#[path = "../tests/it/plugins/guest.rs"]
#[expect(dead_code, reason = "what the tests have is more than this one needs")]
mod guest;
#[expect(dead_code, reason = "what the benchmarks share is more than this one needs")]
mod support;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use guest::Guest;
use hdrhistogram::Histogram;
use scrip::{
    domain::{
        basket::BasketDraft,
        binding::{Binding, OnFailure},
        id::{PoolId, TransactionId},
        pool_draft::PoolDraft,
        source::Source,
    },
    plugins::{Bounds, CheckRequest, Lookup, PluginSettings, Plugins},
    service::{Caller, CheckoutOrder, Claim, Clock, Presentation, Recorded, Scrip},
    storage::Address,
};
use support::{Bench, customer, draft, histogram, nanos, row};

/// How long the check computes.
const COMPUTES: Duration = Duration::from_millis(460);
/// How many preview, and how many claim, at once.
const PREVIEWS: usize = 128;
const CLAIMS: usize = 4;
/// The memory that the second check takes, in pages: 64 MiB.
const PAGES: u32 = 1_023;

#[tokio::main]
async fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let time = Duration::from_secs(if quick { 3 } else { 15 });
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let plugins = plugins(folder.path()).await;
    let address = Address::parse(&format!("surrealkv://{}", folder.path().join("data").display())).expect("an address");
    let scrip = Scrip::open(&address, Clock::System, Some(plugins)).await.expect("an open database");
    let session = scrip.session(Caller::admin("bench", "bench"));
    let bench = Bench { scrip, session, time, count: Arc::default() };
    let plain = bench.make(pool("Plain", "PLAIN-$$$$$$$$$$", None)).await;
    claims(&bench, plain, "alone").await;
    for id in ["slow", "large"] {
        beside(&bench, plain, id).await;
    }
}

/// Claims while a pool's check is asked by many.
async fn beside(bench: &Bench, plain: PoolId, id: &str) {
    let code = id.to_uppercase();
    let checked = bench.make(pool(id, &code, Some(id))).await;
    let claim = Claim::of(checked, customer("ann"));
    bench.session.submit(None, claim).await.expect("a coupon");
    forget_peak();
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let refused = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..PREVIEWS {
        let (session, code) = (bench.session.clone(), code.clone());
        let (stop, answered, refused) = (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&refused));
        tasks.spawn(async move {
            while !stop.load(Relaxed) {
                let answer = session.checkout_preview(order(number, &code)).await;
                let well = answer.expect("an answer").record.coupons.iter().all(Recorded::redeemable);
                let counter = if well { &answered } else { &refused };
                counter.fetch_add(1, Relaxed);
            }
        });
    }
    claims(bench, plain, &format!("beside {PREVIEWS} previews ({id})")).await;
    row(&format!("peak memory ({id})"), &format!("{} MiB", peak() >> 10));
    stop.store(true, Relaxed);
    let start = Instant::now();
    tasks.join_all().await;
    let (answered, refused) = (answered.load(Relaxed), refused.load(Relaxed));
    row(&format!("previews answered ({id})"), &answered.to_string());
    row(&format!("previews refused ({id})"), &refused.to_string());
    row(&format!("the last preview ended after ({id})"), &format!("{:.1} s", start.elapsed().as_secs_f64()));
}

async fn claims(bench: &Bench, plain: PoolId, how: &str) {
    let claim = move |number| Claim::of(plain, customer(&format!("customer-{number}")));
    let (times, seconds) = bench.run(CLAIMS, u64::MAX, claim).await;
    let millis = |value: u64| format!("{:.1} ms", value as f64 / 1e6);
    row(&format!("claims {how}"), &format!("{:.0} /s", times.len() as f64 / seconds));
    row(&format!("claims {how}, median"), &millis(times.value_at_quantile(0.5)));
    row(&format!("claims {how}, 99 of 100"), &millis(times.value_at_quantile(0.99)));
    row(&format!("claims {how}, longest"), &millis(times.max()));
}

fn pool(name: &str, pattern: &str, check: Option<&str>) -> PoolDraft {
    let check = check.map(|id| Binding {
        plugin: id.to_owned(),
        config: serde_json::json!({}),
        on_failure: OnFailure::Refuse,
        at_claim: false,
        tells_changes: false,
    });
    PoolDraft {
        pattern: Some(pattern.to_owned()),
        checks: check.into_iter().collect(),
        ..draft(name, Source::Generated)
    }
}

fn order(number: usize, code: &str) -> CheckoutOrder {
    CheckoutOrder {
        transaction: TransactionId::parse(&format!("preview-{number}")).expect("an id"),
        customer: customer("ann"),
        basket: BasketDraft {
            currency: "EUR".to_owned(),
            store: None,
            shipping: Some("4.95".to_owned()),
            lines: vec![("shoes".to_owned(), 1, "50.00".to_owned())],
        },
        coupons: vec![Presentation { code: code.to_owned(), amount: None }],
        at: None,
        expected_payable: None,
    }
}

/// A host with the two checks, each made to compute as long as it should on this machine.
async fn plugins(folder: &Path) -> Arc<Plugins> {
    let bounds = Bounds { starting: Duration::from_secs(600), ..Bounds::default() };
    let settings = PluginSettings { folder: Some(folder.join("plugins")), bounds, ..PluginSettings::default() };
    let many = 200_000_000;
    write(folder, "many", &computing(many, 0));
    let plugins = Plugins::open(settings.clone(), Lookup::default()).await.expect("a host");
    // Whatever else took time makes it fewer rounds, and never so many that they are cut off.
    let taken = seconds(&plugins, "many").await;
    drop(plugins);
    let rounds = COMPUTES.as_secs_f64() * f64::from(many) / taken;
    for (id, pages) in [("slow", 0), ("large", PAGES)] {
        write(folder, id, &computing(rounds as u32, pages));
    }
    let plugins = Plugins::open(settings, Lookup::default()).await.expect("a host");
    row("the check computes", &format!("{:.2} s", seconds(&plugins, "slow").await));
    plugins
}

/// How long a check takes: the least of some, because others use the machine too.
async fn seconds(plugins: &Plugins, id: &str) -> f64 {
    let mut times: Histogram<u64> = histogram();
    for _ in 0..5 {
        let start = Instant::now();
        let report = plugins.try_check(id, &CheckRequest::default()).await.expect("a trial");
        report.answer.expect("an answer").expect("a verdict");
        times.saturating_record(nanos(start));
    }
    times.min() as f64 / 1e9
}

/// A check that writes to so many pages of memory more, counts so far, and allows.
fn computing(rounds: u32, pages: u32) -> Vec<u8> {
    let grows = format!(
        "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))
         (memory.fill (i32.const 65536) (i32.const 7) (i32.const {}))",
        pages * 65_536
    );
    Guest::check(&format!(
        "{grows}
         (loop $on
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $on (i32.lt_u (local.get $i) (i32.const {rounds}))))
         (i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1)) (i32.const 16)"
    ))
    .restriction()
}

fn write(folder: &Path, id: &str, code: &[u8]) {
    let folder = folder.join("plugins").join(id);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("{id}.wasm")), code).expect("a file");
    let manifest = format!(
        "id = '{id}'\nname = 'Slow'\nversion = '1.0.0'\ncontract = '1.0'\nkind = 'restriction'\n\
         [limits]\ncpu_ms = 1000\ntime_ms = 30000\nmemory_mib = 64\n"
    );
    fs::write(folder.join("plugin.toml"), manifest).expect("a file");
}

/// Begins to measure the most memory anew.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
}

/// The most memory since then, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}
