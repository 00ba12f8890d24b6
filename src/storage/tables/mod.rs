//! The tables, one file for those that belong together: each with its key and order, its documents, and the form that
//! they are kept in. A form that changes is a new format ([`crate::format`]).

mod answers;
mod audit;
mod codes;
mod configured;
mod coupons;
mod customer_purchases;
mod customers;
mod erasures;
mod events;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_access;
#[cfg(test)]
mod golden_jobs;
mod groups;
mod jobs;
mod ledger;
mod notices;
mod numbering;
mod pools;
mod presence;
mod row_counts;
mod settings;
mod terms;
mod words;

use std::{fmt, sync::Arc};

use super::{
    chain::Link,
    codec::{self, CodecError, Parts, PartsReader, id_bytes, id_text},
    table::{Form, Held, Table, tables},
};
use scrip_domain::{
    access::{ApiKey, Settings},
    audit::{AuditEntry, AuditHead},
    coupon::Coupon,
    customer::Customer,
    event::Change,
    gift_card::Entry,
    group::{GroupId, UserGroup},
    id::{CouponId, CustomerId, EntryId, EventId, PoolId, TermsNumber},
    job::{Effect, Job, JobId},
    notice::Outbox,
    pool::Pool,
    presence::{Node, NodeId},
    terms::Terms,
};

pub use answers::{Answer, Purchase};
pub use codes::Named;
pub use configured::{CONFIGURED_KEPT, Configuring};
pub use customer_purchases::Listing;
pub use customers::{Happened, HeldAt, Holding, Whole};
pub use erasures::{Erasure, Stage};
pub use events::{Dated, EVENTS_IN_ROW};
pub use jobs::{JobPlan, JobRefusal, Open, OpenJob, Stretch};
pub use notices::FailedNotice;
pub use numbering::Numbering;
pub use pools::{Claims, Tally};
pub use row_counts::Counted;
pub(crate) use row_counts::TABLES;

/// Where a row of any table is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowId(AnyKey);

/// The document of a row of any table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(AnyDocument);

impl RowId {
    /// The row of a table with this key.
    #[must_use]
    pub fn of<T: Table>(key: T::Key) -> Self {
        T::id(key)
    }

    /// Its key, if it is of this table.
    #[must_use]
    pub fn key<T: Table>(&self) -> Option<&T::Key> {
        T::key_of(self)
    }
}

/// As SurrealQL has it, but for texts that it would quote: `coupon:[7, 42]`.
impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut id = Vec::with_capacity(64);
        id_bytes(&self.parts(), &mut id);
        write!(f, "{}:{}", NAMES.get(self.table()).copied().unwrap_or_default(), id_text(&id))
    }
}

impl Row {
    /// A row of a table.
    #[must_use]
    pub fn of<T: Table>(document: T::Document) -> Self {
        T::row(document)
    }

    /// Its document, if it is of this table.
    #[must_use]
    pub fn document<T: Table>(&self) -> Option<&T::Document> {
        T::document_of(self)
    }

    /// The same, taken out.
    #[must_use]
    pub fn into_document<T: Table>(self) -> Option<T::Document> {
        T::into_document(self)
    }
}

tables! {
    /// Pools, without the terms of their coupons.
    Pools { PoolId => Box<Pool> }
    /// The terms that a pool's coupons carry, by their number in the pool. They never change.
    PoolTerms { (PoolId, TermsNumber) => Arc<Terms> }
    /// How far a pool's codes have been given out, and how many coupons it has in each status.
    Tallies { PoolId => Tally as Box }
    /// The codes of an uploaded pool, 64 in a row, by their places divided by that.
    CodeLists { (PoolId, u64) => Vec<String> }
    /// The uploaded coupons that a code names, by its form without regard to case
    /// ([`scrip_domain::code::case_key`]). More than one only where case-sensitive pools have codes that differ in case
    /// alone.
    CodeOwners { String => Vec<Named> }
    /// The uploaded coupons that a typed code may mean, by its form without what is forgiven
    /// ([`scrip_domain::code::typed_form`]), where that is another than the one without regard to case.
    TypedCodes { String => Vec<Named> }
    /// Coupons that have been touched.
    Coupons { CouponId => Box<Coupon> }
    /// The full leaves of a coupon's history.
    Histories { (CouponId, u32) => Vec<EventId> }
    /// The nodes of a pool's tree of statuses.
    Nodes { (PoolId, NodeId) => Node }
    /// The entries of gift cards' ledgers.
    Ledger { EntryId => Entry as Box }
    /// Customers.
    Customers { CustomerId => Box<Customer> }
    /// Who has an e-mail address, by its form without regard to case.
    Emails { String => CustomerId }
    /// The coupons of a pool that a customer holds: a row for each, those that can be used apart from the others, in the
    /// order of their places; and one that says how far back the customer's history was searched for more. Kept for
    /// pools where that is asked ([`scrip_domain::pool::Pool::holdings_since`]).
    Holdings { (CustomerId, PoolId, Option<HeldAt>) => Holding }
    /// The events of a customer's history.
    CustomerEvents { (CustomerId, EventId) => Happened }
    /// The events of a batch, up to [`EVENTS_IN_ROW`] in a row, by the first of them.
    Events { EventId => Vec<Dated> }
    /// Coupons whose time is over at an instant, in milliseconds since 1970.
    Dues { (i64, CouponId) => () }
    /// Purchases that were recorded: checkouts, or the redemption of one coupon.
    Purchases { (String, Option<CouponId>) => Purchase }
    /// Answers to idempotency keys: by the period that they are kept with
    /// ([`scrip_domain::clock::BatchTime::period`]), the caller, the key.
    Answers { (u32, String, String) => Answer }
    /// What the whole programme is set to: one row.
    Programme { () => Settings as Box }
    /// API keys, by the hash of their secret.
    ApiKeys { String => ApiKey as Box }
    /// The format of the data: one row, which every version reads.
    Formats { () => u32 }
    /// The last batches, by their place in the ring.
    Batches { u32 => Link as Box }
    /// How many rows each table has: one row.
    RowCounts { () => Counted as Box }
    /// Where numbers begin that a salvaged database gives: one row, and none where it was never salvaged.
    Numberings { () => Numbering }
    /// The events that name a purchase, by its id.
    TransactionEvents { (String, EventId) => CouponId }
    /// Checkouts that hold something until an instant, in milliseconds since 1970, by the id of the purchase.
    HoldDues { (i64, String) => () }
    /// The entries of the audit, by their numbers.
    AuditEntries { u64 => Box<AuditEntry> }
    /// The end of the audit: one row, and none where nothing was noted.
    AuditHeads { () => AuditHead }
    /// Groups of users.
    UserGroups { GroupId => UserGroup }
    /// Customers who are being erased.
    Erasures { CustomerId => Erasure as Box }
    /// Jobs.
    Jobs { JobId => Box<Job> }
    /// What a job was asked to do: written once.
    JobPlans { JobId => JobPlan }
    /// What a job is to work on, fixed before it begins: a part of the list in a row.
    JobParts { (JobId, u64) => Vec<Stretch> }
    /// What a job has done, a row for each of its steps that changed something.
    JobEffects { (JobId, u64) => Vec<Effect> }
    /// What a job refused, by its place in the report.
    JobRefusals { (JobId, u64) => Box<JobRefusal> }
    /// The jobs that have not ended, and the number of the last one: one row.
    OpenJobs { () => Open }
    /// What partners are still to be told: the place of an event in the log, by its pool.
    Notices { (PoolId, EventId) => () }
    /// What they could not be told.
    FailedNotices { (PoolId, EventId) => FailedNotice }
    /// The queues of pools that have some of either.
    Outboxes { PoolId => Outbox as Box }
    /// The purchases that name a customer, by their ids.
    CustomerPurchases { (CustomerId, String) => () }
    /// How far the purchases were listed that versions before have recorded: one row.
    PurchaseLists { () => Listing }
    /// The last entries of what was configured, by their numbers divided by [`CONFIGURED_KEPT`]: what is left.
    Configured { u32 => Configuring as Box }
}

fn encode_as<T: Form>(key: &T::Key, document: &T::Document) -> Result<Vec<u8>, CodecError> {
    let record = codec::encode(T::TABLE, &T::parts(key), &T::keep(key, document))?;
    if record.len() > T::MOST {
        return Err(CodecError::new(format!(
            "a record of {} bytes, and at most {} are kept there",
            record.len(),
            T::MOST
        )));
    }
    Ok(record)
}

/// The document of a table in the bytes of its record.
fn decode_as<T: Form>(key: &T::Key, record: &[u8]) -> Result<T::Document, CodecError> {
    T::restore(key, codec::decode(record)?)
}

#[cfg(test)]
mod tests {
    use super::{Row, RowId};

    #[test]
    fn a_row_is_small() {
        // Batches, the committer's cache and what is being written hold thousands of them in tables of their own.
        assert!(size_of::<Row>() <= 64, "{} bytes: hold the largest document `as Box`", size_of::<Row>());
        assert!(size_of::<RowId>() <= 64, "{} bytes", size_of::<RowId>());
    }
}
