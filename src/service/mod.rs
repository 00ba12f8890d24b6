//! The use cases: what can be asked and done, in the domain's words. Every change of state is a
//! [`Command`] that passes through the [`Committer`]; everything else only reads.

mod browse;
mod clock;
mod command;
mod committer;
mod customers;
mod events;
mod expiry;
mod keys;
mod page;
mod patterns;
mod registry;
mod scrip;

pub use browse::{CouponFilter, foreign_cursor};
pub use clock::Clock;
pub use command::{
    Added, Answer, Caller, CheckoutOrder, CheckoutRecord, Command, CouponRef, CustomerEdit, Failure, PoolEdit,
    Presentation, Recorded, RestrictionsEdit, Skipped, fingerprint,
};
pub use committer::Committer;
pub use events::{EventCursor, EventFilter};
pub use keys::{NewKey, hash_secret};
pub use page::{MAX_PAGE, Page, PageRequest};
pub use patterns::{PatternDraft, PatternFacts, PatternFault};
pub use registry::{PoolFilter, PoolOrder, Registry};
pub use scrip::Scrip;
