//! Secrets of a plugin: it names them, the host fills them in once a request's address is allowed, and takes them
//! out of whatever comes back. So a plugin never holds one. Each is bound to a host and sent nowhere else.

use std::{collections::BTreeMap, fmt};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
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
        Self { plugin: plugin.to_owned(), by_name: BTreeMap::new() }
    }

    /// Adds one. Without a value or a host it cannot be sent, and says so when it is asked for.
    pub fn add(&mut self, name: &str, value: Option<String>, host: Option<String>) {
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

    /// A text without the secrets that it carries: as they are, in JSON, or in a URL.
    #[must_use]
    pub fn hide(&self, text: Vec<u8>) -> Vec<u8> {
        let values = self.by_name.values().filter_map(|secret| secret.value.as_deref());
        let mut written: Vec<_> = values.flat_map(spellings).collect();
        // The longest first: one may be the beginning of another, whose end would be left.
        written.sort_by_key(|text| std::cmp::Reverse(text.len()));
        written.iter().fold(text, |text, written| replaced(text, written.as_bytes()))
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

/// How a text may be written in an answer.
fn spellings(value: &str) -> Vec<String> {
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let query: String = reqwest::Url::parse_with_params("http://a/", [("", value)])
        .ok()
        .and_then(|url| url.query().map(|query| query.trim_start_matches('=').to_owned()))
        .unwrap_or_default();
    let spaced = query.replace('+', "%20");
    let mut all = vec![value.to_owned(), json.replace('/', "\\/"), json];
    all.extend([lower_escapes(&query), lower_escapes(&spaced), query, spaced]);
    all.push(value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"));
    // Without what fills the last group up, which is hidden with it or stays as it is.
    all.push(BASE64_NOPAD.encode(value.as_bytes()));
    all.push(BASE64URL_NOPAD.encode(value.as_bytes()));
    all.push(HEXLOWER.encode(value.as_bytes()));
    all.push(HEXUPPER.encode(value.as_bytes()));
    all.retain(|text| !text.is_empty());
    all.sort_unstable();
    all.dedup();
    all
}

/// A percent-encoded text with its escapes in lower case.
fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push('%');
        lower.push_str(&escape.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

fn replaced(text: Vec<u8>, what: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text.as_slice();
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(HIDDEN.as_bytes());
        rest = &rest[at + what.len()..];
    }
    if result.is_empty() {
        return text;
    }
    result.extend_from_slice(rest);
    result
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

    #[test]
    fn what_comes_back_carries_no_secret() {
        for text in [
            "x s3cr3t/\"+x y",
            "{\"a\":\"s3cr3t/\\\"+x\"}",
            "{\"a\":\"s3cr3t\\/\\\"+x\"}",
            "?a=s3cr3t%2F%22%2Bx",
            "?a=s3cr3t%2f%22%2bx",
            "<p>s3cr3t/&quot;+x",
            "czNjcjN0LyIreA==",
            "73336372337 s3cr3t/\"+x",
            "7333637233742f222b78",
        ] {
            let hidden = secrets().hide_text(text);
            assert!(hidden.contains(HIDDEN) && !hidden.contains("s3cr3t") && !hidden.contains("2f22"), "{hidden}");
        }
        let mut nested = secrets();
        nested.add("a", Some("a-secret".to_owned()), None);
        nested.add("b", Some("a-secret-with-more".to_owned()), None);
        assert_eq!(nested.hide_text("a-secret-with-more a-secret"), "[secret] [secret]");
        assert_eq!(secrets().hide_text("nothing"), "nothing");
        assert!(!format!("{:?}", secrets()).contains("s3cr3t"));
    }
}
