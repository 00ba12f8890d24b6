//! What the partner of a `REMOTE` pool is told of the coupons that it supplied, where the binding says so: whom a code
//! belongs to is the partner's to know. A notice is a place in the log, noted in the transaction of the change, and kept
//! until the partner has taken it, has refused it, or has been away for too long. Each pool has a queue of its own, in the
//! order of the log.

use std::time::Duration;

use super::{
    coupon::Coupon,
    event::{Change, EventType},
    period::Instant,
    rejection::Rejection,
};

/// The most notices of a pool that wait. What would need one more is refused: none is ever lost.
pub const MAX_WAITING: u64 = 100_000;
/// The most notices of a pool that are kept after they have failed. Of later ones only the log tells.
pub const MAX_FAILED: u64 = 1_000;
/// How old a notice is when it is given up, where its partner is still away.
pub const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How long one that has failed is kept.
pub const KEEP_FAILED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10 * 60);
/// The longest text of what went wrong, in characters.
const MAX_PROBLEM: usize = 500;

/// What a partner is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// A coupon that had come back was given to a customer. The first claim of a code is no news: the partner gave it.
    Claim,
    /// It was taken back from its customer.
    Unassign,
    /// Its customer gave it to another.
    Transfer,
}

impl News {
    /// What a change of a coupon is to the partner; `before` is the coupon before it, if it had a row.
    #[must_use]
    pub fn of(change: &Change, before: Option<&Coupon>) -> Option<Self> {
        match change.kind {
            EventType::Unassign => Some(Self::Unassign),
            EventType::Transfer => Some(Self::Transfer),
            // A claim from an aggregated pool may give the same customer the same coupon once more.
            EventType::Claim if before.is_some_and(|before| before.customer != change.customer) => Some(Self::Claim),
            _ => None,
        }
    }

    /// The same of an event that is known to be news.
    #[must_use]
    pub fn of_kind(kind: EventType) -> Option<Self> {
        match kind {
            EventType::Claim => Some(Self::Claim),
            EventType::Unassign => Some(Self::Unassign),
            EventType::Transfer => Some(Self::Transfer),
            _ => None,
        }
    }
}

/// The queue of a pool's notices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outbox {
    /// How many wait.
    pub waiting: u64,
    /// How many have failed and are kept.
    pub failed: u64,
    /// How many tries in a row came to nothing.
    pub attempts: u32,
    /// Not before this instant the partner is tried again.
    pub next_at: Option<Instant>,
    /// Why the last try came to nothing, for staff.
    pub problem: Option<String>,
}

impl Outbox {
    /// One more waits.
    pub fn add(&mut self) -> Result<(), Rejection> {
        if self.waiting >= MAX_WAITING {
            let what = "too many changes of this pool wait to be told to its partner (see partner of the pool)";
            return Err(Rejection::LimitExceeded { what, limit: MAX_WAITING });
        }
        self.waiting += 1;
        Ok(())
    }

    /// One waits no more.
    pub fn take(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// One that waited has failed; whether it is kept.
    pub fn fail(&mut self) -> bool {
        self.take();
        let kept = self.failed < MAX_FAILED;
        self.failed += u64::from(kept);
        kept
    }

    /// The partner answered.
    pub fn went_well(&mut self) {
        (self.attempts, self.next_at, self.problem) = (0, None, None);
    }

    /// A try came to nothing.
    pub fn went_badly(&mut self, now: Instant, reason: &str) {
        self.attempts = self.attempts.saturating_add(1);
        self.next_at = now.checked_add(pause(self.attempts)).ok();
        self.problem = Some(reason.chars().take(MAX_PROBLEM).collect());
    }

    /// Whether its partner is to be told something now.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.waiting > 0 && self.next_at.is_none_or(|next| next <= now)
    }

    /// Nothing is left of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting == 0 && self.failed == 0
    }
}

/// How long to wait after so many tries in a row that came to nothing: 1, 2, 4 seconds and so on.
fn pause(attempts: u32) -> Duration {
    let seconds = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let seconds: Vec<u64> = [1, 2, 3, 10, 11, 64, 65, u32::MAX].map(|tries| pause(tries).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 512, 600, 600, 600, 600]);
    }

    #[test]
    fn a_queue_is_bounded_and_counts_what_becomes_of_each() {
        let mut outbox = Outbox { waiting: MAX_WAITING - 1, failed: MAX_FAILED - 1, ..Outbox::default() };
        outbox.add().expect("the last one");
        assert!(matches!(outbox.add(), Err(Rejection::LimitExceeded { limit: MAX_WAITING, .. })));
        assert!(outbox.fail(), "kept");
        assert!(!outbox.fail(), "only told");
        assert_eq!((outbox.waiting, outbox.failed), (MAX_WAITING - 2, MAX_FAILED));
        outbox = Outbox { waiting: 1, ..Outbox::default() };
        let now = Instant::UNIX_EPOCH;
        assert!(outbox.is_due(now));
        outbox.went_badly(now, &"x".repeat(1_000));
        assert!(!outbox.is_due(now) && outbox.is_due(now + Duration::from_secs(1)));
        assert_eq!(outbox.problem.as_ref().map(String::len), Some(MAX_PROBLEM));
        outbox.went_well();
        outbox.take();
        assert!(outbox.is_empty() && !outbox.is_due(now));
    }
}
