//! The checkout: what is decided, what is recorded, and what auto redeem redeems.

use serde_json::{Value, json};

use super::{App, app::VERDICT};

async fn preview(app: &App, input: &Value) -> Value {
    let query = format!("query($input: CheckoutInput!) {{ checkoutPreview(input: $input) {{ {VERDICT} }} }}");
    app.data(&query, json!({ "input": input })).await["checkoutPreview"].clone()
}

/// Ann's basket: 2 x 30.00 of p1, 1 x 40.00 of p2, 4.90 shipping.
fn order(transaction: &str, codes: &[&str]) -> Value {
    json!({
        "transactionId": transaction, "customerId": "ann",
        "basket": { "currency": "EUR", "storeId": "s1", "shipping": "4.90", "lines": [
            { "productId": "p1", "quantity": 2, "unitPrice": "30" }, { "productId": "p2", "quantity": 1, "unitPrice": "40.00" } ] },
        "coupons": codes.iter().map(|code| json!({ "code": code })).collect::<Vec<_>>(),
    })
}

/// Pools of all four types, with codes TEN, HALF, SHIP and CARD (which ann holds).
async fn shop() -> App {
    let app = App::start().await;
    app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["TEN", "TEN-2"]).await;
    app.pool(json!({ "type": "PERCENTAGE", "value": "12.5", "restrictions": { "products": ["p1"] } }), &["PART"]).await;
    app.pool(json!({ "type": "FREE_SHIPPING" }), &["SHIP"]).await;
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD", "CARD-2"]).await;
    app.claim(&cards, "ann").await;
    app
}

fn discounts(verdict: &Value) -> Vec<String> {
    let coupons = verdict["coupons"].as_array().expect("coupons");
    coupons.iter().map(|coupon| super::app::text(&coupon["discount"])).collect()
}

fn reasons(coupon: &Value) -> Vec<String> {
    coupon["reasons"].as_array().expect("reasons").iter().map(|reason| super::app::text(&reason["code"])).collect()
}

#[tokio::test]
async fn each_coupon_takes_off_what_it_is_worth_and_cards_pay_last() {
    let app = shop().await;
    for (codes, expected, payable) in [
        (&[][..], &[][..], "104.90"),
        (&["TEN"], &["10.00"], "94.90"),
        (&["part"], &["7.50"], "97.40"),
        (&["SHIP"], &["4.90"], "100.00"),
        (&["CARD"], &["50.00"], "54.90"),
        (&["CARD", "TEN", "PART", "SHIP"], &["50.00", "10.00", "7.50", "4.90"], "32.50"),
        (&["CARD", "CARD-2", "TEN", "SHIP"], &["50.00", "40.00", "10.00", "4.90"], "0.00"),
    ] {
        let verdict = preview(&app, &order("t-0", codes)).await;
        assert_eq!(
            (discounts(&verdict), &verdict["payable"]),
            (expected.iter().map(|d| (*d).to_owned()).collect(), &json!(payable)),
            "{codes:?}"
        );
        assert_eq!(verdict["total"], "104.90");
        assert!(verdict["coupons"].as_array().expect("coupons").iter().all(|coupon| coupon["redeemed"] == false));
    }
    let mut asked = order("t-0", &["CARD"]);
    asked["coupons"][0]["amount"] = json!("20");
    assert_eq!(preview(&app, &asked).await["discount"], "20.00");
    for (amount, code) in [("50.01", "INSUFFICIENT_BALANCE"), ("0", "VALUE_INVALID"), ("1.001", "VALUE_INVALID")] {
        asked["coupons"][0]["amount"] = json!(amount);
        let verdict = preview(&app, &asked).await;
        assert_eq!(
            (reasons(&verdict["coupons"][0]), &verdict["discount"]),
            (vec![code.to_owned()], &json!("0.00")),
            "{amount}"
        );
    }
    assert_eq!(app.by_code("CARD").await["balance"], "50.00", "a preview changes nothing");
    assert_eq!(app.by_code("TEN").await["status"], "UNASSIGNED");
    app.finish().await;
}

#[tokio::test]
async fn every_check_is_told() {
    let app = shop().await;
    let strict = json!({ "stores": ["s9"], "products": ["p9"], "purchaseMinimum": "500" });
    app.pool(json!({ "type": "AMOUNT", "value": "5", "restrictions": strict }), &["STRICT"]).await;
    let short = app
        .pool(
            json!({ "type": "AMOUNT", "value": "5", "restrictions": { "expirationPeriod": "PT1H" } }),
            &["SHORT", "BENS"],
        )
        .await;
    app.claim(&short, "ann").await;
    app.claim(&short, "ben").await;
    app.pool(json!({ "type": "AMOUNT", "value": "500", "currency": "JPY" }), &["YEN"]).await;
    app.ok("couponInvalidate", json!({ "coupon": { "code": "TEN-2" } })).await;
    let verdict = preview(&app, &order("t-0", &["NOPE", "STRICT", "BENS", "YEN", "TEN-2", "TEN", "ten"])).await;
    let coupons = verdict["coupons"].as_array().expect("coupons");
    for (coupon, expected) in coupons.iter().zip([
        &["NOT_FOUND"][..],
        &["PURCHASE_MINIMUM_NOT_MET", "STORE_NOT_ALLOWED", "PRODUCT_NOT_ELIGIBLE"],
        &["NOT_OWNER"],
        &["CURRENCY_MISMATCH"],
        &["INVALIDATED"],
        &[],
        &["DUPLICATE"],
    ]) {
        assert_eq!(reasons(coupon), expected, "{coupon}");
        assert_eq!(coupon["redeemable"], expected.is_empty());
        let failed = coupon["trace"].as_array().expect("a trace").iter().filter(|check| check["passed"] == false);
        assert_eq!(failed.count(), expected.len(), "{coupon}");
    }
    assert_eq!(coupons[0]["coupon"], Value::Null);
    let trace = coupons[5]["trace"].as_array().expect("a trace").iter();
    let names: Vec<_> = trace.map(|check| super::app::text(&check["check"])).collect();
    for name in ["existence", "status", "owner", "expiry", "currency", "purchase minimum", "store", "products"] {
        assert!(names.iter().any(|found| found == name), "{name} is not among {names:?}");
    }
    let mut later = order("t-0", &["SHORT"]);
    assert_eq!(preview(&app, &later).await["coupons"][0]["redeemable"], true);
    later["at"] = json!("2026-01-31T11:00:00Z");
    assert_eq!(reasons(&preview(&app, &later).await["coupons"][0]), ["EXPIRED"], "at the very instant");
    app.finish().await;
}

#[tokio::test]
async fn a_completed_checkout_is_recorded_once() {
    let app = shop().await;
    let input = order("t-1", &["TEN", "CARD"]);
    let verdict = app.ok("checkoutComplete", input.clone()).await;
    assert_eq!((&verdict["payable"], &verdict["coupons"][0]["redeemed"]), (&json!("44.90"), &json!(false)));
    assert_eq!(app.by_code("TEN").await["status"], "UNASSIGNED", "auto redeem is off at first");
    app.refused("checkoutComplete", input, "TRANSACTION_ALREADY_USED", "transactionId").await;
    let mut future = order("t-2", &[]);
    future["at"] = json!("2027-01-01T00:00:00Z");
    app.refused("checkoutComplete", future, "VALUE_INVALID", "at").await;
    app.finish().await;
}

#[tokio::test]
async fn auto_redeem_redeems_what_passed() {
    let app = shop().await;
    assert_eq!(app.ok("settingsUpdate", json!({ "autoRedeem": true })).await["autoRedeem"], true);
    assert_eq!(app.data("{ settings { autoRedeem } }", json!({})).await["settings"]["autoRedeem"], true);
    let verdict = app.ok("checkoutComplete", order("t-1", &["CARD", "TEN", "NOPE"])).await;
    let coupons = verdict["coupons"].as_array().expect("coupons");
    let redeemed: Vec<_> = coupons.iter().map(|coupon| coupon["redeemed"].clone()).collect();
    assert_eq!(redeemed, [true, true, false]);
    assert_eq!(coupons[0]["coupon"]["balance"], "0.00");
    assert_eq!(app.by_code("CARD").await["status"], "REDEEMED");
    let ten = app.by_code("TEN").await;
    assert_eq!((&ten["status"], &ten["customer"]["externalId"]), (&json!("REDEEMED"), &json!("ann")));
    assert!(app.events(&ten).await.iter().any(|event| event["transactionId"] == "t-1"));
    let again = app.ok("checkoutComplete", order("t-2", &["TEN"])).await;
    assert_eq!(reasons(&again["coupons"][0]), ["ALREADY_REDEEMED"]);
    app.finish().await;
}

#[tokio::test]
async fn a_purchase_takes_from_a_card_once_by_either_way() {
    let app = shop().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let mut part = order("t-1", &["CARD"]);
    part["coupons"][0]["amount"] = json!("10");
    app.ok("checkoutComplete", part.clone()).await;
    let beside =
        |transaction: &str| json!({ "coupon": { "code": "CARD" }, "amount": "5", "transactionId": transaction });
    app.refused("couponRedeem", beside("t-1"), "TRANSACTION_ALREADY_USED", "transactionId").await;
    app.ok("couponRedeem", beside("t-2")).await;
    part["transactionId"] = json!("t-2");
    app.refused("checkoutComplete", part, "TRANSACTION_ALREADY_USED", "transactionId").await;
    assert_eq!(app.by_code("CARD").await["balance"], "35.00");
    app.finish().await;
}

#[tokio::test]
async fn a_checkout_that_cannot_be_read_is_refused() {
    let app = shop().await;
    let query = format!("query($input: CheckoutInput!) {{ checkoutPreview(input: $input) {{ {VERDICT} }} }}");
    let with = |name: &str, value: Value| {
        let mut input = order("t-1", &["TEN"]);
        input[name] = value;
        input
    };
    let many = vec![json!({ "code": "TEN" }); 51];
    let lines = vec![json!({ "productId": "p", "quantity": 1, "unitPrice": "1" }); 1_001];
    for (input, code, field) in [
        (with("transactionId", json!("")), "VALUE_INVALID", "transactionId"),
        (with("transactionId", json!("x".repeat(129))), "VALUE_INVALID", "transactionId"),
        (with("customerId", json!("a\nb")), "VALUE_INVALID", "customerId"),
        (with("coupons", json!(many)), "LIMIT_EXCEEDED", "coupons"),
        (with("basket", json!({ "currency": "euro", "lines": [] })), "VALUE_INVALID", "basket.currency"),
        (
            with("basket", json!({ "currency": "EUR", "shipping": "-1", "lines": [] })),
            "VALUE_INVALID",
            "basket.shipping",
        ),
        (with("basket", json!({ "currency": "EUR", "lines": lines })), "LIMIT_EXCEEDED", "basket.lines"),
    ] {
        let expected = (code.to_owned(), field.to_owned());
        assert_eq!(app.query_refused(&query, json!({ "input": input })).await, expected);
        assert_eq!(app.refusals("checkoutComplete", input).await, [expected]);
    }
    app.finish().await;
}
