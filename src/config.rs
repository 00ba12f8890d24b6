//! The configuration: a file, over it the environment, over that the flags. A name that is not known
//! is refused wherever it stands, so that a typo does not silently leave a default.

use std::{net::SocketAddr, path::Path};

use serde::Deserialize;
use thiserror::Error;

use crate::storage::{Address, OpenError};

/// Where Scrip listens unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:8080";
/// Where the data is unless told otherwise.
pub const DATABASE: &str = "surrealkv://data/scrip";
/// The environment variables that are read.
const VARIABLES: [&str; 6] =
    ["SCRIP_LISTEN", "SCRIP_DATABASE", "SCRIP_LOG", "SCRIP_ORIGINS", "SCRIP_ADMIN_KEY", "SCRIP_CONFIG"];
/// The shortest admin key that may be preset, in characters.
const MIN_ADMIN_KEY: usize = 16;

/// Why a configuration cannot be used: text for the operator.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration file {path}: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// The operating system's reason.
        reason: String,
    },
    /// The file does not say what a configuration can say.
    #[error("configuration file {path} is invalid: {reason}")]
    Invalid {
        /// The file.
        path: String,
        /// Where and why.
        reason: String,
    },
    /// A variable that is not known.
    #[error("environment variable {name} is unknown: possible are {}", VARIABLES.join(", "))]
    UnknownVariable {
        /// Its name.
        name: String,
    },
    /// A value that is not possible.
    #[error("{name} is invalid: {reason}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What was expected.
        reason: String,
    },
    /// The database's address.
    #[error(transparent)]
    Address(#[from] OpenError),
}

/// Settings as they stand in one place, each optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// The address to listen on, such as "127.0.0.1:8080".
    pub listen: Option<String>,
    /// The database's address.
    pub database: Option<String>,
    /// How much is logged: a filter such as "info" or "scrip=debug".
    pub log: Option<String>,
    /// The origins of other sites whose pages may ask, such as "https://shop.example".
    pub origins: Option<Vec<String>>,
    /// The first admin key, for containers. Not in a file: it is a secret.
    #[serde(skip)]
    pub admin_key: Option<String>,
}

impl Layer {
    /// Reads a file.
    pub fn file(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: name.clone(), reason: error.to_string() })?;
        toml::from_str(&text).map_err(|error| ConfigError::Invalid { path: name, reason: one_line(&text, &error) })
    }

    /// Reads the environment.
    pub fn environment(variables: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut layer = Self::default();
        for (name, value) in variables.filter(|(name, _)| name.starts_with("SCRIP_")) {
            match name.as_str() {
                "SCRIP_LISTEN" => layer.listen = Some(value),
                "SCRIP_DATABASE" => layer.database = Some(value),
                "SCRIP_LOG" => layer.log = Some(value),
                "SCRIP_ORIGINS" => {
                    let given = value.split(',').filter(|part| !part.trim().is_empty());
                    layer.origins = Some(given.map(str::to_owned).collect());
                }
                "SCRIP_ADMIN_KEY" => layer.admin_key = Some(value),
                "SCRIP_CONFIG" => {}
                _ => return Err(ConfigError::UnknownVariable { name }),
            }
        }
        Ok(layer)
    }

    /// This layer over another.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            listen: self.listen.or(lower.listen),
            database: self.database.or(lower.database),
            log: self.log.or(lower.log),
            origins: self.origins.or(lower.origins),
            admin_key: self.admin_key.or(lower.admin_key),
        }
    }
}

/// Where a file is wrong, and why, in one line.
fn one_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message().replace('\n', ", "))
}

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The database.
    pub database: Address,
    /// How much is logged.
    pub log: String,
    /// The origins of other sites whose pages may ask, in lower case.
    pub origins: Vec<String>,
    /// The first admin key, if it is preset.
    pub admin_key: Option<String>,
}

impl Config {
    /// Checks what the layers came to.
    pub fn check(layer: Layer) -> Result<Self, ConfigError> {
        let listen = layer.listen.unwrap_or_else(|| LISTEN.to_owned());
        let reason = || format!("expected an address and a port such as {LISTEN}, found {listen:?}");
        let address = listen.parse().map_err(|_| ConfigError::Value { name: "listen", reason: reason() })?;
        if layer.admin_key.as_ref().is_some_and(|key| key.len() < MIN_ADMIN_KEY) {
            let reason = format!("expected at least {MIN_ADMIN_KEY} characters, because it opens everything");
            return Err(ConfigError::Value { name: "SCRIP_ADMIN_KEY", reason });
        }
        Ok(Self {
            listen: address,
            database: Address::parse(layer.database.as_deref().unwrap_or(DATABASE))?,
            log: layer.log.unwrap_or_else(|| "info".to_owned()),
            origins: layer.origins.unwrap_or_default().iter().map(|text| origin(text)).collect::<Result<_, _>>()?,
            admin_key: layer.admin_key,
        })
    }
}

/// An origin as browsers send it (RFC 6454, section 6.2): a scheme, a host and, unless it is the scheme's own, a
/// port.
fn origin(text: &str) -> Result<String, ConfigError> {
    let origin = text.trim().to_ascii_lowercase();
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).unwrap_or_default();
    if host.is_empty()
        || host.contains(|sign: char| matches!(sign, '/' | '?' | '#' | '@' | '*') || sign.is_whitespace())
    {
        let reason = format!("expected origins such as https://shop.example, without a path, found {text:?}");
        return Err(ConfigError::Value { name: "origins", reason });
    }
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Result<Layer, ConfigError> {
        Layer::environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn flags_over_environment_over_file() {
        let file: Layer = toml::from_str("listen = '127.0.0.1:1'\ndatabase = 'mem://'").expect("a layer");
        let environment = environment(&[("SCRIP_LISTEN", "127.0.0.1:2"), ("PATH", "x")]).expect("a layer");
        let flags = Layer { log: Some("debug".to_owned()), ..Layer::default() };
        let config = Config::check(flags.over(environment).over(file)).expect("a configuration");
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.database.text(), "mem://");
        assert_eq!(config.log, "debug");
    }

    #[test]
    fn origins_are_a_list() {
        let environment = environment(&[("SCRIP_ORIGINS", "https://Shop.example, http://localhost:3000")]);
        let config = Config::check(environment.expect("a layer")).expect("a configuration");
        assert_eq!(config.origins, ["https://shop.example", "http://localhost:3000"]);
        let file: Layer = toml::from_str("origins = ['https://shop.example']").expect("a layer");
        assert_eq!(Config::check(file).expect("a configuration").origins, ["https://shop.example"]);
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        assert!(environment(&[("SCRIP_LISTN", "x")]).is_err_and(|e| e.to_string().contains("SCRIP_LISTEN")));
        assert!(toml::from_str::<Layer>("lisen = 'x'").is_err_and(|e| e.to_string().contains("listen")));
        let bad = Layer { listen: Some("8080".to_owned()), ..Layer::default() };
        assert!(Config::check(bad).is_err_and(|e| e.to_string().contains("127.0.0.1:8080")));
        for wrong in ["*", "shop.example", "https://shop.example/", "https://*.example", "ftp://shop.example", ""] {
            let layer = Layer { origins: Some(vec![wrong.to_owned()]), ..Layer::default() };
            assert!(Config::check(layer).is_err_and(|e| e.to_string().contains("https://shop.example")), "{wrong}");
        }
        let short = Layer { admin_key: Some("secret".to_owned()), ..Layer::default() };
        assert!(Config::check(short).is_err());
    }
}
