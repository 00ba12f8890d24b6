//! API keys over the API: roles, ends, revocation, and what each sees.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::App;

const CREATE: &str = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret \
    apiKey { id name role hint createdAt expiresAt revokedAt } userErrors { code field message } } }";
const UPDATE: &str = "mutation($input: ApiKeyUpdateInput!) { apiKeyUpdate(input: $input) { \
    apiKey { id name role expiresAt } userErrors { code field message } } }";
const REVOKE: &str =
    "mutation($id: ID!) { apiKeyRevoke(id: $id) { apiKey { id revokedAt } userErrors { code field } } }";
const VIEWER: &str = "{ viewer { name role permissions } }";

impl App {
    /// Makes a key with a role; its secret and its id.
    pub(super) async fn key_of(&self, role: &str) -> (String, String) {
        let made = self.data(CREATE, json!({ "input": { "name": role, "role": role } })).await["apiKeyCreate"].clone();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        (text(&made["secret"]), text(&made["apiKey"]["id"]))
    }

    /// The status that a key is answered with.
    async fn answered(&self, key: &str) -> u16 {
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(key);
        request.json(&json!({ "query": VIEWER })).send().await.expect("an answer").status().as_u16()
    }
}

#[tokio::test]
async fn a_key_is_made_edited_and_revoked() {
    let app = App::start().await;
    let made = app.data(CREATE, json!({ "input": { "name": "till 7", "role": "SERVICE" } })).await;
    let made = &made["apiKeyCreate"];
    let (secret, id) = (made["secret"].as_str().expect("a secret"), made["apiKey"]["id"].clone());
    let is_ours = |sign: char| sign.is_ascii_lowercase() || ('2'..='7').contains(&sign);
    let rest = secret.strip_prefix("scrip_").expect("what people know it by");
    assert!(rest.len() == 59 && rest.chars().all(is_ours), "{secret}");
    assert_eq!(made["apiKey"]["hint"], secret[..10]);
    let found = app.send(secret, VIEWER, json!({})).await["data"]["viewer"].clone();
    assert_eq!((found["name"].as_str(), found["role"].as_str()), (Some("till 7"), Some("SERVICE")));
    let may = |found: &Value, what: &str| found["permissions"].as_array().expect("a list").contains(&json!(what));
    assert!(may(&found, "CLAIM_COUPONS") && !may(&found, "MANAGE_KEYS"), "{found}");
    // Another role counts at once.
    app.data(UPDATE, json!({ "input": { "id": id, "role": "VIEWER", "name": "eye" } })).await;
    let found = app.send(secret, VIEWER, json!({})).await["data"]["viewer"].clone();
    assert!(found["role"] == "VIEWER" && !may(&found, "CLAIM_COUPONS"), "{found}");
    // So does an end, and that it is taken back.
    app.data(UPDATE, json!({ "input": { "id": id, "expiresAt": "2026-02-01T00:00:00Z" } })).await;
    assert_eq!(app.answered(secret).await, 200);
    app.set_clock("2026-02-01T00:00:00Z");
    assert_eq!(app.answered(secret).await, 401);
    app.data(UPDATE, json!({ "input": { "id": id, "expiresAt": null } })).await;
    assert_eq!(app.answered(secret).await, 200);
    let revoked = app.data(REVOKE, json!({ "id": id })).await;
    assert!(revoked["apiKeyRevoke"]["apiKey"]["revokedAt"].is_string(), "{revoked}");
    assert_eq!(app.answered(secret).await, 401);
    let keys = app.data("{ apiKeys { name role revokedAt } }", json!({})).await["apiKeys"].clone();
    let named = |name: &str| keys.as_array().expect("a list").iter().find(|key| key["name"] == name).expect("a key");
    assert!(named("till")["role"] == "ADMIN" && named("till")["revokedAt"].is_null(), "{keys}");
    assert!(named("eye")["revokedAt"].is_string(), "{keys}");
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told() {
    let app = App::start().await;
    let long = "x".repeat(200);
    for (input, code, field) in [
        (json!({ "name": "", "role": "ADMIN" }), "VALUE_INVALID", "name"),
        (json!({ "name": long, "role": "ADMIN" }), "VALUE_INVALID", "name"),
        (json!({ "name": "a\u{7}b", "role": "ADMIN" }), "VALUE_INVALID", "name"),
        (json!({ "name": "a", "role": "ADMIN", "expiresAt": "2026-01-31T10:00:00Z" }), "VALUE_INVALID", "expiresAt"),
    ] {
        let payload = app.data(CREATE, json!({ "input": input })).await["apiKeyCreate"].clone();
        assert_eq!(payload["secret"], Value::Null, "{payload}");
        let error = &payload["userErrors"][0];
        assert_eq!(
            (error["code"].as_str(), error["field"][0].as_str()),
            (Some(code), Some(field)),
            "{input} {payload}"
        );
    }
    let unknown = app.data(REVOKE, json!({ "id": "none" })).await;
    assert_eq!(unknown["apiKeyRevoke"]["userErrors"][0]["code"], "NOT_FOUND");
    // Nobody locks everybody out.
    let own = app.data("{ viewer { id } }", json!({})).await["viewer"]["id"].clone();
    let refused = app.data(REVOKE, json!({ "id": own })).await;
    assert_eq!(refused["apiKeyRevoke"]["userErrors"][0]["code"], "VALUE_INVALID", "{refused}");
    for change in [json!({ "role": "VIEWER" }), json!({ "expiresAt": "2027-01-01T00:00:00Z" })] {
        let mut input = json!({ "id": own });
        input.as_object_mut().expect("fields").extend(change.as_object().expect("fields").clone());
        let refused = app.data(UPDATE, json!({ "input": input })).await;
        assert_eq!(refused["apiKeyUpdate"]["userErrors"][0]["code"], "VALUE_INVALID", "{refused}");
    }
    let (other, _) = app.key_of("ADMIN").await;
    app.data(REVOKE, json!({ "id": own })).await;
    assert_eq!((app.answered(&app.key).await, app.answered(&other).await), (401, 200));
    app.stop().await;
}

#[tokio::test]
async fn a_key_is_replaced_with_an_overlap() {
    let app = App::start().await;
    let rotate = "mutation($input: ApiKeyRotateInput!) { apiKeyRotate(input: $input) { secret \
        apiKey { id name role hint expiresAt } userErrors { code field message } } }";
    let rotated = async |input: Value| app.data(rotate, json!({ "input": input })).await["apiKeyRotate"].clone();
    let (old, id) = app.key_of("SERVICE").await;
    let made = rotated(json!({ "id": id, "minutes": 60 })).await;
    let new = made["secret"].as_str().expect("a secret").to_owned();
    let key = &made["apiKey"];
    assert_eq!(
        (&key["name"], &key["role"], &key["expiresAt"]),
        (&json!("SERVICE"), &json!("SERVICE"), &Value::Null),
        "{made}"
    );
    assert!(key["id"] != id && key["hint"] == new[..10], "{made}");
    assert_eq!((app.answered(&old).await, app.answered(&new).await), (200, 200));
    app.set_clock("2026-01-31T11:00:00Z");
    assert_eq!((app.answered(&old).await, app.answered(&new).await), (401, 200));
    // The new one has the end of the old one, and the old one never ends later than it did.
    app.data(UPDATE, json!({ "input": { "id": key["id"], "expiresAt": "2026-01-31T12:00:00Z" } })).await;
    let third = rotated(json!({ "id": key["id"] })).await;
    assert_eq!(third["apiKey"]["expiresAt"], "2026-01-31T12:00:00.000Z", "{third}");
    app.set_clock("2026-01-31T12:00:00Z");
    let third = third["secret"].as_str().expect("a secret").to_owned();
    assert_eq!((app.answered(&new).await, app.answered(&third).await), (401, 401));
    for (input, code, field) in [
        (json!({ "id": id }), "VALUE_INVALID", "id"),
        (json!({ "id": "none" }), "NOT_FOUND", "id"),
        (json!({ "id": third }), "NOT_FOUND", "id"),
    ] {
        let error = rotated(input.clone()).await["userErrors"][0].clone();
        assert_eq!((&error["code"], &error["field"][0]), (&json!(code), &json!(field)), "{input}");
    }
    let (_, id) = app.key_of("VIEWER").await;
    for minutes in [-1, 43_201] {
        let error = rotated(json!({ "id": id, "minutes": minutes })).await["userErrors"][0].clone();
        assert_eq!((&error["code"], &error["field"][0]), (&json!("VALUE_INVALID"), &json!("minutes")), "{minutes}");
    }
    // Of the last ADMIN key that does not end, the new one takes the place.
    let own = app.data("{ viewer { id } }", json!({})).await["viewer"]["id"].clone();
    let made = rotated(json!({ "id": own, "minutes": 0 })).await;
    let admin = made["secret"].as_str().expect("a secret");
    assert_eq!((app.answered(&app.key).await, app.answered(admin).await), (401, 200));
    app.stop().await;
}

#[tokio::test]
async fn the_last_use_of_a_key_is_told_and_kept() {
    let app = App::start().await;
    let (key, id) = app.key_of("VIEWER").await;
    let node = "query($id: ID!) { node(id: $id) { __typename ... on ApiKey { name lastUsedAt groups { id } } } }";
    let read = app.data(node, json!({ "id": id })).await["node"].clone();
    assert_eq!(read, json!({ "__typename": "ApiKey", "name": "VIEWER", "lastUsedAt": null, "groups": [] }));
    assert_eq!(app.answered(&key).await, 200);
    let used = async || app.data(node, json!({ "id": id })).await["node"]["lastUsedAt"].clone();
    assert_eq!(used().await, "2026-01-31T10:00:00.000Z", "at once, though it is not kept yet");
    app.scrip().operator().keep_uses().await.expect("kept");
    app.set_clock("2026-01-31T10:30:00Z");
    assert_eq!(used().await, "2026-01-31T10:00:00.000Z");
    assert_eq!(app.answered(&key).await, 200);
    app.scrip().operator().keep_uses().await.expect("kept");
    assert_eq!(used().await, "2026-01-31T10:30:00.000Z");
    // Who may not manage keys is told of none.
    let refused = app.send(&key, node, json!({ "id": id })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    app.finish().await;
}

#[tokio::test]
async fn who_looks_sees_the_last_characters_of_codes() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["ABCD-EFGH-JKMN", "SHORT-1"]).await;
    app.claim(&pool, "ann").await;
    let (viewer, _) = app.key_of("VIEWER").await;
    let ask = |query: String| {
        let (app, viewer) = (&app, &viewer);
        async move { app.send(viewer, &query, json!({})).await }
    };
    let list = ask(format!("{{ pool(id: \"{pool}\") {{ coupons {{ edges {{ node {{ code status }} }} }} }} }}")).await;
    let codes = &list["data"]["pool"]["coupons"]["edges"];
    assert_eq!((&codes[0]["node"]["code"], &codes[1]["node"]["code"]), (&json!("****JKMN"), &json!("****")), "{list}");
    let event = ask("{ events { edges { node { coupon { code } } } } }".to_owned()).await;
    assert_eq!(event["data"]["events"]["edges"][0]["node"]["coupon"]["code"], "****JKMN", "{event}");
    // Letter by letter, a code would be found by its beginning.
    let search =
        format!("{{ pool(id: \"{pool}\") {{ coupons(filter: {{codePrefix: \"ABCD\"}}) {{ edges {{ cursor }} }} }} }}");
    assert_eq!(ask(search).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let file = |query: &str| {
        app.client.get(format!("{}/pools/{pool}/coupons.csv{query}", app.url)).bearer_auth(&viewer).send()
    };
    let csv = file("").await.expect("an answer").text().await.expect("a file");
    assert!(csv.contains("****JKMN") && !csv.contains("ABCD") && !csv.contains("SHORT"), "{csv}");
    assert_eq!(file("?codePrefix=ABCD").await.expect("an answer").status(), 403);
    app.finish().await;
}

#[tokio::test]
async fn a_stream_of_a_revoked_key_tells_nothing_more() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["A1", "A2", "A3"]).await;
    let (key, id) = app.key_of("VIEWER").await;
    let request =
        app.client.post(format!("{}/graphql", app.url)).bearer_auth(&key).header("accept", "text/event-stream");
    let follow = json!({ "query": "subscription { couponEvents { ... on CouponEvent { type } } }" });
    let mut stream = request.json(&follow).send().await.expect("a stream");
    let mut said = String::new();
    app.claim(&pool, "ann").await;
    while !said.contains("COUPON_CLAIM") {
        let part = timeout(Duration::from_secs(20), stream.chunk()).await.expect("in time").expect("bytes");
        said.push_str(&String::from_utf8_lossy(&part.expect("more")));
    }
    app.data(REVOKE, json!({ "id": id })).await;
    app.claim(&pool, "ben").await;
    let rest = async {
        let mut rest = String::new();
        while let Some(part) = stream.chunk().await.expect("bytes") {
            rest.push_str(&String::from_utf8_lossy(&part));
        }
        rest
    };
    let rest = timeout(Duration::from_secs(20), rest).await.expect("it ends");
    assert!(rest.contains("FORBIDDEN") && !rest.contains("COUPON_CLAIM"), "{rest}");
    app.finish().await;
}
