//! The queues of what partners are to be told against the notices in them.

use std::collections::BTreeMap;

use super::{Fault, books::Rows};
use crate::{
    Span, StorageError, Store,
    tables::{FailedNotices, Notices, Outboxes},
};
use scrip_domain::id::PoolId;

/// A queue counts what waits in it and what has failed, and each notice is in a queue.
pub(super) async fn check_notices(store: &Store, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
    let mut found: BTreeMap<PoolId, (u64, u64)> = BTreeMap::new();
    let mut waiting = Rows::of(store, Span::<Notices>::all());
    while let Some(((pool, _), ())) = waiting.next().await? {
        found.entry(pool).or_default().0 += 1;
    }
    let mut failed = Rows::of(store, Span::<FailedNotices>::all());
    while let Some(((pool, _), _)) = failed.next().await? {
        found.entry(pool).or_default().1 += 1;
    }
    let mut tell =
        |pool: PoolId, what: String| tell(Fault::Books { what: format!("the queue of pool {} {what}", pool.0) });
    let mut outboxes = Rows::of(store, Span::<Outboxes>::all());
    while let Some((pool, outbox)) = outboxes.next().await? {
        let (waiting, failed) = found.remove(&pool).unwrap_or_default();
        if (outbox.waiting, outbox.failed) != (waiting, failed) {
            let (counted, other) = (outbox.waiting, outbox.failed);
            tell(
                pool,
                format!("counts {counted} notices and {other} failed ones, and there are {waiting} and {failed}"),
            );
        }
    }
    for pool in found.into_keys() {
        tell(pool, "is missing, and there are notices of it".to_owned());
    }
    Ok(())
}
