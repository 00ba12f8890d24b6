//! The use cases: what can be asked and done, in the domain's words. Every change of state is a
//! [`Command`] that passes through the [`Committer`]; everything else only reads.

mod backups;
mod browse;
mod clock;
mod codebook;
mod command;
mod committer;
mod customers;
mod events;
mod expiry;
mod export;
mod fatal;
mod history;
mod keys;
mod lists;
mod meaning;
mod opened;
mod page;
mod patterns;
mod pool_list;
mod prepare;
mod question;
mod registry;
mod scrip;
mod search;
mod tail;
mod time;
mod turn;
mod vitals;
mod weight;

pub use backups::{BackupPlan, LEAST_BACKUP_RATE, RunningBackup};
pub use clock::{Clock, ManualClock};
pub use command::{
    Added, Answer, Caller, CheckoutOrder, CheckoutRecord, Command, CouponRef, CustomerEdit, Failure, HoldingsFound,
    PoolEdit, Presentation, Recorded, RestrictionsEdit, Skipped,
};
pub use committer::Committer;
pub use events::{EventCursor, EventFilter};
pub use expiry::Settled;
pub use export::{CouponSink, Export};
pub use fatal::{before_end, end_process, last_line, start_vital};
pub use keys::{NewKey, hash_secret};
pub use lists::{CouponFilter, Span, foreign_cursor};
pub use meaning::fingerprint;
pub use page::{DEFAULT_PAGE, MAX_PAGE, Page, PageRequest};
pub use patterns::{DraftFor, PatternFacts};
pub use pool_list::{PoolOrder, PoolPlace};
pub use registry::{PoolFilter, Registry};
pub use scrip::Scrip;
pub use scrip_plugins::lower_priority;
pub use scrip_storage::{DatabaseSize, TableEstimate};
pub use tail::{Follower, Resync};
pub use time::{Doubt, Time};
pub use turn::{Turn, in_turn};
pub use vitals::Vitals;
