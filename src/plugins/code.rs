//! From a file to compiled code: a component as it is, a core module that carries the contract made into one, and
//! what was compiled kept by its digest, so that the next start takes milliseconds. Compiled code is machine code
//! that is trusted when it is read again: it is kept only in a folder of the host's own, never beside plugins.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};
use wit_component::ComponentEncoder;

use super::{engine::compatibility, imports, shape};

/// The largest file of code, in bytes.
const MAX_CODE: u64 = 32 * 1_024 * 1_024;
/// How a component and a core module begin (the binary format's magic number and version).
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";

/// Code that can be linked.
pub(super) struct Code {
    /// What was compiled.
    pub(super) component: Component,
    /// The file's SHA-256, in hexadecimal.
    pub(super) digest: String,
    /// The file's length, in bytes.
    pub(super) size: usize,
}

/// Reads and compiles a file; what is in the cache is not compiled again.
/// Whether it `fits` is looked at before anything is compiled.
pub(super) fn load(
    engine: &Engine,
    path: &Path,
    cache: Option<&Path>,
    fits: impl Fn(&[u8]) -> Result<(), String>,
) -> Result<Code, String> {
    let bytes = read(path)?;
    let digest = hex(&bytes);
    let kept = cache
        .filter(|folder| is_private(folder))
        .map(|folder| folder.join(format!("{digest}-{:016x}.cwasm", compatibility(engine))));
    let component = match kept.as_deref().and_then(|kept| recall(engine, kept)) {
        Some(component) => component,
        None => {
            let megabytes = bytes.len().div_ceil(1_000_000);
            tracing::info!(file = %path.display(), "compiling, {megabytes} MB");
            let component = compile(engine, &bytes, fits)?;
            if let Some(kept) = &kept
                && let Err(error) = keep(&component, kept)
            {
                tracing::warn!(%error, file = %kept.display(), "compiled code could not be kept: it is compiled again at the next start");
            }
            component
        }
    };
    Ok(Code { component, digest, size: bytes.len() })
}

/// A plugin's file, as bytes.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("{} does not exist: build it, a Rust plugin with `scrip plugin build`", path.display())
        }
        _ => format!("cannot read {}: {error}", path.display()),
    };
    read_at_most(path, MAX_CODE).map_err(failed)
}

/// A file of at most so many bytes, wherever a link to it leads. What is no file is not read: a device or a pipe may
/// have no end, or none who writes to it.
pub(super) fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let no_file = || io::Error::other("expected a file, found something else");
    let about = fs::metadata(path)?;
    if about.is_dir() {
        return Err(io::Error::other("expected a file, found a folder"));
    }
    if !about.is_file() {
        return Err(no_file());
    }
    // It may be another thing by now: opening a pipe would wait for its writer.
    let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    // Its length may change while it is read.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("expected at most {most} bytes, found more")));
    }
    Ok(bytes)
}

/// A component of a file's bytes, in the binary format: a core module is made into one.
pub fn componentize(bytes: &[u8]) -> Result<Vec<u8>, String> {
    if bytes.starts_with(&COMPONENT) {
        return Ok(bytes.to_vec());
    }
    if bytes.is_empty() {
        return Err("expected a WebAssembly component or core module, found an empty file: build it again".to_owned());
    }
    if !bytes.starts_with(&MODULE) {
        return Err("expected a WebAssembly component or core module, found something else".to_owned());
    }
    wasmparser::validate(bytes).map_err(|error| refused(&error.to_string()))?;
    imports::check_module(bytes)?;
    let encode = || ComponentEncoder::default().validate(true).module(bytes)?.encode();
    encode().map_err(|error| format!("a core module that does not carry the contract: {error:#}: {}", imports::MEND))
}

fn compile(engine: &Engine, bytes: &[u8], fits: impl Fn(&[u8]) -> Result<(), String>) -> Result<Component, String> {
    let component = componentize(bytes)?;
    fits(&component)?;
    shape::check(&component)?;
    Component::from_binary(engine, &component).map_err(|error| format!("code that cannot be compiled: {error:#}"))
}

/// Compiled code that was kept. A file that is damaged is as good as none.
fn recall(engine: &Engine, kept: &Path) -> Option<Component> {
    let file = fs::read(kept).ok()?;
    let (sum, code) = file.split_at_checked(32)?;
    if Sha256::digest(code).as_slice() != sum {
        tracing::warn!(file = %kept.display(), "kept code is damaged: it is compiled again");
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "the folder is the host's own, the name says for which engine it was compiled, and its sum is right"
    )]
    // SAFETY: the bytes were made by `Component::serialize` of this engine's version and settings.
    let component = unsafe { Component::deserialize(engine, code) };
    component.inspect_err(|error| tracing::warn!(%error, "kept code does not fit: it is compiled again")).ok()
}

/// Keeps compiled code, whole or not at all.
fn keep(component: &Component, kept: &Path) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let code = component.serialize().map_err(|error| error.to_string())?;
    let folder = kept.parent().unwrap_or(Path::new("."));
    private_folder(folder).map_err(text)?;
    let unfinished = PathBuf::from(format!("{}.{}", kept.display(), std::process::id()));
    let mut file = fs::File::create(&unfinished).map_err(text)?;
    file.write_all(&Sha256::digest(&code)).and_then(|()| file.write_all(&code)).map_err(text)?;
    fs::rename(&unfinished, kept).map_err(text)
}

/// A folder that nobody else may write to.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Whether nobody else may write to a folder; one that does not exist yet is made so.
fn is_private(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let open = fs::metadata(folder).is_ok_and(|about| about.permissions().mode() & 0o022 != 0);
    if open {
        let folder = folder.display();
        tracing::warn!(%folder, "compiled code is not kept: others may write to this folder (chmod go-w)");
    }
    !open
}

/// The SHA-256 of bytes, in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Why a core module cannot be used, by what its validation says. A function of more than seven megabytes is no damage.
pub(super) fn refused(fault: &str) -> String {
    if fault.contains("function body size") {
        return format!("a function is too large to compile: {fault}: split it, or have it optimised for size");
    }
    format!("a core module that is damaged: {fault}")
}
