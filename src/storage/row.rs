//! Every kind of row: its id, and the document in it. A row's document is the domain's own type as
//! JSON in one field; measured, that costs a third of a row with a column for each field, and nothing
//! is ever selected by a column.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Key, Link, StorageError, StoredEntry};
use scrip_domain::{
    clock::BatchTime,
    coupon::Coupon,
    customer::Customer,
    event::Change,
    id::{CouponId, CustomerId, EntryId, EventId, PoolId},
    pool::{Counts, Pool, Supply},
    presence::{Node, NodeId},
    rejection::Refusal,
};

/// How many codes of an uploaded pool are kept in one row.
pub const CODES_IN_ROW: u64 = 64;

/// Where a row is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowId {
    /// A pool.
    Pool(PoolId),
    /// A pool's supply and counts.
    Tally(PoolId),
    /// 64 codes of an uploaded pool, by their places divided by 64.
    Codes(PoolId, u64),
    /// Which uploaded coupons a code names, by its form without regard to case ([`scrip_domain::code::case_key`]).
    Code(String),
    /// A coupon that has been touched.
    Coupon(CouponId),
    /// A full leaf of a coupon's history.
    History(CouponId, u32),
    /// A node of a pool's tree of statuses.
    Presence(PoolId, NodeId),
    /// An entry of a gift card's ledger.
    Entry(EntryId),
    /// A customer.
    Customer(CustomerId),
    /// Who has an e-mail address, by its form without regard to case.
    Email(String),
    /// Which coupons of a pool a customer holds or held; kept for pools where that is asked at every
    /// claim or redemption (aggregated ones and generic codes).
    Holding(CustomerId, PoolId),
    /// An event of a customer's history.
    CustomerEvent(CustomerId, EventId),
    /// The events of one batch, up to 16, by the first of them.
    Events(EventId),
    /// A coupon whose time is over at an instant, in milliseconds since 1970.
    Due(i64, CouponId),
    /// A purchase that was recorded: a checkout, or the redemption of one coupon.
    Transaction(String, Option<CouponId>),
    /// The answer to an idempotency key: the period that it is kept with
    /// ([`scrip_domain::clock::BatchTime::period`]), the caller, the key.
    Answer(u32, String, String),
    /// The settings, of which there is one row.
    Settings,
    /// An API key, by the hash of its secret.
    ApiKey(String),
    /// The time of the last batch, which is written with every batch.
    Clock,
    /// The format of the data.
    Format,
    /// A batch, by its place in the ring.
    Batch(u32),
}

impl RowId {
    /// Its table.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.key().table
    }

    /// Its place in the database.
    #[must_use]
    pub fn key(&self) -> Key {
        let coupon = |key: Key, id: &CouponId| key.u32(id.pool.0).u64(id.index);
        match self {
            Self::Pool(pool) => Key::new("pool").u32(pool.0),
            Self::Tally(pool) => Key::new("tally").u32(pool.0),
            Self::Codes(pool, chunk) => Key::new("codes").u32(pool.0).u64(*chunk),
            Self::Code(folded) => Key::new("code").text(folded),
            Self::Coupon(id) => coupon(Key::new("coupon"), id),
            Self::History(id, leaf) => coupon(Key::new("history"), id).u32(*leaf),
            Self::Presence(pool, node) => Key::new("presence").u32(pool.0).u32(node.level.into()).u64(node.place),
            Self::Entry(id) => coupon(Key::new("ledger"), &id.coupon).u32(id.number),
            Self::Customer(id) => Key::new("customer").text(id.as_str()),
            Self::Email(folded) => Key::new("email").text(folded),
            Self::Holding(customer, pool) => Key::new("holding").text(customer.as_str()).u32(pool.0),
            Self::CustomerEvent(customer, event) => {
                Key::new("customer_event").text(customer.as_str()).u32(event.stream).u64(event.sequence)
            }
            Self::Events(first) => Key::new("event").u32(first.stream).u64(first.sequence),
            Self::Due(millis, id) => coupon(Key::new("due").u64(u64::try_from(*millis).unwrap_or_default()), id),
            Self::Transaction(id, None) => Key::new("transaction").text(id),
            Self::Transaction(id, Some(redeemed)) => coupon(Key::new("transaction").text(id), redeemed),
            Self::Answer(day, caller, key) => Key::new("answer").u32(*day).text(caller).text(key),
            Self::Settings => Key::new("settings").text("settings"),
            // In the table of the settings, so that data of earlier versions needs no new table.
            Self::Clock => Key::new("settings").text("clock"),
            Self::ApiKey(hash) => Key::new("api_key").text(hash),
            Self::Format => Key::new("format").text("format"),
            Self::Batch(place) => Key::new("batch").u32(*place),
        }
    }
}

/// What an uploaded code names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRow {
    /// Each coupon's code as it is written, its pool and its place. More than one only where
    /// case-sensitive pools have codes that differ in case alone.
    pub named: Vec<(String, PoolId, u64)>,
}

/// A pool's supply and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// How far its codes have been given out.
    pub supply: Supply,
    /// Its coupons by status.
    pub counts: Counts,
}

/// An event without what its row's id tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The answer that was given to an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The hash of the input it was given to.
    pub input: String,
    /// The answer, or the refusals, as the service wrote them.
    pub answer: Result<serde_json::Value, Vec<Refusal>>,
}

/// The document of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Of [`RowId::Pool`].
    Pool(Box<Pool>),
    /// Of [`RowId::Tally`].
    Tally(Tally),
    /// Of [`RowId::Codes`].
    Codes(Vec<String>),
    /// Of [`RowId::Code`].
    Code(CodeRow),
    /// Of [`RowId::Coupon`].
    Coupon(Box<Coupon>),
    /// Of [`RowId::History`].
    History(Vec<EventId>),
    /// Of [`RowId::Presence`].
    Presence(Node),
    /// Of [`RowId::Entry`].
    Entry(StoredEntry),
    /// Of [`RowId::Customer`].
    Customer(Box<Customer>),
    /// Of [`RowId::Email`].
    Email(CustomerId),
    /// Of [`RowId::Events`].
    Events(Vec<Dated>),
    /// Of [`RowId::CustomerEvent`]: the coupon that it happened to, and whether the customer came to
    /// hold it by that.
    CustomerEvent(CouponId, bool),
    /// Of [`RowId::Holding`]: the coupons' places, oldest first.
    Holding(Vec<u64>),
    /// Of [`RowId::Due`], whose id tells everything.
    Mark,
    /// Of [`RowId::Transaction`]: what was recorded, in the service's words.
    Transaction(serde_json::Value),
    /// Of [`RowId::Answer`].
    Answer(StoredAnswer),
    /// Of [`RowId::Settings`] and [`RowId::ApiKey`], in the service's words.
    Plain(serde_json::Value),
    /// Of [`RowId::Clock`].
    Clock(BatchTime),
    /// Of [`RowId::Format`].
    Format(u32),
    /// Of [`RowId::Batch`].
    Batch(Link),
}

impl Row {
    /// Reads the document of a row with this id.
    pub fn decode(id: &RowId, text: &str) -> Result<Self, StorageError> {
        fn read<T: DeserializeOwned>(id: &RowId, text: &str) -> Result<T, StorageError> {
            serde_json::from_str(text)
                .map_err(|error| StorageError::Row { id: format!("{id:?}"), reason: error.to_string() })
        }
        Ok(match id {
            RowId::Pool(_) => Self::Pool(read(id, text)?),
            RowId::Tally(_) => Self::Tally(read(id, text)?),
            RowId::Codes(..) => Self::Codes(read(id, text)?),
            RowId::Code(_) => Self::Code(read(id, text)?),
            RowId::Coupon(_) => Self::Coupon(read(id, text)?),
            RowId::History(..) => Self::History(read(id, text)?),
            RowId::Presence(..) => Self::Presence(read(id, text)?),
            RowId::Entry(_) => Self::Entry(read(id, text)?),
            RowId::Customer(_) => Self::Customer(read(id, text)?),
            RowId::Email(_) => Self::Email(read(id, text)?),
            RowId::Events(_) => Self::Events(read(id, text)?),
            RowId::CustomerEvent(..) => {
                let (coupon, acquired) = read(id, text)?;
                Self::CustomerEvent(coupon, acquired)
            }
            RowId::Holding(..) => Self::Holding(read(id, text)?),
            RowId::Due(..) => Self::Mark,
            RowId::Transaction(..) => Self::Transaction(read(id, text)?),
            RowId::Answer(..) => Self::Answer(read(id, text)?),
            RowId::Settings | RowId::ApiKey(_) => Self::Plain(read(id, text)?),
            RowId::Clock => Self::Clock(read(id, text)?),
            RowId::Format => Self::Format(read(id, text)?),
            RowId::Batch(_) => Self::Batch(read(id, text)?),
        })
    }

    /// The document's text.
    pub fn encode(&self) -> Result<String, StorageError> {
        fn write<T: Serialize>(value: &T) -> Result<String, StorageError> {
            serde_json::to_string(value)
                .map_err(|error| StorageError::Row { id: "to be written".to_owned(), reason: error.to_string() })
        }
        match self {
            Self::Pool(pool) => write(pool),
            Self::Tally(tally) => write(tally),
            Self::Codes(codes) => write(codes),
            Self::Code(code) => write(code),
            Self::Coupon(coupon) => write(coupon),
            Self::History(leaf) => write(leaf),
            Self::Presence(node) => write(node),
            Self::Entry(entry) => write(entry),
            Self::Customer(customer) => write(customer),
            Self::Email(customer) => write(customer),
            Self::Events(events) => write(events),
            Self::CustomerEvent(coupon, acquired) => write(&(coupon, acquired)),
            Self::Holding(places) => write(places),
            Self::Mark => Ok("1".to_owned()),
            Self::Transaction(value) | Self::Plain(value) => write(value),
            Self::Answer(answer) => write(answer),
            Self::Clock(time) => write(time),
            Self::Format(format) => write(format),
            Self::Batch(link) => write(link),
        }
    }
}
