//! The one way in: a session is Scrip as one actor has it. Every use case that is asked for from outside is a method of it,
//! over GraphQL and HTTP and from the command line alike, and says here what it demands; behind it, Scrip asks nobody.

mod access;
mod action;
mod audited;
mod coupons;
mod customers;
mod door;
mod guesses;
mod jobs;
mod own;
mod pools;
mod roles;

use std::sync::Arc;

use tokio::sync::watch;

use super::{
    Agreed, Answer, Caller, CheckoutOrder, ClockConfirm, Command, EligibleRecord, EventCursor, EventFilter, Failure,
    Follower, Page, PageRequest, PartnerNews, PurchaseRecord, Resync, RunningBackup, Scrip, Sight, TaskState, Tries,
    UseCase,
};
use scrip_domain::{
    access::Settings,
    basket::BasketDraft,
    event::Event,
    global_id::GlobalIds,
    id::{CustomerId, EventId},
    period::Instant,
    pool::Pool,
    rejection::{Input, Rejection},
};
use scrip_plugins::Plugins;
use scrip_storage::{DatabaseSize, Working};

pub use action::{Action, Rights};
pub(crate) use coupons::masked;
use door::Door;

/// Scrip as one actor has it. Cheap to clone. What the actor may not do is refused with FORBIDDEN.
#[derive(Debug, Clone)]
pub struct Session(Door);

impl Scrip {
    /// Scrip as an actor has it.
    #[must_use]
    pub fn session(self: &Arc<Self>, actor: Caller) -> Session {
        Session(Door::new(Arc::clone(self), actor))
    }

    /// Scrip as whoever runs its process has it.
    #[must_use]
    pub fn operator(self: &Arc<Self>) -> Session {
        self.session(Caller::scrip())
    }
}

/// What tells of nothing that is kept.
impl Session {
    /// Whose it is.
    #[must_use]
    pub fn actor(&self) -> &Caller {
        self.0.actor()
    }

    /// The same as it is now: none once the key is not good any more. For what goes on longer than a request.
    #[must_use]
    pub fn again(&self) -> Option<Self> {
        let scrip = self.0.open_to_all();
        scrip.still_as(self.actor()).map(|actor| scrip.session(actor))
    }

    /// Looks again at what the actor may do and see, for this session and its copies: what was withdrawn is gone, and what
    /// was granted is there. False once the key is not good any more. For what is told again and again.
    #[must_use]
    pub fn renew(&self) -> bool {
        self.0.renew()
    }

    /// Whether the actor may do this, for what another has read already.
    pub fn demand(&self, action: Action) -> Result<(), Failure> {
        self.0.may(action).map(drop)
    }

    /// The ids and cursors of this database.
    #[must_use]
    pub fn ids(&self) -> &GlobalIds {
        self.0.open_to_all().ids()
    }

    /// In how many seconds that may be tried again which was refused because it was tried too often; none where nothing
    /// was.
    #[must_use]
    pub fn wait(&self) -> Option<u64> {
        Some(self.0.wait()).filter(|seconds| *seconds > 0)
    }

    /// How many tries with codes whoever asks has left; none where none was made.
    #[must_use]
    pub fn tries(&self) -> Option<Tries> {
        let scrip = self.0.open_to_all();
        self.0.has_tried().then(|| scrip.attempts.left(&self.actor().id, scrip.now()))
    }

    /// What time it is. It never goes backwards.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.open_to_all().now()
    }
}

/// Changes.
impl Session {
    /// Has a change made, once for an idempotency key. What is answered is durable.
    pub fn change<'a, U: UseCase + Send + 'a>(
        &'a self,
        key: Option<String>,
        case: U,
    ) -> Working<'a, Result<U::Answer, Failure>> {
        match (self.0.may(U::DEMANDS), self.own()) {
            (Ok(_), Some(own)) => {
                Box::pin(async move { crate::scrip::own::<U>(self.submit_own(own, key, case.into()).await?) })
            }
            (Ok(_), None) if !self.sight().is_whole() => {
                Box::pin(async move { crate::scrip::own::<U>(self.submit_within(key, case.into()).await?) })
            }
            (Ok(scrip), None) => scrip.change(self.actor(), key, case),
            (Err(refused), _) => Box::pin(self.refuse(case.into(), refused)),
        }
    }

    /// The same of any command, for whoever has commands of many kinds.
    pub fn submit(&self, key: Option<String>, command: impl Into<Command>) -> Working<'_, Result<Answer, Failure>> {
        let command = command.into();
        match (self.0.may(command.demands()), self.own()) {
            (Ok(_), Some(own)) => Box::pin(self.submit_own(own, key, command)),
            (Ok(_), None) if !self.sight().is_whole() => Box::pin(self.submit_within(key, command)),
            (Ok(scrip), None) => scrip.submit(self.actor(), key, command),
            (Err(refused), _) => Box::pin(self.refuse(command, refused)),
        }
    }

    /// Has a command carried out for whoever does not see all pools.
    async fn submit_within(&self, key: Option<String>, command: Command) -> Result<Answer, Failure> {
        let scrip = self.0.may(command.demands())?;
        let of_pattern = matches!(command, Command::PoolCreate(_) | Command::PoolUpdate(_));
        if of_pattern {
            self.take_guess()?;
        } else if let Command::CouponsAdd(_) = command {
            self.check_guesses()?;
        }
        let answer = scrip.submit(self.actor(), key, command).await;
        if let Ok(Answer::Added(added)) = &answer {
            self.count_guesses_of(added);
        }
        let taken = matches!(&answer, Err(Failure::Refused(refusals)) if guesses::is_taken(refusals));
        if of_pattern && !taken {
            self.give_guess_back();
        }
        self.sight().answer(answer?)
    }

    /// Decides a checkout and changes nothing.
    pub async fn checkout_preview(&self, order: CheckoutOrder) -> Result<Agreed, Failure> {
        let scrip = self.0.may(Action::PreviewCheckouts)?;
        match self.own() {
            Some(own) => self.preview_own(own, order).await,
            None => scrip.checkout_preview(self.actor(), order).await,
        }
    }

    /// Tells which coupons of a customer fit a basket, and the best of them together.
    pub async fn eligible_coupons(
        &self,
        customer: CustomerId,
        basket: BasketDraft,
    ) -> Result<Box<EligibleRecord>, Failure> {
        let scrip = self.0.may(Action::PreviewCheckouts)?;
        match self.own() {
            Some(own) => self.eligible_own(own, customer, basket).await,
            None => scrip.eligible_coupons(self.actor(), customer, basket).await,
        }
    }

    /// The purchase with this transactionId.
    pub async fn purchase(&self, transaction: &str) -> Result<Option<PurchaseRecord>, Failure> {
        let found = self.0.may(Action::ReadPurchases)?.purchase(transaction).await?;
        Ok(found.map(|purchase| self.sight().purchase(purchase)))
    }

    /// Whether there is one.
    pub async fn has_purchase(&self, transaction: &str) -> Result<bool, Failure> {
        self.0.may(Action::ReadPurchases)?.has_purchase(transaction).await
    }

    /// Keeps when keys were last used.
    pub async fn keep_uses(&self) -> Result<(), Failure> {
        self.0.may(Action::KeepBooks)?.keep_uses().await
    }

    /// Makes another key for customer tokens, where the one that there is has become old.
    pub async fn renew_token_keys(&self) -> Result<(), Failure> {
        self.0.may(Action::KeepBooks)?.renew_token_keys().await
    }

    /// Believes what the clock says, on an operator's word.
    pub async fn confirm_clock(&self) -> Result<(), Failure> {
        self.change(None, ClockConfirm).await
    }
}

/// Events.
impl Session {
    /// A page of the log, oldest first.
    pub async fn events(
        &self,
        filter: &EventFilter,
        page: &PageRequest<EventCursor>,
    ) -> Result<Page<Event, EventCursor>, Failure> {
        let scrip = self.0.may(Action::ReadEvents)?;
        let Some(filter) = self.own_events(filter) else { return Ok(Page::empty()) };
        scrip.events(&filter, page).await
    }

    /// The events with these ids, in their order.
    pub async fn events_by_id(&self, ids: &[EventId]) -> Result<Vec<Event>, Failure> {
        let mut found = self.0.may(Action::ReadEvents)?.events_by_id(ids).await?;
        found.retain(|event| self.may_see(event));
        Ok(found)
    }

    /// The pool of an event's coupon, for what an event tells of itself: its amounts' currency.
    pub fn pool_of_event(&self, event: &Event) -> Result<Option<Arc<Pool>>, Failure> {
        Ok(self.sight().seen(self.0.may(Action::ReadEvents)?.registry.pool(event.coupon.pool)))
    }

    /// The last event that is durable; changes with every commit that made one.
    pub fn latest_event(&self) -> Result<watch::Receiver<EventId>, Failure> {
        Ok(self.0.may(Action::ReadEvents)?.latest_event())
    }

    /// Follows the log after a place, or from now on.
    pub fn follow(&self, filter: EventFilter, after: Option<EventCursor>) -> Result<Result<Follower, Resync>, Failure> {
        let scrip = self.0.may(Action::ReadEvents)?;
        let foreign = || Rejection::CustomerNotFound { by: "id" }.at([Input::Filter, Input::CustomerId]);
        let filter = self.own_events(&filter).ok_or_else(foreign)?;
        let sight = Sight::following(&scrip.registry, self.actor());
        Ok(scrip.follow(EventFilter { sight, ..filter }, after))
    }
}

/// The programme and its database.
impl Session {
    /// What the whole programme is set to.
    pub fn settings(&self) -> Result<Settings, Failure> {
        Ok(self.0.may(Action::ReadSettings)?.registry.settings())
    }

    /// Forgets what partners could not be told long ago.
    pub async fn forget_notices(&self) -> Result<(), Failure> {
        self.0.may(Action::KeepBooks)?.forget_notices().await
    }

    /// What a pool's partner is still to be told, and could not be told; none where it is told nothing.
    pub async fn partner_news(&self, pool: &Pool) -> Result<Option<PartnerNews>, Failure> {
        self.0.may(Action::ReadPlugins)?.partner_news(pool).await
    }

    /// The plugins, to look at; none where there is no folder of them.
    pub fn plugins(&self) -> Result<Option<&Arc<Plugins>>, Failure> {
        Ok(self.0.may(Action::ReadPlugins)?.plugins.as_ref())
    }

    /// The plugins, to try them.
    pub fn manage_plugins(&self) -> Result<Option<&Arc<Plugins>>, Failure> {
        Ok(self.0.may(Action::ManagePlugins)?.plugins.as_ref())
    }

    /// How large the database is.
    pub async fn database_size(&self) -> Result<DatabaseSize, Failure> {
        self.0.may(Action::ReadOperations)?.database_size().await
    }

    /// How work in the background does.
    pub fn tasks(&self) -> Result<Vec<TaskState>, Failure> {
        Ok(self.0.may(Action::ReadOperations)?.task_states())
    }

    /// Begins a backup of this moment; none where one that was asked for is being taken already.
    pub fn backup(&self, rate: Option<u64>) -> Result<Option<RunningBackup>, Failure> {
        Ok(self.0.may(Action::TakeBackups)?.backup(rate))
    }
}
