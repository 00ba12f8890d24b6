//! Where the last batch left off: its last event and its time.

use scrip_domain::{
    clock::{BatchTime, Reading, next_batch},
    id::EventId,
};
use scrip_storage::{Dated, Row, RowId, StorageError, Store};

use super::STREAM;

/// The place of the last event that was written; 0 where there is none.
pub(super) async fn last_sequence(store: &Store) -> Result<u64, StorageError> {
    let Some((start, events)) = last_events(store).await? else { return Ok(0) };
    Ok(start + events.len() as u64 - 1)
}

/// The time of the last batch; none where there is none.
pub(crate) async fn last_time(store: &Store) -> Result<Option<BatchTime>, StorageError> {
    if let Some(Row::Clock(time)) = store.get_one(RowId::Clock).await? {
        return Ok(Some(time));
    }
    // Batches of an earlier version left none but that of their events.
    let events = last_events(store).await?.map(|(_, events)| events).unwrap_or_default();
    let old = |event: &Dated| {
        let reading = Reading { wall: event.at, steady: 0, boot: 0 };
        next_batch(None, event.at, reading)
    };
    Ok(events.last().map(old))
}

/// The last row of events, with the place of its first.
async fn last_events(store: &Store) -> Result<Option<(u64, Vec<Dated>)>, StorageError> {
    let first = RowId::Events(EventId { stream: STREAM, sequence: 0 }).key().text;
    let end = RowId::Events(EventId { stream: STREAM + 1, sequence: 0 }).key().text;
    let Some((text, doc)) = store.scan("event", first, end, true, 1).await?.pop() else { return Ok(None) };
    let start = text.get(8..).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default();
    let id = RowId::Events(EventId { stream: STREAM, sequence: start });
    match Row::decode(&id, &doc)? {
        Row::Events(events) if !events.is_empty() => Ok(Some((start, events))),
        _ => Ok(None),
    }
}
