//! An issuer's keys: when they are read again, and what becomes of those that it has no more.

use std::fs;

use axum::http::StatusCode;
use scrip::{
    plugins::Lookup,
    service::{Issuer as Trusted, IssuerDraft},
};
use serde_json::json;

use super::{
    App, claims,
    issuer::{Issuer, Key, set},
    with,
};

/// A good token until the end of the test's day.
fn lasting(key: &Key) -> String {
    key.token(&with("exp", json!(super::NOW + 86_400)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_forged_kids_cause_one_reading() {
    let app = App::start().await;
    let key = Key::p256("a");
    let issuer = Issuer::start(std::slice::from_ref(&key)).await;
    app.trust(&issuer).await;
    assert_eq!(issuer.asked(), 1);
    assert_eq!(app.status(&key.signed(&json!({ "alg": "ES256", "kid": "x" }), &claims())).await, 401);
    assert_eq!(issuer.asked(), 1, "they were just read");
    app.set_clock("2026-01-31T10:00:10Z");
    let scrip = app.scrip();
    let parts: Vec<_> = (0..4).map(|part| part * 2_500..(part + 1) * 2_500).collect();
    let key = &key;
    let tried = parts.into_iter().map(|part| async move {
        for number in part {
            let token = key.signed(&json!({ "alg": "ES256", "kid": format!("x{number}") }), &claims());
            assert!(scrip.sign_in(&token, None, "").await.is_none());
        }
    });
    futures_util::future::join_all(tried).await;
    assert_eq!(issuer.asked(), 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_counts_and_one_that_is_gone_does_not() {
    let app = App::start().await;
    let (old, new) = (Key::p256("old"), Key::p256("new"));
    let issuer = Issuer::start(std::slice::from_ref(&old)).await;
    app.trust(&issuer).await;
    let (of_old, of_new) = (lasting(&old), lasting(&new));
    assert_eq!((app.status(&of_old).await, app.status(&of_new).await), (200, 401));
    issuer.has(std::slice::from_ref(&new));
    assert_eq!(app.status(&of_new).await, 401, "its keys were just read");
    app.set_clock("2026-01-31T10:00:10Z");
    assert_eq!(app.status(&of_new).await, 200);
    assert_eq!(app.status(&of_old).await, 401, "though it was known to be good");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_keys_are_read_again_beside_requests() {
    let app = App::start().await;
    let (old, new) = (Key::p256("old"), Key::p256("new"));
    let mut issuer = Issuer::start(std::slice::from_ref(&old)).await;
    app.trust(&issuer).await;
    let of_old = lasting(&old);
    issuer.has(std::slice::from_ref(&new));
    app.set_clock("2026-01-31T10:04:59Z");
    assert_eq!((app.status(&of_old).await, issuer.asked()), (200, 1));
    app.set_clock("2026-01-31T10:05:00Z");
    // Whoever finds them old does not wait for the new ones.
    let _ = app.status(&of_old).await;
    issuer.is_asked(2).await;
    while app.status(&of_old).await != 401 {
        tokio::task::yield_now().await;
    }
    assert_eq!((app.status(&lasting(&new)).await, issuer.asked()), (200, 2));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_keys_count_while_there_are_no_others() {
    let app = App::start().await;
    let (key, unknown) = (Key::p256("a"), Key::p256("b"));
    let issuer = Issuer::start(std::slice::from_ref(&key)).await;
    app.trust(&issuer).await;
    let small = json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" });
    for (minute, (status, text)) in [
        (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        (StatusCode::FOUND, set(&[unknown.public()])),
        (StatusCode::OK, "<!doctype html><title>Sign in</title>".to_owned()),
        (StatusCode::OK, format!("{{\"keys\":[{}]}}", " ".repeat(10_000_000))),
        (StatusCode::OK, set(&[])),
        (StatusCode::OK, set(&[json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA" })])),
        (StatusCode::OK, set(&[small])),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.answers(status, text.clone());
        app.set_clock(&format!("2026-01-31T10:{:02}:00Z", minute + 1));
        let before = issuer.asked();
        assert_eq!(app.status(&lasting(&unknown)).await, 401, "{status} {text:.100}");
        assert_eq!(issuer.asked(), before + 1, "{status} {text:.100}");
        assert_eq!(app.status(&lasting(&key)).await, 200, "{status} {text:.100}");
    }
    // Two keys of one id: neither is taken for the other.
    let twin = Key::p256("a");
    issuer.answers(StatusCode::OK, set(&[key.public(), twin.public(), unknown.public()]));
    app.set_clock("2026-01-31T10:20:00Z");
    assert_eq!(app.status(&lasting(&unknown)).await, 200);
    let again = key.token(&with("sub", json!("another")));
    assert_eq!((app.status(&again).await, app.status(&lasting(&twin)).await), (401, 401));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_read_through_the_gates_of_plugins() {
    let app = App::start().await;
    let key = Key::p256("a");
    let issuer = Issuer::start(std::slice::from_ref(&key)).await;
    app.trust_with(IssuerDraft { ranges: Vec::new(), ..issuer.draft() }).await;
    assert_eq!((app.status(&lasting(&key)).await, issuer.asked()), (401, 0), "the address is not a public one");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_read_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jwks.json");
    let (old, new) = (Key::p256("old"), Key::ed25519("new"));
    let draft = IssuerDraft {
        issuer: super::issuer::NAME.to_owned(),
        audience: "scrip".to_owned(),
        keys: path.display().to_string(),
        ..IssuerDraft::default()
    };
    let app = App::start().await;
    let missing = Trusted::new(draft.clone(), Lookup::default()).expect("an issuer");
    let told = app.scrip().trust(missing).await.expect_err("there is no file");
    assert!(told.contains("jwks.json") && told.contains("jwt.keys"), "{told}");
    fs::write(&path, set(&[old.public()])).expect("a file");
    app.trust_with(draft).await;
    let of_old = lasting(&old);
    assert_eq!(app.status(&of_old).await, 200);
    fs::write(&path, set(&[new.public()])).expect("a file");
    app.set_clock("2026-01-31T10:00:10Z");
    assert_eq!(app.status(&lasting(&new)).await, 200);
    assert_eq!(app.status(&of_old).await, 401);
    // Half a file keeps what there was.
    fs::write(&path, "{\"keys\": [").expect("a file");
    app.set_clock("2026-01-31T10:01:00Z");
    assert_eq!(app.status(&of_old).await, 401);
    assert_eq!(app.status(&lasting(&new)).await, 200);
    app.finish().await;
}
