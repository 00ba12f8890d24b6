//! Gift cards: issued, spent, given back in part, adjusted, voided, with their ledgers.

use serde_json::{Value, json};

use super::{App, field};

/// The kind, amount and balance of each ledger entry.
async fn book(app: &App, card: &Value) -> Vec<(String, String, String)> {
    let of = |entry: &Value, name: &str| super::app::text(&entry[name]);
    let entries = app.ledger(card).await;
    entries.iter().map(|entry| (of(entry, "kind"), of(entry, "amount"), of(entry, "balanceAfter"))).collect()
}

fn entries(expected: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

#[tokio::test]
async fn a_card_is_spent_and_given_back_in_part() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    assert_eq!(app.by_code("CARD").await["balance"], Value::Null);
    let card = app.claim(&pool, "ann").await;
    assert_eq!((&card["balance"], &card["status"]), (&json!("50.00"), &json!("CLAIMED")));
    let pay = |amount: &str, transaction: &str| json!({ "coupon": { "code": "card" }, "customerId": "ann", "amount": amount, "transactionId": transaction });
    app.refused("couponRedeem", json!({ "coupon": { "code": "CARD" } }), "AMOUNT_REQUIRED", "amount").await;
    for (amount, code) in [
        ("50.01", "INSUFFICIENT_BALANCE"),
        ("0", "VALUE_INVALID"),
        ("-5", "VALUE_INVALID"),
        ("1.001", "VALUE_INVALID"),
        ("99999999999999999999999999999999999999999", "VALUE_INVALID"),
    ] {
        app.refused("couponRedeem", pay(amount, "t-0"), code, "amount").await;
    }
    let paid = app.mutate("couponRedeem", pay("20", "t-1")).await;
    assert_eq!(
        (&paid["coupon"]["balance"], &paid["coupon"]["status"]),
        (&json!("30.00"), &json!("PARTIALLY_REDEEMED"))
    );
    let entry = paid["ledgerEntry"].clone();
    assert_eq!(
        (&entry["kind"], &entry["amount"], &entry["transactionId"]),
        (&json!("REDEEM"), &json!("-20.00"), &json!("t-1"))
    );
    app.refused("couponRedeem", pay("5", "t-1"), "TRANSACTION_ALREADY_USED", "transactionId").await;

    let give = |entry: &Value, amount: Option<&str>| json!({ "coupon": { "id": card["id"] }, "ledgerEntryId": entry, "amount": amount });
    app.refused("couponUnredeem", give(&Value::Null, None), "REQUIRED", "ledgerEntryId").await;
    app.refused("couponUnredeem", give(&card["id"], None), "NOT_FOUND", "ledgerEntryId").await;
    let part = app.ok("couponUnredeem", give(&entry["id"], Some("5"))).await;
    assert_eq!(
        (&part["balance"], &part["status"], &part["usages"]),
        (&json!("35.00"), &json!("PARTIALLY_REDEEMED"), &json!(1))
    );
    for amount in ["15.01", "0", "-1"] {
        app.refused("couponUnredeem", give(&entry["id"], Some(amount)), "VALUE_INVALID", "amount").await;
    }
    let rest = app.ok("couponUnredeem", give(&entry["id"], None)).await;
    assert_eq!((&rest["balance"], &rest["status"], &rest["usages"]), (&json!("50.00"), &json!("CLAIMED"), &json!(0)));
    app.refused("couponUnredeem", give(&entry["id"], None), "NOT_REDEEMED", "").await;

    let all = app.ok("couponRedeem", pay("50", "t-2")).await;
    assert_eq!((&all["balance"], &all["status"]), (&json!("0.00"), &json!("REDEEMED")));
    app.refused("couponRedeem", pay("1", "t-3"), "ALREADY_REDEEMED", "").await;
    let ledger = app.ledger(&card).await;
    assert_eq!(ledger[2]["reverses"], entry["id"]);
    assert_eq!(
        book(&app, &card).await,
        entries(&[
            ("ISSUE", "50.00", "50.00"),
            ("REDEEM", "-20.00", "30.00"),
            ("REVERSE", "5.00", "35.00"),
            ("REVERSE", "15.00", "50.00"),
            ("REDEEM", "-50.00", "0.00"),
        ])
    );
    let events = app.events(&card).await;
    assert_eq!(field(&events, "amount"), ["50.00", "20.00", "5.00", "15.00", "50.00"]);
    assert_eq!(field(&events, "balanceAfter"), ["50.00", "30.00", "35.00", "50.00", "0.00"]);
    app.finish().await;
}

#[tokio::test]
async fn what_falls_below_the_minimum_is_voided() {
    let app = App::start().await;
    let minimums = json!({ "minimumValue": "5", "minimumRedemptionValue": "10" });
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50", "restrictions": minimums }), &["A", "B"]).await;
    let card = app.claim(&pool, "ann").await;
    let pay = |amount: &str| json!({ "coupon": { "id": card["id"] }, "amount": amount });
    app.refused("couponRedeem", pay("9.99"), "BELOW_MINIMUM_REDEMPTION", "amount").await;
    assert_eq!(app.ok("couponRedeem", pay("45")).await["status"], "PARTIALLY_REDEEMED", "5.00 is not below 5.00");
    app.refused("couponRedeem", pay("4"), "BELOW_MINIMUM_REDEMPTION", "amount").await;
    assert_eq!(app.ok("couponRedeem", pay("5")).await["status"], "REDEEMED", "less than the minimum, but all of it");

    let card = app.claim(&pool, "ben").await;
    let payload = app.mutate("couponRedeem", json!({ "coupon": { "id": card["id"] }, "amount": "45.01" })).await;
    assert_eq!((&payload["coupon"]["status"], &payload["coupon"]["balance"]), (&json!("INVALID"), &json!("0.00")));
    assert_eq!(
        (&payload["ledgerEntry"]["kind"], &payload["ledgerEntry"]["amount"]),
        (&json!("REDEEM"), &json!("-45.01"))
    );
    assert_eq!(
        book(&app, &card).await,
        entries(&[("ISSUE", "50.00", "50.00"), ("REDEEM", "-45.01", "4.99"), ("VOID", "-4.99", "0.00"),])
    );
    let events = app.events(&card).await;
    assert_eq!(field(&events, "type"), ["COUPON_CLAIM", "COUPON_REDEEM", "COUPON_INVALIDATE"]);
    assert_eq!((&events[2]["amount"], &events[2]["balanceAfter"]), (&json!("4.99"), &json!("0.00")));
    app.finish().await;
}

#[tokio::test]
async fn a_balance_is_adjusted_with_a_reason() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "1000", "currency": "JPY" }), &[]).await;
    app.ok("customerUpsert", json!({ "customerId": "ann", "currency": "JPY" })).await;
    app.mutate("couponsAdd", json!({ "poolId": pool, "codes": ["YEN", "IDLE"] })).await;
    let card = app.claim(&pool, "ann").await;
    let adjust =
        |amount: &str, reason: &str| json!({ "coupon": { "id": card["id"] }, "amount": amount, "reason": reason });
    for (amount, reason, code, field) in [
        ("-1001", "too much", "INSUFFICIENT_BALANCE", "amount"),
        ("0", "nothing", "VALUE_INVALID", "amount"),
        ("0.5", "a half", "VALUE_INVALID", "amount"),
        ("100000000000000", "more than a card can hold", "VALUE_INVALID", "amount"),
        ("5", "", "VALUE_INVALID", "reason"),
        ("5", "a\u{7}b", "VALUE_INVALID", "reason"),
    ] {
        app.refused("giftCardAdjust", adjust(amount, reason), code, field).await;
    }
    assert_eq!(app.ok("giftCardAdjust", adjust("500", "goodwill")).await["balance"], "1500");
    let down = app.ok("giftCardAdjust", adjust("-1400", "mistake")).await;
    assert_eq!((&down["balance"], &down["status"]), (&json!("100"), &json!("CLAIMED")));
    let idle = json!({ "coupon": { "code": "IDLE" }, "amount": "5", "reason": "no" });
    app.refused("giftCardAdjust", idle, "NOT_CLAIMED", "").await;
    app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["PLAIN"]).await;
    let plain = json!({ "coupon": { "code": "PLAIN" }, "amount": "5", "reason": "no" });
    app.refused("giftCardAdjust", plain, "VALUE_INVALID", "coupon").await;
    let events = app.events(&card).await;
    assert_eq!(
        (&events[1]["type"], &events[1]["reason"], &events[1]["amount"]),
        (&json!("COUPON_ADJUST"), &json!("goodwill"), &json!("500"))
    );
    assert_eq!(
        book(&app, &card).await,
        entries(&[("ISSUE", "1000", "1000"), ("ADJUST", "500", "1500"), ("ADJUST", "-1400", "100")])
    );
    app.finish().await;
}

#[tokio::test]
async fn a_card_that_goes_back_or_out_leaves_an_empty_ledger() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "10" }), &["A"]).await;
    let card = app.claim(&pool, "ann").await;
    let named = json!({ "coupon": { "id": card["id"] } });
    assert_eq!(app.ok("couponUnassign", named.clone()).await["status"], "UNASSIGNED");
    assert_eq!(app.claim(&pool, "ben").await["balance"], "10.00");
    app.ok("couponRedeem", json!({ "coupon": { "id": card["id"] }, "amount": "3" })).await;
    app.refused("couponUnassign", named.clone(), "ALREADY_REDEEMED", "").await;
    let transfer = json!({ "coupon": { "id": card["id"] }, "toCustomerId": "ann" });
    app.refused("couponTransfer", transfer, "ALREADY_REDEEMED", "").await;
    let out = app.ok("couponInvalidate", named).await;
    assert_eq!((&out["status"], &out["balance"]), (&json!("INVALID"), &json!("0.00")));
    assert_eq!(
        book(&app, &card).await,
        entries(&[
            ("ISSUE", "10.00", "10.00"),
            ("VOID", "-10.00", "0.00"),
            ("ISSUE", "10.00", "10.00"),
            ("REDEEM", "-3.00", "7.00"),
            ("VOID", "-7.00", "0.00"),
        ])
    );
    app.finish().await;
}
