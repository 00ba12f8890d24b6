//! Input that no well-meaning client sends: each is answered with a code and a field, and nothing is
//! changed by it.

use serde_json::{Value, json};

use super::App;

#[tokio::test]
async fn wrong_types_and_missing_fields() {
    let app = App::start().await;
    let create = "mutation($input: PoolCreateInput!) { poolCreate(input: $input) { pool { id } } }";
    let pool = |fields: Value| {
        let mut input = json!({ "name": "n", "source": "UPLOADED", "type": "AMOUNT", "value": "5" });
        input.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
        json!({ "input": input })
    };
    let checkout = "query($input: CheckoutInput!) { checkoutPreview(input: $input) { total } }";
    let basket = |line: Value| json!({ "input": { "transactionId": "t", "customerId": "c", "coupons": [], "basket": { "currency": "EUR", "lines": [line] } } });
    let pools = "query($first: Int, $after: Cursor) { pools(first: $first, after: $after) { edges { node { id } } } }";
    let events = "query($filter: EventFilter) { events(filter: $filter) { edges { node { id } } } }";
    let mut wrong = Vec::new();
    for (query, variables, code, field) in [
        (create, pool(json!({ "name": 5 })), "VALUE_INVALID", "name"),
        (create, pool(json!({ "name": null })), "VALUE_INVALID", "name"),
        (create, pool(json!({ "value": 5 })), "VALUE_INVALID", "value"),
        (create, pool(json!({ "value": 5.25 })), "VALUE_INVALID", "value"),
        (create, pool(json!({ "value": ["5"] })), "VALUE_INVALID", "value"),
        (create, pool(json!({ "source": "NOWHERE" })), "VALUE_INVALID", "source"),
        (create, pool(json!({ "aggregated": "yes" })), "VALUE_INVALID", "aggregated"),
        (create, pool(json!({ "restrictions": { "stores": [5.5] } })), "VALUE_INVALID", "restrictions.stores.0"),
        (create, pool(json!({ "restrictions": "none" })), "VALUE_INVALID", ""),
        (create, pool(json!({ "nonsense": 1 })), "VALUE_INVALID", "nonsense"),
        (create, json!({ "input": { "name": "n", "source": "UPLOADED" } }), "REQUIRED", "type"),
        (create, json!({ "input": { "source": "UPLOADED", "type": "AMOUNT" } }), "REQUIRED", "name"),
        (create, json!({ "input": 5 }), "VALUE_INVALID", ""),
        (create, json!({}), "VALUE_INVALID", ""),
        (
            checkout,
            basket(json!({ "productId": "p", "quantity": "1", "unitPrice": "1" })),
            "VALUE_INVALID",
            "basket.lines.0.quantity",
        ),
        (
            checkout,
            basket(json!({ "productId": "p", "quantity": 1.5, "unitPrice": "1" })),
            "VALUE_INVALID",
            "basket.lines.0.quantity",
        ),
        (
            checkout,
            basket(json!({ "productId": "p", "quantity": -1, "unitPrice": "1" })),
            "VALUE_INVALID",
            "basket.lines.0.quantity",
        ),
        (pools, json!({ "first": "1" }), "VALUE_INVALID", "first"),
        (pools, json!({ "first": 99_999_999_999_i64 }), "VALUE_INVALID", ""),
        (pools, json!({ "after": 5 }), "VALUE_INVALID", "after"),
        (events, json!({ "filter": { "from": "yesterday" } }), "VALUE_INVALID", "filter.from"),
        (events, json!({ "filter": { "types": ["COUPON_LOSE"] } }), "VALUE_INVALID", "filter.types.0"),
        ("{ nothing }", json!({}), "DOCUMENT_INVALID", ""),
        ("{ viewer { ", json!({}), "DOCUMENT_INVALID", ""),
        ("", json!({}), "DOCUMENT_INVALID", ""),
        ("subscription { couponEvents { id } }", json!({}), "DOCUMENT_INVALID", ""),
        ("query A { viewer { id } } query B { viewer { id } }", json!({}), "DOCUMENT_INVALID", ""),
    ] {
        let found = app.query_refused(query, variables.clone()).await;
        if found != (code.to_owned(), field.to_owned()) {
            wrong.push((query, variables, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let fields = "viewer { name } ".repeat(6_000);
    let deep = format!("{}{}", "{ pools { edges { node { coupons { edges { node { pool ".repeat(8), " ".repeat(8));
    for query in [format!("{{ {fields} }}"), deep] {
        let found = app.query_refused(&query, json!({})).await.0;
        assert!(found == "LIMIT_EXCEEDED" || found == "DOCUMENT_INVALID", "{found}");
    }
    assert_eq!(app.data("{ pools { edges { node { id } } } }", json!({})).await["pools"]["edges"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn texts_that_are_no_names() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["A"]).await;
    let long = "x".repeat(200_000);
    for bad in ["", " ", "a\u{0}b", "a\nb", "\u{85}", " padded ", long.as_str()] {
        let redeem = |name: &str| json!({ "coupon": { "code": "A" }, "customerId": "ann", "amount": "1", (name): bad });
        for (mutation, input, field) in [
            ("couponClaim", json!({ "poolId": pool, "customerId": bad }), "customerId"),
            ("couponClaim", json!({ "poolId": pool, "customerId": "ann", "reference": bad }), "reference"),
            ("couponClaim", json!({ "poolId": pool, "customerId": "ann", "idempotencyKey": bad }), "idempotencyKey"),
            ("couponRedeem", redeem("transactionId"), "transactionId"),
            ("couponRedeem", redeem("amount"), "amount"),
            ("customerUpsert", json!({ "customerId": bad }), "customerId"),
            ("customerUpsert", json!({ "customerId": "ann", "email": bad }), "email"),
            ("customerUpsert", json!({ "customerId": "ann", "currency": bad }), "currency"),
            ("poolUpdate", json!({ "id": pool, "apply": "NONE", "name": bad }), "name"),
            (
                "poolUpdate",
                json!({ "id": pool, "apply": "NONE", "restrictions": { "products": ["p", bad] } }),
                "restrictions.products",
            ),
        ] {
            app.refused(mutation, input, "VALUE_INVALID", field).await;
        }
        app.refused(
            "couponRedeem",
            json!({ "coupon": { "code": bad }, "customerId": "ann", "amount": "1" }),
            "NOT_FOUND",
            "coupon.code",
        )
        .await;
    }
    assert_eq!(app.by_code("A").await["status"], "UNASSIGNED");
    assert_eq!(app.read_pool(&pool).await["version"], 1);
    assert_eq!(app.data("{ customers { edges { node { id } } } }", json!({})).await["customers"]["edges"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn a_coupon_is_named_in_one_way() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A"]).await;
    let coupon = app.claim(&pool, "ann").await;
    for (named, code, field) in [
        (json!({}), "REQUIRED", "coupon"),
        (json!({ "id": coupon["id"], "code": "A" }), "VALUE_INVALID", "coupon"),
        (json!({ "poolId": pool }), "REQUIRED", "coupon"),
        (json!({ "code": "A", "poolId": coupon["id"] }), "NOT_FOUND", "coupon.poolId"),
        (json!({ "code": "A", "customerId": "" }), "VALUE_INVALID", "coupon.customerId"),
        (json!({ "code": "B" }), "NOT_FOUND", "coupon.code"),
    ] {
        for mutation in ["couponRedeem", "couponUnredeem", "couponUnassign", "couponInvalidate", "couponTransfer"] {
            let mut input = json!({ "coupon": named });
            if mutation == "couponTransfer" {
                input["toCustomerId"] = json!("ann");
            }
            app.refused(mutation, input, code, field).await;
        }
    }
    assert_eq!(app.by_code("A").await["version"], 1);
    app.finish().await;
}
