//! Aggregated pools: each claim gives the customer one more use of the same code and starts its time anew.

use serde_json::{Value, json};

use super::{App, app::text, field};

async fn aggregated(app: &App, pool: Value, codes: &[&str]) -> String {
    let mut pool = pool;
    pool["aggregated"] = json!(true);
    app.pool(pool, codes).await
}

#[tokio::test]
async fn the_yearly_birthday_coupon_works_for_three_years() {
    let app = App::start().await;
    let pool = json!({ "name": "birthday", "source": "GENERATED", "type": "AMOUNT", "value": "5", "pattern": "BIRTHDAY",
        "aggregated": true, "restrictions": { "expirationPeriod": "P1M" } });
    let pool = text(&app.ok("poolCreate", pool).await["id"]);
    let by = |year: u32| json!({ "coupon": { "code": "birthday" }, "customerId": "ann", "transactionId": format!("t-{year}") });
    let mut first = Value::Null;
    for (claims, year) in (1..).zip([2026_u32, 2027, 2028]) {
        app.set_clock(&format!("{year}-03-01T08:00:00Z"));
        let coupon = app.claim(&pool, "ann").await;
        if year == 2026 {
            first = coupon["id"].clone();
        }
        assert_eq!((&coupon["id"], &coupon["claims"], &coupon["status"]), (&first, &json!(claims), &json!("CLAIMED")));
        assert_eq!(coupon["claimedAt"], format!("{year}-03-01T08:00:00.000Z"));
        assert_eq!(coupon["expiresAt"], format!("{year}-04-01T08:00:00.000Z"));
        let used = app.ok("couponRedeem", by(year)).await;
        assert_eq!((&used["status"], &used["usages"]), (&json!("REDEEMED"), &json!(claims)));
        let again = json!({ "coupon": { "code": "birthday" }, "customerId": "ann" });
        app.refused("couponRedeem", again, "ALREADY_REDEEMED", "").await;
    }
    assert_eq!(app.stats(&pool).await, json!({ "total": 1, "redeemed": 1, "usages": 3 }));
    app.finish().await;
}

#[tokio::test]
async fn one_that_expired_lives_again() {
    let app = App::start().await;
    let terms = json!({ "type": "PERCENTAGE", "value": "10", "restrictions": { "expirationPeriod": "P1M" } });
    let pool = aggregated(&app, terms, &["A", "B"]).await;
    let coupon = app.claim(&pool, "ann").await;
    app.set_clock("2027-01-31T10:00:00Z");
    app.refused("couponRedeem", json!({ "coupon": { "code": "A" } }), "EXPIRED", "").await;
    let again = app.claim(&pool, "ann").await;
    assert_eq!((&again["id"], &again["status"], &again["claims"]), (&coupon["id"], &json!("CLAIMED"), &json!(2)));
    assert_eq!(again["expiresAt"], "2027-02-28T10:00:00.000Z");
    let events = app.events(&coupon).await;
    assert_eq!(field(&events, "type"), ["COUPON_CLAIM", "COUPON_EXPIRE", "COUPON_CLAIM"]);
    assert_eq!(field(&events, "actor"), ["till", "scrip", "till"]);
    app.finish().await;
}

#[tokio::test]
async fn it_is_redeemed_when_usages_equal_claims() {
    let app = App::start().await;
    let pool = aggregated(&app, json!({ "type": "AMOUNT", "value": "5" }), &["A"]).await;
    let coupon = app.claim(&pool, "ann").await;
    app.claim(&pool, "ann").await;
    let use_it = |transaction: &str| json!({ "coupon": { "code": "A" }, "transactionId": transaction });
    assert_eq!(app.ok("couponRedeem", use_it("t-1")).await["status"], "CLAIMED");
    app.refused("couponRedeem", use_it("t-1"), "TRANSACTION_ALREADY_USED", "transactionId").await;
    app.refused("couponUnassign", json!({ "coupon": { "code": "A" } }), "ALREADY_REDEEMED", "").await;
    assert_eq!(app.ok("couponRedeem", use_it("t-2")).await["status"], "REDEEMED");
    app.refused("couponRedeem", use_it("t-3"), "ALREADY_REDEEMED", "").await;
    for (usages, transaction) in [(1, "t-2"), (0, "t-1")] {
        let back = app.ok("couponUnredeem", json!({ "coupon": { "code": "A" } })).await;
        assert_eq!((&back["status"], &back["usages"]), (&json!("CLAIMED"), &json!(usages)));
        let told = app.events(&coupon).await.pop().expect("an event");
        assert_eq!((&told["type"], &told["transactionId"]), (&json!("COUPON_UNREDEEM"), &json!(transaction)));
    }
    app.refused("couponUnredeem", json!({ "coupon": { "code": "A" } }), "NOT_REDEEMED", "").await;
    app.finish().await;
}

#[tokio::test]
async fn a_gift_card_is_topped_up() {
    let app = App::start().await;
    let pool = aggregated(&app, json!({ "type": "GIFT_CARD", "value": "20" }), &["A"]).await;
    let card = app.claim(&pool, "ann").await;
    assert_eq!(app.claim(&pool, "ann").await["balance"], "40.00");
    let pay = json!({ "coupon": { "code": "A" }, "amount": "40" });
    assert_eq!(app.ok("couponRedeem", pay).await["status"], "REDEEMED");
    let again = app.claim(&pool, "ann").await;
    assert_eq!((&again["status"], &again["balance"]), (&json!("PARTIALLY_REDEEMED"), &json!("20.00")));
    let ledger = app.ledger(&card).await;
    assert_eq!(field(&ledger, "kind"), ["ISSUE", "ISSUE", "REDEEM", "ISSUE"]);
    let events = app.events(&card).await;
    assert_eq!(field(&events, "amount"), ["20.00", "20.00", "40.00", "20.00"]);
    app.finish().await;
}

#[tokio::test]
async fn after_an_invalidation_the_next_claim_gives_a_fresh_code() {
    let app = App::start().await;
    let pool = aggregated(&app, json!({ "type": "AMOUNT", "value": "5" }), &["A", "B", "C"]).await;
    let named = |coupon: &Value| json!({ "coupon": { "id": coupon["id"] } });
    let one = app.claim(&pool, "ann").await;
    app.ok("couponInvalidate", named(&one)).await;
    let two = app.claim(&pool, "ann").await;
    assert_eq!((&two["code"], &two["claims"]), (&json!("B"), &json!(1)));
    assert_eq!(app.claim(&pool, "ann").await["id"], two["id"]);
    app.ok("couponRedeem", named(&two)).await;
    app.ok("couponRedeem", named(&two)).await;
    assert_eq!(app.claim(&pool, "ann").await["claims"], 3, "one that is used up is given again");
    app.ok("couponInvalidate", named(&two)).await;
    assert_eq!(app.claim(&pool, "ann").await["code"], "C");
    app.finish().await;
}
