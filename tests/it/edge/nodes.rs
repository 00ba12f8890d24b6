//! Objects by their ids, and ids that name nothing or something else.

use serde_json::{Value, json};

use super::{App, app::text};

#[tokio::test]
async fn every_kind_of_object_is_read_by_its_id() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "5" }), &["A", "IDLE"]).await;
    let card = app.claim(&pool, "ann").await;
    let paid = app.mutate("couponRedeem", json!({ "coupon": { "id": card["id"] }, "amount": "1" })).await;
    let idle = app.by_code("IDLE").await;
    let customer = app.ok("customerUpsert", json!({ "customerId": "ann", "attributes": { "tier": "gold" } })).await;
    let event = app.events(&card).await[1].clone();
    app.ok(
        "checkoutComplete",
        json!({ "transactionId": "t-1", "customerId": "ann", "coupons": [],
        "basket": { "currency": "EUR", "lines": [] } }),
    )
    .await;
    let purchase = app.data("{ purchase(transactionId: \"t-1\") { id } }", json!({})).await["purchase"].clone();
    let ids =
        json!([purchase["id"], pool, card["id"], idle["id"], customer["id"], event["id"], paid["ledgerEntry"]["id"]]);
    let kinds = ["Purchase", "CouponPool", "Coupon", "Coupon", "Customer", "CouponEvent", "LedgerEntry"];
    let found = app.data("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", json!({ "ids": ids })).await;
    for ((node, id), kind) in
        found["nodes"].as_array().expect("nodes").iter().zip(ids.as_array().expect("ids")).zip(kinds)
    {
        assert_eq!(*node, json!({ "__typename": kind, "id": id }));
        let one = app.data("query($id: ID!) { node(id: $id) { __typename id } }", json!({ "id": id })).await;
        assert_eq!(one["node"], *node);
        assert!(!text(id).contains("IDLE"), "an id is never the code");
    }
    let typed = "query($id: ID!) { node(id: $id) { ... on LedgerEntry { kind amount } ... on Coupon { code } } }";
    let entry = app.data(typed, json!({ "id": paid["ledgerEntry"]["id"] })).await;
    assert_eq!(entry["node"], json!({ "kind": "REDEEM", "amount": "-1.00" }));
    let opened = "query($id: ID!) { node(id: $id) { ... on Purchase { transactionId verdict { payable } returned } } }";
    let opened = app.data(opened, json!({ "id": purchase["id"] })).await;
    let expected = json!({ "transactionId": "t-1", "verdict": { "payable": "0.00" }, "returned": false });
    assert_eq!(opened["node"], expected);
    app.finish().await;
}

#[tokio::test]
async fn ids_that_name_nothing_or_something_else() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A"]).await;
    let coupon = text(&app.claim(&pool, "ann").await["id"]);
    let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let (far, long) = (encode("coupon:1:999999999999"), "A".repeat(2_000));
    let absent = [
        encode("pool:99"),
        encode("pool:4294967296"),
        encode("pool:-1"),
        far,
        encode("event:1:99999"),
        encode("event:9:1"),
        encode("event:1:0"),
        encode("entry:1:0:7"),
        encode("customer:nobody"),
        encode("purchase:none"),
        encode("purchase:"),
        encode("customer:"),
        encode("what:1"),
        encode("pool"),
        "".into(),
        "?".into(),
        "A".into(),
        "\u{0}".into(),
        long,
    ];
    let found = app.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": absent })).await;
    assert_eq!(found["nodes"], json!(vec![Value::Null; absent.len()]));
    // A purchase is read only where something is asked that is its own.
    let opened = "query($id: ID!) { node(id: $id) { id ... on Purchase { transactionId verdict { payable } } } }";
    let gone = app.data(opened, json!({ "id": encode("purchase:none") })).await;
    assert_eq!(gone["node"], Value::Null);
    let both = json!({ "pool": pool, "coupon": coupon });
    let crossed = "query($pool: ID!, $coupon: ID!) { pool(id: $coupon) { id } coupon(id: $pool) { id } }";
    assert_eq!(app.data(crossed, both).await, json!({ "pool": null, "coupon": null }));
    let many = vec![pool.clone(); 101];
    let refused = app.query_refused("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": many })).await;
    assert_eq!(refused, ("LIMIT_EXCEEDED".to_owned(), "ids".to_owned()));
    for id in absent.iter().chain([&pool]) {
        let named = json!({ "coupon": { "id": id } });
        for mutation in ["couponRedeem", "couponUnredeem", "couponUnassign", "couponInvalidate", "couponTransfer"] {
            let mut input = named.clone();
            if mutation == "couponTransfer" {
                input["toCustomerId"] = json!("ann");
            }
            app.refused(mutation, input, "NOT_FOUND", "coupon.id").await;
        }
        if *id != pool {
            app.refused("couponClaim", json!({ "poolId": id, "customerId": "ann" }), "NOT_FOUND", "poolId").await;
        }
    }
    app.refused("couponClaim", json!({ "poolId": coupon, "customerId": "ann" }), "NOT_FOUND", "poolId").await;
    let queries = [
        ("{ pool { id } }", "REQUIRED", "id"),
        ("{ pool(id: \"a\", externalId: \"b\") { id } }", "REQUIRED", "id"),
        ("{ customer { id } }", "REQUIRED", "id"),
        ("{ customer(email: \"nonsense\") { id } }", "VALUE_INVALID", "email"),
        ("{ customer(id: \"\") { id } }", "VALUE_INVALID", "id"),
    ];
    for (query, code, field) in queries {
        assert_eq!(app.query_refused(query, json!({})).await, (code.to_owned(), field.to_owned()), "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn customers_are_edited_field_by_field() {
    let app = App::start().await;
    let full =
        json!({ "customerId": "ann", "email": "Ann@example.com", "currency": "EUR", "attributes": { "a": [1, null] } });
    let made = app.ok("customerUpsert", full).await;
    let same = app.ok("customerUpsert", json!({ "customerId": "ann" })).await;
    assert_eq!(made, same, "what is absent stays");
    for (id, what) in [(json!("ann"), "id"), (made["id"].clone(), "id"), (json!("aNN@Example.com"), "email")] {
        let query = format!(
            "query($id: {}!) {{ customer({what}: $id) {{ externalId attributes }} }}",
            if what == "id" { "ID" } else { "String" }
        );
        let found = app.data(&query, json!({ "id": id })).await;
        assert_eq!(found["customer"], json!({ "externalId": "ann", "attributes": { "a": [1, null] } }));
    }
    let large = json!({ "text": "x".repeat(17_000) });
    for (fields, code, field) in [
        (json!({ "customerId": "ben", "email": "ANN@example.com" }), "DUPLICATE", "email"),
        (json!({ "customerId": "ben", "email": "no" }), "VALUE_INVALID", "email"),
        (json!({ "customerId": "ben", "currency": "eur" }), "VALUE_INVALID", "currency"),
        (json!({ "customerId": "ben", "attributes": [1] }), "VALUE_INVALID", "attributes"),
        (json!({ "customerId": "ben", "attributes": large }), "LIMIT_EXCEEDED", "attributes"),
        (json!({ "customerId": "" }), "VALUE_INVALID", "customerId"),
        (json!({ "customerId": "x".repeat(129) }), "VALUE_INVALID", "customerId"),
        (json!({ "customerId": " ben" }), "VALUE_INVALID", "customerId"),
    ] {
        app.refused("customerUpsert", fields, code, field).await;
    }
    assert_eq!(app.data("{ customer(id: \"ben\") { id } }", json!({})).await["customer"], Value::Null);
    let cleared = app.ok("customerUpsert", json!({ "customerId": "ann", "email": null, "currency": null })).await;
    assert_eq!((&cleared["email"], &cleared["currency"]), (&Value::Null, &Value::Null));
    let taken = app.ok("customerUpsert", json!({ "customerId": "ben", "email": "ann@example.com" })).await;
    assert_eq!(taken["email"], "ann@example.com", "an address that was given up is free");
    app.finish().await;
}
