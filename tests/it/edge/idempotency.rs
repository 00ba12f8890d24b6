//! Idempotency keys: the first answer again, also a refusal; never another input; each caller's own.

use serde_json::{Value, json};

use super::App;

fn keyed(input: &Value, key: &str) -> Value {
    let mut input = input.clone();
    input["idempotencyKey"] = json!(key);
    input
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_again() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["A", "B", "C"]).await;
    app.ok("customerUpsert", json!({ "customerId": "ben" })).await;
    let named = json!({ "coupon": { "code": "A" } });
    let redeem = json!({ "coupon": { "code": "A" }, "amount": "10" });
    let checkout = json!({ "transactionId": "t-1", "customerId": "ann", "coupons": [{ "code": "A" }],
        "basket": { "currency": "EUR", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": "20" }] } });
    let new_pool = json!({ "name": "n", "source": "UPLOADED", "type": "FREE_SHIPPING", "externalId": "pool-01" });
    for (place, (mutation, input)) in [
        ("poolCreate", new_pool),
        ("couponsAdd", json!({ "poolId": pool, "codes": ["D", "E"] })),
        ("couponClaim", json!({ "poolId": pool, "customerId": "ann" })),
        ("couponTransfer", json!({ "coupon": { "code": "A" }, "toCustomerId": "ben" })),
        ("couponUnassign", named.clone()),
        ("couponClaim", json!({ "poolId": pool, "customerId": "ann" })),
        ("giftCardAdjust", json!({ "coupon": { "code": "A" }, "amount": "5", "reason": "r" })),
        ("checkoutComplete", checkout),
        ("couponRedeem", redeem),
        ("couponInvalidate", named),
    ]
    .into_iter()
    .enumerate()
    {
        let input = keyed(&input, &format!("key-{place}"));
        let mut first = app.mutate(mutation, input.clone()).await;
        assert_eq!(first["userErrors"], json!([]), "{mutation}");
        let mut again = app.mutate(mutation, input).await;
        if mutation == "couponsAdd" {
            // The pool is shown as it is.
            (first["pool"], again["pool"]) = (Value::Null, Value::Null);
        }
        assert_eq!(first, again, "{mutation}");
    }
    let card = app.by_code("A").await;
    assert_eq!(app.events(&card).await.len(), 8, "claim, give, get, unassign, claim, adjust, redeem, invalidate");
    assert_eq!(app.stats(&pool).await, json!({ "total": 5, "unassigned": 4, "invalid": 1, "usages": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_is_the_first_answer_too() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &[]).await;
    let claim = keyed(&json!({ "poolId": pool, "customerId": "ann" }), "k");
    app.refused("couponClaim", claim.clone(), "POOL_EXHAUSTED", "poolId").await;
    app.mutate("couponsAdd", json!({ "poolId": pool, "codes": ["A"] })).await;
    app.refused("couponClaim", claim, "POOL_EXHAUSTED", "poolId").await;
    assert_eq!(app.claim(&pool, "ann").await["code"], "A");
    app.finish().await;
}

#[tokio::test]
async fn another_input_is_a_mismatch_and_another_caller_is_another_key() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B", "C"]).await;
    let claim = |customer: &str, key: &str| keyed(&json!({ "poolId": pool, "customerId": customer }), key);
    let first = app.ok("couponClaim", claim("ann", "k")).await;
    app.refused("couponClaim", claim("ben", "k"), "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    let named = json!({ "coupon": { "id": first["id"] } });
    app.refused("couponRedeem", keyed(&named, "k"), "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    let other = app.another_key("app").await;
    let second = app.mutate_as(&other, "couponClaim", claim("ben", "k")).await;
    assert_eq!((&second["userErrors"], &second["coupon"]["code"]), (&json!([]), &json!("B")));
    assert_eq!(app.events(&second["coupon"]).await[0]["actor"], "app");
    let longest = "ü".repeat(255);
    assert_eq!(app.ok("couponClaim", claim("cem", &longest)).await["code"], "C");
    let long = "x".repeat(256);
    for bad in ["", " k", "a\nb", long.as_str()] {
        app.refused("couponClaim", claim("dan", bad), "VALUE_INVALID", "idempotencyKey").await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_held_to_a_whole_list_of_codes() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &[]).await;
    let add = |number: usize, key: &str| {
        let codes: Vec<_> = (0..number).map(|n| format!("C-{n}")).collect();
        keyed(&json!({ "poolId": pool, "codes": codes }), key)
    };
    for _ in 0..2 {
        let payload = app.mutate("couponsAdd", add(1_200, "k")).await;
        assert_eq!((&payload["added"], &payload["skipped"]), (&json!(1_200), &json!([])));
    }
    for other in [500, 1_000, 1_201] {
        app.refused("couponsAdd", add(other, "k"), "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    }
    app.refused("couponsAdd", add(1, ""), "VALUE_INVALID", "idempotencyKey").await;
    assert_eq!(app.stats(&pool).await, json!({ "total": 1_200, "unassigned": 1_200 }));
    app.finish().await;
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B"]).await;
    let claim = keyed(&json!({ "poolId": pool, "customerId": "ann" }), "k");
    let first = app.ok("couponClaim", claim.clone()).await;
    app.set_clock("2026-02-01T10:00:00Z");
    assert_eq!(app.ok("couponClaim", claim).await["id"], first["id"], "24 hours later");
    app.finish().await;
}
