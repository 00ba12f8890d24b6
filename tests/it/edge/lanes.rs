//! Nobody's request stops another's, and no answer is without a bound.

use scrip::{graphql::Rules, http::Options};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{App, app::text, items};

/// A read that computes for long: two pages of codes that begin as none does.
fn long(pool: &str) -> String {
    let page = "coupons(first: 1, filter: {codePrefix: \"L-ZZ\", statuses: [REDEEMED]}) { edges { cursor } }";
    format!("{{ pool(id: \"{pool}\") {{ a: {page} b: {page} }} }}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_and_a_lookup_do_not_wait_for_what_computes() {
    let app = App::with(Options { far_places: 1, ..Options::default() }).await;
    let pool = app.bulk("L-$$$$$$$$", 100_000_000).await;
    let other = app.another_key("other").await;
    let mut computing = JoinSet::new();
    for _ in 0..40 {
        let request = app.client.post(format!("{}/graphql", app.url)).bearer_auth(&other);
        let request = request.json(&json!({ "query": long(&pool) }));
        computing.spawn(async move { request.send().await.expect("an answer").json::<Value>().await.expect("JSON") });
    }
    // One of them has been answered: the lane is in use, and the others wait for it.
    let first = computing.join_next().await.expect("one").expect("an answer");
    assert_eq!(first.get("errors"), None, "{first}");
    for number in 0..10 {
        let coupon = app.ok("couponClaim", json!({ "poolId": pool, "customerId": format!("c-{number}") })).await;
        app.data("query($id: ID!) { coupon(id: $id) { status } }", json!({ "id": coupon["id"] })).await;
    }
    let waiting = computing.len();
    assert!(waiting > 20, "only {waiting} of 40 are left: whoever claimed waited for the others");
    // What computes of another key comes in its turn, and not after all of them.
    app.data(&long(&pool), json!({})).await;
    let waiting = computing.len();
    assert!(waiting > 0, "the other key waited for all of them");
    computing.shutdown().await;
    app.finish().await;
}

#[tokio::test]
async fn an_answer_is_bounded_in_bytes() {
    let rules = Rules { max_answer: 20_000, ..Rules::default() };
    let app = App::with(Options { rules, ..Options::default() }).await;
    let pool = app.bulk("B-$$$$$$$$", 1_000).await;
    let page = |first: u32| {
        format!("{{ pool(id: \"{pool}\") {{ coupons(first: {first}) {{ edges {{ node {{ id code }} }} }} }} }}")
    };
    let answer = app.gql(&page(500), json!({})).await;
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    assert!(text(&answer["errors"][0]["message"]).contains("larger than 20000 bytes"), "{answer}");
    let answer = app.data(&page(100), json!({})).await;
    assert_eq!(answer["pool"]["coupons"]["edges"].as_array().map(Vec::len), Some(100));
    // The books are audited by answers larger than this.
    app.stop().await;
}

#[tokio::test]
async fn a_long_history_is_looked_through_a_part_at_a_time() {
    let app = App::start().await;
    let (one, other) = (app.bulk("M-$$$$$$$$", 10_000).await, app.bulk("O-$$$$$$$$", 10).await);
    let mut claims = JoinSet::new();
    for number in 0..2_300 {
        let pool = if number == 2_299 { &other } else { &one };
        let claim = "mutation($input: CouponClaimInput!) { couponClaim(input: $input) { coupon { id } } }";
        let input = json!({ "input": { "poolId": pool, "customerId": "whale" } });
        let request = app.client.post(format!("{}/graphql", app.url)).bearer_auth(&app.key);
        let request = request.json(&json!({ "query": claim, "variables": input }));
        claims.spawn(async move { request.send().await.expect("an answer").bytes().await.expect("an answer") });
        while claims.len() >= 64 {
            claims.join_next().await;
        }
    }
    claims.join_all().await;
    for (list, filter) in [("coupons", format!("{{poolId: \"{other}\"}}")), ("events", String::new())] {
        // Whatever there is is found by going on from cursor to cursor.
        let filter = if filter.is_empty() { filter } else { format!(", filter: {filter}") };
        let (mut found, mut after, mut pages) = (0, String::new(), 0);
        loop {
            let page = format!(
                "{list}(first: 500{filter}{after}) {{ edges {{ cursor }} pageInfo {{ hasNextPage endCursor }} }}"
            );
            let data = app.data(&format!("{{ customer(id: \"whale\") {{ {page} }} }}"), json!({})).await;
            let page = &data["customer"][list];
            found += page["edges"].as_array().expect("edges").len();
            pages += 1;
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = format!(", after: {}", page["pageInfo"]["endCursor"]);
        }
        assert_eq!((found, pages > 1), (if list == "coupons" { 1 } else { 2_300 }, true), "{list}");
    }
    let page = app.coupons(&one, "first: 2").await;
    assert_eq!(items(&page).len(), 2);
    app.finish().await;
}
