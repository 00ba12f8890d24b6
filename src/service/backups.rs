//! Backups of a running Scrip: when one is asked for and as often as is planned, one of each at a time, so that whoever
//! reads one slowly keeps no other from being taken. Changes go on meanwhile.

use std::{
    fs, io,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use jiff::{civil::DateTime, tz::TimeZone};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Failure, Scrip, tasks::Next};
use scrip_domain::period::Instant;
use scrip_storage::{Backed, Backup, BackupError, BackupOptions, StorageError};

/// The names of planned backups, by their time.
const NAME: &str = "scrip-%Y-%m-%dT%H-%M-%SZ.backup";
/// What a backup that is not complete ends with.
const UNFINISHED: &str = ".part";
/// The fewest bytes that may be made in a second of a backup that is asked for: what is replaced meanwhile is kept on
/// disk until it ends.
pub const LEAST_BACKUP_RATE: u64 = 64 * 1024;
/// How often the time is looked at.
const AGAIN: Duration = Duration::from_secs(60);

/// A backup of a running Scrip. Dropping it ends it.
#[derive(Debug)]
pub struct RunningBackup {
    backup: Backup,
    /// Lets the next one begin.
    permit: OwnedSemaphorePermit,
    name: String,
}

impl RunningBackup {
    /// The next bytes; none after the last ones. After an error there are no more, and what there was is of no use.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, StorageError>> {
        self.backup.next().await
    }

    /// How many rows were read so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.backup.rows()
    }

    /// What its file may be called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes all of it to a new file in a folder.
    async fn write_to(self, folder: &Path) -> Result<Backed, BackupError> {
        let written = self.backup.write_to(&folder.join(&self.name), |_, _| {}).await;
        drop(self.permit);
        written
    }
}

/// When backups are taken, and how many are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPlan {
    /// Where they are.
    pub folder: PathBuf,
    /// How much time there is between two.
    pub every: Duration,
    /// How many are kept.
    pub keep: usize,
    /// How many bytes of one are made in a second at most.
    pub rate: Option<u64>,
}

impl Scrip {
    /// Begins a backup of this moment; none where one that was asked for is being taken already. `rate` is how many bytes
    /// of it are made in a second at most.
    pub(super) fn backup(&self, rate: Option<u64>) -> Option<RunningBackup> {
        let [asked, _] = &self.backups;
        self.begin_backup(asked, rate)
    }

    fn begin_backup(&self, places: &Arc<Semaphore>, rate: Option<u64>) -> Option<RunningBackup> {
        let permit = Arc::clone(places).try_acquire_owned().ok()?;
        let now = self.now();
        let options = BackupOptions { taken: now.as_millisecond(), rate, rests: true, stop: self.stop.clone() };
        Some(RunningBackup { backup: self.store.backup(options), permit, name: name(now) })
    }
}

impl BackupPlan {
    /// Takes a backup if it is time for one.
    pub(super) async fn take_if_due(&self, scrip: &Weak<Scrip>) -> Result<Next, Failure> {
        let every = self.every;
        let taken = self.in_folder(taken).await?;
        // Not held while it is taken: a stop waits until nobody holds it.
        let running = {
            let Some(scrip) = scrip.upgrade() else { return Ok(Next::Never) };
            if let Some(left) = self.left(&taken, scrip.now()) {
                return Ok(Next::After(left.min(AGAIN)));
            }
            let [_, planned] = &scrip.backups;
            scrip.begin_backup(planned, self.rate)
        };
        // Another plan's is being taken.
        let Some(running) = running else { return Ok(Next::After(Duration::from_secs(1))) };
        self.in_folder(clear).await?;
        let name = running.name().to_owned();
        let written = warning_when_late(running.write_to(&self.folder), every, &name).await;
        if written.is_err() && scrip.upgrade().is_none_or(|scrip| scrip.is_stopping()) {
            return Ok(Next::Never);
        }
        let backed = written.map_err(|error| {
            let last = taken.last().map_or_else(|| "there is none".to_owned(), |(last, _)| last.to_string());
            Failure::because(format!("a planned backup failed; the last one that succeeded: {last}"), error)
        })?;
        tracing::info!(name, rows = backed.rows, bytes = backed.bytes, "a backup was taken");
        let keep = self.keep;
        self.in_folder(move |folder| remove_oldest(folder, keep)).await?;
        Ok(Next::After(every.min(AGAIN)))
    }

    /// How long it is until the next one; none where it is time.
    fn left(&self, taken: &[(Instant, PathBuf)], now: Instant) -> Option<Duration> {
        // One of later was named by a clock that was wrong.
        let (last, _) = taken.iter().rfind(|(at, _)| *at <= now)?;
        let age = Duration::try_from(now.duration_since(*last)).unwrap_or_default();
        self.every.checked_sub(age).filter(|left| !left.is_zero())
    }

    async fn in_folder<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let folder = self.folder.clone();
        let named = |error: io::Error| Failure::because("a planned backup failed: its folder", error);
        blocking(move || work(&folder)).await.map_err(named)
    }
}

/// Waits for a backup, and says in the log, once for each time that the next one should have begun, that it is late.
async fn warning_when_late<T>(backup: impl Future<Output = T>, every: Duration, name: &str) -> T {
    let mut backup = pin!(backup);
    let mut late = Duration::ZERO;
    loop {
        match tokio::time::timeout(every, &mut backup).await {
            Ok(taken) => return taken,
            Err(_) => {
                late += every;
                tracing::warn!(
                    name,
                    seconds = late.as_secs(),
                    "a planned backup takes longer than the time between two: the next one is late"
                );
            }
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// What a backup of a moment is called.
fn name(at: Instant) -> String {
    at.strftime(NAME).to_string()
}

/// The moment of a backup that is called so; none where it is not ours.
fn moment(name: &str) -> Option<Instant> {
    let at = DateTime::strptime(NAME, name).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (self::name(at) == name).then_some(at)
}

/// The backups in a folder, which is made unless it is there, oldest first.
fn taken(folder: &Path) -> io::Result<Vec<(Instant, PathBuf)>> {
    fs::create_dir_all(folder)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(at) = entry.file_name().to_str().and_then(moment) {
            found.push((at, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes what a process that was killed has left of its last backup.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().and_then(|name| moment(name.strip_suffix(UNFINISHED)?)).is_some() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes the oldest backups beyond a number.
fn remove_oldest(folder: &Path, keep: usize) -> io::Result<()> {
    let taken = taken(folder)?;
    let beyond = taken.len().saturating_sub(keep.max(1));
    taken.iter().take(beyond).try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_time() {
        let at: Instant = "2026-11-28T12:00:00Z".parse().expect("an instant");
        assert_eq!(name(at), "scrip-2026-11-28T12-00-00Z.backup");
        assert_eq!(moment(&name(at)), Some(at));
        for other in ["scrip-2026-11-28T12-00-00Z.backup.part", "scrip-2026-11-28T12-00-00Z", "my.backup", ""] {
            assert_eq!(moment(other), None, "{other}");
        }
    }

    #[test]
    fn the_oldest_go_and_what_is_not_ours_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["scrip-2026-11-28T12-00-00Z.backup", "scrip-2026-11-29T12-00-00Z.backup", "mine.backup"];
        let unfinished = "scrip-2026-11-30T12-00-00Z.backup.part";
        for name in names.iter().chain([&unfinished]) {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        remove_oldest(folder.path(), 1).expect("removed");
        clear(folder.path()).expect("cleared");
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("one").file_name()).collect();
        left.sort();
        assert_eq!(left, ["mine.backup", names[1]]);
    }
}
