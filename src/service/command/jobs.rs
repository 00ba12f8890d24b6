//! The inputs of jobs: what is asked of them, and the steps in which they work.

use std::sync::Arc;

use crate::jobs::{OnDuplicate, Plan, UpdatePlan};
use scrip_domain::{
    event::Reason,
    id::{CouponId, PoolId},
    job::{Counters, Cursor, Effect, ImportRow, JobId, JobKind},
};
use scrip_storage::{JobRefusal, RowId, Stretch};

use super::Command;

/// Start a job.
#[derive(Debug, Clone)]
pub struct JobStart(pub Box<JobDraft>);

/// A job that is to be started.
#[derive(Debug, Clone)]
pub struct JobDraft {
    /// What it does.
    pub kind: JobKind,
    /// Whether it changes nothing.
    pub dry_run: bool,
    /// The pool that it is about.
    pub pool: Option<PoolId>,
    /// What it is asked to do.
    pub plan: Plan,
    /// What it is to work on, where that is known.
    pub parts: Vec<Vec<Stretch>>,
    /// How many rows there are, where that is known.
    pub total: Option<u64>,
    /// The job that it takes back.
    pub undoes: Option<JobId>,
    /// The columns of its rows.
    pub columns: Vec<String>,
    /// The file that it reads.
    pub upload: Option<String>,
}

/// Stop a job.
#[derive(Debug, Clone, Copy)]
pub struct JobCancel {
    /// Which.
    pub job: JobId,
    /// Also where it leaves something half done.
    pub force: bool,
}

/// A step of a job, which whoever works on it takes.
#[derive(Debug, Clone)]
pub struct JobStep {
    /// Which job.
    pub job: JobId,
    /// By which lease.
    pub fence: u64,
    /// From where.
    pub from: Cursor,
    /// What is done.
    pub work: Work,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Work {
    /// It takes the lease.
    Begin,
    /// It notes what the job is to work on; the last of them says that this is all.
    Fix(Vec<Stretch>, bool),
    /// It works on rows, after which the job is at this cursor. They are shared with whoever takes the step, who may have to
    /// take it again.
    Rows(Arc<Vec<StepRow>>, Cursor),
    /// It notes what was found out of rows of a job that changes nothing.
    Told(Counters, Vec<JobRefusal>, Cursor),
    /// It is the last one, or tells why there is no other.
    Finish(Option<String>),
}

/// A row of a step.
#[derive(Debug, Clone)]
pub struct StepRow {
    /// Its line, or its place among the coupons that the job works on, from 1.
    pub line: u64,
    /// Its cells, where it is of a file.
    pub cells: Vec<String>,
    /// What is to be done.
    pub task: RowTask,
}

/// What is to be done with a row.
#[derive(Debug, Clone)]
pub enum RowTask {
    /// Add a coupon to a pool.
    Import(Box<ImportRow>, PoolId, OnDuplicate),
    /// One action.
    Act(Box<Command>),
    /// Take all coupons of a pool out of use that nobody has touched.
    Withdraw(PoolId),
    /// Have a coupon keep what so many of its pool's updates say of it.
    Update(CouponId, u32),
    /// Note that all coupons of a pool have kept an update, and how many of those that nobody had touched have a row.
    Updated(Box<UpdatePlan>, u64),
    /// Take an effect back.
    Undo(Box<Effect>, Option<Reason>),
    /// Nothing: it was refused where it was read.
    Refused(Box<JobRefusal>),
    /// Nothing: so many were found to be skipped.
    Skipped(u64),
}

/// Forget rows of a job that is old, and the job itself where nothing else is left of it.
#[derive(Debug, Clone)]
pub struct JobForget {
    /// Which.
    pub job: JobId,
    /// These rows of it.
    pub rows: Vec<RowId>,
    /// Whether that is all.
    pub whole: bool,
}
