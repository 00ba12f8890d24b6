//! Plugins that compute without end, hoard or break: each costs its own call, is told apart, and leaves its place
//! to the next.

use scrip::plugins::{CheckRequest, CheckVerdict, LogLevel, MAX_CALLS, PluginFailure, PluginKind};

use super::{
    Host, Setup,
    guest::{Guest, refusing},
};

const ID: &str = "hostile";
const QUICK: &str = "[limits]\ncpu_ms = 10";

fn cpu() -> PluginFailure {
    PluginFailure::OutOfCpu { plugin: ID.to_owned(), limit: 10 }
}

fn trapped() -> PluginFailure {
    PluginFailure::Trapped { plugin: ID.to_owned() }
}

fn memory(limit: u32) -> PluginFailure {
    PluginFailure::OutOfMemory { plugin: ID.to_owned(), limit }
}

/// Guests that give no answer, with the failure that each is told as.
pub(super) fn guests() -> Vec<(&'static str, Guest, &'static str, PluginFailure)> {
    let again = "(func $again (param i32) (result i32) (i32.add (i32.const 1) (call $again (local.get 0))))";
    let allow = "(i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1)) (i32.const 16)";
    let hoard = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    let copies = "(memory.copy (i32.const 0) (i32.const 4194304) (i32.const 4194304))".repeat(3_000);
    let fills = "(memory.fill (i32.const 0) (i32.const 7) (i32.const 8388608))".repeat(3_000);
    vec![
        ("an endless loop", Guest::check("(loop $on (br $on)) unreachable"), QUICK, cpu()),
        ("an endless recursion", Guest::check("(call $again (i32.const 0))").and(again), QUICK, trapped()),
        ("memory until there is none", Guest::check(hoard), QUICK, memory(16)),
        ("memory by writing all of it", Guest::check("(memory.fill (i32.const 0) (i32.const 1) (i32.const -1)) unreachable"), QUICK, trapped()),
        ("many huge copies without a loop", Guest::check(&format!("{copies} unreachable")).memory("128"), QUICK, cpu()),
        ("many huge fills without a loop", Guest::check(&format!("{fills} unreachable")).memory("128"), QUICK, cpu()),
        ("a copy out of its memory", Guest::check("(memory.copy (i32.const 0) (i32.const 65530) (i32.const 100)) unreachable"), QUICK, trapped()),
        ("an error of its own", Guest::check("unreachable"), QUICK, trapped()),
        ("a division by zero", Guest::check("(i32.div_u (i32.const 1) (local.get $i))"), QUICK, trapped()),
        ("a request that finds no room", Guest::check(allow).realloc("unreachable"), QUICK, trapped()),
        ("room that is asked for without end", Guest::check(allow).realloc("(loop $on (br $on))"), QUICK, cpu()),
        ("a clean-up without end", Guest::check(allow).and("(func (export \"cabi_post_coupon:plugin/restriction-api@1.0.0#check\") (param i32) (loop $on (br $on)))"), QUICK, cpu()),
        ("a clean-up that breaks", Guest::check(allow).and("(func (export \"cabi_post_coupon:plugin/restriction-api@1.0.0#check\") (param i32) unreachable)"), QUICK, trapped()),
        ("tables until there are none", Guest::check("(loop $more (br_if $more (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable").and("(table $t 1 funcref)"), QUICK, trapped()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_costs_its_own_call_and_is_told_apart() {
    for (what, guest, more, expected) in guests() {
        let host = Host::restriction(ID, more, &guest.restriction()).await;
        assert_eq!(host.plugin(ID).problem(), None, "{what}");
        for _ in 0..5 {
            let (bad, ()) = tokio::join!(host.check(ID), host.good());
            assert_eq!(bad, Err(expected.clone()), "{what}");
        }
        let turned_away = host.check(ID).await;
        assert!(matches!(turned_away, Err(PluginFailure::Paused { .. })), "{what}: {turned_away:?}");
        let counted = host.plugin(ID).counted();
        assert_eq!((counted.calls, counted.failures, counted.turned_away), (5, 5, 1), "{what}");
        host.good().await;
        let good = host.plugin(super::GOOD).counted();
        assert_eq!((good.calls, good.failures, good.turned_away), (12, 0, 0), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_place_is_given_back() {
    let mut setup = Setup::new();
    let guests = guests();
    for (number, (_, guest, more, _)) in guests.iter().enumerate() {
        setup = setup.with(&format!("bad-{number}"), PluginKind::Restriction, more, &guest.restriction());
    }
    let host = setup.open().await;
    let request = CheckRequest::default();
    // A trial is no call that counts, so none is turned away; more of them than there are places.
    for round in 0..usize::try_from(MAX_CALLS).expect("a number") + 30 {
        let (what, _, _, expected) = &guests[round % guests.len()];
        let id = format!("bad-{}", round % guests.len());
        let report = host.plugins.try_check(&id, &request).await.expect("a place");
        let found = report.answer.expect_err(what).to_string();
        assert_eq!(found, expected.to_string().replace(ID, &id), "{what}");
    }
    host.good().await;
}

#[tokio::test]
async fn memory_is_given_up_to_the_limit() {
    // As much as a MiB fewer than the limit, written to its end; the host's own question is in the first page.
    let grow = |pages: u32| {
        let last = (pages + 1) * 65_536 - 8;
        Guest::check(&format!(
            "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))
             (i64.store (i32.const {last}) (i64.const -1))
             (i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1)) (i32.const 16)"
        ))
    };
    for (limit, pages, fits) in
        [(1, 15, true), (1, 16, false), (16, 255, true), (16, 256, false), (64, 1_023, true), (64, 1_024, false)]
    {
        let host = Host::restriction(ID, &format!("[limits]\nmemory_mib = {limit}"), &grow(pages).restriction()).await;
        let expected = if fits { Ok(vec![CheckVerdict::Allow]) } else { Err(memory(limit)) };
        assert_eq!(host.check(ID).await, expected, "{limit} MiB, {pages} pages more");
        if fits {
            let report = host.plugins.try_check(ID, &CheckRequest::default()).await.expect("a place");
            assert_eq!(report.usage.memory, usize::try_from((pages + 1) * 65_536).expect("a number"));
        }
    }
}

#[tokio::test]
async fn fresh_memory_for_every_call() {
    // It refuses with what it finds at 4096, where it leaves something for the next call.
    let guest = Guest::check(
        "(i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1))
         (if (i32.load (i32.const 4096)) (then unreachable))
         (if (global.get $called) (then unreachable))
         (i32.store (i32.const 4096) (i32.const 1)) (global.set $called (i32.const 1))
         (i32.const 16)",
    );
    let guest = guest.and("(global $called (mut i32) (i32.const 0))");
    let host = Host::restriction(ID, "", &guest.restriction()).await;
    for _ in 0..50 {
        assert_eq!(host.check(ID).await, Ok(vec![CheckVerdict::Allow]));
    }
}

#[tokio::test]
async fn a_panic_reaches_the_log() {
    let says = b"panicked at src/lib.rs:7: no such attribute";
    let body = format!("(call $log (i32.const 3) (i32.const 64) (i32.const {})) unreachable", says.len());
    let host = Host::restriction(ID, "", &Guest::check(&body).data(64, says).restriction()).await;
    let report = host.plugins.try_check(ID, &CheckRequest::default()).await.expect("a place");
    assert_eq!(report.answer.expect_err("a panic"), trapped());
    assert_eq!(report.lines, [(LogLevel::Error, String::from_utf8_lossy(says).into_owned())]);
    assert_eq!(report.usage.log, says.len());
}

#[tokio::test]
async fn what_loops_at_the_start_is_not_loaded() {
    for (start, says) in [
        (
            "(func $s (loop $on (br $on))) (start $s)",
            "a trial failed: plugin hostile computed longer than limits.cpu_ms (10)",
        ),
        ("(func $s unreachable) (start $s)", "a trial failed: plugin hostile stopped with an error of its own"),
    ] {
        let host = Host::restriction(ID, QUICK, &refusing("no").and(start).restriction()).await;
        let problem = host.problem(ID);
        assert!(problem.contains(says), "{problem}");
        assert_eq!(host.check(ID).await, Err(PluginFailure::NotLoaded(ID.to_owned())));
        host.good().await;
    }
}
