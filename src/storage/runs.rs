//! Reading many rows at once: those whose numbers follow one another, as of the coupons that a job works on, with one
//! cursor. To find a row alone asks every table of the engine that may have it, which takes several times as long.

use surrealdb_datastore::Transaction;
use surrealdb_kvs::{Key, KeyRange};

use super::{
    Row, RowId, StorageError,
    read::take_turns,
    record::{Place, Rows, damaged, failed},
    two::by_two,
};

/// From how many rows on they are looked at for runs, and of how many rows a run is one at least.
const FEW: usize = 16;
/// How many rows a run has at most: what a cursor has read is in memory until it is at the run's end.
const MOST: usize = 256;
/// From how many rows on they are decoded by two threads. Only the committer reads so many at once, and who reads ahead
/// for it: what serves queries reads up to 1,000.
const MANY: usize = 1_024;
/// How far the numbers of two rows of a run may be apart. Rows between them that nobody asked for are read and left.
const GAP: u64 = 2;

/// The rows with these ids, in their order; none where there is no such row.
pub(super) async fn rows(
    transaction: &Transaction,
    place: &Place,
    ids: &[RowId],
) -> Result<Vec<Option<Row>>, StorageError> {
    let keys: Vec<Key<'static>> = ids.iter().map(|id| place.key(id)).collect();
    let mut records: Vec<Option<Vec<u8>>> = vec![None; ids.len()];
    for run in runs(ids, &keys) {
        if run.len() < FEW {
            for at in run {
                records[at] = transaction.get(keys[at].as_borrowed(), None).await.map_err(failed)?;
            }
            continue;
        }
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let end = Key::from([keys[*last].as_slice(), &[0]].concat());
        let range = Rows::from(KeyRange { start: keys[*first].clone(), end });
        let limit = (MOST as u64 * GAP) as u32;
        let found = transaction.scan_raw(range, limit, 0, None).await.map_err(failed)?;
        // Rows with longer ids may lie between, however many: of those beyond the last that was read nothing is known.
        let cut = found.last().filter(|_| found.len() >= limit as usize).map(|(key, _)| key.clone());
        let mut found = found.into_iter().peekable();
        for at in run {
            let key = keys[at].as_slice();
            if cut.as_ref().is_some_and(|cut| cut.as_slice() < key) {
                records[at] = transaction.get(keys[at].as_borrowed(), None).await.map_err(failed)?;
                continue;
            }
            while found.next_if(|(key_found, _)| key_found.as_slice() < key).is_some() {}
            records[at] = found.next_if(|(key_found, _)| key_found.as_slice() == key).map(|(_, record)| record);
        }
    }
    take_turns(records.len()).await;
    let of_record = |(id, record): &(&RowId, Option<Vec<u8>>)| {
        let row = record.as_ref().map(|record| id.decode(record).map_err(|error| damaged(id, error)));
        row.transpose()
    };
    by_two(&ids.iter().zip(records).collect::<Vec<_>>(), MANY, of_record)
}

/// Which of these rows follow one another: their places among the ids, each run in the order of its keys.
fn runs(ids: &[RowId], keys: &[Key<'_>]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    if ids.len() < FEW {
        return vec![order];
    }
    order.sort_unstable_by(|one, other| keys[*one].as_slice().cmp(keys[*other].as_slice()));
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let follows = |last: &usize| {
            let (one, other) = (&ids[*last], &ids[at]);
            one.table() == other.table() && other.parts().is_after(&one.parts(), GAP)
        };
        match runs.last_mut().filter(|run| run.len() < MOST && run.last().is_some_and(follows)) {
            Some(run) => run.push(at),
            None => runs.push(vec![at]),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Address, Batch, HeldAt, Holding, Holdings, Store, Table, Whole,
        tables::{Emails, Histories},
    };
    use scrip_domain::id::{CouponId, CustomerId, EventId, PoolId};

    const PLACES: u32 = 2_000;

    fn key(place: u32) -> (CouponId, u32) {
        (CouponId { pool: PoolId(1), index: u64::from(place / 1_000) }, place % 1_000)
    }

    fn row(place: u32) -> Vec<EventId> {
        vec![EventId { stream: 1, sequence: u64::from(place) }]
    }

    async fn store(rows: impl Iterator<Item = u32>) -> Store {
        let store = Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store");
        let mut batch = Batch::default();
        batch.insert::<Emails>("ann".to_owned(), CustomerId::kept("ann".to_owned()));
        for place in rows {
            batch.insert::<Histories>(key(place), row(place));
        }
        drop(store.commit(&batch).await.expect("written"));
        store
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_row_is_found_in_the_order_in_which_it_was_asked_for(
            step in 1_u32..5, (from, to) in (0..PLACES, 0..PLACES), wanted in proptest::collection::vec(0..PLACES, 0..800),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let exists = |place: &u32| place.is_multiple_of(step);
                let store = store((0..PLACES).filter(exists)).await;
                let wanted: Vec<u32> = wanted.into_iter().chain(from..to).collect();
                let mut ids: Vec<RowId> = wanted.iter().map(|place| RowId::of::<Histories>(key(*place))).collect();
                ids.push(RowId::of::<Emails>("ann".to_owned()));
                let rows = store.rows(&ids).await.expect("rows");
                let expected = wanted.iter().map(|place| Some(Histories::row(row(*place))).filter(|_| exists(place)));
                let expected: Vec<_> = expected.chain([Some(Emails::row(CustomerId::kept("ann".to_owned())))]).collect();
                assert_eq!(rows, expected);
            });
        }
    }

    #[tokio::test]
    async fn what_lies_between_hides_nothing() {
        let store = Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store");
        let ann = CustomerId::kept("ann".to_owned());
        let whole = |pool| (ann.clone(), PoolId(pool), None);
        let (pools, held) = (40, 60);
        let mut batch = Batch::default();
        for pool in 0..pools {
            batch.insert::<Holdings>(whole(pool), Holding::Whole(Whole { claims: Some(1), ..Whole::default() }));
            for index in 0..held {
                let at = HeldAt { live: true, index };
                batch.insert::<Holdings>((ann.clone(), PoolId(pool), Some(at)), Holding::Coupon(None));
            }
        }
        drop(store.commit(&batch).await.expect("written"));
        let ids: Vec<RowId> = (0..pools + 3).map(|pool| RowId::of::<Holdings>(whole(pool))).collect();
        let found = store.rows(&ids).await.expect("rows");
        let there: Vec<bool> = found.iter().map(Option::is_some).collect();
        assert_eq!(there, (0..pools + 3).map(|pool| pool < pools).collect::<Vec<_>>());
    }

    #[test]
    fn rows_that_follow_one_another_are_read_together() {
        let of = |place: u64| RowId::of::<Histories>((CouponId { pool: PoolId(1), index: 7 }, place as u32));
        let texts = (0..40).map(|number: u32| RowId::of::<Emails>(number.to_string()));
        let ids: Vec<RowId> = (0..600).rev().step_by(2).chain(5_000..5_003).map(of).chain(texts).collect();
        let keys: Vec<Key<'static>> = ids.iter().map(|id| crate::record::key(b"t", &id.parts())).collect();
        let lengths: Vec<usize> = runs(&ids, &keys).iter().map(Vec::len).filter(|length| *length > 1).collect();
        assert_eq!(lengths, [256, 44, 3]);
    }
}
