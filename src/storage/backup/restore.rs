//! Makes a database's folder of a backup. The rows are written as they are, the ring of batches among them, and read
//! again; then everything is put on disk, and the folder gets its name. Its mark says that the backup's last batch was
//! told, so its chain goes on from there.

use std::{fs, io, path::Path, time::Duration};

use surrealkv::{Durability, Error as EngineError, Mode, Transaction};
use tokio::task::JoinHandle;
use xxhash_rust::xxh3::Xxh3;

use super::{
    error::BackupError,
    file::{Backed, check_backup, open},
    format::{row_parts, tables},
    pages::RawPages,
    read::Frame,
};
use crate::{
    Address, Link, OpenError, StorageError, Store, chain::Mark, engine::Engine, fill::on_disk, goal::Goal,
    record::Place,
};

/// How often it is looked whether the engine can write its tables.
const LOOK: Duration = Duration::from_secs(1);

/// What a restore is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreStep {
    /// Reading the backup, before anything is written.
    Checking,
    /// Writing its rows.
    Writing,
    /// Reading them again.
    Comparing,
}

/// Makes a new folder with the database of a backup, and tells what it is doing, and with how many rows so far.
pub async fn restore(file: &Path, new: &Path, mut tell: impl FnMut(RestoreStep, u64)) -> Result<Backed, BackupError> {
    if new.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(new.to_owned()));
    }
    // All of it before the first row is written, so that a bad file leaves nothing behind.
    let backed = check_backup(file, |rows, _| tell(RestoreStep::Checking, rows))?;
    let goal = Goal::prepare(new, ".restoring")?;
    let filled = fill(&goal, file, &backed, &mut tell).await;
    match filled {
        Ok(()) => {
            goal.finish()?;
            Ok(backed)
        }
        Err(error) => {
            goal.abandon();
            Err(error)
        }
    }
}

/// Makes the database under its unfinished name.
async fn fill(
    goal: &Goal,
    file: &Path,
    backed: &Backed,
    tell: &mut impl FnMut(RestoreStep, u64),
) -> Result<(), BackupError> {
    let folder = goal.unfinished.as_path();
    fs::create_dir(folder).map_err(|error| BackupError::Write { place: folder.to_owned(), error })?;
    let address = Address::to_fill(folder);
    let place = define(&address).await.map_err(|error| not_written(folder, error))?;
    let engine = Engine::open(folder, address.settings()).await.map_err(|error| write_failed(folder, &error))?;
    let written = write(&engine, folder, file, &place, |rows| tell(RestoreStep::Writing, rows)).await;
    let digest = match written {
        Ok(digest) => digest,
        Err(error) => {
            // What it holds is thrown away, so it is not waited for on a full disk.
            drop(tokio::time::timeout(LOOK, engine.close()).await);
            return Err(error);
        }
    };
    engine.close().await.map_err(|error| write_failed(folder, &error))?;
    // With the memory that it holds.
    drop(engine);
    let last = compare(&address, backed, digest, |rows| tell(RestoreStep::Comparing, rows)).await?;
    on_disk(folder, &last).map_err(|error| BackupError::Write { place: folder.to_owned(), error })
}

/// Why the new database could not be made. It is written for the first time here, so a lack of room shows here first.
fn not_written(folder: &Path, error: BackupError) -> BackupError {
    match error {
        BackupError::Storage(error) | BackupError::Open(OpenError::Storage(error)) => {
            BackupError::Write { place: folder.to_owned(), error: io::Error::other(error) }
        }
        other => other,
    }
}

/// Makes an empty database with its tables; gives where its rows are. The row that tells its format is one of them.
async fn define(address: &Address) -> Result<Place, BackupError> {
    let store = Store::engine(address).await?;
    let defined = async {
        store.select().await?;
        store.current(address).await?;
        let view = store.view().await?;
        Ok(store.place(view.transaction()).await?.clone())
    };
    let place = defined.await;
    store.close().await;
    place
}

/// Writes all rows of a backup; gives their digest.
async fn write(
    engine: &Engine,
    folder: &Path,
    file: &Path,
    place: &Place,
    mut tell: impl FnMut(u64),
) -> Result<u128, BackupError> {
    let damaged = |fault| BackupError::Fault { file: file.to_owned(), fault };
    let mut reader = open(file)?;
    let (mut digest, mut rows) = (Xxh3::new(), 0);
    let mut committing: Option<JoinHandle<Result<(), EngineError>>> = None;
    while let Some(frame) = reader.next().map_err(damaged)? {
        digest.update(frame.bytes());
        rows += frame.rows().count() as u64;
        let mut transaction = transaction(engine, &frame, place).map_err(|error| write_failed(folder, &error))?;
        // One is committed while the next is read.
        if let Some(before) = committing.take() {
            settled(engine, folder, before).await?;
        }
        committing = Some(tokio::spawn(async move { transaction.commit().await }));
        tell(rows);
    }
    if let Some(last) = committing {
        settled(engine, folder, last).await?;
    }
    Ok(digest.digest128())
}

/// A transaction that writes the rows of a frame.
fn transaction(engine: &Engine, frame: &Frame, place: &Place) -> Result<Transaction, EngineError> {
    let prefix = place.prefix(frame.table());
    let mut transaction = engine.tree().begin_with_mode(Mode::WriteOnly)?.with_durability(Durability::Eventual);
    for (id, value) in frame.rows() {
        transaction.set([prefix, id].concat(), value)?;
    }
    Ok(transaction)
}

/// Waits for a commit. On a full disk the engine would try to write its tables again and again.
async fn settled(
    engine: &Engine,
    folder: &Path,
    mut commit: JoinHandle<Result<(), EngineError>>,
) -> Result<(), BackupError> {
    loop {
        tokio::select! {
            ended = &mut commit => {
                let ended = ended.unwrap_or_else(|error| Err(EngineError::Other(error.to_string())));
                return ended.map_err(|error| write_failed(folder, &error));
            }
            () = tokio::time::sleep(LOOK) => {
                if let Some(failure) = engine.tree().background_error() {
                    commit.abort();
                    return Err(write_failed(folder, &failure.error));
                }
            }
        }
    }
}

/// Opens what was written and holds all of it against the backup; gives the last batch.
async fn compare(
    address: &Address,
    backed: &Backed,
    digest: u128,
    mut tell: impl FnMut(u64),
) -> Result<Link, BackupError> {
    let store = Store::engine(address).await?;
    let compared = async {
        store.select().await?;
        let folder = address.folder().cloned().unwrap_or_default();
        let differs = |reason: &str| BackupError::Differs { place: folder.clone(), reason: reason.to_owned() };
        let (rows, found) = read_back(&store, &mut tell).await?;
        if (rows, found) != (backed.rows, digest) {
            return Err(differs(&format!("{rows} rows were read again, {} were written", backed.rows)));
        }
        let mark = Mark::look(&folder).map_err(|error| BackupError::Write { place: folder.clone(), error })?;
        let ring = store.ring(&mark).await?;
        if let Some(fault) = ring.faults.first() {
            return Err(differs(&fault.to_string()));
        }
        match ring.last() {
            last if last.number == backed.header.batch => Ok(last),
            _ => Err(differs("its last batch is another one")),
        }
    };
    let last = compared.await;
    store.close().await;
    last
}

/// Reads every row; gives how many there are and their digest.
async fn read_back(store: &Store, tell: &mut impl FnMut(u64)) -> Result<(u64, u128), StorageError> {
    let view = store.view().await?;
    let place = store.place(view.transaction()).await?;
    let (mut rows, mut digest) = (0, Xxh3::new());
    for table in tables() {
        let mut pages = RawPages::new(place, table);
        while let Some(page) = pages.next(view.transaction()).await? {
            for (id, value) in page.rows() {
                row_parts(id, value).iter().for_each(|part| digest.update(part));
                rows += 1;
            }
            tell(rows);
        }
    }
    Ok((rows, digest.digest128()))
}

/// Why the new database could not be written.
fn write_failed(folder: &Path, error: &EngineError) -> BackupError {
    let error = match error {
        EngineError::Io(cause) => io::Error::new(cause.kind(), cause.to_string()),
        other => io::Error::other(other.to_string()),
    };
    BackupError::Write { place: folder.to_owned(), error }
}
