//! Why something was not done.

use thiserror::Error;

use scrip_domain::rejection::Refusal;

/// Why a command was not carried out.
#[derive(Debug, Clone, Error)]
pub enum Failure {
    /// It was refused: nothing was changed.
    #[error("refused: {}", messages(.0))]
    Refused(Vec<Refusal>),
    /// Something inside broke. The text is for the log, never for the caller.
    #[error("{0}")]
    Internal(String),
}

/// What refusals say, in one line.
fn messages(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| refusal.message.as_str()).collect::<Vec<_>>().join("; ")
}

impl From<scrip_storage::StorageError> for Failure {
    fn from(error: scrip_storage::StorageError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<Vec<Refusal>> for Failure {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self::Refused(refusals)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}
