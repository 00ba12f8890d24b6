//! The configuration: a file, over it the environment, over that the flags. A name that is not known
//! is refused wherever it stands, so that a typo does not silently leave a default.

mod backup;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use thiserror::Error;

use scrip_plugins::{Environment, OperatorSettings, PluginSettings};
use scrip_storage::{Address, OpenError};

pub use backup::{BackupLayer, PlannedBackups, rate};

/// Where Scrip listens unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:8080";
/// Where the data is unless told otherwise.
pub const DATABASE: &str = "surrealkv://data/scrip";
/// The environment variables that are read.
const VARIABLES: [&str; 18] = [
    "SCRIP_LISTEN",
    "SCRIP_DATABASE",
    "SCRIP_LOG",
    "SCRIP_ORIGINS",
    "SCRIP_MAX_COST",
    "SCRIP_INTROSPECTION",
    "SCRIP_DOCUMENTS",
    "SCRIP_DOCUMENTS_ONLY",
    "SCRIP_PLUGINS",
    "SCRIP_ADMIN_KEY",
    "SCRIP_BACKUP_FOLDER",
    "SCRIP_BACKUP_EVERY",
    "SCRIP_BACKUP_KEEP",
    "SCRIP_BACKUP_RATE",
    "SCRIP_URL",
    "SCRIP_KEY",
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
    /// The origins of other sites whose pages may ask, such as "https://shop.example".
    pub origins: Option<Vec<String>>,
    /// The most that an operation may cost.
    pub max_cost: Option<u64>,
    /// Whether the schema may be asked about: "on" or "off".
    pub introspection: Option<String>,
    /// The folder of trusted documents.
    pub documents: Option<PathBuf>,
    /// Whether only trusted documents are accepted.
    pub documents_only: Option<bool>,
    /// Backups that are taken while it runs.
    pub backup: BackupLayer,
    /// The running gateway that a command works on.
    #[serde(skip)]
    pub url: Option<String>,
    /// The key that it is asked with. Of the environment only: it is a secret.
    #[serde(skip)]
    pub key: Option<String>,
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
                "SCRIP_ORIGINS" => {
                    let given = value.split(',').filter(|part| !part.trim().is_empty());
                    layer.origins = Some(given.map(str::to_owned).collect());
                }
                "SCRIP_MAX_COST" => layer.max_cost = Some(parsed("SCRIP_MAX_COST", &value, "a number such as 100000")?),
                "SCRIP_INTROSPECTION" => layer.introspection = Some(value),
                "SCRIP_DOCUMENTS" => layer.documents = Some(value.into()),
                "SCRIP_DOCUMENTS_ONLY" => {
                    layer.documents_only = Some(parsed("SCRIP_DOCUMENTS_ONLY", &value, "true or false")?);
                }
                "SCRIP_ADMIN_KEY" => layer.admin_key = Some(value),
                "SCRIP_BACKUP_FOLDER" => layer.backup.folder = Some(value.into()),
                "SCRIP_BACKUP_EVERY" => layer.backup.every = Some(value),
                "SCRIP_BACKUP_KEEP" => {
                    layer.backup.keep = Some(parsed("SCRIP_BACKUP_KEEP", &value, "a number such as 7")?);
                }
                "SCRIP_BACKUP_RATE" => layer.backup.rate = Some(value),
                "SCRIP_URL" => layer.url = Some(value),
                "SCRIP_KEY" => layer.key = Some(value),
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
            origins: self.origins.or(lower.origins),
            max_cost: self.max_cost.or(lower.max_cost),
            introspection: self.introspection.or(lower.introspection),
            documents: self.documents.or(lower.documents),
            documents_only: self.documents_only.or(lower.documents_only),
            backup: self.backup.over(lower.backup),
            url: self.url.or(lower.url),
            key: self.key.or(lower.key),
            admin_key: self.admin_key.or(lower.admin_key),
        }
    }
}

/// A value of the environment.
fn parsed<T: std::str::FromStr>(name: &'static str, text: &str, expected: &str) -> Result<T, ConfigError> {
    let reason = || format!("expected {expected}, found {text:?}");
    text.parse().map_err(|_| ConfigError::Value { name, reason: reason() })
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
    /// The origins of other sites whose pages may ask, in lower case.
    pub origins: Vec<String>,
    /// The most that an operation may cost, where it is not the default.
    pub max_cost: Option<u64>,
    /// Whether the schema may be asked about.
    pub introspection: bool,
    /// The folder of trusted documents.
    pub documents: Option<PathBuf>,
    /// Whether only trusted documents are accepted.
    pub documents_only: bool,
    /// Backups that are taken while it runs.
    pub backup: Option<PlannedBackups>,
    /// The running gateway that a command works on; none where it works on the folder.
    pub url: Option<String>,
    /// The key that it is asked with.
    pub key: Option<String>,
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
        let introspection = match layer.introspection.as_deref() {
            None | Some("on") => true,
            Some("off") => false,
            Some(other) => {
                let reason = format!("expected on or off, found {other:?}");
                return Err(ConfigError::Value { name: "introspection", reason });
            }
        };
        let documents_only = layer.documents_only.unwrap_or_default();
        if documents_only && layer.documents.is_none() {
            let reason = "it needs the folder of the documents: name it as documents".to_owned();
            return Err(ConfigError::Value { name: "documents_only", reason });
        }
        Ok(Self {
            listen: address,
            database,
            plugins,
            log: layer.log.unwrap_or_else(|| "info".to_owned()),
            origins: layer.origins.unwrap_or_default().iter().map(|text| origin(text)).collect::<Result<_, _>>()?,
            max_cost: layer.max_cost,
            introspection,
            documents: layer.documents,
            documents_only,
            backup: PlannedBackups::check(layer.backup)?,
            url: layer.url,
            key: layer.key,
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
    fn what_is_allowed_is_a_setting() {
        let config = Config::check(Layer::default()).expect("a configuration");
        assert!(config.introspection && !config.documents_only && config.max_cost.is_none());
        let values = [("SCRIP_MAX_COST", "500"), ("SCRIP_INTROSPECTION", "off"), ("SCRIP_DOCUMENTS_ONLY", "true")];
        let layer = environment(&values).expect("a layer").over(toml::from_str("documents = 'd'").expect("a layer"));
        let config = Config::check(layer).expect("a configuration");
        assert!(!config.introspection && config.documents_only);
        assert_eq!((config.max_cost, config.documents.as_deref()), (Some(500), Some(Path::new("d"))));
        for (name, value, says) in [
            ("SCRIP_MAX_COST", "much", "a number"),
            ("SCRIP_DOCUMENTS_ONLY", "yes", "true or false"),
            ("SCRIP_INTROSPECTION", "yes", "on or off"),
            ("SCRIP_DOCUMENTS_ONLY", "true", "folder"),
        ] {
            let found = environment(&[(name, value)]).and_then(Config::check);
            assert!(found.is_err_and(|error| error.to_string().contains(says)), "{name}={value}");
        }
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
