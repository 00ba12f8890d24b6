//! The audit: its entries by their places, and its end.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    AuditEntries, AuditHeads,
    words::{instant, millis, of_role, role},
};
use crate::{
    codec::{At, CodecError, Part, Parts, PartsReader},
    table::{Form, KIB, Span},
};
use scrip_domain::audit::{Attempted, Attempter, AuditEntry, AuditHead};

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptEntry<'a> {
    at: At,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    request: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    target: Option<Cow<'a, str>>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    /// The digest of the entry before.
    before: serde_bytes::ByteArray<32>,
}

impl AuditEntries {
    /// Those with numbers in a range.
    #[must_use]
    pub fn numbered(range: std::ops::Range<u64>) -> Span<Self> {
        let mut span = Span::all();
        if let Some(before) = range.start.checked_sub(1) {
            span = span.after(&before);
        }
        span.before(&range.end)
    }
}

impl Form for AuditEntries {
    const TABLE: &'static str = "audit";
    const MOST: usize = 16 * KIB;
    type Kept<'a> = KeptEntry<'a>;

    fn parts(number: &u64) -> Parts<'_> {
        Parts::alone(Part::Number(*number))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<u64> {
        parts.number()
    }

    fn keep<'a>(_: &u64, entry: &'a Box<AuditEntry>) -> KeptEntry<'a> {
        let Attempter { actor, name, role, address, request } = &entry.by;
        let Attempted { action, target, outcome } = &entry.what;
        KeptEntry {
            at: millis(entry.at),
            actor: actor.into(),
            name: name.into(),
            role: of_role(*role).into(),
            address: address.as_deref().map(Cow::Borrowed),
            request: request.into(),
            action: action.into(),
            target: target.as_deref().map(Cow::Borrowed),
            outcome: outcome.into(),
            before: entry.before.into(),
        }
    }

    fn restore(number: &u64, kept: KeptEntry<'_>) -> Result<Box<AuditEntry>, CodecError> {
        let by = Attempter {
            actor: kept.actor.into_owned(),
            name: kept.name.into_owned(),
            role: role(&kept.role)?,
            address: kept.address.map(Cow::into_owned),
            request: kept.request.into_owned(),
        };
        let what = Attempted {
            action: kept.action.into_owned(),
            target: kept.target.map(Cow::into_owned),
            outcome: kept.outcome.into_owned(),
        };
        Ok(Box::new(AuditEntry { number: *number, at: instant(kept.at)?, by, what, before: kept.before.into_array() }))
    }
}

/// The id of the one row of the end.
const ONE: &str = "end";

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptHead {
    number: u64,
    digest: serde_bytes::ByteArray<32>,
}

impl Form for AuditHeads {
    const TABLE: &'static str = "audit_end";
    const MOST: usize = KIB;
    type Kept<'a> = KeptHead;

    fn parts((): &()) -> Parts<'_> {
        Parts::alone(Part::Text(ONE))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<()> {
        (parts.text()? == ONE).then_some(())
    }

    fn keep((): &(), head: &AuditHead) -> KeptHead {
        KeptHead { number: head.number, digest: head.digest.into() }
    }

    fn restore((): &(), kept: KeptHead) -> Result<AuditHead, CodecError> {
        Ok(AuditHead { number: kept.number, digest: kept.digest.into_array() })
    }
}
