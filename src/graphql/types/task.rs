//! Work in the background.

use async_graphql::SimpleObject;

use crate::scalar::{BigInt, DateTime};
use scrip_service::TaskState;

/// Something that the gateway does in the background.
#[derive(Debug, Clone, SimpleObject)]
pub struct BackgroundTask {
    /// What it is called.
    pub name: String,
    /// Since when it runs; null where it does not run at the moment.
    pub running_since: Option<DateTime>,
    /// How often it has run since the gateway was started.
    pub runs: BigInt,
    /// When its last run ended.
    pub last_run_at: Option<DateTime>,
    /// What went wrong in its last run; null where nothing did. The log says more.
    pub last_fault: Option<String>,
    /// How often in a row it has failed.
    pub failures_in_a_row: i32,
    /// When it runs next at the latest; null while it runs, and once it is done.
    pub next_run_at: Option<DateTime>,
}

impl From<TaskState> for BackgroundTask {
    fn from(state: TaskState) -> Self {
        let TaskState { name, running_since, runs, failures, last, next } = state;
        let (at, fault) = last.map_or((None, None), |last| (Some(DateTime(last.at)), last.fault));
        Self {
            name: name.to_owned(),
            running_since: running_since.map(DateTime),
            runs: BigInt(runs.to_string()),
            last_run_at: at,
            // The cause may be in the database's own words, which are for the log.
            last_fault: fault.map(|_| "it failed: see the log".to_owned()),
            failures_in_a_row: i32::try_from(failures).unwrap_or(i32::MAX),
            next_run_at: next.map(DateTime),
        }
    }
}
