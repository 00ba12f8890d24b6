//! Tokens in the place of keys: of an issuer, and those that Scrip makes for customers.

mod attacks;
mod customers;
mod groups;
mod issuer;
mod probing;
mod reading;

use std::time::Duration;

use scrip::{
    plugins::Lookup,
    service::{Issuer as Trusted, IssuerDraft},
};
use serde_json::{Value, json};

use super::App;
pub(super) use issuer::{Issuer, Key};

/// The instant at which tests begin, in seconds since 1970.
const NOW: i64 = 1_769_853_600;

impl App {
    /// Believes an issuer that tests have, over a socket.
    async fn trust(&self, issuer: &Issuer) {
        self.trust_with(issuer.draft()).await;
    }

    pub(super) async fn trust_with(&self, draft: IssuerDraft) {
        let issuer = Trusted::new(draft, Lookup::default()).expect("an issuer");
        self.scrip().trust(issuer).await.expect("its keys");
    }

    /// The status that a token is answered with, and who it is then.
    async fn viewer(&self, token: &str) -> (u16, Value) {
        let query = "{ viewer { name role customer { externalId } groups { id } permissions } }";
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(token);
        let answer = request.json(&json!({ "query": query })).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.json::<Value>().await.unwrap_or_default();
        (status, body["data"]["viewer"].clone())
    }

    async fn status(&self, token: &str) -> u16 {
        self.viewer(token).await.0
    }
}

/// What a good token says.
fn claims() -> Value {
    json!({
        "iss": issuer::NAME, "aud": "scrip", "sub": "till 7", "role": "SERVICE",
        "nbf": NOW - 60, "iat": NOW - 60, "exp": NOW + 600,
    })
}

/// The same, with one claim another, or without it.
pub(super) fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let fields = claims.as_object_mut().expect("claims");
    match value {
        Value::Null => drop(fields.remove(name)),
        value => drop(fields.insert(name.to_owned(), value)),
    }
    claims
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_who_its_issuer_says() {
    let app = App::start().await;
    let keys = [Key::rsa("r", "RS256"), Key::rsa("p", "PS256"), Key::p256("e"), Key::ed25519("d")];
    let issuer = Issuer::start(&keys).await;
    app.trust(&issuer).await;
    for key in &keys {
        let (status, viewer) = app.viewer(&key.token(&claims())).await;
        assert_eq!(
            (status, &viewer["name"], &viewer["role"]),
            (200, &json!("till 7"), &json!("SERVICE")),
            "{}",
            key.kid
        );
    }
    let signed = |claims: &Value| keys[2].token(claims);
    for (claims, name, role, customer) in [
        (with("role", json!(["offline_access", "VIEWER"])), "till 7", "VIEWER", Value::Null),
        (with("role", json!("ADMIN")), "till 7", "ADMIN", Value::Null),
        (with("aud", json!(["other", "scrip"])), "till 7", "SERVICE", Value::Null),
        (with("role", json!("CUSTOMER")), "customer", "CUSTOMER", json!("till 7")),
        // Within the leeway.
        (with("exp", json!(NOW - 29)), "till 7", "SERVICE", Value::Null),
        (with("nbf", json!(NOW + 29)), "till 7", "SERVICE", Value::Null),
        (with("exp", json!(f64::from(4_000_000_000_u32) + 0.5)), "till 7", "SERVICE", Value::Null),
    ] {
        let (status, viewer) = app.viewer(&signed(&claims)).await;
        assert_eq!((status, &viewer["name"], &viewer["role"]), (200, &json!(name), &json!(role)), "{claims}");
        assert_eq!((&viewer["customer"]["externalId"], &viewer["groups"]), (&customer, &json!([])), "{claims}");
    }
    // It acts under its own name, and nothing that it may not.
    let pool = app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["A1"]).await;
    let till = signed(&claims());
    let coupon =
        app.mutate_as(&till, "couponClaim", json!({ "poolId": pool, "customerId": "ann" })).await["coupon"].clone();
    assert_eq!(app.events(&coupon).await[0]["actor"], "till 7");
    let refused = app.send(&till, "{ apiKeys { id } }", json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_ends_with_its_token() {
    let app = App::start().await;
    let key = Key::p256("a");
    let issuer = Issuer::start(std::slice::from_ref(&key)).await;
    app.trust(&issuer).await;
    let pool = app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["A1", "A2", "A3"]).await;
    let request =
        app.client.post(format!("{}/graphql", app.url)).bearer_auth(key.token(&with("role", json!("VIEWER"))));
    let follow = json!({ "query": "subscription { couponEvents { ... on CouponEvent { type } } }" });
    let mut stream = request.header("accept", "text/event-stream").json(&follow).send().await.expect("a stream");
    app.claim(&pool, "ann").await;
    let mut said = String::new();
    while !said.contains("COUPON_CLAIM") {
        let part =
            tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await.expect("in time").expect("bytes");
        said.push_str(&String::from_utf8_lossy(&part.expect("more")));
    }
    app.set_clock("2026-01-31T10:10:31Z");
    app.claim(&pool, "ben").await;
    let rest = tokio::time::timeout(Duration::from_secs(20), stream.text()).await.expect("it ends").expect("text");
    assert!(rest.contains("FORBIDDEN") && !rest.contains("COUPON_CLAIM"), "{rest}");
    app.finish().await;
}
