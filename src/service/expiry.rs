//! What time does. A coupon is expired for every reader from its instant on; here it gets its event,
//! its place in the counts and in the lists by status. Readers that depend on those first let this
//! catch up, so they never see a coupon in the wrong list.

use std::time::Duration;

use tokio::time::timeout;

use super::{Caller, Command, Failure, Scrip, prepare::fresh_bytes, vitals::Doing};
use scrip_domain::{period::Instant, rejection::Code, seal::IdSecret};
use scrip_storage::{Answers, Dues, ReadFrom};

/// How many coupons are recorded in one command.
const PART: usize = 256;

/// How long a reader waits for what is over to be recorded: the committer may wait for room on the disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far the record of what time did goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Everything that is over is recorded.
    All,
    /// Nothing can be recorded: some coupons whose time is over are still in the lists of what can be used. Whoever reads
    /// those has to look at each coupon's own end.
    Behind,
}

/// What one part of the work came to.
enum Part {
    /// There may be more.
    More,
    /// It is done, or cannot be done now.
    Done(Settled),
}

impl Scrip {
    /// Records every expiry up to now, and forgets answers to idempotency keys that are too old.
    pub(super) async fn sweep(&self) -> Result<(), Failure> {
        if let Err(error) = self.begin_ids().await {
            tracing::error!(%error, "making the secret of the database's ids failed: it is tried again");
        }
        let now = self.now();
        let settled = loop {
            // Each part is progress: however much is over, it does not stand still.
            self.vitals.sweep.set(Doing::Step("recording in the database what is over"));
            if let Part::Done(settled) = self.settle_part(now).await? {
                break settled;
            }
        };
        match settled {
            Settled::All => self.forget_answers().await,
            Settled::Behind => Ok(()),
        }
    }

    /// Records every expiry up to an instant, which is not in the future.
    pub async fn settle(&self, now: Instant) -> Result<Settled, Failure> {
        loop {
            if let Part::Done(settled) = self.settle_part(now).await? {
                return Ok(settled);
            }
        }
    }

    async fn settle_part(&self, now: Instant) -> Result<Part, Failure> {
        let rows = self.store.scan(&Dues::until(..=now.as_millisecond()), ReadFrom::Start, PART).await?;
        let due: Vec<_> = rows.into_iter().map(|(due, ())| due).collect();
        if due.is_empty() {
            return Ok(Part::Done(Settled::All));
        }
        match timeout(PATIENCE, self.submit(&Caller::scrip(), None, Command::Expire(due))).await {
            Ok(Ok(_)) => Ok(Part::More),
            Ok(Err(failure)) if !is_stopped(&failure) => Err(failure),
            Ok(Err(_)) | Err(_) => Ok(Part::Done(Settled::Behind)),
        }
    }

    /// Gives the database a secret for its ids, if it has none: at its first start, or at the first of a folder of before.
    /// Where no change can be made, it is tried again with the next sweep, and ids are those of before until then.
    pub(super) async fn begin_ids(&self) -> Result<(), Failure> {
        if self.registry.has_ids() {
            return Ok(());
        }
        let command = Command::IdsBegin(IdSecret::new(fresh_bytes()?));
        match timeout(PATIENCE, self.submit(&Caller::scrip(), None, command)).await {
            Ok(Err(failure)) if !is_stopped(&failure) => Err(failure),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Forgets the answers of periods before the last one.
    async fn forget_answers(&self) -> Result<(), Failure> {
        let Some(period) = self.time.period() else { return Ok(()) };
        let old = Answers::before(..period.saturating_sub(1));
        loop {
            self.vitals.sweep.set(Doing::Step("removing old answers from the database"));
            let rows = self.store.scan(&old, ReadFrom::Start, PART).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let keys = rows.into_iter().map(|(key, _)| key).collect();
            match self.submit(&Caller::scrip(), None, Command::Forget(keys)).await {
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
