//! The inputs of erasing a customer.

use scrip_domain::{
    id::{CustomerId, EventId, PoolId},
    job::JobId,
};
use scrip_storage::{HeldAt, Stage};

/// Begin to erase a customer, unless that has begun.
#[derive(Debug, Clone)]
pub struct Erase {
    /// Whom.
    pub customer: CustomerId,
    /// What stands for the customer from then on: a name that nothing leads to.
    pub alias: CustomerId,
    /// Whether that is done although the customer holds coupons that can be used.
    pub force: bool,
}

/// Erase one more part of a customer.
#[derive(Debug, Clone)]
pub struct EraseFurther {
    /// Whom.
    pub customer: CustomerId,
    /// How far it was when this part was looked for: it is erased if it still is.
    pub at: Place,
    /// What is erased.
    pub part: ErasePart,
    /// How far it is then; none where it is at its end.
    pub then: Option<Place>,
    /// About how many bytes of rows that writes.
    pub weight: usize,
}

/// How far an erasure is: the stage, and the parts of the last key that was looked at in it.
pub type Place = (Stage, Vec<String>);

/// What is erased at once.
#[derive(Debug, Clone)]
pub enum ErasePart {
    /// Nothing: there is nothing in what was looked at, or the erasure is given up.
    Nothing,
    /// The counts of these pools are kept under the alias as well.
    Counts(Vec<PoolId>),
    /// These events, in the rows of the log that begin with those.
    Events {
        /// The customer's.
        events: Vec<EventId>,
        /// The rows that they are in, and their neighbours.
        rows: Vec<EventId>,
    },
    /// What is noted of what is held of pools.
    Holdings(Vec<(PoolId, Option<HeldAt>)>),
    /// What is known of the customer.
    Person,
    /// Purchases.
    Purchases(Vec<String>),
    /// Answers to idempotency keys: period, caller, key.
    Answers(Vec<(u32, String, String)>),
    /// E-mail addresses, without regard to case.
    Emails(Vec<String>),
    /// What jobs have done, by the rows of that.
    Effects(Vec<(JobId, u64)>),
    /// What jobs have refused.
    Refusals(Vec<(JobId, u64)>),
    /// What jobs were asked to do that have ended.
    Plans(Vec<JobId>),
}
