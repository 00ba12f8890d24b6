//! The opaque ids by which everything is known outside. They name the kind of object, so an id of another kind is told
//! apart, and never contain a code. They are sealed ([`super::seal`]) with a secret of the database, so that nobody reads
//! off them how many there are of anything; an object has the same id for ever, and the ids of another database name
//! nothing.

#[cfg(test)]
mod tests;

use data_encoding::BASE64URL_NOPAD;

use super::{
    group::GroupId,
    id::{CouponId, CustomerId, EntryId, EventId, PoolId, checked_id},
    job::JobId,
    rejection::Rejection,
    seal::{IdSecret, Seal},
};

/// What every id begins with, so that one is known for what it is wherever it turns up.
const PREFIX: &str = "id.";
/// The longest text that is looked at, in bytes: a cursor with the longest name of a pool in it fits.
const MAX_TEXT: usize = 4_096;
/// The text of a place in a list is made as long as this, or twice, and so on, in bytes.
const PLACE: usize = 32;
/// The fewest characters of a sealed id after its prefix.
const MIN_SEALED: usize = 14;

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
    /// A purchase, by its transactionId.
    Purchase(String),
    /// An API key, by its own id.
    Key(String),
    /// An entry of the audit, by its number.
    Audit(u64),
    /// A group of users.
    Group(GroupId),
    /// A job.
    Job(JobId),
}

/// The ids and cursors of a database.
#[derive(Debug, Default)]
pub struct GlobalIds(Option<Seal>);

impl GlobalIds {
    /// Those of a database that has no secret yet: what they name can be read off them.
    pub const PLAIN: Self = Self(None);

    /// Those that a secret makes.
    #[must_use]
    pub fn new(secret: &IdSecret) -> Self {
        Self(Some(Seal::new(secret)))
    }

    /// The id as the API gives it.
    #[must_use]
    pub fn encode(&self, id: &GlobalId) -> String {
        match &self.0 {
            Some(seal) => format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&seal.close(id.bytes()))),
            None => id.plain(),
        }
    }

    /// Reads an id; none where the API never gave it. Clients keep ids, so those that versions before gave out, which
    /// were not sealed, are read as well.
    #[must_use]
    pub fn decode(&self, text: &str) -> Option<GlobalId> {
        match text.strip_prefix(PREFIX) {
            Some(sealed) => GlobalId::from_bytes(&self.open(sealed)?),
            None => GlobalId::from_plain(text),
        }
    }

    /// The cursor of a place in a list, from its text; none where there is no secret yet.
    #[must_use]
    pub fn cursor(&self, place: &str) -> Option<String> {
        let seal = self.0.as_ref()?;
        let mut bytes = place.as_bytes().to_vec();
        // Its length says nothing of the numbers in it.
        bytes.resize(bytes.len().next_multiple_of(PLACE), 0);
        Some(BASE64URL_NOPAD.encode(&seal.close(bytes)))
    }

    /// The text of the place of a cursor; none where it was never given out.
    #[must_use]
    pub fn place(&self, cursor: &str) -> Option<String> {
        let text = String::from_utf8(self.open(cursor)?).ok()?;
        Some(text.trim_end_matches('\0').to_owned())
    }

    /// The retailer's own id of the customer that an input names: by that, or by the id of the API. Nobody can be called
    /// like an id of the API, because it would not be told which of both is meant.
    pub fn customer(&self, text: &str) -> Result<String, Rejection> {
        let expected = "expected the retailer's own id of a customer, or Customer.id";
        match self.decode(text) {
            Some(GlobalId::Customer(customer)) => Ok(customer.to_string()),
            Some(other) => {
                Err(Rejection::ValueInvalid { reason: format!("{expected}, found the id of {}", other.kind()) })
            }
            None if looks_like_an_id(text) => {
                Err(Rejection::ValueInvalid { reason: format!("{expected}, found an id that is not of this database") })
            }
            None => Ok(text.to_owned()),
        }
    }

    /// The API key that an input names, by its own id or the API's.
    #[must_use]
    pub fn key(&self, text: String) -> String {
        match self.decode(&text) {
            Some(GlobalId::Key(id)) => id,
            _ => text,
        }
    }

    fn open(&self, text: &str) -> Option<Vec<u8>> {
        if text.len() > MAX_TEXT {
            return None;
        }
        self.0.as_ref()?.open(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?)
    }
}

/// Whether a text looks like an id of the API, of whichever database: nobody should be called so.
#[must_use]
fn looks_like_an_id(text: &str) -> bool {
    let is_sealed = |rest: &str| rest.len() >= MIN_SEALED && BASE64URL_NOPAD.decode(rest.as_bytes()).is_ok();
    text.len() <= MAX_TEXT && text.strip_prefix(PREFIX).is_some_and(is_sealed)
}

impl GlobalId {
    /// What it names, in a sentence.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pool(_) => "a pool",
            Self::Coupon(_) => "a coupon",
            Self::Customer(_) => "a customer",
            Self::Event(_) => "an event",
            Self::Entry(_) => "a ledger entry",
            Self::Purchase(_) => "a purchase",
            Self::Key(_) => "an API key",
            Self::Audit(_) => "an entry of the audit",
            Self::Group(_) => "a user group",
            Self::Job(_) => "a job",
        }
    }

    /// Its kind and its numbers, of a fixed width, so that their length says nothing of their size.
    fn bytes(&self) -> Vec<u8> {
        let coupon = |id: &CouponId| [&id.pool.0.to_be_bytes()[..], &id.index.to_be_bytes()].concat();
        let (kind, rest) = match self {
            Self::Pool(pool) => (1, pool.0.to_be_bytes().to_vec()),
            Self::Coupon(id) => (2, coupon(id)),
            Self::Customer(id) => (3, id.as_str().as_bytes().to_vec()),
            Self::Event(id) => (4, [&id.stream.to_be_bytes()[..], &id.sequence.to_be_bytes()].concat()),
            Self::Entry(id) => (5, [coupon(&id.coupon), id.number.to_be_bytes().to_vec()].concat()),
            Self::Purchase(transaction) => (6, transaction.as_bytes().to_vec()),
            Self::Key(id) => (7, id.as_bytes().to_vec()),
            Self::Audit(number) => (20, number.to_be_bytes().to_vec()),
            Self::Group(group) => (21, group.0.to_be_bytes().to_vec()),
            Self::Job(id) => (9, id.0.to_be_bytes().to_vec()),
        };
        [vec![kind], rest].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        if *kind == 3 {
            return CustomerId::parse(std::str::from_utf8(rest).ok()?).ok().map(Self::Customer);
        }
        if *kind == 6 {
            return checked_id(std::str::from_utf8(rest).ok()?).ok().map(Self::Purchase);
        }
        if *kind == 7 {
            return checked_id(std::str::from_utf8(rest).ok()?).ok().map(Self::Key);
        }
        if *kind == 20 {
            return rest.try_into().ok().map(|number| Self::Audit(u64::from_be_bytes(number)));
        }
        if *kind == 9 {
            return Some(Self::Job(JobId(u64::from_be_bytes(rest.try_into().ok()?))));
        }
        let (first, rest) = rest.split_first_chunk::<4>()?;
        let first = u32::from_be_bytes(*first);
        let (second, rest) = match rest.split_first_chunk::<8>() {
            Some((second, rest)) => (Some(u64::from_be_bytes(*second)), rest),
            None => (None, rest),
        };
        match (*kind, second, rest) {
            (1, None, []) => Some(Self::Pool(PoolId(first))),
            (21, None, []) => Some(Self::Group(GroupId(first))),
            (2, Some(index), []) => Some(Self::Coupon(CouponId { pool: PoolId(first), index })),
            (4, Some(sequence), []) => Some(Self::Event(EventId { stream: first, sequence })),
            (5, Some(index), number) => {
                let number = u32::from_be_bytes(number.try_into().ok()?);
                Some(Self::Entry(EntryId { coupon: CouponId { pool: PoolId(first), index }, number }))
            }
            _ => None,
        }
    }

    /// The id as versions before gave it.
    fn plain(&self) -> String {
        let text = match self {
            Self::Pool(pool) => format!("pool:{}", pool.0),
            Self::Coupon(id) => format!("coupon:{}:{}", id.pool.0, id.index),
            Self::Customer(id) => format!("customer:{id}"),
            Self::Event(id) => format!("event:{}:{}", id.stream, id.sequence),
            Self::Purchase(transaction) => format!("purchase:{transaction}"),
            Self::Key(id) => format!("key:{id}"),
            Self::Audit(number) => format!("audit:{number}"),
            Self::Group(group) => format!("group:{}", group.0),
            Self::Job(id) => format!("job:{}", id.0),
            Self::Entry(id) => format!("entry:{}:{}:{}", id.coupon.pool.0, id.coupon.index, id.number),
        };
        BASE64URL_NOPAD.encode(text.as_bytes())
    }

    fn from_plain(id: &str) -> Option<Self> {
        if id.len() > MAX_TEXT {
            return None;
        }
        let text = String::from_utf8(BASE64URL_NOPAD.decode(id.as_bytes()).ok()?).ok()?;
        let (kind, rest) = text.split_once(':')?;
        if kind == "customer" {
            return CustomerId::parse(rest).ok().map(Self::Customer);
        }
        if kind == "purchase" {
            return checked_id(rest).ok().map(Self::Purchase);
        }
        if kind == "key" {
            return checked_id(rest).ok().map(Self::Key);
        }
        let numbers = rest.split(':').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
        let small = |number: u64| u32::try_from(number).ok();
        let coupon = |pool, index| Some(CouponId { pool: PoolId(small(pool)?), index });
        match (kind, numbers.as_slice()) {
            ("job", [job]) => Some(Self::Job(JobId(*job))),
            ("pool", [pool]) => Some(Self::Pool(PoolId(small(*pool)?))),
            ("group", [group]) => Some(Self::Group(GroupId(small(*group)?))),
            ("audit", [number]) => Some(Self::Audit(*number)),
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
