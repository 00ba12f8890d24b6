//! What time does: at the very instant, for every reader.

use serde_json::json;

use super::{App, field, items};

const LISTS: &str = "query($pool: ID!) {
    pool(id: $pool) {
        stats { claimed partiallyRedeemed expired }
        live: coupons(filter: { statuses: [CLAIMED, PARTIALLY_REDEEMED] }) { edges { node { code } } }
        over: coupons(filter: { statuses: [EXPIRED] }) { edges { node { code status } } }
    }
    events(filter: { types: [COUPON_EXPIRE] }) { edges { node { at actor statusBefore statusAfter coupon { code } } } }
    customer(id: \"ann\") { coupons(filter: { statuses: [EXPIRED] }) { edges { node { code } } }
        events { edges { node { type } } } }
}";

#[tokio::test]
async fn a_month_after_january_ends_with_february() {
    let app = App::start().await;
    let restrictions = json!({ "expirationPeriod": "P1M" });
    let pool =
        app.pool(json!({ "type": "GIFT_CARD", "value": "10", "restrictions": restrictions }), &["A", "B", "C"]).await;
    let card = app.claim(&pool, "ann").await;
    assert_eq!(card["expiresAt"], "2026-02-28T10:00:00.000Z");
    app.ok("couponRedeem", json!({ "coupon": { "code": "A" }, "amount": "1" })).await;
    app.set_clock("2026-02-01T00:00:00Z");
    app.claim(&pool, "ben").await;

    app.set_clock("2026-02-28T09:59:59.999Z");
    let before = app.data(LISTS, json!({ "pool": pool })).await;
    assert_eq!(before["pool"]["stats"], json!({ "claimed": 1, "partiallyRedeemed": 1, "expired": 0 }));
    assert_eq!(before["pool"]["over"]["edges"], json!([]));
    assert_eq!(before["events"]["edges"], json!([]));

    for reader in ["the log", "the coupon", "the customer", "the counts", "the list"] {
        // Each reader alone, on an app of its own: none depends on another having looked before it.
        read_at_the_instant(reader).await;
    }

    app.set_clock("2026-02-28T10:00:00Z");
    let at = app.data(LISTS, json!({ "pool": pool })).await;
    assert_eq!(at["pool"]["stats"], json!({ "claimed": 1, "partiallyRedeemed": 0, "expired": 1 }));
    assert_eq!(field(&items(&at["pool"]["live"]), "code"), ["B"]);
    assert_eq!(items(&at["pool"]["over"]), [json!({ "code": "A", "status": "EXPIRED" })]);
    assert_eq!(
        items(&at["events"]),
        [json!({ "at": "2026-02-28T10:00:00.000Z", "actor": "scrip", "coupon": { "code": "A" },
        "statusBefore": "PARTIALLY_REDEEMED", "statusAfter": "EXPIRED" })]
    );
    assert_eq!(field(&items(&at["customer"]["coupons"]), "code"), ["A"]);
    assert_eq!(field(&items(&at["customer"]["events"]), "type"), ["COUPON_CLAIM", "COUPON_REDEEM", "COUPON_EXPIRE"]);

    let named = json!({ "coupon": { "id": card["id"] } });
    for mutation in ["couponUnassign", "couponInvalidate"] {
        app.refused(mutation, named.clone(), "EXPIRED", "").await;
    }
    app.refused("couponRedeem", json!({ "coupon": { "code": "A" }, "amount": "1" }), "EXPIRED", "").await;
    let transfer = json!({ "coupon": { "code": "A" }, "toCustomerId": "ben" });
    app.refused("couponTransfer", transfer, "EXPIRED", "").await;
    assert_eq!(app.by_code("A").await["balance"], "9.00", "what was on it stays in the books");
    app.finish().await;
}

async fn read_at_the_instant(reader: &str) {
    let app = App::start().await;
    let restrictions = json!({ "expirationPeriod": "PT1H" });
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "1", "restrictions": restrictions }), &["A"]).await;
    let coupon = app.claim(&pool, "ann").await;
    app.set_clock("2026-01-31T11:00:00Z");
    let last = |events: &[serde_json::Value]| events.last().expect("an event")["type"].clone();
    match reader {
        "the log" => {
            let log = app.data("{ events { edges { node { type } } } }", json!({})).await;
            assert_eq!(last(&items(&log["events"])), "COUPON_EXPIRE");
        }
        "the coupon" => {
            assert_eq!(app.by_code("A").await["status"], "EXPIRED");
            assert_eq!(last(&app.events(&coupon).await), "COUPON_EXPIRE");
        }
        "the customer" => {
            let found = app.data("{ customer(id: \"ann\") { events { edges { node { type } } } } }", json!({})).await;
            assert_eq!(last(&items(&found["customer"]["events"])), "COUPON_EXPIRE");
        }
        "the counts" => assert_eq!(app.stats(&pool).await, json!({ "total": 1, "expired": 1 })),
        _ => {
            let found = app.data(LISTS, json!({ "pool": pool })).await;
            assert_eq!(field(&items(&found["pool"]["over"]), "code"), ["A"]);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_redemption_taken_back_after_the_end_is_over() {
    let app = App::start().await;
    let restrictions = json!({ "expirationPeriod": "P1D" });
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "1", "restrictions": restrictions }), &["A"]).await;
    let coupon = app.claim(&pool, "ann").await;
    let named = json!({ "coupon": { "id": coupon["id"] } });
    app.ok("couponRedeem", named.clone()).await;
    app.set_clock("2026-03-01T00:00:00Z");
    assert_eq!(app.by_code("A").await["status"], "REDEEMED", "time ends only what can still be used");
    app.ok("couponUnredeem", named.clone()).await;
    assert_eq!(app.by_code("A").await["status"], "EXPIRED");
    app.refused("couponRedeem", named, "EXPIRED", "").await;
    assert_eq!(app.stats(&pool).await, json!({ "total": 1, "expired": 1 }));
    app.finish().await;
}
