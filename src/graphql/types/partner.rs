//! What the partner of a pool is told of the coupons that it supplied.

use async_graphql::{Enum, Object, SimpleObject};

use super::CouponEvent;
use crate::scalar::DateTime;
use scrip_service::PartnerNews;

/// What the partner that supplies a pool's codes is told of its coupons, in the background: what waits, and what failed.
#[derive(Debug, Clone)]
pub struct PoolPartner(pub PartnerNews);

/// What the partner that supplies a pool's codes is told of its coupons, in the background: what waits, and what failed.
#[Object]
impl PoolPartner {
    /// How many changes wait to be told.
    async fn waiting(&self) -> i32 {
        number(self.0.outbox.waiting)
    }

    /// The one that has waited for the longest time.
    async fn oldest(&self) -> Option<CouponEvent> {
        self.0.oldest.clone().map(Into::into)
    }

    /// How many tries in a row have come to nothing; 0 where the last one went well.
    async fn attempts(&self) -> i32 {
        i32::try_from(self.0.outbox.attempts).unwrap_or(i32::MAX)
    }

    /// Not before this instant it is tried again; null where nothing went wrong.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        self.0.outbox.next_at.map(DateTime)
    }

    /// Why the last try came to nothing.
    async fn problem(&self) -> Option<&str> {
        self.0.outbox.problem.as_deref()
    }

    /// How many could not be told and are not tried again. They are kept for 30 days, at most 1,000; the log has all.
    async fn failed(&self) -> i32 {
        number(self.0.outbox.failed)
    }

    /// The first 100 of them.
    async fn failures(&self) -> Vec<PartnerFailure> {
        let failure = |(event, failed): &(scrip_domain::event::Event, scrip_service::FailedNotice)| PartnerFailure {
            event: event.clone().into(),
            at: DateTime(failed.at),
            reason: if failed.refused { PartnerFailureReason::Refused } else { PartnerFailureReason::GivenUp },
        };
        self.0.failed.iter().map(failure).collect()
    }
}

/// A change that a partner could not be told.
#[derive(Debug, Clone, SimpleObject)]
pub struct PartnerFailure {
    /// What happened.
    pub event: CouponEvent,
    /// Since when it is not tried any more.
    pub at: DateTime,
    /// Why.
    pub reason: PartnerFailureReason,
}

/// Why a change is not told any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum PartnerFailureReason {
    /// The partner refused it.
    Refused,
    /// The partner was away, or configured wrongly, for three days.
    GivenUp,
}

fn number(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
