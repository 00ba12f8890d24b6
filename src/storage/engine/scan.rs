//! Pages of a range, from either end. The engine's cursors walk backwards as they walk forwards, so the end of a range
//! costs no more than its beginning.

use surrealdb_kvs::{Direction, KeyRange, KeysResult, ScanResult};
use surrealkv::{LSMIterator, Result, Transaction};

/// The most entries that room is made for before they are found.
const ROOM: u32 = 1024;

/// What part of a range is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// From which end.
    pub(super) direction: Direction,
    /// How many entries at most.
    pub(super) limit: u32,
    /// How many are passed over first.
    pub(super) skip: u32,
}

/// The keys of a page.
pub(super) fn keys(transaction: &Transaction, range: &KeyRange<'_>, page: Page) -> Result<KeysResult> {
    let mut found = KeysResult { keys: Vec::with_capacity(page.limit.min(ROOM) as usize), key_bytes: 0 };
    walk(transaction, range, page, |cursor| {
        let key = cursor.key().user_key().to_vec();
        found.key_bytes += key.len() as u64;
        found.keys.push(key);
        Ok(())
    })?;
    Ok(found)
}

/// The keys of a page with their values.
pub(super) fn entries(transaction: &Transaction, range: &KeyRange<'_>, page: Page) -> Result<ScanResult> {
    let values = Vec::with_capacity(page.limit.min(ROOM) as usize);
    let mut found = ScanResult { values, key_bytes: 0, value_bytes: 0 };
    walk(transaction, range, page, |cursor| {
        let (key, value) = (cursor.key().user_key().to_vec(), cursor.value()?);
        found.key_bytes += key.len() as u64;
        found.value_bytes += value.len() as u64;
        found.values.push((key, value));
        Ok(())
    })?;
    Ok(found)
}

/// Visits the entries of a page in its order.
fn walk(
    transaction: &Transaction,
    range: &KeyRange<'_>,
    page: Page,
    mut visit: impl FnMut(&dyn LSMIterator) -> Result<()>,
) -> Result<()> {
    if page.limit == 0 || range.is_empty() {
        return Ok(());
    }
    let mut cursor = transaction.range(range.start.as_slice(), range.end.as_slice())?;
    let mut found = match page.direction {
        Direction::Forward => cursor.seek_first()?,
        Direction::Backward => cursor.seek_last()?,
    };
    let end = u64::from(page.skip) + u64::from(page.limit);
    for place in 1..=end {
        if !found {
            break;
        }
        if place > u64::from(page.skip) {
            visit(&cursor)?;
        }
        // A step may read another block: none is taken past the last entry.
        if place < end {
            found = match page.direction {
                Direction::Forward => cursor.next()?,
                Direction::Backward => cursor.prev()?,
            };
        }
    }
    Ok(())
}
