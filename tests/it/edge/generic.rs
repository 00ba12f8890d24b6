//! Pools that give a customer the same coupon again, and codes that everyone has.

use serde_json::{Value, json};

use super::{App, field, items};

#[tokio::test]
async fn an_aggregated_pool_gives_the_same_coupon_again() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5", "aggregated": true }), &["A", "B"]).await;
    let first = app.claim(&pool, "ann").await;
    let again = app.claim(&pool, "ann").await;
    assert_eq!((&again["id"], &again["claims"]), (&first["id"], &json!(2)));
    assert_ne!(app.claim(&pool, "ben").await["id"], first["id"]);
    assert_eq!(app.claim(&pool, "ann").await["claims"], 3, "also when the pool has none left");
    assert_eq!(field(&app.events(&first).await, "type"), ["COUPON_CLAIM"; 3]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 2, "claimed": 2 }));
    app.ok("couponUnassign", json!({ "coupon": { "id": first["id"] } })).await;
    let other = app.claim(&pool, "cem").await;
    assert_eq!((&other["id"], &other["claims"]), (&first["id"], &json!(1)));
    app.finish().await;
}

#[tokio::test]
async fn everyone_has_a_generic_code() {
    let app = App::start().await;
    let input =
        json!({ "name": "g", "source": "GENERATED", "type": "PERCENTAGE", "value": "10", "pattern": "Welcome" });
    let pool = super::app::text(&app.ok("poolCreate", input).await["id"]);
    let list = "query($after: Cursor) { couponsByCode(code: \" WELCOME \", first: 2, after: $after) { edges { node { id code customer { externalId } } } pageInfo { hasNextPage endCursor } } }";
    assert_eq!(items(&app.data(list, json!({})).await["couponsByCode"]), Vec::<Value>::new());
    for customer in ["ann", "ben", "cem"] {
        assert_eq!(app.claim(&pool, customer).await["code"], "Welcome");
    }
    let page = app.data(list, json!({})).await["couponsByCode"].clone();
    assert_eq!(field(&items(&page), "customer"), [json!({ "externalId": "ann" }), json!({ "externalId": "ben" })]);
    let rest = app.data(list, json!({ "after": page["pageInfo"]["endCursor"] })).await["couponsByCode"].clone();
    assert_eq!((items(&rest).len(), &rest["pageInfo"]["hasNextPage"]), (1, &json!(false)));
    let named = json!({ "coupon": { "code": "welcome" } });
    app.refused("couponRedeem", named.clone(), "REQUIRED", "coupon.customerId").await;
    app.refused("couponInvalidate", named, "REQUIRED", "coupon.customerId").await;
    let by = |customer: &str| json!({ "coupon": { "code": "welcome" }, "customerId": customer });
    let redeemed = app.ok("couponRedeem", by("ben")).await;
    assert_eq!((&redeemed["status"], &redeemed["customer"]["externalId"]), (&json!("REDEEMED"), &json!("ben")));
    app.refused("couponRedeem", by("ben"), "ALREADY_REDEEMED", "").await;
    app.refused("couponRedeem", by("nobody"), "NOT_CLAIMED", "customerId").await;
    let anns = json!({ "coupon": { "code": "welcome", "customerId": "ann" } });
    assert_eq!(app.ok("couponInvalidate", anns).await["customer"]["externalId"], "ann");
    assert_eq!(app.stats(&pool).await, json!({ "total": 3, "claimed": 1, "redeemed": 1, "invalid": 1, "usages": 1 }));
    let second = app.claim(&pool, "ben").await;
    assert_eq!(app.ok("couponRedeem", by("ben")).await["id"], second["id"], "one that can be used goes before others");
    let clash = json!({ "name": "h", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "WELCOME" });
    app.refused("poolCreate", clash, "PATTERN_NOT_UNIQUE", "pattern").await;
    app.finish().await;
}

#[tokio::test]
async fn a_pool_tells_equal_codes_apart() {
    let app = App::start().await;
    let one = app.pool(json!({ "type": "FREE_SHIPPING", "caseSensitive": true }), &["Same"]).await;
    let other = app.pool(json!({ "type": "FREE_SHIPPING", "caseSensitive": true }), &["SAME"]).await;
    let named = |code: &str, pool: &str| json!({ "coupon": { "code": code, "poolId": pool }, "customerId": "ann" });
    app.refused("couponRedeem", named("Same", &other), "NOT_FOUND", "coupon.code").await;
    app.refused("couponRedeem", named("same", &one), "NOT_FOUND", "coupon.code").await;
    assert_eq!(app.ok("couponRedeem", named("Same", &one)).await["code"], "Same");
    assert_eq!(app.ok("couponRedeem", named("SAME", &other)).await["code"], "SAME");
    app.finish().await;
}
