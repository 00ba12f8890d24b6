//! `scrip salvage`: writes what is whole of a damaged database into a new folder, and tells what is not. The old folder
//! stays as it is. The new one gets its name when it is complete, so that a salvage that was killed is just run again.

use std::{path::Path, sync::Arc};

use thiserror::Error;

use super::{Transferred, renumber::Renumber, repair, ring, transfer};
use crate::{
    Address, Fault, Moment, OpenError, StorageError, Store,
    chain::{Copied, Still},
    engine::Purpose,
    fill::Filling,
    goal::{Goal, GoalError},
};

/// What a salvage has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// How many rows.
    pub rows: u64,
    /// How many events of them.
    pub events: u64,
    /// The last batch of the old folder.
    pub last: Moment,
    /// How many faults were told.
    pub faults: u64,
}

/// Why a salvage failed. The old folder is as it was.
#[derive(Debug, Error)]
pub enum SalvageError {
    /// The new folder cannot be made.
    #[error(transparent)]
    Goal(#[from] GoalError),
    /// Nothing can be read, or the new database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Writing to the new database failed.
    #[error("writing the new database failed: {0}")]
    Storage(#[from] StorageError),
}

/// Writes what is whole in the database at an address to a new folder, and tells what is not.
pub async fn salvage(address: &Address, new: &Path, mut tell: impl FnMut(&Fault)) -> Result<Salvaged, SalvageError> {
    let mut faults = 0;
    let mut tell = |fault: Fault| {
        faults += 1;
        tell(&fault);
    };
    let still = Still::hold(address, false)?;
    let goal = Goal::prepare(new, ".salvaging")?;
    let (_copy, old) = open(&still, address, &goal, &mut tell).await?;
    let to = match Filling::begin(&goal.unfinished).await {
        Ok(to) => to,
        Err(error) => {
            old.close().await;
            return Err(error.into());
        }
    };
    let ring = ring(&old, &still).await;
    let (last, lost) = (ring.last().moment(), ring.lost());
    ring.faults.into_iter().for_each(&mut tell);
    let renumber = Renumber::of(&old, lost).await;
    let written = transfer(&old, &to.store, &mut tell, &mut |_, _| {}, Some(renumber)).await;
    old.close().await;
    let Transferred { rows, events } = match written {
        Ok(written) => written,
        Err(error) => {
            to.abandon().await;
            return Err(error.into());
        }
    };
    to.finish().await?;
    goal.finish()?;
    Ok(Salvaged { rows, events, last, faults })
}

/// Opens a copy of the old database, beside the new one: it may be on a disk that cannot be written any more.
async fn open(
    still: &Still,
    address: &Address,
    goal: &Goal,
    tell: &mut impl FnMut(Fault),
) -> Result<(Copied, Store), SalvageError> {
    // Where the old one is copied to.
    let place = goal.beside(".salvaged-from");
    let failed = |error| GoalError::Folder { place: place.clone(), error };
    let survey = Arc::new(still.survey(address).await?);
    survey.faults.iter().cloned().for_each(&mut *tell);
    let copy = still.copy(place.clone(), &survey).await?;
    let unlisted = repair::unlisted(copy.folder()).map_err(failed)?;
    match copy.open(&address.read_once(), Purpose::Look).await {
        Ok(store) => {
            if unlisted == 0 || ring(&store, still).await.faults.is_empty() {
                return Ok((copy, store));
            }
            store.close().await;
            tell(Fault::Unlisted { tables: unlisted });
        }
        Err(OpenError::Damaged { reason, .. }) => tell(Fault::Unopened { reason: reason.to_string() }),
        Err(error) => return Err(error.into()),
    }
    // The engine may have cut and deleted files of the first one.
    drop(copy);
    let copy = still.copy(place.clone(), &survey).await?;
    repair::list_all(copy.folder(), tell).map_err(failed)?;
    repair::complete(address, copy.folder()).await?;
    let store = copy.open(&address.read_once(), Purpose::Salvage).await?;
    Ok((copy, store))
}
