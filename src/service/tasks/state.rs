//! How a task does: what its last run came to, and when it runs next.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::{LONGEST_RETRY, Next};
use crate::time::Time;
use scrip_domain::period::Instant;

/// From how many failures in a row on it is told that a task fails: one may come of a disk that is full for a moment.
const TOLD: u32 = 3;

/// How long a task has to run until what went wrong before does not count any more: some run on and on.
const WELL: Duration = LONGEST_RETRY;

/// How a task does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskState {
    /// What it is called.
    pub name: &'static str,
    /// Since when it runs, if it does.
    pub running_since: Option<Instant>,
    /// How often it has run since Scrip was started.
    pub runs: u64,
    /// How often in a row it has failed.
    pub failures: u32,
    /// Its last run.
    pub last: Option<LastRun>,
    /// When it runs next at the latest; none while it runs, and once it is done.
    pub next: Option<Instant>,
}

/// A run of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// When it ended.
    pub at: Instant,
    /// What went wrong, for the log and operators; none where it went well.
    pub fault: Option<String>,
}

/// The states of all tasks.
#[derive(Debug)]
pub(crate) struct States {
    time: Arc<Time>,
    all: Mutex<Vec<Arc<State>>>,
}

/// The state of one.
#[derive(Debug)]
pub(crate) struct State {
    time: Arc<Time>,
    vital: bool,
    told: Mutex<TaskState>,
    /// When its run began, by a clock that only goes forward.
    began: Mutex<std::time::Instant>,
    wake: Notify,
}

impl States {
    pub(crate) fn new(time: Arc<Time>) -> Self {
        Self { time, all: Mutex::default() }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<State>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of a task that is about to run.
    pub(super) fn enter(&self, name: &'static str, vital: bool) -> Arc<State> {
        let told = TaskState { name, running_since: None, runs: 0, failures: 0, last: None, next: None };
        let (time, told) = (Arc::clone(&self.time), Mutex::new(told));
        let state =
            Arc::new(State { time, vital, told, began: Mutex::new(std::time::Instant::now()), wake: Notify::new() });
        self.all().push(Arc::clone(&state));
        state
    }

    /// All of them, in the order in which they were started.
    pub(super) fn told(&self) -> Vec<TaskState> {
        self.all().iter().map(|state| state.told().clone()).collect()
    }

    /// Has a task run now. One that runs already runs once more after that.
    pub(crate) fn wake(&self, name: &str) {
        if let Some(state) = self.all().iter().find(|state| state.told().name == name) {
            state.wake.notify_one();
        }
    }

    /// What is wrong with tasks: those that Scrip cannot serve without, or the others.
    pub(crate) fn problems(&self, vital: bool) -> Vec<String> {
        let all = self.all();
        let failing = all.iter().filter(|state| state.vital == vital).filter_map(|state| state.problem());
        failing.collect()
    }
}

impl State {
    fn told(&self) -> MutexGuard<'_, TaskState> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        let now = self.time.now();
        let mut told = self.told();
        (told.running_since, told.next) = (Some(now), None);
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) = std::time::Instant::now();
    }

    fn has_run_for(&self) -> Duration {
        self.began.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// It went well.
    pub(super) fn done(&self, next: Next) {
        self.end(None, 0, next);
    }

    /// It failed: gives when it runs again, later after each failure in a row.
    pub(super) fn failed(&self, fault: String, first: Duration) -> Next {
        let failures = failures_after(self.told().failures, self.has_run_for());
        let twice = 2_u32.saturating_pow(failures - 1);
        let next = Next::After(first.saturating_mul(twice).min(LONGEST_RETRY));
        self.end(Some(fault), failures, next);
        next
    }

    fn end(&self, fault: Option<String>, failures: u32, next: Next) {
        let now = self.time.now();
        let mut told = self.told();
        told.running_since = None;
        told.runs += 1;
        told.failures = failures;
        told.last = Some(LastRun { at: now, fault });
        told.next = match next {
            Next::After(wait) => now.checked_add(wait).ok(),
            Next::Never => None,
        };
    }

    /// It does not run any more.
    pub(super) fn stop(&self) {
        let mut told = self.told();
        (told.running_since, told.next) = (None, None);
    }

    /// Ends when somebody wants it to run.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    fn problem(&self) -> Option<String> {
        let told = self.told();
        // One that runs on and on is well again once it has run for a while.
        let failing = told.failures >= TOLD && (told.running_since.is_none() || self.has_run_for() < WELL);
        failing.then(|| format!("the task \"{}\" has failed {} times in a row: see the log", told.name, told.failures))
    }
}

/// How often in a row a task has failed when a run of this length has failed too.
pub(super) fn failures_after(before: u32, ran_for: Duration) -> u32 {
    if ran_for >= WELL { 1 } else { before.saturating_add(1) }
}
