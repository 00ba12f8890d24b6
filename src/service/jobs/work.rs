//! Working on a job: its steps by the lease that was taken, each decided with what plugins say, tried again where the
//! database cannot write, and in halves where some row keeps all others from being decided.

use std::{sync::Arc, time::Duration};

use crate::{
    Caller, Failure, JobStep, RowTask, Scrip, StepRow, Work, committer::Ahead, prepare::Prepared, tasks::Pace,
};
use scrip_domain::{
    job::{Counters, Cursor, Job},
    rejection::{Code, Refusal, Rejection},
};
use scrip_storage::JobRefusal;

/// How long it is before a database that could not write is asked again.
const RESPITE: Duration = Duration::from_secs(1);

/// Whoever works on a job.
pub(super) struct Lease {
    pub(super) scrip: Arc<Scrip>,
    pub(super) caller: Caller,
    pub(super) job: Job,
    pub(super) pace: Pace,
}

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    /// The job is still this one's.
    On,
    /// It was stopped, ended, or is another's.
    NotOn,
}

impl Lease {
    pub(super) fn new(scrip: Arc<Scrip>, caller: Caller, job: Job) -> Self {
        Self { scrip, caller, job, pace: Pace::default() }
    }

    /// Takes a step without rows.
    pub(super) async fn step(&mut self, work: Work) -> Result<Goes, Failure> {
        self.step_with(work, None).await
    }

    /// Takes a step, at first with what was read for it.
    async fn step_with(&mut self, work: Work, mut ahead: Option<Ahead>) -> Result<Goes, Failure> {
        loop {
            if self.scrip.is_stopping() {
                return Ok(Goes::NotOn);
            }
            let (id, fence, from) = (self.job.id, self.job.fence, self.job.cursor);
            let step = JobStep { job: id, fence, from, work: work.clone() };
            match self.scrip.change_with(&self.caller, Box::new(step), ahead.take()).await {
                Ok(job) => {
                    self.job = *job;
                    self.scrip.board.tell();
                    return Ok(if self.job.is_open() { Goes::On } else { Goes::NotOn });
                }
                Err(Failure::Refused(refusals)) if is_stale(&refusals) => return Ok(Goes::NotOn),
                Err(Failure::Refused(refusals)) if cannot_write(&refusals) => {
                    tokio::select! {
                        () = tokio::time::sleep(RESPITE) => {}
                        () = self.scrip.stop.cancelled() => {}
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Works on rows, after which the job is at a cursor.
    pub(super) async fn rows(&mut self, rows: Vec<StepRow>, to: Cursor) -> Result<Goes, Failure> {
        self.rows_with(rows, to, None).await
    }

    /// The same with what was read for them. In halves where all of them together cannot be decided: one that cannot be
    /// decided alone is refused.
    pub(super) async fn rows_with(
        &mut self,
        mut rows: Vec<StepRow>,
        to: Cursor,
        mut ahead: Option<Ahead>,
    ) -> Result<Goes, Failure> {
        if self.job.dry_run {
            return self.tried_rows(rows, to).await;
        }
        loop {
            let most = self.pace.part(rows.len());
            if most == rows.len() {
                return self.rows_at_once(rows, to, ahead).await;
            }
            let rest = rows.split_off(most);
            let first = std::mem::replace(&mut rows, rest);
            let from = self.job.cursor;
            let half = Cursor { within: from.within + first.len() as u64, ..from };
            if self.rows_at_once(first, half, ahead.take()).await? == Goes::NotOn {
                return Ok(Goes::NotOn);
            }
        }
    }

    async fn rows_at_once(&mut self, rows: Vec<StepRow>, to: Cursor, ahead: Option<Ahead>) -> Result<Goes, Failure> {
        let rows = Arc::new(rows);
        let (scrip, mut pace) = (Arc::clone(&self.scrip), std::mem::take(&mut self.pace));
        let came = pace.keep(&scrip, self.step_with(Work::Rows(Arc::clone(&rows), to), ahead)).await;
        self.pace = pace;
        let failed = match came {
            Ok(goes) => return Ok(goes),
            Err(failed) => failed,
        };
        let from = self.job.cursor;
        let rows = Arc::unwrap_or_clone(rows);
        if rows.len() > 1 {
            let mut first = rows;
            let second = first.split_off(first.len() / 2);
            // The first half ends where the whole begins, but for the rows that it has.
            let half = Cursor { within: from.within + first.len() as u64, ..from };
            return match Box::pin(self.rows_at_once(first, half, None)).await? {
                Goes::On => Box::pin(self.rows_at_once(second, to, None)).await,
                Goes::NotOn => Ok(Goes::NotOn),
            };
        }
        match failed {
            Failure::Refused(refusals) => self.step(Work::Rows(Arc::new(refused_rows(rows, &refusals)), to)).await,
            broken => Err(broken),
        }
    }

    /// Finds out what rows would come to, and notes that.
    async fn tried_rows(&mut self, rows: Vec<StepRow>, to: Cursor) -> Result<Goes, Failure> {
        let (counted, refusals) = self.rehearse(rows, to).await?;
        self.step(Work::Told(counted, refusals, to)).await
    }

    pub(super) async fn rehearse(
        &self,
        rows: Vec<StepRow>,
        to: Cursor,
    ) -> Result<(Counters, Vec<JobRefusal>), Failure> {
        let (id, fence, from) = (self.job.id, self.job.fence, self.job.cursor);
        let step = Box::new(JobStep { job: id, fence, from, work: Work::Rows(Arc::new(rows), to) });
        let (mut prepared, mut rounds) = (Prepared::default(), 0);
        loop {
            let returned = match self.scrip.state().rehearse_step(&self.caller, step.clone(), prepared).await {
                Ok(came) => return came,
                Err(returned) => *returned,
            };
            prepared = returned.prepared;
            self.scrip.find_out(returned.needs, &mut prepared, &mut rounds).await?;
        }
    }

    /// Ends the job.
    pub(super) async fn finish(&mut self, error: Option<String>) -> Result<(), Failure> {
        self.step(Work::Finish(error)).await.map(drop)
    }
}

/// Whether the job is not this one's any more.
fn is_stale(refusals: &[Refusal]) -> bool {
    refusals.iter().any(|refusal| refusal.code == Code::ValueInvalid && refusal.field.is_empty())
}

fn cannot_write(refusals: &[Refusal]) -> bool {
    refusals.iter().any(|refusal| refusal.code == Code::DatabaseUnavailable)
}

/// A row that cannot be decided, as one that is refused.
fn refused_rows(rows: Vec<StepRow>, refusals: &[Refusal]) -> Vec<StepRow> {
    let unknown = || Rejection::ValueInvalid { reason: "it cannot be decided".to_owned() }.into();
    let reason = refusals.first().cloned().unwrap_or_else(unknown);
    let refused = |row: StepRow| {
        let code = match &row.task {
            RowTask::Import(import, ..) => Some(import.code.clone()),
            _ => None,
        };
        let refusal =
            JobRefusal { line: Some(row.line), code, coupon: None, reason: reason.clone(), cells: row.cells.clone() };
        StepRow { task: RowTask::Refused(Box::new(refusal)), ..row }
    };
    rows.into_iter().map(refused).collect()
}
