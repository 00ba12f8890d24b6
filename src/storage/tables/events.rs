//! The log of events, and when coupons are over.

use std::{
    borrow::Cow,
    ops::{Range, RangeInclusive},
};

use serde::{Deserialize, Serialize};

use super::{
    Change, Coupons, Customers, Dues, Events, HoldDues, TransactionEvents,
    words::{self, link_to, linked},
};
use crate::{
    codec::{At, CodecError, Link, Part, Parts, PartsReader},
    table::{Form, KIB, Span},
};
use scrip_domain::{
    decimal::Amount,
    id::{CouponId, EventId, PoolId},
};

/// How many events one row of the log holds.
pub const EVENTS_IN_ROW: u64 = 16;

/// An event without what its row's id tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Which coupon.
    pub coupon: CouponId,
    /// Who did it.
    pub actor: String,
    /// What happened.
    pub change: Change,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptEvents<'a> {
    #[serde(borrow)]
    events: Vec<KeptEvent<'a>>,
}

#[derive(Serialize, Deserialize)]
struct KeptEvent<'a> {
    at: At,
    #[serde(borrow)]
    coupon: Link<'a>,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    customer: Option<Link<'a>>,
    #[serde(borrow)]
    before: Cow<'a, str>,
    #[serde(borrow)]
    after: Cow<'a, str>,
    /// In minor units, and so is the next.
    amount: Option<i64>,
    balance_after: Option<i64>,
    #[serde(borrow)]
    transaction: Option<Cow<'a, str>>,
    /// The other side of a transfer.
    #[serde(borrow)]
    counterpart: Option<Link<'a>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    /// Events of before have it in their reason.
    #[serde(borrow, default)]
    reference: Option<Cow<'a, str>>,
}

impl Events {
    /// The rows of a stream whose first events' places are in a range.
    #[must_use]
    pub fn of(stream: u32, firsts: Range<u64>) -> Span<Self> {
        Span::numbers(&[Part::Number(stream.into())], firsts)
    }

    /// The rows of a stream that can have an event whose place is in a range.
    #[must_use]
    pub fn with(stream: u32, places: Range<u64>) -> Span<Self> {
        Self::of(stream, places.start.saturating_sub(EVENTS_IN_ROW - 1)..places.end)
    }
}

impl Form for Events {
    const TABLE: &'static str = "event";
    const MOST: usize = 128 * KIB;
    type Kept<'a> = KeptEvents<'a>;

    fn parts(key: &EventId) -> Parts<'_> {
        Parts::array([Part::Number(key.stream.into()), Part::Number(key.sequence)])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<EventId> {
        Some(EventId { stream: parts.small()?, sequence: parts.number()? })
    }

    fn keep<'a>(_: &EventId, events: &'a Vec<Dated>) -> KeptEvents<'a> {
        KeptEvents { events: events.iter().map(keep_event).collect() }
    }

    fn restore(_: &EventId, kept: KeptEvents<'_>) -> Result<Vec<Dated>, CodecError> {
        kept.events.into_iter().map(event).collect()
    }
}

fn keep_event(event: &Dated) -> KeptEvent<'_> {
    let change = &event.change;
    KeptEvent {
        at: At(event.at),
        coupon: link_to::<Coupons>(&event.coupon),
        actor: Cow::Borrowed(&event.actor),
        kind: words::of_event(change.kind).into(),
        customer: change.customer.as_ref().map(link_to::<Customers>),
        before: words::of_status(change.before).into(),
        after: words::of_status(change.after).into(),
        amount: change.amount.map(|amount| amount.0),
        balance_after: change.balance_after.map(|amount| amount.0),
        transaction: change.transaction.as_deref().map(Cow::Borrowed),
        counterpart: change.counterpart.as_ref().map(link_to::<Customers>),
        reason: change.reason.as_deref().map(Cow::Borrowed),
        reference: change.reference.as_deref().map(Cow::Borrowed),
    }
}

fn event(kept: KeptEvent<'_>) -> Result<Dated, CodecError> {
    let change = Change {
        kind: words::event(&kept.kind)?,
        customer: kept.customer.as_ref().map(linked::<Customers>).transpose()?,
        before: words::status(&kept.before)?,
        after: words::status(&kept.after)?,
        amount: kept.amount.map(Amount),
        balance_after: kept.balance_after.map(Amount),
        transaction: kept.transaction.map(Cow::into_owned),
        counterpart: kept.counterpart.as_ref().map(linked::<Customers>).transpose()?,
        reason: kept.reason.map(Cow::into_owned),
        reference: kept.reference.map(Cow::into_owned),
    };
    Ok(Dated { at: kept.at.0, coupon: linked::<Coupons>(&kept.coupon)?, actor: kept.actor.into_owned(), change })
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptNamed<'a> {
    #[serde(borrow)]
    coupon: Link<'a>,
}

impl TransactionEvents {
    /// The events in a stream that name a purchase and whose places are in a range.
    #[must_use]
    pub fn of(transaction: &str, stream: u32, places: Range<u64>) -> Span<Self> {
        Span::numbers(&[Part::Text(transaction), Part::Number(stream.into())], places)
    }
}

impl Form for TransactionEvents {
    const TABLE: &'static str = "transaction_event";
    const MOST: usize = 2 * KIB;
    type Kept<'a> = KeptNamed<'a>;

    fn parts((transaction, event): &(String, EventId)) -> Parts<'_> {
        let (stream, sequence) = (Part::Number(event.stream.into()), Part::Number(event.sequence));
        Parts::array([Part::Text(transaction), stream, sequence])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(String, EventId)> {
        Some((parts.text()?, EventId { stream: parts.small()?, sequence: parts.number()? }))
    }

    fn keep<'a>(_: &(String, EventId), coupon: &'a CouponId) -> KeptNamed<'a> {
        KeptNamed { coupon: link_to::<Coupons>(coupon) }
    }

    fn restore(_: &(String, EventId), kept: KeptNamed<'_>) -> Result<CouponId, CodecError> {
        linked::<Coupons>(&kept.coupon)
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptDue<'a> {
    #[serde(borrow)]
    coupon: Link<'a>,
}

fn since_1970(instants: RangeInclusive<i64>) -> RangeInclusive<u64> {
    let since = |millis: &i64| u64::try_from(*millis).unwrap_or_default();
    since(instants.start())..=since(instants.end())
}

impl Dues {
    /// The coupons that are over between two instants, in milliseconds since 1970.
    #[must_use]
    pub fn between(instants: RangeInclusive<i64>) -> Span<Self> {
        Span::numbers(&[], since_1970(instants))
    }
}

impl Form for Dues {
    const TABLE: &'static str = "due";
    const MOST: usize = KIB;
    type Kept<'a> = KeptDue<'a>;

    fn parts((at, coupon): &(i64, CouponId)) -> Parts<'_> {
        let at = Part::Number(u64::try_from(*at).unwrap_or_default());
        Parts::array([at, Part::Number(coupon.pool.0.into()), Part::Number(coupon.index)])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(i64, CouponId)> {
        let at = i64::try_from(parts.number()?).ok()?;
        Some((at, CouponId { pool: PoolId(parts.small()?), index: parts.number()? }))
    }

    fn keep<'a>((_, coupon): &(i64, CouponId), (): &'a ()) -> KeptDue<'a> {
        KeptDue { coupon: link_to::<Coupons>(coupon) }
    }

    fn restore(_: &(i64, CouponId), _: KeptDue<'_>) -> Result<(), CodecError> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptHoldDue {}

impl HoldDues {
    /// The checkouts whose holds are over between two instants, in milliseconds since 1970.
    #[must_use]
    pub fn between(instants: RangeInclusive<i64>) -> Span<Self> {
        Span::numbers(&[], since_1970(instants))
    }
}

impl Form for HoldDues {
    const TABLE: &'static str = "hold_due";
    const MOST: usize = KIB;
    type Kept<'a> = KeptHoldDue;

    fn parts((at, transaction): &(i64, String)) -> Parts<'_> {
        Parts::array([Part::Number(u64::try_from(*at).unwrap_or_default()), Part::Text(transaction)])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(i64, String)> {
        Some((i64::try_from(parts.number()?).ok()?, parts.text()?))
    }

    fn keep(_: &(i64, String), (): &()) -> KeptHoldDue {
        KeptHoldDue {}
    }

    fn restore(_: &(i64, String), _: KeptHoldDue) -> Result<(), CodecError> {
        Ok(())
    }
}
