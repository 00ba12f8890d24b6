//! The life of coupons that are used once: amounts, percentages, free shipping.

use serde_json::{Value, json};

use super::{App, field};

const KINDS: [(&str, Option<&str>); 3] = [("AMOUNT", Some("5")), ("PERCENTAGE", Some("10")), ("FREE_SHIPPING", None)];

#[tokio::test]
async fn from_a_list_to_its_redemption_and_back() {
    for (kind, value) in KINDS {
        let app = App::start().await;
        let pool = app.pool(json!({ "type": kind, "value": value }), &["C-1"]).await;
        let coupon = app.by_code("C-1").await;
        assert_eq!(
            (&coupon["status"], &coupon["version"], &coupon["claims"]),
            (&json!("UNASSIGNED"), &json!(0), &json!(0))
        );
        let named = json!({ "coupon": { "id": coupon["id"] } });
        for (mutation, code) in [("couponUnredeem", "NOT_CLAIMED"), ("couponUnassign", "NOT_CLAIMED")] {
            app.refused(mutation, named.clone(), code, "").await;
        }
        let claim = json!({ "poolId": pool, "customerId": "ann", "reason": "REWARD", "reference": "r-1" });
        let claimed = app.ok("couponClaim", claim).await;
        assert_eq!(claimed["status"], "CLAIMED");
        assert_eq!(claimed["claimedAt"], "2026-01-31T10:00:00.000Z");
        assert_eq!((&claimed["customer"]["externalId"], &claimed["claims"]), (&json!("ann"), &json!(1)));
        assert_eq!(claimed["balance"], Value::Null);
        app.refused("couponClaim", json!({ "poolId": pool, "customerId": "ben" }), "POOL_EXHAUSTED", "poolId").await;
        app.refused("couponUnredeem", named.clone(), "NOT_REDEEMED", "").await;
        let by_ben = json!({ "coupon": { "code": "C-1" }, "customerId": "ben" });
        app.refused("couponRedeem", by_ben, "NOT_OWNER", "customerId").await;
        let with_amount = json!({ "coupon": { "code": "C-1" }, "amount": "1" });
        app.refused("couponRedeem", with_amount, "FIELD_NOT_APPLICABLE", "amount").await;
        app.set_clock("2026-02-01T08:00:00Z");
        let redeem = json!({ "coupon": { "code": " c-1 " }, "customerId": "ann", "transactionId": "t-1" });
        let payload = app.mutate("couponRedeem", redeem.clone()).await;
        assert_eq!(payload["ledgerEntry"], Value::Null);
        let redeemed = &payload["coupon"];
        assert_eq!((&redeemed["status"], &redeemed["usages"]), (&json!("REDEEMED"), &json!(1)));
        assert_eq!(redeemed["redeemedAt"], "2026-02-01T08:00:00.000Z");
        for mutation in ["couponRedeem", "couponUnassign", "couponInvalidate"] {
            app.refused(mutation, named.clone(), "ALREADY_REDEEMED", "").await;
        }
        let entry = json!({ "coupon": { "id": coupon["id"] }, "amount": "1" });
        app.refused("couponUnredeem", entry, "FIELD_NOT_APPLICABLE", "amount").await;
        let back = app.ok("couponUnredeem", named.clone()).await;
        assert_eq!(
            (&back["status"], &back["usages"], &back["redeemedAt"]),
            (&json!("CLAIMED"), &json!(0), &Value::Null)
        );
        app.refused("couponRedeem", redeem, "TRANSACTION_ALREADY_USED", "transactionId").await;
        let invalid = app.ok("couponInvalidate", named.clone()).await;
        assert_eq!(invalid["status"], "INVALID");
        assert_eq!(invalid["invalidatedAt"], "2026-02-01T08:00:00.000Z");
        for mutation in ["couponRedeem", "couponUnassign", "couponInvalidate", "couponUnredeem"] {
            app.refused(mutation, named.clone(), "INVALIDATED", "").await;
        }
        assert_eq!(app.stats(&pool).await, json!({ "total": 1, "invalid": 1 }));
        let events = app.events(&coupon).await;
        let types = field(&events, "type");
        assert_eq!(types, ["COUPON_CLAIM", "COUPON_REDEEM", "COUPON_UNREDEEM", "COUPON_INVALIDATE"]);
        assert_eq!((&events[0]["reason"], &events[0]["reference"]), (&json!("REWARD"), &json!("r-1")));
        assert_eq!(events[0]["actor"], "till");
        assert_eq!(events[1]["transactionId"], "t-1");
        assert!(events.iter().all(|event| event["amount"].is_null() && event["customer"]["externalId"] == "ann"));
        app.finish().await;
    }
}

#[tokio::test]
async fn an_uploaded_code_is_assigned_as_it_is_redeemed() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B", "C"]).await;
    app.refused("couponRedeem", json!({ "coupon": { "code": "A" } }), "REQUIRED", "customerId").await;
    let redeemed = app.ok("couponRedeem", json!({ "coupon": { "code": "A" }, "customerId": "ann" })).await;
    assert_eq!((&redeemed["status"], &redeemed["customer"]["externalId"]), (&json!("REDEEMED"), &json!("ann")));
    assert_eq!(field(&app.events(&redeemed).await, "type"), ["COUPON_CLAIM", "COUPON_REDEEM"]);
    let unheld = app.ok("couponInvalidate", json!({ "coupon": { "code": "B" } })).await;
    let events = app.events(&unheld).await;
    assert!(events.iter().all(|event| event["customer"].is_null()), "nobody held it: {events:?}");
    assert_eq!(app.claim(&pool, "ann").await["code"], "C", "what is used or invalid is not claimed");
    assert_eq!(app.stats(&pool).await, json!({ "total": 3, "claimed": 1, "redeemed": 1, "invalid": 1, "usages": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn what_was_taken_back_is_claimed_again() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["A"]).await;
    let first = app.claim(&pool, "ann").await;
    let back = app.ok("couponUnassign", json!({ "coupon": { "id": first["id"] } })).await;
    assert_eq!(
        (&back["status"], &back["customer"], &back["claimedAt"], &back["claims"]),
        (&json!("UNASSIGNED"), &Value::Null, &Value::Null, &json!(0))
    );
    let second = app.claim(&pool, "ben").await;
    assert_eq!((&second["id"], &second["claims"]), (&first["id"], &json!(1)));
    assert_eq!(second["customer"]["externalId"], "ben");
    assert_eq!(field(&app.events(&first).await, "type"), ["COUPON_CLAIM", "COUPON_UNASSIGN", "COUPON_CLAIM"]);
    app.finish().await;
}

#[tokio::test]
async fn a_coupon_changes_hands() {
    let app = App::start().await;
    for (id, email) in [("ann", "Ann@Example.com"), ("ben", "ben@example.com"), ("cem", "cem@example.com")] {
        app.ok("customerUpsert", json!({ "customerId": id, "email": email })).await;
    }
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B"]).await;
    let coupon = app.claim(&pool, "ann").await;
    let to = |fields: Value| {
        let mut input = json!({ "coupon": { "id": coupon["id"] } });
        input.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
        input
    };
    for (fields, code, field) in [
        (json!({}), "REQUIRED", ""),
        (json!({ "toCustomerId": "nobody" }), "CUSTOMER_NOT_FOUND", "toCustomerId"),
        (json!({ "toCustomerEmail": "nobody@example.com" }), "CUSTOMER_NOT_FOUND", "toCustomerEmail"),
        (json!({ "toCustomerEmail": "nonsense" }), "VALUE_INVALID", "toCustomerEmail"),
        (json!({ "toCustomerId": "ben", "toCustomerEmail": "cem@example.com" }), "CUSTOMER_MISMATCH", ""),
        (
            json!({ "toCustomerId": "ben", "toCustomerEmail": "nobody@example.com" }),
            "CUSTOMER_NOT_FOUND",
            "toCustomerEmail",
        ),
        (json!({ "toCustomerId": "ann" }), "CUSTOMER_MISMATCH", ""),
    ] {
        app.refused("couponTransfer", to(fields), code, field).await;
    }
    for (fields, holder) in [
        (json!({ "toCustomerId": "ben" }), "ben"),
        (json!({ "toCustomerEmail": "CEM@example.com" }), "cem"),
        (json!({ "toCustomerId": "ann", "toCustomerEmail": "ann@example.com" }), "ann"),
    ] {
        assert_eq!(app.ok("couponTransfer", to(fields)).await["customer"]["externalId"], holder);
    }
    let now = app.by_code("A").await;
    assert_eq!((&now["transfers"], &now["claims"], &now["claimedAt"]), (&json!(3), &json!(1), &coupon["claimedAt"]));
    assert_eq!(now["originalCustomer"]["externalId"], "ann");
    let events = app.events(&coupon).await;
    assert_eq!(events.len(), 7);
    let gave = (&events[1]["type"], &events[1]["customer"]["externalId"], &events[1]["counterpart"]["externalId"]);
    assert_eq!(gave, (&json!("COUPON_TRANSFER"), &json!("ann"), &json!("ben")));
    let got = (&events[2]["type"], &events[2]["customer"]["externalId"], &events[2]["counterpart"]["externalId"]);
    assert_eq!(got, (&json!("COUPON_RECEIVE"), &json!("ben"), &json!("ann")));
    let unclaimed = json!({ "coupon": { "code": "B" }, "toCustomerId": "ben" });
    app.refused("couponTransfer", unclaimed, "NOT_CLAIMED", "").await;
    app.ok("couponRedeem", to(json!({}))).await;
    app.refused("couponTransfer", to(json!({ "toCustomerId": "ben" })), "ALREADY_REDEEMED", "").await;
    app.finish().await;
}
