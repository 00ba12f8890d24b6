//! plugin.toml: what a plugin says of itself. Everything is checked before its code is looked at; a name that is
//! not known is refused, so that a typo does not silently leave a default.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use semver::Version;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::{
    code::read_at_most,
    egress::{HostRule, SecretPlace},
    limits::Limits,
};

/// The name of the file.
pub const MANIFEST: &str = "plugin.toml";
/// The longest file, in bytes.
const MAX_MANIFEST: u64 = 256 * 1_024;
/// The longest id, in characters.
const MAX_ID: usize = 64;

/// What a plugin decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    /// It supplies codes.
    Source,
    /// It says who may use a coupon.
    Restriction,
}

impl PluginKind {
    /// Its name in manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Restriction => "restriction",
        }
    }
}

/// Why a manifest cannot be used.
#[derive(Debug, Error)]
#[error("{path}: {reason}")]
pub struct ManifestError {
    /// The file.
    pub path: String,
    /// What is wrong, and what was expected.
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    name: String,
    #[serde(default)]
    description: String,
    version: String,
    contract: String,
    kind: PluginKind,
    component: Option<PathBuf>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    secrets: BTreeMap<String, Value>,
    #[serde(default)]
    limits: Limits,
    #[serde(default = "any_object")]
    config: Value,
    #[serde(default)]
    validate: bool,
}

/// A plugin without a schema takes no configuration.
fn any_object() -> Value {
    serde_json::json!({ "type": "object", "additionalProperties": false })
}

/// A secret as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestSecret {
    /// The one place of a request where it goes.
    pub place: SecretPlace,
    /// The host that it is bound to; none where the operator says.
    pub host: Option<String>,
}

/// The same as its table has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSecret {
    r#in: String,
    #[serde(default)]
    host: String,
}

/// A manifest that holds.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What pools bind it by.
    pub id: String,
    /// For people.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// The plugin's own version.
    pub version: Version,
    /// The contract that it was built against: "1.0".
    pub contract: String,
    /// What it decides.
    pub kind: PluginKind,
    /// Its code.
    pub component: PathBuf,
    /// The hosts that it may reach.
    pub hosts: Vec<HostRule>,
    /// The secrets that it names.
    pub secrets: BTreeMap<String, ManifestSecret>,
    /// What a call may use.
    pub limits: Limits,
    /// The JSON Schema of a binding's configuration.
    pub config: Value,
    /// Whether it is asked about a plain sample before a pool is saved with a configuration: what only its code can know
    /// of one is told then, and not at the first checkout.
    pub validate: bool,
}

impl Manifest {
    /// Reads the manifest of a plugin's folder.
    pub fn read(folder: &Path) -> Result<Self, ManifestError> {
        let path = folder.join(MANIFEST);
        let failed = |reason: String| ManifestError { path: path.display().to_string(), reason };
        let bytes = read_at_most(&path, MAX_MANIFEST).map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| failed("expected UTF-8".to_owned()))?;
        Self::parse(&text, folder).map_err(failed)
    }

    /// Reads a manifest's text; `folder` is where its component is sought.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| one_line(text, &error))?;
        check_id(&written.id)?;
        let version = Version::parse(&written.version)
            .map_err(|_| format!("version: expected three numbers such as \"1.0.0\", found {:?}", written.version))?;
        if written.name.trim().is_empty() {
            return Err("name: expected what people call it".to_owned());
        }
        if written.kind == PluginKind::Restriction && !(written.hosts.is_empty() && written.secrets.is_empty()) {
            return Err("hosts, secrets: a restriction reaches no network: leave them out".to_owned());
        }
        written.limits.check()?;
        let hosts = written.hosts.iter().map(|host| HostRule::parse(host)).collect::<Result<_, _>>()?;
        let component = written.component.unwrap_or_else(|| format!("{}.wasm", written.id).into());
        // The folder is looked at for new builds, the folders in it are not.
        let plain = component.file_name() == Some(component.as_os_str());
        if !plain || component.extension().is_none_or(|extension| extension != "wasm") {
            return Err("component: expected a file of the plugin's own folder whose name ends in .wasm".to_owned());
        }
        Ok(Self {
            id: written.id,
            name: written.name,
            description: written.description,
            version,
            contract: written.contract,
            kind: written.kind,
            component: folder.join(component),
            hosts,
            secrets: written.secrets.into_iter().map(secret).collect::<Result<_, _>>()?,
            limits: written.limits,
            config: written.config,
            validate: written.validate,
        })
    }
}

/// An id that a plugin may have: it is used in names of files and environment variables.
pub fn check_id(id: &str) -> Result<(), String> {
    let starts = id.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if starts && id.len() <= MAX_ID && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Ok(());
    }
    Err(format!("id: expected a-z, 0-9 and -, beginning with a letter, at most {MAX_ID} characters, found {id:?}"))
}

/// A secret of a manifest. Before it had a place it was `NAME = "HOST"`.
fn secret((name, written): (String, Value)) -> Result<(String, ManifestSecret), String> {
    check_secret(&name)?;
    let failed = |reason: String| format!("secrets.{name}: {reason}");
    if let Value::String(host) = written {
        let host = if host.is_empty() { String::new() } else { format!(" and host = {host:?}") };
        return Err(failed(format!(
            "expected a table that says where it goes: write [secrets.{name}] with in = \"header:authorization\", \
             \"query:KEY\" or \"json:/MEMBER\"{host}"
        )));
    }
    let written: WrittenSecret = serde_json::from_value(written).map_err(|error| failed(error.to_string()))?;
    let place = SecretPlace::parse(&written.r#in).map_err(failed)?;
    Ok((name, ManifestSecret { place, host: Some(written.host).filter(|host| !host.is_empty()) }))
}

fn check_secret(name: &str) -> Result<(), String> {
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if starts && name.len() <= MAX_ID && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Ok(());
    }
    Err(format!("secrets: expected names of a-z, 0-9 and _, beginning with a letter, found {name:?}"))
}

/// Where a text is wrong, and why, in one line.
fn one_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message().replace('\n', ", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "id = 'first'\nname = 'First'\nversion = '1.0.0'\ncontract = '1.0'\nkind = 'restriction'\n";

    #[test]
    fn a_plain_manifest_has_defaults() {
        let manifest = Manifest::parse(PLAIN, Path::new("plugins/first")).expect("a manifest");
        assert_eq!(manifest.component, Path::new("plugins/first/first.wasm"));
        assert_eq!(manifest.limits, Limits::default());
        assert_eq!(manifest.config["additionalProperties"], false);
    }

    #[test]
    fn faults_say_where_and_what_was_expected() {
        for (more, says) in [
            ("hots = []", "line 6: unknown field `hots`"),
            ("hosts = ['a.example']", "a restriction reaches no network"),
            ("component = '../x.wasm'", "a file of the plugin's own folder"),
            ("component = 'build/x.wasm'", "a file of the plugin's own folder"),
            ("component = 'x.bin'", "whose name ends in .wasm"),
            ("[limits]\ncpu_ms = 5000", "limits.cpu_ms: expected 10 to 1000"),
            ("[limits]\ncpu = 5", "unknown field `cpu`"),
        ] {
            let found = Manifest::parse(&format!("{PLAIN}{more}"), Path::new("x")).expect_err(more);
            assert!(found.contains(says), "{more}: {found}");
        }
        let source = PLAIN.replace("restriction", "source");
        for (more, says) in [
            ("hosts = ['https://a.example/x']", "expected a host"),
            ("[secrets]\nApi = ''", "expected names of a-z"),
            ("[secrets]\nkey = 'a.example'", "[secrets.key] with in = \"header:authorization\""),
            ("[secrets.key]\nhost = 'a.example'", "secrets.key: missing field `in`"),
            ("[secrets.key]\nin = 'body'", "secrets.key: in: expected"),
            ("[secrets.key]\nin = 'query:k'\nhots = ''", "secrets.key: unknown field `hots`"),
        ] {
            let found = Manifest::parse(&format!("{source}{more}"), Path::new("x")).expect_err(more);
            assert!(found.contains(says), "{more}: {found}");
        }
        for (from, to, says) in [
            ("'first'", "'First'", "id: expected a-z, 0-9 and -, beginning with a letter"),
            ("'first'", "'../first'", "found \"../first\""),
            ("'1.0.0'", "'1'", "version: expected three numbers such as \"1.0.0\", found \"1\""),
            ("name = 'First'\n", "", "missing field `name`"),
        ] {
            let found = Manifest::parse(&PLAIN.replace(from, to), Path::new("x")).expect_err(to);
            assert!(found.contains(says), "{to}: {found}");
        }
        assert!(Manifest::parse(&PLAIN.replace("restriction", "filter"), Path::new("x")).is_err());
    }
}
