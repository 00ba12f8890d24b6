//! The one place of a request where a secret goes, as plugin.toml says: a header, a value of the query, or a member of
//! a JSON body. Everywhere else a text is sent as it stands, whatever it looks like, so that nothing that a caller
//! wrote, such as a customer's id, is ever replaced by a secret.

use std::fmt;

use reqwest::header::HeaderName;

/// Where a secret goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// `header:NAME`, the name in lower case.
    Header(String),
    /// `query:KEY`.
    Query(String),
    /// `json:/POINTER` (RFC 6901), into a body that is JSON.
    Json(String),
}

impl SecretPlace {
    /// Reads a place as a manifest has it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let place = match text.split_once(':') {
            Some(("header", name)) => HeaderName::from_bytes(name.as_bytes())
                .ok()
                .filter(|name| !super::OURS.contains(&name.as_str()))
                .map(|name| Self::Header(name.as_str().to_owned())),
            Some(("query", key)) if !key.is_empty() => Some(Self::Query(key.to_owned())),
            Some(("json", pointer)) if pointer.len() > 1 && pointer.starts_with('/') => {
                Some(Self::Json(pointer.to_owned()))
            }
            _ => None,
        };
        place.ok_or_else(|| {
            format!("in: expected \"header:authorization\", \"query:key\" or \"json:/api_key\", found {text:?}")
        })
    }
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Query(key) => write!(f, "query:{key}"),
            Self::Json(pointer) => write!(f, "json:{pointer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_header_a_value_of_the_query_or_a_member() {
        for text in ["header:authorization", "query:key", "json:/api_key", "json:/deep/0/key"] {
            assert_eq!(SecretPlace::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(SecretPlace::parse("header:X-Key"), Ok(SecretPlace::Header("x-key".to_owned())));
        for text in ["", "header:", "header:a b", "header:host", "query:", "json:", "json:/", "json:key", "body:/key"] {
            let found = SecretPlace::parse(text).expect_err(text);
            assert!(found.contains("expected \"header:authorization\""), "{found}");
        }
    }
}
