//! What time does. A coupon is expired for every reader from its instant on; here it gets its event,
//! its place in the counts and in the lists by status. Readers that depend on those first let this
//! catch up, so they never see a coupon in the wrong list.

use super::{Caller, Command, Failure, Scrip};
use scrip_domain::id::{CouponId, PoolId};
use scrip_storage::RowId;

/// How many coupons are recorded in one command.
const PART: usize = 256;
/// A day, in seconds.
const DAY: i64 = 86_400;

impl Scrip {
    /// Records every expiry up to now, and forgets answers to idempotency keys that are too old.
    pub(super) async fn sweep(&self) -> Result<(), Failure> {
        self.settle().await?;
        self.forget_answers().await
    }

    /// Records every expiry up to now.
    pub async fn settle(&self) -> Result<(), Failure> {
        let start = RowId::Due(0, first_coupon()).key().text;
        loop {
            let now = self.clock.now().as_millisecond();
            let end = RowId::Due(now.saturating_add(1), first_coupon()).key().text;
            let rows = self.store.scan("due", start.clone(), end, false, PART).await?;
            let due: Vec<_> = rows.iter().filter_map(|(text, _)| read_due(text)).collect();
            if due.is_empty() {
                return Ok(());
            }
            self.submit(&nobody(), None, Command::Expire(due)).await?;
        }
    }

    async fn forget_answers(&self) -> Result<(), Failure> {
        let today = u32::try_from(self.clock.now().as_second() / DAY).unwrap_or_default();
        let end = format!("{:08x}", today.saturating_sub(1));
        loop {
            let rows = self.store.scan("answer", String::new(), end.clone(), false, PART).await?;
            let old: Vec<_> = rows.iter().filter_map(|(text, _)| read_answer(text)).collect();
            if old.is_empty() {
                return Ok(());
            }
            self.submit(&nobody(), None, Command::Forget(old)).await?;
        }
    }
}

fn nobody() -> Caller {
    Caller { id: "scrip".to_owned(), name: "scrip".to_owned() }
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

/// The day, caller and key of a kept answer.
fn read_answer(text: &str) -> Option<(u32, String, String)> {
    let day = u32::from_str_radix(text.get(..8)?, 16).ok()?;
    let mut parts = text.get(8..)?.split('\u{1}');
    Some((day, parts.next()?.to_owned(), parts.next()?.to_owned()))
}
