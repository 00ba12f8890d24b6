//! The engine's failures in SurrealDB's words, which Scrip tells apart by what is to be done about them.

use surrealdb_kvs::Error;
use surrealkv::Error as EngineError;

/// A failure of anything but a commit: nothing was written.
pub(super) fn failed(error: EngineError) -> Error {
    definite(&error).unwrap_or_else(|| Error::Transaction(error.to_string()))
}

/// A failure of a commit. Only what is known to have written nothing says so: of anything else, a failed fsync among
/// it, the next start decides whether it happened.
pub(super) fn commit_failed(error: EngineError) -> Error {
    definite(&error).unwrap_or_else(|| Error::CommitOutcomeUnknown(error.to_string()))
}

/// What is known of an error that says that nothing was written.
fn definite(error: &EngineError) -> Option<Error> {
    Some(match error {
        // The engine forgets old writes after a while; a transaction that began before that cannot be checked any more.
        EngineError::TransactionWriteConflict | EngineError::TransactionRetry => {
            Error::TransactionConflict(error.to_string())
        }
        EngineError::TransactionReadOnly => Error::TransactionReadonly,
        EngineError::TransactionClosed => Error::TransactionFinished,
        EngineError::TransactionWithoutSavepoint => Error::NoSavepoint,
        EngineError::BatchTooLarge => Error::TransactionTooLarge,
        EngineError::EmptyKey => Error::Transaction(error.to_string()),
        // An earlier commit has stopped the database; this one did not start.
        EngineError::DatabasePoisoned(_) => Error::Datastore(error.to_string()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use super::*;

    #[test]
    fn only_what_wrote_nothing_says_so() {
        let full = || EngineError::Io(Arc::new(io::Error::from(io::ErrorKind::StorageFull)));
        let stopped = || EngineError::DatabaseStopped("half of a group".to_owned());
        for unknown in [full(), stopped(), EngineError::PipelineStall, EngineError::CommitFail(String::new())] {
            let failure = commit_failed(unknown.clone());
            assert!(matches!(failure, Error::CommitOutcomeUnknown(_)), "{unknown:?}: {failure:?}");
            assert!(!failure.is_retryable());
        }
        for lost in [EngineError::TransactionWriteConflict, EngineError::TransactionRetry] {
            assert!(commit_failed(lost.clone()).is_retryable(), "{lost:?}");
        }
        let failure = commit_failed(EngineError::DatabasePoisoned(Box::new(stopped())));
        assert!(matches!(failure, Error::Datastore(_)), "{failure:?}");
        assert!(matches!(failed(full()), Error::Transaction(_)));
    }
}
