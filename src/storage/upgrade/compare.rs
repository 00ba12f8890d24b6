//! The converted copy against the original, entry by entry, each read by other code.

use std::path::Path;

use surrealkv::{LSMIterator, Mode, Tree};

use super::{
    UpgradeError,
    rows::{Entry, OldFolder},
};

/// Compares a converted database with the old folder; gives how many entries they have.
pub(super) fn compare(old: &Path, new: &Tree) -> Result<u64, UpgradeError> {
    let old = OldFolder::open(old)?;
    let transaction = new.begin_with_mode(Mode::ReadOnly)?;
    let mut cursor = transaction.iter()?;
    cursor.seek_first()?;
    let mut entries = 0;
    let lost = old.visit(|entry| {
        same(&entry, &cursor)?;
        cursor.next()?;
        entries += 1;
        Ok(())
    })?;
    if lost > 0 {
        return Err(UpgradeError::Lost { changes: lost });
    }
    if cursor.valid() {
        return Err(differs(cursor.key().user_key(), "is in the copy only"));
    }
    Ok(entries)
}

/// Whether a cursor stands at this entry. The value log is the same in both, and checks what it gives by a checksum.
fn same(entry: &Entry, cursor: &impl LSMIterator) -> Result<(), UpgradeError> {
    if !cursor.valid() || cursor.key().user_key() != entry.key {
        return Err(differs(&entry.key, "is not in its place in the copy"));
    }
    let value = cursor.value()?;
    if !entry.value.pointer && value != entry.value.payload {
        return Err(differs(&entry.key, "has another value in the copy"));
    }
    Ok(())
}

fn differs(key: &[u8], how: &'static str) -> UpgradeError {
    UpgradeError::Differs { entry: key.escape_ascii().to_string(), how }
}
