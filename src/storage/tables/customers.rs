//! Customers: who they are, and what they hold and held.

use std::{borrow::Cow, ops::Range};

use serde::{Deserialize, Serialize};

use super::{
    Coupons, CustomerEvents, Customers, Emails, Holdings,
    words::{self, currency, customer, instant, link_to, linked, millis},
};
use crate::{
    codec::{At, CodecError, Link, Part, Parts, PartsReader},
    table::{Form, KIB, Span},
};
use scrip_domain::{
    coupon::Coupon,
    customer::{Customer, Email},
    id::{CouponId, CustomerId, EventId, PoolId},
    period::Instant,
};

/// What an event is in the history of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// The coupon that it happened to.
    pub coupon: CouponId,
    /// Whether the customer came to hold the coupon by it.
    pub acquired: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptCustomer<'a> {
    #[serde(borrow)]
    email: Option<Cow<'a, str>>,
    #[serde(borrow)]
    currency: Option<Cow<'a, str>>,
    /// JSON, in which numbers and names may be what the engine has not; none where there are none.
    attributes: Option<String>,
}

impl Customers {
    /// The customers whose ids begin with a text.
    #[must_use]
    pub fn starting_with(start: &str) -> Span<Self> {
        Span::texts(start)
    }
}

impl Form for Customers {
    const TABLE: &'static str = "customer";
    const MOST: usize = 128 * KIB;
    type Kept<'a> = KeptCustomer<'a>;

    fn parts(key: &CustomerId) -> Parts<'_> {
        Parts::alone(Part::Text(key.as_str()))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<CustomerId> {
        parts.text().map(customer)
    }

    fn keep<'a>(_: &CustomerId, customer: &'a Box<Customer>) -> KeptCustomer<'a> {
        let none = customer.attributes.as_object().is_some_and(serde_json::Map::is_empty);
        KeptCustomer {
            email: customer.email.as_ref().map(|email| Cow::Borrowed(email.as_str())),
            currency: customer.currency.map(|currency| Cow::Borrowed(currency.code())),
            attributes: (!none).then(|| customer.attributes.to_string()),
        }
    }

    fn restore(key: &CustomerId, kept: KeptCustomer<'_>) -> Result<Box<Customer>, CodecError> {
        let mut customer = Customer::unknown(key.clone());
        customer.email = kept.email.map(|email| Email::kept(email.into_owned()));
        customer.currency = currency(kept.currency.as_deref())?;
        if let Some(attributes) = kept.attributes {
            customer.attributes = words::json(&attributes)?;
        }
        Ok(Box::new(customer))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptOwner<'a> {
    #[serde(borrow)]
    customer: Link<'a>,
}

impl Form for Emails {
    const TABLE: &'static str = "email";
    const MOST: usize = 4 * KIB;
    type Kept<'a> = KeptOwner<'a>;

    fn parts(key: &String) -> Parts<'_> {
        Parts::alone(Part::Text(key))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<String> {
        parts.text()
    }

    fn keep<'a>(_: &String, owner: &'a CustomerId) -> KeptOwner<'a> {
        KeptOwner { customer: link_to::<Customers>(owner) }
    }

    fn restore(_: &String, kept: KeptOwner<'_>) -> Result<CustomerId, CodecError> {
        linked::<Customers>(&kept.customer)
    }
}

/// Where a coupon is among those that a customer holds of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeldAt {
    /// Whether it can be used, as far as is recorded.
    pub live: bool,
    /// Its place in the pool.
    pub index: u64,
}

/// What is kept of what a customer holds of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// A coupon, and when the time of one that can be used is over.
    Coupon(Option<Instant>),
    /// What is kept of all of them together.
    Whole(Whole),
    /// What versions before this kept: the places of some. It is not believed.
    Places(Vec<u64>),
}

/// What is kept of all that a customer holds of a pool together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Whole {
    /// The events of the customer's history from this place on, up to those that are noted, were searched for coupons.
    pub searched: Option<u64>,
    /// How many coupons the pool has given to the customer, where it counts that.
    pub claims: Option<u64>,
}

impl HeldAt {
    /// Where a coupon is.
    #[must_use]
    pub fn of(coupon: &Coupon) -> Self {
        Self { live: coupon.status.is_live(), index: coupon.id.index }
    }
}

impl Holding {
    /// What is kept of a coupon.
    #[must_use]
    pub fn of(coupon: &Coupon) -> Self {
        Self::Coupon(coupon.expires_at.filter(|_| coupon.status.is_live()))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptHolding<'a> {
    places: Option<Cow<'a, [u64]>>,
    ends: Option<At>,
    searched: Option<u64>,
    claims: Option<u64>,
}

/// The coupons that can be used, and those that cannot.
fn side(live: bool) -> &'static str {
    if live { "live" } else { "over" }
}

impl Holdings {
    /// The coupons of a pool that a customer holds, of one side and with places in a range.
    #[must_use]
    pub fn of(customer: &CustomerId, pool: PoolId, live: bool, places: Range<u64>) -> Span<Self> {
        let parts = [Part::Text(customer.as_str()), Part::Number(pool.0.into()), Part::Text(side(live))];
        Span::numbers(&parts, places)
    }
}

impl Holdings {
    /// All that is noted of a customer.
    #[must_use]
    pub fn of_customer(customer: &CustomerId) -> Span<Self> {
        Span::numbers(&[Part::Text(customer.as_str())], ..)
    }

    /// The same of the pools from one on.
    #[must_use]
    pub fn from_pool(customer: &CustomerId, pool: u32) -> Span<Self> {
        Span::numbers(&[Part::Text(customer.as_str())], u64::from(pool)..)
    }
}

impl Form for Holdings {
    const TABLE: &'static str = "holding";
    const MOST: usize = 4 * KIB;
    type Kept<'a> = KeptHolding<'a>;

    fn parts((customer, pool, at): &(CustomerId, PoolId, Option<HeldAt>)) -> Parts<'_> {
        let (customer, pool) = (Part::Text(customer.as_str()), Part::Number(pool.0.into()));
        match at {
            None => Parts::array([customer, pool]),
            Some(HeldAt { live, index }) => {
                Parts::array([customer, pool, Part::Text(side(*live)), Part::Number(*index)])
            }
        }
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(CustomerId, PoolId, Option<HeldAt>)> {
        let (customer, pool) = (customer(parts.text()?), PoolId(parts.small()?));
        if !parts.has_more() {
            return Some((customer, pool, None));
        }
        let word = parts.text()?;
        let live = [true, false].into_iter().find(|live| side(*live) == word)?;
        Some((customer, pool, Some(HeldAt { live, index: parts.number()? })))
    }

    fn keep<'a>(_: &(CustomerId, PoolId, Option<HeldAt>), holding: &'a Holding) -> KeptHolding<'a> {
        let mut kept = KeptHolding { places: None, ends: None, searched: None, claims: None };
        match holding {
            Holding::Coupon(ends) => kept.ends = ends.map(millis),
            Holding::Whole(whole) => (kept.searched, kept.claims) = (whole.searched, whole.claims),
            Holding::Places(places) => kept.places = Some(Cow::Borrowed(places)),
        }
        kept
    }

    fn restore(key: &(CustomerId, PoolId, Option<HeldAt>), kept: KeptHolding<'_>) -> Result<Holding, CodecError> {
        let whole = Whole { searched: kept.searched, claims: kept.claims };
        match (key.2, kept.places, whole == Whole::default()) {
            (Some(_), None, true) => Ok(Holding::Coupon(kept.ends.map(instant).transpose()?)),
            (None, None, false) => Ok(Holding::Whole(whole)),
            (None, Some(places), true) => Ok(Holding::Places(places.into_owned())),
            _ => Err(CodecError::new("expected a coupon, how far was searched, or how many were claimed")),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptHappened<'a> {
    #[serde(borrow)]
    coupon: Link<'a>,
    acquired: bool,
}

impl CustomerEvents {
    /// The events of a customer in a stream whose places are in a range.
    #[must_use]
    pub fn of(customer: &CustomerId, stream: u32, places: Range<u64>) -> Span<Self> {
        Span::numbers(&[Part::Text(customer.as_str()), Part::Number(stream.into())], places)
    }
}

impl Form for CustomerEvents {
    const TABLE: &'static str = "customer_event";
    const MOST: usize = 2 * KIB;
    type Kept<'a> = KeptHappened<'a>;

    fn parts((customer, event): &(CustomerId, EventId)) -> Parts<'_> {
        let (stream, sequence) = (Part::Number(event.stream.into()), Part::Number(event.sequence));
        Parts::array([Part::Text(customer.as_str()), stream, sequence])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(CustomerId, EventId)> {
        Some((customer(parts.text()?), EventId { stream: parts.small()?, sequence: parts.number()? }))
    }

    fn keep<'a>(_: &(CustomerId, EventId), happened: &'a Happened) -> KeptHappened<'a> {
        KeptHappened { coupon: link_to::<Coupons>(&happened.coupon), acquired: happened.acquired }
    }

    fn restore(_: &(CustomerId, EventId), kept: KeptHappened<'_>) -> Result<Happened, CodecError> {
        Ok(Happened { coupon: linked::<Coupons>(&kept.coupon)?, acquired: kept.acquired })
    }
}
