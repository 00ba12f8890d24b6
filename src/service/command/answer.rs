//! What is answered to a command that was carried out: a type for each kind of use case, and [`Answer`], which is any of
//! them and the form in which an answer is kept with an idempotency key.

use serde::{Deserialize, Serialize};

use crate::{EligibleRecord, PurchaseRecord, record::CheckoutRecord};
use scrip_domain::{
    access::{ApiKey, Settings},
    coupon::Coupon,
    customer::Customer,
    group::UserGroup,
    id::{EntryId, PoolId},
    job::Job,
    period::Instant,
    pool::{Counts, Pool},
    rejection::Refusal,
};

/// A coupon that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The coupon, after it.
    pub coupon: Box<Coupon>,
    /// The ledger entry that was made.
    pub entry: Option<EntryId>,
}

/// A pool that was edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The pool, after it.
    pub pool: Box<Pool>,
    /// How many coupons of before are in the scope of the edit, by what they were at its instant.
    pub reached: Counts,
    /// The job that has those that have a row keep it; none where it is for new coupons alone.
    pub job: Option<Box<Job>>,
}

/// Codes that were generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The pool, after it.
    pub pool: Box<Pool>,
    /// How many were added.
    pub count: u64,
}

/// A checkout that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// What was decided.
    pub record: Box<CheckoutRecord>,
    /// Where it comes out otherwise than its caller expects, and nothing was recorded: how that is refused.
    pub refusal: Option<Refusal>,
}

impl Agreed {
    /// One that comes out as it is told.
    #[must_use]
    pub(crate) fn as_told(record: CheckoutRecord) -> Self {
        Self { record: Box::new(record), refusal: None }
    }
}

/// A checkout that holds something, or held it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCheckout {
    /// What was decided.
    pub record: Box<CheckoutRecord>,
    /// Until when it is held; none where it is not.
    pub until: Option<Instant>,
    /// As of [`Agreed`].
    pub refusal: Option<Refusal>,
}

/// A code that was not added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// As it was given.
    pub code: String,
    /// Why not.
    pub reason: Refusal,
}

/// What became of a list of codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The pool.
    pub pool: PoolId,
    /// How many were added.
    pub added: u64,
    /// Those that were not.
    pub skipped: Vec<Skipped>,
}

/// Any answer, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The pool, after it.
    Pool(Box<Pool>),
    /// The pool, after an edit that reached so many coupons of before, and the job that has them keep it.
    Edited(Box<Pool>, Counts, Option<Box<Job>>),
    /// The coupon, after it, and the ledger entry that it made.
    Coupon(Box<Coupon>, Option<EntryId>),
    /// What became of a list of codes.
    Added(Added),
    /// The pool, after this many codes were added to it.
    Generated(Box<Pool>, u64),
    /// The customer, after it.
    Customer(Box<Customer>),
    /// What was decided of a checkout.
    Checkout(Box<CheckoutRecord>),
    /// A checkout that comes out otherwise than expected: how, and the refusal. Nothing was recorded.
    PriceChanged(Box<CheckoutRecord>, Refusal),
    /// Which of a customer's coupons fit a basket.
    Eligible(Box<EligibleRecord>),
    /// What was decided of a checkout that is held, until when.
    Held(Box<CheckoutRecord>, Instant),
    /// What a checkout had held that was given back.
    Released(Box<CheckoutRecord>),
    /// The purchase, after it.
    Purchase(Box<PurchaseRecord>),
    /// The settings, after it.
    Settings(Settings),
    /// The key, after it.
    Key(Box<ApiKey>),
    /// The group, after it.
    Group(UserGroup),
    /// The job, after it.
    Job(Box<Job>),
    /// Done.
    Done,
}

/// The answer of a use case, which is kept as an [`Answer`].
pub trait FromAnswer: Into<Answer> {
    /// The answer of this kind; none where it is of another.
    fn from_answer(answer: Answer) -> Option<Self>;
}

macro_rules! answers {
    ($($of:ty: $pattern:pat => $read:expr, $this:ident => $kept:expr;)+) => {
        $(
            impl FromAnswer for $of {
                fn from_answer(answer: Answer) -> Option<Self> {
                    match answer {
                        $pattern => Some($read),
                        _ => None,
                    }
                }
            }

            impl From<$of> for Answer {
                fn from($this: $of) -> Self {
                    $kept
                }
            }
        )+
    };
}

answers! {
    Box<Pool>: Answer::Pool(pool) => pool, pool => Self::Pool(pool);
    Edited: Answer::Edited(pool, reached, job) => Self { pool, reached, job },
        made => Self::Edited(made.pool, made.reached, made.job);
    Changed: Answer::Coupon(coupon, entry) => Self { coupon, entry }, made => Self::Coupon(made.coupon, made.entry);
    Added: Answer::Added(added) => added, added => Self::Added(added);
    Generated: Answer::Generated(pool, count) => Self { pool, count }, made => Self::Generated(made.pool, made.count);
    Box<Customer>: Answer::Customer(customer) => customer, customer => Self::Customer(customer);
    Box<EligibleRecord>: Answer::Eligible(record) => record, record => Self::Eligible(record);
    Box<PurchaseRecord>: Answer::Purchase(purchase) => purchase, purchase => Self::Purchase(purchase);
    Settings: Answer::Settings(settings) => settings, settings => Self::Settings(settings);
    UserGroup: Answer::Group(group) => group, group => Self::Group(group);
    Box<ApiKey>: Answer::Key(key) => key, key => Self::Key(key);
    Box<Job>: Answer::Job(job) => job, job => Self::Job(job);
    (): Answer::Done => (), _done => Self::Done;
}

impl FromAnswer for Agreed {
    fn from_answer(answer: Answer) -> Option<Self> {
        match answer {
            Answer::Checkout(record) => Some(Self { record, refusal: None }),
            Answer::PriceChanged(record, refusal) => Some(Self { record, refusal: Some(refusal) }),
            _ => None,
        }
    }
}

impl From<Agreed> for Answer {
    fn from(Agreed { record, refusal }: Agreed) -> Self {
        match refusal {
            None => Self::Checkout(record),
            Some(refusal) => Self::PriceChanged(record, refusal),
        }
    }
}

impl FromAnswer for HeldCheckout {
    fn from_answer(answer: Answer) -> Option<Self> {
        match answer {
            Answer::Held(record, until) => Some(Self { record, until: Some(until), refusal: None }),
            Answer::Released(record) => Some(Self { record, until: None, refusal: None }),
            Answer::PriceChanged(record, refusal) => Some(Self { record, until: None, refusal: Some(refusal) }),
            _ => None,
        }
    }
}

impl From<HeldCheckout> for Answer {
    fn from(HeldCheckout { record, until, refusal }: HeldCheckout) -> Self {
        match (until, refusal) {
            (_, Some(refusal)) => Self::PriceChanged(record, refusal),
            (Some(until), None) => Self::Held(record, until),
            (None, None) => Self::Released(record),
        }
    }
}
