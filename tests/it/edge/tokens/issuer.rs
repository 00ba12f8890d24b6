//! An issuer of tokens, over a socket: it signs with other code than Scrip checks with, and tells how often it was asked
//! for its keys.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    },
};
use axum::{Router, http::StatusCode, routing::get};
use data_encoding::BASE64URL_NOPAD;
use scrip::service::IssuerDraft;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

/// What its tokens have as `iss`.
pub(crate) const NAME: &str = "https://login.example";

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key of an issuer.
pub(crate) struct Key {
    pub(crate) kid: String,
    alg: &'static str,
    pair: Pair,
}

impl Key {
    pub(crate) fn rsa(kid: &str, alg: &'static str) -> Self {
        Self { kid: kid.to_owned(), alg, pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")) }
    }

    pub(crate) fn p256(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { kid: kid.to_owned(), alg: "ES256", pair: Pair::P256(pair) }
    }

    pub(crate) fn ed25519(kid: &str) -> Self {
        Self { kid: kid.to_owned(), alg: "EdDSA", pair: Pair::Ed25519(Ed25519KeyPair::generate().expect("a key")) }
    }

    /// Its public part, as a JWK.
    pub(crate) fn public(&self) -> Value {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
                json!({ "kty": "RSA", "use": "sig", "alg": self.alg, "kid": self.kid, "n": text(n), "e": text(e) })
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (text(&point[1..33]), text(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "x": x, "y": y })
            }
            Pair::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": text(pair.public_key().as_ref()) })
            }
        }
    }

    /// A token that says this.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.signed(&json!({ "alg": self.alg, "kid": self.kid, "typ": "JWT" }), claims)
    }

    /// A token with this header.
    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = self.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let scheme = if self.alg == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(scheme, &random, message, &mut signature).expect("a signature");
                signature
            }
            Pair::P256(pair) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

/// A token that is signed with a text that everybody has.
pub(crate) fn hmac_token(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
}

/// What is signed of a token.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// A set of keys, as it is written.
pub(crate) fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// What it answers who asks for its keys.
type Answer = Arc<Mutex<(StatusCode, String)>>;

/// An issuer that answers on a port of the system's choice.
pub(crate) struct Issuer {
    url: String,
    answer: Answer,
    asked: Arc<AtomicUsize>,
    heard: watch::Receiver<usize>,
}

impl Issuer {
    pub(crate) async fn start(keys: &[Key]) -> Self {
        let answer: Answer = Arc::new(Mutex::new((StatusCode::OK, set(&public(keys)))));
        let (asked, (hear, heard)) = (Arc::<AtomicUsize>::default(), watch::channel(0));
        let (told, counted) = (Arc::clone(&answer), Arc::clone(&asked));
        let respond = move || {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            let answer = told.lock().expect("an answer").clone();
            hear.send_replace(number);
            async move { answer }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/jwks.json", listener.local_addr().expect("an address"));
        let router = Router::new().route("/jwks.json", get(respond));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, answer, asked, heard }
    }

    /// What the configuration says of it.
    pub(crate) fn draft(&self) -> IssuerDraft {
        IssuerDraft {
            issuer: NAME.to_owned(),
            audience: "scrip".to_owned(),
            keys: self.url.clone(),
            ranges: vec!["127.0.0.1".to_owned()],
            ..IssuerDraft::default()
        }
    }

    /// Has it have these keys from now on.
    pub(crate) fn has(&self, keys: &[Key]) {
        self.answers(StatusCode::OK, set(&public(keys)));
    }

    /// Has it answer this from now on.
    pub(crate) fn answers(&self, status: StatusCode, text: String) {
        *self.answer.lock().expect("an answer") = (status, text);
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked so often.
    pub(crate) async fn is_asked(&mut self, times: usize) {
        self.heard.wait_for(|number| *number >= times).await.expect("an issuer");
    }
}

fn public(keys: &[Key]) -> Vec<Value> {
    keys.iter().map(Key::public).collect()
}
