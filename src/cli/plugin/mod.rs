//! `scrip plugin`: what a partner needs to write a plugin, without a gateway: a new project, its build, a look at
//! whether it fits, its tests, and a call that tells what it used.

mod build;
mod check;
mod fixture;
mod new;
mod run;
mod test;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Subcommand, ValueEnum};

use super::{Problem, say};
use scrip_plugins::{Build, Lookup, Manifest, PluginKind, PluginSettings, Sandbox};

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
    },
    /// Build a Rust plugin into its component.
    Build {
        /// The plugin's folder.
        #[arg(default_value = ".")]
        folder: PathBuf,
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
        /// What it is asked: JSON with the fields of the request, or of a fixture; - for standard input. A plain sample
        /// fills what is absent.
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
        PluginCommand::New { id, kind } => new::run(&id, kind),
        PluginCommand::Build { folder } => build::run(&folder),
        PluginCommand::Check { folder } => check::run(&folder).await,
        PluginCommand::Test { folder } => test::run(&folder).await,
        PluginCommand::Run { folder, request } => run::run(&folder, request.as_deref()).await,
    }
}

/// The plugin of a folder, loaded as the gateway would, without an operator's permissions.
async fn load(folder: &Path) -> Result<Arc<Build>, Problem> {
    let settings = PluginSettings::default();
    let sandbox = Sandbox::start(settings.bounds)?;
    let permissions = |manifest: &Manifest| settings.permissions(manifest);
    Ok(Build::load(&sandbox, folder, None, permissions, Lookup::default()).await?)
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
