//! Tokens that are not good: each is answered with 401, however nearly right it is.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{
    App, NOW, claims,
    issuer::{Issuer, Key, hmac_token, message, set},
    with,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_forged_token_is_believed() {
    let app = App::start().await;
    let (rsa, ec, other) = (Key::rsa("r", "RS256"), Key::p256("e"), Key::p256("e"));
    let issuer = Issuer::start(&[]).await;
    issuer.answers(
        axum::http::StatusCode::OK,
        set(&[rsa.public(), ec.public(), json!({ "kty": "oct", "kid": "o", "k": "c2VjcmV0" })]),
    );
    app.trust(&issuer).await;
    assert_eq!(app.status(&ec.token(&claims())).await, 200, "a good one");
    let public = rsa.public();
    let modulus = BASE64URL_NOPAD.decode(public["n"].as_str().expect("a text").as_bytes()).expect("bytes");
    let good = ec.token(&claims());
    let (signed, signature) = good.rsplit_once('.').expect("parts");
    let admin = BASE64URL_NOPAD.encode(with("role", json!("ADMIN")).to_string().as_bytes());
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    let of_header = |header: Value| ec.signed(&header, &claims());
    let forged = [
        ("alg none without a signature", format!("{}.", message(&header("none", "e"), &claims()))),
        ("alg None with one", format!("{}.{signature}", message(&header("None", "e"), &claims()))),
        (
            "HS256 with the public key as it is told",
            hmac_token(&header("HS256", "r"), &claims(), public.to_string().as_bytes()),
        ),
        ("HS256 with the modulus", hmac_token(&header("HS256", "r"), &claims(), &modulus)),
        ("HS256 with a symmetric key of the set", hmac_token(&header("HS256", "o"), &claims(), b"secret")),
        ("RS256 with a key of another kind", of_header(header("RS256", "e"))),
        ("ES384 with a key of another curve", of_header(header("ES384", "e"))),
        ("PS256 with a key for RS256", rsa.signed(&header("PS256", "r"), &claims())),
        ("an algorithm in small letters", of_header(header("es256", "e"))),
        ("the key of another", other.token(&claims())),
        (
            "other claims under a good signature",
            format!("{}.{admin}.{signature}", signed.split('.').next().expect("a header")),
        ),
        ("no signature", format!("{signed}.")),
        ("a signature that was cut off", good[..good.len() - 4].to_owned()),
        ("a fourth part", format!("{good}.x")),
        ("a critical extension", of_header(json!({ "alg": "ES256", "kid": "e", "crit": ["b64"], "b64": false }))),
        ("a token for something else", of_header(json!({ "alg": "ES256", "kid": "e", "typ": "logout+jwt" }))),
        ("a key of its own", other.signed(&json!({ "alg": "ES256", "kid": "e", "jwk": other.public() }), &claims())),
        (
            "an address of keys",
            other.signed(&json!({ "alg": "ES256", "kid": "e", "jku": "http://127.0.0.1/" }), &claims()),
        ),
        ("an unknown kid", of_header(header("ES256", "x"))),
        ("a kid that is a path", of_header(header("ES256", "../../../../dev/null"))),
        ("a kid that is an address", of_header(header("ES256", "http://127.0.0.1:1/jwks.json"))),
        ("a kid that is a statement", of_header(header("ES256", "e' OR '1'='1"))),
        ("a kid of 1,000 characters", of_header(header("ES256", &"e".repeat(1_000)))),
        ("a kid that is a number", of_header(json!({ "alg": "ES256", "kid": 1 }))),
        ("two kids", {
            let text = BASE64URL_NOPAD.encode(br#"{"alg":"ES256","kid":"x","kid":"e"}"#);
            format!("{text}.{}", good.split_once('.').expect("parts").1)
        }),
        ("a token of 20 kB", ec.token(&with("pad", json!("x".repeat(20_000))))),
    ];
    for (what, token) in forged {
        assert_eq!(app.status(&token).await, 401, "{what}: {token:.200}");
    }
    // A head this long is not read to its end.
    let huge = ec.token(&with("pad", json!("x".repeat(1_000_000))));
    let sent = app.client.post(format!("{}/graphql", app.url)).bearer_auth(huge).body("{}").send().await;
    assert!(sent.map_or(true, |answer| [401, 431].contains(&answer.status().as_u16())));
    assert_eq!(app.status(&good).await, 200, "the good one is still good");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wrong_claim_is_believed() {
    let app = App::start().await;
    let key = Key::p256("a");
    let issuer = Issuer::start(std::slice::from_ref(&key)).await;
    app.trust(&issuer).await;
    for claims in [
        with("iss", json!("https://login.example/")),
        with("iss", json!(["https://login.example"])),
        with("iss", Value::Null),
        with("aud", json!("Scrip")),
        with("aud", json!(["other"])),
        with("aud", json!([])),
        with("aud", json!({ "scrip": true })),
        with("aud", Value::Null),
        with("exp", json!(NOW - 30)),
        with("exp", json!(0)),
        with("exp", json!(-1)),
        with("exp", json!((NOW + 600).to_string())),
        with("exp", json!(true)),
        with("exp", Value::Null),
        with("nbf", json!(NOW + 31)),
        with("nbf", json!("0")),
        with("nbf", Value::Null),
        with("sub", Value::Null),
        with("sub", json!("")),
        with("sub", json!(7)),
        with("sub", json!("a\u{7}b")),
        with("sub", json!("x".repeat(200))),
        with("role", Value::Null),
        with("role", json!("OWNER")),
        with("role", json!(["CUSTOMER", "ADMIN"])),
        with("role", json!({ "ADMIN": true })),
        json!([1, 2]),
        json!("text"),
    ] {
        assert_eq!(app.status(&key.token(&claims)).await, 401, "{claims}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_issuer_no_token_is_believed() {
    let app = App::start().await;
    assert_eq!(app.status(&Key::p256("a").token(&claims())).await, 401);
    app.finish().await;
}
