//! A plugin that fails too often is not asked for a while, and then is back.

use std::time::Duration;

use scrip::plugins::{CheckRequest, CheckVerdict, PluginCoupon, PluginFailure};

use super::{Host, guest::Guest};

const ID: &str = "moody";

/// A restriction that breaks where it is asked about more than one coupon: the number stands in the question.
fn moody() -> Guest {
    // Occasion, time, pool, customer and basket take 152 bytes, then comes where the coupons are.
    Guest::check(
        "(i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1))
         (if (i32.ne (i32.load offset=156 (local.get $request)) (i32.const 1)) (then unreachable))
         (i32.const 16)",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_paused_and_comes_back() {
    let host = Host::restriction(ID, "", &moody().restriction()).await;
    let good = CheckRequest::default();
    let bad = CheckRequest { coupons: vec![PluginCoupon::default(); 2], ..CheckRequest::default() };
    let allowed = Ok(vec![CheckVerdict::Allow]);
    let trapped = Err(PluginFailure::Trapped { plugin: ID.to_owned() });
    // What ends well in between starts the count again.
    for round in 0..3 {
        for _ in 0..4 {
            assert_eq!(host.plugins.check(ID, &bad).await, trapped, "{round}");
        }
        assert_eq!(host.plugins.check(ID, &good).await, allowed);
    }
    for _ in 0..5 {
        assert_eq!(host.plugins.check(ID, &bad).await, trapped);
    }
    assert!(host.plugin(ID).is_paused());
    let Err(PluginFailure::Paused { plugin, seconds }) = host.plugins.check(ID, &good).await else {
        panic!("it is asked")
    };
    assert_eq!(plugin, ID);
    // Staff can look at it all the same, which neither ends the pause nor makes it longer.
    let report = host.plugins.try_check(ID, &bad).await.expect("a trial");
    assert!(report.answer.is_err());
    assert!(host.plugin(ID).is_paused());
    let counted = host.plugin(ID).counted();
    assert_eq!((counted.calls, counted.failures, counted.turned_away), (20, 17, 1));
    host.good().await;
    // As its failure says.
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    assert_eq!(host.plugins.check(ID, &good).await, allowed);
    assert!(!host.plugin(ID).is_paused());
    assert_eq!(host.plugins.check(ID, &good).await, allowed);
}

#[tokio::test]
async fn it_is_paused_for_the_pool_and_configuration_that_it_fails_with() {
    let host = Host::restriction(ID, "", &moody().restriction()).await;
    let request = |pool: &str, config: i32, coupons: usize| {
        let config = serde_json::json!({ "number": config });
        let coupons = vec![PluginCoupon::default(); coupons];
        let mut request = CheckRequest { coupons, config, ..CheckRequest::default() };
        request.pool.id = pool.to_owned();
        request
    };
    for _ in 0..5 {
        assert!(host.plugins.check(ID, &request("down", 1, 2)).await.is_err());
    }
    let allowed = Ok(vec![CheckVerdict::Allow]);
    for (pool, config, asked) in [("down", 1, false), ("down", 2, true), ("well", 1, true)] {
        let answer = host.plugins.check(ID, &request(pool, config, 1)).await;
        match answer {
            Err(PluginFailure::Paused { .. }) => assert!(!asked, "{pool} {config}"),
            answer => assert!(asked && answer == allowed, "{pool} {config}: {answer:?}"),
        }
    }
    assert_eq!(host.plugin(ID).paused_pools(), ["down"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_build_is_asked_at_once() {
    let host = Host::restriction(ID, "", &moody().restriction()).await;
    let bad = CheckRequest { coupons: vec![PluginCoupon::default(); 2], ..CheckRequest::default() };
    for _ in 0..5 {
        assert!(host.plugins.check(ID, &bad).await.is_err());
    }
    assert!(host.plugin(ID).is_paused());
    host.plugins.reload(ID).await.expect("known");
    assert!(!host.plugin(ID).is_paused());
    assert_eq!(host.check(ID).await, Ok(vec![CheckVerdict::Allow]));
}
