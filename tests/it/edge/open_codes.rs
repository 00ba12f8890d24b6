//! Codes that everyone has: open to all or not, within limits, and several of one in one basket.

use serde_json::{Value, json};

use super::{
    App,
    app::{VERDICT, text},
    field,
};

/// A pool with one code for everyone, 10.00 each.
async fn generic(app: &App, code: &str, more: Value) -> String {
    let mut input = json!({ "name": code, "source": "GENERATED", "type": "AMOUNT", "value": "10", "pattern": code });
    input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    text(&app.ok("poolCreate", input).await["id"])
}

fn order(transaction: &str, customer: &str, codes: &[&str]) -> Value {
    json!({
        "transactionId": transaction, "customerId": customer,
        "basket": { "currency": "EUR", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": "100" }] },
        "coupons": codes.iter().map(|code| json!({ "code": code })).collect::<Vec<_>>(),
    })
}

async fn preview(app: &App, customer: &str, codes: &[&str]) -> Vec<Value> {
    let query = format!("query($input: CheckoutInput!) {{ checkoutPreview(input: $input) {{ {VERDICT} }} }}");
    let verdict = app.data(&query, json!({ "input": order("t", customer, codes) })).await["checkoutPreview"].clone();
    verdict["coupons"].as_array().expect("coupons").clone()
}

async fn complete(app: &App, transaction: &str, customer: &str, codes: &[&str]) -> Vec<Value> {
    let verdict = app.ok("checkoutComplete", order(transaction, customer, codes)).await;
    verdict["coupons"].as_array().expect("coupons").clone()
}

/// The discounts, and the codes of the refusals.
fn told(coupons: &[Value]) -> Vec<String> {
    let of = |coupon: &Value| match coupon["reasons"][0]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => text(&coupon["discount"]),
    };
    coupons.iter().map(of).collect()
}

#[tokio::test]
async fn an_open_code_is_claimed_and_redeemed_at_once() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let limits = json!({ "total": 3, "perCustomer": 1 });
    let pool = generic(&app, "SPRING", json!({ "claimOnUse": true, "limits": limits })).await;
    let query = "query($id: ID!) { pool(id: $id) { claimOnUse limits { total perCustomer } } }";
    let said = app.data(query, json!({ "id": pool })).await["pool"].clone();
    assert_eq!(said, json!({ "claimOnUse": true, "limits": limits }));
    let previewed = preview(&app, "ann", &["spring"]).await;
    assert_eq!((told(&previewed), &previewed[0]["coupon"]), (vec!["10.00".to_owned()], &Value::Null));
    assert_eq!(app.stats(&pool).await, json!({}), "a preview changes nothing");
    // In another case once more: one answer for the coupon, as it is after the checkout.
    let coupons = complete(&app, "t-1", "ann", &["spring", "SPRING"]).await;
    assert_eq!(told(&coupons), ["10.00", "DUPLICATE"]);
    assert_eq!((&coupons[0]["redeemed"], &coupons[0]["coupon"]["status"]), (&json!(true), &json!("REDEEMED")));
    assert_eq!(coupons[0]["coupon"], coupons[1]["coupon"]);
    let events = app.events(&json!({ "id": coupons[0]["coupon"]["id"] })).await;
    assert_eq!(field(&events, "type"), ["COUPON_CLAIM", "COUPON_REDEEM"]);
    assert_eq!(told(&complete(&app, "t-2", "ann", &["SPRING"]).await), ["LIMIT_REACHED"]);
    let by = |customer: &str| json!({ "coupon": { "code": "SPRING" }, "customerId": customer });
    assert_eq!(app.ok("couponRedeem", by("ben")).await["status"], "REDEEMED");
    app.refused("couponRedeem", by("ben"), "LIMIT_REACHED", "").await;
    // One that was claimed before is used before another is.
    let claimed = app.claim(&pool, "cem").await;
    assert_eq!(app.ok("couponRedeem", by("cem")).await["id"], claimed["id"]);
    let message = preview(&app, "dan", &["SPRING"]).await[0]["reasons"][0]["message"].clone();
    assert_eq!(message, "its pool gives at most 3 coupons in all, and has given them");
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "dan" }), "LIMIT_REACHED", "poolId").await;
    // What is taken back does not count any more.
    app.ok("couponUnredeem", json!({ "coupon": { "id": claimed["id"] } })).await;
    app.ok("couponUnassign", json!({ "coupon": { "id": claimed["id"] } })).await;
    assert_eq!(told(&complete(&app, "t-3", "dan", &["SPRING"]).await), ["10.00"]);
    app.ok("poolArchive", json!({ "id": pool })).await;
    assert_eq!(told(&preview(&app, "eve", &["SPRING"]).await), ["POOL_ARCHIVED"]);
    app.finish().await;
}

#[tokio::test]
async fn an_unclaimed_code_says_what_to_do() {
    let app = App::start().await;
    let pool = generic(&app, "HELLO", json!({})).await;
    let refused = preview(&app, "ann", &["hello", "NOTHING"]).await;
    assert_eq!(told(&refused), ["NOT_CLAIMED", "NOT_FOUND"]);
    let message = text(&refused[0]["reasons"][0]["message"]);
    assert!(message.contains("claim a coupon for them first, with couponClaim"), "{message}");
    let by = |customer: &str| json!({ "coupon": { "code": "HELLO" }, "customerId": customer });
    app.refused("couponRedeem", by("ann"), "NOT_CLAIMED", "customerId").await;
    let named = json!({ "coupon": { "code": "HELLO", "customerId": "ann" } });
    app.refused("couponInvalidate", named, "NOT_CLAIMED", "coupon.customerId").await;
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "claimOnUse": true })).await;
    // The coupon of one customer is not another's.
    let anns = json!({ "coupon": { "code": "HELLO", "customerId": "ann" }, "customerId": "ben" });
    app.refused("couponRedeem", anns, "NOT_OWNER", "customerId").await;
    app.refused("couponRedeem", json!({ "coupon": { "code": "HELLO" } }), "REQUIRED", "coupon.customerId").await;
    app.refused(
        "couponInvalidate",
        json!({ "coupon": { "code": "HELLO", "customerId": "ann" } }),
        "NOT_CLAIMED",
        "coupon.customerId",
    )
    .await;
    assert_eq!(app.ok("couponRedeem", by("ann")).await["customer"]["externalId"], "ann");
    app.finish().await;
}

#[tokio::test]
async fn several_of_one_code_are_used_in_one_basket() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let pool = generic(&app, "TEN", json!({})).await;
    for _ in 0..3 {
        app.claim(&pool, "ann").await;
    }
    assert_eq!(
        told(&preview(&app, "ann", &["TEN", "ten", "TEN", "TEN"]).await),
        ["10.00", "10.00", "10.00", "DUPLICATE"]
    );
    let coupons = complete(&app, "t-1", "ann", &["TEN", "TEN"]).await;
    assert_ne!(coupons[0]["coupon"]["id"], coupons[1]["coupon"]["id"]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 3, "claimed": 1, "redeemed": 2, "usages": 2 }));
    // Where they may be combined.
    app.claim(&pool, "ann").await;
    let sale = json!({ "with": "OTHER_CATEGORIES", "category": "sale" });
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "stacking": sale })).await;
    assert_eq!(told(&preview(&app, "ann", &["TEN", "TEN"]).await), ["10.00", "NOT_COMBINABLE"]);
    app.finish().await;
}

#[tokio::test]
async fn limits_hold_within_one_basket() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let ten = json!({ "type": "AMOUNT", "value": "10", "limits": { "perCustomer": 2 } });
    app.pool(ten, &["A", "B", "C", "D"]).await;
    assert_eq!(told(&preview(&app, "ann", &["A", "B", "C"]).await), ["10.00", "10.00", "LIMIT_REACHED"]);
    assert_eq!(told(&complete(&app, "t-1", "ann", &["A", "B", "C"]).await), ["10.00", "10.00", "LIMIT_REACHED"]);
    assert_eq!(app.by_code("C").await["status"], "UNASSIGNED");
    assert_eq!(told(&complete(&app, "t-2", "ann", &["C"]).await), ["LIMIT_REACHED"]);
    assert_eq!(told(&complete(&app, "t-3", "ben", &["D", "C"]).await), ["10.00", "10.00"]);
    app.finish().await;
}

#[tokio::test]
async fn limits_and_open_codes_that_cannot_be() {
    let app = App::start().await;
    let pool = |more: Value| {
        let mut input = json!({ "name": "p", "source": "UPLOADED", "type": "AMOUNT", "value": "5" });
        input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        input
    };
    for (limits, field) in [
        (json!({ "total": 0 }), "limits.total"),
        (json!({ "total": -1 }), "limits.total"),
        (json!({ "total": 5, "perCustomer": 0 }), "limits.perCustomer"),
    ] {
        app.refused("poolCreate", pool(json!({ "limits": limits })), "VALUE_INVALID", field).await;
    }
    for more in [
        json!({ "claimOnUse": true }),
        json!({ "claimOnUse": true, "source": "GENERATED", "pattern": "A-####" }),
        json!({ "claimOnUse": true, "source": "GENERATED", "pattern": "AGAIN", "aggregated": true }),
    ] {
        app.refused("poolCreate", pool(more), "FIELD_NOT_APPLICABLE", "claimOnUse").await;
    }
    let id = app.ok("poolCreate", pool(json!({ "claimOnUse": false }))).await["id"].clone();
    let edit = |more: Value| {
        let mut input = json!({ "id": id, "apply": "NONE" });
        input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        input
    };
    app.refused("poolUpdate", edit(json!({ "claimOnUse": true })), "FIELD_NOT_APPLICABLE", "claimOnUse").await;
    app.refused("poolUpdate", edit(json!({ "limits": { "total": 0 } })), "VALUE_INVALID", "limits.total").await;
    let open = generic(&app, "OPEN", json!({ "claimOnUse": true })).await;
    let edit = json!({ "id": open, "apply": "NONE", "pattern": "OPEN-####" });
    app.refused("poolUpdate", edit, "FIELD_NOT_APPLICABLE", "claimOnUse").await;
    app.finish().await;
}

/// Of several coupons of one code, one that another checkout holds is passed over while there is one that is free.
#[tokio::test]
async fn one_that_is_held_is_passed_over() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let pool = generic(&app, "TEN", json!({})).await;
    for _ in 0..3 {
        app.claim(&pool, "ann").await;
    }
    let held = app.mutate("checkoutHold", order("t-1", "ann", &["TEN"])).await["verdict"].clone();
    assert_eq!(told(held["coupons"].as_array().expect("coupons")), ["10.00"]);
    assert_eq!(told(&preview(&app, "ann", &["TEN", "TEN", "TEN"]).await), ["10.00", "10.00", "HELD"]);
    let used = complete(&app, "t-2", "ann", &["TEN"]).await;
    assert_eq!(told(&used), ["10.00"]);
    assert_ne!(used[0]["coupon"]["id"], held["coupons"][0]["coupon"]["id"]);
    let by_hand = json!({ "coupon": { "code": "TEN" }, "customerId": "ann", "transactionId": "t-3" });
    app.ok("couponRedeem", by_hand).await;
    assert_eq!(told(&complete(&app, "t-4", "ann", &["TEN"]).await), ["HELD"]);
    // What it holds itself it takes.
    let taken = complete(&app, "t-1", "ann", &["TEN"]).await;
    assert_eq!(taken[0]["coupon"]["id"], held["coupons"][0]["coupon"]["id"]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 3, "redeemed": 3, "usages": 3 }));
    app.finish().await;
}
