//! The engine's failures in SurrealDB's words, which Scrip tells apart by what is to be done about them.

use surrealdb_kvs::Error;
use surrealkv::{Error as EngineError, ErrorSeverity, Tree};

/// A failure of anything but a commit: nothing was written.
pub(super) fn failed(error: EngineError) -> Error {
    definite(&error).unwrap_or_else(|| Error::Transaction(error.to_string()))
}

/// What the engine says of a disk without room, whether that is a full one, a quota or a limit on files; and of a log
/// that it replaces after such a failure. It keeps only the texts of errors.
const PASSING: [&str; 6] = [
    "No space left on device",
    "uota exceeded",
    "File too large",
    "without a commit succeeding",
    "not yet in tables",
    "is held until the memtables",
];

/// A failure of a commit, given what has [stopped](stopped) the engine, if anything has. Only what is known to have
/// written nothing says so. What passes is told as [`Error::Datastore`]: before the engine writes anything later, it
/// makes sure that nothing is left of what failed. Of anything else, a failed fsync among it, the next start decides
/// whether it happened.
pub(super) fn commit_failed(error: EngineError, stopped: Option<Error>) -> Error {
    if let Some(definite) = definite(&error) {
        return definite;
    }
    let text = error.to_string();
    match (&error, stopped) {
        (EngineError::PipelineStall, Some(stopped)) => stopped,
        // What comes after half of a commit is never healed.
        (error, _) if !error.is_poisoned() && PASSING.iter().any(|passing| text.contains(passing)) => {
            Error::Datastore(text)
        }
        _ => Error::CommitOutcomeUnknown(text),
    }
}

/// Why nothing can be committed at the moment; none where it can. A commit that starts all the same fails with the
/// same error, which is then not told apart from one in the middle of its writes.
pub(super) fn stopped(tree: &Tree) -> Option<Error> {
    if !tree.is_stopped() {
        return None;
    }
    let stopped = tree.background_error()?;
    let text = stopped.error.to_string();
    if stopped.severity >= ErrorSeverity::FatalError {
        // Until it is opened again.
        return Some(Error::CommitOutcomeUnknown(text));
    }
    // Such as a table that a full disk does not take: it tries again and again.
    Some(Error::Datastore(text))
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
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use super::*;

    fn group(reason: &str) -> EngineError {
        EngineError::Io(Arc::new(io::Error::other(format!("Group commit failed: {reason}"))))
    }

    #[test]
    fn only_what_wrote_nothing_says_so() {
        let half = || EngineError::DatabaseStopped("half of a group: No space left on device".to_owned());
        for unknown in [
            half(),
            EngineError::DatabasePoisoned(Box::new(half())),
            group("WAL error: IO error: Input/output error (os error 5)"),
            EngineError::PipelineStall,
            EngineError::CommitFail(String::new()),
        ] {
            let failure = commit_failed(unknown.clone(), None);
            assert!(matches!(failure, Error::CommitOutcomeUnknown(_)), "{unknown:?}: {failure:?}");
            assert!(!failure.is_retryable());
        }
        for lost in [EngineError::TransactionWriteConflict, EngineError::TransactionRetry] {
            assert!(commit_failed(lost.clone(), None).is_retryable(), "{lost:?}");
        }
        assert!(matches!(failed(half()), Error::Transaction(_)));
    }

    #[test]
    fn a_disk_without_room_passes() {
        for reason in [
            "WAL error: IO error: No space left on device (os error 28)",
            "WAL error: IO error: Disk quota exceeded (os error 122)",
            "Other error: Failed to replace the failed WAL segment: IO error: File too large (os error 27)",
            "Other error: the WAL segment failed and was replaced 2 time(s) without a commit succeeding; wait",
        ] {
            let failure = commit_failed(group(reason), None);
            assert!(matches!(failure, Error::Datastore(_)), "{reason}: {failure:?}");
        }
        let stopped = Error::Datastore("a table".to_owned());
        let failure = commit_failed(EngineError::PipelineStall, Some(stopped));
        assert!(matches!(failure, Error::Datastore(_)), "{failure:?}");
    }
}
