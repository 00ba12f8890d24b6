//! Where the last batch left off: its last event and its time.

use scrip_domain::{clock::BatchTime, id::EventId};
use scrip_storage::{Events, Numbering, ReadFrom, StorageError, Store};

/// The place of the last event, or of the last that rows of a salvaged database name; 0 where there is none.
pub(super) async fn last_sequence(store: &Store, numbering: &Numbering) -> Result<u64, StorageError> {
    let last = store.scan(&Events::of(numbering.stream, 0..u64::MAX), ReadFrom::End, 1).await?.pop();
    let last = last.map_or(0, |(EventId { sequence, .. }, events)| (sequence + events.len() as u64).saturating_sub(1));
    Ok(last.max(numbering.first_event.unwrap_or_default().saturating_sub(1)))
}

/// The time of the last batch; none where there is none.
pub(crate) fn last_time(store: &Store) -> Option<BatchTime> {
    let last = store.last_batch();
    (last.number > 0).then_some(last.time)
}
