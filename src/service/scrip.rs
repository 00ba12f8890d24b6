//! Scrip as a whole, without a network: an open database, the registry, the committer and the task
//! that records expiries. Everything outside asks this.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Answer, Caller, CheckoutOrder, Clock, Command, Committer, Failure, Registry,
    committer::{self, Needs, Returned},
    prepare::Prepared,
    question::MAX_ROUNDS,
    tail::{self, Tail},
    time::Time,
    vitals::{self, Doing, Vitals},
};
use scrip_domain::{
    id::EventId,
    period::Instant,
    rejection::{Refusal, Rejection},
};
use scrip_plugins::Plugins;
use scrip_storage::{Address, DatabaseSize, OpenError, Room, StorageError, Store, Working};

/// How often coupons whose time is over are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// A running Scrip.
#[derive(Debug)]
pub struct Scrip {
    pub(super) store: Arc<Store>,
    pub(super) registry: Arc<Registry>,
    pub(super) committer: Committer,
    pub(super) time: Arc<Time>,
    pub(super) vitals: Arc<Vitals>,
    pub(super) plugins: Option<Arc<Plugins>>,
    pub(super) tail: Arc<Tail>,
    pub(super) stop: CancellationToken,
    /// One series with excluded phrases is opened at a time.
    pub(super) openings: Semaphore,
    /// One turn of one search of a customer's history at a time.
    pub(super) searches: Semaphore,
    /// One backup that was asked for is taken at a time, and one that is planned.
    pub(super) backups: [Arc<Semaphore>; 2],
    worker: oneshot::Receiver<()>,
    /// Ends the watchdog when it is dropped.
    watchdog: std::sync::mpsc::Sender<()>,
}

impl Scrip {
    /// Opens the database at an address and starts what works on it.
    pub fn open(
        address: &Address,
        clock: Clock,
        plugins: Option<Arc<Plugins>>,
    ) -> Working<'_, Result<Arc<Self>, OpenError>> {
        Box::pin(Self::start(address, clock, plugins))
    }

    async fn start(address: &Address, clock: Clock, plugins: Option<Arc<Plugins>>) -> Result<Arc<Self>, OpenError> {
        let store = Arc::new(Store::open(address).await?);
        let registry = match Registry::load(&store).await {
            Ok(registry) => Arc::new(registry),
            Err(error) => {
                // Dropped alone, it would hold the folder.
                store.close().await;
                return Err(error.into());
            }
        };
        let time = Arc::new(Time::new(clock, committer::last_time(&store)));
        let vitals = Arc::new(Vitals::new(Arc::clone(&time), Room::new(address)));
        let (store_of, registry_of) = (Arc::clone(&store), Arc::clone(&registry));
        let (committer, worker) =
            Committer::start(store_of, registry_of, Arc::clone(&time), Arc::clone(&vitals)).await?;
        let (watchdog, end) = std::sync::mpsc::channel();
        vitals::watch(Arc::clone(&vitals), end)
            .map_err(|error| StorageError::Database(format!("no thread for the watchdog: {error}")))?;
        let stop = CancellationToken::new();
        let tail = Arc::new(Tail::default());
        let follower = Arc::clone(&tail);
        let scrip = Arc::new(Self {
            store,
            registry,
            committer,
            time,
            vitals,
            plugins,
            tail,
            stop: stop.clone(),
            openings: Semaphore::new(1),
            searches: Semaphore::new(1),
            backups: [1, 1].map(|most| Arc::new(Semaphore::new(most))),
            worker,
            watchdog,
        });
        tokio::spawn(count_rows(Arc::clone(&scrip.store), stop.clone()));
        // Before anybody is given an id.
        if let Err(error) = scrip.begin_ids().await {
            tracing::error!(%error, "making the secret of the database's ids failed: it is tried again");
        }
        let weak = Arc::downgrade(&scrip);
        tokio::spawn(tail::follow(weak.clone(), follower, stop.clone()));
        let vitals = Arc::clone(&scrip.vitals);
        tokio::spawn(async move {
            loop {
                vitals.sweep.set(Doing::Step("waiting for its turn on the process's threads"));
                if stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_none() {
                    break;
                }
                let Some(scrip) = weak.upgrade() else { break };
                if let Err(error) = scrip.sweep().await {
                    tracing::error!(%error, "recording expiries failed: it is tried again");
                }
            }
            // It stops: nothing is waited for any more.
            vitals.sweep.set(Doing::Nothing);
        });
        Ok(scrip)
    }

    /// Has a command carried out. What is answered is durable. Where plugins have to be asked, or what takes long
    /// has to be looked up, that is done outside of the committer, and the command is decided again with what was found out.
    pub fn submit<'a>(
        &'a self,
        caller: &'a Caller,
        key: Option<String>,
        command: Command,
    ) -> Working<'a, Result<Answer, Failure>> {
        Box::pin(self.carry_out(caller, key, command))
    }

    async fn carry_out(&self, caller: &Caller, key: Option<String>, command: Command) -> Result<Answer, Failure> {
        let prepared = self.prepare(caller, key.as_deref(), &command).await?;
        let mut settled = self.committer.submit(caller, key.clone(), command, prepared).await;
        let mut rounds = 0;
        loop {
            let Returned { needs, command, mut prepared } = match settled {
                Ok(answer) => return answer,
                Err(returned) => *returned,
            };
            // No partner gives a code away that could not be written.
            if let Some(reason) = self.vitals.stuck().or_else(|| self.vitals.refusal()) {
                return Err(Refusal::from(Rejection::DatabaseUnavailable { reason }).into());
            }
            self.find_out(needs, &mut prepared, &mut rounds).await?;
            settled = self.committer.submit(caller, key.clone(), command, prepared).await;
        }
    }

    /// Finds out what a command needs. Plugins are asked so many rounds; a search ends, because each is further on, and
    /// so does the opening of series, of which each is kept.
    pub(super) async fn find_out(
        &self,
        needs: Needs,
        prepared: &mut Prepared,
        rounds: &mut usize,
    ) -> Result<(), Failure> {
        match needs {
            Needs::Search(whose) => self.search_history(&whose).await?,
            Needs::Open(series) => self.open_for(series, &mut prepared.opened).await?,
            Needs::Plugins(_) if *rounds >= MAX_ROUNDS => return Err(unsettled()),
            Needs::Plugins(questions) => {
                *rounds += 1;
                prepared.answers.ask(self.plugins.as_deref(), questions, self.now()).await;
            }
        }
        Ok(())
    }

    /// Decides a checkout and changes nothing.
    pub fn checkout_preview<'a>(
        &'a self,
        caller: &'a Caller,
        order: CheckoutOrder,
    ) -> Working<'a, Result<Answer, Failure>> {
        Box::pin(self.rehearse(caller, Command::CheckoutPreview(Box::new(order)), Prepared::default()))
    }

    /// Decides a command and throws away what it would change.
    pub(super) async fn rehearse(
        &self,
        caller: &Caller,
        mut command: Command,
        mut prepared: Prepared,
    ) -> Result<Answer, Failure> {
        let mut rounds = 0;
        loop {
            let (store, registry, time) = (&self.store, &self.registry, &self.time);
            let Returned { needs, command: back, prepared: so_far } =
                match committer::rehearse(store, registry, time, caller, command, prepared).await {
                    Ok(answer) => return answer,
                    Err(returned) => *returned,
                };
            (command, prepared) = (back, so_far);
            self.find_out(needs, &mut prepared, &mut rounds).await?;
        }
    }

    /// The plugins; none where there is no folder of them.
    #[must_use]
    pub fn plugins(&self) -> Option<&Arc<Plugins>> {
        self.plugins.as_ref()
    }

    /// The pools, settings and keys.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What time it is. It never goes backwards.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.time.now()
    }

    /// The time itself.
    #[must_use]
    pub fn time(&self) -> &Time {
        &self.time
    }

    /// Whether it goes on, and what keeps it from it.
    #[must_use]
    pub fn vitals(&self) -> &Arc<Vitals> {
        &self.vitals
    }

    /// Believes what the clock says, on an operator's word.
    pub async fn confirm_clock(&self) -> Result<(), Failure> {
        self.submit(&Caller::scrip(), None, Command::ClockConfirm).await.map(drop)
    }

    /// The last event that is durable; changes with every commit that made one.
    #[must_use]
    pub fn latest_event(&self) -> watch::Receiver<EventId> {
        self.committer.latest()
    }

    /// How many follow the log at the moment.
    #[must_use]
    pub fn followers(&self) -> watch::Receiver<usize> {
        self.tail.followers()
    }

    /// How large its database is.
    pub async fn database_size(&self) -> Result<DatabaseSize, Failure> {
        Ok(self.store.size().await?)
    }

    /// Whether it is being stopped: what takes long should end.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Lets what takes long end; [`Scrip::close`] does the rest.
    pub fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Stops: what was accepted is carried out and made durable, then the database is closed.
    pub async fn close(self: Arc<Self>) {
        self.stop.cancel();
        let mut scrip = self;
        // Requests that are still in flight hold it; each ends with its answer.
        let inner = loop {
            match Arc::try_unwrap(scrip) {
                Ok(inner) => break inner,
                Err(shared) => {
                    scrip = shared;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        };
        // Before the committer ends, which is no news now.
        drop(inner.watchdog);
        drop(inner.committer);
        if inner.worker.await.is_err() {
            tracing::error!("the committer ended badly");
        }
        inner.store.close().await;
    }
}

/// Counts the rows of a folder that an earlier Scrip has written to.
async fn count_rows(store: Arc<Store>, stop: CancellationToken) {
    if let Err(error) = store.count_rows(stop).await {
        tracing::warn!(%error, "the rows of the database could not be counted: the next start tries again");
    }
}

/// The refusal of a command whose facts changed each time that plugins had been asked about them.
fn unsettled() -> Failure {
    let reason = "what it is asked about changes too fast: try again".to_owned();
    Refusal::from(Rejection::CheckUnavailable { plugin: "of the pool".to_owned(), reason }).into()
}
