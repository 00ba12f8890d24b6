//! Currencies and baskets: who may claim, and what a redemption with a basket is checked against.

use serde_json::{Value, json};

use super::App;

#[tokio::test]
async fn a_currency_bound_pool_is_for_customers_who_pay_in_it() {
    let app = App::start().await;
    for (id, currency) in [("eur", json!("EUR")), ("usd", json!("USD")), ("any", Value::Null)] {
        let customer = app.ok("customerUpsert", json!({ "customerId": id, "currency": currency })).await;
        assert_eq!(customer["currency"], currency);
    }
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5", "currency": "EUR" }), &["A", "B"]).await;
    for customer in ["usd", "any", "unknown"] {
        app.refused(
            "couponClaim",
            json!({ "poolId": pool, "customerId": customer }),
            "CURRENCY_MISMATCH",
            "customerId",
        )
        .await;
        let found = app.refusals("couponRedeem", json!({ "coupon": { "code": "A" }, "customerId": customer })).await;
        assert_eq!(found[0].0, "CURRENCY_MISMATCH");
    }
    assert_eq!(
        app.data("{ customer(id: \"unknown\") { id } }", json!({})).await["customer"],
        Value::Null,
        "a refusal makes nobody"
    );
    let coupon = app.claim(&pool, "eur").await;
    let transfer = json!({ "coupon": { "id": coupon["id"] }, "toCustomerId": "usd" });
    assert_eq!(app.refusals("couponTransfer", transfer).await[0].0, "CURRENCY_MISMATCH");
    app.finish().await;
}

#[tokio::test]
async fn a_redemption_with_a_basket_is_checked_against_the_terms() {
    let app = App::start().await;
    let restrictions = json!({ "purchaseMinimum": "20", "stores": ["s1", "s2"], "products": ["p1"] });
    app.pool(json!({ "type": "AMOUNT", "value": "5", "restrictions": restrictions }), &["A"]).await;
    let redeem = |basket: Value| json!({ "coupon": { "code": "A" }, "customerId": "ann", "basket": basket });
    let line = |product: &str, quantity: i32, price: &str| json!({ "productId": product, "quantity": quantity, "unitPrice": price });
    for (basket, codes) in [
        (
            json!({ "currency": "EUR", "storeId": "s1", "lines": [line("p1", 1, "19.99"), line("p2", 1, "50")] }),
            &[("PURCHASE_MINIMUM_NOT_MET", "basket")][..],
        ),
        (
            json!({ "currency": "EUR", "storeId": "s3", "lines": [line("p1", 2, "10")] }),
            &[("STORE_NOT_ALLOWED", "basket")],
        ),
        (json!({ "currency": "EUR", "lines": [line("p1", 2, "10")] }), &[("STORE_NOT_ALLOWED", "basket")]),
        (
            json!({ "currency": "EUR", "storeId": "s1", "lines": [] }),
            &[("PURCHASE_MINIMUM_NOT_MET", "basket"), ("PRODUCT_NOT_ELIGIBLE", "basket")],
        ),
        (json!({ "currency": "XYZ", "lines": [] }), &[("VALUE_INVALID", "basket.currency")]),
        (
            json!({ "currency": "JPY", "shipping": "0.5", "lines": [line("p1", 0, "10"), line("", 1, "-1")] }),
            &[
                ("VALUE_INVALID", "basket.shipping"),
                ("VALUE_INVALID", "basket.lines.0.quantity"),
                ("VALUE_INVALID", "basket.lines.1.productId"),
                ("VALUE_INVALID", "basket.lines.1.unitPrice"),
            ],
        ),
        (
            json!({ "currency": "EUR", "lines": [line("p1", i32::MAX, "1000000")] }),
            &[("VALUE_INVALID", "basket.lines.0")],
        ),
    ] {
        let expected: Vec<_> = codes.iter().map(|(code, field)| ((*code).to_owned(), (*field).to_owned())).collect();
        assert_eq!(app.refusals("couponRedeem", redeem(basket.clone())).await, expected, "{basket}");
    }
    assert_eq!(app.by_code("A").await["status"], "UNASSIGNED");
    let good = json!({ "currency": "EUR", "storeId": "s2", "lines": [line("p1", 2, "10")] });
    assert_eq!(app.ok("couponRedeem", redeem(good)).await["status"], "REDEEMED");
    app.finish().await;
}
