//! Tokens for customers: who gets one, what it opens, and when it ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::App;
use crate::edge::app::items;

const CREATE: &str = "mutation($input: CustomerTokenCreateInput!) { customerTokenCreate(input: $input) { \
    token expiresAt userErrors { code field message } } }";

impl App {
    /// Has a key make a token; the payload.
    pub(super) async fn made_token(&self, key: &str, input: Value) -> Value {
        self.send(key, CREATE, json!({ "input": input })).await["data"]["customerTokenCreate"].clone()
    }

    /// A token for a customer.
    pub(super) async fn token_for(&self, customer: &str) -> String {
        let made = self.made_token(&self.key, json!({ "customerId": customer })).await;
        made["token"].as_str().unwrap_or_else(|| panic!("no token: {made}")).to_owned()
    }

    /// The data of a query with a token.
    async fn seen(&self, token: &str, query: &str) -> Value {
        let answer = self.send(token, query, json!({})).await;
        assert_eq!(answer.get("errors"), None, "{query}: {answer}");
        answer["data"].clone()
    }

    /// The code of the error that a query has.
    async fn not_seen(&self, token: &str, query: &str) -> String {
        let answer = self.send(token, query, json!({})).await;
        answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{query}: {answer}")).to_owned()
    }
}

#[tokio::test]
async fn a_service_has_a_token_made_for_a_customer() {
    let app = App::start().await;
    let (till, _) = app.key_of("SERVICE").await;
    let made = app.made_token(&till, json!({ "customerId": "ann" })).await;
    assert_eq!((&made["expiresAt"], &made["userErrors"]), (&json!("2026-01-31T11:00:00.000Z"), &json!([])), "{made}");
    let token = made["token"].as_str().expect("a token");
    assert!(token.starts_with("scrip_customer_") && token.len() < 200, "{token}");
    let (status, viewer) = app.viewer(token).await;
    assert_eq!((status, &viewer["role"], &viewer["name"]), (200, &json!("CUSTOMER"), &json!("customer")));
    assert_eq!((&viewer["customer"]["externalId"], &viewer["groups"]), (&json!("ann"), &json!([])));
    let may = ["READ_COUPONS", "SEE_CODES", "REDEEM_COUPONS", "PREVIEW_CHECKOUTS", "READ_CUSTOMERS", "READ_EVENTS"];
    assert_eq!(viewer["permissions"], json!(may));
    for (input, field) in [
        (json!({ "customerId": "" }), "customerId"),
        (json!({ "customerId": "x".repeat(200) }), "customerId"),
        (json!({ "customerId": "a\u{7}b" }), "customerId"),
        (json!({ "customerId": "ann", "minutes": 0 }), "minutes"),
        (json!({ "customerId": "ann", "minutes": -5 }), "minutes"),
        (json!({ "customerId": "ann", "minutes": 1441 }), "minutes"),
    ] {
        let made = app.made_token(&till, input.clone()).await;
        let error = &made["userErrors"][0];
        assert_eq!(
            (&made["token"], &error["code"], &error["field"][0]),
            (&Value::Null, &json!("VALUE_INVALID"), &json!(field)),
            "{input}"
        );
    }
    for role in ["MANAGER", "VIEWER"] {
        let (key, _) = app.key_of(role).await;
        let refused = app.send(&key, CREATE, json!({ "input": { "customerId": "ann" } })).await;
        assert!(refused.to_string().contains("FORBIDDEN"), "{role}: {refused}");
    }
    let itself = app.send(token, CREATE, json!({ "input": { "customerId": "ben" } })).await;
    assert!(itself.to_string().contains("FORBIDDEN"), "{itself}");
    let key = "mutation { apiKeyCreate(input: {name: \"ann\", role: CUSTOMER}) { secret userErrors { code field message } } }";
    let refused = app.data(key, json!({})).await["apiKeyCreate"].clone();
    assert!(refused["secret"].is_null() && refused.to_string().contains("customerTokenCreate"), "{refused}");
    app.finish().await;
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_its_key() {
    let app = App::start().await;
    let (till, id) = app.key_of("SERVICE").await;
    let (other, other_id) = app.key_of("SERVICE").await;
    let token = |made: Value| made["token"].as_str().expect("a token").to_owned();
    let short = token(app.made_token(&till, json!({ "customerId": "ann", "minutes": 1 })).await);
    let long = token(app.made_token(&till, json!({ "customerId": "ann", "minutes": 1_440 })).await);
    let of_other = token(app.made_token(&other, json!({ "customerId": "ann", "minutes": 1_440 })).await);
    assert_eq!((app.status(&short).await, app.status(&long).await), (200, 200));
    for wrong in [
        &long[..long.len() - 1],
        &long[..40],
        "scrip_customer_",
        "scrip_customer_AAAA",
        "scrip_customer_?",
        &format!("{long}A"),
    ] {
        assert_eq!(app.status(wrong).await, 401, "{wrong}");
    }
    let mut changed = long.clone().into_bytes();
    changed[60] = if changed[60] == b'A' { b'B' } else { b'A' };
    assert_eq!(app.status(&String::from_utf8(changed).expect("text")).await, 401);
    app.set_clock("2026-01-31T10:01:00Z");
    assert_eq!((app.status(&short).await, app.status(&long).await), (401, 200));
    // A key that may not have tokens made any more answers for none.
    app.data(
        "mutation($id: ID!) { apiKeyUpdate(input: {id: $id, role: VIEWER}) { userErrors { code } } }",
        json!({ "id": other_id }),
    )
    .await;
    assert_eq!(app.status(&of_other).await, 401);
    app.data("mutation($id: ID!) { apiKeyRevoke(id: $id) { userErrors { code } } }", json!({ "id": id })).await;
    assert_eq!(app.status(&long).await, 401);
    app.finish().await;
}

#[tokio::test]
async fn the_key_of_tokens_is_replaced_and_none_of_another_database_counts() {
    let app = App::start().await;
    let before = app.made_token(&app.key, json!({ "customerId": "ann", "minutes": 1_440 })).await;
    let first = before["token"].as_str().expect("a token");
    // A week later there is another key. A token of the last day is still good, until it ends.
    app.set_clock("2026-02-07T09:59:00Z");
    let last = app.made_token(&app.key, json!({ "customerId": "ann", "minutes": 1_440 })).await;
    let last = last["token"].as_str().expect("a token");
    app.set_clock("2026-02-07T10:00:00Z");
    app.scrip().operator().renew_token_keys().await.expect("another key");
    let new = app.token_for("ann").await;
    assert_ne!(new[15..20], last[15..20], "the number of its key");
    assert_eq!((app.status(first).await, app.status(last).await, app.status(&new).await), (401, 200, 200));
    let other = App::start().await;
    let theirs = other.token_for("ann").await;
    assert_eq!((app.status(&theirs).await, other.status(&new).await), (401, 401));
    other.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_customer_sees_what_is_the_customers_own() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["ANN-1", "BEN-1", "FREE-1", "FREE-2"]).await;
    app.ok("customerUpsert", json!({ "customerId": "ben", "email": "ben@example.com" })).await;
    let mine = app.claim(&pool, "ann").await;
    let theirs = app.claim(&pool, "ben").await;
    let (mine, theirs) = (mine["id"].as_str().expect("an id"), theirs["id"].as_str().expect("an id"));
    let token = app.token_for("ann").await;
    let query = format!(
        "{{ mine: coupon(id: \"{mine}\") {{ code status value type customer {{ externalId }} }} \
        theirs: coupon(id: \"{theirs}\") {{ code }} nodes(ids: [\"{mine}\", \"{theirs}\"]) {{ id }} \
        ann: customer(id: \"ann\") {{ externalId coupons {{ edges {{ node {{ code }} }} }} }} \
        ben: customer(id: \"ben\") {{ externalId }} mail: customer(email: \"ben@example.com\") {{ externalId }} \
        customers {{ edges {{ node {{ externalId }} }} }} \
        own: couponsByCode(code: \" ann-1\") {{ edges {{ node {{ code }} }} }} \
        other: couponsByCode(code: \"BEN-1\") {{ edges {{ node {{ code }} }} }} \
        free: couponsByCode(code: \"FREE-1\") {{ edges {{ node {{ code }} }} }} \
        events {{ edges {{ node {{ type actor reason customer {{ externalId }} coupon {{ code }} }} }} }} \
        bens: events(filter: {{customerId: \"ben\"}}) {{ edges {{ node {{ type }} }} }} \
        of: events(filter: {{couponId: \"{theirs}\"}}) {{ edges {{ node {{ type }} }} }} }}"
    );
    let seen = app.seen(&token, &query).await;
    assert_eq!(
        seen["mine"],
        json!({ "code": "ANN-1", "status": "CLAIMED", "value": "10", "type": "PERCENTAGE", "customer": { "externalId": "ann" } })
    );
    assert_eq!((&seen["theirs"], &seen["nodes"]), (&Value::Null, &json!([{ "id": mine }, null])));
    assert_eq!(items(&seen["ann"]["coupons"]), [json!({ "code": "ANN-1" })]);
    assert_eq!((&seen["ben"], &seen["mail"]), (&Value::Null, &Value::Null));
    assert_eq!(items(&seen["customers"]), [json!({ "externalId": "ann" })]);
    assert_eq!(items(&seen["own"]), [json!({ "code": "ANN-1" })]);
    for name in ["other", "free", "bens", "of"] {
        assert_eq!(items(&seen[name]), Vec::<Value>::new(), "{name}: {seen}");
    }
    let event = json!({ "type": "COUPON_CLAIM", "actor": "shop", "reason": null, "customer": { "externalId": "ann" }, "coupon": { "code": "ANN-1" } });
    assert_eq!(items(&seen["events"]), [event]);
    for query in [
        "{ pools { edges { cursor } } }".to_owned(),
        format!("{{ pool(id: \"{pool}\") {{ stats {{ total }} }} }}"),
        format!("{{ node(id: \"{pool}\") {{ id }} }}"),
        format!("{{ coupon(id: \"{mine}\") {{ pool {{ name }} }} }}"),
        "{ settings { autoRedeem } }".to_owned(),
        "{ purchase(transactionId: \"t\") { id } }".to_owned(),
        "{ apiKeys { id } }".to_owned(),
    ] {
        assert_eq!(app.not_seen(&token, &query).await, "FORBIDDEN", "{query}");
    }
    for file in ["coupons.csv", "coupons.jsonl"] {
        let answer = app.client.get(format!("{}/pools/{pool}/{file}", app.url)).bearer_auth(&token).send().await;
        assert_eq!(answer.expect("an answer").status(), 403);
    }
    app.finish().await;
}

#[tokio::test]
async fn what_was_handed_on_is_not_the_customers_any_more() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "10", "currency": "EUR" }), &["CARD-1"]).await;
    for customer in ["ann", "ben"] {
        app.ok("customerUpsert", json!({ "customerId": customer, "currency": "EUR" })).await;
    }
    let card = app.claim(&pool, "ann").await;
    let (ann, ben) = (app.token_for("ann").await, app.token_for("ben").await);
    let id = card["id"].as_str().expect("an id");
    let entry = app.ledger(&card).await[0]["id"].as_str().expect("an id").to_owned();
    let node = format!(
        "{{ node(id: \"{entry}\") {{ id }} coupon(id: \"{id}\") {{ ledger {{ edges {{ node {{ amount }} }} }} }} }}"
    );
    assert_eq!(app.seen(&ann, &node).await["node"]["id"], entry.as_str());
    app.ok("couponTransfer", json!({ "coupon": { "id": id }, "toCustomerId": "ben", "reason": "asked by phone" }))
        .await;
    assert_eq!(app.seen(&ann, &node).await, json!({ "node": null, "coupon": null }));
    assert_eq!(items(&app.seen(&ben, &node).await["coupon"]["ledger"]), [json!({ "amount": "10.00" })]);
    let events = "{ events { edges { node { id type reason counterpart { externalId } } } } }";
    let seen = items(&app.seen(&ann, events).await["events"]);
    let handed = seen.last().expect("an event");
    assert_eq!(
        (&handed["type"], &handed["reason"], &handed["counterpart"]),
        (&json!("COUPON_TRANSFER"), &Value::Null, &Value::Null)
    );
    assert_eq!(app.not_seen(&ann, "{ events { edges { node { coupon { code } } } } }").await, "NOT_FOUND");
    let theirs = items(&app.seen(&ben, events).await["events"]);
    assert_eq!((theirs.len(), &theirs[0]["type"]), (1, &json!("COUPON_RECEIVE")), "not what was before");
    let of_ben = format!("{{ node(id: \"{}\") {{ id }} }}", theirs[0]["id"].as_str().expect("an id"));
    assert_eq!(app.seen(&ann, &of_ben).await["node"], Value::Null);
    let first = format!("{{ coupon(id: \"{id}\") {{ originalCustomer {{ externalId }} customer {{ externalId }} }} }}");
    assert_eq!(
        app.seen(&ben, &first).await["coupon"],
        json!({ "originalCustomer": null, "customer": { "externalId": "ben" } })
    );
    app.finish().await;
}

#[tokio::test]
async fn a_customer_redeems_what_is_the_customers_own() {
    let app = App::start().await;
    let pool = app
        .pool(json!({ "type": "AMOUNT", "value": "5", "currency": "EUR" }), &["ANN-1", "BEN-1", "FREE-1", "FREE-2"])
        .await;
    let mine = app.claim(&pool, "ann").await;
    app.claim(&pool, "ben").await;
    let token = app.token_for("ann").await;
    let redeem = async |input: &str| {
        let query = format!(
            "mutation {{ couponRedeem(input: {{{input}}}) {{ coupon {{ status customer {{ externalId }} }} userErrors {{ code field }} }} }}"
        );
        app.seen(&token, &query).await["couponRedeem"].clone()
    };
    // Whose it would be is not the page's to say.
    let foreign = redeem("coupon: {code: \"ANN-1\"}, customerId: \"ben\"").await;
    assert_eq!(foreign["userErrors"], json!([{ "code": "VALUE_INVALID", "field": ["customerId"] }]));
    assert_eq!(redeem("coupon: {code: \"ANN-1\"}").await["coupon"]["status"], "REDEEMED");
    assert_eq!(app.events(&mine).await[1]["actor"], "customer");
    // A printed code that nobody has claimed becomes the customer's by it.
    let printed = json!({ "status": "REDEEMED", "customer": { "externalId": "ann" } });
    assert_eq!(redeem("coupon: {code: \"FREE-1\"}, customerId: \"ann\"").await["coupon"], printed);
    for (mutation, input) in [
        ("couponUnredeem", json!({ "coupon": { "id": mine["id"] } })),
        ("couponClaim", json!({ "poolId": pool, "customerId": "ann" })),
        ("couponTransfer", json!({ "coupon": { "id": mine["id"] }, "toCustomerId": "ben" })),
        ("couponInvalidate", json!({ "coupon": { "id": mine["id"] } })),
        ("customerUpsert", json!({ "customerId": "ann", "email": "x@example.com" })),
    ] {
        let refused = app.mutate_as(&token, mutation, input).await;
        assert_eq!(refused["userErrors"][0]["code"], "FORBIDDEN", "{mutation}: {refused}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_customer_follows_the_customers_own_events() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["A1", "A2", "A3"]).await;
    let token = app.token_for("ann").await;
    let follow = |filter: &str| {
        let query = format!(
            "subscription {{ couponEvents{filter} {{ ... on CouponEvent {{ type customer {{ externalId }} coupon {{ code }} }} }} }}"
        );
        let request = app.client.post(format!("{}/graphql", app.url)).bearer_auth(&token);
        request.header("accept", "text/event-stream").json(&json!({ "query": query })).send()
    };
    let refused = follow("(filter: {customerId: \"ben\"})").await.expect("a stream").text().await.expect("text");
    assert!(refused.contains("CUSTOMER_NOT_FOUND"), "{refused}");
    let mut stream = follow("").await.expect("a stream");
    app.claim(&pool, "ben").await;
    app.claim(&pool, "ann").await;
    let mut said = String::new();
    while !said.contains("COUPON_CLAIM") {
        let part =
            tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await.expect("in time").expect("bytes");
        said.push_str(&String::from_utf8_lossy(&part.expect("more")));
    }
    assert!(said.contains("\"ann\"") && said.contains("A2") && !said.contains("ben"), "{said}");
    drop(stream);
    app.finish().await;
}
