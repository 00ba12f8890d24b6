//! The settings that stand in the environment. Others write into it too: Kubernetes gives each pod variables such as
//! SCRIP_SERVICE_HOST and SCRIP_PORT where a service is called scrip. So a name that is not known is told, with the one
//! that it looks like, and passed over.

use super::{ConfigError, Layer};

/// What all of the names begin with.
const OURS: &str = "SCRIP_";
/// How the names of variables with secrets of plugins begin.
const SECRET: &str = "SCRIP_SECRET_";
/// The environment variables that are read, but for secrets.
const VARIABLES: [&str; 39] = [
    "SCRIP_LISTEN",
    "SCRIP_DATABASE",
    "SCRIP_LOG",
    "SCRIP_LOG_FORMAT",
    "SCRIP_ORIGINS",
    "SCRIP_PROXIES",
    "SCRIP_TLS_CERTIFICATE",
    "SCRIP_TLS_KEY",
    "SCRIP_BEHIND_PROXY",
    "SCRIP_JWT_ISSUER",
    "SCRIP_JWT_AUDIENCE",
    "SCRIP_JWT_KEYS",
    "SCRIP_JWT_ALGORITHMS",
    "SCRIP_JWT_LEEWAY",
    "SCRIP_JWT_ROLE",
    "SCRIP_JWT_GROUPS",
    "SCRIP_JWT_NBF",
    "SCRIP_MAX_COST",
    "SCRIP_BUDGET_REQUESTS",
    "SCRIP_BUDGET_COST",
    "SCRIP_BUDGET_CUSTOMER_REQUESTS",
    "SCRIP_BUDGET_CUSTOMER_COST",
    "SCRIP_MEMORY",
    "SCRIP_INTROSPECTION",
    "SCRIP_DOCUMENTS",
    "SCRIP_DOCUMENTS_ONLY",
    "SCRIP_PLUGINS",
    "SCRIP_PLUGIN_THREADS",
    "SCRIP_PLUGIN_MEMORY",
    "SCRIP_ADMIN_KEY",
    "SCRIP_BACKUP_FOLDER",
    "SCRIP_BACKUP_EVERY",
    "SCRIP_BACKUP_KEEP",
    "SCRIP_BACKUP_RATE",
    "SCRIP_JOBS_AT_ONCE",
    "SCRIP_UPLOAD_LIMIT",
    "SCRIP_URL",
    "SCRIP_KEY",
    "SCRIP_CONFIG",
];
/// Of how many letters one may be wrong in a name that is taken for another.
const LETTERS: usize = 3;

impl Layer {
    /// Reads the environment.
    pub fn environment(variables: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut layer = Self::default();
        for (name, value) in variables.filter(|(name, _)| name.starts_with(OURS)) {
            match name.as_str() {
                "SCRIP_LISTEN" => layer.listen = Some(value),
                "SCRIP_DATABASE" => layer.database = Some(value),
                "SCRIP_LOG" => layer.log = Some(value),
                "SCRIP_LOG_FORMAT" => layer.log_format = Some(value),
                "SCRIP_PLUGINS" => layer.plugins = Some(value),
                "SCRIP_PLUGIN_THREADS" => {
                    layer.plugin_threads = Some(parsed("SCRIP_PLUGIN_THREADS", &value, "a number such as 2")?);
                }
                "SCRIP_PLUGIN_MEMORY" => layer.plugin_memory = Some(value),
                "SCRIP_ORIGINS" => layer.origins = Some(list(&value)),
                "SCRIP_PROXIES" => layer.proxies = Some(list(&value)),
                "SCRIP_TLS_CERTIFICATE" => layer.tls.certificate = Some(value.into()),
                "SCRIP_TLS_KEY" => layer.tls.key = Some(value.into()),
                "SCRIP_BEHIND_PROXY" => {
                    layer.behind_proxy = Some(parsed("SCRIP_BEHIND_PROXY", &value, "true or false")?);
                }
                "SCRIP_JWT_ISSUER" => layer.jwt.issuer = Some(value),
                "SCRIP_JWT_AUDIENCE" => layer.jwt.audience = Some(value),
                "SCRIP_JWT_KEYS" => layer.jwt.keys = Some(value),
                "SCRIP_JWT_ALGORITHMS" => layer.jwt.algorithms = Some(list(&value)),
                "SCRIP_JWT_LEEWAY" => layer.jwt.leeway = Some(value),
                "SCRIP_JWT_ROLE" => layer.jwt.role = Some(value),
                "SCRIP_JWT_GROUPS" => layer.jwt.groups = Some(value),
                "SCRIP_JWT_NBF" => layer.jwt.nbf = Some(value),
                "SCRIP_MAX_COST" => layer.max_cost = Some(parsed("SCRIP_MAX_COST", &value, "a number such as 100000")?),
                "SCRIP_BUDGET_REQUESTS" => layer.budget.requests = rate("SCRIP_BUDGET_REQUESTS", &value)?,
                "SCRIP_BUDGET_COST" => layer.budget.cost = rate("SCRIP_BUDGET_COST", &value)?,
                "SCRIP_BUDGET_CUSTOMER_REQUESTS" => {
                    layer.budget.customer_requests = rate("SCRIP_BUDGET_CUSTOMER_REQUESTS", &value)?;
                }
                "SCRIP_BUDGET_CUSTOMER_COST" => {
                    layer.budget.customer_cost = rate("SCRIP_BUDGET_CUSTOMER_COST", &value)?;
                }
                "SCRIP_MEMORY" => layer.memory = Some(value),
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
                "SCRIP_JOBS_AT_ONCE" => {
                    layer.jobs.at_once = Some(parsed("SCRIP_JOBS_AT_ONCE", &value, "a number such as 2")?);
                }
                "SCRIP_UPLOAD_LIMIT" => layer.jobs.upload_limit = Some(value),
                "SCRIP_URL" => layer.url = Some(value),
                "SCRIP_KEY" => layer.key = Some(value),
                "SCRIP_CONFIG" => {}
                _ if name.starts_with(SECRET) => drop(layer.secrets.0.insert(name, value)),
                _ => layer.warnings.push(passed_over(&name)),
            }
        }
        Ok(layer)
    }
}

/// A list of the environment, with commas between.
fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A value of the environment.
fn parsed<T: std::str::FromStr>(name: &'static str, text: &str, expected: &str) -> Result<T, ConfigError> {
    let reason = || format!("expected {expected}, found {text:?}");
    text.parse().map_err(|_| ConfigError::Value { name, reason: reason() })
}

/// How much there is of something in a second.
fn rate(name: &'static str, text: &str) -> Result<Option<u64>, ConfigError> {
    parsed(name, text, "a number a second such as 100, or 0 for no bound").map(Some)
}

/// What is told of a name that is not known.
fn passed_over(name: &str) -> String {
    let nearest = VARIABLES.into_iter().map(|known| (distance(name, known), known)).min();
    let meant = match nearest {
        Some((slips, known)) if slips * LETTERS <= name.len() - OURS.len() => format!(": did you mean {known}?"),
        _ => String::new(),
    };
    format!("environment variable {name} is not known and is passed over{meant}")
}

/// How many letters have to be put in, left out or changed to make one text of another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.bytes().enumerate() {
        let mut before = std::mem::replace(&mut row[0], line + 1);
        for (column, second) in other.bytes().enumerate() {
            let changed = before + usize::from(letter != second);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_told_with_what_was_meant() {
        for (name, meant) in [
            ("SCRIP_LISTN", "SCRIP_LISTEN"),
            ("SCRIP_ADMINKEY", "SCRIP_ADMIN_KEY"),
            ("SCRIP_ORIGIN", "SCRIP_ORIGINS"),
            ("SCRIP_LOGFORMAT", "SCRIP_LOG_FORMAT"),
            ("SCRIP_DATABSAE", "SCRIP_DATABASE"),
            ("SCRIP_SERVICE_HOST", ""),
            ("SCRIP_PORT", ""),
            ("SCRIP_", ""),
            ("SCRIP_PORT_8080_TCP_ADDR", ""),
        ] {
            let layer = Layer::environment([(name.to_owned(), "x".to_owned())].into_iter()).expect("a layer");
            let told = layer.warnings.join(" ");
            assert!(told.contains(name) && told.contains(meant), "{told}");
            assert_eq!(told.contains("did you mean"), !meant.is_empty(), "{told}");
        }
    }

    #[test]
    fn distances() {
        for (one, other, expected) in
            [("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
