//! What partners are to be told of coupons that they supplied: the notices that wait, those that have failed, and the
//! queue of each pool that has any. A notice is the place of its event in the log, which says the rest.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    FailedNotices, Notices, Outboxes,
    words::{instant, millis},
};
use crate::{
    codec::{At, CodecError, Part, Parts, PartsReader},
    table::{Form, KIB, Span},
};
use scrip_domain::{
    id::{EventId, PoolId},
    notice::Outbox,
    period::Instant,
};

/// A notice that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedNotice {
    /// When.
    pub at: Instant,
    /// Whether the partner refused it; else it was given up, because the partner was away for too long.
    pub refused: bool,
}

impl Notices {
    /// Those of a pool, in the order of the log.
    #[must_use]
    pub fn of(pool: PoolId) -> Span<Self> {
        Span::numbers(&[Part::Number(pool.0.into())], ..)
    }
}

impl FailedNotices {
    /// Those of a pool, in the order of the log.
    #[must_use]
    pub fn of(pool: PoolId) -> Span<Self> {
        Span::numbers(&[Part::Number(pool.0.into())], ..)
    }
}

fn parts((pool, event): &(PoolId, EventId)) -> Parts<'_> {
    Parts::array([Part::Number(pool.0.into()), Part::Number(event.stream.into()), Part::Number(event.sequence)])
}

fn key(parts: &mut PartsReader<'_>) -> Option<(PoolId, EventId)> {
    Some((PoolId(parts.small()?), EventId { stream: parts.small()?, sequence: parts.number()? }))
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptNotice {}

impl Form for Notices {
    const TABLE: &'static str = "notice";
    const MOST: usize = KIB;
    type Kept<'a> = KeptNotice;

    fn parts(key: &(PoolId, EventId)) -> Parts<'_> {
        parts(key)
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(PoolId, EventId)> {
        key(parts)
    }

    fn keep(_: &(PoolId, EventId), (): &()) -> KeptNotice {
        KeptNotice {}
    }

    fn restore(_: &(PoolId, EventId), _: KeptNotice) -> Result<(), CodecError> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptFailed {
    at: At,
    refused: bool,
}

impl Form for FailedNotices {
    const TABLE: &'static str = "notice_failed";
    const MOST: usize = KIB;
    type Kept<'a> = KeptFailed;

    fn parts(key: &(PoolId, EventId)) -> Parts<'_> {
        parts(key)
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(PoolId, EventId)> {
        key(parts)
    }

    fn keep(_: &(PoolId, EventId), failed: &FailedNotice) -> KeptFailed {
        KeptFailed { at: millis(failed.at), refused: failed.refused }
    }

    fn restore(_: &(PoolId, EventId), kept: KeptFailed) -> Result<FailedNotice, CodecError> {
        Ok(FailedNotice { at: instant(kept.at)?, refused: kept.refused })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptOutbox<'a> {
    waiting: u64,
    failed: u64,
    attempts: u32,
    next_at: Option<At>,
    #[serde(borrow)]
    problem: Option<Cow<'a, str>>,
}

impl Form for Outboxes {
    const TABLE: &'static str = "outbox";
    const MOST: usize = 4 * KIB;
    type Kept<'a> = KeptOutbox<'a>;

    fn parts(key: &PoolId) -> Parts<'_> {
        Parts::alone(Part::Number(key.0.into()))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<PoolId> {
        parts.small().map(PoolId)
    }

    fn keep<'a>(_: &PoolId, outbox: &'a Outbox) -> KeptOutbox<'a> {
        KeptOutbox {
            waiting: outbox.waiting,
            failed: outbox.failed,
            attempts: outbox.attempts,
            next_at: outbox.next_at.map(millis),
            problem: outbox.problem.as_deref().map(Cow::Borrowed),
        }
    }

    fn restore(_: &PoolId, kept: KeptOutbox<'_>) -> Result<Outbox, CodecError> {
        Ok(Outbox {
            waiting: kept.waiting,
            failed: kept.failed,
            attempts: kept.attempts,
            next_at: kept.next_at.map(instant).transpose()?,
            problem: kept.problem.map(Cow::into_owned),
        })
    }
}
