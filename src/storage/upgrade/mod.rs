//! A database of an earlier Scrip is brought over to this one. One of SurrealKV 0.21 is copied beside itself, converted
//! by the engine and compared row by row with the original. The rows of any older format are then written in this one to
//! a new folder, which is put in the original's place. The original is never written to, and stays as
//! `FOLDER.before-upgrade`. It may be killed at any moment and run again: a folder has its final name only once it is
//! complete, and those that are there say what is left to be done.

mod compare;
mod error;
mod files;
mod format;
mod frames;
mod log;
#[cfg(test)]
mod many;
mod rows;

pub use error::UpgradeError;

use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use self::error::ReadError;
use super::{
    Address, Store,
    chain::mark_path,
    engine::{Engine, Purpose, Settings},
    folder::{self, Content, Places},
};

/// Where the engine keeps the files that it has converted.
const REPLACED: &str = "_surrealkv_v0_backup";

/// What an upgrade has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upgraded {
    /// Nothing: there is no database of an earlier Scrip.
    Nothing,
    /// All of it.
    Done {
        /// How many entries were compared; not known where an interrupted upgrade had done so.
        entries: Option<u64>,
        /// Where the original is.
        original: PathBuf,
    },
}

/// Upgrades the database at an address, and tells what it is at.
pub async fn upgrade(address: &Address, tell: impl Fn(&str)) -> Result<Upgraded, UpgradeError> {
    let folder = address.folder().ok_or(UpgradeError::InMemory)?;
    let places = Places::of(folder).map_err(|error| UpgradeError::files("find", folder, error))?;
    if places.is_between() {
        tell("putting the upgraded copy in place, which was interrupted");
        return swap(&places, None);
    }
    if !places.folder.exists() {
        return Err(UpgradeError::files("find", folder, ErrorKind::NotFound.into()));
    }
    if folder::lock(&places.folder).is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
        return Err(UpgradeError::InUse { folder: folder.display().to_string() });
    }
    if folder::content(&places.folder) != Content::Old {
        return upgrade_format(address, &places, &tell).await;
    }
    // Held until the end: whoever started the old version meanwhile would write to what is being replaced.
    let _lock = lock(&places.folder)?;
    if places.before.exists() {
        return Err(UpgradeError::Occupied { path: places.before.display().to_string() });
    }
    tell("looking at its log");
    on_a_thread(&places, |places| log::check(&places.folder)).await?;
    let made = upgrade_engine(address, &places, &tell).await;
    // The disk may be full of it. What went wrong before is told.
    drop(files::remove(&places.unfinished));
    swap(&places, Some(made?))
}

/// Makes a finished copy of a database of this engine, if it is of an older format.
async fn upgrade_format(address: &Address, places: &Places, tell: &impl Fn(&str)) -> Result<Upgraded, UpgradeError> {
    // Held until the end: nobody starts it meanwhile.
    let Some((_still, _copy, store)) = format::older(address, places, tell).await? else {
        return Ok(Upgraded::Nothing);
    };
    let made = if places.before.exists() {
        Err(UpgradeError::Occupied { path: places.before.display().to_string() })
    } else {
        format::rewrite(&store, places, tell).await
    };
    store.close().await;
    swap(places, Some(made?))
}

/// Makes a finished copy of a database of the old engine.
async fn upgrade_engine(address: &Address, places: &Places, tell: &impl Fn(&str)) -> Result<u64, UpgradeError> {
    make_copy(places, address.settings(), tell).await?;
    let converted = address.read_once().for_copy(&places.unfinished, Purpose::Look);
    let store = Store::engine(&converted).await?;
    let made = match store.readable(address).await {
        Ok(()) => format::rewrite(&store, places, tell).await,
        Err(error) => Err(error.into()),
    };
    store.close().await;
    made
}

/// Makes the converted copy and compares it.
async fn make_copy(places: &Places, settings: Settings, tell: &impl Fn(&str)) -> Result<(), UpgradeError> {
    tell("copying it");
    on_a_thread(places, |places| {
        // A finished copy may be older than what the old version has written since.
        files::remove(&places.finished)?;
        files::remove(&places.unfinished)?;
        files::copy(&places.folder, &places.unfinished)
    })
    .await?;
    tell("converting the copy");
    close(Engine::open(&places.unfinished, settings).await?).await?;
    files::remove(&places.unfinished.join(REPLACED))?;
    tell("comparing the copy with the original");
    compared(places, settings).await.map(drop)
}

/// Opens the copy again and compares it, so that what was compared is what is on disk.
async fn compared(places: &Places, settings: Settings) -> Result<u64, UpgradeError> {
    let engine = Engine::open(&places.unfinished, settings).await?;
    let tree = Arc::clone(engine.tree());
    let entries = on_a_thread(places, move |places| compare::compare(&places.folder, &tree)).await;
    close(engine).await?;
    entries
}

async fn close(engine: Engine) -> Result<(), UpgradeError> {
    Ok(engine.close().await?)
}

/// Puts the finished copy in the place of the original. Between the two steps there is no database at the address, and
/// no Scrip starts there.
fn swap(places: &Places, entries: Option<u64>) -> Result<Upgraded, UpgradeError> {
    if !places.before.exists() {
        move_mark(&places.folder, &places.before)?;
        files::rename(&places.folder, &places.before)?;
    }
    move_mark(&places.finished, &places.folder)?;
    files::rename(&places.finished, &places.folder)?;
    Ok(Upgraded::Done { entries, original: places.before.clone() })
}

/// Moves the mark of a folder, if it has one.
fn move_mark(from: &Path, to: &Path) -> Result<(), UpgradeError> {
    let (from, to) = (mark_path(from), mark_path(to));
    if from.exists() { files::rename(&from, &to) } else { Ok(()) }
}

/// Keeps every other process out of a folder, as the engines do. Writes nothing that was not there.
fn lock(folder: &Path) -> Result<File, UpgradeError> {
    let path = folder.join("LOCK");
    let failed = |error| UpgradeError::files("lock", &path, error);
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(UpgradeError::InUse { folder: folder.display().to_string() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Runs what reads and writes files for long on a thread of its own.
async fn on_a_thread<T: Send + 'static>(
    places: &Places,
    work: impl FnOnce(&Places) -> Result<T, UpgradeError> + Send + 'static,
) -> Result<T, UpgradeError> {
    let places = places.clone();
    let done = tokio::task::spawn_blocking(move || work(&places)).await;
    done.unwrap_or_else(|error| Err(UpgradeError::Read(ReadError::Broken(error.to_string()))))
}
