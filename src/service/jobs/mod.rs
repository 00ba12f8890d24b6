//! Jobs: what is asked of them, the files that they read, who works on them, and what is read of them. A job is a row; each
//! of its steps goes through the committer with the number of its lease, so a process that died, or one that was too slow,
//! leaves nothing half done, and the next goes on where the last step ended.

mod asked;
mod bulk;
mod exporting;
mod folder;
mod importing;
mod parts;
mod plan;
mod report;
mod runner;
mod selection;
mod sweep;
mod undoing;
mod updating;
mod uploads;
mod work;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::{Notify, Semaphore, watch};

use super::{Command, CouponRef, Failure, Invalidate, Redeem, Reinstate, Transfer, Unassign, Unredeem};
use scrip_domain::{
    coupon::Coupon,
    event::Reason,
    job::{Effect, JobId, Opposite},
    rejection::{Input, Refusal, Rejection},
};

pub use asked::ImportDraft;
pub(crate) use asked::TASK;
pub use exporting::Exported;
pub(crate) use exporting::Exports;
pub(crate) use plan::UpdatePlan;
pub use plan::{BulkAction, BulkDraft, BulkPlan, ExportFormat, ExportPlan, ImportPlan, Items, OnDuplicate, Plan};
pub use report::{Followed, JobFilter};
pub(crate) use uploads::Uploads;
pub use uploads::{Upload, Uploaded};

/// How many jobs run at once where nothing else is said.
pub const JOBS_AT_ONCE: usize = 2;
/// How large an upload may be where nothing else is said, in bytes.
pub const UPLOAD_LIMIT: u64 = 2 * 1024 * 1024 * 1024;

/// How many uploads come in at once.
const RECEIVED_AT_ONCE: usize = 8;

/// What all who work on jobs and look at them share.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) uploads: Uploads,
    pub(super) exports: Exports,
    at_once: AtomicUsize,
    upload_limit: AtomicU64,
    /// Told when a job was started.
    pub(super) came: Notify,
    /// Raised whenever a job changes.
    changed: watch::Sender<u64>,
    /// As many uploads as may come in at once.
    receiving: Arc<Semaphore>,
    /// The jobs that this process works on.
    under_way: Mutex<Vec<JobId>>,
}

impl Board {
    pub(super) fn new(uploads: Uploads, exports: Exports) -> Self {
        Self {
            uploads,
            exports,
            at_once: AtomicUsize::new(JOBS_AT_ONCE),
            upload_limit: AtomicU64::new(UPLOAD_LIMIT),
            came: Notify::new(),
            changed: watch::Sender::new(0),
            receiving: Arc::new(Semaphore::new(RECEIVED_AT_ONCE)),
            under_way: Mutex::default(),
        }
    }

    /// Sets how many jobs run at once, and how large an upload may be.
    pub(super) fn limit(&self, at_once: usize, upload: u64) {
        self.at_once.store(at_once.max(1), Ordering::Relaxed);
        self.upload_limit.store(upload, Ordering::Relaxed);
    }

    /// How many bytes the files of all exports may have.
    fn most_exported(&self) -> u64 {
        self.upload_limit.load(Ordering::Relaxed).saturating_mul(uploads::KEPT_AT_ONCE)
    }

    /// Removes the files of a database that is gone.
    pub(super) fn end(&self) {
        self.uploads.0.end();
        self.exports.0.end();
    }

    fn at_once(&self) -> usize {
        self.at_once.load(Ordering::Relaxed)
    }

    /// Begins an upload, of so many bytes where that is told.
    pub(super) async fn upload(&self, bytes: Option<u64>) -> Result<Upload, Failure> {
        let limit = self.upload_limit.load(Ordering::Relaxed);
        if bytes.is_some_and(|bytes| bytes > limit) {
            return Err(Refusal::from(uploads::too_large(limit)).into());
        }
        let place = Arc::clone(&self.receiving).try_acquire_owned().map_err(|_| {
            let what = "too many uploads at once: try again when one of them is done";
            Rejection::LimitExceeded { what, limit: RECEIVED_AT_ONCE as u64 }.at([Input::Uploads])
        })?;
        self.uploads.begin(limit, place).await
    }

    /// Tells that a job has changed.
    fn tell(&self) {
        self.changed.send_modify(|number| *number = number.wrapping_add(1));
    }

    fn follow(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Takes a job on, unless it is already, or as many as may be are.
    fn take_on(&self, job: JobId) -> bool {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let takes = under_way.len() < self.at_once() && !under_way.contains(&job);
        if takes {
            under_way.push(job);
        }
        takes
    }

    fn let_go(&self, job: JobId) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != job);
    }
}

/// The action that takes an effect back; none where that is no action that anybody can ask for.
pub(super) fn opposite(effect: &Effect, coupon: &Coupon, reason: Option<&Reason>) -> Option<Command> {
    let (named, reason) = (CouponRef::Id(effect.coupon), reason.cloned());
    Some(match &effect.opposite {
        Opposite::GiveBack(_)
        | Opposite::Restock
        | Opposite::Withdraw
        | Opposite::Terms(..)
        | Opposite::Untouched(..) => return None,
        Opposite::Unassign => Unassign { coupon: named, reason }.into(),
        Opposite::Unredeem => Unredeem { coupon: named, entry: None, transaction: None, amount: None, reason }.into(),
        Opposite::Redeem => Redeem { customer: coupon.customer.clone(), reason, ..Redeem::of(named) }.into(),
        Opposite::Transfer(to) => Transfer { coupon: named, to: Some(to.clone()), to_email: None, reason }.into(),
        Opposite::Reinstate => Reinstate { coupon: named, reason }.into(),
        Opposite::Invalidate => Invalidate { coupon: named, reason }.into(),
    })
}
