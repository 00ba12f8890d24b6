//! The one place through which every change of state passes. It gathers the commands that wait at
//! the moment, decides each in order on what is loaded, writes all of it in one transaction and only
//! then answers everyone. A refused command takes nothing else down; nothing waits for company.
//!
//! A decision never reads the database: where it needs a row that is not loaded it stops and says
//! which, the rows that all commands miss are read together, and the batch is decided again.

mod attempt;
mod bookkeeping;
mod checkout;
mod codes;
mod coupons;
mod customers;
mod decide;
mod lookup;
mod plugins;
mod pools;
mod redeem;
mod supply;
mod working;

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot, watch};

use super::{Answer, Caller, Clock, Command, Failure, Registry, prepare::Prepared, question::Question};
use scrip_domain::id::EventId;
use scrip_storage::{StorageError, Store};
use working::{Cache, Working};

/// The most commands that one transaction carries.
const MAX_BATCH: usize = 256;
/// How many commands may wait; beyond it callers wait for a place.
const QUEUE: usize = 4_096;
/// How often a batch is decided again after it lost a race.
const MAX_TRIES: u32 = 8;
/// The stream of events that this gateway writes.
pub(super) const STREAM: u32 = 1;

/// A command on its way, and where its answer goes.
pub(super) struct Request {
    pub(super) caller: Caller,
    pub(super) idempotency: Option<String>,
    pub(super) command: Command,
    pub(super) prepared: Prepared,
    reply: Option<oneshot::Sender<Reply>>,
}

/// What came of a request: its answer, after which what it changed is durable; or what plugins have to be asked
/// first, after which nothing has changed.
type Settled = Result<Result<Answer, Failure>, Vec<Question>>;

/// The same for whoever sent it, who gets the command back with the questions.
pub(super) type Reply = Result<Result<Answer, Failure>, Box<Returned>>;

/// A command that comes back, because plugins have to be asked before it can be decided.
pub(super) struct Returned {
    pub(super) questions: Vec<Question>,
    pub(super) command: Command,
    pub(super) prepared: Prepared,
}

/// The way into the committer. Cheap to clone; when the last one is dropped, the committer ends.
#[derive(Debug, Clone)]
pub struct Committer {
    queue: mpsc::Sender<Request>,
    latest: watch::Receiver<EventId>,
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
    pub async fn start(
        store: Arc<Store>,
        registry: Arc<Registry>,
        clock: Clock,
    ) -> Result<(Self, oneshot::Receiver<()>), StorageError> {
        let (queue, requests) = mpsc::channel(QUEUE);
        let sequence = last_sequence(&store).await?;
        let (announce, latest) = watch::channel(EventId { stream: STREAM, sequence });
        let worker =
            Worker { store, registry, clock, requests, announce, cache: Cache::default(), sequence: Some(sequence) };
        let failed = |error: std::io::Error| StorageError::Database(format!("no thread for the committer: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (ended, end) = oneshot::channel();
        let run = move || {
            runtime.block_on(worker.run());
            let _ = ended.send(());
        };
        std::thread::Builder::new().name("committer".to_owned()).spawn(run).map_err(failed)?;
        Ok((Self { queue, latest }, end))
    }

    /// Has a command carried out, or gets it back with questions. What is answered is durable.
    pub(super) async fn submit(
        &self,
        caller: &Caller,
        idempotency: Option<String>,
        command: Command,
        prepared: Prepared,
    ) -> Reply {
        let (reply, answer) = oneshot::channel();
        let request = Request { caller: caller.clone(), idempotency, command, prepared, reply: Some(reply) };
        let stopped = || Ok(Err(Failure::Internal("the committer has stopped".to_owned())));
        if self.queue.send(request).await.is_err() {
            return stopped();
        }
        answer.await.unwrap_or_else(|_| stopped())
    }

    /// The last event that is durable; changes with every commit that made one.
    #[must_use]
    pub fn latest(&self) -> watch::Receiver<EventId> {
        self.latest.clone()
    }
}

/// Decides a command on the current state without changing anything.
pub(super) async fn rehearse(
    store: &Store,
    registry: &Registry,
    clock: &Clock,
    caller: &Caller,
    command: Command,
    prepared: Prepared,
) -> Reply {
    let request = Request { caller: caller.clone(), idempotency: None, command, prepared, reply: None };
    let mut working = Working::new(registry, clock.now(), 0, Cache::default());
    loop {
        let missing = match decide::decide(&working, &request) {
            decide::Outcome::Missing(missing) => missing,
            decide::Outcome::Asks(questions) => {
                return Err(Box::new(Returned { questions, command: request.command, prepared: request.prepared }));
            }
            decide::Outcome::Decided(decided) => return Ok(decided.answer),
        };
        if let Err(error) = working.load(store, missing).await {
            return Ok(Err(error.into()));
        }
    }
}

struct Worker {
    store: Arc<Store>,
    registry: Arc<Registry>,
    clock: Clock,
    requests: mpsc::Receiver<Request>,
    announce: watch::Sender<EventId>,
    /// Rows as they are in the database.
    cache: Cache,
    /// The last event written; none while it is not known what became of a write.
    sequence: Option<u64>,
}

impl Worker {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while self.requests.recv_many(&mut batch, MAX_BATCH).await > 0 {
            let answers = self.process(&batch).await;
            for (request, settled) in batch.drain(..).zip(answers) {
                let Request { command, prepared, reply, .. } = request;
                if let Some(reply) = reply {
                    let settled = settled.map_err(|questions| Box::new(Returned { questions, command, prepared }));
                    // A caller that has gone away does not undo what it asked for.
                    drop(reply.send(settled));
                }
            }
        }
    }

    /// Carries a batch out, again where it lost a race, and gives each command's answer.
    async fn process(&mut self, batch: &[Request]) -> Vec<Settled> {
        for attempt in 0..MAX_TRIES {
            match self.try_once(batch).await {
                Ok(answers) => return answers,
                Err(StorageError::Conflict(reason) | StorageError::Exists(reason)) => {
                    tracing::warn!(%reason, attempt, "deciding a batch again");
                    self.sequence = None;
                    tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
                }
                Err(error) => {
                    tracing::error!(%error, commands = batch.len(), "a batch failed");
                    self.sequence = None;
                    return failed(batch.len(), &error.to_string());
                }
            }
        }
        failed(batch.len(), "lost too many races in a row")
    }

    async fn try_once(&mut self, batch: &[Request]) -> Result<Vec<Settled>, StorageError> {
        let sequence = self.known_sequence().await?;
        let now = self.clock.now();
        let mut working = Working::new(&self.registry, now, sequence, std::mem::take(&mut self.cache));
        let answers = loop {
            working.forget_decisions();
            let (answers, missing) = decide_all(&mut working, batch);
            if missing.is_empty() {
                break answers;
            }
            working.load(&self.store, missing).await?;
        };
        let writes = working.batch();
        // Held until the log's end has moved: whoever reads a coupon finds its event in the log, too.
        let _unannounced = if writes.is_empty() { None } else { Some(self.store.commit(&writes).await?) };
        let last;
        (last, self.cache) = working.publish(&self.registry);
        self.sequence = Some(last);
        self.announce.send_if_modified(|latest| std::mem::replace(&mut latest.sequence, last) != last);
        Ok(answers)
    }

    /// The last event written. After a failure the database is asked, and so is the registry read
    /// again, because the write may or may not have happened.
    async fn known_sequence(&mut self) -> Result<u64, StorageError> {
        if let Some(sequence) = self.sequence {
            return Ok(sequence);
        }
        let fresh = Registry::load(&self.store).await?;
        std::mem::swap(&mut *self.registry.write(), &mut *fresh.write());
        last_sequence(&self.store).await
    }
}

fn failed(number: usize, reason: &str) -> Vec<Settled> {
    (0..number).map(|_| Ok(Err(Failure::Internal(reason.to_owned())))).collect()
}

/// Decides all commands in order; gives their answers, and every row that one of them missed.
fn decide_all(working: &mut Working<'_>, batch: &[Request]) -> (Vec<Settled>, working::Missing) {
    let mut answers = Vec::with_capacity(batch.len());
    let mut missing = working::Missing::default();
    for request in batch {
        match decide::decide(working, request) {
            decide::Outcome::Missing(more) => missing.extend(more),
            decide::Outcome::Asks(questions) => answers.push(Err(questions)),
            decide::Outcome::Decided(decided) => {
                if let Some(change) = decided.change {
                    working.accept(*change);
                }
                answers.push(Ok(decided.answer));
            }
        }
    }
    (answers, missing)
}

/// The place of the last event that was written; 0 where there is none.
async fn last_sequence(store: &Store) -> Result<u64, StorageError> {
    use scrip_storage::{Row, RowId};
    let first = RowId::Events(EventId { stream: STREAM, sequence: 0 }).key().text;
    let end = RowId::Events(EventId { stream: STREAM + 1, sequence: 0 }).key().text;
    let Some((text, doc)) = store.scan("event", first, end, true, 1).await?.pop() else { return Ok(0) };
    let start = text.get(8..).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default();
    let id = RowId::Events(EventId { stream: STREAM, sequence: start });
    match Row::decode(&id, &doc)? {
        Row::Events(events) => Ok(start + events.len() as u64 - 1),
        _ => Ok(0),
    }
}
