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

/// A coupon knows its latest purchases alone; the others are found by their own rows, and none comes back twice.
#[tokio::test]
async fn a_use_of_long_ago_comes_back_once_by_its_purchase() {
    let app = App::start().await;
    let pool = aggregated(&app, json!({ "type": "AMOUNT", "value": "5", "returnable": true }), &["A"]).await;
    let coupon = json!({ "coupon": { "code": "A" } });
    for number in 0..12 {
        app.claim(&pool, "ann").await;
        let mut used = coupon.clone();
        used["transactionId"] = json!(format!("t-{number}"));
        app.ok("couponRedeem", used).await;
    }
    let of = |transaction: &str| json!({ "coupon": { "code": "A" }, "transactionId": transaction });
    // The oldest, the latest by name, and the latest without: t-10.
    for (input, usages, transaction) in [(of("t-0"), 11, "t-0"), (of("t-11"), 10, "t-11"), (coupon, 9, "t-10")] {
        let back = app.ok("couponUnredeem", input).await;
        assert_eq!(back["usages"], usages);
        let told = app.events(&back).await.pop().expect("an event");
        assert_eq!((&told["type"], &told["transactionId"]), (&json!("COUPON_UNREDEEM"), &json!(transaction)));
    }
    for transaction in ["t-0", "t-11", "t-10", "t-12"] {
        app.refused("couponUnredeem", of(transaction), "NOT_FOUND", "transactionId").await;
    }
    // Used again meanwhile, so that it knows eight of its purchases once more.
    for number in 20..22 {
        app.ok("couponRedeem", of(&format!("t-{number}"))).await;
    }
    app.refused("couponUnredeem", of("t-0"), "NOT_FOUND", "transactionId").await;
    assert_eq!(app.ok("couponUnredeem", of("t-1")).await["usages"], 10);
    app.finish().await;
}

/// What staff took back does not come back with its purchase once more, also where the coupon has forgotten it.
#[tokio::test]
async fn a_return_brings_no_use_back_that_staff_took_back() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let pool = json!({ "type": "AMOUNT", "value": "5", "returnable": true });
    let pool = aggregated(&app, pool, &["A"]).await;
    let buy = async |number: u32| {
        let basket = json!({ "currency": "EUR", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": "100" }] });
        let order = json!({ "transactionId": format!("t-{number}"), "customerId": "ann", "basket": basket,
            "coupons": [{ "code": "A" }] });
        app.ok("checkoutComplete", order).await
    };
    for number in 0..10 {
        app.claim(&pool, "ann").await;
        buy(number).await;
    }
    app.ok("couponUnredeem", json!({ "coupon": { "code": "A" } })).await;
    buy(10).await;
    let back = async |number: u32| app.ok("checkoutReturn", json!({ "transactionId": format!("t-{number}") })).await;
    for (number, usages) in [(9, 10), (0, 9), (10, 8)] {
        let told = back(number).await;
        let given = told["returns"][0]["coupons"].as_array().expect("coupons").len();
        assert_eq!(
            (given, &app.by_code("A").await["usages"]),
            (usize::from(number != 9), &json!(usages)),
            "t-{number}"
        );
    }
    app.finish().await;
}

/// A gift card's redemption is named by its ledger entry, or by the purchase.
#[tokio::test]
async fn what_a_card_paid_comes_back_by_its_purchase() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    app.claim(&pool, "ann").await;
    let paid = json!({ "coupon": { "code": "CARD" }, "amount": "20", "transactionId": "t-1" });
    app.ok("couponRedeem", paid).await;
    let back = |transaction: &str| json!({ "coupon": { "code": "CARD" }, "transactionId": transaction, "amount": "5" });
    assert_eq!(app.ok("couponUnredeem", back("t-1")).await["balance"], "35.00");
    app.refused("couponUnredeem", back("t-2"), "NOT_FOUND", "transactionId").await;
    app.refused("couponUnredeem", json!({ "coupon": { "code": "CARD" } }), "REQUIRED", "ledgerEntryId").await;
    app.finish().await;
}
