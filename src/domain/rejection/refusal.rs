//! A refusal: what is told of a rejection, and of which part of the input.

use serde::{Deserialize, Serialize};

use super::{Code, Rejection};

/// A refusal as its caller gets it; kept with an idempotency key, so that a retry gets it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What programs match on.
    pub code: Code,
    /// What a person reads.
    pub message: String,
    /// Which part of the input; empty where it is about no single part.
    pub field: Vec<String>,
}

impl Refusal {
    /// The same refusal, one level further up in the input.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.field.insert(0, outer.to_owned());
        self
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        rejection.at::<String>([])
    }
}
