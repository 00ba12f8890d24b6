//! Cursors: the place of an item in one kind of list, sealed like an id, because places tell how many there are. A cursor
//! of another kind of list, of another database, or one that was tampered with, is refused.

use data_encoding::BASE64URL_NOPAD;

use super::{global_id::GlobalIds, scalar::Cursor};
use scrip_domain::{
    id::{CouponId, CustomerId, EntryId, EventId, PoolId},
    job::JobId,
    name_key::NameKey,
    rejection::{Input, Refusal},
};
use scrip_service::{PoolPlace, foreign_cursor};

/// The longest cursor, in bytes: one that has the longest name of a pool in it fits.
const MAX_CURSOR: usize = 2_048;

/// The place of an item in a list.
pub trait Place: Sized {
    /// The place as text, starting with what tells its kind of list.
    fn text(&self) -> String;
    /// Reads the text.
    fn read(text: &str) -> Option<Self>;
}

/// The cursor of a place.
pub fn cursor<P: Place>(ids: &GlobalIds, place: &P) -> Cursor {
    let text = place.text();
    Cursor(ids.cursor(&text).unwrap_or_else(|| BASE64URL_NOPAD.encode(text.as_bytes())))
}

/// The place of a cursor that was given as the argument `field`. Clients keep cursors, so those that versions before gave
/// out, which were not sealed, are read as well.
pub fn place<P: Place>(ids: &GlobalIds, cursor: Option<&Cursor>, field: Input) -> Result<Option<P>, Refusal> {
    let Some(Cursor(text)) = cursor else { return Ok(None) };
    let read = ids.place(text).or_else(|| plain(text)).and_then(|text| P::read(&text));
    read.map(Some).ok_or_else(|| foreign_cursor(field))
}

/// The text of a place that was not sealed.
fn plain(text: &str) -> Option<String> {
    let bytes = if text.len() > MAX_CURSOR { None } else { BASE64URL_NOPAD.decode(text.as_bytes()).ok() };
    String::from_utf8(bytes?).ok()
}

/// The place of a cursor that was given as the argument `field` of the list of one thing: a pool's
/// coupons, a gift card's ledger.
pub fn place_of<P: Place>(
    ids: &GlobalIds,
    cursor: Option<&Cursor>,
    field: Input,
    belongs: impl Fn(&P) -> bool,
) -> Result<Option<P>, Refusal> {
    match place(ids, cursor, field)? {
        Some(place) if !belongs(&place) => Err(foreign_cursor(field)),
        place => Ok(place),
    }
}

impl Place for PoolPlace {
    fn text(&self) -> String {
        match self {
            Self::Created(id) => format!("p{}", id.0),
            Self::Named(key, id) => format!("n{}.{}", id.0, key.name()),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if let Some(id) = text.strip_prefix('p') {
            return id.parse().ok().map(|id| Self::Created(PoolId(id)));
        }
        let (id, name) = text.strip_prefix('n')?.split_once('.')?;
        Some(Self::Named(NameKey::new(name), PoolId(id.parse().ok()?)))
    }
}

impl Place for CouponId {
    fn text(&self) -> String {
        format!("c{}.{}", self.pool.0, self.index)
    }

    fn read(text: &str) -> Option<Self> {
        let (pool, index) = text.strip_prefix('c')?.split_once('.')?;
        Some(Self { pool: PoolId(pool.parse().ok()?), index: index.parse().ok()? })
    }
}

impl Place for EventId {
    fn text(&self) -> String {
        AtEvent::<'e'>(*self).text()
    }

    fn read(text: &str) -> Option<Self> {
        AtEvent::<'e'>::read(text).map(|AtEvent(event)| event)
    }
}

impl Place for CustomerId {
    fn text(&self) -> String {
        format!("u{self}")
    }

    fn read(text: &str) -> Option<Self> {
        Self::parse(text.strip_prefix('u')?).ok()
    }
}

impl Place for EntryId {
    fn text(&self) -> String {
        format!("l{}.{}.{}", self.coupon.pool.0, self.coupon.index, self.number)
    }

    fn read(text: &str) -> Option<Self> {
        let (coupon, number) = text.strip_prefix('l')?.rsplit_once('.')?;
        let (pool, index) = coupon.split_once('.')?;
        let coupon = CouponId { pool: PoolId(pool.parse().ok()?), index: index.parse().ok()? };
        Some(Self { coupon, number: number.parse().ok()? })
    }
}

/// A place in the audit.
#[derive(Debug, Clone, Copy)]
pub struct AuditPlace(pub u64);

impl Place for AuditPlace {
    fn text(&self) -> String {
        format!("a{}", self.0)
    }

    fn read(text: &str) -> Option<Self> {
        text.strip_prefix('a')?.parse().ok().map(Self)
    }
}

impl Place for JobId {
    fn text(&self) -> String {
        format!("j{}", self.0)
    }

    fn read(text: &str) -> Option<Self> {
        text.strip_prefix('j')?.parse().ok().map(Self)
    }
}

/// A place in the report of a job.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// Which job.
    pub job: JobId,
    /// The number in its report.
    pub number: u64,
}

impl Place for Refused {
    fn text(&self) -> String {
        format!("r{}.{}", self.job.0, self.number)
    }

    fn read(text: &str) -> Option<Self> {
        let (job, number) = text.strip_prefix('r')?.split_once('.')?;
        Some(Self { job: JobId(job.parse().ok()?), number: number.parse().ok()? })
    }
}

/// A place in a list that is in the order of events, of which `KIND` tells which one.
#[derive(Debug, Clone, Copy)]
pub struct AtEvent<const KIND: char>(pub EventId);

/// A place in the list of what a customer holds: the event by which a coupon came to be held.
pub type HeldSince = AtEvent<'h'>;
/// A place in the list of what happened to a pool's coupons in a span of time.
pub type HappenedAt = AtEvent<'t'>;

impl<const KIND: char> Place for AtEvent<KIND> {
    fn text(&self) -> String {
        format!("{KIND}{}.{}", self.0.stream, self.0.sequence)
    }

    fn read(text: &str) -> Option<Self> {
        let (stream, sequence) = text.strip_prefix(KIND)?.split_once('.')?;
        Some(Self(EventId { stream: stream.parse().ok()?, sequence: sequence.parse().ok()? }))
    }
}
