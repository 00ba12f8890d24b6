//! The committer's one thread: it takes the commands that wait, has them decided, writes and answers.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use super::{
    Command, Request, Settled,
    cache::Cache,
    decide, resume, steps,
    waiting::{MAX_BATCH, Waiting},
    working::{Missing, Working},
    written::Written,
};
use crate::{
    Failure, Registry,
    fatal::end_process,
    time::Time,
    vitals::{Doing, STUCK, Vitals},
};
use scrip_domain::{
    causes::with_causes,
    clock::BatchTime,
    id::EventId,
    rejection::{Refusal, Rejection},
};
use scrip_storage::{StorageError, Store};

/// How often a batch is decided again after it lost a race.
const MAX_TRIES: u32 = 8;
/// How long it is before a database that could not write is tried again.
const RESPITE: Duration = Duration::from_secs(1);

pub(super) struct Worker {
    pub(super) store: Arc<Store>,
    pub(super) registry: Arc<Registry>,
    pub(super) time: Arc<Time>,
    pub(super) vitals: Arc<Vitals>,
    pub(super) requests: mpsc::Receiver<Request>,
    /// Those that were taken from the queue and are not decided yet.
    pub(super) waiting: Waiting,
    pub(super) announce: watch::Sender<EventId>,
    /// Rows as they are in the database.
    pub(super) cache: Cache,
    /// Which rows were written last.
    pub(super) written: Written,
    /// What is known of what is written.
    pub(super) known: Known,
}

/// What the committer knows of what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// All, up to the last event, which has this place.
    UpTo(u64),
    /// Somebody else has written, too: what they have configured is read.
    Outdated,
    /// Something failed: all is read again.
    Nothing,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Also where it panicked.
        self.vitals.committer.set(Doing::Ended);
    }
}

impl Worker {
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while self.waiting.take(&mut self.requests).await {
            self.waiting.next(&mut batch);
            let answers = self.process(&batch).await;
            for (request, settled) in batch.drain(..).zip(answers) {
                request.answer(settled);
            }
            if self.waiting.is_empty() {
                self.vitals.committer.set(Doing::Nothing);
            }
        }
    }

    /// Carries a batch out and gives each command's answer. One that cannot be written is tried again in parts, until
    /// only the commands fail because of which it could not.
    async fn process(&mut self, batch: &[Request]) -> Vec<Settled> {
        in_parts(batch, async |part| {
            let settled = self.carry_out(part).await;
            if let Err(error) = &settled {
                tracing::error!(
                    error = with_causes(error),
                    commands = part.len(),
                    "a batch failed; of several, each part is tried again"
                );
            }
            settled.map_err(|error| Ok(Err(Failure::internal(error))))
        })
        .await
    }

    /// Carries a part of a batch out, again where it lost a race.
    async fn carry_out(&mut self, batch: &[Request]) -> Result<Vec<Settled>, StorageError> {
        let mut lost = 0;
        loop {
            match self.try_once(batch).await {
                Ok(answers) => return Ok(answers),
                Err(error @ (StorageError::Conflict(_) | StorageError::Exists(_))) if lost + 1 >= MAX_TRIES => {
                    self.known = Known::Nothing;
                    return Err(error);
                }
                Err(StorageError::Conflict(reason) | StorageError::Exists(reason)) => {
                    tracing::warn!(%reason, lost, "deciding a batch again");
                    // What no entry tells is found by reading everything.
                    self.known = if lost == 0 { Known::Outdated } else { Known::Nothing };
                    self.written.forget();
                    tokio::time::sleep(Duration::from_millis(1 << lost)).await;
                    lost += 1;
                }
                // Written again until it is: only then it is known that it was not written before.
                Err(error @ StorageError::Stuck(_)) => self.stand_by(&with_causes(&error)).await,
                // The next start reads what is on disk; whatever was answered here could be something else.
                Err(error @ StorageError::Unknown(_)) => end_process(&with_causes(&error)),
                Err(error) => {
                    self.known = Known::Nothing;
                    return Err(error);
                }
            }
        }
    }

    /// Waits until the database may be able to write again, and turns away whoever comes meanwhile. Whoever asked for
    /// the batch that it could not write waits with it.
    async fn stand_by(&mut self, cause: &str) {
        self.vitals.committer.set(Doing::Nothing);
        self.vitals.set_stuck(cause);
        let refusal = unavailable(STUCK.to_owned());
        self.waiting.drain().for_each(|request| request.answer(refused(&refusal)));
        let mut turned_away = Vec::with_capacity(MAX_BATCH);
        loop {
            let wait = tokio::time::sleep(RESPITE);
            let came = async {
                while self.requests.recv_many(&mut turned_away, MAX_BATCH).await > 0 {
                    for request in turned_away.drain(..) {
                        request.answer(refused(&refusal));
                    }
                }
                // Nobody can come any more.
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = wait => {}
                () = came => {}
            }
            // Refused now, it would be told that it was not carried out.
            if self.vitals.refusal().is_none() {
                return;
            }
        }
    }

    async fn try_once(&mut self, batch: &[Request]) -> Result<Vec<Settled>, StorageError> {
        let doing = |step: &'static str| self.vitals.committer.set(Doing::Step(step));
        doing("reading where the last batch left off");
        let sequence = match self.known {
            Known::UpTo(sequence) => sequence,
            Known::Outdated | Known::Nothing => self.read_again().await?,
        };
        let (time, stopped) = self.admission(batch);
        let mut working = Working::new(&self.registry, &time, sequence, std::mem::take(&mut self.cache));
        for ahead in batch.iter().filter_map(|request| request.prepared.take_ahead()) {
            working.take_ahead(self.written.still(ahead));
        }
        let answers = loop {
            doing("deciding a batch");
            self.vitals.work.decided();
            working.forget_decisions();
            let (answers, missing) = decide_all(&mut working, batch, stopped.as_ref());
            if missing.is_empty() {
                break answers;
            }
            doing("reading rows from the database");
            working.load(&self.store, missing).await?;
        };
        // Its time goes with it, so that no later start goes behind what was decided at it.
        let writes = working.batch();
        let is_large = matches!(batch, [alone] if alone.is_large());
        // Held until the log's end has moved: whoever reads a coupon finds its event in the log, too.
        let mut unannounced = None;
        // A batch that could not be written is settled by what is written after it, if only the time.
        let kept = if !writes.is_empty() || self.vitals.stuck().is_some() || (stopped.is_none() && confirms(batch)) {
            doing("writing a batch to the database");
            self.written.note(writes.rows());
            let staged = self.store.stage(&writes).await?;
            // Begun first, so that what the next batch needs is made ready while the disk is waited for.
            let (committed, kept) = tokio::join!(biased; staged.commit(), async { working.keep(writes, is_large) });
            unannounced = Some(committed?);
            self.written.count();
            self.vitals.work.written();
            self.vitals.set_unstuck();
            self.time.went_on(time);
            kept
        } else {
            working.keep(writes, is_large)
        };
        doing("publishing a batch");
        let last;
        (last, self.cache) = kept.publish(&self.registry);
        self.known = Known::UpTo(last);
        self.announce.send_if_modified(|latest| std::mem::replace(&mut latest.sequence, last) != last);
        drop(unannounced);
        Ok(answers)
    }

    /// The time of the next batch, and the refusal of whatever would change anything, where changes are stopped. An
    /// operator's word ends a doubt about the clock.
    fn admission(&self, batch: &[Request]) -> (BatchTime, Option<Refusal>) {
        if confirms(batch) {
            return (self.time.confirmed_batch(), self.vitals.no_room().map(unavailable));
        }
        (self.time.next_batch(), self.vitals.refusal().map(unavailable))
    }

    /// Reads what is not known any more; gives the place of the last event that is written.
    async fn read_again(&self) -> Result<u64, StorageError> {
        if self.known == Known::Nothing || !self.registry.follow(&self.store).await? {
            self.load_registry().await?;
        }
        resume::last_sequence(&self.store, &self.registry.numbering).await
    }

    async fn load_registry(&self) -> Result<(), StorageError> {
        let fresh = Registry::load(&self.store).await?;
        {
            let (mut held, mut fresh) = (self.registry.write(), fresh.write());
            fresh.patterns.follow(&held.patterns);
            std::mem::swap(&mut *held, &mut *fresh);
        }
        self.registry.begin_ids(&self.registry.settings());
        Ok(())
    }
}

/// Whether a command of a batch says that the clock is right.
fn confirms(batch: &[Request]) -> bool {
    batch.iter().any(|request| matches!(request.command, Command::ClockConfirm(_)))
}

fn unavailable(reason: String) -> Refusal {
    Rejection::DatabaseUnavailable { reason }.into()
}

fn refused(refusal: &Refusal) -> Settled {
    Ok(Err(Failure::Refused(vec![refusal.clone()])))
}

/// Does what is to be done with all items, or, where that fails, with each half of them, and so on: gives what came of
/// each item, in their order. A failure is that of the one item that it is of.
async fn in_parts<T, A>(items: &[T], mut work: impl AsyncFnMut(&[T]) -> Result<Vec<A>, A>) -> Vec<A> {
    let mut parts = vec![items];
    let mut done = Vec::with_capacity(items.len());
    while let Some(part) = parts.pop() {
        match work(part).await {
            Ok(settled) => done.extend(settled),
            Err(_) if part.len() > 1 => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
            Err(failed) => done.push(failed),
        }
    }
    done
}

/// Decides all commands in order; gives their answers, and every row that one of them missed. Where changes are
/// stopped, what would change anything is refused and leaves nothing behind, a kept refusal neither; what was answered
/// before is answered again.
fn decide_all(working: &mut Working<'_>, batch: &[Request], stopped: Option<&Refusal>) -> (Vec<Settled>, Missing) {
    let mut answers = Vec::with_capacity(batch.len());
    let mut missing = Missing::default();
    for request in batch {
        let outcome = match &request.command {
            // Nothing of it is decided: its rows would be taken over one by one.
            Command::JobStep(step) => match stopped {
                Some(stopped) => {
                    answers.push(refused(stopped));
                    continue;
                }
                None => steps::decide(working, request, step),
            },
            _ => decide::decide(working, request),
        };
        match outcome {
            decide::Outcome::Missing(more) => missing.extend(more),
            decide::Outcome::Asks(needs) => answers.push(Err(needs)),
            decide::Outcome::Decided(decided) => match (decided.change.filter(|change| !change.is_empty()), stopped) {
                (Some(_), Some(stopped)) => answers.push(refused(stopped)),
                (None, Some(stopped)) if confirms(std::slice::from_ref(request)) => answers.push(refused(stopped)),
                (change, _) => {
                    if let Some(change) = change {
                        working.accept(*change);
                    }
                    answers.push(Ok(decided.answer));
                }
            },
        }
    }
    (answers, missing)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::{Caller, Clock, PoolArchive, Scrip, prepare::Prepared};
    use scrip_domain::{id::PoolId, rejection::Code};
    use scrip_storage::Address;

    /// Where the database cannot write, nobody but who has asked for that batch waits until it can: also who was taken from
    /// the queue with it.
    #[tokio::test]
    async fn whoever_waits_behind_a_batch_that_cannot_be_written_is_turned_away() {
        let scrip = Scrip::open(&Address::parse("mem://").expect("an address"), Clock::System, None).await;
        let scrip = scrip.expect("a database");
        let (queue, requests) = mpsc::channel(8);
        let latest = *scrip.committer.latest().borrow();
        let mut worker = Worker {
            store: Arc::clone(&scrip.store),
            registry: Arc::clone(&scrip.registry),
            time: Arc::clone(&scrip.time),
            vitals: Arc::clone(&scrip.vitals),
            requests,
            waiting: Waiting::default(),
            announce: watch::channel(latest).0,
            cache: Cache::default(),
            written: Written::new(Arc::default()),
            known: Known::UpTo(latest.sequence),
        };
        let mut replies = Vec::new();
        for taken in [true, false] {
            let (reply, answer) = oneshot::channel();
            let (command, prepared) = (PoolArchive { pool: PoolId(1), archived: true }.into(), Prepared::default());
            let request = Request { caller: Caller::scrip(), idempotency: None, command, prepared, reply: Some(reply) };
            queue.send(request).await.expect("there is room");
            assert!(!taken || worker.waiting.take(&mut worker.requests).await);
            replies.push(answer);
        }
        worker.stand_by("no room").await;
        drop(worker);
        for reply in replies {
            let refused = match reply.await.expect("an answer") {
                Ok(Err(Failure::Refused(refusals))) => refusals[0].code,
                other => panic!("not refused: {:?}", other.map(drop).map_err(drop)),
            };
            assert_eq!(refused, Code::DatabaseUnavailable);
        }
    }

    #[tokio::test]
    async fn only_the_guilty_fail() {
        for guilty in [vec![], vec![0], vec![255], vec![100, 101], vec![3, 77, 200]] {
            let (items, mut tries) = ((0..256).collect::<Vec<u32>>(), 0);
            let done = in_parts(&items, async |part| {
                tries += 1;
                if part.iter().any(|item| guilty.contains(item)) {
                    return Err(None);
                }
                Ok(part.iter().map(|item| Some(*item)).collect())
            })
            .await;
            let expected: Vec<_> = items.iter().map(|item| Some(*item).filter(|item| !guilty.contains(item))).collect();
            assert_eq!(done, expected, "{guilty:?}");
            assert!(tries <= 1 + 16 * guilty.len(), "{tries} tries for {guilty:?}");
        }
    }
}
