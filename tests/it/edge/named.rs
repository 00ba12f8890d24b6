//! `CouponRef.customerId` means the coupon that this customer holds, whatever names it and whatever is to be done with
//! it; so does `poolId`.

use serde_json::{Value, json};

use super::{App, app::text};

/// An action and what it needs beside the coupon.
const ACTIONS: [(&str, &str); 6] = [
    ("couponRedeem", r#"{ "amount": "10" }"#),
    ("couponUnredeem", "{}"),
    ("couponUnassign", "{}"),
    ("couponTransfer", r#"{ "toCustomerId": "cem" }"#),
    ("couponInvalidate", "{}"),
    ("giftCardAdjust", r#"{ "amount": "1", "reason": "a gift" }"#),
];

fn input(named: &Value, more: &str) -> Value {
    let mut input: Value = serde_json::from_str(more).expect("JSON");
    input["coupon"] = named.clone();
    input
}

fn held_by(customer: &str, named: &Value) -> Value {
    let mut named = named.clone();
    named["customerId"] = json!(customer);
    named
}

/// A pool of each kind of code, with a gift card that ann has claimed.
async fn cards(app: &App) -> Vec<(String, Value)> {
    let made = |source: &str, pattern: &str| json!({ "name": pattern, "source": source, "type": "GIFT_CARD", "value": "50", "pattern": pattern });
    let mut pools = vec![app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["UPLOADED"]).await];
    for (source, pattern) in [("GENERATED", "GENERIC"), ("GENERATED", "MADE-####"), ("BULK_GENERATED", "BULK-####")] {
        pools.push(text(&app.ok("poolCreate", made(source, pattern)).await["id"]));
    }
    app.mutate("couponsGenerate", json!({ "poolId": pools[3], "count": 1 })).await;
    let mut cards = Vec::new();
    for pool in pools {
        let card = app.claim(&pool, "ann").await;
        cards.push((pool, card));
    }
    cards
}

#[tokio::test]
async fn the_coupon_that_a_customer_holds() {
    let app = App::start().await;
    for customer in ["ben", "cem"] {
        app.ok("customerUpsert", json!({ "customerId": customer })).await;
    }
    for (pool, card) in cards(&app).await {
        let (id, code) = (json!({ "id": card["id"] }), json!({ "code": card["code"] }));
        let both = json!({ "code": card["code"], "poolId": pool });
        for named in [&id, &code, &both] {
            for (mutation, more) in ACTIONS {
                for stranger in ["ben", "nobody"] {
                    let wrong = input(&held_by(stranger, named), more);
                    // A code that everyone has is one that this customer has not claimed.
                    let everyones = card["code"] == "GENERIC" && *named != id;
                    let code = if everyones { "NOT_CLAIMED" } else { "NOT_OWNER" };
                    app.refused(mutation, wrong, code, "coupon.customerId").await;
                }
            }
        }
        let held = |customer: &str, place: usize| held_by(customer, [&id, &code, &both][place]);
        app.ok("giftCardAdjust", input(&held("ann", 1), r#"{ "amount": "1", "reason": "a gift" }"#)).await;
        app.ok("couponRedeem", input(&held("ann", 2), r#"{ "amount": "10" }"#)).await;
        let mut back = input(&held("ann", 0), "{}");
        back["ledgerEntryId"] = app.ledger(&card).await[2]["id"].clone();
        app.ok("couponUnredeem", back).await;
        app.ok("couponTransfer", input(&held("ann", 1), r#"{ "toCustomerId": "cem" }"#)).await;
        app.ok("couponUnassign", input(&held("cem", 1), "{}")).await;
        let again = app.claim(&pool, "cem").await;
        let again = held_by("cem", &json!({ "code": again["code"] }));
        assert_eq!(app.ok("couponInvalidate", input(&again, "{}")).await["status"], "INVALID");
    }
    app.finish().await;
}

#[tokio::test]
async fn nobody_holds_what_is_unassigned_and_an_old_holder_holds_nothing() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B"]).await;
    app.ok("customerUpsert", json!({ "customerId": "ben" })).await;
    let by = |customer: &str, code: &str| json!({ "coupon": { "code": code, "customerId": customer } });
    app.refused("couponInvalidate", by("ann", "A"), "NOT_OWNER", "coupon.customerId").await;
    let mut redeem = by("ann", "A");
    redeem["customerId"] = json!("ann");
    app.refused("couponRedeem", redeem, "NOT_OWNER", "coupon.customerId").await;
    let card = app.claim(&pool, "ann").await;
    let transfer = json!({ "coupon": { "id": card["id"], "customerId": "ann" }, "toCustomerId": "ben" });
    app.ok("couponTransfer", transfer.clone()).await;
    app.refused("couponTransfer", transfer, "NOT_OWNER", "coupon.customerId").await;
    app.refused("couponUnassign", by("ann", "A"), "NOT_OWNER", "coupon.customerId").await;
    let mut redeem = by("ben", "A");
    redeem["customerId"] = json!("ann");
    app.refused("couponRedeem", redeem, "NOT_OWNER", "customerId").await;
    app.ok("couponRedeem", by("ben", "A")).await;
    app.refused("couponUnredeem", by("ann", "A"), "NOT_OWNER", "coupon.customerId").await;
    app.ok("couponUnredeem", by("ben", "A")).await;
    app.ok("couponInvalidate", by("ben", "A")).await;
    app.refused("couponInvalidate", by("ben", "A"), "INVALIDATED", "").await;
    app.finish().await;
}

#[tokio::test]
async fn the_coupon_of_a_pool() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A"]).await;
    let other = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["B"]).await;
    let coupon = app.claim(&pool, "ann").await;
    for (named, field) in [
        (json!({ "id": coupon["id"], "poolId": other }), "coupon.id"),
        (json!({ "code": "A", "poolId": other }), "coupon.code"),
    ] {
        app.refused("couponInvalidate", json!({ "coupon": named }), "NOT_FOUND", field).await;
    }
    app.ok("couponInvalidate", json!({ "coupon": { "id": coupon["id"], "poolId": pool } })).await;
    app.finish().await;
}

#[tokio::test]
async fn a_customer_at_the_till_who_is_none_is_told_where_it_stands() {
    let app = App::start().await;
    app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A"]).await;
    let redeem = json!({ "coupon": { "code": "A" }, "customerId": "" });
    app.refused("couponRedeem", redeem, "VALUE_INVALID", "customerId").await;
    app.finish().await;
}
