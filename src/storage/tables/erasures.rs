//! Customers who are being erased: how far that is, so that it goes on there after a stop. The row is gone once nothing of
//! the customer is left.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Customers, Erasures,
    words::{self, customer, link_to, linked},
};
use crate::{
    codec::{CodecError, Link, Part, Parts, PartsReader},
    table::{Form, KIB},
};
use scrip_domain::id::{CustomerId, EventId};

/// How far the erasure of a customer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// What stands for the customer from now on: a name that was drawn for this, and that nothing else leads to.
    pub alias: CustomerId,
    /// Whether it is done although the customer holds coupons that can be used.
    pub force: bool,
    /// What happened before this place in the log was the customer's. What comes later under the same id is another's.
    pub before: EventId,
    /// What is looked through.
    pub stage: Stage,
    /// The parts of the last key that was looked at in it; empty at its beginning.
    pub after: Vec<String>,
}

/// What an erasure looks through, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Whether the customer holds coupons that can be used.
    Look,
    /// How many coupons pools have given to the customer.
    Counts,
    /// What happened to the customer's coupons, and they themselves.
    Events,
    /// What is noted of what the customer holds, and the customer.
    Person,
    /// Purchases.
    Purchases,
    /// Answers to idempotency keys.
    Answers,
    /// E-mail addresses that the customer had before.
    Emails,
    /// What jobs were asked to do, have done and have refused.
    Jobs,
}

impl Stage {
    /// Whether the customer is still there, so that nothing else can be done with the customer meanwhile.
    #[must_use]
    pub fn is_of_person(self) -> bool {
        self <= Self::Person
    }

    /// What comes after it; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Some(match self {
            Self::Look => Self::Counts,
            Self::Counts => Self::Events,
            Self::Events => Self::Person,
            Self::Person => Self::Purchases,
            Self::Purchases => Self::Answers,
            Self::Answers => Self::Emails,
            Self::Emails => Self::Jobs,
            Self::Jobs => return None,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptErasure<'a> {
    #[serde(borrow)]
    alias: Link<'a>,
    force: bool,
    /// The stream and the place.
    before: (u32, u64),
    #[serde(borrow)]
    stage: Cow<'a, str>,
    after: Vec<String>,
}

impl Form for Erasures {
    const TABLE: &'static str = "erasure";
    const MOST: usize = 8 * KIB;
    type Kept<'a> = KeptErasure<'a>;

    fn parts(key: &CustomerId) -> Parts<'_> {
        Parts::alone(Part::Text(key.as_str()))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<CustomerId> {
        parts.text().map(customer)
    }

    fn keep<'a>(_: &CustomerId, erasure: &'a Erasure) -> KeptErasure<'a> {
        KeptErasure {
            alias: link_to::<Customers>(&erasure.alias),
            force: erasure.force,
            before: (erasure.before.stream, erasure.before.sequence),
            stage: words::of_stage(erasure.stage).into(),
            after: erasure.after.clone(),
        }
    }

    fn restore(_: &CustomerId, kept: KeptErasure<'_>) -> Result<Erasure, CodecError> {
        Ok(Erasure {
            alias: linked::<Customers>(&kept.alias)?,
            force: kept.force,
            before: EventId { stream: kept.before.0, sequence: kept.before.1 },
            stage: words::stage(&kept.stage)?,
            after: kept.after,
        })
    }
}
