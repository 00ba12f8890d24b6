//! Secrets of a plugin: it names them, the host fills them in once a request's address is allowed, and takes them
//! out of whatever comes back. So a plugin never holds one. Each is bound to a host and sent nowhere else.
//!
//! Taking them out is for accidents: a partner's error page that repeats the request, a debug header, a log that is sent
//! along. It knows how such programs write a text. A partner who wants to hand its secret to a plugin can write it in a way
//! that nobody foresees, or a letter at a time.

use std::{collections::BTreeMap, fmt, sync::OnceLock};

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER};
use serde_json::Value;

use super::hosts::Target;
use crate::HttpError;

/// What begins a place to fill in; `}}` ends it.
pub(super) const OPEN: &str = "{{secret.";
/// What a secret is replaced with where an answer carries it.
const HIDDEN: &str = "[secret]";
/// Shorter secrets would be taken out of texts that say something else.
pub(crate) const MIN_SECRET: usize = 8;

/// A secret's value and the host that it is bound to.
#[derive(Clone)]
struct Secret {
    value: Option<String>,
    host: Option<String>,
}

/// The secrets of one plugin.
#[derive(Clone, Default)]
pub struct Secrets {
    plugin: String,
    by_name: BTreeMap<String, Secret>,
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
        Self { plugin: plugin.to_owned(), by_name: BTreeMap::new(), spellings: OnceLock::new() }
    }

    /// Adds one. Without a value or a host it cannot be sent, and says so when it is asked for.
    pub fn add(&mut self, name: &str, value: Option<String>, host: Option<String>) {
        self.spellings = OnceLock::new();
        self.by_name.insert(name.to_owned(), Secret { value, host: host.map(|host| host.to_ascii_lowercase()) });
    }

    /// A text with its secrets, for a target.
    pub fn fill(&self, text: &str, to: &Target) -> Result<String, HttpError> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let (name, after) = after
                .split_once("}}")
                .ok_or_else(|| HttpError::Invalid(format!("{OPEN} has no end: write {OPEN}NAME}}}}")))?;
            filled.push_str(before);
            filled.push_str(self.value(name, to)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// A JSON value with the secrets of its texts.
    pub fn fill_json(&self, value: Value, to: &Target) -> Result<Value, HttpError> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill(&text, to)?),
            Value::Array(items) => items.into_iter().map(|item| self.fill_json(item, to)).collect::<Result<_, _>>()?,
            Value::Object(entries) => {
                let entry = |(key, value)| self.fill_json(value, to).map(|value| (key, value));
                entries.into_iter().map(entry).collect::<Result<_, _>>()?
            }
            other => other,
        })
    }

    fn value(&self, name: &str, to: &Target) -> Result<&str, HttpError> {
        let plugin = &self.plugin;
        let unknown = || HttpError::Invalid(format!("secret {name} is not named: add it to [secrets] in plugin.toml"));
        let secret = self.by_name.get(name).ok_or_else(unknown)?;
        let table = format!("[plugin.{plugin}.secrets.{name}] of Scrip's configuration file");
        let Some(host) = &secret.host else {
            return Err(HttpError::Denied(format!("secret {name} is bound to no host: set host in {table}")));
        };
        // A name alone is good for every port of it, but never without encryption.
        if *host != to.to_string() && !(to.encrypted && *host == to.name) {
            return Err(HttpError::Denied(format!("secret {name} is bound to {host}: it is not sent to {to}")));
        }
        let variable = environment_name(plugin, name);
        let missing = || HttpError::Denied(format!("secret {name} has no value: set value in {table}, or {variable}"));
        secret.value.as_deref().ok_or_else(missing)
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

    fn secrets() -> Secrets {
        let mut secrets = Secrets::new("http-callback");
        secrets.add("key", Some("s3cr3t/\"+x".to_owned()), Some("api.example".to_owned()));
        secrets.add("free", Some("whatever".to_owned()), None);
        secrets.add("empty", None, Some("api.example".to_owned()));
        secrets
    }

    #[test]
    fn a_secret_is_filled_in_for_its_host_alone() {
        let secrets = secrets();
        let here = target("api.example");
        assert_eq!(secrets.fill("a {{secret.key}} b", &here), Ok("a s3cr3t/\"+x b".to_owned()));
        let body = secrets.fill_json(json!({ "a": ["{{secret.key}}", 1] }), &here);
        assert_eq!(body, Ok(json!({ "a": ["s3cr3t/\"+x", 1] })));
        for (text, to, says) in [
            ("{{secret.key}}", "other.example", "bound to api.example"),
            ("{{secret.key}}", "api.example.", "bound to api.example"),
            ("{{secret.free}}", "api.example", "set host in [plugin.http-callback.secrets.free]"),
            ("{{secret.empty}}", "api.example", "SCRIP_SECRET_HTTP_CALLBACK_EMPTY"),
            ("{{secret.other}}", "api.example", "add it to [secrets]"),
            ("{{secret.key", "api.example", "has no end"),
        ] {
            let found = secrets.fill(text, &target(to)).expect_err(text).to_string();
            assert!(found.contains(says) && !found.contains("s3cr3t"), "{found}");
        }
    }

    #[test]
    fn a_name_alone_is_not_sent_without_encryption() {
        let (secrets, here) = (secrets(), target("api.example"));
        assert!(secrets.fill("{{secret.key}}", &Target { port: 8443, ..here.clone() }).is_ok());
        let plain = secrets.fill("{{secret.key}}", &Target { encrypted: false, port: 80, ..here });
        assert!(plain.is_err_and(|error| error.to_string().contains("it is not sent to http://api.example")));
    }

    /// However a text is written that some program made of the secret, and whatever stands around it.
    #[test]
    fn what_comes_back_carries_no_secret() {
        let value = "s3cr3t/\"+xY";
        let hidden = |text: &[u8]| {
            let mut secrets = Secrets::new("http-callback");
            secrets.add("key", Some(value.to_owned()), None);
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
        nested.add("a", Some("a-secret".to_owned()), None);
        nested.add("b", Some("a-secret-with-more".to_owned()), None);
        assert_eq!(nested.hide_text("a-secret-with-more a-secret"), "[secret] [secret]");
        assert_eq!(secrets().hide_text("nothing"), "nothing");
        assert_eq!(Secrets::new("none").hide_text("a-secret"), "a-secret");
        assert!(!format!("{:?}", secrets()).contains("s3cr3t"));
    }
}
