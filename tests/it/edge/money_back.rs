//! Money comes back: a redemption that stands can always be taken back, and an end can be set anew.

use serde_json::{Value, json};

use super::{App, field};

fn named(coupon: &Value) -> Value {
    json!({ "coupon": { "id": coupon["id"] } })
}

fn with(coupon: &Value, fields: &Value) -> Value {
    let mut input = named(coupon);
    input.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
    input
}

/// Takes back what the entry of a card with a number paid, or a part of it.
async fn back(app: &App, card: &Value, number: usize, amount: Option<&str>) -> Value {
    let entry = app.ledger(card).await[number]["id"].clone();
    app.ok("couponUnredeem", with(card, &json!({ "ledgerEntryId": entry, "amount": amount }))).await
}

#[tokio::test]
async fn a_voided_card_lives_again_when_it_is_no_longer_below_its_minimum() {
    let app = App::start().await;
    let restrictions = json!({ "minimumValue": "1" });
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "100", "restrictions": restrictions }), &["A"]).await;
    let card = app.claim(&pool, "ann").await;
    let paid = app.ok("couponRedeem", with(&card, &json!({ "amount": "99.50", "transactionId": "t-1" }))).await;
    assert_eq!((&paid["status"], &paid["balance"]), (&json!("INVALID"), &json!("0.00")));
    let part = back(&app, &card, 1, Some("0.30")).await;
    assert_eq!((&part["status"], &part["balance"]), (&json!("INVALID"), &json!("0.30")));
    app.refused("couponReinstate", named(&card), "INVALIDATED", "").await;
    let rest = back(&app, &card, 1, None).await;
    assert_eq!((&rest["status"], &rest["balance"], &rest["usages"]), (&json!("CLAIMED"), &json!("100.00"), &json!(0)));
    assert_eq!((&rest["redeemedAt"], &rest["invalidatedAt"]), (&Value::Null, &Value::Null));
    let ledger = app.ledger(&card).await;
    assert_eq!(field(&ledger, "kind"), ["ISSUE", "REDEEM", "VOID", "REVERSE", "REVERSE", "REVERSE"]);
    assert_eq!(
        field(&ledger, "reverses")[3..],
        [&ledger[1]["id"], &ledger[1]["id"], &ledger[2]["id"]].map(Clone::clone)
    );
    let events = app.events(&card).await;
    let types = field(&events, "type");
    assert_eq!(types[3..], ["COUPON_UNREDEEM", "COUPON_UNREDEEM", "COUPON_REINSTATE"]);
    assert_eq!(field(&events, "transactionId")[3..], [json!("t-1"), json!("t-1"), Value::Null]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 1, "claimed": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn an_expired_card_holds_what_comes_back_and_its_end_can_be_set() {
    let app = App::start().await;
    let restrictions = json!({ "expirationPeriod": "P1M" });
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50", "restrictions": restrictions }), &["A", "B"]).await;
    let (card, idle) = (app.claim(&pool, "ann").await, app.claim(&pool, "ann").await);
    app.ok("couponRedeem", with(&card, &json!({ "amount": "20" }))).await;
    app.set_clock("2026-06-01T00:00:00Z");
    let held = back(&app, &card, 1, None).await;
    assert_eq!((&held["status"], &held["balance"]), (&json!("EXPIRED"), &json!("50.00")));
    assert_eq!(app.stats(&pool).await, json!({ "total": 2, "expired": 2 }));
    let pay = with(&card, &json!({ "amount": "5" }));
    app.refused("couponRedeem", pay.clone(), "EXPIRED", "").await;
    for past in ["2026-06-01T00:00:00Z", "2026-01-01T00:00:00Z"] {
        app.refused("couponExtend", with(&card, &json!({ "expiresAt": past })), "VALUE_INVALID", "expiresAt").await;
    }
    let extend =
        with(&card, &json!({ "expiresAt": "2026-07-01T00:00:00Z", "reason": "goodwill", "idempotencyKey": "k" }));
    let longer = app.ok("couponExtend", extend.clone()).await;
    assert_eq!((&longer["status"], &longer["expiresAt"]), (&json!("CLAIMED"), &json!("2026-07-01T00:00:00.000Z")));
    assert_eq!(app.ok("couponExtend", extend.clone()).await, longer, "the same key has the same answer");
    let mut other = extend;
    other["expiresAt"] = json!("2026-08-01T00:00:00Z");
    app.refused("couponExtend", other, "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    let told = app.events(&card).await;
    let types = field(&told, "type");
    assert_eq!(types[2..], ["COUPON_EXPIRE", "COUPON_UNREDEEM", "COUPON_EXTEND"]);
    let last = &told[4];
    assert_eq!((&last["reason"], &last["statusBefore"]), (&json!("goodwill"), &json!("EXPIRED")));
    assert_eq!(app.ok("couponRedeem", pay).await["status"], "PARTIALLY_REDEEMED");
    app.set_clock("2026-07-01T00:00:00Z");
    assert_eq!(app.by_code("A").await["status"], "EXPIRED", "at its new end");
    assert_eq!(app.by_code("B").await["id"], idle["id"]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 2, "expired": 2, "usages": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn an_end_is_set_where_somebody_holds_a_coupon_that_can_be_used() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B"]).await;
    let until = json!({ "expiresAt": "2026-03-01T00:00:00Z" });
    let coupon = app.by_code("A").await;
    app.refused("couponExtend", with(&coupon, &until), "NOT_CLAIMED", "").await;
    app.claim(&pool, "ann").await;
    let shorter = app.ok("couponExtend", with(&coupon, &until)).await;
    assert_eq!((&shorter["status"], &shorter["expiresAt"]), (&json!("CLAIMED"), &json!("2026-03-01T00:00:00.000Z")));
    app.ok("couponRedeem", with(&coupon, &json!({ "transactionId": "t-1" }))).await;
    app.refused("couponExtend", with(&coupon, &until), "ALREADY_REDEEMED", "").await;
    app.ok("couponUnredeem", named(&coupon)).await;
    let told = app.events(&coupon).await.pop().expect("an event");
    assert_eq!((&told["type"], &told["transactionId"]), (&json!("COUPON_UNREDEEM"), &json!("t-1")));
    app.ok("couponInvalidate", named(&coupon)).await;
    app.refused("couponExtend", with(&coupon, &until), "INVALIDATED", "").await;
    let wrong = json!({ "coupon": { "code": "A" }, "expiresAt": "2026-03-01" });
    let query = "mutation($input: CouponExtendInput!) { couponExtend(input: $input) { userErrors { code } } }";
    let refused = app.query_refused(query, json!({ "input": wrong })).await;
    assert_eq!(refused, ("VALUE_INVALID".to_owned(), "expiresAt".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn a_card_adjusted_to_zero_is_redeemed_and_counted_so() {
    let app = App::start().await;
    let restrictions = json!({ "minimumValue": "5" });
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50", "restrictions": restrictions }), &["A", "B"]).await;
    let (empty, little) = (app.claim(&pool, "ann").await, app.claim(&pool, "ann").await);
    let adjust = |card: &Value, amount: &str| with(card, &json!({ "amount": amount, "reason": "a mistake" }));
    let card = app.ok("giftCardAdjust", adjust(&empty, "-50")).await;
    assert_eq!((&card["status"], &card["balance"]), (&json!("REDEEMED"), &json!("0.00")));
    app.refused("giftCardAdjust", adjust(&empty, "5"), "ALREADY_REDEEMED", "").await;
    let card = app.ok("giftCardAdjust", adjust(&little, "-45.01")).await;
    assert_eq!((&card["status"], &card["balance"]), (&json!("INVALID"), &json!("0.00")));
    assert_eq!(field(&app.ledger(&little).await, "kind"), ["ISSUE", "ADJUST", "VOID"]);
    let events = app.events(&little).await;
    assert_eq!(field(&events, "type"), ["COUPON_CLAIM", "COUPON_ADJUST", "COUPON_INVALIDATE"]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 2, "redeemed": 1, "invalid": 1 }));
    app.finish().await;
}
