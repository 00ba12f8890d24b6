//! What attacks on a gateway cost everybody else: `cargo bench --profile dev --bench attacks`. The real binary runs with
//! a large database. Each attack is run against it over loopback for a few seconds, while others claim from another
//! pool with another key. A line an attack tells how long their claims took, how many of them failed, and the
//! process's memory before, at its peak, and after. `-- NAME..` runs the attacks whose names contain one of these, and
//! `-- --seconds N` lets each go on for so long. The attackers have threads of their own, which the system lets run when
//! the others have nothing to do: others' attackers have machines of their own. They share this one all the same, so the
//! figures are upper bounds.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

mod attacks;
#[path = "../support/figures.rs"]
#[expect(dead_code, reason = "other benchmarks print other rows")]
mod figures;
mod gateway;
mod idle;
mod stock;
mod victims;

use std::time::Duration;

use attacks::{Attack, attacks};
use gateway::Gateway;
use stock::Stock;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinSet,
    time::sleep,
};

/// How long an attack goes on before it is measured: what it does at first is over then.
const WARM_UP: Duration = Duration::from_secs(1);
/// The most memory that the process may take, in MiB: it is told that it may take three quarters of that.
const MOST_MEMORY: u64 = 1_024;
/// How long memory has to be given back.
const RESPITE: Duration = Duration::from_secs(2);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let seconds = arguments.iter().skip_while(|argument| *argument != "--seconds").nth(1);
    // Only whether it works.
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let seconds = seconds.map(|text| Duration::from_secs(text.parse().expect("a number")));
    let time = seconds.unwrap_or(if quick { Duration::from_millis(300) } else { Duration::from_secs(4) });
    let names: Vec<String> = arguments.into_iter().filter(|argument| argument.parse::<u64>().is_err()).collect();
    let names: Vec<String> = names.into_iter().filter(|name| !name.starts_with("--")).collect();
    let attackers = Builder::new_multi_thread()
        .thread_name("attacker")
        .on_thread_start(scrip::plugins::lower_priority)
        .enable_all()
        .build()
        .expect("a runtime");
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(run(&names, time, quick, attackers.handle()));
}

async fn run(names: &[String], time: Duration, quick: bool, attackers: &Handle) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let gateway = Gateway::start(folder.path()).await;
    let stock = Stock::fill(&gateway, if quick { 20 } else { 1 }).await;
    println!(
        "{:<52} {:>9} {:>9} {:>9} {:>7} {:>7} {:>9} {:>7} {:>7} {:>7}",
        "attack", "median ms", "99 % ms", "longest", "claims", "failed", "answered", "before", "peak", "after"
    );
    for attack in attacks(&gateway, &stock) {
        if names.is_empty() || names.iter().any(|name| attack.name.contains(name.as_str())) {
            let respite = if quick { Duration::ZERO } else { RESPITE };
            measure(&gateway, &stock, attack, attackers, time, respite).await;
        }
    }
}

/// Runs one attack and prints its line. Memory is in MiB.
async fn measure(
    gateway: &Gateway,
    stock: &Stock,
    attack: Attack,
    runtime: &Handle,
    time: Duration,
    respite: Duration,
) {
    let before = gateway.memory();
    gateway.forget_peak();
    let name = attack.name;
    let mut attackers = JoinSet::new();
    let answered = attack.answered.clone();
    for attacker in attack.attackers {
        attackers.spawn_on(attacker, runtime);
    }
    sleep(WARM_UP.min(time)).await;
    let claims = victims::claim(gateway, stock, time).await;
    attackers.shutdown().await;
    let answered = answered.load(std::sync::atomic::Ordering::Relaxed);
    let peak = gateway.peak();
    sleep(respite).await;
    let millis = |nanos: u64| format!("{:.1}", nanos as f64 / 1e6);
    println!(
        "{name:<52} {:>9} {:>9} {:>9} {:>7} {:>7} {answered:>9} {before:>7} {peak:>7} {:>7}",
        millis(claims.times.value_at_quantile(0.5)),
        millis(claims.times.value_at_quantile(0.99)),
        millis(claims.times.max()),
        claims.times.len(),
        claims.failed,
        gateway.memory(),
    );
    // A container of that size ends what takes more.
    assert!(peak <= MOST_MEMORY, "{name}: {peak} MiB are more than {MOST_MEMORY}");
}
