//! What a pool's update says of its coupons ([`scrip_domain::update`]) holds at once; here it comes into the rows of those
//! that have one, with an event each. Whatever changes a coupon before its turn takes the update over first, so it is passed
//! over then.

use std::{ops::Range, sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::{
    UpdatePlan,
    bulk::STEP,
    work::{Goes, Lease},
};
use crate::{Failure, RowTask, StepRow};
use scrip_domain::{
    coupon::Coupon,
    id::{CouponId, PoolId},
    job::{Cursor, JobId, JobKind},
    pool::Pool,
    update::TermsChange,
};
use scrip_storage::{Coupons, Jobs, OpenJobs, ReadFrom, StorageError};

/// How many coupons are read at once.
const ROWS: usize = 1_000;
/// After how many that are left as they are it is told how far it is.
const TOLD: u64 = 10_000;
/// The place of the cursor when nothing is left to do.
const END: u64 = 1 << 62;

/// How often it is looked whether an update before this one is done.
const LOOK: Duration = Duration::from_millis(50);

/// A coupon that has a row.
type Touched = (CouponId, Box<Coupon>);

/// What is to be done from the cursor on.
#[derive(Default)]
struct Part {
    coupons: Vec<CouponId>,
    skipped: u64,
}

impl Lease {
    pub(super) async fn update(&mut self, plan: &UpdatePlan) -> Result<(), Failure> {
        let Some(pool) = self.scrip.registry.pool(plan.pool) else {
            return self.finish(Some("its pool is gone".to_owned())).await;
        };
        if self.wait_for_updates_before(plan.pool).await? == Goes::NotOn {
            return Ok(());
        }
        // Those that come later have it from the start.
        let size = self.scrip.registry.tally(plan.pool).supply.size;
        // The cursor's line counts those that have a row among the places where nobody had touched any.
        let (mut at, mut part) = (self.job.cursor, Part::default());
        let mut page = self.page(&pool, at.place..size);
        loop {
            let rows = page.await.map_err(|error| Failure::because("coupons cannot be read", error))??;
            let is_last = rows.len() < ROWS;
            let next = rows.last().map_or(size, |(id, _)| id.index + 1);
            // Read while the committer works on these.
            page = self.page(&pool, if is_last { size } else { next }..size);
            for (id, row) in rows {
                at = Cursor { place: id.index + 1, within: 0, line: at.line + u64::from(plan.has(id.index)) };
                let prior = plan.number.saturating_sub(1);
                if !pool.is_updated(&row, prior) {
                    continue;
                }
                // An update before it, which another job may still be at, is that one's.
                let row = pool.taken_over_until(*row, prior);
                if pool.taken_over_until(row.clone(), plan.number).update_of(&row).is_none() {
                    part.skipped += 1;
                } else {
                    part.coupons.push(id);
                }
                if (part.coupons.len() >= STEP || part.skipped >= TOLD)
                    && self.keep(std::mem::take(&mut part), plan, at).await? == Goes::NotOn
                {
                    return Ok(());
                }
            }
            if is_last {
                break;
            }
        }
        if at.place != END {
            if self.keep(part, plan, at).await? == Goes::NotOn {
                return Ok(());
            }
            let (line, seen) = (self.job.counters.total() + 1, self.job.cursor.line);
            let row = StepRow { line, cells: Vec::new(), task: RowTask::Updated(Box::new(plan.clone()), seen) };
            if self.rows(vec![row], Cursor { place: END, ..Cursor::default() }).await? == Goes::NotOn {
                return Ok(());
            }
        }
        self.finish(None).await
    }

    /// Waits until the updates of a pool before this one are done: what a job has coupons keep is what its undo takes back.
    async fn wait_for_updates_before(&self, pool: PoolId) -> Result<Goes, Failure> {
        while !self.scrip.is_stopping() {
            let open = self.scrip.store.get_one::<OpenJobs>(()).await?.unwrap_or_default();
            let before: Vec<JobId> = open.jobs.iter().map(|open| open.job).filter(|job| *job < self.job.id).collect();
            let jobs = self.scrip.store.get::<Jobs>(&before).await?;
            if !jobs.iter().flatten().any(|job| job.kind == JobKind::PoolUpdate && job.pool == Some(pool)) {
                return Ok(Goes::On);
            }
            self.scrip.stop.run_until_cancelled(sleep(LOOK)).await;
        }
        Ok(Goes::NotOn)
    }

    /// Some coupons that have a row, of these places, as they are now or a little later.
    fn page(&self, pool: &Pool, places: Range<u64>) -> AbortOnDropHandle<Result<Vec<Touched>, StorageError>> {
        let (scrip, span) = (Arc::clone(&self.scrip), Coupons::of(pool.id, places));
        AbortOnDropHandle::new(tokio::spawn(async move { scrip.store.scan(&span, ReadFrom::Start, ROWS).await }))
    }

    /// Has coupons keep an update, after which the job is at a cursor.
    async fn keep(&mut self, part: Part, plan: &UpdatePlan, to: Cursor) -> Result<Goes, Failure> {
        let Part { coupons, skipped } = part;
        let first = self.job.counters.total() + 1;
        let tasks = coupons.into_iter().map(|id| RowTask::Update(id, plan.number));
        let skipped = (skipped > 0).then_some(RowTask::Skipped(skipped));
        let rows = (first..).zip(tasks.chain(skipped)).map(|(line, task)| StepRow { line, cells: Vec::new(), task });
        self.rows(rows.collect(), to).await
    }
}

impl UpdatePlan {
    /// Whether the update has changed the terms of a place, if nobody had touched it.
    fn has(&self, place: u64) -> bool {
        let after = self.untouched.partition_point(|change| change.to <= place);
        self.untouched.get(after).is_some_and(|change| change.has(place))
    }

    /// How many places those are.
    pub(crate) fn places(&self) -> u64 {
        self.untouched.iter().map(TermsChange::places).sum()
    }
}
