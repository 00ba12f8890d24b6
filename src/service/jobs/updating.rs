//! What a pool's update says of its coupons ([`scrip_domain::update`]) holds at once; here it comes into the rows of those
//! that have one, with an event each. Whatever changes a coupon before its turn takes the update over first, so it is passed
//! over then.

use std::{collections::VecDeque, ops::Range, sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{
    UpdatePlan,
    parts::{Part, Parts},
    work::{Goes, Lease},
};
use crate::{Failure, RowTask, Scrip, StepRow, committer::Ahead};
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
/// After how many that were looked at it is told how far it is.
const TOLD: u64 = 10_000;
/// The place of the cursor when nothing is left to do.
const END: u64 = 1 << 62;

/// How often it is looked whether an update before this one is done.
const LOOK: Duration = Duration::from_millis(50);

/// The coupons that have a row, and what the update makes of them.
struct Touched<'p> {
    scrip: Arc<Scrip>,
    pool: Arc<Pool>,
    plan: &'p UpdatePlan,
    /// Where it is. The cursor's line counts those that have a row among the places where nobody had touched any.
    at: Cursor,
    /// Places that are not read yet.
    unread: Range<u64>,
    /// Rows that were read, and are not looked at yet.
    read: VecDeque<(CouponId, Box<Coupon>)>,
    /// When they were read.
    since: Ahead,
}

impl Lease {
    pub(super) async fn update(&mut self, plan: &UpdatePlan) -> Result<(), Failure> {
        let Some(pool) = self.scrip.registry.pool(plan.pool) else {
            return self.finish(Some("its pool is gone".to_owned())).await;
        };
        if self.wait_for_updates_before(plan.pool).await? == Goes::NotOn {
            return Ok(());
        }
        let (scrip, at) = (Arc::clone(&self.scrip), self.job.cursor);
        // Those that come later have it from the start.
        let unread = at.place..scrip.registry.tally(plan.pool).supply.size;
        let since = scrip.committer.ahead();
        let mut touched = Touched { scrip, pool, plan, at, unread, read: VecDeque::new(), since };
        if self.all(&mut touched).await? == Goes::NotOn {
            return Ok(());
        }
        if self.job.cursor.place != END {
            let (line, seen) = (self.job.counters.total() + 1, touched.at.line);
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
}

impl Touched<'_> {
    /// Reads some more, where there is more.
    async fn read(&mut self) -> Result<(), StorageError> {
        self.since = self.scrip.committer.ahead();
        let span = Coupons::of(self.pool.id, self.unread.clone());
        let rows = self.scrip.store.scan(&span, ReadFrom::Start, ROWS).await?;
        self.unread.start = match rows.last() {
            Some((id, _)) if rows.len() == ROWS => id.index + 1,
            _ => self.unread.end,
        };
        self.read = rows.into();
        Ok(())
    }

    /// What is to be done with a coupon's row.
    fn task(&self, id: CouponId, row: &Coupon) -> Task {
        let (pool, number) = (&self.pool, self.plan.number);
        let prior = number.saturating_sub(1);
        if !pool.is_updated(row, prior) {
            return Task::None;
        }
        // An update before it, which another job may still be at, is that one's.
        if pool.carried_after(row, number) == pool.carried_after(row, prior) {
            return Task::Skip;
        }
        Task::Update(RowTask::Update(id, number))
    }
}

/// What is to be done with a coupon.
enum Task {
    Update(RowTask),
    /// The update leaves it as it is.
    Skip,
    /// It is none of the update's.
    None,
}

impl Parts for Touched<'_> {
    async fn next(&mut self, most: usize) -> Result<Option<Part>, Failure> {
        let (from, mut ahead) = (self.at, self.since.again());
        let (mut tasks, mut skipped, mut seen) = (Vec::new(), 0, 0);
        // One more row tells how many were skipped.
        while tasks.len() + usize::from(skipped > 0) < most && seen < TOLD {
            let Some((id, row)) = self.read.pop_front() else {
                if self.unread.is_empty() {
                    break;
                }
                self.read().await.map_err(|error| Failure::because("coupons cannot be read", error))?;
                continue;
            };
            seen += 1;
            let line = self.at.line + u64::from(self.plan.has(id.index));
            self.at = Cursor { place: id.index + 1, within: 0, line };
            match self.task(id, &row) {
                Task::Update(task) => {
                    tasks.push(task);
                    ahead.add::<Coupons>(id, row);
                }
                Task::Skip => skipped += 1,
                Task::None => {}
            }
        }
        if self.at == from {
            return Ok(None);
        }
        tasks.extend((skipped > 0).then_some(RowTask::Skipped(skipped)));
        Ok(Some(Part { tasks, to: self.at, ahead: Some(ahead) }))
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
