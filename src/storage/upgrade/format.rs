//! The rows of a database of an older format are written to a new folder in this one. The folder that they are read from
//! is not written to.

use std::{fs, io, path::Path};

use super::{UpgradeError, files};
use crate::{
    Address, Fault, Store,
    chain::{Copied, Still, mark_path},
    check::{Pages, Transferred, is_own, transfer},
    engine::Purpose,
    fill::Filling,
    folder::{Places, parent, sync},
    format::FORMAT,
    tables::NAMES,
};

/// After how many rows the next is told.
const STEP: u64 = 100_000;

/// Opens a copy of a database of this engine, if it is of an older format. Refuses one that is not whole.
pub(super) async fn older(
    address: &Address,
    places: &Places,
    tell: &impl Fn(&str),
) -> Result<Option<(Still, Copied, Store)>, UpgradeError> {
    let still = Still::hold(address, false)?;
    let copy = still.sound_copy(address, places.unfinished.clone()).await?;
    let store = copy.open(&address.read_once(), Purpose::Look).await?;
    let found = match store.format().await {
        Ok(0 | FORMAT) => Ok(None),
        Ok(_) => {
            tell("looking at its chain of batches");
            store.ring(still.mark()).await.map(Some)
        }
        Err(error) => Err(error),
    };
    match found {
        Ok(Some(ring)) if ring.faults.is_empty() => Ok(Some((still, copy, store))),
        Ok(ring) => {
            store.close().await;
            let faults = ring.map(|ring| ring.faults).unwrap_or_default();
            match faults.first() {
                Some(first) => Err(broken(first, faults.len() as u64)),
                None => Ok(None),
            }
        }
        Err(error) => {
            store.close().await;
            Err(error.into())
        }
    }
}

fn broken(fault: &Fault, number: u64) -> UpgradeError {
    UpgradeError::Broken { fault: fault.to_string(), more: number - 1 }
}

/// Writes the rows of an older database in this format, to the place of a finished copy; gives how many there are.
pub(super) async fn rewrite(from: &Store, places: &Places, tell: &impl Fn(&str)) -> Result<u64, UpgradeError> {
    let place = &places.rewritten;
    remove(place)?;
    remove(&places.finished)?;
    let to = Filling::begin(place).await?;
    let written = match copy_rows(from, &to.store, tell).await {
        Ok(written) => written,
        Err(error) => {
            to.abandon().await;
            return Err(error);
        }
    };
    tell("putting it on disk");
    to.finish().await?;
    let named = fs::rename(mark_path(place), mark_path(&places.finished)).and_then(|()| sync(parent(place)));
    named.map_err(|error| UpgradeError::files("rename to", &places.finished, error))?;
    files::rename(place, &places.finished)?;
    Ok(written)
}

async fn copy_rows(from: &Store, to: &Store, tell: &impl Fn(&str)) -> Result<u64, UpgradeError> {
    let (mut faults, mut first) = (0, None);
    let mut told = 0;
    let mut progress = |table: &str, rows: u64| {
        if rows >= told + STEP {
            told = rows;
            tell(&format!("{rows} rows written, now those of {table}"));
        }
    };
    let mut fault = |fault: Fault| {
        faults += 1;
        first.get_or_insert(fault);
    };
    tell("writing its rows in the new format");
    let Transferred { rows, .. } = transfer(from, to, &mut fault, &mut progress, None).await?;
    tell("reading them back");
    let found = count(to, &mut fault).await;
    match first {
        Some(first) => Err(broken(&first, faults)),
        None if found != rows => Err(UpgradeError::Rows { written: rows, found }),
        None => Ok(rows),
    }
}

/// Reads every row back that was written.
async fn count(store: &Store, tell: &mut impl FnMut(Fault)) -> u64 {
    let mut rows = 0;
    for table in (0..NAMES.len()).filter(|table| !is_own(*table)) {
        let mut pages = Pages::new(store, FORMAT, table);
        while let Some(page) = pages.next(tell).await {
            rows += page.len() as u64;
        }
    }
    rows
}

/// Removes a folder and its mark, if they are there.
fn remove(folder: &Path) -> Result<(), UpgradeError> {
    files::remove(folder)?;
    match fs::remove_file(mark_path(folder)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(UpgradeError::files("remove", &mark_path(folder), error))
        }
        _ => Ok(()),
    }
}
