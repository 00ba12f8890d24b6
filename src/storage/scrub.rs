//! Reads every table file again, slowly, while the database is in use. A start reads little of the old ones, so that a
//! byte that has changed on the disk could stay unknown until the backups that have it right are gone. What is found is
//! told to the operator, and nothing else: what is read for callers has the engine's own checksums.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    time::{Duration, SystemTime},
};

use surrealkv::inspect::dump_sst;

use crate::error::is_of_the_machine;

/// How long after a start the first round begins: others have more to do then.
const FIRST: Duration = Duration::from_secs(60);
/// How long after a round the next one begins.
const AGAIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many bytes are read in a millisecond at most, over a round: 10 MB in a second.
const PACE: u64 = 10_000;
/// A file that was written to since is not whole yet, perhaps.
const SETTLED: Duration = Duration::from_secs(60);

/// The thread that reads, until this is dropped.
pub(crate) struct Scrub {
    _end: Sender<()>,
}

impl Scrub {
    /// Begins to read the tables of a database's folder.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let tables = folder.join("sstables");
        let run = move || {
            let mut before = FIRST;
            while goes_on(&ended, before) {
                // A failure is told; the next round may be better.
                if let Err(error) = round(&tables, now() - SETTLED, &ended, tell) {
                    tracing::warn!(%error, "the database's tables could not be read again: it is tried again in a week");
                }
                before = AGAIN;
            }
        };
        std::thread::Builder::new().name("scrub".to_owned()).spawn(run)?;
        Ok(Self { _end: end })
    }
}

#[expect(clippy::disallowed_methods, reason = "compared with the times of files, which are the system's")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn tell(file: &Path, reason: &str) {
    tracing::error!(
        file = %file.display(), reason,
        "a table file is damaged: stop Scrip, and put the right file back or run scrip check to see which rows it holds"
    );
}

/// Whether nobody has ended it within a time.
fn goes_on(ended: &Receiver<()>, time: Duration) -> bool {
    ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
}

/// Reads every table once that was not written to since an instant, and tells which are damaged.
fn round(tables: &Path, since: SystemTime, ended: &Receiver<()>, mut tell: impl FnMut(&Path, &str)) -> io::Result<()> {
    for file in settled(tables, since)? {
        let Ok(metadata) = fs::metadata(&file) else { continue };
        match dump_sst(&file, false, true).map_err(|error| error.to_string()) {
            // The engine removes what it has merged.
            Err(reason) if file.exists() && !is_of_the_machine(&reason) => tell(&file, &reason),
            _ => {}
        }
        if !goes_on(ended, Duration::from_millis(metadata.len() / PACE)) {
            break;
        }
    }
    Ok(())
}

/// The table files that nothing was written to since an instant.
fn settled(tables: &Path, since: SystemTime) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(tables)? {
        let entry = entry?;
        let is_settled = entry.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|time| time < since);
        if is_settled && entry.path().extension().is_some_and(|ending| ending == "sst") {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Batch, Emails, Store};
    use scrip_domain::id::CustomerId;

    /// The files that a round finds damaged, a time after the last write to a file.
    fn damaged(file: &Path, after: Duration) -> Vec<PathBuf> {
        let (_end, ended) = mpsc::channel();
        let written = fs::metadata(file).and_then(|metadata| metadata.modified()).expect("a time");
        let mut found = Vec::new();
        let tables = file.parent().expect("a folder");
        round(tables, written + after, &ended, |file, _| found.push(file.to_owned())).expect("a round");
        found
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_byte_that_has_changed_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = Address::parse(&format!("surrealkv://{}/data", folder.path().display())).expect("an address");
        let store = Store::open(&address).await.expect("a database");
        let mut batch = Batch::default();
        for number in 0..2_000 {
            batch.insert::<Emails>(format!("{number}"), CustomerId::kept("ann".to_owned()));
        }
        drop(store.commit(&batch).await.expect("written"));
        store.close().await;
        let tables = folder.path().join("data/sstables");
        let file = fs::read_dir(&tables).expect("tables").next().expect("a table").expect("an entry").path();
        let later = Duration::from_secs(1);
        assert_eq!(damaged(&file, later), [] as [PathBuf; 0]);
        let whole = fs::read(&file).expect("a table");
        for place in [0, whole.len() / 2, whole.len() * 3 / 4, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&file, &changed).expect("written");
            assert_eq!(damaged(&file, Duration::ZERO), [] as [PathBuf; 0], "it may not be whole yet");
            assert_eq!(damaged(&file, later), std::slice::from_ref(&file), "{place} of {}", whole.len());
        }
    }
}
