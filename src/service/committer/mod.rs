//! The one place through which every change of state passes. It gathers the commands that wait at
//! the moment, decides each in order on what is loaded, writes all of it in one transaction and only
//! then answers everyone. A refused command takes nothing else down; nothing waits for company.
//!
//! A decision never reads the database: where it needs a row that is not loaded it stops and says
//! which, the rows that all commands miss are read together, and the batch is decided again.
//!
//! # The map
//!
//! A use case is a method of `Attempt`, in a file with its name (`coupons`, `redeem`, `checkout`, `hold`, `returns`, `pools`,
//! `importing` ...); `decide` has the table of them. It works through collaborators, of which each uses only those above it:
//!
//! | collaborator | what it does | files |
//! | --- | --- | --- |
//! | `Rows` | what was loaded, what this command changes over it, and what it lacks | `rows` |
//! | `Books` | records what happens: events, ledger, counts, dues, what customers hold and were given, purchases, the audit | `books`, `holdings`, `limits`, `notices`, `purchases`, `audit` |
//! | `Lookups` | finds what a caller means: pools, coupons by id and code, those that a customer holds | `lookups`, `held` |
//! | `Supply` | a pool's next coupon, and new codes | `supply`, `codes` |
//!
//! Beside these, over the rows or the books alone: `Plugins` (what they are asked), `Access` (`keys`, `groups`, `settings`),
//! `JobBook` (`jobs`) and `Erasing` (`erasure`). `rehearse` has decisions that change nothing, and what is looked up or read
//! ahead as they do it. `Rows` alone touches a command's change: nothing else can lose a part of it.

mod ahead;
mod asker;
mod attempt;
mod audit;
mod books;
mod cache;
mod checkout;
mod codes;
mod coupons;
mod customers;
mod decide;
mod eligible;
mod erasure;
mod found;
mod groups;
mod held;
mod hold;
mod holdings;
mod importing;
mod jobs;
mod keys;
mod limits;
mod lookups;
mod notices;
mod plugins;
mod pools;
mod purchases;
mod redeem;
mod rehearse;
mod resume;
mod returns;
#[cfg(test)]
mod rounds;
mod rows;
mod settings;
mod steps;
mod stop;
mod supply;
mod together;
mod waiting;
mod worker;
mod working;
mod written;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Action, Answer, Caller, Command, Failure, Registry, command::Whose, fatal::start_vital, opened::Unopened,
    prepare::Prepared, question::Question, time::Time, turn::away, vitals::Vitals,
};
use cache::Cache;
pub(super) use lookups::Target;
pub(super) use plugins::{plugin_coupon, plugin_customer, plugin_pool};
pub(super) use rehearse::State;
pub(super) use resume::last_time;
use scrip_domain::id::EventId;
use scrip_storage::{StorageError, Store};
use waiting::Waiting;
use worker::{Known, Worker};
pub(super) use written::Ahead;
use written::Written;

/// How many commands may wait; beyond it callers wait for a place.
const QUEUE: usize = 4_096;

/// A command on its way, and where its answer goes.
pub(super) struct Request {
    pub(super) caller: Caller,
    pub(super) idempotency: Option<String>,
    pub(super) command: Command,
    pub(super) prepared: Prepared,
    reply: Option<oneshot::Sender<Reply>>,
}

/// What has to be found out outside of the committer before a command can be decided.
#[derive(Debug)]
pub(super) enum Needs {
    /// What plugins say.
    Plugins(Vec<Question>),
    /// What a customer's history says of a pool's coupons.
    Search(Whose),
    /// How many coupons of a pool a customer had claimed before that was counted.
    Count(Whose),
    /// The codes of a series, whose tables take long to build.
    Open(Unopened),
}

/// What came of a request: its answer, after which what it changed is durable; or what has to be found out first, after
/// which nothing has changed.
type Settled = Result<Result<Answer, Failure>, Needs>;

/// The same for whoever sent it, who gets the command back with what it needs.
pub(super) type Reply = Result<Result<Answer, Failure>, Box<Returned>>;

impl Request {
    /// Tells whoever sent it what came of it. A caller that has gone away does not undo what it asked for.
    fn answer(mut self, settled: Settled) {
        if let Some(reply) = self.reply.take() {
            drop(reply.send(settled.map_err(|needs| self.returned(needs))));
        }
    }

    /// Gives the command back, because something has to be found out first.
    fn returned(self, needs: Needs) -> Box<Returned> {
        Box::new(Returned { needs, command: self.command, prepared: self.prepared })
    }
}

/// A command that comes back, because something has to be found out before it can be decided.
pub(super) struct Returned {
    pub(super) needs: Needs,
    pub(super) command: Command,
    pub(super) prepared: Prepared,
}

/// The way into the committer. Cheap to clone; when the last one is dropped, the committer ends.
#[derive(Debug, Clone)]
pub(crate) struct Committer {
    queue: mpsc::Sender<Request>,
    latest: watch::Receiver<EventId>,
    /// How many commands have come from callers.
    asked: Arc<AtomicU64>,
    /// How many batches were written.
    written: Arc<AtomicU64>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("caller", &self.caller.id).finish_non_exhaustive()
    }
}

impl Committer {
    /// Starts it on a thread of its own, so that a commit's many small steps stay on one core: measured,
    /// a lone claim takes three quarters of the time that it takes on the shared threads. What is given back
    /// ends when every handle is dropped and all that waited is answered.
    pub(crate) async fn start(
        store: Arc<Store>,
        registry: Arc<Registry>,
        time: Arc<Time>,
        vitals: Arc<Vitals>,
    ) -> Result<(Self, oneshot::Receiver<()>), StorageError> {
        let (queue, requests) = mpsc::channel(QUEUE);
        let stream = registry.stream();
        let sequence = resume::last_sequence(&store, &registry.numbering).await?;
        let (announce, latest) = watch::channel(EventId { stream, sequence });
        let (cache, waiting, batches) = (Cache::default(), Waiting::default(), Arc::<AtomicU64>::default());
        let written = Written::new(Arc::clone(&batches));
        let known = Known::UpTo(sequence);
        let worker = Worker { store, registry, time, vitals, requests, waiting, announce, cache, written, known };
        let failed =
            |error: std::io::Error| StorageError::Database(format!("no thread for the committer: {error}").into());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (ended, end) = oneshot::channel();
        let run = move || {
            runtime.block_on(worker.run());
            let _ = ended.send(());
        };
        start_vital("committer", run).map_err(failed)?;
        Ok((Self { queue, latest, asked: Arc::default(), written: batches }, end))
    }

    /// Has a command carried out, or gets it back with what it needs. What is answered is durable.
    pub(super) async fn submit(
        &self,
        caller: &Caller,
        idempotency: Option<String>,
        command: Command,
        prepared: Prepared,
    ) -> Reply {
        if command.demands() != Action::KeepBooks {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        let (reply, answer) = oneshot::channel();
        let request = Request { caller: caller.clone(), idempotency, command, prepared, reply: Some(reply) };
        let stopped = || Ok(Err(Failure::internal("the committer has stopped".to_owned())));
        // Who waits for the disk keeps nobody from reading.
        away(async {
            if self.queue.send(request).await.is_err() {
                return stopped();
            }
            answer.await.unwrap_or_else(|_| stopped())
        })
        .await
    }

    /// How many commands have come from callers: by it whoever works in the background knows that they have changes made.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Begins to read ahead: rows that are read from now on are as they are now, or later.
    pub(super) fn ahead(&self) -> Ahead {
        Ahead::begin(self.written.load(Ordering::SeqCst))
    }

    /// The last event that is durable; changes with every commit that made one.
    #[must_use]
    pub(crate) fn latest(&self) -> watch::Receiver<EventId> {
        self.latest.clone()
    }
}
