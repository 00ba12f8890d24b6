//! The ids and cursors of the API tell nothing, stay for ever, and name customers wherever a customer is named.

use data_encoding::BASE64URL_NOPAD;
use scrip::http::Options;
use serde_json::{Value, json};

use super::{App, app::text, items};
use crate::support::{disk, new_folder};

const LIST: &str = "query($after: Cursor) { events(first: 1, after: $after) { edges { cursor node { id type } } } }";

/// An id or a cursor as versions before gave it.
fn plain(text: &str) -> Value {
    json!(BASE64URL_NOPAD.encode(text.as_bytes()))
}

#[tokio::test]
async fn ids_and_cursors_tell_nothing() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "5" }), &["A", "B"]).await;
    let cards = [app.claim(&pool, "ann").await, app.claim(&pool, "ben").await];
    let mut told = vec![json!(pool), cards[0]["id"].clone(), cards[1]["id"].clone()];
    for card in &cards {
        told.extend(app.ledger(card).await.iter().map(|entry| entry["id"].clone()));
        told.extend(app.events(card).await.iter().flat_map(|event| [event["id"].clone(), event["cursor"].clone()]));
    }
    told.push(app.data("{ latestCursor }", json!({})).await["latestCursor"].clone());
    for edge in app.coupons(&pool, "first: 2").await["edges"].as_array().expect("coupons") {
        told.push(edge["cursor"].clone());
    }
    for text in told.iter().map(text) {
        let sealed = BASE64URL_NOPAD.decode(text.trim_start_matches("id.").as_bytes()).expect("base64url");
        let known = ["pool", "coupon", "event", "entry", "customer"];
        let plain = String::from_utf8_lossy(&sealed);
        assert!(!known.iter().any(|kind| plain.contains(kind)), "{text} is {plain}");
    }
    let both: Vec<String> = cards.iter().map(|card| text(&card["id"])).collect();
    assert_eq!(both[0].len(), both[1].len());
    let same = both[0].bytes().zip(both[1].bytes()).skip(3).filter(|(one, other)| one == other).count();
    assert!(same < 10, "two coupons beside each other have nothing in common: {both:?}");
    app.finish().await;
}

#[tokio::test]
async fn what_versions_before_gave_out_is_still_read() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "5" }), &["A", "B"]).await;
    let card = app.claim(&pool, "ann").await;
    let customer = app.ok("customerUpsert", json!({ "customerId": "ann" })).await;
    let (event, entry) = (app.events(&card).await[0].clone(), app.ledger(&card).await[0].clone());
    for (before, now) in [
        ("pool:1", &json!(pool)),
        ("coupon:1:0", &card["id"]),
        ("customer:ann", &customer["id"]),
        ("event:1:1", &event["id"]),
        ("entry:1:0:0", &entry["id"]),
    ] {
        let found = app.data("query($id: ID!) { node(id: $id) { id } }", json!({ "id": plain(before) })).await;
        assert_eq!(found["node"]["id"], *now, "{before}");
        assert_ne!(plain(before), *now);
    }
    assert_eq!(app.claim(&text(&plain("pool:1")), "ben").await["code"], "B");
    let after = app.data(LIST, json!({ "after": plain("e1.1") })).await["events"].clone();
    assert_eq!(after, app.data(LIST, json!({ "after": event["cursor"] })).await["events"]);
    assert_eq!(items(&after).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn ids_stay_and_those_of_others_name_nothing() {
    let folder = new_folder();
    let app = App::on(&disk(folder.path()), Options::default()).await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A"]).await;
    let coupon = app.claim(&pool, "ann").await;
    let event = app.events(&coupon).await[0].clone();
    app.finish().await;
    let again = App::on(&disk(folder.path()), Options::default()).await;
    assert_eq!(again.by_code("A").await["id"], coupon["id"]);
    assert_eq!(again.events(&coupon).await[0]["cursor"], event["cursor"]);
    again.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    assert_eq!(again.by_code("A").await["id"], coupon["id"]);
    again.finish().await;

    let other = App::start().await;
    let same = other.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A"]).await;
    assert_ne!(other.claim(&same, "ann").await["id"], coupon["id"]);
    let found =
        other.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [pool, coupon["id"]] })).await;
    assert_eq!(found["nodes"], json!([null, null]));
    let refused = other.query_refused(LIST, json!({ "after": event["cursor"] })).await;
    assert_eq!(refused, ("VALUE_INVALID".to_owned(), "after".to_owned()));
    other.finish().await;
}

/// Every input that names a customer, with this id.
fn inputs(pool: &Value, coupon: &Value, customer: &Value) -> Vec<(&'static str, &'static str, Value)> {
    let basket = json!({ "currency": "EUR", "lines": [{ "productId": "mug", "quantity": 1, "unitPrice": "9" }] });
    let presented = json!({ "transactionId": "t", "customerId": customer, "basket": basket, "coupons": [] });
    vec![
        ("customerUpsert", "customerId", json!({ "customerId": customer })),
        ("couponClaim", "customerId", json!({ "poolId": pool, "customerId": customer })),
        ("couponTransfer", "toCustomerId", json!({ "coupon": { "id": coupon }, "toCustomerId": customer })),
        ("couponRedeem", "coupon.customerId", json!({ "coupon": { "code": "A", "customerId": customer } })),
        ("couponUnredeem", "coupon.customerId", json!({ "coupon": { "code": "A", "customerId": customer } })),
        ("couponRedeem", "customerId", json!({ "coupon": { "id": coupon }, "customerId": customer })),
        ("checkoutComplete", "customerId", presented),
    ]
}

#[tokio::test]
async fn a_customers_global_id_names_the_customer() {
    let app = App::start().await;
    let pool = json!(app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B"]).await);
    let ann = app.ok("customerUpsert", json!({ "customerId": "ann", "attributes": { "tier": "gold" } })).await;
    let coupon = app.claim(&text(&pool), "ben").await["id"].clone();
    for (mutation, _, input) in inputs(&pool, &coupon, &ann["id"]) {
        let payload = app.mutate(mutation, input.clone()).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation} {input}");
    }
    let customers = app.data("{ customers { edges { node { externalId } } } }", json!({})).await;
    assert_eq!(items(&customers["customers"]), [json!({ "externalId": "ann" }), json!({ "externalId": "ben" })]);
    let holds = "query($id: ID!) { customer(id: $id) { externalId attributes coupons { edges { node { code } } } }
        events(filter: { customerId: $id, types: [COUPON_RECEIVE] }) { edges { node { coupon { code } } } } }";
    let by_own = app.data(holds, json!({ "id": "ann" })).await;
    assert_eq!(items(&by_own["customer"]["coupons"]).len(), 2);
    assert_eq!(items(&by_own["events"]).len(), 1);
    for id in [&ann["id"], &plain("customer:ann")] {
        assert_eq!(app.data(holds, json!({ "id": id })).await, by_own);
        let filter = json!({ "filter": { "customerId": id }, "id": pool });
        let held = "query($id: ID!, $filter: CouponFilter) { pool(id: $id) { coupons(filter: $filter) { edges { node { id } } } } }";
        assert_eq!(items(&app.data(held, filter).await["pool"]["coupons"]).len(), 2);
    }
    app.finish().await;
}

#[tokio::test]
async fn nobody_is_called_like_an_id() {
    let app = App::start().await;
    let other = App::start().await;
    let pool = json!(app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B"]).await);
    let coupon = app.claim(&text(&pool), "ben").await["id"].clone();
    let elsewhere = other.ok("customerUpsert", json!({ "customerId": "ann" })).await["id"].clone();
    let expected = "expected the retailer's own id of a customer, or Customer.id";
    for (id, found) in [
        (&pool, "found the id of a pool"),
        (&coupon, "found the id of a coupon"),
        (&plain("event:1:1"), "found the id of an event"),
        (&elsewhere, "found an id that is not of this database"),
    ] {
        for (mutation, field, input) in inputs(&pool, &coupon, id) {
            let error = app.mutate(mutation, input).await["userErrors"][0].clone();
            assert_eq!(error["message"], format!("{expected}, {found}"), "{mutation}: {error}");
            let path: Vec<String> = error["field"].as_array().expect("a field").iter().map(text).collect();
            assert_eq!((path.join("."), &error["code"]), (field.to_owned(), &json!("VALUE_INVALID")), "{mutation}");
        }
        let asked = "query($id: ID!) { customer(id: $id) { id } }";
        assert_eq!(app.data(asked, json!({ "id": id })).await["customer"], Value::Null);
    }
    // What only begins like one is a name like any other.
    for name in ["id.7", "id.ann", "id.4711-0815 of the shop"] {
        assert_eq!(app.ok("customerUpsert", json!({ "customerId": name })).await["externalId"], name);
        assert_eq!(
            app.data("query($id: ID!) { customer(id: $id) { externalId } }", json!({ "id": name })).await["customer"]["externalId"],
            name
        );
    }
    other.finish().await;
    app.finish().await;
}
