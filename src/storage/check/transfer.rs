//! Copies every row of a database into another one, which begins a chain of batches of its own. Rows of older formats
//! become rows of this one.

use super::{pages::Pages, renumber::Renumber, spans::Spans};
use crate::{
    Batch, Expect, Fault, StorageError, Store, Table,
    format::FORMAT,
    tables::{Batches, Events, Formats, NAMES, RowCounts},
};
use scrip_domain::clock::BatchTime;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Transferred {
    /// How many rows.
    pub(crate) rows: u64,
    /// How many events of them.
    pub(crate) events: u64,
}

/// Copies every row that can be read, but for the [own](is_own) ones of the new database. They are written at the time of
/// the last batch of the old one, with new numbers where they get some. Tells each fault, and after each page how many rows were copied.
pub(crate) async fn transfer(
    from: &Store,
    to: &Store,
    tell: &mut impl FnMut(Fault),
    progress: &mut impl FnMut(&'static str, u64),
    mut renumber: Option<Renumber>,
) -> Result<Transferred, StorageError> {
    let format = from.format().await?;
    let time = last_time(from, format).await?;
    let (mut transferred, mut spans) = (Transferred::default(), Spans::default());
    // In the order of their keys, so that an engine which takes them one after the other has little to merge.
    let mut tables: Vec<(usize, &str)> = NAMES.iter().copied().enumerate().collect();
    tables.sort_unstable_by_key(|(_, name)| *name);
    for (table, name) in tables {
        let mut pages = Pages::new(from, format, table);
        while let Some(page) = pages.next(tell).await {
            let mut batch = time.map(Batch::at).unwrap_or_default();
            for (id, row) in page {
                if let (Some(first), Some(events)) = (id.key::<Events>(), row.document::<Events>()) {
                    spans.add(*first, events.len(), tell);
                }
                if is_own(id.table()) {
                    continue;
                }
                let kept = match &mut renumber {
                    Some(renumber) => renumber.row(id, row),
                    None => Some((id, row)),
                };
                if let Some((id, row)) = kept {
                    batch.put(id, row, Expect::New);
                }
            }
            transferred.rows += batch.len() as u64;
            if !batch.is_empty() {
                drop(to.commit(&batch).await?);
            }
            progress(name, transferred.rows);
        }
    }
    if let Some(renumber) = renumber {
        let mut batch = time.map(Batch::at).unwrap_or_default();
        renumber.finish(&mut batch);
        transferred.rows += batch.len() as u64;
        drop(to.commit(&batch).await?);
    }
    transferred.events = spans.finish(tell);
    Ok(transferred)
}

/// Whether the rows of a table are what a database writes about itself: its format, its batches, and its counts.
pub(crate) fn is_own(table: usize) -> bool {
    [Batches::NUMBER, Formats::NUMBER, RowCounts::NUMBER].contains(&table)
}

/// The time of the last batch that can be read.
async fn last_time(from: &Store, format: u32) -> Result<Option<BatchTime>, StorageError> {
    if format < FORMAT {
        return from.old_time().await;
    }
    let ring = from.whole_ring().await?;
    Ok((ring.last().number > 0).then(|| ring.last().time))
}
