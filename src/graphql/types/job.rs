//! Jobs and what they refused.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::{Coupon, CouponPool, CouponUserError};
use crate::{
    asking::session,
    connection::JobRefusalConnection,
    cursor::{Refused, place_of},
    failure::{failed, refused},
    global_id::{self, GlobalId, ids},
    moment::instant,
    scalar::{BigInt, Cursor, DateTime},
};
use scrip_domain::{job, rejection::Input};
use scrip_service::PageRequest;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "job::JobKind")]
pub enum JobKind {
    /// It adds the codes of a file.
    Import,
    /// It does one action with many coupons.
    Bulk,
    /// It writes the coupons of a pool to a file.
    Export,
    /// It gives coupons of before the terms of an edit of their pool.
    PoolUpdate,
    /// It takes back what another job has done.
    Undo,
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "job::JobStatus")]
pub enum JobStatus {
    /// It waits for its turn.
    Queued,
    /// It is being worked on.
    Running,
    /// All of its rows were looked at.
    Succeeded,
    /// It could not go on: see error.
    Failed,
    /// Somebody has stopped it. What was done until then stays.
    Cancelled,
}

/// What a job came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "job::JobOutcome")]
pub enum JobOutcome {
    /// Nothing was refused, and something was done.
    All,
    /// Some rows were done, others refused.
    Some,
    /// Every row that was not skipped was refused.
    None,
    /// There was nothing to do: no row, or all were skipped.
    NothingToDo,
}

/// Work on many coupons in the background. It survives a restart, and its report is kept for 30 days.
#[derive(Debug, Clone)]
pub struct Job(pub job::Job);

/// Work on many coupons in the background. It survives a restart, and its report is kept for 30 days.
#[Object]
impl Job {
    /// The opaque id.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Job(self.0.id))
    }

    /// What it does.
    async fn kind(&self) -> JobKind {
        self.0.kind.into()
    }

    /// Where it is in its life.
    async fn status(&self) -> JobStatus {
        self.0.status.into()
    }

    /// What it came to; null while it goes on.
    async fn outcome(&self) -> Option<JobOutcome> {
        self.0.outcome().map(Into::into)
    }

    /// Whether it changes nothing, and only tells what would come of it.
    async fn dry_run(&self) -> bool {
        self.0.dry_run
    }

    /// The pool that it is about, where it is about one.
    async fn pool(&self, ctx: &Context<'_>) -> Result<Option<CouponPool>> {
        let Some(pool) = self.0.pool else { return Ok(None) };
        Ok(session(ctx)?.pool(pool).map_err(|failure| failed(ctx, &failure))?.map(CouponPool))
    }

    /// Who has started it: the name of a key, which its events carry.
    async fn started_by(&self) -> &str {
        &self.0.started_by
    }

    /// How many rows there are, once that is known.
    async fn total(&self) -> Option<BigInt> {
        self.0.total.map(|number| BigInt(number.to_string()))
    }

    /// How many rows were done. With those that were skipped and refused it is as far as its total.
    async fn done(&self) -> BigInt {
        BigInt(self.0.counters.done.to_string())
    }

    /// How many rows were left as they are, because nothing is to be done for them: codes that exist already.
    async fn skipped(&self) -> BigInt {
        BigInt(self.0.counters.skipped.to_string())
    }

    /// How many rows were refused. Each is among its refusals.
    async fn refused(&self) -> BigInt {
        BigInt(self.0.counters.refused.to_string())
    }

    /// How many rows were looked at in a second, since it was begun.
    async fn per_second(&self, ctx: &Context<'_>) -> Result<Option<f64>> {
        Ok(self.0.per_second(instant(ctx)?))
    }

    /// When it was started.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Since when it is worked on.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime)
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }

    /// The rows that it refused, in their order.
    async fn refusals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
    ) -> Result<JobRefusalConnection> {
        let job = self.0.id;
        let after = place_of::<Refused>(ids(ctx)?, after.as_ref(), Input::After, |place| place.job == job);
        let after = after.map_err(|r| refused(&r))?.map(|place| place.number);
        let request = PageRequest::new(first, after, None, None).map_err(|r| refused(&r))?;
        let page = session(ctx)?.job_refusals(&self.0, &request).await.map_err(|failure| failed(ctx, &failure))?;
        let page = page.placed(|number| Refused { job, number });
        Ok(JobRefusalConnection::of(ids(ctx)?, page, JobRefusal))
    }

    /// The first ten rows that it refused.
    async fn sample(&self, ctx: &Context<'_>) -> Result<Vec<JobRefusal>> {
        let request = PageRequest { limit: 10, after: None, before: None, from_end: false };
        let page = session(ctx)?.job_refusals(&self.0, &request).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(page.items.into_iter().map(|(_, refusal)| JobRefusal(refusal)).collect())
    }

    /// Where the rows that it refused are as CSV, which can be mended and imported again; null where it refused none.
    async fn refusals_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let id = ids(ctx)?.encode(&GlobalId::Job(self.0.id));
        Ok((self.0.counters.refused > 0).then(|| format!("/jobs/{id}/refusals.csv")))
    }

    /// Where the file is that it has written, for a day after its end.
    async fn file_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let kept = session(ctx)?.keeps_export(&self.0).map_err(|failure| failed(ctx, &failure))?;
        let id = ids(ctx)?.encode(&GlobalId::Job(self.0.id));
        Ok(kept.then(|| format!("/jobs/{id}/file")))
    }

    /// Whether jobUndo can take it back.
    async fn undoable(&self) -> bool {
        self.0.check_undo(false).is_ok()
    }

    /// The job that it takes back.
    async fn undoes(&self, ctx: &Context<'_>) -> Result<Option<Job>> {
        let Some(undone) = self.0.undoes else { return Ok(None) };
        Ok(session(ctx)?.job(undone).await.map_err(|failure| failed(ctx, &failure))?.map(Job))
    }

    /// Why it could not go on.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
}

/// A row that a job refused.
#[derive(Debug, Clone)]
pub struct JobRefusal(pub scrip_service::JobRefusal);

/// A row that a job refused.
#[Object]
impl JobRefusal {
    /// The line of the file, or the place among the coupons that the job works on, from 1.
    async fn line(&self) -> Option<i32> {
        self.0.line.and_then(|line| i32::try_from(line).ok())
    }

    /// The code, where one was given or is known.
    async fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The coupon, where there is one, as it is now.
    async fn coupon(&self, ctx: &Context<'_>) -> Result<Option<Coupon>> {
        let Some(id) = self.0.coupon else { return Ok(None) };
        let found = session(ctx)?.coupons(&[id]).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(found.into_iter().next().flatten().map(Coupon))
    }

    /// Why.
    async fn reason(&self) -> CouponUserError {
        CouponUserError(self.0.reason.clone())
    }
}

/// A job after a mutation.
#[derive(Debug, SimpleObject)]
pub struct JobPayload {
    /// The job; null where the mutation was refused.
    pub job: Option<Job>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}
