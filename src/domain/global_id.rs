//! The opaque ids by which everything is known outside: they name the kind of object, so an id of another kind is
//! told apart, and never contain a code.

use data_encoding::BASE64URL_NOPAD;

use super::id::{CouponId, CustomerId, EntryId, EventId, PoolId};

/// What an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobalId {
    /// A pool.
    Pool(PoolId),
    /// A coupon.
    Coupon(CouponId),
    /// A customer.
    Customer(CustomerId),
    /// An event.
    Event(EventId),
    /// A ledger entry.
    Entry(EntryId),
}

impl GlobalId {
    /// The id as the API gives it.
    #[must_use]
    pub fn encode(&self) -> String {
        let text = match self {
            Self::Pool(pool) => format!("pool:{}", pool.0),
            Self::Coupon(id) => format!("coupon:{}:{}", id.pool.0, id.index),
            Self::Customer(id) => format!("customer:{id}"),
            Self::Event(id) => format!("event:{}:{}", id.stream, id.sequence),
            Self::Entry(id) => format!("entry:{}:{}:{}", id.coupon.pool.0, id.coupon.index, id.number),
        };
        BASE64URL_NOPAD.encode(text.as_bytes())
    }

    /// Reads an id; none where the API never gave it.
    #[must_use]
    pub fn decode(id: &str) -> Option<Self> {
        if id.len() > 1_024 {
            return None;
        }
        let text = String::from_utf8(BASE64URL_NOPAD.decode(id.as_bytes()).ok()?).ok()?;
        let (kind, rest) = text.split_once(':')?;
        if kind == "customer" {
            return CustomerId::parse(rest).ok().map(Self::Customer);
        }
        let numbers = rest.split(':').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
        let small = |number: u64| u32::try_from(number).ok();
        let coupon = |pool, index| Some(CouponId { pool: PoolId(small(pool)?), index });
        match (kind, numbers.as_slice()) {
            ("pool", [pool]) => Some(Self::Pool(PoolId(small(*pool)?))),
            ("coupon", [pool, index]) => Some(Self::Coupon(coupon(*pool, *index)?)),
            ("event", [stream, sequence]) => {
                Some(Self::Event(EventId { stream: small(*stream)?, sequence: *sequence }))
            }
            ("entry", [pool, index, number]) => {
                Some(Self::Entry(EntryId { coupon: coupon(*pool, *index)?, number: small(*number)? }))
            }
            _ => None,
        }
    }
}
