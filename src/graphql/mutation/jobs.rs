//! The mutations of jobs.

use async_graphql::{Context, ID, Object, Result};
use scrip_domain::rejection::Input;

use super::user_errors;
use crate::{
    asking::session,
    failure::failed,
    global_id::{ids, job_id},
    input::{CouponsBulkInput, ExportStartInput, ImportStartInput},
    types::{Job, JobPayload},
    visible,
};
use scrip_domain::job::{self, JobId};
use scrip_service::{Action, Failure};

#[derive(Debug, Default)]
pub(super) struct JobMutation;

#[Object]
impl JobMutation {
    /// Starts to import a file that was uploaded (POST /uploads) into an uploaded pool. Its rows are added in parts, each
    /// with what it came to in one transaction: after a crash it goes on where it was.
    #[graphql(visible = "visible::manage_jobs")]
    async fn import_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which file, into which pool, and how it is read.")] input: ImportStartInput,
    ) -> Result<Option<JobPayload>> {
        let key = input.idempotency_key.clone();
        let started = match input.draft(ids(ctx)?) {
            Ok(draft) => session(ctx)?.start_import(key, draft).await,
            Err(refusal) => Err(refusal.into()),
        };
        payload(ctx, started)
    }

    /// Starts one action with many coupons. Each goes through the decision of the single action and makes the same
    /// events; one that is refused keeps no other from being done.
    #[graphql(visible = "visible::manage_jobs")]
    async fn coupons_bulk(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is done, with which coupons.")] input: CouponsBulkInput,
    ) -> Result<Option<JobPayload>> {
        let key = input.idempotency_key.clone();
        let started = match input.draft(ids(ctx)?) {
            Ok(draft) => session(ctx)?.start_bulk(key, draft).await,
            Err(refusal) => Err(refusal.into()),
        };
        payload(ctx, started)
    }

    /// Starts to write the coupons of a pool to a file, which is kept for a day: for pages that cannot read a stream
    /// (GET /pools/ID/coupons.csv) to its end.
    #[graphql(visible = "visible::manage_jobs")]
    async fn export_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which coupons, and how the file is written.")] input: ExportStartInput,
    ) -> Result<Option<JobPayload>> {
        let key = input.idempotency_key.clone();
        let started = match input.plan(ids(ctx)?) {
            Ok(plan) => session(ctx)?.start_export(key, plan).await,
            Err(refusal) => Err(refusal.into()),
        };
        payload(ctx, started)
    }

    /// Stops a job within one of its steps. What was done stays, and is told.
    #[graphql(visible = "visible::manage_jobs")]
    async fn job_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] id: ID,
        #[graphql(desc = "Also where it leaves something half taken back.")] force: Option<bool>,
    ) -> Result<Option<JobPayload>> {
        let cancelled = match named(ctx, &id)? {
            Ok(job) => session(ctx)?.cancel_job(job, force.unwrap_or_default()).await,
            Err(failure) => Err(failure),
        };
        payload(ctx, cancelled)
    }

    /// Starts to take back what a finished job has done, where the coupons have not changed since; those that have are
    /// refused and told. An undo can be undone as well.
    #[graphql(visible = "visible::manage_jobs")]
    async fn job_undo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] id: ID,
        #[graphql(desc = "Changes nothing, and tells what would come of it.")] dry_run: Option<bool>,
    ) -> Result<Option<JobPayload>> {
        let started = match named(ctx, &id)? {
            Ok(job) => session(ctx)?.undo_job(job, dry_run.unwrap_or_default()).await,
            Err(failure) => Err(failure),
        };
        payload(ctx, started)
    }
}

/// The job that is named, for whoever may know whether there is one.
fn named(ctx: &Context<'_>, id: &ID) -> Result<std::result::Result<JobId, Failure>> {
    if let Err(failure) = session(ctx)?.demand(Action::ManageJobs) {
        return Ok(Err(failure));
    }
    Ok(job_id(ids(ctx)?, id).map_err(|rejection| rejection.at([Input::Id]).into()))
}

fn payload(ctx: &Context<'_>, job: std::result::Result<job::Job, Failure>) -> Result<Option<JobPayload>> {
    Ok(Some(match job {
        Ok(job) => JobPayload { job: Some(Job(job)), user_errors: Vec::new() },
        Err(Failure::Refused(refusals)) => JobPayload { job: None, user_errors: user_errors(refusals) },
        Err(broken) => return Err(failed(ctx, &broken)),
    }))
}
