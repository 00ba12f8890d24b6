//! Which of a customer's coupons fit a basket, and the best of them together.

use serde_json::{Value, json};

use super::{
    App,
    app::{operator, text},
    field,
};

const QUERY: &str = "query($input: EligibleInput!) { eligibleCoupons(input: $input) { \
    coupons { code redeemable discount redeemed coupon { id status } reasons { code } \
        allocations { code line amount } trace { check passed } } best discount exact } }";

fn basket(lines: &[(&str, &str)], shipping: &str) -> Value {
    let line = |(product, price): &(&str, &str)| json!({ "productId": product, "quantity": 1, "unitPrice": price });
    json!({ "currency": "EUR", "shipping": shipping, "lines": lines.iter().map(line).collect::<Vec<_>>() })
}

async fn eligible(app: &App, customer: &str, basket: &Value) -> Value {
    let input = json!({ "input": { "customerId": customer, "basket": basket } });
    app.data(QUERY, input).await["eligibleCoupons"].clone()
}

/// What a preview with these codes takes off.
async fn discount(app: &App, customer: &str, basket: &Value, codes: &Value) -> Value {
    let coupons: Vec<Value> = codes.as_array().expect("codes").iter().map(|code| json!({ "code": code })).collect();
    let input = json!({ "transactionId": "t", "customerId": customer, "basket": basket, "coupons": coupons });
    let query = "query($input: CheckoutInput!) { checkoutPreview(input: $input) { discount coupons { redeemable } } }";
    let verdict = app.data(query, json!({ "input": input })).await["checkoutPreview"].clone();
    let coupons = verdict["coupons"].as_array().expect("coupons");
    assert!(coupons.iter().all(|coupon| coupon["redeemable"] == true), "{codes}: {verdict}");
    verdict["discount"].clone()
}

/// The code and what it would take, or why not.
fn told(found: &Value) -> Vec<(String, String)> {
    let of = |coupon: &Value| {
        let refused = coupon["reasons"][0]["code"].as_str().map(str::to_owned);
        (text(&coupon["code"]), refused.unwrap_or_else(|| text(&coupon["discount"])))
    };
    found["coupons"].as_array().expect("coupons").iter().map(of).collect()
}

#[tokio::test]
async fn every_coupon_says_whether_it_fits_and_why_not() {
    let app = App::start().await;
    let pool = async |fields: Value, code: &str| {
        let pool = app.pool(fields, &[code]).await;
        app.claim(&pool, "ann").await
    };
    pool(json!({ "type": "AMOUNT", "value": "5" }), "FIVE").await;
    let used = pool(json!({ "type": "AMOUNT", "value": "6" }), "USED").await;
    app.ok("couponRedeem", json!({ "coupon": { "id": used["id"] } })).await;
    pool(json!({ "type": "AMOUNT", "value": "7", "restrictions": { "purchaseMinimum": "500" } }), "LARGE").await;
    pool(json!({ "type": "PERCENTAGE", "value": "10", "restrictions": { "products": ["shoe"] } }), "SHOES").await;
    pool(json!({ "type": "FREE_SHIPPING" }), "SHIP").await;
    pool(json!({ "type": "AMOUNT", "value": "8", "restrictions": { "validFrom": "2026-12-01T00:00:00Z" } }), "LATER")
        .await;
    let bens = app.pool(json!({ "type": "AMOUNT", "value": "50" }), &["BENS"]).await;
    app.claim(&bens, "ben").await;
    let goods = basket(&[("shoe", "20"), ("hat", "10")], "0");
    let found = eligible(&app, "ann", &goods).await;
    let expected = [
        ("LATER", "NOT_YET_VALID"),
        ("SHIP", "NOTHING_TO_DISCOUNT"),
        ("SHOES", "2.00"),
        ("LARGE", "PURCHASE_MINIMUM_NOT_MET"),
        ("FIVE", "5.00"),
        ("USED", "ALREADY_REDEEMED"),
    ];
    assert_eq!(told(&found), expected.map(|(code, said)| (code.to_owned(), said.to_owned())));
    assert_eq!(
        (&found["best"], &found["discount"], &found["exact"]),
        (&json!(["SHOES", "FIVE"]), &json!("7.00"), &json!(true))
    );
    let shoes = &found["coupons"][2];
    assert_eq!(shoes["allocations"], json!([{ "code": "SHOES", "line": 0, "amount": "2.00" }]));
    assert_eq!((&shoes["redeemed"], &shoes["coupon"]["status"]), (&json!(false), &json!("CLAIMED")));
    assert_eq!(discount(&app, "ann", &goods, &found["best"]).await, found["discount"]);
    let nobody = eligible(&app, "nobody", &goods).await;
    assert_eq!(nobody, json!({ "coupons": [], "best": [], "discount": "0.00", "exact": true }));
    app.finish().await;
}

#[tokio::test]
async fn the_best_goes_by_the_rules() {
    let app = App::start().await;
    let pool = async |value: &str, stacking: Value, code: &str| {
        let pool = app.pool(json!({ "type": "AMOUNT", "value": value, "stacking": stacking }), &[code]).await;
        app.claim(&pool, "ann").await;
    };
    let sale = json!({ "with": "OTHER_CATEGORIES", "category": "sale" });
    pool("5", sale.clone(), "SALE-5").await;
    pool("9", sale, "SALE-9").await;
    pool("4", Value::Null, "PLAIN").await;
    pool("12", json!({ "with": "NONE" }), "ALONE").await;
    let card = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    app.claim(&card, "ann").await;
    let goods = basket(&[("p", "40")], "0");
    let best = async || {
        let found = eligible(&app, "ann", &goods).await;
        assert_eq!(found["exact"], true);
        assert_eq!(discount(&app, "ann", &goods, &found["best"]).await, found["discount"]);
        (found["best"].clone(), text(&found["discount"]))
    };
    // 13.00 without the card, which pays the rest.
    assert_eq!(best().await, (json!(["SALE-9", "PLAIN", "CARD"]), "40.00".to_owned()));
    app.ok("settingsUpdate", json!({ "couponsPerCheckout": 1 })).await;
    assert_eq!(best().await, (json!(["ALONE"]), "12.00".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn several_of_one_code_and_checks() {
    let app = App::with_plugins(operator("first-purchase", "")).await;
    let input = json!({ "name": "g", "source": "GENERATED", "type": "AMOUNT", "value": "10", "pattern": "TEN" });
    let pool = text(&app.ok("poolCreate", input).await["id"]);
    for _ in 0..3 {
        app.claim(&pool, "ann").await;
    }
    // One that is used up keeps nobody out.
    let last = app.claim(&pool, "ann").await;
    app.ok("couponRedeem", json!({ "coupon": { "id": last["id"] } })).await;
    let check = json!({ "plugin": "first-purchase", "config": { "attribute": "purchases" } });
    let checked = app.pool(json!({ "type": "AMOUNT", "value": "25", "checks": [check] }), &["FIRST"]).await;
    app.claim(&checked, "ann").await;
    app.ok("customerUpsert", json!({ "customerId": "ann", "attributes": { "purchases": 3 } })).await;
    let goods = basket(&[("p", "25")], "0");
    let found = eligible(&app, "ann", &goods).await;
    assert_eq!(told(&found)[0], ("FIRST".to_owned(), "CHECK_REFUSED".to_owned()));
    assert_eq!(field(found["coupons"].as_array().expect("coupons"), "code"), ["FIRST", "TEN", "TEN", "TEN", "TEN"]);
    assert_eq!((&found["best"], &found["discount"]), (&json!(["TEN", "TEN", "TEN"]), &json!("25.00")));
    assert_eq!(discount(&app, "ann", &goods, &found["best"]).await, "25.00");
    app.ok("customerUpsert", json!({ "customerId": "ann", "attributes": { "purchases": 0 } })).await;
    let found = eligible(&app, "ann", &goods).await;
    assert_eq!((&found["best"], &found["discount"]), (&json!(["FIRST"]), &json!("25.00")));
    app.finish().await;
}

#[tokio::test]
async fn the_bound_is_told() {
    let app = App::start().await;
    let codes: Vec<String> = (0..120).map(|number| format!("C-{number:03}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "1" }), &codes).await;
    for _ in 0..51 {
        app.claim(&pool, "ann").await;
    }
    let goods = basket(&[("p", "1000")], "0");
    let found = eligible(&app, "ann", &goods).await;
    assert_eq!((told(&found).len(), &found["discount"], &found["exact"]), (51, &json!("50.00"), &json!(false)));
    assert_eq!(discount(&app, "ann", &goods, &found["best"]).await, "50.00");
    for _ in 51..110 {
        app.claim(&pool, "ann").await;
    }
    let found = eligible(&app, "ann", &goods).await;
    assert_eq!((told(&found).len(), &found["exact"]), (100, &json!(false)));
    let wrong = json!({ "input": { "customerId": "", "basket": goods } });
    assert_eq!(app.query_refused(QUERY, wrong).await, ("VALUE_INVALID".to_owned(), "customerId".to_owned()));
    let wrong = json!({ "input": { "customerId": "ann", "basket": basket(&[("p", "-1")], "0") } });
    assert_eq!(
        app.query_refused(QUERY, wrong).await,
        ("VALUE_INVALID".to_owned(), "basket.lines.0.unitPrice".to_owned())
    );
    app.finish().await;
}
