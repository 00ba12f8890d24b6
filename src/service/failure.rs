//! Why something was not done.

use std::{error::Error, fmt, sync::Arc};

use thiserror::Error;

use scrip_domain::{causes::with_causes, rejection::Refusal};

/// Why a command was not carried out.
#[derive(Debug, Clone, Error)]
pub enum Failure {
    /// It was refused: nothing was changed.
    #[error("refused: {}", messages(.0))]
    Refused(Vec<Refusal>),
    /// Something inside broke. What is told of it is for the log, never for the caller.
    #[error(transparent)]
    Internal(Broken),
}

impl Failure {
    /// Something inside broke: an error, or a text.
    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(Broken::new(cause))
    }

    /// The same, with what it broke.
    pub(crate) fn because(what: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(Broken::because(what, cause))
    }
}

/// What broke inside, with its causes. A batch that breaks tells all who wait for it, so it is shared.
#[derive(Debug, Clone)]
pub struct Broken(Arc<dyn Error + Send + Sync>);

impl Broken {
    /// An error, or a text.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }

    /// What it broke, and why.
    pub fn because(what: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Because { what: what.into(), cause: cause.into() })
    }

    /// It and its causes, in a line of the log.
    #[must_use]
    pub fn with_causes(&self) -> String {
        with_causes(&*self.0)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[derive(Debug, Error)]
#[error("{what}")]
struct Because {
    what: String,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

/// What refusals say, in one line.
fn messages(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| refusal.message.as_str()).collect::<Vec<_>>().join("; ")
}

impl From<scrip_storage::StorageError> for Failure {
    fn from(error: scrip_storage::StorageError) -> Self {
        Self::internal(error)
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
