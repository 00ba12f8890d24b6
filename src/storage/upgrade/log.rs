//! Whether the log of an old folder can be taken over. The old engine drops what follows damage, and the conversion
//! does the same: that is right only for a write that was cut off at the very end, which nobody was told of.

use std::{fs, path::Path};

use surrealkv_compat_v1::{Layout, read_manifest, read_wal_segment, wal_segments};

use super::{UpgradeError, error::ReadError, frames};

/// Refuses a log with damage before its end.
pub(super) fn check(folder: &Path) -> Result<(), UpgradeError> {
    let layout = Layout::new(folder);
    let read = |path: &Path| fs::read(path).map_err(|error| UpgradeError::files("read", path, error));
    let manifest = read_manifest(&read(&layout.manifest_path())?)?;
    let mut segments = wal_segments(&layout.wal_dir())?;
    segments.retain(|segment| segment.id >= manifest.log_number);
    let last = segments.last().map(|segment| segment.id);
    for segment in segments {
        let found = frames::look(&read(&segment.path)?);
        if found.followed || (found.torn && Some(segment.id) != last) {
            return Err(UpgradeError::Log { segment: segment.path.display().to_string(), offset: found.end });
        }
        // The converter reads with a reader of its own, which has to come as far.
        let read = read_wal_segment(&segment.path)?.batches.len();
        if read != found.records {
            let reason = format!("{read} of {} records of {} can be read", found.records, segment.path.display());
            return Err(ReadError::Broken(reason).into());
        }
    }
    Ok(())
}
