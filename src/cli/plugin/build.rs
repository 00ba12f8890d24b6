//! `scrip plugin build`: cargo builds the core module, which becomes a component beside the manifest. The target
//! that it needs is found, or fetched by the script that builds the shipped plugins too.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

use super::{Problem, tell};
use scrip_plugins::{Manifest, pack, read_code};

const TARGET: &str = "wasm32-unknown-unknown";
const TOOLCHAIN: &str = include_str!("../../../plugins/toolchain.sh");

/// A line of cargo's messages, as far as it matters.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    manifest_path: Option<PathBuf>,
}

pub(super) fn run(folder: &Path) -> Result<(), Problem> {
    let manifest = Manifest::read(folder)?;
    if !folder.join("Cargo.toml").exists() && folder.join("build.sh").exists() {
        return by_script(folder);
    }
    let project = fs::canonicalize(folder.join("Cargo.toml"))
        .map_err(|error| format!("{} has neither a build.sh nor a Cargo.toml: {error}", folder.display()))?;
    let toolchain = toolchain(project.parent().unwrap_or(folder))?;
    tell(&format!("building {} {} for {TARGET}", manifest.id, manifest.version));
    let built = cargo(&project, &toolchain)?;
    pack_into(&manifest, &built)
}

/// Builds a project in another language: its script packs what it built, with this program.
fn by_script(folder: &Path) -> Result<(), Problem> {
    let own = std::env::current_exe()?;
    let before = std::env::var_os("PATH").unwrap_or_default();
    let places = own.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&before));
    let status = Command::new("sh")
        .arg("build.sh")
        .current_dir(folder)
        .env("PATH", std::env::join_paths(places)?)
        .status()
        .map_err(|error| format!("cannot run {}: {error}", folder.join("build.sh").display()))?;
    if status.success() { Ok(()) } else { Err("build.sh failed: see above".into()) }
}

/// Makes the component of a plugin from a file of code.
pub(super) fn pack_into(manifest: &Manifest, file: &Path) -> Result<(), Problem> {
    let packed = pack(&read_code(file)?, manifest.kind).map_err(|reason| format!("{}: {reason}", file.display()))?;
    let component = packed.component;
    if !packed.stubbed.is_empty() {
        tell(&format!("stubbed   {}", packed.stubbed.join(", ")));
    }
    let unfinished = manifest.component.with_extension("part");
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", manifest.component.display());
    fs::write(&unfinished, &component).map_err(failed)?;
    fs::rename(&unfinished, &manifest.component).map_err(failed)?;
    tell(&format!("{}: {} bytes", manifest.component.display(), component.len()));
    Ok(())
}

/// The variables that cargo needs to build for the target.
fn toolchain(folder: &Path) -> Result<Vec<(String, String)>, Problem> {
    let failed = |error: std::io::Error| format!("cannot look for the target {TARGET}: {error}");
    let place = std::env::temp_dir().join(format!("scrip-plugin-build-{}", std::process::id()));
    fs::create_dir_all(&place).map_err(failed)?;
    let script = place.join("toolchain.sh");
    fs::write(&script, TOOLCHAIN).map_err(failed)?;
    let run = Command::new("sh")
        .arg(&script)
        .current_dir(folder)
        .env("SCRIP_PLUGINS", folder)
        .stderr(Stdio::inherit())
        .output()
        .map_err(failed);
    drop(fs::remove_dir_all(&place));
    let run = run?;
    if !run.status.success() {
        let text = format!("the target {TARGET} is missing: install it with `rustup target add {TARGET}`");
        return Err(text.into());
    }
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    Ok(text.lines().filter_map(|line| line.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
}

/// Builds a project; its core module.
fn cargo(project: &Path, toolchain: &[(String, String)]) -> Result<PathBuf, Problem> {
    let arguments = toolchain.iter().find(|(name, _)| name == "SCRIP_CARGO_ARGS").map(|(_, value)| value.as_str());
    let output = Command::new("cargo")
        .args(["build", "--release", "--target", TARGET, "--message-format=json-render-diagnostics", "--manifest-path"])
        .arg(project)
        .args(arguments.unwrap_or_default().split_whitespace())
        .envs(toolchain.iter().map(|(name, value)| (name, value)))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("cargo could not build it: see above".into());
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let own = |message: &Message| message.manifest_path.as_deref() == Some(project);
    let made = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact" && own(message))
        .flat_map(|message| message.filenames)
        .find(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    Ok(made.ok_or("cargo made no module: expected crate-type = [\"cdylib\", \"lib\"] under [lib] of Cargo.toml")?)
}
