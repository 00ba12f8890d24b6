//! Why something was done: the reason that an action may carry, and what a claim refers to.

use serde_json::{Value, json};

use super::{App, field, items};

/// The reference and the coupon of the events of a list.
async fn by_reference(app: &App, filter: Value) -> Vec<(String, String)> {
    let query =
        "query($filter: EventFilter) { events(filter: $filter) { edges { node { reference coupon { code } } } } }";
    let found = items(&app.data(query, json!({ "filter": filter })).await["events"]);
    found
        .iter()
        .map(|event| (super::app::text(&event["reference"]), super::app::text(&event["coupon"]["code"])))
        .collect()
}

#[tokio::test]
async fn a_claims_reason_and_reference_are_two() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B", "C", "D", "E"]).await;
    let cases = [
        (json!("MANUAL"), json!("order 1")),
        (json!("REWARD"), Value::Null),
        (Value::Null, json!("MANUAL: order 1")),
        (Value::Null, Value::Null),
        (json!("OFFER"), json!("order 1")),
    ];
    let mut coupons = Vec::new();
    for (reason, reference) in &cases {
        let claim = json!({ "poolId": pool, "customerId": "ann", "reason": reason, "reference": reference });
        let coupon = app.ok("couponClaim", claim).await;
        let event = app.events(&coupon).await[0].clone();
        assert_eq!((&event["reason"], &event["reference"]), (reason, reference));
        coupons.push(coupon["id"].clone());
    }
    let found =
        |codes: &[&str]| -> Vec<_> { codes.iter().map(|code| ("order 1".to_owned(), (*code).to_owned())).collect() };
    for (filter, codes) in [
        (json!({ "reference": "order 1" }), &["A", "E"][..]),
        (json!({ "reference": "order 1", "customerId": "ann" }), &["A", "E"]),
        (json!({ "reference": "order 1", "couponId": coupons[4] }), &["E"]),
        (json!({ "reference": "order 1", "couponId": coupons[1] }), &[]),
        (json!({ "reference": "order" }), &[]),
        (json!({ "reference": "order 1", "types": ["COUPON_REDEEM"] }), &[]),
    ] {
        assert_eq!(by_reference(&app, filter.clone()).await, found(codes), "{filter}");
    }
    let again = json!({ "poolId": pool, "customerId": "ann", "reference": " " });
    app.refused("couponClaim", again, "VALUE_INVALID", "reference").await;
    app.finish().await;
}

#[tokio::test]
async fn every_action_may_carry_a_reason() {
    let app = App::start().await;
    app.ok("customerUpsert", json!({ "customerId": "ben" })).await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B"]).await;
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "5" }), &["CARD"]).await;
    let coupon = app.claim(&pool, "ann").await;
    let card = app.claim(&cards, "ann").await;
    let longest = "\u{1F600}".repeat(500);
    let on = |coupon: &Value, fields: Value| {
        let mut input = json!({ "coupon": { "id": coupon["id"] } });
        input.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
        input
    };
    let steps = [
        ("couponTransfer", on(&coupon, json!({ "toCustomerId": "ben" })), 2),
        ("couponRedeem", on(&coupon, json!({})), 1),
        ("couponUnredeem", on(&coupon, json!({})), 1),
        ("couponUnassign", on(&coupon, json!({})), 1),
        ("couponInvalidate", on(&coupon, json!({})), 1),
        ("giftCardAdjust", on(&card, json!({ "amount": "1" })), 1),
        ("couponRedeem", on(&card, json!({ "amount": "2" })), 1),
    ];
    for (place, (mutation, input, events)) in steps.into_iter().enumerate() {
        for wrong in [json!(""), json!(" lost"), json!("a\nb"), json!("x".repeat(501))] {
            let mut input = input.clone();
            input["reason"] = wrong;
            app.refused(mutation, input, "VALUE_INVALID", "reason").await;
        }
        let reason = if place == 0 { longest.clone() } else { format!("step {place}") };
        let mut input = input;
        input["reason"] = json!(reason);
        let payload = app.mutate(mutation, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}");
        let told = app.events(&payload["coupon"]).await;
        let told = &told[told.len() - events..];
        assert!(told.iter().all(|event| event["reason"] == json!(reason)), "{mutation}: {told:?}");
    }
    // Of a redemption that assigns the code on its way, the redemption tells why.
    let assigned = json!({ "coupon": { "code": "B" }, "customerId": "ann", "reason": "goodwill" });
    let assigned = app.ok("couponRedeem", assigned).await;
    assert_eq!(field(&app.events(&assigned).await, "type"), ["COUPON_CLAIM", "COUPON_REDEEM"]);
    assert_eq!(app.events(&assigned).await[1]["reason"], "goodwill");
    app.finish().await;
}

#[tokio::test]
async fn what_a_redemption_voids_has_a_reason_of_its_own() {
    let app = App::start().await;
    let card = json!({ "type": "GIFT_CARD", "value": "100", "restrictions": { "minimumValue": "1" } });
    let pool = app.pool(card, &["CARD"]).await;
    let card = app.claim(&pool, "ann").await;
    let pay = json!({ "coupon": { "id": card["id"] }, "amount": "99.5", "reason": "at the till" });
    app.ok("couponRedeem", pay).await;
    let reasons = field(&app.events(&card).await, "reason");
    assert_eq!(reasons[1..], ["at the till", "the balance fell below the card's minimum value"]);
    app.finish().await;
}

#[tokio::test]
async fn another_reason_is_another_input() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A"]).await;
    let coupon = app.claim(&pool, "ann").await;
    let because =
        |reason: Option<&str>| json!({ "coupon": { "id": coupon["id"] }, "reason": reason, "idempotencyKey": "k" });
    let first = app.ok("couponInvalidate", because(Some("lost"))).await;
    assert_eq!(app.ok("couponInvalidate", because(Some("lost"))).await, first);
    for other in [None, Some("stolen")] {
        app.refused("couponInvalidate", because(other), "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    }
    app.finish().await;
}
