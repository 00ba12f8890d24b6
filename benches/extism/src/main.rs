//! What the check that benches/plugins.rs measures costs through the crate `extism`: the same question as JSON in, its
//! verdicts as JSON out, under the same limits of memory and time. `benches/extism.sh` builds the guest and runs this.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

#[path = "../../support/basket.rs"]
mod basket;
#[path = "../../support/figures.rs"]
#[expect(dead_code, reason = "what the benchmarks share is more than this one needs")]
mod figures;
#[path = "../../../src/plugins/request.rs"]
#[expect(dead_code, reason = "Scrip asks more than checks")]
mod request;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm, convert::Json};
use figures::{histogram, nanos, row};
use request::{CheckRequest, CheckVerdict, PluginCoupon, PluginLine};
use serde_json::json;
use wasmtime::{Config, InstanceAllocationStrategy};

/// What Scrip allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VERSION: &str = "1.41.0";

fn main() {
    let guest = std::env::args_os().nth(1).map(PathBuf::from).expect("the path of the built guest");
    let quick = std::env::args().any(|argument| argument == "--quick");
    let calls = if quick { 5_000 } else { 50_000 };
    let asked = basket::request("first-purchase");
    let plain = compiled(&guest, Config::new());
    knows(&plain);
    let pooled = compiled(&guest, pooling());
    println!("extism {VERSION}");
    measure("a fresh instance a call", calls, || check(&mut fresh(&plain), &asked));
    measure("a fresh instance of a pool", calls, || check(&mut fresh(&pooled), &asked));
    let mut kept = fresh(&plain);
    measure("one instance reused", calls, || check(&mut kept, &asked));
}

/// The guest, compiled once, with the limits that Scrip has by default: 16 MiB and 5 s.
fn compiled(guest: &Path, config: Config) -> CompiledPlugin {
    let manifest = Manifest::new([Wasm::file(guest)]).with_memory_max(256).with_timeout(Duration::from_secs(5));
    PluginBuilder::new(manifest).with_wasmtime_config(config).with_cache_disabled().compile().expect("a plugin")
}

/// Instances come from a pool, as Scrip's do: it is not what extism does by itself.
fn pooling() -> Config {
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::pooling());
    config
}

fn fresh(compiled: &CompiledPlugin) -> Plugin {
    Plugin::new_from_compiled(compiled).expect("an instance")
}

fn verdicts(plugin: &mut Plugin, asked: &CheckRequest) -> Vec<CheckVerdict> {
    let Json(verdicts) = plugin.call::<_, Json<_>>("check", Json(asked)).expect("verdicts");
    verdicts
}

fn check(plugin: &mut Plugin, asked: &CheckRequest) {
    let verdicts = verdicts(plugin, asked);
    assert!(verdicts.len() == 10 && verdicts.iter().all(|verdict| *verdict == CheckVerdict::Allow));
}

/// Ends where the guest does not judge as Scrip's plugin does.
fn knows(compiled: &CompiledPlugin) {
    let refused = |text: &str| CheckVerdict::Refuse(text.to_owned());
    for (purchases, expected) in [
        (json!(2), refused("only for a first purchase")),
        (json!(true), refused("only for a first purchase")),
        (json!(false), CheckVerdict::Allow),
        (json!(null), CheckVerdict::Allow),
    ] {
        let mut asked = basket::request("first-purchase");
        let customer = asked.customer.as_mut().expect("a customer");
        customer.attributes.insert("purchases".to_owned(), purchases);
        assert_eq!(verdicts(&mut fresh(compiled), &asked), vec![expected; 10]);
    }
    let nobody = CheckRequest { customer: None, ..basket::request("first-purchase") };
    let expected = refused("sign in: it is only for a customer's first purchase");
    assert_eq!(verdicts(&mut fresh(compiled), &nobody), vec![expected; 10]);
}

fn measure(name: &str, calls: usize, mut call: impl FnMut()) {
    for _ in 0..1_000 {
        call();
    }
    let mut times = histogram();
    for _ in 0..calls {
        let start = Instant::now();
        call();
        times.saturating_record(nanos(start));
    }
    let micros = |quantile| format!("{:.1} us", times.value_at_quantile(quantile) as f64 / 1e3);
    row(&format!("extism, {name}, median"), &micros(0.5));
    row(&format!("extism, {name}, 99 of 100"), &micros(0.99));
}
