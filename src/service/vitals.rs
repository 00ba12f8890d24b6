//! Whether Scrip goes on: what the committer and the search for expiries are doing and since when, and what keeps
//! changes from being made. Asking it reads memory and the file system's free room, never the database, so it answers
//! while the database does not.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{fatal::start_vital, tasks::States, time::Time};
use scrip_storage::Room;

/// How long one step may take before it counts as standing still. The slowest that was measured, a memtable that is
/// written to a slow disk, took five seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked at for the log.
const LOOK: Duration = Duration::from_secs(1);

/// What callers are told where the database cannot write.
pub(super) const STUCK: &str = "the database cannot write: the disk may be full; see the log";

/// What is being done at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing: there is no work.
    Nothing,
    /// A step that has to end.
    Step(&'static str),
    /// Nothing, and there never will be again.
    Ended,
}

/// What one part of Scrip is doing, and since when.
#[derive(Debug)]
pub(super) struct Pulse {
    who: &'static str,
    beat: Mutex<(Doing, Instant)>,
}

impl Pulse {
    fn new(who: &'static str) -> Self {
        Self { who, beat: Mutex::new((Doing::Nothing, Instant::now())) }
    }

    /// Notes that another step begins.
    pub(super) fn set(&self, doing: Doing) {
        *self.beat.lock().unwrap_or_else(PoisonError::into_inner) = (doing, Instant::now());
    }

    /// What is wrong with it.
    fn problem(&self, now: Instant) -> Option<String> {
        let (doing, since) = *self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        standing_still(doing, now.saturating_duration_since(since)).map(|what| format!("{} {what}", self.who))
    }
}

/// What is wrong with a part that has been doing this for so long.
fn standing_still(doing: Doing, since: Duration) -> Option<String> {
    match doing {
        Doing::Nothing => None,
        Doing::Step(_) if since < PATIENCE => None,
        Doing::Step(step) => Some(format!("has been {step} for more than {} seconds", PATIENCE.as_secs())),
        Doing::Ended => Some("has ended".to_owned()),
    }
}

/// How much the committer has worked since Scrip was started.
#[derive(Debug, Default)]
pub(super) struct Work {
    decided: AtomicU64,
    written: AtomicU64,
}

impl Work {
    /// A batch was decided, or decided again on more rows.
    pub(super) fn decided(&self) {
        self.decided.fetch_add(1, Ordering::Relaxed);
    }

    /// A batch was written.
    pub(super) fn written(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
    }
}

/// The signs of life of a running Scrip.
#[derive(Debug)]
pub struct Vitals {
    pub(super) work: Work,
    pub(super) committer: Pulse,
    pub(super) sweep: Pulse,
    /// Whether the database could not write when it was last tried.
    stuck: AtomicBool,
    time: Arc<Time>,
    room: Room,
    tasks: Arc<States>,
    stop: CancellationToken,
}

impl Vitals {
    pub(super) fn new(time: Arc<Time>, room: Room, tasks: Arc<States>, stop: CancellationToken) -> Self {
        let (committer, sweep) = (Pulse::new("the committer"), Pulse::new("the search for expiries"));
        let work = Work::default();
        Self { work, committer, sweep, stuck: AtomicBool::new(false), time, room, tasks, stop }
    }

    /// Notes that the database could not write. Why is for the log, once: the database's own words are not for callers.
    pub(super) fn set_stuck(&self, cause: &str) {
        if !self.stuck.swap(true, Ordering::Relaxed) {
            tracing::error!(cause, "the database cannot write: it is tried again until it can");
        }
    }

    /// Notes that it could.
    pub(super) fn set_unstuck(&self) {
        self.stuck.store(false, Ordering::Relaxed);
    }

    /// What is told where the database could not write when it was last tried.
    pub(super) fn stuck(&self) -> Option<String> {
        self.stuck.load(Ordering::Relaxed).then(|| STUCK.to_owned())
    }

    /// Why changes are refused before anything is written; none where they are made.
    pub(super) fn refusal(&self) -> Option<String> {
        self.no_room().or_else(|| self.time.doubt().map(|doubt| doubt.to_string()))
    }

    /// The same, the clock aside.
    pub(super) fn no_room(&self) -> Option<String> {
        self.room.lack().map(|lack| lack.to_string())
    }

    /// Everything that is wrong at a moment; nothing where Scrip can serve. It asks the file system, which may take
    /// long where a disk does not answer.
    #[must_use]
    pub fn problems(&self, now: Instant) -> Vec<String> {
        // Where it stops, nothing is looked for any more.
        let sweep = Some(&self.sweep).filter(|_| !self.stop.is_cancelled());
        let standing = [Some(&self.committer), sweep].into_iter().flatten().filter_map(|pulse| pulse.problem(now));
        standing.chain(self.tasks.problems(true)).chain(self.stuck()).chain(self.refusal()).collect()
    }

    /// How often batches were decided since Scrip was started, and how many were written.
    #[must_use]
    pub fn batches(&self) -> (u64, u64) {
        let Work { decided, written } = &self.work;
        (decided.load(Ordering::Relaxed), written.load(Ordering::Relaxed))
    }

    /// What is wrong and keeps nobody from being served.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.tasks.problems(false)
    }
}

/// Logs what is wrong, once when it begins and once when it is over, until the other end is dropped. It has a thread
/// of its own, because the others may be what stands still.
pub(super) fn watch(vitals: Arc<Vitals>, end: Receiver<()>) -> std::io::Result<()> {
    let run = move || {
        let mut known = Vec::new();
        while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            let found = vitals.problems(Instant::now());
            let (new, over) = changed(&known, &found);
            for problem in new {
                tracing::error!(problem, "Scrip is not ready");
            }
            for problem in over {
                tracing::info!(problem, "that is over");
            }
            known = found;
        }
    };
    start_vital("watchdog", run).map(drop)
}

/// What has begun and what is over between two looks, told by kind: a number in a text may change meanwhile.
fn changed<'a>(before: &'a [String], after: &'a [String]) -> (Vec<&'a str>, Vec<&'a str>) {
    fn kind(text: &str) -> String {
        text.chars().filter(|sign| !sign.is_ascii_digit()).collect()
    }
    let lacks = |list: &[String], text: &str| list.iter().all(|other| kind(other) != kind(text));
    let new = after.iter().map(String::as_str).filter(|text| lacks(before, text)).collect();
    let over = before.iter().map(String::as_str).filter(|text| lacks(after, text)).collect();
    (new, over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caller, Clock, CustomerEdit, Scrip, tasks::TaskState};
    use scrip_domain::{customer::Customer, id::CustomerId};
    use scrip_storage::{Address, Batch, Customers};

    #[test]
    fn a_step_that_takes_too_long_stands_still() {
        let step = Doing::Step("writing");
        for (doing, seconds, wrong) in [
            (Doing::Nothing, 0, None),
            (Doing::Nothing, 1_000, None),
            (step, 0, None),
            (step, 9, None),
            (step, 10, Some("has been writing for more than 10 seconds")),
            (Doing::Ended, 0, Some("has ended")),
        ] {
            let found = standing_still(doing, Duration::from_secs(seconds));
            assert_eq!(found.as_deref(), wrong, "{doing:?} for {seconds} s");
        }
    }

    /// Waits until something is so; a test that waits in vain says for what.
    async fn within(what: &str, mut is_so: impl FnMut() -> bool) {
        let waiting = async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.expect(what);
    }

    /// Whoever reads a row of a batch waits until that is announced, the committer too.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_committer_that_waits_for_the_database_stands_still() {
        const STUCK: &str = "the committer has been reading rows from the database for more than 10 seconds";
        let address = Address::parse("mem://").expect("an address");
        let scrip = Scrip::open(&address, Clock::System, None).await.expect("a database");
        // Some tasks write when they first run: what is announced there would announce the batch here, too, because a
        // database has one writer.
        let at_work = |task: &TaskState| task.runs == 0 && task.name != "live changes";
        within("every task has run", || !scrip.task_states().iter().any(at_work)).await;
        let id = CustomerId::parse("ann").expect("a customer's id");
        let mut batch = Batch::default();
        batch.insert::<Customers>(id.clone(), Box::new(Customer::unknown(id.clone())));
        let unannounced = scrip.store.commit(&batch).await.expect("written");
        let edit = CustomerEdit { id, email: None, currency: None, attributes: None };
        let asking = Arc::clone(&scrip);
        let asked = tokio::spawn(async move { asking.change(&Caller::scrip(), None, Box::new(edit)).await });
        let in_ten_seconds = || scrip.vitals.problems(Instant::now() + PATIENCE);
        within("it stands still", || in_ten_seconds().iter().any(|problem| problem == STUCK)).await;
        assert_eq!(scrip.vitals.problems(Instant::now()), [] as [String; 0], "it is not yet too long");
        drop(unannounced);
        asked.await.expect("an end").expect("an answer");
        assert!(!in_ten_seconds().iter().any(|problem| problem == STUCK));
    }

    #[test]
    fn a_problem_is_told_once_and_once_when_it_is_over() {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (before, after, new, over) in [
            (&[][..], &["a"][..], &["a"][..], &[][..]),
            (&["a"], &["a"], &[], &[]),
            (&["12 MiB left"], &["9 MiB left"], &[], &[]),
            (&["a"], &["a", "b"], &["b"], &[]),
            (&["a", "b"], &["b"], &[], &["a"]),
            (&["a"], &["b"], &["b"], &["a"]),
        ] {
            let (before, after) = (list(before), list(after));
            let (found_new, found_over) = changed(&before, &after);
            assert_eq!((found_new.as_slice(), found_over.as_slice()), (new, over), "{before:?} {after:?}");
        }
    }
}
