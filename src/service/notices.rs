//! Telling partners what becomes of the coupons that they supplied, in the background. What is to be told was noted with
//! the change ([`scrip_domain::notice`]); here it is sent, and only then taken out, so that a stop in between tells it once
//! more. Each pool has a queue and a pace of its own: a partner that is slow or away keeps no other waiting.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::{Duration, Instant as Moment},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::timeout;

use super::{
    Caller, Failure, PartnerTold, Scrip,
    committer::{plugin_coupon, plugin_customer, plugin_pool},
};
use scrip_domain::{
    binding::Binding,
    customer::Customer,
    event::Event,
    global_id::GlobalId,
    id::{CustomerId, EventId, PoolId},
    notice::{GIVE_UP, KEEP_FAILED, News, Outbox},
    period::Instant,
    pool::Pool,
};
use scrip_plugins::{NoticeEvent, NoticeRequest, PluginFailure, Plugins, SourceRefusal, shown};
use scrip_storage::{Coupons, Customers, FailedNotice, FailedNotices, Notices, Outboxes, ReadFrom, Span};

/// How many partners are told at once.
const AT_ONCE: usize = 16;
/// How many notices of a pool are told in one turn.
const TURN: usize = 64;
/// How long a turn lasts, until what it has come to is recorded and another pool has its place.
const LONG_TURN: Duration = Duration::from_secs(2);
/// How often it is looked for more that is due while some partners are being told.
const LOOK: Duration = Duration::from_millis(250);
/// How many rows are read at once.
const PART: usize = 1_000;
/// How many failed notices of a pool are shown.
pub const SHOWN_FAILURES: usize = 100;

/// The queue of a pool as staff see it.
#[derive(Debug, Clone)]
pub struct PartnerNews {
    /// How many wait, how many have failed, and how the last try went.
    pub outbox: Outbox,
    /// The event that waits for the longest time.
    pub oldest: Option<Event>,
    /// The first of those that have failed, with their events.
    pub failed: Vec<(Event, FailedNotice)>,
}

/// What came of a turn.
#[derive(Debug, Default)]
struct Turn {
    told: Vec<EventId>,
    failed: Vec<(EventId, bool)>,
    problem: Option<String>,
}

impl Scrip {
    /// Tells all partners what is due.
    pub(super) async fn tell_partners(&self) -> Result<(), Failure> {
        let mut under_way = FuturesUnordered::new();
        let (mut busy, mut due) = (HashSet::new(), VecDeque::new());
        let (mut looked, mut failure) = (None::<Moment>, None);
        loop {
            if due.is_empty() && looked.is_none_or(|at| at.elapsed() >= LOOK) {
                due = self.due_outboxes().await?;
                looked = Some(Moment::now());
            }
            while under_way.len() < AT_ONCE
                && let Some(pool) = due.pop_front()
            {
                if busy.insert(pool) {
                    under_way.push(async move { (pool, self.tell_partner(pool).await) });
                }
            }
            if under_way.is_empty() {
                return failure.map_or(Ok(()), Err);
            }
            match timeout(LOOK, under_way.next()).await {
                Ok(Some((pool, Ok(has_more)))) => {
                    busy.remove(&pool);
                    if has_more {
                        due.push_back(pool);
                    }
                }
                // It stays busy: this run leaves it alone, and tells the others.
                Ok(Some((_, Err(failed)))) => failure = Some(failed),
                Ok(None) | Err(_) => {}
            }
        }
    }

    /// Forgets notices that failed long ago.
    pub(super) async fn forget_notices(&self) -> Result<(), Failure> {
        let Ok(before) = self.now().checked_sub(KEEP_FAILED) else { return Ok(()) };
        for (pool, outbox) in self.outboxes().await? {
            if outbox.failed == 0 {
                continue;
            }
            let rows = self.store.scan(&FailedNotices::of(pool), ReadFrom::Start, PART).await?;
            let old = rows.into_iter().filter(|(_, failed)| failed.at < before);
            let forgotten: Vec<EventId> = old.map(|((_, event), _)| event).collect();
            if !forgotten.is_empty() {
                let case = PartnerTold { pool, told: Vec::new(), failed: Vec::new(), forgotten, problem: None };
                self.change(&Caller::scrip(), None, case).await?;
            }
        }
        Ok(())
    }

    /// The queue of a pool; none where it has neither notices nor a binding that makes some.
    pub(super) async fn partner_news(&self, pool: &Pool) -> Result<Option<PartnerNews>, Failure> {
        let outbox = self.store.get_one::<Outboxes>(pool.id).await?;
        if outbox.is_none() && !pool.tells_partner() {
            return Ok(None);
        }
        let first = self.store.scan(&Notices::of(pool.id), ReadFrom::Start, 1).await?;
        let first: Vec<EventId> = first.into_iter().map(|((_, event), ())| event).collect();
        let failed = self.store.scan(&FailedNotices::of(pool.id), ReadFrom::Start, SHOWN_FAILURES).await?;
        let failed: HashMap<EventId, FailedNotice> = failed.into_iter().map(|((_, event), row)| (event, row)).collect();
        let mut ids: Vec<EventId> = failed.keys().copied().collect();
        ids.sort_unstable();
        let events = self.events_by_id(&ids).await?;
        Ok(Some(PartnerNews {
            outbox: outbox.unwrap_or_default(),
            oldest: self.events_by_id(&first).await?.into_iter().next(),
            failed: events.into_iter().filter_map(|event| Some((event.clone(), *failed.get(&event.id)?))).collect(),
        }))
    }

    async fn outboxes(&self) -> Result<Vec<(PoolId, Outbox)>, Failure> {
        let mut all = Vec::new();
        let mut span = Span::<Outboxes>::all();
        loop {
            let rows = self.store.scan(&span, ReadFrom::Start, PART).await?;
            let is_last = rows.len() < PART;
            if let Some((last, _)) = rows.last() {
                span = span.after(last);
            }
            all.extend(rows);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The pools whose partners are to be told something now, those first that have waited for the longest time.
    async fn due_outboxes(&self) -> Result<VecDeque<PoolId>, Failure> {
        let now = self.now();
        let mut due = self.outboxes().await?;
        due.retain(|(_, outbox)| outbox.is_due(now));
        due.sort_by_key(|(_, outbox)| outbox.next_at);
        Ok(due.into_iter().map(|(pool, _)| pool).collect())
    }

    /// Tells a pool's partner some of what waits, in its order, and records what came of it; whether more is due.
    async fn tell_partner(&self, id: PoolId) -> Result<bool, Failure> {
        let rows = self.store.scan(&Notices::of(id), ReadFrom::Start, TURN).await?;
        let is_full = rows.len() == TURN;
        let ids: Vec<EventId> = rows.into_iter().map(|((_, event), ())| event).collect();
        if ids.is_empty() {
            // Only a salvage leaves a queue that counts what is not there; `scrip check` tells of it.
            return Ok(false);
        }
        let Some(pool) = self.registry.pool(id) else { return Ok(false) };
        let Turn { told, failed, problem } = match pool.remote.as_ref().filter(|remote| remote.tells_changes) {
            Some(remote) => self.turn(&pool, remote, &ids).await?,
            // The binding says so no more.
            None => Turn { told: ids.clone(), ..Turn::default() },
        };
        let has_more = problem.is_none() && (is_full || told.len() + failed.len() < ids.len());
        let case = PartnerTold { pool: id, told, failed, forgotten: Vec::new(), problem };
        self.change(&Caller::scrip(), None, case).await?;
        Ok(has_more)
    }

    async fn turn(&self, pool: &Pool, remote: &Binding, ids: &[EventId]) -> Result<Turn, Failure> {
        let mut turn = Turn::default();
        let events = self.events_by_id(ids).await?;
        let found: HashSet<EventId> = events.iter().map(|event| event.id).collect();
        // A salvage may have lost what a notice is about: there is nothing to tell.
        turn.told.extend(ids.iter().filter(|id| !found.contains(id)));
        let (now, began) = (self.now(), Moment::now());
        for event in &events {
            let Some(request) = self.notice(pool, remote, event).await? else {
                turn.told.push(event.id);
                continue;
            };
            match tell(self.plugins.as_deref(), &remote.plugin, &request).await {
                Ok(()) => turn.told.push(event.id),
                Err(Untold::Refused(reason)) => {
                    let plugin = &remote.plugin;
                    tracing::warn!(
                        plugin,
                        pool = request.pool.id,
                        notice = request.id,
                        reason,
                        "a partner refused a notice"
                    );
                    turn.failed.push((event.id, true));
                }
                Err(Untold::Later(reason)) => {
                    note_problem(remote, &request, &reason);
                    turn.failed.extend(too_old(&events, event.id, now).map(|id| (id, false)));
                    turn.problem = Some(reason);
                    break;
                }
            }
            if began.elapsed() >= LONG_TURN {
                break;
            }
        }
        Ok(turn)
    }

    /// What a partner is told of an event; none where that is nothing.
    async fn notice(&self, pool: &Pool, remote: &Binding, event: &Event) -> Result<Option<NoticeRequest>, Failure> {
        let (Some(news), Some(customer)) = (News::of_kind(event.change.kind), &event.change.customer) else {
            return Ok(None);
        };
        let Some(coupon) = self.store.get_one::<Coupons>(event.coupon).await? else { return Ok(None) };
        let Some(terms) = pool.terms(coupon.terms) else { return Ok(None) };
        let known = async |id: &CustomerId| -> Result<_, Failure> {
            let known = self.store.get_one::<Customers>(id.clone()).await?;
            Ok(plugin_customer(id, known.map(|known: Box<Customer>| *known)))
        };
        let ids = self.registry.ids();
        Ok(Some(NoticeRequest {
            id: ids.encode(&GlobalId::Event(event.id)),
            event: match news {
                News::Claim => NoticeEvent::Claim,
                News::Unassign => NoticeEvent::Unassign,
                News::Transfer => NoticeEvent::Transfer,
            },
            at: event.at.to_string(),
            now: self.now().to_string(),
            pool: plugin_pool(ids, pool),
            coupon: plugin_coupon(ids, pool, &coupon, terms),
            customer: known(customer).await?,
            receiver: match &event.change.counterpart {
                Some(receiver) => Some(known(receiver).await?),
                None => None,
            },
            config: remote.config.clone(),
        }))
    }
}

/// Why a partner has not taken a notice.
enum Untold {
    /// It never will.
    Refused(String),
    /// Not now: in the words for staff.
    Later(String),
}

async fn tell(plugins: Option<&Plugins>, plugin: &str, notice: &NoticeRequest) -> Result<(), Untold> {
    let told = match plugins {
        Some(plugins) => plugins.tell(plugin, notice).await,
        None => Err(PluginFailure::NotLoaded(plugin.to_owned())),
    };
    match told {
        Ok(Ok(())) => Ok(()),
        Ok(Err(SourceRefusal::Refused(reason))) => Err(Untold::Refused(shown(&reason))),
        Ok(Err(SourceRefusal::Unavailable(reason))) => Err(Untold::Later(shown(&reason))),
        Ok(Err(SourceRefusal::Misconfigured(reason))) => {
            Err(Untold::Later(format!("its configuration is wrong: {}", shown(&reason))))
        }
        Err(failure) => Err(Untold::Later(failure.to_string())),
    }
}

fn note_problem(remote: &Binding, request: &NoticeRequest, reason: &str) {
    let plugin = &remote.plugin;
    tracing::warn!(
        plugin,
        pool = request.pool.id,
        notice = request.id,
        reason,
        "a partner could not be told: tried again"
    );
}

/// The events from one on that are given up.
fn too_old(events: &[Event], from: EventId, now: Instant) -> impl Iterator<Item = EventId> {
    let limit = now.checked_sub(GIVE_UP).ok();
    let old = move |event: &&Event| event.id >= from && limit.is_some_and(|limit| event.at < limit);
    events.iter().filter(old).map(|event| event.id)
}
