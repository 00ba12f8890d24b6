//! graphql-transport-ws to the letter: how it is opened, what it answers, and every way in which it is closed.

use std::time::Duration;

use scrip::http::{Options, StreamLimits};
use serde_json::json;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{super::App, FOLLOW, PROTOCOL, Socket, introduction};

#[tokio::test]
async fn what_is_wrong_closes_with_its_code_and_nothing_else() {
    let app = App::start().await;
    let pool = app.stocked(&["A1"]).await;
    let mut bystander = Socket::ready(&app).await;
    bystander.subscribe("1", FOLLOW, json!({})).await;
    let text = |value: serde_json::Value| Message::text(value.to_string());
    let init = text(introduction(&app.key));
    let follow = |id: &str| text(json!({ "type": "subscribe", "id": id, "payload": { "query": FOLLOW } }));
    let large = json!({ "type": "ping", "payload": { "x": "x".repeat(50_000) } });
    for (name, said, code) in [
        ("junk", vec![Message::text("junk")], 4400),
        ("junk later", vec![init.clone(), Message::text("{}")], 4400),
        ("bytes", vec![init.clone(), Message::binary(vec![1, 2])], 4400),
        ("a type that is not known", vec![text(json!({ "type": "start" }))], 4400),
        ("no id", vec![init.clone(), text(json!({ "type": "subscribe", "payload": { "query": FOLLOW } }))], 4400),
        ("an empty id", vec![init.clone(), follow("")], 4400),
        ("no query", vec![init.clone(), text(json!({ "type": "subscribe", "id": "1", "payload": {} }))], 4400),
        ("a payload that is no object", vec![text(json!({ "type": "connection_init", "payload": 1 }))], 4400),
        ("asked before it was let in", vec![follow("1")], 4401),
        ("no key", vec![text(json!({ "type": "connection_init" }))], 4403),
        ("a wrong key", vec![text(introduction("scrip_wrong"))], 4403),
        ("no bearer", vec![text(json!({ "type": "connection_init", "payload": { "authorization": app.key } }))], 4403),
        ("an id twice", vec![init.clone(), follow("1"), follow("1")], 4409),
        ("introduced twice", vec![init.clone(), init.clone()], 4429),
        ("too large", vec![init.clone(), text(large)], 1009),
    ] {
        let mut socket = Socket::open(&app).await;
        for message in said {
            socket.send(message).await;
        }
        assert_eq!(socket.closed().await.0, code, "{name}");
    }
    app.followed_by(1).await;
    app.claim(&pool, "ann").await;
    assert_eq!(bystander.codes(1).await, ["A1"]);
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_closes_is_answered() {
    let app = App::start().await;
    let mut socket = Socket::ready(&app).await;
    socket.subscribe("1", FOLLOW, json!({})).await;
    let reason = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
    socket.send(Message::Close(Some(reason))).await;
    assert_eq!(socket.closed().await, (1000, "done".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn only_this_protocol_is_spoken() {
    let app = App::start().await;
    let mut none = Socket::with(&app, &[]).await.expect("a socket");
    assert_eq!(none.closed().await.0, 4406);
    let several = [("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")];
    let mut several = Socket::with(&app, &several).await.expect("a socket");
    several.init(&app.key).await;
    let incomplete = app.client.get(format!("{}/graphql", app.url)).header("upgrade", "websocket");
    let answer = incomplete.send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
    assert!(answer.json::<serde_json::Value>().await.expect("JSON")["errors"][0]["message"].is_string());
    app.finish().await;
}

#[tokio::test]
async fn pages_of_other_sites_are_closed() {
    let origins = vec!["https://shop.example".to_owned()];
    let app = App::with(Options { origins, ..Options::default() }).await;
    let own = app.url.clone();
    for (origin, admitted) in
        [(own.as_str(), true), ("https://shop.example", true), ("https://evil.example", false), ("null", false)]
    {
        let headers = [("sec-websocket-protocol", PROTOCOL), ("origin", origin)];
        let mut socket = Socket::with(&app, &headers).await.expect("a socket");
        if admitted {
            socket.init(&app.key).await;
        } else {
            assert_eq!(socket.closed().await, (4403, "Forbidden: this origin is not configured".to_owned()));
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_may_come_with_the_upgrade() {
    let app = App::start().await;
    let bearer = |key: &str| format!("Bearer {key}");
    for (header, payload, admitted) in [
        (Some(&app.key), None, true),
        (Some(&"scrip_wrong".to_owned()), None, false),
        // What the introduction says counts.
        (Some(&"scrip_wrong".to_owned()), Some(&app.key), true),
        (Some(&app.key), Some(&"scrip_wrong".to_owned()), false),
    ] {
        let value = header.map(|key| bearer(key)).unwrap_or_default();
        let headers = [("sec-websocket-protocol", PROTOCOL), ("authorization", value.as_str())];
        let mut socket = Socket::with(&app, &headers).await.expect("a socket");
        let payload = payload.map(|key| json!({ "Authorization": bearer(key) }));
        socket.say(&json!({ "type": "connection_init", "payload": payload })).await;
        if admitted {
            assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        } else {
            assert_eq!(socket.closed().await.0, 4403);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn who_does_not_introduce_itself_is_closed() {
    let streams = StreamLimits { init: Duration::from_millis(50), ..StreamLimits::default() };
    let app = App::with(Options { streams, ..Options::default() }).await;
    let mut silent = Socket::open(&app).await;
    assert_eq!(silent.closed().await.0, 4408);
    let mut talkative = Socket::open(&app).await;
    talkative.say(&json!({ "type": "ping" })).await;
    assert_eq!(talkative.closed().await.0, 4408, "a ping is no introduction");
    app.finish().await;
}

#[tokio::test]
async fn signs_of_life() {
    let streams = StreamLimits { beat: Duration::from_millis(50), ..StreamLimits::default() };
    let app = App::with(Options { streams, ..Options::default() }).await;
    let mut socket = Socket::ready(&app).await;
    let mut pings = 0;
    while pings < 3 {
        let frame = socket.frame().await;
        assert!(matches!(frame, Some(Ok(Message::Ping(_)))), "{frame:?}");
        // Reading on sends the pong.
        pings += 1;
    }
    socket.say(&json!({ "type": "ping" })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong" }));
    socket.say(&json!({ "type": "pong", "payload": { "unasked": true } })).await;
    socket.heard().await;
    app.finish().await;
}
