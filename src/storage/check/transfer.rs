//! Copies every row of a database into another one, which begins a chain of batches of its own. Rows of older formats
//! become rows of this one.

use super::{pages::Pages, spans::Spans};
use crate::{
    Batch, Fault, StorageError, Store,
    format::FORMAT,
    tables::{Batches, Events, Formats, NAMES},
};
use scrip_domain::clock::BatchTime;

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Transferred {
    /// How many rows.
    pub(crate) rows: u64,
    /// How many events of them.
    pub(crate) events: u64,
}

/// Copies every row that can be read, but for the format and the batches, which the new database makes itself. They are written at the
/// time of the last batch of the old one. Tells each fault, and after each page how many rows were copied.
pub(crate) async fn transfer(
    from: &Store,
    to: &Store,
    tell: &mut impl FnMut(Fault),
    progress: &mut impl FnMut(&'static str, u64),
) -> Result<Transferred, StorageError> {
    let format = from.format().await?;
    let time = last_time(from, format).await?;
    let (mut transferred, mut spans) = (Transferred::default(), Spans::default());
    for (table, name) in NAMES.iter().enumerate() {
        let mut pages = Pages::new(from, format, table);
        while let Some(page) = pages.next(tell).await {
            let mut batch = time.map(Batch::at).unwrap_or_default();
            for (id, row) in page {
                if let (Some(first), Some(events)) = (id.key::<Events>(), row.document::<Events>()) {
                    spans.add(*first, events.len(), tell);
                }
                if id.key::<Batches>().is_none() && id.key::<Formats>().is_none() {
                    batch.put(id, row, false);
                }
            }
            transferred.rows += batch.len() as u64;
            if !batch.is_empty() {
                drop(to.commit(&batch).await?);
            }
            progress(name, transferred.rows);
        }
    }
    transferred.events = spans.finish(tell);
    Ok(transferred)
}

/// The time of the last batch that can be read.
async fn last_time(from: &Store, format: u32) -> Result<Option<BatchTime>, StorageError> {
    if format < FORMAT {
        return from.old_time().await;
    }
    let ring = from.whole_ring().await?;
    Ok((ring.last().number > 0).then(|| ring.last().time))
}
