//! Work in the background. Each task has a name, what wakes it, and a state that is told (`tasks` of the API, the log, and
//! /readyz where it fails): when it last ran, what came of it, and when it runs next. One that fails or panics runs
//! again, later each time, and stops nothing else.

mod pace;
mod state;

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio_util::sync::CancellationToken;

use crate::{Failure, Scrip, backups::BackupPlan, jobs::TASK as JOBS, tail};
pub(super) use pace::Pace;
use scrip_domain::causes::with_causes;
pub use state::{LastRun, TaskState};
pub(super) use state::{State, States};

/// The task that records expiries.
pub(super) const EXPIRIES: &str = "expiries";

/// The task that goes on with erasures.
pub(super) const ERASURES: &str = "erasures";

/// How often it is looked whether an erasure was cut off.
const ERASE: Duration = Duration::from_secs(10);
/// How often coupons whose time is over are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How often answers to idempotency keys are looked for that are too old.
const FORGET: Duration = Duration::from_secs(10);
/// How often it is kept when keys were last used, where they were.
const USES: Duration = Duration::from_secs(60);
/// How often it is looked whether the key of customer tokens is old.
const RENEW: Duration = Duration::from_secs(60 * 60);
/// How long after a failure a task runs again: twice as long after each, up to the longest.
const RETRY: Duration = Duration::from_millis(250);
const BACKUP_RETRY: Duration = LONGEST_RETRY;
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// When a task runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// After so long, or when it is woken.
    After(Duration),
    /// Never: it is done.
    Never,
}

/// What came of a run.
pub(super) type Run = BoxFuture<'static, Result<Next, Failure>>;

/// Something that is done in the background.
pub(super) struct Task {
    name: &'static str,
    /// Whether a gateway whose task fails again and again should not be asked.
    vital: bool,
    /// Whether it ends by itself when Scrip stops. Others are cut off where they wait.
    ends_itself: bool,
    /// How long after a first failure it runs again.
    retry: Duration,
    run: Box<dyn Fn(Weak<Scrip>) -> Run + Send + Sync>,
}

impl Task {
    /// A task that runs on a Scrip that is not being closed.
    fn new<F>(name: &'static str, run: impl Fn(Arc<Scrip>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Next, Failure>> + Send + 'static,
    {
        let run = move |scrip: Weak<Scrip>| match scrip.upgrade() {
            Some(scrip) => run(scrip).boxed(),
            None => std::future::ready(Ok(Next::Never)).boxed(),
        };
        Self { name, vital: false, ends_itself: false, retry: RETRY, run: Box::new(run) }
    }

    fn vital(self) -> Self {
        Self { vital: true, ..self }
    }
}

/// What every Scrip does in the background.
fn all() -> Vec<Task> {
    let sweep = async |scrip: Arc<Scrip>| scrip.sweep().await.map(|()| Next::After(SWEEP));
    let forget = async |scrip: Arc<Scrip>| scrip.forget_answers().await.map(|()| Next::After(FORGET));
    let ids = async |scrip: Arc<Scrip>| {
        scrip.begin_ids().await?;
        Ok(if scrip.registry.has_ids() { Next::Never } else { Next::After(SWEEP) })
    };
    let tokens = async |scrip: Arc<Scrip>| scrip.renew_token_keys().await.map(|()| Next::After(RENEW));
    let purchases = async |scrip: Arc<Scrip>| scrip.list_purchases().await.map(|()| Next::Never);
    let used = async |scrip: Arc<Scrip>| scrip.keep_uses().await.map(|()| Next::After(USES));
    let erase = async |scrip: Arc<Scrip>| scrip.erase_all().await.map(|()| Next::After(ERASE));
    let rows = async |scrip: Arc<Scrip>| {
        scrip.store.count_rows(scrip.stop.clone()).await?;
        Ok(Next::Never)
    };
    let jobs = async |scrip: Arc<Scrip>| scrip.work_on_jobs().await.map(|()| Next::After(RENEW));
    let old_jobs = async |scrip: Arc<Scrip>| scrip.sweep_jobs().await.map(|()| Next::After(RENEW));
    let partners = async |scrip: Arc<Scrip>| scrip.tell_partners().await.map(|()| Next::After(SWEEP));
    let old_notices = async |scrip: Arc<Scrip>| scrip.forget_notices().await.map(|()| Next::After(RENEW));
    let follow = |scrip: Weak<Scrip>| async move { tail::follow(scrip).await.map(|()| Next::Never) }.boxed();
    vec![
        Task::new(EXPIRIES, sweep).vital(),
        Task::new("old answers", forget),
        Task::new("secret of ids", ids),
        Task::new("key of customer tokens", tokens),
        Task::new("last use of keys", used),
        Task::new(ERASURES, erase),
        Task::new("lists of purchases", purchases),
        Task { ends_itself: true, ..Task::new(JOBS, jobs) },
        Task::new("old jobs", old_jobs),
        Task::new("notices to partners", partners),
        Task::new("old notices to partners", old_notices),
        Task { ends_itself: true, ..Task::new("counts of rows", rows) },
        Task { name: "live changes", vital: true, ends_itself: true, retry: RETRY, run: Box::new(follow) },
    ]
}

impl Scrip {
    /// Starts what every Scrip does in the background.
    pub(super) fn start_tasks(self: &Arc<Self>) {
        for task in all() {
            self.start_task(task);
        }
    }

    /// Takes backups by a plan until Scrip stops.
    pub fn plan_backups(self: &Arc<Self>, plan: BackupPlan) {
        let plan = Arc::new(plan);
        let run = move |scrip| {
            let plan = Arc::clone(&plan);
            async move { plan.take_if_due(&scrip).await }.boxed()
        };
        let retry = BACKUP_RETRY;
        self.start_task(Task { name: "backups", vital: false, ends_itself: true, retry, run: Box::new(run) });
    }

    fn start_task(self: &Arc<Self>, task: Task) {
        let state = self.tasks.enter(task.name, task.vital);
        tokio::spawn(supervise(Arc::downgrade(self), task, state, self.stop.clone()));
    }

    /// How work in the background does.
    pub(super) fn task_states(&self) -> Vec<TaskState> {
        self.tasks.told()
    }
}

/// Runs a task again and again, until it is done or Scrip stops.
async fn supervise(scrip: Weak<Scrip>, task: Task, state: Arc<State>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        state.begin();
        // The making of the future is a part of the run.
        let run = AssertUnwindSafe(async { (task.run)(scrip.clone()).await }).catch_unwind();
        let ended = if task.ends_itself { Some(run.await) } else { stop.run_until_cancelled(run).await };
        let came_of_it = match ended {
            None => break,
            // What was cut off was not at fault.
            Some(Ok(Err(_))) if stop.is_cancelled() => break,
            Some(Ok(Ok(next))) => Ok(next),
            Some(Ok(Err(failure))) => Err(with_causes(&failure)),
            Some(Err(panic)) => {
                let text = crate::fatal::message(&*panic as &(dyn Any + Send));
                Err(format!("a fault of the program: {text}"))
            }
        };
        let next = match came_of_it {
            Ok(next) => {
                state.done(next);
                next
            }
            Err(fault) => {
                tracing::error!(task = task.name, fault, "a task in the background failed: it is tried again");
                state.failed(fault, task.retry)
            }
        };
        let Next::After(wait) = next else { break };
        let woken = async {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = state.woken() => {}
            }
        };
        if stop.run_until_cancelled(woken).await.is_none() {
            break;
        }
    }
    state.stop();
}

#[cfg(test)]
mod tests;
