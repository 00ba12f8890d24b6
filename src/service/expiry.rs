//! What time does. A hold is over for everybody at its instant; here what it held is given back. A coupon is expired for
//! every reader from its instant on; here it gets its event, its place in the counts and in the lists by status. A task in
//! the background does both; readers that depend on it wake the task and wait until it has caught up, for a bounded time,
//! after which they look at each coupon's own end. So they never see a coupon in the wrong list, and write nothing
//! themselves.

use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

use super::{
    Caller, Command, Expire, Failure, Forget, IdsBegin, Registry, ReleaseOver, Scrip,
    committer::Ahead,
    prepare::fresh_bytes,
    tasks::{EXPIRIES, Pace},
    vitals::Doing,
};
use scrip_domain::{id::CouponId, period::Instant, rejection::Code, seal::IdSecret};
use scrip_storage::{Answers, Dues, HoldDues, ReadFrom, Span};

/// How many coupons are recorded in one command.
const PART: usize = 1_024;
/// How many are read at once.
const PAGE: usize = 4 * PART;

/// How many holds, each of which may be of fifty coupons.
const HOLDS: usize = 8;

/// How long it is waited for a part of what is over to be recorded: the committer may wait for room on the disk. Whoever
/// reads waits no longer for all of it, which takes a minute where a million coupons are over at the same instant.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far the record of what time did goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// Everything that is over is recorded.
    All,
    /// Nothing can be recorded, or it is too much: some coupons whose time is over are still in the lists of what can be
    /// used. Whoever reads those has to look at each coupon's own end.
    Behind,
}

/// What the runs of the task have come to.
#[derive(Debug)]
pub(super) struct Expiries {
    /// How many runs have begun.
    begun: AtomicU64,
    /// The last run that somebody has waited for in vain: nobody waits for its end again.
    late: AtomicU64,
    told: watch::Sender<Told>,
}

/// What a run tells when it has ended.
#[derive(Debug, Clone, Copy)]
struct Told {
    run: u64,
    settled: Settled,
}

impl Default for Expiries {
    fn default() -> Self {
        Self {
            begun: AtomicU64::new(0),
            late: AtomicU64::new(0),
            told: watch::Sender::new(Told { run: 0, settled: Settled::Behind }),
        }
    }
}

impl Expiries {
    /// Waits for the end of a run that begins from now on; not for one that takes long.
    async fn next_run(&self, wake: impl FnOnce()) -> Settled {
        // A run that has begun already may have looked at what is over before this was.
        let before = self.begun.load(SeqCst);
        let mut told = self.told.subscribe();
        if before > told.borrow().run && self.late.load(SeqCst) == before {
            return Settled::Behind;
        }
        wake();
        match timeout(PATIENCE, told.wait_for(|told| told.run > before)).await {
            Ok(told) => told.map_or(Settled::Behind, |told| told.settled),
            Err(_) => {
                self.late.fetch_max(self.begun.load(SeqCst), SeqCst);
                Settled::Behind
            }
        }
    }
}

/// Some of what is over: holds, or coupons.
struct Over {
    holds: Vec<(i64, String)>,
    coupons: Vec<(i64, CouponId)>,
}

impl Over {
    /// Takes the first of them out, up to so many coupons; none where nothing is left.
    fn part(&mut self, most: usize) -> Option<Self> {
        let holds = std::mem::take(&mut self.holds);
        let most = if holds.is_empty() { most.min(self.coupons.len()) } else { 0 };
        let part = Self { holds, coupons: self.coupons.drain(..most).collect() };
        Some(part).filter(|part| !part.holds.is_empty() || !part.coupons.is_empty())
    }

    /// What records it.
    fn command(&self) -> Command {
        if self.holds.is_empty() { Expire(self.coupons.clone()).into() } else { ReleaseOver(self.holds.clone()).into() }
    }

    /// Notes that it is recorded.
    fn pass(&self, registry: &Registry, now: Instant) {
        let all = now.as_millisecond().saturating_add(1);
        match (self.holds.last(), self.coupons.last()) {
            (Some((at, last)), _) => registry.hold_dues.passed((*at, Some(last.clone()))),
            (None, Some((at, last))) => registry.dues.passed((*at, Some(*last))),
            (None, None) => {
                registry.hold_dues.passed((all, None));
                registry.dues.passed((all, None));
            }
        }
    }
}

fn holds_from((at, last): (i64, Option<String>), until: i64) -> Span<HoldDues> {
    let span = HoldDues::between(at..=until);
    last.map_or(span.clone(), |last| span.after(&(at, last)))
}

fn coupons_from((at, last): (i64, Option<CouponId>), until: i64) -> Span<Dues> {
    let span = Dues::between(at..=until);
    last.map_or(span.clone(), |last| span.after(&(at, last)))
}

/// What one part of the work came to.
enum Part {
    /// There may be more.
    More,
    /// It is done, or cannot be done now.
    Done(Settled),
}

impl Scrip {
    /// Records every expiry up to now.
    pub(super) async fn sweep(&self) -> Result<(), Failure> {
        let run = self.expiries.begun.fetch_add(1, SeqCst) + 1;
        let tell = |settled| self.expiries.told.send_modify(|told| *told = Told { run, settled });
        let now = self.now();
        let mut pace = Pace::default();
        let settled = loop {
            match self.settle_page(now, &mut pace).await {
                Ok(Part::More) => {}
                Ok(Part::Done(settled)) => break Ok(settled),
                Err(failure) => break Err(failure),
            }
        };
        tell(*settled.as_ref().unwrap_or(&Settled::Behind));
        self.vitals.sweep.set(Doing::Step("waiting for its turn on the process's threads"));
        settled.map(drop)
    }

    /// Waits until every expiry up to an instant, which is not in the future, is recorded, or tells that some are not.
    pub(super) async fn settle(&self, now: Instant) -> Result<Settled, Failure> {
        let until = now.as_millisecond();
        let (holds, coupons) = (self.registry.hold_dues.place(), self.registry.dues.place());
        if self.store.scan(&holds_from(holds, until), ReadFrom::Start, 1).await?.is_empty()
            && self.store.scan(&coupons_from(coupons, until), ReadFrom::Start, 1).await?.is_empty()
        {
            return Ok(Settled::All);
        }
        // Where it stops, the task runs no more.
        let run = self.expiries.next_run(|| self.tasks.wake(EXPIRIES));
        Ok(self.stop.run_until_cancelled(run).await.unwrap_or(Settled::Behind))
    }

    async fn settle_page(&self, now: Instant, pace: &mut Pace) -> Result<Part, Failure> {
        let doing = || self.vitals.sweep.set(Doing::Step("recording in the database what is over"));
        doing();
        let mut over = self.over(now).await?;
        let (caller, mut came) = (Caller::scrip(), Part::Done(Settled::All));
        let mut next = self.read_part(&caller, over.part(pace.part(PART))).await?;
        while let Some((part, read)) = next {
            // Each part is progress: however much is over, it does not stand still.
            doing();
            let following = over.part(pace.part(PART));
            let recorded = timeout(PATIENCE, self.submit_with(&caller, read));
            // What the next part needs is read while the committer works on this one, and while callers have their turn.
            let (recorded, read) = tokio::join!(pace.keep(self, recorded), self.read_part(&caller, following));
            match recorded {
                Ok(Ok(_)) => part.pass(&self.registry, now),
                Ok(Err(failure)) if !is_stopped(&failure) => return Err(failure),
                Ok(Err(_)) | Err(_) => return Ok(Part::Done(Settled::Behind)),
            }
            came = Part::More;
            next = read?;
        }
        if let Part::Done(_) = came {
            over.pass(&self.registry, now);
        }
        Ok(came)
    }

    /// A part, with what records it and the rows that it needs.
    async fn read_part(
        &self,
        caller: &Caller,
        part: Option<Over>,
    ) -> Result<Option<(Over, (Command, Ahead))>, Failure> {
        let Some(part) = part else { return Ok(None) };
        let command = part.command();
        Ok(Some((part, self.read_ahead(caller, command).await?)))
    }

    /// Some of what is over and not recorded so: holds first, because what they held may be over as well.
    async fn over(&self, now: Instant) -> Result<Over, Failure> {
        let until = now.as_millisecond();
        // Before what is found by it, so that what comes meanwhile is not passed.
        let (holds, coupons) = (self.registry.hold_dues.look(), self.registry.dues.look());
        let holds = self.store.scan(&holds_from(holds, until), ReadFrom::Start, HOLDS).await?;
        if !holds.is_empty() {
            return Ok(Over { holds: holds.into_iter().map(|(due, ())| due).collect(), coupons: Vec::new() });
        }
        let coupons = self.store.scan(&coupons_from(coupons, until), ReadFrom::Start, PAGE).await?;
        Ok(Over { holds: Vec::new(), coupons: coupons.into_iter().map(|(due, ())| due).collect() })
    }

    /// Gives the database a secret for its ids, if it has none: at its first start, or at the first of a folder of before.
    /// Where no change can be made, it is tried again with the next sweep, and ids are those of before until then.
    pub(super) async fn begin_ids(&self) -> Result<(), Failure> {
        if self.registry.has_ids() {
            return Ok(());
        }
        let begin = IdsBegin(IdSecret::new(fresh_bytes()?));
        match timeout(PATIENCE, self.change(&Caller::scrip(), None, begin)).await {
            Ok(Err(failure)) if !is_stopped(&failure) => Err(failure),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Forgets the answers of periods before the last one.
    pub(super) async fn forget_answers(&self) -> Result<(), Failure> {
        let Some(period) = self.time.period() else { return Ok(()) };
        let old = Answers::before(..period.saturating_sub(1));
        loop {
            let rows = self.store.scan(&old, ReadFrom::Start, PART).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let keys = rows.into_iter().map(|(key, _)| key).collect();
            match self.change(&Caller::scrip(), None, Forget(keys)).await {
                Ok(_) => {}
                Err(failure) if is_stopped(&failure) => return Ok(()),
                Err(failure) => return Err(failure),
            }
        }
    }
}

/// Whether a command was refused because no change can be made at the moment.
fn is_stopped(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(refusals) => refusals.iter().any(|refusal| refusal.code == Code::DatabaseUnavailable),
        Failure::Internal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Over;
    use scrip_domain::id::{CouponId, PoolId};

    #[test]
    fn what_is_over_goes_in_parts_and_holds_go_alone() {
        let due = |index| (7, CouponId { pool: PoolId(1), index });
        let holds = vec![(5, "order".to_owned())];
        let mut over = Over { holds: holds.clone(), coupons: (0..5).map(due).collect() };
        let mut parts = Vec::new();
        while let Some(part) = over.part(2) {
            parts.push((part.holds, part.coupons));
        }
        let coupons = |places: std::ops::Range<u64>| (Vec::new(), places.map(due).collect());
        assert_eq!(parts, [(holds, Vec::new()), coupons(0..2), coupons(2..4), coupons(4..5)]);
    }
}
