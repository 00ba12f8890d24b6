//! The configuration: a file, over it the environment, over that the flags. A name that is not known is refused in the
//! file and among the flags, and told in the environment, so that a typo does not silently leave a default.

mod backup;
mod budget;
mod environment;
mod jobs;
mod jwt;
mod memory;
mod plugins;
mod tls;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use thiserror::Error;

use crate::http::{BudgetRules, Proxies, TlsFiles};
use scrip_plugins::{Environment, OperatorSettings, PluginSettings};
use scrip_service::IssuerDraft;
use scrip_storage::{Address, OpenError};

pub use backup::{BackupLayer, PlannedBackups, rate};
pub use budget::BudgetLayer;
pub use jobs::{JobsConfig, JobsLayer};
pub use jwt::JwtLayer;
pub use memory::Budget;
pub use tls::TlsLayer;

/// Where Scrip listens unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:8080";
/// Where the data is unless told otherwise.
pub const DATABASE: &str = "surrealkv://data/scrip";
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
    /// The address or name to listen on, such as "127.0.0.1:8080".
    pub listen: Option<String>,
    /// The database's address.
    pub database: Option<String>,
    /// How much is logged: a filter such as "info" or "scrip=debug".
    pub log: Option<String>,
    /// How lines of the log are written: "text" or "json".
    pub log_format: Option<String>,
    /// The folder of plugins.
    pub plugins: Option<String>,
    /// On how many threads plugins compute.
    pub plugin_threads: Option<usize>,
    /// The memory of all plugins' calls together, such as "256MB".
    pub plugin_memory: Option<String>,
    /// What each plugin may do, by its id.
    pub plugin: BTreeMap<String, OperatorSettings>,
    /// Secrets of plugins by the variable's name. Of the environment only.
    #[serde(skip)]
    pub secrets: Environment,
    /// What is wrong and does not keep it from starting.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// The origins of other sites whose pages may ask, such as "https://shop.example".
    pub origins: Option<Vec<String>>,
    /// The proxies that tell for whom they ask, such as "10.1.0.0/16".
    pub proxies: Option<Vec<String>>,
    /// The certificate for TLS, and its key.
    pub tls: TlsLayer,
    /// Whether a proxy in front speaks TLS.
    pub behind_proxy: Option<bool>,
    /// The retailer's own issuer of tokens.
    pub jwt: JwtLayer,
    /// The most that an operation may cost.
    pub max_cost: Option<u64>,
    /// How much each key may ask for.
    pub budget: BudgetLayer,
    /// How much memory it may take, such as "1GiB".
    pub memory: Option<String>,
    /// Whether the schema may be asked about: "on" or "off".
    pub introspection: Option<String>,
    /// The folder of trusted documents.
    pub documents: Option<PathBuf>,
    /// Whether only trusted documents are accepted.
    pub documents_only: Option<bool>,
    /// Backups that are taken while it runs.
    pub backup: BackupLayer,
    /// How jobs work.
    pub jobs: JobsLayer,
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

    /// This layer over another.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            listen: self.listen.or(lower.listen),
            database: self.database.or(lower.database),
            log: self.log.or(lower.log),
            log_format: self.log_format.or(lower.log_format),
            warnings: [self.warnings, lower.warnings].concat(),
            plugins: self.plugins.or(lower.plugins),
            plugin_threads: self.plugin_threads.or(lower.plugin_threads),
            plugin_memory: self.plugin_memory.or(lower.plugin_memory),
            plugin: if self.plugin.is_empty() { lower.plugin } else { self.plugin },
            secrets: if self.secrets.0.is_empty() { lower.secrets } else { self.secrets },
            origins: self.origins.or(lower.origins),
            proxies: self.proxies.or(lower.proxies),
            tls: self.tls.over(lower.tls),
            behind_proxy: self.behind_proxy.or(lower.behind_proxy),
            jwt: self.jwt.over(lower.jwt),
            max_cost: self.max_cost.or(lower.max_cost),
            budget: self.budget.over(lower.budget),
            memory: self.memory.or(lower.memory),
            introspection: self.introspection.or(lower.introspection),
            documents: self.documents.or(lower.documents),
            documents_only: self.documents_only.or(lower.documents_only),
            backup: self.backup.over(lower.backup),
            jobs: self.jobs.over(lower.jobs),
            url: self.url.or(lower.url),
            key: self.key.or(lower.key),
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

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// As text, for people.
    Text,
    /// As JSON objects, one a line.
    Json,
}

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen: an address or a name, and a port.
    pub listen: String,
    /// The database.
    pub database: Address,
    /// How much is logged.
    pub log: String,
    /// How its lines are written.
    pub log_format: LogFormat,
    /// What is wrong and does not keep it from starting.
    pub warnings: Vec<String>,
    /// Where plugins are, and what each may do.
    pub plugins: PluginSettings,
    /// The origins of other sites whose pages may ask, in lower case.
    pub origins: Vec<String>,
    /// The proxies that tell for whom they ask.
    pub proxies: Proxies,
    /// The certificate for TLS, and its key; none where plain HTTP is spoken.
    pub tls: Option<TlsFiles>,
    /// Whether a proxy in front speaks TLS.
    pub behind_proxy: bool,
    /// The issuer whose tokens are believed; none where none is named.
    pub issuer: Option<IssuerDraft>,
    /// The most that an operation may cost, where it is not the default.
    pub max_cost: Option<u64>,
    /// How much each key may ask for.
    pub budgets: BudgetRules,
    /// How much memory it may take, and for what.
    pub memory: Budget,
    /// Whether the schema may be asked about.
    pub introspection: bool,
    /// The folder of trusted documents.
    pub documents: Option<PathBuf>,
    /// Whether only trusted documents are accepted.
    pub documents_only: bool,
    /// Backups that are taken while it runs.
    pub backup: Option<PlannedBackups>,
    /// How jobs work.
    pub jobs: JobsConfig,
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
        let listen = listen(layer.listen.unwrap_or_else(|| LISTEN.to_owned()))?;
        if layer.admin_key.as_ref().is_some_and(|key| key.len() < MIN_ADMIN_KEY) {
            let reason = format!("expected at least {MIN_ADMIN_KEY} characters, because it opens everything");
            return Err(ConfigError::Value { name: "SCRIP_ADMIN_KEY", reason });
        }
        let memory = memory(layer.memory.as_deref())?;
        let database = Address::parse(layer.database.as_deref().unwrap_or(DATABASE))?;
        let database = database.with_block_cache(memory.block_cache);
        let plugins = PluginSettings {
            is_named: layer.plugins.is_some(),
            folder: Some(layer.plugins.unwrap_or_else(|| PLUGINS.to_owned()).into()),
            bounds: plugins::bounds(layer.plugin_threads, layer.plugin_memory.as_deref(), memory.plugins)?,
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
        let log_format = match layer.log_format.as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                let reason = format!("expected text or json, found {other:?}");
                return Err(ConfigError::Value { name: "log_format", reason });
            }
        };
        let documents_only = layer.documents_only.unwrap_or_default();
        if documents_only && layer.documents.is_none() {
            let reason = "it needs the folder of the documents: name it as documents".to_owned();
            return Err(ConfigError::Value { name: "documents_only", reason });
        }
        Ok(Self {
            listen,
            database,
            plugins,
            log: layer.log.unwrap_or_else(|| "info".to_owned()),
            log_format,
            warnings: layer.warnings,
            origins: layer.origins.unwrap_or_default().iter().map(|text| origin(text)).collect::<Result<_, _>>()?,
            proxies: Proxies::parse(&layer.proxies.unwrap_or_default())
                .map_err(|reason| ConfigError::Value { name: "proxies", reason })?,
            tls: layer.tls.check()?,
            behind_proxy: layer.behind_proxy.unwrap_or_default(),
            issuer: layer.jwt.check()?,
            max_cost: layer.max_cost,
            budgets: layer.budget.check()?,
            memory,
            introspection,
            documents: layer.documents,
            documents_only,
            backup: PlannedBackups::check(layer.backup)?,
            jobs: layer.jobs.check()?,
            url: layer.url,
            key: layer.key,
            admin_key: layer.admin_key,
        })
    }
}

/// How much memory there is, and for what.
fn memory(text: Option<&str>) -> Result<Budget, ConfigError> {
    let Some(text) = text else { return Ok(Budget::of_this_machine()) };
    match memory::bytes(text) {
        Some(total) if total >= memory::LEAST => Ok(Budget::of(total)),
        _ => {
            let least = memory::LEAST >> 20;
            let reason = format!("expected at least {least}MiB, as a number of bytes such as 1GiB, found {text:?}");
            Err(ConfigError::Value { name: "memory", reason })
        }
    }
}

/// Where to listen: an address or a name, and a port.
fn listen(text: String) -> Result<String, ConfigError> {
    let parts = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let host = parts.map(|(host, _)| host).unwrap_or_default();
    let is_name = !host.is_empty() && !host.contains(|sign: char| matches!(sign, ':' | '/') || sign.is_whitespace());
    if is_name || text.parse::<std::net::SocketAddr>().is_ok() {
        return Ok(text);
    }
    let reason =
        format!("expected an address or a name, and a port, such as {LISTEN} or localhost:8080, found {text:?}");
    Err(ConfigError::Value { name: "listen", reason })
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
        assert_eq!(config.listen, "127.0.0.1:2");
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
        assert!(toml::from_str::<Layer>("lisen = 'x'").is_err_and(|e| e.to_string().contains("listen")));
        for wrong in ["8080", ":8080", "localhost", "localhost:web", "a b:8080", "http://localhost:8080", "::1:8080"] {
            let layer = Layer { listen: Some(wrong.to_owned()), ..Layer::default() };
            assert!(Config::check(layer).is_err_and(|e| e.to_string().contains("127.0.0.1:8080")), "{wrong}");
        }
        for right in ["0.0.0.0:80", "[::1]:8080", "localhost:0", "gateway.example:443"] {
            let layer = Layer { listen: Some(right.to_owned()), ..Layer::default() };
            assert_eq!(Config::check(layer).expect("a configuration").listen, right);
        }
        let format = Layer { log_format: Some("xml".to_owned()), ..Layer::default() };
        assert!(Config::check(format).is_err_and(|e| e.to_string().contains("text or json")));
        for wrong in ["*", "shop.example", "https://shop.example/", "https://*.example", "ftp://shop.example", ""] {
            let layer = Layer { origins: Some(vec![wrong.to_owned()]), ..Layer::default() };
            assert!(Config::check(layer).is_err_and(|e| e.to_string().contains("https://shop.example")), "{wrong}");
        }
        let short = Layer { admin_key: Some("secret".to_owned()), ..Layer::default() };
        assert!(Config::check(short).is_err());
    }
}
