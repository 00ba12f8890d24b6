//! A refusal: what is told of a rejection, and of which part of the input.

use serde::{Deserialize, Serialize};

use super::{Code, Path, Rejection, Step};

/// A refusal as its caller gets it; kept with an idempotency key, so that a retry gets it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What programs match on.
    pub code: Code,
    /// What a person reads.
    pub message: String,
    /// Which part of the input; empty where it is about no single part.
    pub field: Path,
}

impl Refusal {
    /// The same refusal, one level further up in the input.
    #[must_use]
    pub fn within(self, outer: impl Into<Step>) -> Self {
        Self { field: self.field.within(outer), ..self }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        rejection.at::<Step>([])
    }
}
