//! Where the last batch left off: its last event and its time.

use scrip_domain::{clock::BatchTime, id::EventId};
use scrip_storage::{Events, ReadFrom, StorageError, Store};

/// The place of the last event of a stream; 0 where there is none.
pub(super) async fn last_sequence(store: &Store, stream: u32) -> Result<u64, StorageError> {
    let last = store.scan(&Events::of(stream, 0..u64::MAX), ReadFrom::End, 1).await?.pop();
    Ok(last.map_or(0, |(EventId { sequence, .. }, events)| (sequence + events.len() as u64).saturating_sub(1)))
}

/// The time of the last batch; none where there is none.
pub(crate) fn last_time(store: &Store) -> Option<BatchTime> {
    let last = store.last_batch();
    (last.number > 0).then_some(last.time)
}
