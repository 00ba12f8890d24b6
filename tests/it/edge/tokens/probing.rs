//! Whoever tries codes with a customer's token learns nothing of them, and not for long.

use reqwest::Response;
use serde_json::{Value, json};

use super::App;

const REDEEM: &str =
    "couponRedeem(input: {coupon: {code: \"CODE\"}}) { coupon { id } userErrors { code field message } }";
const PREVIEW: &str = "query($input: CheckoutInput!) { checkoutPreview(input: $input) { total discount payable coupons { \
    code redeemable discount coupon { id } allocations { amount } reasons { code message field } trace { check passed detail } } } }";

fn order(codes: &[&str]) -> Value {
    let coupons: Vec<_> = codes.iter().map(|code| json!({ "code": code })).collect();
    let basket = json!({ "currency": "EUR", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": "30" }] });
    json!({ "transactionId": "t", "customerId": "ann", "basket": basket, "coupons": coupons })
}

impl App {
    async fn asked(&self, token: &str, query: &str, variables: Value) -> Response {
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(token);
        request.json(&json!({ "query": query, "variables": variables })).send().await.expect("an answer")
    }

    /// A Scrip whose codes are in all states that they can be in, for ann.
    async fn with_codes() -> (Self, Vec<&'static str>) {
        let app = Self::start().await;
        let fields = json!({ "type": "AMOUNT", "value": "5", "currency": "EUR", "restrictions": { "expirationPeriod": "PT1H" } });
        let pool = app.pool(fields, &["EXPIRED-1"]).await;
        app.claim(&pool, "ann").await;
        app.set_clock("2026-01-31T12:00:00Z");
        let pool = app
            .pool(
                json!({ "type": "AMOUNT", "value": "5", "currency": "EUR" }),
                &["MINE-1", "FOREIGN-1", "INVALID-1", "GONE-1"],
            )
            .await;
        for customer in ["ann", "ben", "ann", "ben"] {
            app.claim(&pool, customer).await;
        }
        for code in ["INVALID-1", "GONE-1"] {
            app.ok("couponInvalidate", json!({ "coupon": { "code": code } })).await;
        }
        let far =
            json!({ "type": "AMOUNT", "value": "5", "currency": "EUR", "restrictions": { "purchaseMinimum": "100" } });
        let pool = app.pool(far, &["FREE-MINIMUM-1", "OWN-MINIMUM-1"]).await;
        app.ok("couponClaim", json!({ "poolId": pool, "customerId": "ben" })).await;
        app.ok("couponClaim", json!({ "poolId": pool, "customerId": "ann" })).await;
        let card = app.pool(json!({ "type": "GIFT_CARD", "value": "5", "currency": "EUR" }), &["CARD-1"]).await;
        app.ok("customerUpsert", json!({ "customerId": "ben", "currency": "EUR" })).await;
        app.claim(&card, "ben").await;
        (app, vec!["UNKNOWN-1", "EXPIRED-1", "FOREIGN-1", "INVALID-1", "GONE-1", "FREE-MINIMUM-1", "CARD-1", "x"])
    }
}

#[tokio::test]
async fn every_refusal_of_a_code_is_the_same() {
    let (app, codes) = App::with_codes().await;
    let token = app.token_for("ann").await;
    let refusal = json!({ "code": "NOT_REDEEMABLE", "message": "this code cannot be redeemed", "field": null });
    for code in &codes {
        let mutation = format!("mutation {{ {} }}", REDEEM.replace("CODE", code));
        let found = app.send(&token, &mutation, json!({})).await["data"]["couponRedeem"].clone();
        assert_eq!(found, json!({ "coupon": null, "userErrors": [refusal.clone()] }), "{code}");
    }
    app.set_clock("2026-02-01T12:00:00Z");
    let token = app.token_for("ann").await;
    for code in &codes {
        let found =
            app.send(&token, PREVIEW, json!({ "input": order(&[code]) })).await["data"]["checkoutPreview"].clone();
        let verdict = json!({
            "code": code, "redeemable": false, "discount": "0.00", "coupon": null, "allocations": [],
            "reasons": [refusal.clone()],
            "trace": [{ "check": "code", "passed": false, "detail": "this code cannot be redeemed" }],
        });
        assert_eq!(
            found,
            json!({ "total": "30.00", "discount": "0.00", "payable": "30.00", "coupons": [verdict] }),
            "{code}"
        );
    }
    // What the customer holds is told of, with what can be done.
    let found = app.send(&token, PREVIEW, json!({ "input": order(&["MINE-1", "OWN-MINIMUM-1"]) })).await;
    let found = found["data"]["checkoutPreview"]["coupons"].clone();
    assert_eq!(
        (&found[0]["redeemable"], &found[0]["discount"], &found[0]["trace"]),
        (&json!(true), &json!("5.00"), &json!([])),
        "{found}"
    );
    assert_eq!(found[1]["reasons"][0]["code"], "PURCHASE_MINIMUM_NOT_MET", "{found}");
    let own = json!({ "input": { "customerId": "ann", "basket": order(&[])["basket"] } });
    let eligible =
        "query($input: EligibleInput!) { eligibleCoupons(input: $input) { best coupons { code reasons { code } } } }";
    let found = app.send(&token, eligible, own).await["data"]["eligibleCoupons"].clone();
    assert_eq!(found["best"], json!(["MINE-1"]), "{found}");
    assert!(!found.to_string().contains("EXPIRED\"") && !found.to_string().contains("INVALIDATED"), "{found}");
    let foreign = json!({ "input": { "customerId": "ben", "basket": order(&[])["basket"] } });
    assert_eq!(app.send(&token, eligible, foreign).await["errors"][0]["extensions"]["code"], "VALUE_INVALID");
    app.finish().await;
}

/// How many of the codes that an answer is about were refused as such, and how many for the number of tries.
fn refused(answer: &str) -> (usize, usize) {
    (answer.matches("\"NOT_REDEEMABLE\"").count(), answer.matches("\"LIMIT_EXCEEDED\"").count())
}

#[tokio::test]
async fn tries_are_counted_by_code_and_not_by_request() {
    let (app, _) = App::with_codes().await;
    let token = app.token_for("ann").await;
    // What is the customer's own is no guess, however often.
    for _ in 0..30 {
        let found = app.send(&token, PREVIEW, json!({ "input": order(&["MINE-1"]) })).await;
        assert_eq!(found["data"]["checkoutPreview"]["discount"], "5.00", "{found}");
    }
    let fields: String =
        (0..100).map(|number| format!("a{number}: {} ", REDEEM.replace("CODE", &format!("GUESS-{number}")))).collect();
    let answer = app.asked(&token, &format!("mutation {{ {fields} }}"), json!({})).await;
    let said =
        |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!(said("retry-after"), "30");
    assert_eq!(
        (said("ratelimit-policy").as_str(), said("ratelimit").as_str()),
        ("\"tries\";q=20;w=600", "\"tries\";r=0;t=600")
    );
    let text = answer.text().await.expect("text");
    assert_eq!(refused(&text), (20, 80), "{text:.500}");
    assert!(text.contains("try again in 30 seconds"), "{text:.500}");
    // By another way, another connection and another token it is the same customer.
    let again = app.token_for("ann").await;
    let found = app.asked(&again, PREVIEW, json!({ "input": order(&["GUESS-1"]) })).await;
    assert!(found.headers().contains_key("retry-after"));
    assert_eq!(refused(&found.text().await.expect("text")), (0, 1));
    let found = app.asked(&again, "{ couponsByCode(code: \"GUESS-1\") { edges { cursor } } }", json!({})).await;
    assert_eq!(refused(&found.text().await.expect("text")), (0, 1));
    // Even the customer's own coupon waits: whether it is one is what is asked.
    let found = app.asked(&again, PREVIEW, json!({ "input": order(&["MINE-1"]) })).await;
    assert_eq!(refused(&found.text().await.expect("text")), (0, 1));
    // Many codes in one checkout are as many tries: half a minute later there is one.
    app.set_clock("2026-01-31T12:00:30Z");
    let two = app.asked(&again, PREVIEW, json!({ "input": order(&["GUESS-1", "GUESS-2"]) })).await;
    assert_eq!(refused(&two.text().await.expect("text")), (0, 1));
    let one = app.asked(&again, PREVIEW, json!({ "input": order(&["GUESS-1"]) })).await;
    assert_eq!(one.headers().get("retry-after"), None);
    assert!(one.text().await.expect("text").contains("NOT_REDEEMABLE"));
    // Staff and services are not customers.
    for number in 0..30 {
        let code = format!("GUESS-{number}");
        let found = app.send(&app.key, PREVIEW, json!({ "input": order(&[&code]) })).await;
        assert_eq!(found["data"]["checkoutPreview"]["coupons"][0]["reasons"][0]["code"], "NOT_FOUND", "{found}");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_address_has_so_many_tries_for_all_its_customers() {
    let app = App::start().await;
    let mut refusals = (0, 0);
    for customer in 0..12 {
        let token = app.token_for(&format!("customer {customer}")).await;
        let fields: String = (0..10)
            .map(|number| format!("a{number}: {} ", REDEEM.replace("CODE", &format!("GUESS-{customer}-{number}"))))
            .collect();
        let (codes, tries) = refused(
            &app.asked(&token, &format!("mutation {{ {fields} }}"), json!({})).await.text().await.expect("text"),
        );
        refusals = (refusals.0 + codes, refusals.1 + tries);
    }
    assert_eq!(refusals, (100, 20));
    app.finish().await;
}
