//! The configuration: a file, over it the environment, over that the flags. A name that is not known
//! is refused wherever it stands, so that a typo does not silently leave a default.

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use serde::Deserialize;
use thiserror::Error;

use crate::{
    plugins::{Environment, OperatorSettings, PluginSettings},
    storage::{Address, OpenError},
};

/// Where Scrip listens unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:8080";
/// Where the data is unless told otherwise.
pub const DATABASE: &str = "surrealkv://data/scrip";
/// The environment variables that are read.
const VARIABLES: [&str; 7] = [
    "SCRIP_LISTEN",
    "SCRIP_DATABASE",
    "SCRIP_LOG",
    "SCRIP_PLUGINS",
    "SCRIP_ADMIN_KEY",
    "SCRIP_CONFIG",
    "SCRIP_SECRET_PLUGIN_NAME",
];
/// How the names of variables with secrets of plugins begin.
const SECRET: &str = "SCRIP_SECRET_";
/// Where plugins are unless told otherwise.
pub const PLUGINS: &str = "plugins";
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
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// The address to listen on, such as "127.0.0.1:8080".
    pub listen: Option<String>,
    /// The database's address.
    pub database: Option<String>,
    /// How much is logged: a filter such as "info" or "scrip=debug".
    pub log: Option<String>,
    /// The folder of plugins.
    pub plugins: Option<String>,
    /// What each plugin may do, by its id.
    pub plugin: BTreeMap<String, OperatorSettings>,
    /// Secrets of plugins by the variable's name. Of the environment only.
    #[serde(skip)]
    pub secrets: Environment,
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
                "SCRIP_PLUGINS" => layer.plugins = Some(value),
                "SCRIP_ADMIN_KEY" => layer.admin_key = Some(value),
                "SCRIP_CONFIG" => {}
                _ if name.starts_with(SECRET) => drop(layer.secrets.0.insert(name, value)),
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
            plugins: self.plugins.or(lower.plugins),
            plugin: if self.plugin.is_empty() { lower.plugin } else { self.plugin },
            secrets: if self.secrets.0.is_empty() { lower.secrets } else { self.secrets },
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
    /// Where plugins are, and what each may do.
    pub plugins: PluginSettings,
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
        let database = Address::parse(layer.database.as_deref().unwrap_or(DATABASE))?;
        let plugins = PluginSettings {
            folder: Some(layer.plugins.unwrap_or_else(|| PLUGINS.to_owned()).into()),
            cache: database.folder().map(|folder| folder.with_extension("plugins")),
            operators: layer.plugin,
            environment: layer.secrets,
        };
        Ok(Self {
            listen: address,
            database,
            plugins,
            log: layer.log.unwrap_or_else(|| "info".to_owned()),
            admin_key: layer.admin_key,
        })
    }
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
    fn what_is_not_known_is_refused_with_what_is() {
        assert!(environment(&[("SCRIP_LISTN", "x")]).is_err_and(|e| e.to_string().contains("SCRIP_LISTEN")));
        assert!(toml::from_str::<Layer>("lisen = 'x'").is_err_and(|e| e.to_string().contains("listen")));
        let bad = Layer { listen: Some("8080".to_owned()), ..Layer::default() };
        assert!(Config::check(bad).is_err_and(|e| e.to_string().contains("127.0.0.1:8080")));
        let short = Layer { admin_key: Some("secret".to_owned()), ..Layer::default() };
        assert!(Config::check(short).is_err());
    }
}
