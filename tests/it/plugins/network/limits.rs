//! How often a plugin may ask: so many requests a call, and nothing of an upstream that is down.

use scrip::plugins::{HttpError, PluginFailure, PluginKind, SourceRefusal};

use super::{
    ID, Sent, host,
    server::{Server, allowing},
};
use crate::plugins::{Setup, guest::asking};

#[tokio::test]
async fn a_call_makes_so_many_requests() {
    let server = Server::start().await;
    for (requests, times, sent) in [(4, 4, 4), (4, 100, 4), (0, 3, 0), (1, 2, 1), (16, 17, 16)] {
        let more = format!("hosts = ['{}']\n[limits]\nrequests = {requests}", server.host());
        let host = host(&Sent::get(&server.url("/ok")), times, &more, allowing(&server)).await;
        let report = host.asks().await;
        assert_eq!(report.asked.len(), sent, "{requests} {times}");
        assert_eq!(report.usage.requests, times);
        assert_eq!(server.asked().len(), sent);
        // The last one was denied, unless it was one of those.
        let code = if times > requests { "none" } else { "ok" };
        assert_eq!(report.answer.expect("an answer").expect("a code").code, code);
        host.good().await;
    }
}

#[tokio::test]
async fn an_upstream_that_is_down_is_not_asked() {
    let server = Server::start().await;
    let other = Server::start().await;
    let more = format!("hosts = ['{}', '{}']", server.host(), other.host());
    let mut operator = allowing(&server);
    operator.hosts.push(other.host());
    let down = asking(&Sent::get(&server.url("/broken")), 1).source();
    let setup = Setup::new().with(ID, PluginKind::Source, &more, &down).operator(ID, operator.clone());
    let host = setup.open().await;
    for _ in 0..5 {
        assert_eq!(host.answer().await.map(|answer| answer.status), Ok(503));
    }
    for _ in 0..3 {
        match host.answer().await {
            Err(HttpError::Unreachable(reason)) => {
                assert!(
                    reason.starts_with(&format!("{} failed too often: it is not asked for", server.host())),
                    "{reason}"
                );
            }
            answer => panic!("{answer:?}"),
        }
    }
    assert_eq!(server.asked().len(), 5);
    // What was never sent speaks for nobody: four failures, something that is denied, and the fifth.
    let nowhere = asking(&Sent::get(&server.url("/broken")).header("x-key", "not\na header"), 1).source();
    let alternating = Setup::new().with(ID, PluginKind::Source, &more, &nowhere).operator(ID, operator);
    let host = alternating.open().await;
    for _ in 0..7 {
        assert!(matches!(host.answer().await, Err(HttpError::Invalid(_))));
    }
    assert!(server.asked().is_empty() && other.asked().is_empty());
}

#[tokio::test]
async fn a_source_whose_partner_is_down_is_paused() {
    let server = Server::start().await;
    let setup = Setup::new()
        .with_shipped("http-callback")
        .operator("http-callback", super::server::with_secret(&server, Some("a-long-secret"), &server.host()));
    let host = setup.open().await;
    let request = scrip::plugins::CodeRequest {
        config: serde_json::json!({ "url": server.url("/broken") }),
        ..scrip::plugins::CodeRequest::default()
    };
    for _ in 0..5 {
        let answer = host.plugins.issue("http-callback", &request).await;
        assert!(matches!(answer, Ok(Err(SourceRefusal::Unavailable(_)))), "{answer:?}");
    }
    let answer = host.plugins.issue("http-callback", &request).await;
    assert!(matches!(answer, Err(PluginFailure::Paused { .. })), "{answer:?}");
    assert_eq!(server.asked().len(), 5);
    let counted = host.plugin("http-callback").counted();
    assert_eq!((counted.calls, counted.failures, counted.turned_away), (5, 0, 1), "it answered as it should");
    // Another pool's account at the same partner is well.
    let mut well = scrip::plugins::CodeRequest {
        config: serde_json::json!({ "url": server.url("/ok") }),
        ..scrip::plugins::CodeRequest::default()
    };
    well.pool.id = "another".to_owned();
    let answer = host.plugins.issue("http-callback", &well).await;
    assert!(!matches!(answer, Err(PluginFailure::Paused { .. })), "{answer:?}");
    assert_eq!(server.asked().len(), 1);
    assert_eq!(host.plugin("http-callback").paused_pools(), [request.pool.id]);
}
