//! Jobs as an actor has them.

use super::{Action, Session};
use crate::{
    ExportPlan, Exported, Failure, Followed, ImportDraft, JobFilter, Page, PageRequest,
    jobs::{BulkDraft, Upload},
};
use scrip_domain::job::{Job, JobId};
use scrip_storage::JobRefusal;

impl Session {
    /// Begins an upload, of so many bytes where that is told.
    pub async fn upload(&self, bytes: Option<u64>) -> Result<Upload, Failure> {
        self.0.may(Action::ManageJobs)?.board.upload(bytes).await
    }

    /// Starts an import, once for an idempotency key.
    pub async fn start_import(&self, key: Option<String>, draft: ImportDraft) -> Result<Job, Failure> {
        self.0.may(Action::ManageJobs)?.start_import(self.actor(), key, draft).await
    }

    /// Starts one action with many coupons, once for an idempotency key.
    pub async fn start_bulk(&self, key: Option<String>, draft: BulkDraft) -> Result<Job, Failure> {
        self.0.may(Action::ManageJobs)?.start_bulk(self.actor(), key, draft).await
    }

    /// Starts to write the coupons of a pool to a file, once for an idempotency key.
    pub async fn start_export(&self, key: Option<String>, plan: ExportPlan) -> Result<Job, Failure> {
        self.check_prefix(&plan.filter)?;
        let plan = ExportPlan { masked: !self.sees_codes(), ..plan };
        self.0.may(Action::ManageJobs)?.start_export(self.actor(), key, plan).await
    }

    /// Whether the file that a job has written is kept still.
    pub fn keeps_export(&self, job: &Job) -> Result<bool, Failure> {
        Ok(self.0.may(Action::ReadJobs)?.keeps_export(job))
    }

    /// Whether the actor may have files that jobs have written: they may have whole codes, which not all see who may
    /// export.
    pub fn may_have_exports(&self) -> Result<(), Failure> {
        self.demand(Action::ExportCoupons)?;
        self.demand(Action::ManageJobs)
    }

    /// The file that a job has written.
    pub async fn exported(&self, job: &Job) -> Result<Exported, Failure> {
        self.may_have_exports()?;
        self.0.may(Action::ManageJobs)?.exported(job).await
    }

    /// Stops a job.
    pub async fn cancel_job(&self, job: JobId, force: bool) -> Result<Job, Failure> {
        self.0.may(Action::ManageJobs)?.cancel_job(self.actor(), job, force).await
    }

    /// Takes back what a job has done.
    pub async fn undo_job(&self, job: JobId, dry_run: bool) -> Result<Job, Failure> {
        self.0.may(Action::ManageJobs)?.undo_job(self.actor(), job, dry_run).await
    }

    /// The job with this number.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, Failure> {
        self.0.may(Action::ReadJobs)?.job(&self.0.groups(), id).await
    }

    /// A page of jobs, the latest first.
    pub async fn jobs(&self, filter: &JobFilter, page: &PageRequest<JobId>) -> Result<Page<Job, JobId>, Failure> {
        self.0.may(Action::ReadJobs)?.jobs(&self.0.groups(), filter, page).await
    }

    /// A page of what a job refused. Who may not see codes is told neither those nor the cells of the file.
    pub async fn job_refusals(&self, job: &Job, page: &PageRequest<u64>) -> Result<Page<JobRefusal, u64>, Failure> {
        let mut found = self.0.may(Action::ReadJobs)?.job_refusals(job, page).await?;
        if !self.sees_codes() {
            for (_, refusal) in &mut found.items {
                refusal.code = refusal.code.as_deref().map(super::masked);
                refusal.cells.clear();
            }
        }
        Ok(found)
    }

    /// Forgets jobs that are old, and uploads.
    pub async fn forget_old_jobs(&self) -> Result<(), Failure> {
        self.0.may(Action::KeepBooks)?.sweep_jobs().await
    }

    /// Whether a job that was read exists for the actor still.
    pub async fn still_sees_job(&self, job: &Job) -> Result<bool, Failure> {
        Ok(self.job(job.id).await?.is_some())
    }

    /// Follows a job.
    pub fn follow_job(&self, id: JobId) -> Result<Followed, Failure> {
        Ok(self.0.may(Action::ReadJobs)?.follow_job(&self.0.groups(), id))
    }
}
