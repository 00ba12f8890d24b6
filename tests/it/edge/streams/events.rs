//! GraphQL over server-sent events: what is answered before a stream begins, what comes in one, and how it ends.

use std::time::Duration;

use reqwest::{
    Method,
    header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use scrip::http::{Options, StreamLimits};
use serde_json::{Value, json};

use super::{super::App, EventStream, FOLLOW};

const EVENTS: &str = "text/event-stream";

impl App {
    /// Posts a document for a stream of events.
    async fn stream(&self, query: &str, variables: Value) -> reqwest::Response {
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(&self.key).header(ACCEPT, EVENTS);
        request.json(&json!({ "query": query, "variables": variables })).send().await.expect("an answer")
    }

    /// Follows the log by a stream of events.
    pub(super) async fn follow(&self, variables: Value) -> reqwest::Response {
        self.stream(FOLLOW, variables).await
    }
}

/// All events of a stream that ends.
async fn all(response: reqwest::Response) -> Vec<(String, Value)> {
    assert_eq!(
        (response.status().as_u16(), &response.headers()[CONTENT_TYPE]),
        (200, &EVENTS.parse().expect("a value"))
    );
    let mut stream = EventStream::new(response);
    let mut events = Vec::new();
    while let Some(event) = stream.event().await {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn operations_that_end_are_told_and_completed() {
    let app = App::start().await;
    let cost = json!({ "cost": { "limit": 100_000, "requested": 12 } });
    let viewer = json!({ "data": { "viewer": { "name": "till" } }, "extensions": cost });
    let complete = ("complete".to_owned(), Value::Null);
    let answer = all(app.stream("{ viewer { name } }", json!({})).await).await;
    assert_eq!(answer, [("next".to_owned(), viewer.clone()), complete.clone()]);
    let get = |query: &str| app.client.get(format!("{}/graphql", app.url)).query(&[("query", query)]);
    let get = |query: &str| get(query).bearer_auth(&app.key).header(ACCEPT, EVENTS).send();
    let answer = all(get("{ viewer { name } }").await.expect("an answer")).await;
    assert_eq!(answer, [("next".to_owned(), viewer), complete.clone()]);
    let upsert = "mutation { customerUpsert(input: { customerId: \"ann\" }) { customer { externalId } } }";
    let refused = get(upsert).await.expect("an answer");
    assert_eq!((refused.status().as_u16(), &refused.headers()[ALLOW]), (405, &"POST".parse().expect("a value")));
    let answer = all(app.stream(upsert, json!({})).await).await;
    assert_eq!(answer[0].1["data"]["customerUpsert"]["customer"]["externalId"], "ann");
    // What is wrong with a document is told in the stream, as the protocol wants it.
    let two = "subscription { a: couponEvents { __typename } b: couponEvents { __typename } }";
    for (document, code) in [("{", "DOCUMENT_INVALID"), ("{ nothing }", "DOCUMENT_INVALID"), (two, "DOCUMENT_INVALID")]
    {
        let answer = all(app.stream(document, json!({})).await).await;
        assert_eq!(answer.len(), 2, "{document}: {answer:?}");
        assert_eq!(answer[0].1["errors"][0]["extensions"]["code"], code);
        assert_eq!((answer[0].1.get("data"), &answer[1]), (None, &complete));
    }
    app.finish().await;
}

#[tokio::test]
async fn requests_that_are_refused_get_no_stream() {
    let app = App::start().await;
    let url = format!("{}/graphql", app.url);
    let query = json!({ "query": "{ viewer { name } }" }).to_string();
    let large = json!({ "query": "x".repeat(3 << 20) }).to_string();
    let json_type = "application/json";
    for (name, method, key, content, body, status) in [
        ("no key", Method::POST, "", json_type, query.clone(), 401),
        ("a wrong key", Method::POST, "Bearer scrip_wrong", json_type, query.clone(), 401),
        ("a form", Method::POST, "own", "application/x-www-form-urlencoded", "query={}".to_owned(), 415),
        ("text", Method::POST, "own", "text/plain", query.clone(), 415),
        ("junk", Method::POST, "own", json_type, "junk".to_owned(), 400),
        ("a batch", Method::POST, "own", json_type, format!("[{query}]"), 400),
        ("too large", Method::POST, "own", json_type, large, 413),
        ("no query", Method::GET, "own", json_type, String::new(), 400),
        ("another method", Method::PUT, "own", json_type, query, 405),
    ] {
        let own = format!("Bearer {}", app.key);
        let key = if key == "own" { own.as_str() } else { key };
        let request = app.client.request(method, &url).header("authorization", key).header(ACCEPT, EVENTS);
        let response = request.header(CONTENT_TYPE, content).body(body).send().await.expect("an answer");
        assert_eq!(response.status(), status, "{name}");
        assert_ne!(
            response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes()),
            Some(EVENTS.as_bytes()),
            "{name}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn who_takes_both_is_answered_at_once_where_that_can_be() {
    let app = App::start().await;
    let pool = app.stocked(&["A1"]).await;
    let accept = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
    let ask = |query: &str| {
        let request = app.client.post(format!("{}/graphql", app.url)).bearer_auth(&app.key).header(ACCEPT, accept);
        request.json(&json!({ "query": query })).send()
    };
    let answer = ask("{ viewer { name } }").await.expect("an answer");
    assert!(answer.headers()[CONTENT_TYPE].to_str().expect("text").starts_with("application/graphql-response+json"));
    assert_eq!(ask("{ nothing }").await.expect("an answer").status(), 400);
    let stream = ask(FOLLOW).await.expect("an answer");
    assert_eq!(stream.headers()[CONTENT_TYPE], EVENTS);
    app.followed_by(1).await;
    app.claim(&pool, "ann").await;
    let (name, event) = EventStream::new(stream).event().await.expect("an event");
    assert_eq!((name.as_str(), &event["data"]["couponEvents"]["coupon"]["code"]), ("next", &json!("A1")));
    app.finish().await;
}

#[tokio::test]
async fn a_stream_follows_the_log_and_is_let_go() {
    let app = App::start().await;
    let pool = app.stocked(&["A1", "A2", "A3"]).await;
    app.claim(&pool, "ann").await;
    // "e1.0" is the place before the first event.
    let response = app.follow(json!({ "after": "ZTEuMA" })).await;
    assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
    let mut stream = EventStream::new(response);
    let mut codes = Vec::new();
    for customer in ["ben", "cat", ""] {
        let (name, event) = stream.event().await.expect("an event");
        assert_eq!(name, "next");
        codes.push(event["data"]["couponEvents"]["coupon"]["code"].clone());
        if !customer.is_empty() {
            app.claim(&pool, customer).await;
        }
    }
    assert_eq!(codes, ["A1", "A2", "A3"]);
    drop(stream);
    app.followed_by(0).await;
    app.finish().await;
}

#[tokio::test]
async fn signs_of_life_are_comments() {
    let streams = StreamLimits { beat: Duration::from_millis(50), ..StreamLimits::default() };
    let app = App::with(Options { streams, ..Options::default() }).await;
    let mut stream = EventStream::new(app.follow(json!({})).await);
    for _ in 0..4 {
        assert_eq!(stream.block().await.as_deref(), Some(":"));
    }
    app.finish().await;
}
