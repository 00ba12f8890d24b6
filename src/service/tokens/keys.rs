//! The keys of an issuer: a JWK Set (RFC 7517), of which the keys count that check signatures with the algorithms that
//! are known here. Symmetric ones never do: whoever can check with one can sign with it.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The most keys of a set.
const MAX_KEYS: usize = 100;
/// The smallest and the largest modulus of an RSA key, in bits (RFC 8725, section 3.2).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// What a key is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// The algorithms that are known, and what the keys of each are of.
const ALGORITHMS: [(&str, Algorithm, Family); 9] = [
    ("RS256", Algorithm::RS256, Family::Rsa),
    ("RS384", Algorithm::RS384, Family::Rsa),
    ("RS512", Algorithm::RS512, Family::Rsa),
    ("PS256", Algorithm::PS256, Family::Rsa),
    ("PS384", Algorithm::PS384, Family::Rsa),
    ("PS512", Algorithm::PS512, Family::Rsa),
    ("ES256", Algorithm::ES256, Family::P256),
    ("ES384", Algorithm::ES384, Family::P384),
    ("EdDSA", Algorithm::EdDSA, Family::Ed25519),
];

/// The names of the algorithms that are known.
pub(super) fn known_algorithms() -> impl Iterator<Item = &'static str> {
    ALGORITHMS.iter().map(|(name, ..)| *name)
}

/// The algorithm of this name.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    ALGORITHMS.iter().find(|(known, ..)| *known == name).map(|(_, algorithm, _)| *algorithm)
}

fn family(algorithm: Algorithm) -> Option<Family> {
    ALGORITHMS.iter().find(|(_, known, _)| *known == algorithm).map(|(.., family)| *family)
}

/// A key of an issuer's.
#[derive(Debug)]
pub struct IssuerKey {
    kid: Option<String>,
    family: Family,
    /// The one that it is for; any of its family's where it names none.
    algorithm: Option<Algorithm>,
    pub(super) key: DecodingKey,
    /// What it was read from.
    text: Value,
}

/// A key as it is written.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<serde::de::IgnoredAny>,
}

impl IssuerKey {
    /// Reads a key; none where it is for something else, or of a kind that is not known. What is wrong with one that
    /// should have counted is told.
    fn read(text: Value) -> Result<Option<Self>, String> {
        let jwk = Jwk::deserialize(&text).map_err(|error| format!("a key of the set is malformed: {error}"))?;
        let signs = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk.key_ops.as_ref().is_none_or(|uses| uses.iter().any(|one| one == "verify"));
        let known = jwk.alg.as_deref().map(algorithm);
        if !signs || known == Some(None) {
            return Ok(None);
        }
        if jwk.d.is_some() {
            return Err(
                "a key of the set has its private part (d): it is everybody's now, and does not count".to_owned()
            );
        }
        let Some((family, key)) = jwk.material()? else { return Ok(None) };
        let algorithm = known.flatten();
        if algorithm.is_some_and(|algorithm| self::family(algorithm) != Some(family)) {
            return Err("a key of the set is not of the kind that its algorithm (alg) has".to_owned());
        }
        Ok(Some(Self { kid: jwk.kid, family, algorithm, key, text }))
    }

    fn fits(&self, algorithm: Algorithm, kid: Option<&str>) -> bool {
        Some(self.family) == family(algorithm)
            && self.algorithm.is_none_or(|own| own == algorithm)
            && kid.is_none_or(|kid| self.kid.as_deref() == Some(kid))
    }
}

impl Jwk {
    fn material(&self) -> Result<Option<(Family, DecodingKey)>, String> {
        Ok(match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (bytes("n", self.n.as_deref())?, bytes("e", self.e.as_deref())?);
                let n: Vec<u8> = n.into_iter().skip_while(|byte| *byte == 0).collect();
                let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
                if !RSA_BITS.contains(&bits) {
                    let (least, most) = RSA_BITS.into_inner();
                    return Err(format!("an RSA key of the set has {bits} bits: expected {least} to {most}"));
                }
                Some((Family::Rsa, DecodingKey::from_rsa_raw_components(&n, &e)))
            }
            ("EC", Some("P-256")) => Some((Family::P256, self.point(32)?)),
            ("EC", Some("P-384")) => Some((Family::P384, self.point(48)?)),
            ("OKP", Some("Ed25519")) => {
                let x = sized("x", self.x.as_deref(), 32)?;
                Some((Family::Ed25519, DecodingKey::from_ed_der(&x)))
            }
            _ => None,
        })
    }

    /// A point of a curve, uncompressed (SEC 1, section 2.3.3).
    fn point(&self, size: usize) -> Result<DecodingKey, String> {
        let mut point = vec![4];
        point.extend(sized("x", self.x.as_deref(), size)?);
        point.extend(sized("y", self.y.as_deref(), size)?);
        Ok(DecodingKey::from_ec_der(&point))
    }
}

fn bytes(name: &str, text: Option<&str>) -> Result<Vec<u8>, String> {
    let decoded = text.and_then(|text| data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok());
    decoded.ok_or_else(|| format!("a key of the set has no {name} in base64url"))
}

fn sized(name: &str, text: Option<&str>, size: usize) -> Result<Vec<u8>, String> {
    let found = bytes(name, text)?;
    if found.len() == size { Ok(found) } else { Err(format!("{name} of a key of the set does not have {size} bytes")) }
}

/// The keys of an issuer.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Arc<IssuerKey>>);

impl KeySet {
    /// Reads a set. Keys that were in the one before stay the same objects: by them it is known that a token is still
    /// good. What is wrong with single ones is told beside it.
    pub(super) fn read(text: &[u8], before: &Self) -> Result<(Self, Vec<String>), String> {
        #[derive(Deserialize)]
        struct Written {
            keys: Vec<Value>,
        }
        let written: Written = serde_json::from_slice(text)
            .map_err(|_| "expected a JWK Set, a JSON object with \"keys\", found something else".to_owned())?;
        if written.keys.len() > MAX_KEYS {
            return Err(format!("the set has {} keys: at most {MAX_KEYS} are read", written.keys.len()));
        }
        let (mut keys, mut faults) = (Vec::new(), Vec::new());
        for text in written.keys {
            if let Some(known) = before.0.iter().find(|known| known.text == text) {
                keys.push(Arc::clone(known));
                continue;
            }
            match IssuerKey::read(text) {
                Ok(key) => keys.extend(key.map(Arc::new)),
                Err(fault) => faults.push(fault),
            }
        }
        if keys.is_empty() {
            let why = faults.first().map_or_else(String::new, |fault| format!(": {fault}"));
            return Err(format!("the set has no key that checks signatures of a kind that is known here{why}"));
        }
        Ok((Self(keys), faults))
    }

    /// The key that a token names; none where there is none, or where it could be one of several.
    pub(super) fn find(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<Option<Arc<IssuerKey>>, String> {
        let mut fitting = self.0.iter().filter(|key| key.fits(algorithm, kid));
        match (fitting.next(), fitting.next()) {
            (Some(_), Some(_)) => Err("more than one of the issuer's keys could have signed it".to_owned()),
            (found, _) => Ok(found.cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(keys: &Value) -> Result<(KeySet, Vec<String>), String> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes(), &KeySet::default())
    }

    fn ec(kid: &str) -> Value {
        let part = data_encoding::BASE64URL_NOPAD.encode(&[1; 32]);
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": part, "y": part })
    }

    #[test]
    fn what_is_no_set_is_told() {
        for (text, says) in [
            ("<!doctype html><title>Sign in</title>", "JWK Set"),
            ("{}", "JWK Set"),
            ("[]", "JWK Set"),
            (r#"{"keys": {}}"#, "JWK Set"),
            (r#"{"keys": []}"#, "no key"),
            (r#"{"keys": [{"kty": "oct", "k": "AAAA"}]}"#, "no key"),
            (r#"{"keys": [{"kty": "AKP", "alg": "ML-DSA-44"}]}"#, "no key"),
            (r#"{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}"#, "2048"),
            (r#"{"keys": [{"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"}]}"#, "32 bytes"),
            (r#"{"keys": [{"kty": "EC", "crv": "P-256", "x": "?", "y": "AQAB"}]}"#, "base64url"),
            (r#"{"keys": [1]}"#, "malformed"),
        ] {
            let found = KeySet::read(text.as_bytes(), &KeySet::default()).map(drop).expect_err("no set");
            assert!(found.contains(says), "{text}: {found}");
        }
        let many: Vec<_> = (0..=MAX_KEYS).map(|number| ec(&number.to_string())).collect();
        assert!(read(&json!(many)).is_err_and(|fault| fault.contains("at most 100")));
    }

    #[test]
    fn keys_for_something_else_do_not_count() {
        let with = |name: &str, value: Value| {
            let mut key = ec("a");
            key[name] = value;
            key
        };
        for (key, counts) in [
            (ec("a"), true),
            (with("use", json!("sig")), true),
            (with("use", json!("enc")), false),
            (with("key_ops", json!(["verify"])), true),
            (with("key_ops", json!(["sign"])), false),
            (with("alg", json!("ES256")), true),
            (with("alg", json!("ES384")), false),
            (with("alg", json!("HS256")), false),
            (with("alg", json!("none")), false),
            (with("d", json!("AQAB")), false),
        ] {
            let (set, _) = read(&json!([ec("other"), key])).expect("a set");
            let found = set.find(Algorithm::ES256, Some("a")).expect("one at most").is_some();
            assert_eq!(found, counts, "{key}");
        }
    }

    #[test]
    fn a_token_names_one_key() {
        let (set, _) = read(&json!([ec("a"), ec("b")])).expect("a set");
        assert!(set.find(Algorithm::ES256, Some("a")).is_ok_and(|found| found.is_some()));
        assert!(set.find(Algorithm::ES256, Some("c")).is_ok_and(|found| found.is_none()));
        assert!(set.find(Algorithm::RS256, Some("a")).is_ok_and(|found| found.is_none()), "of another kind");
        assert!(set.find(Algorithm::ES256, None).is_err(), "it could be both");
        let mut twice = ec("a");
        twice["y"] = json!(data_encoding::BASE64URL_NOPAD.encode(&[2; 32]));
        let (set, _) = read(&json!([ec("a"), twice])).expect("a set");
        assert!(set.find(Algorithm::ES256, Some("a")).is_err(), "two keys of one id");
        let (again, _) = KeySet::read(json!({ "keys": [ec("a")] }).to_string().as_bytes(), &set).expect("a set");
        assert!(Arc::ptr_eq(&again.0[0], &set.0[0]), "what stays is the same");
    }
}
