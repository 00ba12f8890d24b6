//! Who works on jobs: a task that takes those that wait, in the order in which they were started, as many at once as a
//! setting says. What goes wrong with one is tried again from its last step on; where that does not help, it has failed.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::task::JoinSet;

use crate::{Caller, Failure, JobStep, Scrip, Work, fatal::message};
use scrip_domain::{
    causes::with_causes,
    job::{Job, JobId},
    rejection::Code,
};
use scrip_storage::{JobPlans, Jobs, OpenJobs};

use super::{ExportPlan, Plan, work::Lease};

/// How often in a row a job is tried again from the same step on.
const TRIES: u32 = 5;
/// How long it is before that.
const PAUSE: Duration = Duration::from_millis(500);

impl Scrip {
    /// Works on the jobs that wait, until none does.
    pub(crate) async fn work_on_jobs(self: &Arc<Self>) -> Result<(), Failure> {
        let mut working = JoinSet::new();
        loop {
            let open = self.store.get_one::<OpenJobs>(()).await?.unwrap_or_default();
            for open in &open.jobs {
                if !self.is_stopping() && self.board.take_on(open.job) {
                    working.spawn(carry_out(Arc::clone(self), open.job));
                }
            }
            if working.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some(ended) = working.join_next() => {
                    if let Ok(job) = ended {
                        self.board.let_go(job);
                    }
                }
                () = self.board.came.notified() => {}
            }
        }
    }
}

/// Works on a job until it has ended, or this process stops.
async fn carry_out(scrip: Arc<Scrip>, id: JobId) -> JobId {
    let mut failures = 0;
    let mut reached = None;
    while !scrip.is_stopping() {
        let run = AssertUnwindSafe(scrip.carry_on(id)).catch_unwind().await;
        let fault = match run {
            Ok(Ok(())) => break,
            Ok(Err(failure)) => with_causes(&failure),
            Err(panic) => format!("a fault of the program: {}", message(&*panic)),
        };
        // What is to be tried again has to be on disk.
        let job = scrip.store.get_one::<Jobs>(id).await.ok().flatten();
        let cursor = job.as_deref().map(|job| job.cursor);
        failures = if cursor == reached { failures + 1 } else { 1 };
        reached = cursor;
        tracing::error!(job = id.0, fault, failures, "a job failed: it is tried again from its last step on");
        if failures >= TRIES {
            if let Some(job) = job {
                let error = "something inside broke: the log of the gateway says what".to_owned();
                scrip.give_up(&job, error).await;
            }
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE * 2_u32.pow(failures)) => {}
            () = scrip.stop.cancelled() => {}
        }
    }
    id
}

impl Scrip {
    /// Takes the lease of a job and works on it.
    async fn carry_on(self: &Arc<Self>, id: JobId) -> Result<(), Failure> {
        let Some(job) = self.store.get_one::<Jobs>(id).await? else { return Ok(()) };
        let plan = self.plan(id).await?.ok_or_else(|| Failure::internal(format!("job {} has no plan", id.0)))?;
        let (name, groups) = (job.started_by.clone(), job.groups.clone());
        let caller = Caller { name, groups, ..Caller::scrip() };
        let begin = JobStep { job: id, fence: job.fence, from: job.cursor, work: Work::Begin };
        let job = match self.change(&caller, None, Box::new(begin)).await {
            Ok(job) => *job,
            // It was stopped meanwhile.
            Err(Failure::Refused(refusals)) if refusals.iter().all(|refusal| refusal.code == Code::ValueInvalid) => {
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        self.board.tell();
        let mut lease = Lease::new(Arc::clone(self), caller, job);
        match plan {
            Plan::Import(plan) => lease.read(&plan, None).await,
            Plan::Bulk(plan) => lease.bulk(&plan).await,
            Plan::Export(plan) => lease.export(&plan).await,
            Plan::Update(plan) => lease.update(&plan).await,
            Plan::Undo => lease.undo().await,
        }
    }

    async fn plan(&self, id: JobId) -> Result<Option<Plan>, Failure> {
        let Some(plan) = self.store.get_one::<JobPlans>(id).await? else { return Ok(None) };
        serde_json::from_value(plan.0).map(Some).map_err(Failure::internal)
    }

    /// What a job is asked to write.
    pub(super) async fn export_plan(&self, id: JobId) -> Result<Option<ExportPlan>, Failure> {
        Ok(match self.plan(id).await? {
            Some(Plan::Export(plan)) => Some(plan),
            _ => None,
        })
    }

    /// Ends a job that cannot go on.
    async fn give_up(&self, job: &Job, error: String) {
        let work = Work::Finish(Some(error));
        let step = JobStep { job: job.id, fence: job.fence, from: job.cursor, work };
        let told = self.change(&Caller::scrip(), None, Box::new(step)).await;
        if let Err(failure) = told {
            tracing::error!(job = job.id.0, %failure, "a job that failed stays open");
        }
        self.board.tell();
    }
}
