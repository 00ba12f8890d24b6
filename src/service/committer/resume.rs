//! Where the last batch left off: its last event and its time.

use scrip_domain::{clock::BatchTime, id::EventId};
use scrip_storage::{Events, ReadFrom, StorageError, Store};

use super::STREAM;

/// The place of the last event that was written; 0 where there is none.
pub(super) async fn last_sequence(store: &Store) -> Result<u64, StorageError> {
    let last = store.scan(&Events::of(STREAM, 0..u64::MAX), ReadFrom::End, 1).await?.pop();
    Ok(last.map_or(0, |(EventId { sequence, .. }, events)| (sequence + events.len() as u64).saturating_sub(1)))
}

/// The time of the last batch; none where there is none.
pub(crate) fn last_time(store: &Store) -> Option<BatchTime> {
    let last = store.last_batch();
    (last.number > 0).then_some(last.time)
}
