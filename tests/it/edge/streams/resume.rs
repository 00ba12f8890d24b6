//! Following the log: what a filter admits, from a place on, each event once and in order, however much there is.

use std::sync::Arc;

use scrip::{
    domain::id::PoolId,
    service::{Caller, Claim},
};
use serde_json::{Value, json};

use crate::support;

use super::{
    super::{App, app::text},
    FOLLOW, Socket,
};

#[tokio::test]
async fn filters() {
    let app = App::start().await;
    let one = app.stocked(&["A1", "A2"]).await;
    let other = app.stocked(&["B1", "B2"]).await;
    let first = app.claim(&one, "ann").await;
    let mut sockets = Vec::new();
    for (filter, expected) in [
        (json!({}), &["B1 ben CLAIM", "A1 ann REDEEM", "A2 ann CLAIM", "A2 ann TRANSFER", "A2 ben RECEIVE"][..]),
        (json!({ "poolId": other }), &["B1 ben CLAIM"]),
        (json!({ "couponId": first["id"] }), &["A1 ann REDEEM"]),
        (json!({ "customerId": "ben" }), &["B1 ben CLAIM", "A2 ben RECEIVE"]),
        (json!({ "types": ["COUPON_CLAIM", "COUPON_TRANSFER"] }), &["B1 ben CLAIM", "A2 ann CLAIM", "A2 ann TRANSFER"]),
        (json!({ "poolId": one, "customerId": "ann", "types": ["COUPON_CLAIM"] }), &["A2 ann CLAIM"]),
        (json!({ "poolId": one, "types": ["COUPON_EXPIRE"] }), &[]),
    ] {
        let mut socket = Socket::ready(&app).await;
        socket.subscribe("1", FOLLOW, json!({ "filter": filter })).await;
        sockets.push((filter, socket, expected));
    }
    app.followed_by(sockets.len()).await;
    app.claim(&other, "ben").await;
    app.ok("couponRedeem", json!({ "coupon": { "code": "A1" } })).await;
    app.claim(&one, "ann").await;
    app.ok("couponTransfer", json!({ "coupon": { "code": "A2" }, "toCustomerId": "ben" })).await;
    for (filter, mut socket, expected) in sockets {
        let mut found = Vec::new();
        for _ in expected {
            let event = socket.event().await;
            let (coupon, customer) = (&event["coupon"]["code"], &event["customer"]["externalId"]);
            let kind = text(&event["type"]).replace("COUPON_", "");
            found.push(format!("{} {} {kind}", text(coupon), text(customer)));
        }
        assert_eq!(found, expected, "{filter}");
        socket.heard().await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_goes_on_exactly_there() {
    let app = App::start().await;
    let pool = app.stocked(&["A1", "A2", "A3", "A4", "A5", "A6"]).await;
    app.claim(&pool, "a").await;
    let mut socket = Socket::ready(&app).await;
    socket.subscribe("1", FOLLOW, json!({})).await;
    app.followed_by(1).await;
    app.claim(&pool, "b").await;
    app.claim(&pool, "c").await;
    let event = socket.event().await;
    assert_eq!(event["coupon"]["code"], "A2", "without a cursor from now on");
    drop(socket);
    app.followed_by(0).await;
    app.claim(&pool, "d").await;
    let mut again = Socket::ready(&app).await;
    again.subscribe("1", FOLLOW, json!({ "after": event["cursor"] })).await;
    assert_eq!(again.codes(2).await, ["A3", "A4"]);
    app.claim(&pool, "e").await;
    assert_eq!(again.codes(1).await, ["A5"]);
    // The cursor of a page of events is the same.
    let page = app.data("{ events(first: 2) { pageInfo { endCursor } } }", json!({})).await;
    let cursor = &page["events"]["pageInfo"]["endCursor"];
    again.subscribe("2", FOLLOW, json!({ "after": cursor, "filter": { "customerId": "d" } })).await;
    assert_eq!(again.codes(1).await, ["A4"]);
    app.finish().await;
}

/// How a list is kept up to date: the place first, then the list, then what came after the place.
#[tokio::test]
async fn the_end_of_the_log_can_be_followed_from() {
    let app = App::start().await;
    let pool = app.stocked(&["A1", "A2", "A3"]).await;
    let mut socket = Socket::ready(&app).await;
    for (id, code, customer) in [("1", "A1", "a"), ("2", "A2", "b")] {
        // The first of them is of a log without an event.
        let latest = app.data("{ latestCursor }", json!({})).await["latestCursor"].clone();
        app.claim(&pool, customer).await;
        socket.subscribe(id, FOLLOW, json!({ "after": latest })).await;
        let event = socket.event().await;
        assert_eq!(event["coupon"]["code"], code);
        assert_eq!(app.data("{ latestCursor }", json!({})).await["latestCursor"], event["cursor"]);
        socket.say(&json!({ "type": "complete", "id": id })).await;
        app.followed_by(0).await;
    }
    drop(socket);
    app.finish().await;
}

#[tokio::test]
async fn a_place_that_is_not_there_says_so() {
    let app = App::start().await;
    let pool = app.stocked(&["A1", "A2"]).await;
    app.claim(&pool, "ann").await;
    let mut socket = Socket::ready(&app).await;
    // Places "e1.99", beyond the end, and "e7.1", of another log.
    for (cursor, says) in [("ZTEuOTk", "beyond the end"), ("ZTcuMQ", "not here")] {
        socket.subscribe("1", FOLLOW, json!({ "after": cursor })).await;
        let resync = socket.event().await;
        assert!(text(&resync["reason"]).contains(says), "{resync}");
        assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "1" }), "nothing comes after it");
        socket.subscribe("2", FOLLOW, json!({ "after": resync["oldestCursor"] })).await;
        assert_eq!(socket.codes(1).await, ["A1"]);
        socket.say(&json!({ "type": "complete", "id": "2" })).await;
    }
    // "p1" is the place of a pool.
    for cursor in ["junk!", "cDE"] {
        socket.subscribe("1", FOLLOW, json!({ "after": cursor })).await;
        let refusal = socket.hear().await;
        let error = if refusal["type"] == "error" { &refusal["payload"][0] } else { &refusal["payload"]["errors"][0] };
        assert_eq!(error["extensions"]["code"], "VALUE_INVALID", "{refusal}");
        assert_eq!(error["extensions"]["field"], json!(["after"]));
        if refusal["type"] == "next" {
            assert_eq!(socket.hear().await["type"], "complete");
        }
    }
    app.finish().await;
}

/// Claims the first coupons of a bulk pool, some at once.
async fn claim_many(app: &App, pool: u32, number: u64) {
    let caller = Caller::admin("till", "till");
    let mut tasks = tokio::task::JoinSet::new();
    for part in 0..64 {
        let (scrip, caller) = (Arc::clone(app.scrip()), caller.clone());
        tasks.spawn(async move {
            for customer in (part..number).step_by(64) {
                let claim = Claim::of(PoolId(pool), support::customer(&format!("c{}", customer % 97)));
                scrip.session(caller.clone()).change(None, claim).await.expect("a claim");
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_is_held_is_read_from_the_log() {
    let app = App::start().await;
    app.bulk("LONG-######", 6_000).await;
    claim_many(&app, 1, 3_000).await;
    let customer = json!({ "customerId": "c5" });
    let mut all = Socket::ready(&app).await;
    let mut some = Socket::ready(&app).await;
    // "e1.0" is the place before the first event.
    all.subscribe("1", FOLLOW, json!({ "after": "ZTEuMA" })).await;
    some.subscribe("1", FOLLOW, json!({ "after": "ZTEuMA", "filter": customer })).await;
    claim_many(&app, 1, 3_000).await;
    let mut cursors = Vec::new();
    for _ in 0..6_000 {
        cursors.push(all.event().await["cursor"].clone());
    }
    let read = app.log(&json!({})).await;
    assert!(cursors == read, "every event once and in order");
    let expected = app.log(&customer).await;
    for cursor in expected {
        assert_eq!(some.event().await["cursor"], cursor);
    }
    some.heard().await;
    app.finish().await;
}

impl App {
    /// The cursors of the log, as queries read it.
    pub(super) async fn log(&self, filter: &Value) -> Vec<Value> {
        let query = "query($after: Cursor, $filter: EventFilter) { events(first: 500, after: $after, filter: $filter) { \
            edges { cursor } pageInfo { hasNextPage endCursor } } }";
        let (mut cursors, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = self.data(query, json!({ "after": after, "filter": filter })).await["events"].clone();
            cursors.extend(page["edges"].as_array().expect("edges").iter().map(|edge| edge["cursor"].clone()));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == json!(false) {
                return cursors;
            }
        }
    }
}
