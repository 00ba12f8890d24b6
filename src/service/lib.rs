//! The use cases: what can be asked and done, in the domain's words. Every change of state is a
//! [`Command`] that passes through the [`Committer`]; everything else only reads.

mod adding;
mod attempts;
mod audit;
mod backups;
mod bound;
mod browse;
mod caller;
mod clock;
mod codebook;
mod command;
mod committer;
mod customers;
mod eligible;
mod erasure;
mod erasure_jobs;
mod events;
mod expiry;
mod export;
mod failure;
mod fatal;
mod follow;
mod forgetting;
mod front;
mod given;
mod groups;
mod history;
mod issued;
mod jobs;
mod keys;
mod lists;
mod meaning;
mod notices;
mod opened;
mod page;
mod patterns;
mod personal;
mod pool_list;
mod prepare;
mod purchase;
mod purchase_lists;
mod question;
mod reading;
mod record;
mod registry;
#[cfg(test)]
mod sample;
mod scrip;
mod search;
mod session;
mod sight;
mod tail;
mod tasks;
mod time;
mod tokens;
mod turn;
mod vitals;
mod weight;

pub use adding::AddedInParts;
pub use attempts::Tries;
pub use audit::AuditFilter;
pub use backups::{BackupPlan, LEAST_BACKUP_RATE, RunningBackup};
pub use caller::{Caller, Proof};
pub use clock::{Clock, ManualClock};
pub use command::*;
use committer::Committer;
pub use eligible::{EligibleOrder, EligibleRecord, MAX_ELIGIBLE};
pub use erasure::Erased;
pub use events::{EventCursor, EventFilter};
pub use export::{CouponSink, Csv, Export, File, Format, JsonLines, write_cell};
pub use failure::{Broken, Failure};
pub use fatal::{before_end, end_process, last_line, start_vital};
pub use issued::usable;
pub use jobs::{
    BulkAction, BulkDraft, BulkPlan, ExportFormat, ExportPlan, Exported, Followed, ImportDraft, ImportPlan, Items,
    JOBS_AT_ONCE, JobFilter, OnDuplicate, Plan, UPLOAD_LIMIT, Upload, Uploaded,
};
pub use keys::{KeyDraft, NewKey};
pub use lists::{CouponFilter, Index, Span, foreign_cursor};
use meaning::fingerprint;
pub use notices::{PartnerNews, SHOWN_FAILURES};
pub use page::{DEFAULT_PAGE, MAX_PAGE, Page, PageRequest};
pub use patterns::{DraftFor, PatternFacts};
pub use personal::{Personal, PersonalData};
pub use pool_list::{PoolOrder, PoolPlace};
pub use purchase::{
    HoldFacts, MAX_RETURNED_LINES, MAX_RETURNS, PurchaseFacts, PurchaseRecord, ReturnOrder, ReturnRecord,
    ReturnedCoupon,
};
pub use reading::{ColumnRef, DELIMITERS, Encoding, FileFacts, MappingDraft};
pub use record::{CheckoutRecord, Recorded};
pub use registry::PoolFilter;
use registry::Registry;
pub use scrip::Scrip;
pub use scrip_plugins::lower_priority;
pub use scrip_storage::{AuditFound, DatabaseSize, FailedNotice, JobRefusal, TableEstimate};
pub use session::{Action, Rights, Session};
pub use sight::Sight;
pub use tail::{Follower, Resync};
pub use tasks::{LastRun, TaskState};
pub use time::{Doubt, Time};
pub use tokens::{Issuer, IssuerDraft, IssuerFault, IssuerKey, NewToken};
pub use turn::{Turn, in_turn};
pub use vitals::Vitals;
