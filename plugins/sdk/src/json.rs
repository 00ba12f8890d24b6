//! JSON as it comes from outside, a binding's configuration and a customer's attributes: read into the
//! plugin's own types, with an error that names the place and what was expected there.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

/// Why a plugin cannot answer: the text goes to the operator's log and, for staff, into the trace.
///
/// It says what was wrong, what was expected, and what to do. Any error can become one with `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What is wrong at a path below `root`; "." is `root` itself.
    fn at(root: &str, path: &str, error: &serde_json::Error) -> Self {
        match path {
            "." => Self(format!("{root}: {error}")),
            index if index.starts_with('[') => Self(format!("{root}{index}: {error}")),
            field => Self(format!("{root}.{field}: {error}")),
        }
    }

    /// Its text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Reads `text` as a `T`. An error begins with its path below `root`: "config.windows[1].from: ...".
pub(crate) fn read<T: DeserializeOwned>(root: &str, text: &[u8]) -> Result<T, Failure> {
    read_with(PhantomData::<T>, root, text)
}

fn read_with<'a, S: DeserializeSeed<'a>>(seed: S, root: &str, text: &'a [u8]) -> Result<S::Value, Failure> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    match seed.deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track)) {
        Ok(value) => json.end().map(|()| value).map_err(|error| Failure::at(root, ".", &error)),
        Err(error) => Err(Failure::at(root, &track.path().to_string(), &error)),
    }
}

/// A customer's attributes: a JSON object whose fields are the operator's own.
#[derive(Debug, Clone)]
pub struct Attributes(String);

impl Attributes {
    /// From the text of a JSON object.
    #[must_use]
    pub fn new(json: impl Into<String>) -> Self {
        Self(json.into())
    }

    /// All of them as a `T`, usually a struct with the fields that matter.
    ///
    /// # Errors
    /// Where they are not such a `T`, with the path: "attributes.purchases: invalid type: ...".
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read("attributes", self.0.as_bytes())
    }

    /// One of them; none where it is missing or null.
    ///
    /// # Errors
    /// Where it is there and not a `T`, with the path: "attributes.purchases: invalid type: ...".
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        read_with(Field { name, kind: PhantomData }, "attributes", self.0.as_bytes())
    }
}

/// Reads one field of a JSON object and passes over the others.
struct Field<'n, T> {
    name: &'n str,
    kind: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Field<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Field<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        while let Some(name) = object.next_key::<String>()? {
            if name == self.name {
                found = object.next_value()?;
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Attributes, read};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        windows: Vec<Window>,
    }

    #[derive(Debug, Deserialize)]
    struct Window {
        from: u32,
    }

    #[test]
    fn an_error_names_its_path() {
        let cases = [
            (r#"{"windows": [{"from": 1}, {"from": "x"}]}"#, "config.windows[1].from: invalid type: string \"x\""),
            (r#"{"windows": [{}]}"#, "config.windows[0]: missing field `from`"),
            (r#"{"window": []}"#, "config.window: unknown field `window`, expected `windows`"),
            (r#"[1]"#, "config[0]: invalid type: integer `1`"),
            (r#"{"windows": []} x"#, "config: trailing characters"),
            ("", "config: EOF"),
        ];
        for (json, error) in cases {
            let found = read::<Config>("config", json.as_bytes()).expect_err(json).to_string();
            assert!(found.starts_with(error), "{json}: {found}");
        }
        let config = read::<Config>("config", br#"{"windows": [{"from": 7}]}"#).expect("valid");
        assert_eq!(config.windows[0].from, 7);
    }

    #[test]
    fn an_attribute_is_read_missing_or_wrong() {
        let attributes = Attributes::new(r#"{"purchases": 2, "gone": null, "tags": ["a", 1]}"#);
        assert_eq!(attributes.get::<u32>("purchases").expect("a number"), Some(2));
        assert_eq!(attributes.get::<u32>("gone").expect("null is absent"), None);
        assert_eq!(attributes.get::<u32>("other").expect("absent"), None);
        let error = attributes.get::<Vec<String>>("tags").expect_err("a number in it").to_string();
        assert!(error.starts_with("attributes.tags[1]: invalid type: integer `1`"), "{error}");
        let error = Attributes::new("[]").get::<u32>("x").expect_err("no object").to_string();
        assert!(error.starts_with("attributes: invalid type: sequence, expected a JSON object"), "{error}");
    }
}
