//! A gateway that stops and starts: it says goodbye so that clients come back, it waits for nobody, and who comes
//! back has every event once and in order, however much happens meanwhile.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::SinkExt;
use scrip::{http::Options, storage::Address};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};
use tokio_tungstenite::tungstenite::Message;

use super::{super::App, EventStream, FOLLOW, PROTOCOL, Socket, introduction};
use crate::support::{disk, new_folder};

#[tokio::test]
async fn a_stop_says_goodbye_and_hangs_on_nobody() {
    let app = App::start().await;
    let mut idle = Socket::ready(&app).await;
    let mut following = Socket::ready(&app).await;
    following.subscribe("1", FOLLOW, json!({})).await;
    let mut stream = EventStream::new(app.follow(json!({})).await);
    // One that never reads on, and one that has not introduced itself.
    let mut deaf = Socket::ready(&app).await;
    deaf.subscribe("1", FOLLOW, json!({})).await;
    let mut silent = Socket::open(&app).await;
    app.followed_by(3).await;
    let clients = tokio::spawn(async move {
        for socket in [&mut idle, &mut following, &mut silent] {
            let frame = socket.frame().await;
            let Some(Ok(Message::Close(Some(close)))) = frame else { panic!("expected a close, found {frame:?}") };
            // The code by which clients of graphql-ws come back by themselves; no "complete" before it.
            assert_eq!(u16::from(close.code), 1012);
            while socket.frame().await.is_some() {}
        }
        assert_eq!(stream.event().await, None, "a stream that goes on ends without \"complete\"");
        deaf
    });
    app.finish().await;
    drop(clients.await.expect("goodbyes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_over_a_socket_is_answered_before_the_end() {
    const SENT: usize = 50;
    let folder = new_folder();
    let app = App::on(&disk(folder.path()), Options::default()).await;
    let pool = app.bulk("SENT-#######", 1_000).await;
    let mut socket = Socket::ready(&app).await;
    let query = "mutation($input: CouponClaimInput!) { couponClaim(input: $input) { coupon { id } } }";
    for number in 0..SENT {
        let input = json!({ "poolId": pool, "customerId": format!("c{number}") });
        socket.subscribe(&number.to_string(), query, json!({ "input": input })).await;
    }
    // What is answered to this was sent after them: they are running.
    socket.say(&json!({ "type": "ping" })).await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|told: &Value| told["type"] != "pong") {
        heard.push(socket.hear().await);
    }
    let rest = async {
        loop {
            match socket.frame().await {
                Some(Ok(Message::Text(text))) => heard.push(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(Some(close)))) => return u16::from(close.code),
                Some(Ok(_)) => {}
                other => panic!("expected a close, found {other:?}"),
            }
        }
    };
    let (code, ()) = tokio::join!(rest, app.stop());
    assert_eq!(code, 1012);
    let answers: Vec<_> = heard.iter().filter(|told| told["type"] == "next").collect();
    assert_eq!(answers.len(), SENT);
    for answer in answers {
        assert!(answer["payload"]["data"]["couponClaim"]["coupon"]["id"].is_string(), "{answer}");
    }
}

/// A subscriber that comes back wherever the gateway is, and goes on after the last event that it saw.
async fn subscriber(mut urls: watch::Receiver<String>, key: String, filter: Value, last: Value) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let url = urls.borrow_and_update().clone();
        if let Ok(mut socket) = Socket::at(&url, &[("sec-websocket-protocol", PROTOCOL)]).await {
            let ready = follow(&mut socket, &key, &filter, seen.last()).await;
            while ready && let Some(Ok(Message::Text(text))) = socket.frame().await {
                let told: Value = serde_json::from_str(&text).expect("JSON");
                let event = &told["payload"]["data"]["couponEvents"];
                if told["type"] != "next" {
                    continue;
                }
                assert!(event["cursor"].is_string(), "{told}");
                seen.push(event["cursor"].clone());
                if event["customer"]["externalId"] == last {
                    return seen;
                }
            }
        }
        // It is started anew somewhere else.
        urls.changed().await.expect("another gateway");
    }
}

async fn follow(socket: &mut Socket, key: &str, filter: &Value, after: Option<&Value>) -> bool {
    // "e1.0" is the place before the first event.
    let after = after.cloned().unwrap_or(json!("ZTEuMA"));
    let payload = json!({ "query": FOLLOW, "variables": { "filter": filter, "after": after } });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload });
    for message in [introduction(key), subscribe] {
        if socket.0.send(Message::text(message.to_string())).await.is_err() {
            return false;
        }
    }
    true
}

/// Claims coupons over HTTP, as fast as they are answered, until told to stop.
fn claimant(app: &App, pool: &str, stop: &Arc<AtomicBool>) -> JoinHandle<u64> {
    let (client, url, key, stop) =
        (app.client.clone(), format!("{}/graphql", app.url), app.key.clone(), Arc::clone(stop));
    let query = "mutation($input: CouponClaimInput!) { couponClaim(input: $input) { coupon { id } } }";
    let pool = pool.to_owned();
    tokio::spawn(async move {
        let mut claimed = 0;
        while !stop.load(Ordering::Relaxed) {
            let input = json!({ "poolId": pool, "customerId": format!("c{}", claimed % 7) });
            let body = json!({ "query": query, "variables": { "input": input } });
            let Ok(answer) = client.post(&url).bearer_auth(&key).json(&body).send().await else { break };
            let Ok(answer) = answer.json::<Value>().await else { break };
            assert!(answer["data"]["couponClaim"]["coupon"]["id"].is_string(), "{answer}");
            claimed += 1;
        }
        claimed
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_subscriber_has_every_event_once_and_in_order() {
    let folder = new_folder();
    let address: Address = disk(folder.path());
    let mut app = App::on(&address, Options::default()).await;
    let key = app.key.clone();
    let pool = app.bulk("AGAIN-#######", 50_000).await;
    let (tell, urls) = watch::channel(app.url.clone());
    let filters =
        [json!({}), json!({}), json!({ "poolId": pool }), json!({ "types": ["COUPON_CLAIM", "COUPON_REDEEM"] })];
    let spawn = |filter| tokio::spawn(subscriber(urls.clone(), key.clone(), filter, json!("last")));
    let subscribers: Vec<_> = filters.into_iter().map(spawn).collect();
    for _ in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        let claimants: Vec<_> = (0..8).map(|_| claimant(&app, &pool, &stop)).collect();
        let mut latest = app.scrip().operator().latest_event().expect("a place");
        let goal = latest.borrow().sequence + 200;
        latest.wait_for(|id| id.sequence >= goal).await.expect("events");
        drop(latest);
        // It stops while they go on.
        app.stop().await;
        stop.store(true, Ordering::Relaxed);
        for claimant in claimants {
            claimant.await.expect("claims");
        }
        app = App::on(&address, Options::default()).await;
        tell.send(app.url.clone()).expect("subscribers");
    }
    app.claim(&pool, "last").await;
    let expected = app.log(&json!({})).await;
    assert!(expected.len() > 600);
    for subscriber in subscribers {
        assert!(subscriber.await.expect("what it saw") == expected, "every event once and in order");
    }
    app.finish().await;
}
