//! Why a decision ends before it is one.

use std::error::Error;

use crate::{Broken, Failure, command::Whose, opened::Unopened};
use scrip_domain::rejection::{Refusal, Rejection};

/// Why a decision ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Rows are missing; which, is noted with the rows.
    Missing,
    /// Plugins have to be asked; what, the attempt has noted.
    Asks,
    /// A customer's history has to be searched for coupons of a pool.
    Searches(Box<Whose>),
    /// A customer's claims have to be counted that are from before they were.
    Counts(Box<Whose>),
    /// A series has to be opened.
    Opens(Unopened),
    /// Refused.
    Refused(Vec<Refusal>),
    /// Something inside broke: the rows contradict each other, or cannot be read.
    Broken(Broken),
}

impl Stop {
    /// Something inside broke: an error, or a text.
    pub(super) fn broken(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(Broken::new(cause))
    }

    /// The same, with what it broke.
    pub(super) fn because(what: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(Broken::because(what, cause))
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Refusal::from(rejection).into()
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusals) => Self::Refused(refusals),
            Failure::Internal(reason) => Self::Broken(reason),
        }
    }
}

impl From<Vec<Refusal>> for Stop {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self::Refused(refusals)
    }
}
