//! Rows that are read beside the committer, for a command that it will be asked for: so it need not wait for them. They are
//! taken for what they are only where no batch has written them since.

use std::{
    collections::{HashSet, VecDeque},
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use super::working::ById;
use scrip_storage::{Row, RowId, Table};

/// How many rows it is known of that they were written: those of a few large batches, or of a hundred small ones.
const KEPT: usize = 32 * 1_024;

/// Rows as they were once so many batches were written, or later.
#[derive(Debug)]
pub(crate) struct Ahead {
    as_of: u64,
    pub(super) rows: ById<Option<Row>>,
}

impl Ahead {
    /// None yet.
    pub(super) fn begin(as_of: u64) -> Self {
        Self { as_of, rows: ById::default() }
    }

    /// None yet, of what is read with this or later.
    pub(crate) fn again(&self) -> Self {
        Self::begin(self.as_of)
    }

    /// Adds a row that was read after this was begun.
    pub(crate) fn add<T: Table>(&mut self, key: T::Key, row: T::Document) {
        self.rows.insert(RowId::of::<T>(key), Some(Row::of::<T>(row)));
    }
}

/// Which rows the last batches have written.
#[derive(Debug)]
pub(super) struct Written {
    /// How many batches this committer has written.
    batches: Arc<AtomicU64>,
    /// The hash of each row, with the number of its batch.
    rows: VecDeque<(u64, u64)>,
    /// From which batch on they are all here.
    since: u64,
    hasher: foldhash::fast::RandomState,
}

impl Written {
    /// None yet, by a committer that counts its batches here.
    pub(super) fn new(batches: Arc<AtomicU64>) -> Self {
        Self { batches, rows: VecDeque::new(), since: 0, hasher: foldhash::fast::RandomState::default() }
    }

    /// Notes the rows of the next batch, before it is written: whoever reads one of them from then on has read it too early.
    pub(super) fn note<'a>(&mut self, rows: impl Iterator<Item = &'a RowId>) {
        let batch = self.batches.load(SeqCst) + 1;
        self.rows.extend(rows.map(|id| (batch, self.hasher.hash_one(id))));
        while self.rows.len() > KEPT {
            // Those of one batch go together.
            let Some((oldest, _)) = self.rows.pop_front() else { break };
            while self.rows.pop_front_if(|(batch, _)| *batch == oldest).is_some() {}
            self.since = oldest;
        }
    }

    /// Somebody else has written, too: nothing that was read before is believed.
    pub(super) fn forget(&mut self) {
        self.count();
        self.rows.clear();
        self.since = self.batches.load(SeqCst);
    }

    /// Counts a batch once it is written.
    pub(super) fn count(&self) {
        self.batches.fetch_add(1, SeqCst);
    }

    /// Those of the rows that are still what they were. Two rows with one hash are both taken for changed.
    pub(super) fn still(&self, ahead: Ahead) -> impl Iterator<Item = (RowId, Option<Row>)> {
        let is_known = ahead.as_of >= self.since;
        let later = self.rows.iter().rev().take_while(|(batch, _)| *batch > ahead.as_of);
        let changed: HashSet<u64, foldhash::fast::RandomState> = later.map(|(_, hash)| *hash).collect();
        let hasher = self.hasher.clone();
        ahead.rows.into_iter().filter(move |(id, _)| is_known && !changed.contains(&hasher.hash_one(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Caller, Claim, Clock, CouponRef, CouponsGenerate, Expire, PoolCreate, Redeem, Scrip, patterns::new_pool,
    };
    use scrip_domain::{
        id::{CouponId, CustomerId},
        period,
        pool_codes::CodesDraft,
        pool_draft::{PoolDraft, RestrictionsDraft},
        source::Source,
        status::Status,
    };
    use scrip_storage::{Address, Coupons, Emails};

    fn id(number: usize) -> RowId {
        RowId::of::<Emails>(number.to_string())
    }

    fn ahead(as_of: u64, numbers: impl Iterator<Item = usize>) -> Ahead {
        let row = || Some(Row::of::<Emails>(CustomerId::kept("ann".to_owned())));
        Ahead { as_of, rows: numbers.map(|number| (id(number), row())).collect() }
    }

    fn still(written: &Written, as_of: u64, numbers: impl Iterator<Item = usize>) -> Vec<usize> {
        let number = |(id, _): (RowId, Option<Row>)| id.key::<Emails>().and_then(|key| key.parse().ok());
        let mut found: Vec<usize> = written.still(ahead(as_of, numbers)).filter_map(number).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn what_was_written_since_is_not_taken_for_what_it_was() {
        let mut written = Written::new(Arc::default());
        for batch in [1..3, 3..5, 1..2] {
            written.note(batch.map(id).collect::<Vec<_>>().iter());
            written.count();
        }
        assert_eq!(still(&written, 0, 0..6), [0, 5]);
        assert_eq!(still(&written, 1, 0..6), [0, 2, 5]);
        assert_eq!(still(&written, 2, 0..6), [0, 2, 3, 4, 5]);
        assert_eq!(still(&written, 3, 0..6), [0, 1, 2, 3, 4, 5]);
        // One that is being written has changed them for whoever has read before.
        written.note([id(5)].iter());
        assert_eq!(still(&written, 3, 0..6), [0, 1, 2, 3, 4]);
        // Another has written, and nobody knows what.
        written.forget();
        assert_eq!(still(&written, 3, 0..6), [] as [usize; 0]);
        assert_eq!(still(&written, 4, 0..6), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_is_remembered_has_a_bound_and_nothing_older_is_believed() {
        let mut written = Written::new(Arc::default());
        for batch in 0..100 {
            let rows: Vec<RowId> = (batch * 1_000..(batch + 1) * 1_000).map(id).collect();
            written.note(rows.iter());
            written.count();
            assert!(written.rows.len() <= KEPT);
        }
        let never = || std::iter::once(1_000_000);
        assert_eq!(still(&written, 99, never()), [1_000_000]);
        assert_eq!(still(&written, 80, never()), [1_000_000]);
        assert_eq!(still(&written, 60, never()), [] as [usize; 0], "too old");
    }

    /// What is used after it was read for the record of its end stays used: one use never becomes two.
    #[tokio::test]
    async fn what_was_read_too_early_is_not_written_over() {
        let (begin, end) = (1_790_000_000_000, 1_790_086_400_000);
        let clock = Clock::manual(period::instant_of(begin).expect("a time"));
        let address = Address::parse("mem://").expect("an address");
        let scrip = Scrip::open(&address, clock.clone(), None).await.expect("a database");
        // Nobody else records ends.
        scrip.begin_stop();
        let own = Caller::scrip();
        let draft =
            new_pool(CodesDraft { pattern: "A-####".to_owned(), ..CodesDraft::default() }, Source::BulkGenerated);
        let expiration_period = Some("P1D".to_owned());
        let restrictions = RestrictionsDraft { expiration_period, ..draft.restrictions.clone() };
        let draft = PoolDraft { restrictions, ..draft };
        let pool = scrip.change(&own, None, PoolCreate(Box::new(draft))).await.expect("a pool").id;
        scrip.change(&own, None, CouponsGenerate { pool, count: 2 }).await.expect("codes");
        let mut coupons = Vec::new();
        for name in ["ann", "ben"] {
            let claim = Claim::of(pool, CustomerId::kept(name.to_owned()));
            coupons.push(scrip.change(&own, None, claim).await.expect("a coupon").coupon.id);
        }
        let over: Vec<(i64, CouponId)> = coupons.iter().map(|id| (end, *id)).collect();
        let read = scrip.read_ahead(&own, Expire(over).into()).await.expect("read");
        assert!(read.1.rows.contains_key(&RowId::of::<Coupons>(coupons[0])));
        scrip.change(&own, None, Redeem::of(CouponRef::Id(coupons[0]))).await.expect("redeemed");
        clock.set(period::instant_of(end).expect("a time"));
        scrip.submit_with(&own, read).await.expect("recorded");
        let rows = scrip.store.get::<Coupons>(&coupons).await.expect("rows");
        let statuses: Vec<_> = rows.iter().flatten().map(|coupon| (coupon.status, coupon.usages)).collect();
        assert_eq!(statuses, [(Status::Redeemed, 1), (Status::Expired, 0)]);
    }
}
