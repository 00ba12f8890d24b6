//! Secrets of a plugin: its manifest names them, each with the one place of a request where it goes. The host fills them
//! in there once the request's address is allowed, and takes them out of whatever comes back. So a plugin never holds
//! one. Each is bound to a host and sent nowhere else.
//!
//! Taking them out is for accidents: a partner's error page that repeats the request, a debug header, a log that is sent
//! along. It knows how such programs write a text. A partner who wants to hand its secret to a plugin can write it in a way
//! that nobody foresees, or a letter at a time.

use std::{collections::BTreeMap, fmt, sync::OnceLock};

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER};

use super::{hosts::Target, place::SecretPlace};
use crate::HttpError;

/// What a secret is replaced with where an answer carries it.
pub(crate) const HIDDEN: &str = "[secret]";
/// Shorter secrets would be taken out of texts that say something else.
pub(crate) const MIN_SECRET: usize = 8;

/// A secret: where it goes, its value and the host that it is bound to.
#[derive(Clone)]
struct Secret {
    place: SecretPlace,
    value: Option<String>,
    host: Option<String>,
}

/// The secrets of one plugin.
#[derive(Clone, Default)]
pub struct Secrets {
    plugin: String,
    by_name: BTreeMap<String, Secret>,
    /// Whether nothing is sent: then each stays as the plugin wrote it, whatever the operator says.
    rehearsed: bool,
    /// How they may be written, made when it is first needed.
    spellings: OnceLock<Spellings>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

impl Secrets {
    /// None yet.
    #[must_use]
    pub fn new(plugin: &str) -> Self {
        Self { plugin: plugin.to_owned(), ..Self::default() }
    }

    /// None yet, for requests that are looked at and not sent: no operator has to have given any value.
    #[must_use]
    pub fn rehearsed(plugin: &str) -> Self {
        Self { rehearsed: true, ..Self::new(plugin) }
    }

    /// Adds one. Without a value or a host it cannot be sent, and says so when it is asked for.
    pub fn add(&mut self, name: &str, place: SecretPlace, value: Option<String>, host: Option<String>) {
        self.spellings = OnceLock::new();
        let host = host.map(|host| host.to_ascii_lowercase());
        self.by_name.insert(name.to_owned(), Secret { place, value, host });
    }

    /// The text of a header, with the secret that goes there.
    pub(super) fn in_header(&self, header: &str, text: &str, to: &Target) -> Result<String, HttpError> {
        self.at(text, to, |place| matches!(place, SecretPlace::Header(name) if name.eq_ignore_ascii_case(header)))
    }

    /// The text of a value of the query, with the secret that goes there.
    pub(super) fn in_query(&self, key: &str, text: &str, to: &Target) -> Result<String, HttpError> {
        self.at(text, to, |place| matches!(place, SecretPlace::Query(name) if name == key))
    }

    /// Whether one of them goes into a query that has such a value.
    pub(super) fn is_in_query(&self, key: &str, text: &str) -> bool {
        let asks = |(name, secret): (&String, &Secret)| {
            matches!(&secret.place, SecretPlace::Query(place) if place == key) && text.contains(&mark(name))
        };
        self.by_name.iter().any(asks)
    }

    /// A body of JSON with the secrets that go there; none where it asks for none, so that it is sent byte for byte.
    pub(super) fn in_json(&self, body: &[u8], to: &Target) -> Result<Option<Vec<u8>>, HttpError> {
        let mut parsed: Option<serde_json::Value> = None;
        let mut changed = false;
        for (name, secret) in &self.by_name {
            let SecretPlace::Json(pointer) = &secret.place else { continue };
            if parsed.is_none() {
                let Ok(value) = serde_json::from_slice(body) else { return Ok(None) };
                parsed = Some(value);
            }
            let found = parsed.as_mut().and_then(|value| value.pointer_mut(pointer));
            let Some(serde_json::Value::String(text)) = found else { continue };
            if text.contains(&mark(name)) {
                *text = self.filled(name, secret, text, to)?;
                changed = true;
            }
        }
        let written = |value| serde_json::to_vec(&value).map_err(|error| HttpError::Invalid(error.to_string()));
        parsed.filter(|_| changed).map(written).transpose()
    }

    fn at(&self, text: &str, to: &Target, here: impl Fn(&SecretPlace) -> bool) -> Result<String, HttpError> {
        let asks = |(name, secret): &(&String, &Secret)| here(&secret.place) && text.contains(&mark(name));
        match self.by_name.iter().find(asks) {
            Some((name, secret)) => self.filled(name, secret, text, to),
            None => Ok(text.to_owned()),
        }
    }

    /// A text with a secret in the first of its marks: what follows may be a caller's.
    fn filled(&self, name: &str, secret: &Secret, text: &str, to: &Target) -> Result<String, HttpError> {
        let value = self.value(name, secret, to)?;
        Ok(if self.rehearsed { text.to_owned() } else { text.replacen(&mark(name), value, 1) })
    }

    fn value<'a>(&self, name: &str, secret: &'a Secret, to: &Target) -> Result<&'a str, HttpError> {
        let plugin = &self.plugin;
        let table = format!("[plugin.{plugin}.secrets.{name}] of Scrip's configuration file");
        let Some(host) = &secret.host else {
            if self.rehearsed {
                return Ok("");
            }
            return Err(HttpError::Denied(format!("secret {name} is bound to no host: set host in {table}")));
        };
        // A name alone is good for every port of it, but never without encryption.
        if *host != to.to_string() && !(to.encrypted && *host == to.name) {
            return Err(HttpError::Denied(format!("secret {name} is bound to {host}: it is not sent to {to}")));
        }
        if self.rehearsed {
            return Ok("");
        }
        let variable = environment_name(plugin, name);
        let missing = || HttpError::Denied(format!("secret {name} has no value: set value in {table}, or {variable}"));
        secret.value.as_deref().ok_or_else(missing)
    }

    /// Where a request has what looks like a secret's mark and is none: it is sent as it stands, which its author may
    /// not have meant.
    #[must_use]
    pub(crate) fn strays(&self, request: &crate::HttpRequest) -> Vec<String> {
        let query = reqwest::Url::parse(&request.url).map(|url| {
            url.query_pairs().map(|(key, value)| (format!("query:{key}"), value.into_owned())).collect::<Vec<_>>()
        });
        let headers =
            request.headers.iter().map(|(name, text)| (format!("header:{}", name.to_lowercase()), text.clone()));
        let mut texts: Vec<(String, String)> = headers.chain(query.unwrap_or_default()).collect();
        if let Some(body) = request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()) {
            members(&body, "json:", &mut texts);
        }
        let stands = |(place, text): &(String, String)| {
            let (_, after) = text.split_once("{{secret.")?;
            let name = after.split_once("}}")?.0;
            let known = self.by_name.get(name);
            if known.is_some_and(|secret| secret.place.to_string() == *place) {
                return None;
            }
            let goes = known.map_or_else(
                || format!("[secrets.{name}] is not in plugin.toml"),
                |secret| format!("[secrets.{name}] of plugin.toml has in = \"{}\"", secret.place),
            );
            Some(format!("{{{{secret.{name}}}}} at {place} is sent as it stands: {goes}"))
        };
        texts.iter().filter_map(stands).collect()
    }

    /// A text without the secrets that it carries, in one pass over it.
    #[must_use]
    pub fn hide(&self, text: Vec<u8>) -> Vec<u8> {
        let spellings = self
            .spellings
            .get_or_init(|| Spellings::of(self.by_name.values().filter_map(|secret| secret.value.as_deref())));
        spellings.hide(text)
    }

    /// The same of a text.
    #[must_use]
    pub fn hide_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.hide(text.as_bytes().to_vec())).into_owned()
    }
}

/// What a plugin writes where a secret goes.
fn mark(name: &str) -> String {
    format!("{{{{secret.{name}}}}}")
}

/// The texts of a JSON value, each with its pointer.
fn members(value: &serde_json::Value, at: &str, texts: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::String(text) => texts.push((at.to_owned(), text.clone())),
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(place, item)| members(item, &format!("{at}/{place}"), texts));
        }
        serde_json::Value::Object(entries) => {
            entries.iter().for_each(|(key, item)| members(item, &format!("{at}/{key}"), texts));
        }
        _ => {}
    }
}

/// The environment variable that a secret may be given by.
#[must_use]
pub(crate) fn environment_name(plugin: &str, secret: &str) -> String {
    format!("SCRIP_SECRET_{}_{}", plugin.replace('-', "_"), secret).to_ascii_uppercase()
}

/// How some texts may be written in an answer.
#[derive(Clone, Default)]
struct Spellings {
    /// By the first byte in lower case, the longest first: one may be the beginning of another, whose end would be left.
    by_first: BTreeMap<u8, Vec<Vec<u8>>>,
}

impl Spellings {
    fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut by_first: BTreeMap<u8, Vec<Vec<u8>>> = BTreeMap::new();
        for spelling in values.flat_map(spellings) {
            if let Some(first) = spelling.first() {
                by_first.entry(first.to_ascii_lowercase()).or_default().push(spelling);
            }
        }
        for those in by_first.values_mut() {
            those.sort_by(|one, other| (other.len(), other).cmp(&(one.len(), one)));
            those.dedup();
        }
        Self { by_first }
    }

    fn hide(&self, text: Vec<u8>) -> Vec<u8> {
        let mut first = [false; 256];
        for byte in self.by_first.keys() {
            first[usize::from(*byte)] = true;
            first[usize::from(byte.to_ascii_uppercase())] = true;
        }
        let (mut hidden, mut copied, mut at) = (Vec::new(), 0, 0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let found = if first[usize::from(rest[0])] { self.beginning(rest) } else { None };
            let Some(length) = found else {
                at += 1;
                continue;
            };
            hidden.extend_from_slice(&text[copied..at]);
            hidden.extend_from_slice(HIDDEN.as_bytes());
            at += length;
            copied = at;
        }
        if copied == 0 {
            return text;
        }
        hidden.extend_from_slice(&text[copied..]);
        hidden
    }

    /// How long the spelling is that a text begins with, in whatever case.
    fn beginning(&self, text: &[u8]) -> Option<usize> {
        let those = self.by_first.get(&text.first()?.to_ascii_lowercase())?;
        let begins =
            |spelling: &&Vec<u8>| text.get(..spelling.len()).is_some_and(|part| part.eq_ignore_ascii_case(spelling));
        those.iter().find(begins).map(Vec::len)
    }
}

/// How a text may be written in an answer, in any case of its letters: some fifty spellings, whatever it is.
fn spellings(value: &str) -> Vec<Vec<u8>> {
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let query: String = reqwest::Url::parse_with_params("http://a/", [("", value)])
        .ok()
        .and_then(|url| url.query().map(|query| query.trim_start_matches('=').to_owned()))
        .unwrap_or_default();
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut all = vec![value.to_owned(), json.replace('/', "\\/"), json, query.replace('+', "%20"), query];
    all.extend([html.replace('\'', "&#39;"), html, value.chars().rev().collect()]);
    // Every letter escaped: in JSON and JavaScript, HTML, and a URL.
    let units = |write: fn(u16) -> String| value.encode_utf16().map(write).collect::<String>();
    all.push(units(|unit| format!("\\u{unit:04x}")));
    all.push(units(|unit| format!("&#{unit};")));
    all.push(units(|unit| format!("&#x{unit:x};")));
    let hex: Vec<String> = value.bytes().map(|byte| HEXLOWER.encode(&[byte])).collect();
    // Of bytes in hexadecimal, what is between them.
    all.extend(["", " ", ":", "-", ",", ", ", "%", "\\x", " 0x", ",0x", ", 0x", "\n"].map(|sign| hex.join(sign)));
    all.extend(inside(&BASE64_NOPAD, 3, value));
    all.extend(inside(&BASE64URL_NOPAD, 3, value));
    all.extend(inside(&BASE32_NOPAD, 5, value));
    let mut all: Vec<Vec<u8>> = all.into_iter().map(String::into_bytes).collect();
    all.push(value.encode_utf16().flat_map(u16::to_le_bytes).collect());
    all.push(value.encode_utf16().flat_map(u16::to_be_bytes).collect());
    all
}

/// How a text is written within a longer one, whatever stands before it: in groups of so many bytes it may begin at each
/// place. The signs at its ends that have a part of its neighbours too are left out.
fn inside(encoding: &Encoding, group: usize, value: &str) -> Vec<String> {
    let bits = encoding.bit_width();
    let at = |before: usize| {
        let bytes = [&vec![0; before], value.as_bytes()].concat();
        let (first, end) = ((before * 8).div_ceil(bits), bytes.len() * 8 / bits);
        encoding.encode(&bytes).get(first..end).unwrap_or_default().to_owned()
    };
    (0..group).map(at).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target(name: &str) -> Target {
        Target { encrypted: true, name: name.to_owned(), port: 443 }
    }

    fn header(name: &str) -> SecretPlace {
        SecretPlace::Header(name.to_owned())
    }

    fn secrets() -> Secrets {
        let mut secrets = Secrets::new("http-callback");
        let host = || Some("api.example".to_owned());
        secrets.add("key", header("x-key"), Some("s3cr3t/\"+x".to_owned()), host());
        secrets.add("free", header("x-free"), Some("whatever".to_owned()), None);
        secrets.add("empty", header("x-empty"), None, host());
        secrets.add("deep", SecretPlace::Json("/a/0".to_owned()), Some("s3cr3t/\"+x".to_owned()), host());
        secrets
    }

    #[test]
    fn a_secret_is_filled_in_at_its_place_for_its_host_alone() {
        let secrets = secrets();
        let here = target("api.example");
        let filled = |place: &str, text: &str| secrets.in_header(place, text, &here);
        assert_eq!(filled("X-Key", "a {{secret.key}} b"), Ok("a s3cr3t/\"+x b".to_owned()));
        // Elsewhere a text stands, whatever it looks like.
        for (place, text) in [
            ("x-other", "{{secret.key}}"),
            ("x-key", "{{secret.free}}"),
            ("x-key", "{{secret.key"),
            ("x-key", "{{secret.none}}"),
        ] {
            assert_eq!(filled(place, text), Ok(text.to_owned()));
        }
        let twice = filled("x-key", "{{secret.key}} a{{secret.key}}");
        assert_eq!(twice, Ok("s3cr3t/\"+x a{{secret.key}}".to_owned()), "the first alone");
        assert_eq!(secrets.in_query("x-key", "{{secret.key}}", &here), Ok("{{secret.key}}".to_owned()));
        let body = json!({ "a": ["{{secret.deep}}", "{{secret.deep}}"], "b": "{{secret.key}}" });
        let found = secrets.in_json(body.to_string().as_bytes(), &here).expect("allowed").expect("filled in");
        let expected = json!({ "a": ["s3cr3t/\"+x", "{{secret.deep}}"], "b": "{{secret.key}}" });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&found).ok(), Some(expected));
        for body in ["{ \"a\": [1] }", "{\"a\":{\"b\":\"{{secret.deep}}\"}}", "not JSON {{secret.deep}}", ""] {
            assert_eq!(secrets.in_json(body.as_bytes(), &here), Ok(None), "{body}");
        }
        for (name, to, says) in [
            ("key", "other.example", "bound to api.example"),
            ("key", "api.example.", "bound to api.example"),
            ("free", "api.example", "set host in [plugin.http-callback.secrets.free]"),
            ("empty", "api.example", "SCRIP_SECRET_HTTP_CALLBACK_EMPTY"),
        ] {
            let text = mark(name);
            let found = secrets.in_header(&format!("x-{name}"), &text, &target(to)).expect_err(name).to_string();
            assert!(found.contains(says) && !found.contains("s3cr3t"), "{found}");
        }
    }

    #[test]
    fn what_is_rehearsed_keeps_its_marks() {
        let mut secrets = Secrets::rehearsed("p");
        secrets.add("key", header("x-key"), None, Some("api.example".to_owned()));
        secrets.add("free", header("x-free"), None, None);
        for name in ["key", "free"] {
            let found = secrets.in_header(&format!("x-{name}"), &mark(name), &target("api.example"));
            assert_eq!(found, Ok(mark(name)));
        }
        assert!(secrets.in_header("x-key", "{{secret.key}}", &target("other.example")).is_err());
        let request = crate::HttpRequest {
            method: "POST".to_owned(),
            url: "https://api.example/?a={{secret.none}}".to_owned(),
            headers: vec![("X-Key".to_owned(), "{{secret.key}}".to_owned())],
            body: Some(b"{\"a\":[\"{{secret.key}}\"]}".to_vec()),
        };
        let strays = secrets.strays(&request);
        let says =
            ["{{secret.none}} at query:a is sent as it stands", "{{secret.key}} at json:/a/0 is sent as it stands"];
        assert_eq!(strays.len(), 2, "{strays:?}");
        assert!(strays.iter().zip(says).all(|(stray, says)| stray.starts_with(says)), "{strays:?}");
    }

    #[test]
    fn a_name_alone_is_not_sent_without_encryption() {
        let (secrets, here) = (secrets(), target("api.example"));
        let filled = |to: &Target| secrets.in_header("x-key", "{{secret.key}}", to);
        assert!(filled(&Target { port: 8443, ..here.clone() }).is_ok());
        let plain = filled(&Target { encrypted: false, port: 80, ..here });
        assert!(plain.is_err_and(|error| error.to_string().contains("it is not sent to http://api.example")));
    }

    /// However a text is written that some program made of the secret, and whatever stands around it.
    #[test]
    fn what_comes_back_carries_no_secret() {
        let value = "s3cr3t/\"+xY";
        let hidden = |text: &[u8]| {
            let mut secrets = Secrets::new("http-callback");
            secrets.add("key", header("x-key"), Some(value.to_owned()), None);
            secrets.hide(text.to_vec())
        };
        for text in [
            "s3cr3t/\"+xY",
            "S3CR3T/\"+XY",
            "s3cr3t/\\\"+xY",
            "s3cr3t\\/\\\"+xY",
            "s3cr3t%2F%22%2BxY",
            "s3cr3t%2f%22%2bxy",
            "s3cr3t/&quot;+xY",
            "Yx+\"/t3rc3s",
            "73336372337 s3cr3t/\"+xY",
            "7333637233742f222b7859",
            "7333637233742F222B7859",
            "73 33 63 72 33 74 2f 22 2b 78 59",
            "73:33:63:72:33:74:2F:22:2B:78:59",
            "0x73, 0x33, 0x63, 0x72, 0x33, 0x74, 0x2f, 0x22, 0x2b, 0x78, 0x59",
            "\\x73\\x33\\x63\\x72\\x33\\x74\\x2f\\x22\\x2b\\x78\\x59",
            "%73%33%63%72%33%74%2f%22%2b%78%59",
            "\\u0073\\u0033\\u0063\\u0072\\u0033\\u0074\\u002F\\u0022\\u002B\\u0078\\u0059",
            "&#115;&#51;&#99;&#114;&#51;&#116;&#47;&#34;&#43;&#120;&#89;",
            "&#x73;&#x33;&#x63;&#x72;&#x33;&#x74;&#x2f;&#x22;&#x2b;&#x78;&#x59;",
        ] {
            let found = String::from_utf8(hidden(format!("a {text} z").as_bytes())).expect("text");
            assert!(found.contains(HIDDEN) && !found.contains(value), "{text}: {found}");
            assert!(found.starts_with("a ") && found.ends_with(" z"), "{found}");
        }
        for before in 0..12 {
            let long = [&vec![b'='; before], value.as_bytes(), b"and more".as_slice()].concat();
            let plain = [&vec![b'='; before], b"something e".as_slice(), b"and more".as_slice()].concat();
            for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD, &BASE32_NOPAD, &HEXLOWER] {
                for text in [encoding.encode(&long), encoding.encode(&long).to_ascii_lowercase()] {
                    let found = String::from_utf8(hidden(text.as_bytes())).expect("text");
                    assert!(found.contains(HIDDEN), "{before}: {text}");
                }
                let text = encoding.encode(&plain);
                assert_eq!(hidden(text.as_bytes()), text.as_bytes(), "{before}: what is something else stays");
            }
        }
        for utf16 in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = format!("a{value}z").encode_utf16().flat_map(utf16).collect();
            let found = hidden(&bytes);
            assert_eq!(found.len(), HIDDEN.len() + 4, "{found:?}");
        }
    }

    #[test]
    fn secrets_within_secrets() {
        let mut nested = secrets();
        nested.add("a", header("a"), Some("a-secret".to_owned()), None);
        nested.add("b", header("b"), Some("a-secret-with-more".to_owned()), None);
        assert_eq!(nested.hide_text("a-secret-with-more a-secret"), "[secret] [secret]");
        assert_eq!(secrets().hide_text("nothing"), "nothing");
        assert_eq!(Secrets::new("none").hide_text("a-secret"), "a-secret");
        assert!(!format!("{:?}", secrets()).contains("s3cr3t"));
    }
}
