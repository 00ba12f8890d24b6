//! The guard against a fault of SurrealKV 0.21 (in SurrealDB 3.3.5): the commit that finds the memory
//! table full is written to the old log segment, which is deleted once the old table is on disk, so
//! a crash soon after loses an acknowledged commit. A commit during which a new segment appeared is
//! therefore written once more before anyone is answered. To be deleted with SurrealKV 1.2.

use std::path::{Path, PathBuf};

/// Watches the folder of log segments.
#[derive(Debug)]
pub(super) struct SegmentGuard {
    folder: PathBuf,
    newest: Option<String>,
}

impl SegmentGuard {
    /// A guard of the database in this folder.
    pub(super) fn new(database: &Path) -> Self {
        let folder = database.join("wal");
        let newest = newest_segment(&folder);
        Self { folder, newest }
    }

    /// Whether a new segment has appeared since the last look, so that what was committed since has
    /// to be written again.
    pub(super) fn has_changed(&mut self) -> bool {
        let newest = newest_segment(&self.folder);
        let changed = newest != self.newest;
        self.newest = newest;
        changed
    }
}

/// The name of the segment that is written to. Names have a fixed width, so their order is their age.
fn newest_segment(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).max()
}
