//! Calls that are more than there are places and memory for: they wait, are refused as busy where that takes too long,
//! and no other plugin or pool notices.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use scrip::plugins::{Bounds, CheckRequest, CheckVerdict, CodeRequest, Crowd, PluginFailure, PluginKind};
use tokio::task::JoinSet;

use super::{
    Host, Setup,
    guest::{Guest, Sent, asking, refusing},
    network::server::{Server, allowing},
    patient, until,
};

const ID: &str = "hostile";
/// So much that a call of the largest fits in half of it.
const MEMORY: u64 = 136 * 1_024 * 1_024;
/// It computes until it is interrupted, which is after a second.
const LONG: &str = "[limits]\ncpu_ms = 1000\ntime_ms = 30000";

fn busy(crowd: Crowd) -> PluginFailure {
    PluginFailure::Busy { plugin: ID.to_owned(), crowd }
}

fn endless() -> Vec<u8> {
    Guest::check("(loop $on (br $on)) unreachable").restriction()
}

/// A question about a pool.
fn about(pool: &str) -> CheckRequest {
    let mut request = CheckRequest::default();
    request.pool.id = pool.to_owned();
    request
}

/// A host with one thread for plugins.
async fn host(mut setup: Setup, memory: u64) -> Arc<Host> {
    setup.settings.bounds = Bounds { threads: 1, memory, ..patient() };
    Arc::new(setup.open().await)
}

#[tokio::test]
async fn what_computes_is_waited_for_by_its_own_pool_alone() {
    let setup = Setup::new().with(ID, PluginKind::Restriction, LONG, &endless());
    let mut setup = setup.with("quick", PluginKind::Restriction, "", &refusing("no").restriction());
    // Long enough that another pool's turn comes on any machine, and too short for all of the first pool's calls.
    setup.settings.bounds = Bounds { threads: 1, memory: MEMORY, patience: Duration::from_secs(8), ..patient() };
    let host = Arc::new(setup.open().await);
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let host = Arc::clone(&host);
        calls.spawn(async move { host.plugins.check(ID, &about("slow")).await });
    }
    let no = Ok(vec![CheckVerdict::Refuse("no".to_owned())]);
    for _ in 0..20 {
        assert_eq!(host.check("quick").await, no);
    }
    host.good().await;
    // Another pool of the same plugin begins as well: it ends as it should and not for want of a place.
    let other = host.plugins.check(ID, &about("other")).await;
    assert_eq!(other, Err(PluginFailure::OutOfCpu { plugin: ID.to_owned(), limit: 1_000 }));
    let mut ended = BTreeMap::new();
    while let Some(answer) = calls.join_next().await {
        *ended.entry(answer.expect("no panic").expect_err("a failure").to_string()).or_insert(0) += 1;
    }
    let refused = ended.remove(&busy(Crowd::Places).to_string()).unwrap_or_default();
    let computed = ended.remove(&other.expect_err("a failure").to_string()).unwrap_or_default();
    assert!(refused > 0 && computed > 0 && ended.is_empty(), "{refused} {computed} {ended:?}");
    let counted = host.plugin(ID).counted();
    assert_eq!((counted.calls, counted.failures, counted.turned_away), (computed + 1, computed + 1, refused));
}

#[tokio::test]
async fn so_many_calls_of_a_pool_and_a_plugin_wait() {
    let host = host(Setup::new().with(ID, PluginKind::Restriction, LONG, &endless()), MEMORY).await;
    let mut calls = Vec::new();
    for pool in ["one", "two", "three"] {
        let request = about(pool);
        let mut waiting = 0;
        loop {
            let (host, request) = (Arc::clone(&host), request.clone());
            let mut call = Box::pin(async move { host.plugins.check(ID, &request).await });
            match futures_util::poll!(&mut call) {
                std::task::Poll::Pending => calls.push(call),
                std::task::Poll::Ready(refused) => break assert_eq!(refused, Err(busy(Crowd::Calls))),
            }
            waiting += 1;
        }
        assert_eq!(waiting, if pool == "three" { 0 } else { 128 }, "{pool}");
    }
    host.good().await;
    drop(calls);
    assert!(!host.plugin(ID).is_paused(), "what was never asked says nothing of the plugin");
}

/// A source that has so many pages of memory when it waits for an answer that does not come.
fn hoarding(server: &Server, pages: u32, at_once: bool) -> Vec<u8> {
    let guest = asking(&Sent::get(&server.url("/silent")), 1);
    if at_once {
        return guest.memory(&pages.to_string()).source();
    }
    let grow =
        format!("(if (i32.eq (memory.size) (i32.const 1)) (then (drop (memory.grow (i32.const {})))))", pages - 1);
    guest.realloc(&grow).source()
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_of_all_calls_has_a_bound() {
    let server = Server::start().await;
    let more = format!("hosts = ['{}']\n[limits]\ntime_ms = 30000\nmemory_mib = 64", server.host());
    for at_once in [true, false] {
        let code = hoarding(&server, 1_000, at_once);
        let setup = Setup::new().with(ID, PluginKind::Source, &more, &code).operator(ID, allowing(&server));
        let host = host(setup, MEMORY).await;
        let first = {
            let host = Arc::clone(&host);
            tokio::spawn(async move { host.plugins.issue(ID, &CodeRequest::default()).await })
        };
        until(|| server.waiting() == 1).await;
        // At its start where it is known how much it needs, else when it asks for it.
        assert_eq!(host.issue(ID).await, Err(busy(Crowd::Memory)), "{at_once}");
        assert_eq!(server.waiting(), 1, "nothing was sent");
        host.good().await;
        first.abort();
        until(|| server.waiting() == 0).await;
        let again = {
            let host = Arc::clone(&host);
            tokio::spawn(async move { host.plugins.issue(ID, &CodeRequest::default()).await })
        };
        until(|| server.waiting() == 1).await;
        again.abort();
        until(|| server.waiting() == 0).await;
    }
}

#[tokio::test]
async fn what_it_computes_is_measured() {
    let host = host(Setup::new().with(ID, PluginKind::Restriction, "[limits]\ncpu_ms = 40", &endless()), MEMORY).await;
    let report = host.plugins.try_check(ID, &CheckRequest::default()).await.expect("a place");
    assert_eq!(report.answer, Err(PluginFailure::OutOfCpu { plugin: ID.to_owned(), limit: 40 }));
    assert!(report.usage.cpu.as_millis() >= 40 && report.usage.cpu <= report.usage.time, "{:?}", report.usage);
}
