//! What time does. A coupon is expired for every reader from its instant on; here it gets its event,
//! its place in the counts and in the lists by status. Readers that depend on those first let this
//! catch up, so they never see a coupon in the wrong list.

use std::time::Duration;

use tokio::time::timeout;

use super::{Caller, Command, Failure, Scrip, vitals::Doing};
use scrip_domain::{
    id::{CouponId, PoolId},
    period::Instant,
    rejection::Code,
};
use scrip_storage::RowId;

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
        let start = RowId::Due(0, first_coupon()).key().text;
        let end = RowId::Due(now.as_millisecond().saturating_add(1), first_coupon()).key().text;
        let rows = self.store.scan("due", start, end, false, PART).await?;
        let due: Vec<_> = rows.iter().filter_map(|(text, _)| read_due(text)).collect();
        if due.is_empty() {
            return Ok(Part::Done(Settled::All));
        }
        match timeout(PATIENCE, self.submit(&Caller::scrip(), None, Command::Expire(due))).await {
            Ok(Ok(_)) => Ok(Part::More),
            Ok(Err(failure)) if !is_stopped(&failure) => Err(failure),
            Ok(Err(_)) | Err(_) => Ok(Part::Done(Settled::Behind)),
        }
    }

    /// Forgets the answers of periods before the last one.
    async fn forget_answers(&self) -> Result<(), Failure> {
        let Some(period) = self.time.period() else { return Ok(()) };
        let end = format!("{:08x}", period.saturating_sub(1));
        loop {
            self.vitals.sweep.set(Doing::Step("removing old answers from the database"));
            let rows = self.store.scan("answer", String::new(), end.clone(), false, PART).await?;
            let old: Vec<_> = rows.iter().filter_map(|(text, _)| read_answer(text)).collect();
            if old.is_empty() {
                return Ok(());
            }
            match self.submit(&Caller::scrip(), None, Command::Forget(old)).await {
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

fn first_coupon() -> CouponId {
    CouponId { pool: PoolId(0), index: 0 }
}

/// The instant and the coupon of a row that says when a coupon is over.
fn read_due(text: &str) -> Option<(i64, CouponId)> {
    let millis = i64::from_str_radix(text.get(..16)?, 16).ok()?;
    let pool = u32::from_str_radix(text.get(16..24)?, 16).ok()?;
    let index = u64::from_str_radix(text.get(24..)?, 16).ok()?;
    Some((millis, CouponId { pool: PoolId(pool), index }))
}

/// The period, caller and key of a kept answer.
fn read_answer(text: &str) -> Option<(u32, String, String)> {
    let period = u32::from_str_radix(text.get(..8)?, 16).ok()?;
    let mut parts = text.get(8..)?.split('\u{1}');
    Some((period, parts.next()?.to_owned(), parts.next()?.to_owned()))
}
