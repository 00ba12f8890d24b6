//! Scrip as a whole, without a network: an open database, the registry, the committer, and the tasks in the background.
//! Everything outside asks it through a [`Session`](super::Session).

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::sync::{Mutex, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Agreed, Answer, Caller, CheckoutOrder, CheckoutPreview, Clock, Command, Committer, Failure, FromAnswer, Issuer,
    Registry, UseCase,
    attempts::Attempts,
    audit::Refused,
    bound,
    committer::{self, Ahead, Needs, Returned, State},
    expiry::Expiries,
    jobs::{Board, Exports, Uploads},
    keys::Used,
    prepare::Prepared,
    question::MAX_ROUNDS,
    tail::Tail,
    tasks::States,
    time::Time,
    vitals::{self, Vitals},
};
use scrip_domain::{
    causes::with_causes,
    global_id::GlobalIds,
    id::EventId,
    period::Instant,
    rejection::{Refusal, Rejection},
};
use scrip_plugins::Plugins;
use scrip_storage::{Address, DatabaseSize, OpenError, Room, StorageError, Store, Working};

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
    pub(super) tasks: Arc<States>,
    pub(super) expiries: Expiries,
    pub(super) stop: CancellationToken,
    /// One series with excluded phrases is opened at a time.
    pub(super) openings: Semaphore,
    /// One turn of one search of a customer's history at a time.
    pub(super) searches: Semaphore,
    /// The issuer whose tokens are believed.
    pub(super) issuer: OnceLock<Arc<Issuer>>,
    /// When keys were used.
    pub(super) used: Used,
    /// How often customers try codes.
    pub(super) attempts: Attempts,
    /// How many refused attempts the audit has of this minute.
    pub(super) refused: Refused,
    /// Held by whoever erases a part of a customer.
    pub(super) erasing: Mutex<()>,
    /// What is shared by all who work on jobs.
    pub(super) board: Board,
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
                return Err(OpenError::unread(address, error));
            }
        };
        let time = Arc::new(Time::new(clock, committer::last_time(&store)));
        let (tasks, stop) = (Arc::new(States::new(Arc::clone(&time))), CancellationToken::new());
        let vitals = Vitals::new(Arc::clone(&time), Room::new(address), Arc::clone(&tasks), stop.clone());
        let vitals = Arc::new(vitals);
        let (store_of, registry_of) = (Arc::clone(&store), Arc::clone(&registry));
        let (committer, worker) =
            Committer::start(store_of, registry_of, Arc::clone(&time), Arc::clone(&vitals)).await?;
        let (watchdog, end) = std::sync::mpsc::channel();
        vitals::watch(Arc::clone(&vitals), end)
            .map_err(|error| StorageError::Database(format!("no thread for the watchdog: {error}").into()))?;
        let scrip = Arc::new(Self {
            store,
            registry,
            committer,
            time,
            vitals,
            plugins,
            tail: Arc::new(Tail::default()),
            tasks,
            expiries: Expiries::default(),
            stop,
            openings: Semaphore::new(1),
            searches: Semaphore::new(1),
            issuer: OnceLock::new(),
            used: Used::default(),
            attempts: Attempts::default(),
            refused: Refused::default(),
            erasing: Mutex::default(),
            board: Board::new(Uploads::beside(address.folder()), Exports::beside(address.folder())),
            backups: [1, 1].map(|most| Arc::new(Semaphore::new(most))),
            worker,
            watchdog,
        });
        // Before anybody is given an id.
        if let Err(error) = scrip.begin_ids().await {
            tracing::error!(
                error = with_causes(&error),
                "making the secret of the database's ids failed: it is tried again"
            );
        }
        if let Some(plugins) = &scrip.plugins {
            bound::tell_missing(&scrip.registry, plugins);
        }
        scrip.start_tasks();
        Ok(scrip)
    }

    /// Has a command carried out. What is answered is durable. Where plugins have to be asked, or what takes long
    /// has to be looked up, that is done outside of the committer, and the command is decided again with what was found out.
    pub(super) fn submit<'a>(
        &'a self,
        caller: &'a Caller,
        key: Option<String>,
        command: impl Into<Command>,
    ) -> Working<'a, Result<Answer, Failure>> {
        Box::pin(self.carry_out(caller, key, command.into(), None))
    }

    /// The same of what Scrip does by itself, with rows that were read for it.
    pub(super) fn submit_with<'a>(
        &'a self,
        caller: &'a Caller,
        (command, ahead): (Command, Ahead),
    ) -> Working<'a, Result<Answer, Failure>> {
        Box::pin(self.carry_out(caller, None, command, Some(ahead)))
    }

    /// Reads the rows that the decision of a command begins with, so that the committer need not.
    pub(super) async fn read_ahead(&self, caller: &Caller, command: Command) -> Result<(Command, Ahead), StorageError> {
        self.state().ahead_of(caller, command, self.committer.ahead()).await
    }

    /// Has one use case carried out, with its own answer: as [`submit`](Self::submit).
    pub(super) fn change<'a, U: UseCase + Send + 'a>(
        &'a self,
        caller: &'a Caller,
        key: Option<String>,
        case: U,
    ) -> Working<'a, Result<U::Answer, Failure>> {
        Box::pin(async move { own::<U>(self.carry_out(caller, key, case.into(), None).await?) })
    }

    /// The same with rows that were read for it.
    pub(super) fn change_with<'a, U: UseCase + Send + 'a>(
        &'a self,
        caller: &'a Caller,
        case: U,
        ahead: Option<Ahead>,
    ) -> Working<'a, Result<U::Answer, Failure>> {
        Box::pin(async move { own::<U>(self.carry_out(caller, None, case.into(), ahead).await?) })
    }

    async fn carry_out(
        &self,
        caller: &Caller,
        key: Option<String>,
        command: Command,
        ahead: Option<Ahead>,
    ) -> Result<Answer, Failure> {
        let mut prepared = self.prepare(caller, key.as_deref(), &command).await?;
        prepared.ahead = ahead.into();
        let mut settled = self.committer.submit(caller, key.clone(), command, prepared).await;
        let mut rounds = 0;
        loop {
            let Returned { needs, command, mut prepared } = match settled {
                Ok(answer) => {
                    if let Ok(Answer::Edited(_, _, Some(_))) = &answer {
                        self.job_came();
                    }
                    return answer;
                }
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
            Needs::Count(whose) => {
                let given = self.count_given(&whose).await?;
                prepared.given.insert(whose, given);
            }
            Needs::Open(series) => self.open_for(series, &mut prepared.opened).await?,
            Needs::Plugins(_) if *rounds >= MAX_ROUNDS => return Err(unsettled()),
            Needs::Plugins(questions) => {
                *rounds += 1;
                prepared.answers.ask(self.plugins.as_deref(), questions, self.now()).await;
            }
        }
        Ok(())
    }

    /// What is decided on without the committer.
    pub(super) fn state(&self) -> State<'_> {
        State { store: &self.store, registry: &self.registry, time: &self.time }
    }

    /// Decides a checkout and changes nothing.
    pub(super) fn checkout_preview<'a>(
        &'a self,
        caller: &'a Caller,
        order: CheckoutOrder,
    ) -> Working<'a, Result<Agreed, Failure>> {
        Box::pin(self.rehearse(caller, CheckoutPreview(Box::new(order)), Prepared::default()))
    }

    /// Decides a use case and throws away what it would change.
    pub(super) async fn rehearse<U: UseCase>(
        &self,
        caller: &Caller,
        case: U,
        prepared: Prepared,
    ) -> Result<U::Answer, Failure> {
        own::<U>(self.rehearse_any(caller, case.into(), prepared).await?)
    }

    /// The same of any.
    pub(super) async fn rehearse_any(
        &self,
        caller: &Caller,
        mut command: Command,
        mut prepared: Prepared,
    ) -> Result<Answer, Failure> {
        let mut rounds = 0;
        loop {
            let Returned { needs, command: back, prepared: so_far } =
                match self.state().rehearse(caller, command, prepared).await {
                    Ok(answer) => return answer,
                    Err(returned) => *returned,
                };
            (command, prepared) = (back, so_far);
            self.find_out(needs, &mut prepared, &mut rounds).await?;
        }
    }

    /// The ids and cursors of its database.
    #[must_use]
    pub fn ids(&self) -> &GlobalIds {
        self.registry.ids()
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

    /// The last event that is durable; changes with every commit that made one.
    pub(super) fn latest_event(&self) -> watch::Receiver<EventId> {
        self.committer.latest()
    }

    /// How many follow the log at the moment.
    #[must_use]
    pub fn followers(&self) -> watch::Receiver<usize> {
        self.tail.followers()
    }

    /// How large its database is.
    pub(super) async fn database_size(&self) -> Result<DatabaseSize, Failure> {
        Ok(self.store.size().await?)
    }

    /// Whether it is being stopped: what takes long should end.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Sets how many jobs run at once, and how many bytes an upload may have.
    pub fn limit_jobs(&self, at_once: usize, upload: u64) {
        self.board.limit(at_once, upload);
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
        inner.board.end();
    }
}

/// The refusal of a command whose facts changed each time that plugins had been asked about them.
fn unsettled() -> Failure {
    Refusal::from(Rejection::PluginsOvertaken).into()
}

/// The answer of a use case, which is the only one that its command has.
pub(super) fn own<U: UseCase>(answer: Answer) -> Result<U::Answer, Failure> {
    let other = || Failure::internal("a command was answered with what another is answered with".to_owned());
    U::Answer::from_answer(answer).ok_or_else(other)
}
