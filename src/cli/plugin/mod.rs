//! `scrip plugin`: what a partner needs to write a plugin, without a gateway: a new project, its build, a look at
//! whether it fits, its tests, and a call that tells what it used.

mod build;
mod check;
mod fixture;
mod languages;
mod new;
mod run;
mod test;

use std::{
    fs,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use clap::{Subcommand, ValueEnum};
use tokio::time::timeout;

use super::{Problem, say};
use languages::Language;
use scrip_plugins::{Build, Lookup, Manifest, PluginKind, PluginSettings, Sandbox};

/// What takes longer says what it does.
const SILENCE: Duration = Duration::from_secs(1);

/// What can be done with a plugin.
#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Make a new project: source, manifest, fixtures and the SDK, ready to be built.
    New {
        /// Its id, and the folder that is made: a-z, 0-9 and -.
        id: PathBuf,
        /// What it decides.
        #[arg(long, value_enum, default_value_t = Kind::Restriction)]
        kind: Kind,
        /// What it is written in.
        #[arg(long, value_enum, default_value_t = Language::Rust)]
        lang: Language,
    },
    /// Build a plugin into its component: a Rust project with cargo, another by its own build.sh.
    Build {
        /// The plugin's folder.
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Turn what any toolchain made, a component or a core module, into a component that the host takes: what it imports
    /// of WASI gets a stub inside it.
    Pack {
        /// The .wasm file.
        file: PathBuf,
        /// The plugin's folder: its plugin.toml says which contract, and where the component goes.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        plugin: PathBuf,
    },
    /// Say whether a plugin fits: manifest, contract, imports, one trial.
    Check {
        /// The plugin's folder.
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Run a plugin's fixtures: fixtures/*.json, without a gateway and without a network.
    Test {
        /// The plugin's folder.
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Make one call, and tell what it used of each limit. Nothing is sent over the network.
    Run {
        /// The plugin's folder.
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// What it is asked: JSON with the fields of the request, or of a fixture, whose HTTP answers it then gets; - for
        /// standard input. A plain sample fills what is absent. Unless set, the first of fixtures/*.json.
        #[arg(long, value_name = "FILE")]
        request: Option<PathBuf>,
    },
}

/// What a plugin decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// It supplies codes.
    Source,
    /// It says who may use a coupon.
    Restriction,
}

/// Does what is asked.
pub(super) async fn run(command: PluginCommand) -> Result<(), Problem> {
    match command {
        PluginCommand::New { id, kind, lang } => new::run(&id, kind, lang),
        PluginCommand::Build { folder } => build::run(&folder),
        PluginCommand::Pack { file, plugin } => build::pack_into(&Manifest::read(&plugin)?, &file),
        PluginCommand::Check { folder } => check::run(&folder).await,
        PluginCommand::Test { folder } => test::run(&folder).await,
        PluginCommand::Run { folder, request } => run::run(&folder, request.as_deref()).await,
    }
}

/// The plugin of a folder, loaded as the gateway would, as if an operator allowed all that its manifest names. Compiled
/// code is kept for the next command.
async fn load(folder: &Path) -> Result<Arc<Build>, Problem> {
    let sandbox = Sandbox::start(PluginSettings::default().bounds)?;
    let cache = cache();
    let mut loading =
        pin!(Build::load(&sandbox, folder, cache.as_deref(), PluginSettings::rehearsed, Lookup::default()));
    match timeout(SILENCE, &mut loading).await {
        Ok(loaded) => Ok(loaded?),
        Err(_) => {
            let size = Manifest::read(folder).ok().and_then(|manifest| fs::metadata(manifest.component).ok());
            let size = size.map_or(0, |about| about.len().div_ceil(1_000_000));
            let kept = if cache.is_some() { ": this is done once, and kept" } else { "" };
            // Not among the answers, which other programs may read.
            say(&mut std::io::stderr(), &format!("compiling {}, {size} MB{kept}", folder.display()));
            Ok(loading.await?)
        }
    }
}

/// Where compiled code is kept for these commands; none where there is no home.
fn cache() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|base| base.is_absolute());
    let base = base.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    base.map(|base| base.join("scrip").join("plugins"))
}

/// The first fixture of a folder, by name.
fn first_fixture(folder: &Path) -> Option<PathBuf> {
    fixtures(&folder.join("fixtures")).ok()?.into_iter().next()
}

/// The fixtures of a folder, by name.
fn fixtures(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("{} has no fixture: expected files such as allowed.json", folder.display()).into());
    }
    Ok(files)
}

/// All that is wrong with a binding's configuration, in the words in which no pool is saved with it.
fn config_faults(build: &Build, config: &serde_json::Value) -> Vec<String> {
    let faults = build.check_config(config).err().unwrap_or_default();
    let text = |fault: scrip_plugins::ConfigFault| {
        let path = std::iter::once("config".to_owned()).chain(fault.path).collect::<Vec<_>>().join(".");
        format!("{path}: {}", fault.reason)
    };
    faults.into_iter().map(text).collect()
}

/// The name of a kind.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Source => PluginKind::Source.name(),
        Kind::Restriction => PluginKind::Restriction.name(),
    }
}

/// Says a line.
fn tell(text: &str) {
    say(&mut std::io::stdout(), text);
}
