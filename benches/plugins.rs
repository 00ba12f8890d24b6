//! What a plugin's check costs: `cargo bench --bench plugins --profile dev`, or with `-- --quick` for a small run.
//! A basket with ten coupons is asked about through the whole host, alone and by many at once; beside it the same
//! question as an HTTP callback on loopback. `benches/extism.sh` asks it through the crate `extism` in the same run.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

#[path = "support/basket.rs"]
mod basket;
#[path = "support/figures.rs"]
#[expect(dead_code, reason = "what the benchmarks share is more than this one needs")]
mod figures;

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::post};
use basket::request;
use figures::{histogram, nanos, row};
use hdrhistogram::Histogram;
use scrip::plugins::{Bounds, CheckRequest, CheckVerdict, Lookup, PluginCoupon, PluginLine, PluginSettings, Plugins};
use serde_json::json;

/// The plugins that are measured, each with a configuration.
const CHECKED: [&str; 2] = ["first-purchase", "customer-segment"];
/// The examples in other languages, which are measured where they are built.
const LANGUAGES: [&str; 8] = ["c", "cpp", "zig", "assemblyscript", "go", "js", "typescript", "python"];
/// Plugins of one gateway.
const HUNDREDS: usize = 200;
/// Longer than any code takes to compile.
const LONG: Duration = Duration::from_secs(1_200);
/// Callers at once.
const MANY: usize = 80;

#[tokio::main]
async fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let calls = if quick { 5_000 } else { 50_000 };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let plugins = host(folder.path()).await;
    for id in CHECKED {
        let request = Arc::new(request(id));
        alone(&plugins, id, &request, calls).await;
        many(&plugins, id, &request, calls).await;
    }
    callback(calls).await;
    loading(&plugins).await;
    memory(&plugins).await;
    hundreds().await;
    languages(if quick { 100 } else { 2_000 }).await;
}

/// A start with many plugins, whose code is in the cache: until it returns, and until all of them answer.
async fn hundreds() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/first-purchase");
    let text = fs::read_to_string(shipped.join("plugin.toml")).expect("a manifest");
    for number in 0..HUNDREDS {
        let to = folder.path().join("plugins").join(format!("p{number}"));
        fs::create_dir_all(&to).expect("a folder");
        fs::copy(shipped.join("first-purchase.wasm"), to.join(format!("p{number}.wasm"))).expect("a file");
        let own = text.replacen("id = \"first-purchase\"", &format!("id = \"p{number}\""), 1);
        fs::write(to.join("plugin.toml"), own).expect("a file");
    }
    let settings = |starting| PluginSettings {
        folder: Some(folder.path().join("plugins")),
        cache: Some(folder.path().join("cache")),
        bounds: Bounds { starting, ..Bounds::default() },
        ..PluginSettings::default()
    };
    // The first start compiles, and keeps what it compiled.
    drop(Plugins::open(settings(LONG), Lookup::default()).await.expect("a host"));
    let (before, start) = (kilobytes(), Instant::now());
    let plugins = Plugins::open(settings(Bounds::default().starting), Lookup::default()).await.expect("a host");
    row(&format!("start with {HUNDREDS} plugins, until the port is open"), &format!("{:.0} ms", millis(start)));
    while !plugins.all().iter().all(|plugin| plugin.build().is_some()) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    row("until all of them are ready", &format!("{:.0} ms", millis(start)));
    row("memory that they take", &format!("{} KiB", kilobytes().saturating_sub(before)));
}

/// What the same check costs in other languages: size, time to compile, a call, and its memory.
async fn languages(calls: usize) {
    for language in LANGUAGES {
        let id = format!("minimum-items-{language}");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/partner-plugins").join(language);
        let Ok(about) = fs::metadata(from.join(format!("{id}.wasm"))) else {
            row(language, "not built: examples/partner-plugins/run.sh");
            continue;
        };
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let to = folder.path().join(&id);
        fs::create_dir(&to).expect("a folder");
        for name in ["plugin.toml".to_owned(), format!("{id}.wasm")] {
            fs::copy(from.join(&name), to.join(&name)).expect("a file");
        }
        let settings = PluginSettings {
            folder: Some(folder.path().to_owned()),
            bounds: Bounds { starting: LONG, ..Bounds::default() },
            ..PluginSettings::default()
        };
        let start = Instant::now();
        let plugins = Plugins::open(settings, Lookup::default()).await.expect("a host");
        let compiled = millis(start) / 1e3;
        let request = CheckRequest {
            coupons: vec![PluginCoupon::default(); 10],
            config: json!({ "items": 1 }),
            ..CheckRequest::default()
        };
        let report = plugins.try_check(&id, &request).await.expect("a place");
        let mut times = histogram();
        for number in 0..calls + calls / 10 {
            let start = Instant::now();
            check(&plugins, &id, &request).await;
            if number >= calls / 10 {
                times.saturating_record(nanos(start));
            }
        }
        told(&format!("{language}, ten coupons"), &times);
        let (size, memory) = (about.len() / 1_024, report.usage.memory / 1_024);
        row(language, &format!("{size} KiB, compiled in {compiled:.1} s, {memory} KiB memory a call"));
    }
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// A host with the shipped plugins and a cache that knows them.
async fn host(folder: &Path) -> Arc<Plugins> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
    for id in CHECKED.iter().chain(&["http-callback", "weekdays-and-hours"]) {
        let to = folder.join("plugins").join(id);
        fs::create_dir_all(&to).expect("a folder");
        for name in ["plugin.toml".to_owned(), format!("{id}.wasm")] {
            fs::copy(shipped.join(id).join(&name), to.join(&name)).expect("a file");
        }
    }
    let settings = PluginSettings {
        folder: Some(folder.join("plugins")),
        cache: Some(folder.join("cache")),
        bounds: Bounds { starting: LONG, ..Bounds::default() },
        ..PluginSettings::default()
    };
    let plugins = Plugins::open(settings, Lookup::default()).await.expect("a host");
    assert!(plugins.all().iter().all(|plugin| plugin.problem().is_none()));
    plugins
}

async fn check(plugins: &Plugins, id: &str, request: &CheckRequest) {
    let verdicts = plugins.check(id, request).await.expect("verdicts");
    assert!(verdicts.len() == 10 && verdicts.iter().all(|verdict| *verdict == CheckVerdict::Allow));
}

async fn alone(plugins: &Plugins, id: &str, request: &CheckRequest, calls: usize) {
    for _ in 0..1_000 {
        check(plugins, id, request).await;
    }
    let mut times = histogram();
    for _ in 0..calls {
        let start = Instant::now();
        check(plugins, id, request).await;
        times.saturating_record(nanos(start));
    }
    told(&format!("{id}, ten coupons"), &times);
}

async fn many(plugins: &Arc<Plugins>, id: &'static str, request: &Arc<CheckRequest>, calls: usize) {
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..MANY {
        let (plugins, request) = (Arc::clone(plugins), Arc::clone(request));
        tasks.spawn(async move {
            let mut times = histogram();
            for _ in 0..calls / MANY {
                let start = Instant::now();
                check(&plugins, id, &request).await;
                times.saturating_record(nanos(start));
                tokio::task::yield_now().await;
            }
            times
        });
    }
    let mut all = histogram();
    for times in tasks.join_all().await {
        all.add(times).expect("the same bounds");
    }
    let rate = all.len() as f64 / start.elapsed().as_secs_f64();
    told(&format!("{id}, {MANY} at once"), &all);
    row(&format!("{id}, {MANY} at once"), &format!("{rate:.0} /s"));
    let counted = plugins.get(id).expect("it is loaded").counted();
    row(&format!("{id}, failed or turned away"), &(counted.failures + counted.turned_away).to_string());
}

/// The same question to a web service on loopback, over a connection that is kept.
async fn callback(calls: usize) {
    let answer = |Json(asked): Json<CheckRequest>| async move {
        let first =
            asked.customer.as_ref().and_then(|customer| customer.attributes.get("purchases")) == Some(&json!(0));
        let verdict =
            if first { CheckVerdict::Allow } else { CheckVerdict::Refuse("only for a first purchase".to_owned()) };
        Json(vec![verdict; asked.coupons.len()])
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/check", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/check", post(answer))).await });
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = request("first-purchase");
    let mut times = histogram();
    for number in 0..1_000 + calls / 5 {
        let start = Instant::now();
        let response = client.post(&url).json(&request).send().await.expect("an answer");
        let verdicts: Vec<CheckVerdict> = response.json().await.expect("verdicts");
        assert_eq!(verdicts.len(), 10);
        if number >= 1_000 {
            times.saturating_record(nanos(start));
        }
    }
    told("the same as an HTTP callback on loopback", &times);
}

async fn loading(plugins: &Arc<Plugins>) {
    for plugin in plugins.all() {
        let mut times = histogram();
        for _ in 0..30 {
            let start = Instant::now();
            plugins.reload(&plugin.id).await.expect("it is known");
            times.saturating_record(nanos(start));
            assert_eq!(plugin.problem(), None);
        }
        let millis = |quantile| times.value_at_quantile(quantile) as f64 / 1e6;
        row(&format!("loading {} from the cache, median", plugin.id), &format!("{:.1} ms", millis(0.5)));
    }
}

/// What ten thousand calls leave behind.
async fn memory(plugins: &Plugins) {
    let requests = CHECKED.map(|id| (id, request(id)));
    let before = kilobytes();
    for number in 0..10_000 {
        let (id, request) = &requests[number % requests.len()];
        check(plugins, id, request).await;
    }
    let after = kilobytes();
    row("memory before ten thousand calls", &format!("{before} KiB"));
    row("memory after them", &format!("{after} KiB"));
}

/// The resident memory of this process in KiB; 0 where the system does not tell (it is Linux that does).
fn kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or_default()
}

fn told(name: &str, times: &Histogram<u64>) {
    let micros = |quantile| format!("{:.1} us", times.value_at_quantile(quantile) as f64 / 1e3);
    row(&format!("{name}, median"), &micros(0.5));
    row(&format!("{name}, 99 of 100"), &micros(0.99));
}
