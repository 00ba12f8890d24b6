//! The clock: time never goes backwards, a retry is a retry whatever day it is said to be, and a clock that was set
//! far ahead is not believed before an operator says so.

use serde_json::{Value, json};

use super::{App, field, items};

/// Pays ten with an idempotency key.
fn payment(key: &str) -> Value {
    json!({ "coupon": { "code": "A" }, "amount": "10", "idempotencyKey": key })
}

/// A gift card of a hundred, claimed.
async fn card(app: &App) {
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "100" }), &["A"]).await;
    app.claim(&pool, "ann").await;
}

#[tokio::test]
async fn a_payment_is_one_whatever_the_clock_says() {
    for (first, later) in [
        ("2026-02-01T00:00:02Z", "2026-01-31T23:59:47Z"),
        ("2026-02-01T00:00:02Z", "2026-01-01T00:00:00Z"),
        ("2026-02-01T00:00:02Z", "2026-02-01T23:59:59Z"),
        ("2026-02-01T23:59:59Z", "2026-02-02T00:00:01Z"),
    ] {
        let app = App::start().await;
        card(&app).await;
        app.set_clock(first);
        assert_eq!(app.ok("couponRedeem", payment("k")).await["balance"], "90.00");
        app.clock.set_wrong(later.parse().expect("an instant"));
        assert_eq!(app.ok("couponRedeem", payment("k")).await["balance"], "90.00", "{first}, then {later}");
        assert_eq!(app.by_code("A").await["balance"], "90.00");
        app.finish().await;
    }
}

#[tokio::test]
async fn time_does_not_go_backwards() {
    let app = App::start().await;
    let restrictions = json!({ "expirationPeriod": "PT1H" });
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "1", "restrictions": restrictions }), &["A", "B"]).await;
    app.claim(&pool, "ann").await;
    app.set_clock("2026-01-31T11:00:00Z");
    assert_eq!(app.by_code("A").await["status"], "EXPIRED");
    app.set_clock("2026-01-31T10:30:00Z");
    assert_eq!(app.by_code("A").await["status"], "EXPIRED", "what was over stays over");
    assert_eq!(app.claim(&pool, "ben").await["claimedAt"], "2026-01-31T11:00:00.000Z");
    app.set_clock("2026-01-31T11:00:00.500Z");
    let log = items(&app.data("{ events { edges { node { at } } } }", json!({})).await["events"]);
    let times: Vec<_> = log.iter().map(|event| event["at"].as_str().expect("an instant")).collect();
    assert!(times.is_sorted(), "{times:?}");
    app.finish().await;
}

#[tokio::test]
async fn a_clock_far_ahead_stops_changes_until_it_is_right() {
    let app = App::start().await;
    card(&app).await;
    let restrictions = json!({ "expirationPeriod": "P1D" });
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "1", "restrictions": restrictions }), &["B", "C"]).await;
    app.claim(&pool, "ann").await;
    app.ok("couponRedeem", payment("k")).await;
    let restrictions = json!({ "expirationPeriod": "PT1H" });
    let short = app.pool(json!({ "type": "AMOUNT", "value": "1", "restrictions": restrictions }), &["D", "E"]).await;
    app.claim(&short, "ann").await;

    app.clock.set_wrong("2026-02-02T10:00:01Z".parse().expect("an instant"));
    let refused = app.mutate("couponClaim", json!({ "poolId": pool, "customerId": "ben" })).await;
    assert_eq!(refused["userErrors"][0]["code"], "DATABASE_UNAVAILABLE");
    let message = refused["userErrors"][0]["message"].as_str().expect("a message");
    for word in ["try again", "2026-02-02T10:00:01Z", "scrip clock confirm"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert_eq!(app.by_code("B").await["status"], "CLAIMED", "it is not the day that the clock says");
    assert_eq!(app.ok("couponRedeem", payment("k")).await["balance"], "90.00", "what was answered is answered again");
    app.refused("couponRedeem", payment("new"), "DATABASE_UNAVAILABLE", "").await;
    let (status, said) = app.readiness().await;
    assert!(status == 503 && said.contains("scrip clock confirm"), "{status} {said}");

    // What time does is recorded later, and still every reader sees it.
    app.clock.set("2026-02-02T11:00:01Z".parse().expect("an instant"));
    assert_eq!(app.by_code("D").await["status"], "EXPIRED");
    for (statuses, codes) in [("EXPIRED", &["D"][..]), ("CLAIMED", &[]), ("UNASSIGNED", &["E"])] {
        let page = app.coupons(&short, &format!("filter: {{ statuses: [{statuses}] }}")).await;
        assert_eq!(field(&items(&page), "code"), codes, "{statuses}");
    }

    // An hour has passed, and the clock was set right.
    app.clock.set_wrong("2026-01-31T11:00:00Z".parse().expect("an instant"));
    assert_eq!(app.readiness().await, (200, "ready\n".to_owned()));
    assert_eq!(app.claim(&pool, "ben").await["claimedAt"], "2026-01-31T11:00:00.000Z");
    assert_eq!(app.ok("couponRedeem", payment("new")).await["balance"], "80.00", "a refusal of that kind is not kept");
    assert_eq!(app.stats(&short).await, json!({ "total": 2, "unassigned": 1, "expired": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn an_operator_confirms_a_clock_that_is_right() {
    let app = App::start().await;
    card(&app).await;
    app.ok("couponRedeem", payment("k")).await;
    app.clock.set_wrong("2026-03-01T00:00:00Z".parse().expect("an instant"));
    app.refused("couponRedeem", payment("new"), "DATABASE_UNAVAILABLE", "").await;
    app.scrip().operator().confirm_clock().await.expect("an operator's word");
    assert_eq!(app.readiness().await.0, 200);
    assert_eq!(app.ok("couponRedeem", payment("k")).await["balance"], "90.00", "an answer of an hour ago is kept");
    let paid = app.ok("couponRedeem", payment("new")).await;
    assert_eq!((&paid["balance"], &paid["redeemedAt"]), (&json!("80.00"), &json!("2026-03-01T00:00:00.000Z")));
    app.finish().await;
}
