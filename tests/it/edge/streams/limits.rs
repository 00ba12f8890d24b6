//! What is open is bounded: operations of one socket, sockets, and all operations together. What is refused says so
//! and can be had when others have gone.

use scrip::http::{Options, StreamLimits};
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use super::{super::App, EventStream, FOLLOW, PROTOCOL, Socket, introduction};

async fn limited(streams: StreamLimits) -> App {
    App::with(Options { streams, ..Options::default() }).await
}

#[tokio::test]
async fn operations_of_one_socket() {
    let app = limited(StreamLimits { operations_of_one: 3, ..StreamLimits::default() }).await;
    let mut socket = Socket::ready(&app).await;
    for id in ["1", "2", "3", "4"] {
        socket.subscribe(id, FOLLOW, json!({})).await;
    }
    let refusal = socket.hear().await;
    assert_eq!((&refusal["type"], &refusal["id"]), (&json!("error"), &json!("4")), "{refusal}");
    assert_eq!(refusal["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    app.followed_by(3).await;
    socket.say(&json!({ "type": "complete", "id": "2" })).await;
    socket.subscribe("4", FOLLOW, json!({})).await;
    socket.heard().await;
    app.followed_by(3).await;
    app.finish().await;
}

#[tokio::test]
async fn operations_of_all() {
    let app = limited(StreamLimits { operations: 1, ..StreamLimits::default() }).await;
    let mut socket = Socket::ready(&app).await;
    socket.subscribe("1", FOLLOW, json!({})).await;
    app.followed_by(1).await;
    let mut other = Socket::ready(&app).await;
    other.subscribe("1", FOLLOW, json!({})).await;
    assert_eq!(other.hear().await["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    drop(socket);
    app.followed_by(0).await;
    // Its place is free when its task has ended, which is right after.
    while other.hear_of(&app).await == "LIMIT_EXCEEDED" {}
    app.finish().await;
}

impl Socket {
    /// Asks for something; the code of its refusal, empty where it is answered.
    async fn hear_of(&mut self, app: &App) -> String {
        self.subscribe("again", "{ viewer { name } }", json!({})).await;
        let answer = self.hear().await;
        if answer["type"] == "error" {
            return answer["payload"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!(answer["payload"]["data"]["viewer"]["name"], "till", "{} {answer}", app.url);
        assert_eq!(self.hear().await["type"], "complete");
        String::new()
    }
}

#[tokio::test]
async fn sockets_and_streams_of_events() {
    let app = limited(StreamLimits { connections: 2, ..StreamLimits::default() }).await;
    let first = Socket::ready(&app).await;
    let second = app.follow(json!({})).await;
    let mut second = EventStream::new(second);
    assert_eq!(second.block().await.as_deref(), Some(":"));
    let key = format!("Bearer {}", app.key);
    let third = Socket::with(&app, &[("sec-websocket-protocol", PROTOCOL), ("authorization", &key)]).await;
    match third.err() {
        Some(Error::Http(answer)) => {
            assert_eq!(answer.status(), 503);
            assert!(answer.headers().contains_key("retry-after"));
        }
        other => panic!("expected a refusal, found {other:?}"),
    }
    assert_eq!(app.follow(json!({})).await.status(), 503);
    assert_eq!(app.data("{ viewer { name } }", json!({})).await["viewer"]["name"], "till", "others are served");
    drop(first);
    while app.follow(json!({})).await.status() == 503 {}
    app.finish().await;
}

/// A read that computes for long: pages of codes that begin as none does.
const LONG: &str = "query($pool: ID!) { pool(id: $pool) { coupons(first: 1, filter: {codePrefix: \"L-ZZ\", statuses: [REDEEMED]}) { edges { cursor } } } }";

/// What waits for a place in the far lane on a socket is given it, and gives it back, while the socket reads a long message
/// that waits as well.
#[tokio::test]
async fn a_socket_that_waits_for_itself_stops_nobody() {
    let app = App::with(Options { far_places: 1, ..Options::default() }).await;
    let pool = app.bulk("L-$$$$$$$$", 10_000_000).await;
    let mut socket = Socket::ready(&app).await;
    for id in ["1", "2", "3"] {
        socket.subscribe(id, LONG, json!({ "pool": pool })).await;
    }
    let long = format!("{{ viewer {{ name }} }} #{}", "x".repeat(30_000));
    socket.subscribe("4", &long, json!({})).await;
    let other = app.another_key("other").await;
    let answer = app.send(&other, LONG, json!({ "pool": pool })).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let mut ended = Vec::new();
    while ended.len() < 4 {
        let told = socket.hear().await;
        if told["type"] == "complete" {
            ended.push(told["id"].clone());
        } else {
            assert_eq!(told["type"], "next", "{told}");
        }
    }
    app.finish().await;
}

/// What a subscription holds, and what each of its events costs, is bounded.
#[tokio::test]
async fn what_a_subscription_may_ask() {
    let app = App::start().await;
    let mut socket = Socket::ready(&app).await;
    let selecting =
        |what: &str| format!("subscription {{ couponEvents {{ ... on CouponEvent {{ coupon {{ {what} }} }} }} }}");
    let page = selecting("pool { coupons(first: 100) { edges { node { id code status value } } } }");
    let texts = selecting("pool { restrictions { products } }");
    let long = format!("# {}\n{}", "x".repeat(5_000), selecting("id"));
    for (id, query, variables) in [
        ("page", page.as_str(), json!({})),
        ("texts", &texts, json!({})),
        ("long", &long, json!({})),
        ("values", FOLLOW, json!({ "unused": vec![0; 300] })),
    ] {
        socket.subscribe(id, query, variables).await;
        let told = socket.hear().await;
        assert_eq!((&told["type"], &told["id"]), (&json!("error"), &json!(id)), "{told}");
        assert_eq!(told["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{told}");
    }
    // One that costs more than little is answered elsewhere, and all the same.
    let pool = app.stocked(&["A1", "A2", "A3"]).await;
    let more = selecting("id code pool { name coupons(first: 20) { edges { node { id } } } }");
    socket.subscribe("more", &more, json!({})).await;
    app.followed_by(1).await;
    for _ in 0..3 {
        app.claim(&pool, "ann").await;
    }
    for code in ["A1", "A2", "A3"] {
        assert_eq!(socket.event().await["coupon"]["code"], code);
    }
    drop(socket);
    app.followed_by(0).await;
    app.finish().await;
}

/// Who has shown no key yet makes room for others, and takes no place from who has.
#[tokio::test]
async fn sockets_of_strangers() {
    let app = limited(StreamLimits { connections: 2, strangers: 1, ..StreamLimits::default() }).await;
    let mut first = Socket::open(&app).await;
    let mut second = Socket::open(&app).await;
    assert_eq!(first.closed().await.0, 1013);
    second.init(&app.key).await;
    let mut third = Socket::open(&app).await;
    let mut fourth = Socket::open(&app).await;
    assert_eq!(third.closed().await.0, 1013);
    fourth.init(&app.key).await;
    for socket in [&mut second, &mut fourth] {
        assert_eq!(socket.ask("1", "{ viewer { name } }").await["data"]["viewer"]["name"], "till");
    }
    // All places are taken by who has shown a key.
    let mut fifth = Socket::open(&app).await;
    fifth.say(&introduction(&app.key)).await;
    assert_eq!(fifth.closed().await.0, 1013);
    app.finish().await;
}
