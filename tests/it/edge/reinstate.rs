//! An invalidation that is taken back.

use serde_json::{Value, json};

use super::{App, field};

fn named(coupon: &Value) -> Value {
    json!({ "coupon": { "id": coupon["id"] } })
}

#[tokio::test]
async fn a_coupon_is_again_what_it_was() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B", "C"]).await;
    let coupon = app.claim(&pool, "ann").await;
    app.refused("couponReinstate", named(&coupon), "NOT_REDEEMED", "").await;
    app.ok("couponInvalidate", named(&coupon)).await;
    app.set_clock("2026-02-01T08:00:00Z");
    let back = json!({ "coupon": { "code": "a" }, "reason": "found again", "idempotencyKey": "k" });
    let again = app.ok("couponReinstate", back.clone()).await;
    let mut same = coupon.clone();
    same["version"] = json!(3);
    assert_eq!(again, same);
    assert_eq!(app.ok("couponReinstate", back).await, again, "the same key has the same answer");
    app.refused("couponReinstate", named(&coupon), "NOT_REDEEMED", "").await;
    let events = app.events(&coupon).await;
    assert_eq!(field(&events, "type"), ["COUPON_CLAIM", "COUPON_INVALIDATE", "COUPON_REINSTATE"]);
    let told = &events[2];
    assert_eq!((&told["statusBefore"], &told["statusAfter"]), (&json!("INVALID"), &json!("CLAIMED")));
    assert_eq!((&told["reason"], &told["customer"]["externalId"]), (&json!("found again"), &json!("ann")));
    assert_eq!(app.ok("couponRedeem", named(&coupon)).await["status"], "REDEEMED");
    app.refused("couponReinstate", named(&coupon), "ALREADY_REDEEMED", "").await;

    // One that nobody held is claimed again, before those that were never touched.
    let unheld = app.by_code("C").await;
    app.refused("couponReinstate", named(&unheld), "NOT_CLAIMED", "").await;
    app.ok("couponInvalidate", named(&unheld)).await;
    assert_eq!(
        app.stats(&pool).await,
        json!({ "total": 3, "unassigned": 1, "redeemed": 1, "invalid": 1, "usages": 1 })
    );
    let unheld = app.ok("couponReinstate", named(&unheld)).await;
    assert_eq!((&unheld["status"], &unheld["invalidatedAt"]), (&json!("UNASSIGNED"), &Value::Null));
    assert!(app.events(&unheld).await.iter().all(|event| event["customer"].is_null()));
    assert_eq!(app.claim(&pool, "ben").await["code"], "C");
    assert_eq!(app.claim(&pool, "ben").await["code"], "B");
    assert_eq!(app.stats(&pool).await, json!({ "total": 3, "claimed": 2, "redeemed": 1, "usages": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn codes_beyond_those_given_out_come_back_too() {
    let app = App::start().await;
    let pool = app.bulk("BULK-####", 3).await;
    let codes: Vec<Value> = field(&super::items(&app.coupons(&pool, "first: 3").await), "code");
    let last = app.ok("couponInvalidate", json!({ "coupon": { "code": codes[2] } })).await;
    assert_eq!(app.claim(&pool, "ann").await["code"], codes[0]);
    app.ok("couponReinstate", named(&last)).await;
    assert_eq!(app.claim(&pool, "ann").await["code"], codes[2]);
    assert_eq!(app.claim(&pool, "ann").await["code"], codes[1]);
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "ann" }), "POOL_EXHAUSTED", "poolId").await;
    app.finish().await;
}

#[tokio::test]
async fn a_gift_card_holds_again_what_it_held() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["A"]).await;
    let card = app.claim(&pool, "ann").await;
    let pay = |amount: &str| json!({ "coupon": { "id": card["id"] }, "amount": amount });
    app.ok("couponRedeem", pay("20")).await;
    for _ in 0..2 {
        assert_eq!(app.ok("couponInvalidate", named(&card)).await["balance"], "0.00");
        let back = app.ok("couponReinstate", named(&card)).await;
        assert_eq!((&back["status"], &back["balance"]), (&json!("PARTIALLY_REDEEMED"), &json!("30.00")));
    }
    let ledger = app.ledger(&card).await;
    assert_eq!(field(&ledger, "kind"), ["ISSUE", "REDEEM", "VOID", "REVERSE", "VOID", "REVERSE"]);
    assert_eq!((&ledger[3]["reverses"], &ledger[5]["reverses"]), (&ledger[2]["id"], &ledger[4]["id"]));
    assert_eq!((&ledger[5]["amount"], &ledger[5]["balanceAfter"]), (&json!("30.00"), &json!("30.00")));
    let told = app.events(&card).await.pop().expect("an event");
    assert_eq!((&told["amount"], &told["balanceAfter"]), (&json!("30.00"), &json!("30.00")));
    let voided = json!({ "coupon": { "id": card["id"] }, "ledgerEntryId": ledger[4]["id"] });
    app.refused("couponUnredeem", voided, "VALUE_INVALID", "ledgerEntryId").await;
    let paid = json!({ "coupon": { "id": card["id"] }, "ledgerEntryId": ledger[1]["id"] });
    let whole = app.ok("couponUnredeem", paid).await;
    assert_eq!((&whole["status"], &whole["balance"]), (&json!("CLAIMED"), &json!("50.00")));
    // A card that was taken back holds nothing until it is claimed.
    app.ok("couponUnassign", named(&card)).await;
    app.ok("couponInvalidate", named(&card)).await;
    let back = app.ok("couponReinstate", named(&card)).await;
    assert_eq!((&back["status"], &back["balance"]), (&json!("UNASSIGNED"), &json!("0.00")));
    assert_eq!(app.claim(&pool, "ben").await["balance"], "50.00");
    app.finish().await;
}

#[tokio::test]
async fn a_card_below_its_minimum_stays_void() {
    let app = App::start().await;
    let card = json!({ "type": "GIFT_CARD", "value": "50", "restrictions": { "minimumValue": "5" } });
    let pool = app.pool(card, &["A"]).await;
    let card = app.claim(&pool, "ann").await;
    app.ok("couponRedeem", json!({ "coupon": { "id": card["id"] }, "amount": "45.01" })).await;
    let payload = app.mutate("couponReinstate", named(&card)).await;
    let message = "the gift card would hold 4.99, which is below its minimum value of 5.00: it stays void";
    assert_eq!(payload["userErrors"][0]["code"], "INVALIDATED");
    assert_eq!(payload["userErrors"][0]["message"], message);
    app.finish().await;
}

#[tokio::test]
async fn time_goes_on_while_a_coupon_is_invalid() {
    let app = App::start().await;
    let terms = json!({ "type": "AMOUNT", "value": "5", "restrictions": { "expirationPeriod": "P1D" } });
    let pool = app.pool(terms, &["LATE", "SOON"]).await;
    let (late, soon) = (app.claim(&pool, "ann").await, app.claim(&pool, "ann").await);
    app.ok("couponInvalidate", named(&late)).await;
    app.ok("couponInvalidate", named(&soon)).await;
    let back = app.ok("couponReinstate", named(&soon)).await;
    assert_eq!((&back["status"], &back["expiresAt"]), (&json!("CLAIMED"), &soon["expiresAt"]));
    app.set_clock("2026-02-01T10:00:00Z");
    assert_eq!(app.stats(&pool).await, json!({ "total": 2, "expired": 1, "invalid": 1 }));
    let over = app.ok("couponReinstate", named(&late)).await;
    assert_eq!((&over["status"], &over["invalidatedAt"]), (&json!("EXPIRED"), &Value::Null));
    assert_eq!(app.stats(&pool).await, json!({ "total": 2, "expired": 2 }));
    app.refused("couponRedeem", named(&late), "EXPIRED", "").await;
    app.refused("couponReinstate", named(&late), "EXPIRED", "").await;
    let types = field(&app.events(&late).await, "type");
    assert_eq!(types, ["COUPON_CLAIM", "COUPON_INVALIDATE", "COUPON_REINSTATE"], "it is over by the last");
    assert_eq!(field(&app.events(&soon).await, "type")[2..], ["COUPON_REINSTATE", "COUPON_EXPIRE"]);
    app.finish().await;
}

#[tokio::test]
async fn a_customer_of_an_aggregated_pool_claims_on() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5", "aggregated": true }), &["A", "B"]).await;
    let coupon = app.claim(&pool, "ann").await;
    app.claim(&pool, "ann").await;
    app.ok("couponInvalidate", named(&coupon)).await;
    let back = app.ok("couponReinstate", named(&coupon)).await;
    assert_eq!((&back["status"], &back["claims"]), (&json!("CLAIMED"), &json!(2)));
    let again = app.claim(&pool, "ann").await;
    assert_eq!((&again["id"], &again["claims"]), (&coupon["id"], &json!(3)));
    app.finish().await;
}
