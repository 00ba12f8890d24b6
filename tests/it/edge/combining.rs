//! How the coupons of one checkout go together.

use serde_json::{Value, json};

use super::{
    App,
    app::{VERDICT, text},
    field,
};

/// A checkout of ann's for 100.00 with these codes.
fn order(codes: &[&str]) -> Value {
    json!({
        "transactionId": "t", "customerId": "ann",
        "basket": { "currency": "EUR", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": "100" }] },
        "coupons": codes.iter().map(|code| json!({ "code": code })).collect::<Vec<_>>(),
    })
}

async fn coupons(app: &App, codes: &[&str]) -> Vec<Value> {
    let query = format!("query($input: CheckoutInput!) {{ checkoutPreview(input: $input) {{ {VERDICT} }} }}");
    let verdict = app.data(&query, json!({ "input": order(codes) })).await["checkoutPreview"].clone();
    verdict["coupons"].as_array().expect("coupons").clone()
}

/// What each takes off.
async fn discounts(app: &App, codes: &[&str]) -> Vec<String> {
    field(&coupons(app, codes).await, "discount").iter().map(text).collect()
}

fn stacked(value: &str, stacking: Value) -> Value {
    json!({ "type": "AMOUNT", "value": value, "stacking": stacking })
}

#[tokio::test]
async fn a_pool_says_with_whom_its_coupons_go() {
    let app = App::start().await;
    let plain = app.pool(json!({ "type": "AMOUNT", "value": "1" }), &["PLAIN"]).await;
    let sale = json!({ "with": "OTHER_CATEGORIES", "category": "sale", "order": 2 });
    let first = app.pool(stacked("2", sale.clone()), &["SALE-A"]).await;
    app.pool(stacked("3", json!({ "with": "ALL", "category": "sale" })), &["SALE-B"]).await;
    let alone = app.pool(stacked("4", json!({ "with": "NONE" })), &["ALONE"]).await;
    let said = async |pool: &str| {
        let query = "query($id: ID!) { pool(id: $id) { stacking { with category order } } }";
        app.data(query, json!({ "id": pool })).await["pool"]["stacking"].clone()
    };
    assert_eq!(said(&plain).await, json!({ "with": "ALL", "category": null, "order": 0 }));
    assert_eq!(said(&first).await, sale);
    for (codes, expected) in [
        (&["PLAIN", "SALE-A"][..], &["1.00", "2.00"][..]),
        (&["SALE-A", "SALE-B"], &["0.00", "3.00"]),
        (&["PLAIN", "ALONE"], &["1.00", "0.00"]),
        (&["ALONE", "PLAIN", "SALE-B"], &["4.00", "0.00", "0.00"]),
    ] {
        assert_eq!(discounts(&app, codes).await, expected, "{codes:?}");
    }
    let refused = &coupons(&app, &["plain", "ALONE"]).await[1]["reasons"][0];
    assert_eq!(refused["code"], "NOT_COMBINABLE");
    assert_eq!(refused["message"], "it cannot be combined: it can only be used alone, and plain is used");
    // An edit counts at once, for coupons that exist.
    app.ok("poolUpdate", json!({ "id": alone, "apply": "NONE", "stacking": null })).await;
    assert_eq!(discounts(&app, &["PLAIN", "ALONE"]).await, ["1.00", "4.00"]);
    app.ok("poolUpdate", json!({ "id": alone, "apply": "NONE", "name": "renamed" })).await;
    assert_eq!(said(&first).await, sale);
    app.finish().await;
}

#[tokio::test]
async fn the_programme_says_how_many_and_of_what_percentages_are() {
    let app = App::start().await;
    let tenth = |category: Value| json!({ "type": "PERCENTAGE", "value": "10", "stacking": { "with": "ALL", "category": category } });
    app.pool(tenth(Value::Null), &["A", "B"]).await;
    app.pool(tenth(json!("sale")), &["C", "D"]).await;
    let settings = async || {
        let query = "{ settings { autoRedeem percentagesOf couponsPerCheckout couponsPerCategory } }";
        app.data(query, json!({})).await["settings"].clone()
    };
    let first = json!({ "autoRedeem": false, "percentagesOf": "ORIGINAL", "couponsPerCheckout": 50, "couponsPerCategory": null });
    assert_eq!(settings().await, first);
    assert_eq!(discounts(&app, &["A", "B", "C", "D"]).await, ["10.00"; 4]);
    app.ok("settingsUpdate", json!({ "percentagesOf": "REMAINING" })).await;
    assert_eq!(discounts(&app, &["A", "B", "C", "D"]).await, ["10.00", "9.00", "8.10", "7.29"]);
    app.ok("settingsUpdate", json!({ "couponsPerCheckout": 3, "couponsPerCategory": 1 })).await;
    assert_eq!(discounts(&app, &["C", "D", "A", "B"]).await, ["10.00", "0.00", "9.00", "8.10"]);
    app.ok("settingsUpdate", json!({ "couponsPerCategory": null, "couponsPerCheckout": 1 })).await;
    let refused = &coupons(&app, &["A", "B"]).await[1]["reasons"][0];
    assert_eq!(refused["message"], "it cannot be combined: a checkout takes at most 1 coupon, and A is used");
    let now = json!({ "autoRedeem": false, "percentagesOf": "REMAINING", "couponsPerCheckout": 1, "couponsPerCategory": null });
    assert_eq!(settings().await, now);
    for (field, number) in
        [("couponsPerCheckout", 0), ("couponsPerCheckout", 51), ("couponsPerCategory", 0), ("couponsPerCategory", -1)]
    {
        app.refused("settingsUpdate", json!({ field: number }), "VALUE_INVALID", field).await;
    }
    assert_eq!(settings().await, now);
    app.finish().await;
}

#[tokio::test]
async fn a_category_has_a_name() {
    let app = App::start().await;
    let pool = |stacking: Value| json!({ "name": "p", "source": "UPLOADED", "type": "AMOUNT", "value": "5", "stacking": stacking });
    for (stacking, code) in [
        (json!({ "with": "OTHER_CATEGORIES" }), "REQUIRED"),
        (json!({ "with": "ALL", "category": "" }), "VALUE_INVALID"),
        (json!({ "with": "ALL", "category": "x".repeat(65) }), "VALUE_INVALID"),
        (json!({ "with": "NONE", "category": "a\nb" }), "VALUE_INVALID"),
    ] {
        app.refused("poolCreate", pool(stacking.clone()), code, "stacking.category").await;
        let id = app.ok("poolCreate", pool(Value::Null)).await["id"].clone();
        let edit = json!({ "id": id, "apply": "NONE", "stacking": stacking });
        app.refused("poolUpdate", edit, code, "stacking.category").await;
    }
    app.finish().await;
}
