//! Callers that give up: their call ends where it is, whether it computes or waits, its connection is closed and its
//! place free, and it is counted.

use std::{sync::Arc, task::Poll};

use futures_util::poll;
use scrip::plugins::{CheckRequest, CodeRequest, Crowd, PluginFailure, PluginKind};
use tokio::task::JoinSet;

use super::{
    Host, Setup,
    guest::{Guest, Sent, asking},
    network::server::{Server, allowing},
    until,
};

const ID: &str = "hostile";
/// Half of all places.
const OF_ONE: usize = 128;

fn busy(id: &str) -> PluginFailure {
    PluginFailure::Busy { plugin: id.to_owned(), crowd: Crowd::Calls }
}

#[tokio::test]
async fn a_call_that_computes_is_dropped_where_it_is() {
    let endless = Guest::check("(loop $on (br $on)) unreachable");
    let host = Host::restriction(ID, "[limits]\ncpu_ms = 1000", &endless.restriction()).await;
    let request = CheckRequest::default();
    for round in 1..=OF_ONE + 10 {
        {
            let call = std::pin::pin!(host.plugins.check(ID, &request));
            // It is computed or waits for its turn when it is dropped.
            assert!(matches!(poll!(call), Poll::Pending), "it has ended");
        }
        let counted = host.plugin(ID).counted();
        let round = u64::try_from(round).expect("a number");
        assert_eq!((counted.calls, counted.failures, counted.turned_away), (round, round, 0));
    }
    assert!(!host.plugin(ID).is_paused(), "that a caller gives up says nothing of the plugin");
    host.good().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_the_network_is_dropped_with_its_connection() {
    let server = Server::start().await;
    let guest = asking(&Sent::get(&server.url("/silent")), 1).source();
    let more = format!("hosts = ['{}']\n[limits]\ntime_ms = 30000", server.host());
    let setup = Setup::new().with(ID, PluginKind::Source, &more, &guest);
    let host = Arc::new(setup.operator(ID, allowing(&server)).open().await);
    for round in 1..=3 {
        let mut calls = JoinSet::new();
        for _ in 0..OF_ONE {
            let host = Arc::clone(&host);
            calls.spawn(async move { host.plugins.issue(ID, &CodeRequest::default()).await });
        }
        until(|| server.waiting() == OF_ONE).await;
        assert_eq!(host.issue(ID).await, Err(busy(ID)), "one pool has half of all places");
        host.good().await;
        calls.shutdown().await;
        until(|| server.waiting() == 0).await;
        let counted = host.plugin(ID).counted();
        let ended = u64::try_from(round * OF_ONE).expect("a number");
        assert_eq!((counted.calls, counted.failures, counted.turned_away), (ended, ended, round as u64));
    }
    host.good().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_place_can_be_in_use_at_once() {
    let server = Server::start().await;
    let guest = asking(&Sent::get(&server.url("/together")), 1).source();
    let more = format!("hosts = ['{}']\n[limits]\ntime_ms = 30000", server.host());
    let mut setup = Setup::new();
    for id in ["one", "two", "three"] {
        setup = setup.with(id, PluginKind::Source, &more, &guest).operator(id, allowing(&server));
    }
    let host = Arc::new(setup.open().await);
    for _ in 0..2 {
        let mut calls = JoinSet::new();
        for number in 0..2 * OF_ONE {
            let host = Arc::clone(&host);
            let id = if number % 2 == 0 { "one" } else { "two" };
            calls.spawn(async move { host.plugins.issue(id, &CodeRequest::default()).await });
        }
        until(|| server.waiting() == 2 * OF_ONE).await;
        assert_eq!(host.issue("three").await, Err(busy("three")), "all places are in use");
        // A new build is tried all the same.
        let plugin = host.plugins.reload("three").await.expect("known");
        assert_eq!(plugin.problem(), None);
        server.let_go();
        while let Some(answer) = calls.join_next().await {
            let issued = answer.expect("no panic").expect("an answer").expect("a code");
            assert_eq!(issued.code, "together");
        }
        host.good().await;
    }
    for (id, turned_away) in [("one", 0), ("two", 0), ("three", 2)] {
        let counted = host.plugin(id).counted();
        assert_eq!((counted.failures, counted.turned_away), (0, turned_away), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_in_the_middle_of_a_request_costs_its_call() {
    let server = Server::start().await;
    let broken = asking(&Sent::get(&server.url("/ok")), 1).realloc("(if (global.get $sending) (then unreachable))");
    let more = format!("hosts = ['{}']", server.host());
    let setup = Setup::new().with(ID, PluginKind::Source, &more, &broken.source()).operator(ID, allowing(&server));
    let host = setup.open().await;
    for _ in 0..5 {
        let (bad, ()) = tokio::join!(host.issue(ID), host.good());
        assert_eq!(bad, Err(PluginFailure::Trapped { plugin: ID.to_owned() }));
    }
    assert_eq!(server.asked().len(), 5);
    for _ in 0..OF_ONE + 10 {
        let report = host.plugins.try_issue(ID, &CodeRequest::default(), true).await.expect("a place");
        assert_eq!(report.answer, Err(PluginFailure::Trapped { plugin: ID.to_owned() }));
    }
    host.good().await;
}
