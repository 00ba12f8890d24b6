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
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "5", "currency": "EUR" }), &["A", "B"]).await;
    for customer in ["usd", "any", "unknown"] {
        app.refused(
            "couponClaim",
            json!({ "poolId": pool, "customerId": customer }),
            "CURRENCY_MISMATCH",
            "customerId",
        )
        .await;
        let paid = json!({ "coupon": { "code": "A" }, "customerId": customer, "amount": "1" });
        let found = app.refusals("couponRedeem", paid).await;
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
async fn any_type_may_have_a_currency() {
    let app = App::start().await;
    app.ok("customerUpsert", json!({ "customerId": "usd", "currency": "USD" })).await;
    let basket = |currency: &str, price: &str| json!({ "currency": currency, "shipping": "5", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": price }] });
    for (number, (kind, value)) in
        [("AMOUNT", Some("5")), ("PERCENTAGE", Some("10")), ("FREE_SHIPPING", None)].into_iter().enumerate()
    {
        let codes = [format!("A{number}"), format!("B{number}")];
        let restrictions = json!({ "purchaseMinimum": "1000.00" });
        let pool = json!({ "type": kind, "value": value, "currency": "JPY", "restrictions": restrictions });
        let pool = app.pool(pool, &[&codes[0], &codes[1]]).await;
        assert_eq!(app.read_pool(&pool).await["currency"], "JPY");
        assert_eq!(app.read_pool(&pool).await["restrictions"]["purchaseMinimum"], "1000", "in whole yen");
        let claim = json!({ "poolId": pool, "customerId": "usd" });
        app.refused("couponClaim", claim, "CURRENCY_MISMATCH", "customerId").await;
        let coupon = app.claim(&pool, "ann").await;
        let redeem = |basket: Value| json!({ "coupon": { "id": coupon["id"] }, "basket": basket });
        app.refused("couponRedeem", redeem(basket("USD", "2000")), "CURRENCY_MISMATCH", "basket").await;
        app.refused("couponRedeem", redeem(basket("JPY", "999")), "PURCHASE_MINIMUM_NOT_MET", "basket").await;
        assert_eq!(app.ok("couponRedeem", redeem(basket("JPY", "1000.0"))).await["status"], "REDEEMED");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_customer_whose_currency_is_not_known_pays_in_the_baskets() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    app.ok("customerUpsert", json!({ "customerId": "usd", "currency": "USD" })).await;
    app.pool(json!({ "type": "GIFT_CARD", "value": "50", "currency": "EUR" }), &["A", "B"]).await;
    let basket = |currency: &str| json!({ "currency": currency, "lines": [{ "productId": "p", "quantity": 1, "unitPrice": "10" }] });
    let pay = |customer: &str, basket: Value| json!({ "coupon": { "code": "A" }, "customerId": customer, "amount": "10.0000", "basket": basket });
    app.refused("couponRedeem", pay("ann", basket("USD")), "CURRENCY_MISMATCH", "basket").await;
    app.refused("couponRedeem", pay("ann", Value::Null), "CURRENCY_MISMATCH", "customerId").await;
    app.refused("couponRedeem", pay("usd", basket("EUR")), "CURRENCY_MISMATCH", "customerId").await;
    assert_eq!(app.ok("couponRedeem", pay("ann", basket("EUR"))).await["balance"], "40.00");
    let order = |customer: &str| json!({ "transactionId": customer, "customerId": customer, "basket": basket("EUR"), "coupons": [{ "code": "B" }] });
    let refused = app.ok("checkoutComplete", order("usd")).await;
    assert_eq!(refused["coupons"][0]["reasons"][0]["code"], "CURRENCY_MISMATCH");
    let paid = app.ok("checkoutComplete", order("ben")).await;
    assert_eq!((&paid["payable"], &paid["coupons"][0]["redeemed"]), (&json!("0.00"), &json!(true)));
    app.finish().await;
}

#[tokio::test]
async fn exact_decimals_may_have_more_zeros_and_unit_prices_more_decimals() {
    let app = App::start().await;
    let query = "query($input: CheckoutInput!) { checkoutPreview(input: $input) { total lines { total } } }";
    let order = |currency: &str, quantity: u32, price: &str| {
        json!({ "input": { "transactionId": "t", "customerId": "ann", "coupons": [],
        "basket": { "currency": currency, "shipping": "1.000", "lines": [{ "productId": "p", "quantity": quantity, "unitPrice": price }] } } })
    };
    for (currency, quantity, price, total) in [
        ("EUR", 3, "0.333333", "2.00"),
        ("EUR", 1, "12.5000", "13.50"),
        ("JPY", 3, "395.50", "1188"),
        ("KWD", 7, "0.0005", "1.004"),
    ] {
        assert_eq!(app.data(query, order(currency, quantity, price)).await["checkoutPreview"]["total"], total);
    }
    let refused = app.query_refused(query, order("EUR", 1, "0.1234567")).await;
    assert_eq!(refused, ("VALUE_INVALID".to_owned(), "basket.lines.0.unitPrice".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn what_people_write_otherwise_is_told_the_form() {
    let app = App::start().await;
    let create = "mutation($value: Decimal) { poolCreate(input: { name: \"n\", source: UPLOADED, type: AMOUNT, value: $value }) { userErrors { message } } }";
    let preview =
        "query($at: DateTime) { checkoutPreview(input: { transactionId: \"t\", customerId: \"c\", at: $at, coupons: [],
        basket: { currency: \"EUR\", lines: [] } }) { total } }";
    for (query, variables, expected) in [
        (create, json!({ "value": 0.1 }), "in quotes, such as \"0.10\""),
        (create, json!({ "value": 5 }), "in quotes, such as \"0.10\""),
        (
            "mutation { poolCreate(input: { name: \"n\", source: UPLOADED, type: AMOUNT, value: 0.10 }) { userErrors { message } } }",
            json!({}),
            "such as \"0.10\"",
        ),
        (preview, json!({ "at": "28.11.2026" }), "such as \"2026-11-28T00:00:00Z\""),
        (preview, json!({ "at": "2026-11-28" }), "such as \"2026-11-28T00:00:00Z\""),
        (preview, json!({ "at": 1_795_824_000 }), "such as \"2026-11-28T00:00:00Z\""),
    ] {
        let error = app.gql(query, variables.clone()).await["errors"][0].clone();
        assert_eq!(error["extensions"]["code"], "VALUE_INVALID", "{error}");
        assert!(error["message"].as_str().expect("a message").contains(expected), "{query} {variables}: {error}");
    }
    let wrong = app.data(create, json!({ "value": "0,10" })).await["poolCreate"]["userErrors"][0]["message"].clone();
    assert!(wrong.as_str().expect("a message").contains("such as \"0.10\""), "{wrong}");
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
