//! What can be asked over a socket, under which guards, and how many things at once.

use serde_json::{Value, json};

use super::{super::App, FOLLOW, Socket};

#[tokio::test]
async fn queries_and_mutations_are_answered_once() {
    let app = App::start().await;
    let mut socket = Socket::ready(&app).await;
    let told = socket.ask("1", "{ viewer { name } }").await;
    assert_eq!(told["data"], json!({ "viewer": { "name": "till" } }));
    assert!(told["extensions"]["cost"]["requested"].is_u64(), "{told}");
    let upsert = "mutation { customerUpsert(input: { customerId: \"ann\" }) { customer { externalId } } }";
    let answer = socket.ask("1", upsert).await;
    assert_eq!(answer["data"]["customerUpsert"]["customer"]["externalId"], "ann");
    let unknown = socket.ask("2", "{ pool { id } }").await;
    assert_eq!(unknown["errors"][0]["extensions"]["code"], "REQUIRED", "an error of execution is in the answer");
    app.finish().await;
}

#[tokio::test]
async fn documents_that_are_refused_end_the_operation_alone() {
    let app = App::start().await;
    let mut socket = Socket::ready(&app).await;
    let deep = format!("{{ {}a{} }}", "a { ".repeat(50_00), " }".repeat(50_00));
    let two = "subscription { a: couponEvents { __typename } b: couponEvents { __typename } }";
    let hidden = "subscription { couponEvents { __typename } ...F } fragment F on Subscription { __typename }";
    for (document, code) in [
        ("{", "DOCUMENT_INVALID"),
        ("{ nothing }", "DOCUMENT_INVALID"),
        ("subscription { nothing }", "DOCUMENT_INVALID"),
        (two, "DOCUMENT_INVALID"),
        (hidden, "DOCUMENT_INVALID"),
        ("subscription { couponEvents @skip(if: true) { __typename } }", "DOCUMENT_INVALID"),
        ("subscription { couponEvents(filter: { types: [NOTHING] }) { __typename } }", "VALUE_INVALID"),
        (&deep, "LIMIT_EXCEEDED"),
    ] {
        socket.subscribe("1", document, json!({})).await;
        let answer = socket.hear().await;
        let shown = &document[..document.len().min(100)];
        assert_eq!((&answer["type"], &answer["id"]), (&json!("error"), &json!("1")), "{shown}: {answer}");
        assert_eq!(answer["payload"][0]["extensions"]["code"], code, "{shown}: {answer}");
    }
    let viewer = socket.ask("1", "{ viewer { name } }").await;
    assert_eq!(viewer["data"]["viewer"]["name"], "till", "the id is free again");
    app.finish().await;
}

#[tokio::test]
async fn the_root_may_stand_in_fragments() {
    let app = App::start().await;
    let pool = app.stocked(&["A1"]).await;
    let mut socket = Socket::ready(&app).await;
    let document = "subscription { ...F couponEvents { ... on CouponEvent { type } } } \
        fragment F on Subscription { ... { couponEvents { ...G } } } fragment G on CouponEvent { coupon { code } }";
    socket.subscribe("1", document, json!({})).await;
    app.followed_by(1).await;
    app.claim(&pool, "ann").await;
    assert_eq!(socket.event().await, json!({ "coupon": { "code": "A1" }, "type": "COUPON_CLAIM" }));
    app.finish().await;
}

#[tokio::test]
async fn what_is_completed_is_let_go() {
    let app = App::start().await;
    let pool = app.stocked(&["A1", "A2"]).await;
    let mut socket = Socket::ready(&app).await;
    socket.subscribe("1", FOLLOW, json!({})).await;
    socket.subscribe("2", FOLLOW, json!({})).await;
    app.followed_by(2).await;
    socket.say(&json!({ "type": "complete", "id": "1" })).await;
    socket.say(&json!({ "type": "complete", "id": "unknown" })).await;
    app.followed_by(1).await;
    app.claim(&pool, "ann").await;
    let told = socket.hear().await;
    assert_eq!((&told["id"], &told["type"]), (&json!("2"), &json!("next")));
    socket.subscribe("1", FOLLOW, json!({})).await;
    app.followed_by(2).await;
    app.claim(&pool, "ben").await;
    let mut ids = [socket.hear().await["id"].clone(), socket.hear().await["id"].clone()];
    ids.sort_by_key(Value::to_string);
    assert_eq!(ids, ["1", "2"], "an id may be used again");
    drop(socket);
    app.followed_by(0).await;
    app.finish().await;
}

#[tokio::test]
async fn a_busy_stream_does_not_keep_others_waiting() {
    let app = App::start().await;
    let pool = app.bulk("BUSY-######", 2_000).await;
    for number in 0..40 {
        let claims: String = (0..50)
            .map(|part| format!("c{part}: couponClaim(input: {{ poolId: \"{pool}\", customerId: \"{number}-{part}\" }}) {{ coupon {{ id }} }} "))
            .collect();
        app.data(&format!("mutation {{ {claims} }}"), json!({})).await;
    }
    let mut socket = Socket::ready(&app).await;
    let all = "subscription { couponEvents(after: \"ZTEuMA\") { ... on CouponEvent { cursor } } }";
    socket.subscribe("busy", all, json!({})).await;
    socket.subscribe("quick", "{ viewer { name } }", json!({})).await;
    let (mut events, mut before) = (0, None);
    while events < 2_000 {
        let told = socket.hear().await;
        match told["id"].as_str() {
            Some("busy") => events += 1,
            _ => before = before.or(Some(events)),
        }
    }
    assert!(before.is_some_and(|before| before < 2_000), "the query is answered meanwhile: {before:?}");
    app.finish().await;
}
