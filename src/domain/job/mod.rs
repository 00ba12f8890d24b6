//! Jobs: work on many coupons in the background. A job is queued, runs and ends. Whoever runs it takes a lease, whose
//! fencing number each of its steps names, so that a step of a former owner is refused. A step moves the cursor and the
//! counters together, so that no row is done twice and the counters equal the report.

mod effect;
mod import;
#[cfg(test)]
mod tests;

pub use effect::{Effect, Opposite};
pub use import::{Field, Holding, ImportRow, MAX_CELL};

use serde::{Deserialize, Serialize};

use super::{
    group::Groups,
    id::PoolId,
    period::Instant,
    rejection::{Input, Refusal, Rejection},
};

/// A job, numbered from 1 in the order in which they were started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

/// What a job does (`JobKind` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// Where a job is in its life (`JobStatus` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobStatus {
    /// It waits for its turn.
    Queued,
    /// It is being worked on.
    Running,
    /// All of its rows were looked at.
    Succeeded,
    /// It could not go on.
    Failed,
    /// Somebody has stopped it.
    Cancelled,
}

/// What a job came to (`JobOutcome` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// How many rows came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Done.
    pub done: u64,
    /// Left as they are, because nothing is to be done for them: codes that exist already.
    pub skipped: u64,
    /// Refused; each is in the report.
    pub refused: u64,
}

impl Counters {
    /// How many rows were looked at.
    #[must_use]
    pub fn total(self) -> u64 {
        self.done + self.skipped + self.refused
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            skipped: self.skipped + other.skipped,
            refused: self.refused + other.refused,
        }
    }

    /// What they come to.
    #[must_use]
    pub fn outcome(self) -> JobOutcome {
        match (self.done, self.refused) {
            (0, 0) => JobOutcome::NothingToDo,
            (_, 0) => JobOutcome::All,
            (0, _) => JobOutcome::None,
            (_, _) => JobOutcome::Some,
        }
    }
}

/// How far a job is in what it works on: the next part of its list, or byte of its file, what was done of that part, and
/// the line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// The part of the list, or the byte of the file.
    pub place: u64,
    /// How many of that part were looked at.
    pub within: u64,
    /// The line of the file before it.
    pub line: u64,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Where it is in its life.
    pub status: JobStatus,
    /// Whether it changes nothing and only tells what would come of it.
    pub dry_run: bool,
    /// The pool that it is about, where it is about one.
    pub pool: Option<PoolId>,
    /// Who has started it: the name that its events carry.
    pub started_by: String,
    /// The groups of users of who has started it: it works on their pools, and on those of no group, and others see
    /// nothing of it.
    pub groups: Groups,
    /// How many rows there are, once that is known.
    pub total: Option<u64>,
    /// What came of those that were looked at.
    pub counters: Counters,
    /// How far it is.
    pub cursor: Cursor,
    /// The number of the lease: raised whenever somebody begins to work on it.
    pub fence: u64,
    /// How many parts its list has.
    pub parts: u64,
    /// How many rows of what it has done are kept, for whoever takes it back.
    pub effects: u64,
    /// When it was started.
    pub created_at: Instant,
    /// Since when it is worked on.
    pub started_at: Option<Instant>,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// Why it could not go on.
    pub error: Option<String>,
    /// The job that it takes back.
    pub undoes: Option<JobId>,
    /// The job that takes it back, where one does or did.
    pub undone_by: Option<JobId>,
    /// The columns of its rows, for the report of what was refused; empty where they are coupons.
    pub columns: Vec<String>,
}

/// What is told where another works on a job by now, or the step was taken already.
const STALE: &str = "a step of a job that is elsewhere by now";

impl Job {
    /// How many rows may be refused: what is refused more often is wrong as a whole, and its report would be as long.
    pub const MAX_REFUSED: u64 = 1_000_000;
    /// How many milliseconds a job and its report are kept after its end.
    pub const KEPT: i64 = 30 * 24 * 60 * 60 * 1_000;

    /// Whether it has not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.status, JobStatus::Queued | JobStatus::Running)
    }

    /// What it came to; none while it goes on.
    #[must_use]
    pub fn outcome(&self) -> Option<JobOutcome> {
        (!self.is_open()).then(|| self.counters.outcome())
    }

    /// Takes the lease. What was tried without changing anything begins anew, as does a file, and fixing what it is to work
    /// on.
    pub fn begin(mut self, now: Instant) -> Result<Self, Rejection> {
        if !self.is_open() {
            return Err(stale());
        }
        if self.dry_run || self.kind == JobKind::Export {
            (self.counters, self.cursor) = (Counters::default(), Cursor::default());
        }
        if self.total.is_none() {
            (self.parts, self.cursor) = (0, Cursor::default());
        }
        self.fence += 1;
        self.status = JobStatus::Running;
        self.started_at.get_or_insert(now);
        Ok(self)
    }

    /// Whether whoever holds a lease may take the step from a cursor on.
    pub fn check_step(&self, fence: u64, from: Cursor) -> Result<(), Rejection> {
        if self.status == JobStatus::Running && self.fence == fence && self.cursor == from {
            Ok(())
        } else {
            Err(stale())
        }
    }

    /// After a step.
    #[must_use]
    pub fn stepped(mut self, counted: Counters, to: Cursor) -> Self {
        self.counters = self.counters.plus(counted);
        self.cursor = to;
        self
    }

    /// After its last step, or where it cannot go on.
    #[must_use]
    pub fn finished(mut self, error: Option<String>, now: Instant) -> Self {
        self.status = if error.is_some() { JobStatus::Failed } else { JobStatus::Succeeded };
        if self.status == JobStatus::Succeeded {
            self.total = Some(self.counters.total());
        }
        self.error = error;
        self.finished_at = Some(now);
        self
    }

    /// Stops it: what was done stays. One that takes another back is stopped halfway by force alone, because it leaves some
    /// coupons as they were and others not.
    pub fn cancel(mut self, force: bool, now: Instant) -> Result<Self, Refusal> {
        if !self.is_open() {
            let reason = format!("the job has ended: it is {}", self.status.name());
            return Err(Rejection::ValueInvalid { reason }.at([Input::Id]));
        }
        if self.kind == JobKind::PoolUpdate {
            let reason = "the new terms hold for all that they are for since the edit was made: wait, and undo the job";
            return Err(Rejection::ValueInvalid { reason: reason.to_owned() }.at([Input::Id]));
        }
        if self.kind == JobKind::Undo && !self.dry_run && self.counters.done > 0 && !force {
            let reason = "some coupons have been taken back already, and others not: wait, or cancel it with force";
            return Err(Rejection::ValueInvalid { reason: reason.to_owned() }.at([Input::Force]));
        }
        self.status = JobStatus::Cancelled;
        self.finished_at = Some(now);
        Ok(self)
    }

    /// Whether what it did can be taken back, or why not.
    pub fn check_undo(&self, dry_run: bool) -> Result<(), Refusal> {
        let reason = match self.kind {
            JobKind::Export => "an export changes nothing: there is nothing to take back",
            JobKind::Import => "what an import has added is not taken back: invalidate the coupons",
            _ if self.dry_run => "it changed nothing: there is nothing to take back",
            _ if self.is_open() => "it has not ended yet: cancel it, or wait",
            _ if self.undone_by.is_some() && !dry_run => "it was taken back already: undo the job that has done so",
            _ if self.counters.done == 0 => "it has done nothing: there is nothing to take back",
            JobKind::Bulk | JobKind::PoolUpdate | JobKind::Undo => return Ok(()),
        };
        Err(Rejection::ValueInvalid { reason: reason.to_owned() }.at([Input::Id]))
    }

    /// How many rows were looked at in a second, until now or its end.
    #[must_use]
    pub fn per_second(&self, now: Instant) -> Option<f64> {
        let end = self.finished_at.unwrap_or(now).as_millisecond();
        let millis = end.saturating_sub(self.started_at?.as_millisecond());
        (millis > 0).then(|| self.counters.total() as f64 * 1_000.0 / millis as f64)
    }
}

fn stale() -> Rejection {
    Rejection::ValueInvalid { reason: STALE.to_owned() }
}

impl JobKind {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "IMPORT",
            Self::Bulk => "BULK",
            Self::Export => "EXPORT",
            Self::PoolUpdate => "POOL_UPDATE",
            Self::Undo => "UNDO",
        }
    }
}

impl JobOutcome {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Some => "SOME",
            Self::None => "NONE",
            Self::NothingToDo => "NOTHING_TO_DO",
        }
    }
}

impl JobStatus {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}
