//! The rows of formats 1 and 2, which `scrip upgrade` brings to this one. Each was a document of JSON, the domain's own
//! types as they were, in a field `doc` under a text as id: numbers in hexadecimal with a fixed width, text parts with
//! U+0001 at their ends. The domain's types still read those documents; the golden files hold them to it.

use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Row, RowId, StorageError,
    chain::{Digest, Link},
    codec::{self, PartsReader},
    tables::{
        Answer, Answers, ApiKeys, Batches, CodeLists, CodeOwners, Coupons, CustomerEvents, Customers, Dated, Dues,
        Emails, Events, Happened, Histories, Holding, Holdings, Ledger, Named, Nodes, PoolTerms, Pools, Programme,
        Purchase, Purchases, Tallies,
    },
};
use scrip_domain::{
    access::ApiKey,
    clock::{BatchTime, Reading},
    decimal::Amount,
    event::Change,
    gift_card::{Entry, EntryKind},
    id::{CouponId, CustomerId, EntryId, EventId, PoolId, TermsNumber},
    period::instant_of,
    pool::Pool,
    presence::NodeId,
    rejection::Refusal,
    terms::Terms,
};

/// The text of a row's id, and that of its document.
pub(crate) type Texts = (String, String);

/// A record of these formats.
#[derive(Deserialize)]
struct Record {
    doc: String,
}

/// The texts of a row, from the bytes of its id and of its record.
pub(crate) fn texts(id: &[u8], record: &[u8]) -> Result<Texts, String> {
    let text = PartsReader::of_key(id).text().ok_or("expected a text as id")?;
    Ok((text, document(record)?))
}

/// The document in the bytes of a record.
pub(crate) fn document(record: &[u8]) -> Result<String, String> {
    let Record { doc } = codec::decode(record).map_err(|error| error.to_string())?;
    Ok(doc)
}

/// The time of the last batch, which had a row of its own among the settings.
pub(crate) fn time(doc: &str) -> Option<BatchTime> {
    serde_json::from_str(doc).ok()
}

/// The id of that row.
pub(crate) const CLOCK: &str = "clock\u{1}";

/// What a row of a table is now: mostly one row; the row of a pool had its terms in it, and the clock is part of the
/// batches.
pub(crate) fn rows(table: &str, (id, doc): &Texts) -> Result<Vec<(RowId, Row)>, StorageError> {
    let wrong = |reason: &str| StorageError::Row { id: format!("{table}:{id:?}"), reason: reason.into() };
    let mut rest = Rest(id);
    let rows = convert(table, &mut rest, doc).map_err(|reason| wrong(&reason))?;
    match rows {
        Some(rows) if rest.0.is_empty() || table == "format" => Ok(rows),
        _ => Err(wrong("its id is none of this table")),
    }
}

/// None where the id is none of the table.
fn convert(table: &str, rest: &mut Rest<'_>, doc: &str) -> Result<Option<Vec<(RowId, Row)>>, String> {
    macro_rules! row {
        ($table:ty, $key:expr, $document:expr) => {{
            let Some(key) = $key else { return Ok(None) };
            vec![(RowId::of::<$table>(key), Row::of::<$table>($document))]
        }};
    }
    Ok(Some(match table {
        "pool" => match rest.pool() {
            Some(_) => pool(read(doc)?),
            None => return Ok(None),
        },
        "tally" => row!(Tallies, rest.pool(), read(doc)?),
        "codes" => row!(CodeLists, rest.pool().zip(rest.u64()), read(doc)?),
        "code" => row!(CodeOwners, rest.owned(), named(doc)?),
        "coupon" => row!(Coupons, rest.coupon(), read(doc)?),
        "history" => row!(Histories, rest.coupon().zip(rest.u32()), read(doc)?),
        "presence" => row!(Nodes, rest.pool().zip(rest.node()), read(doc)?),
        "ledger" => {
            let id = rest.coupon().zip(rest.u32()).map(|(coupon, number)| EntryId { coupon, number });
            let Some(id) = id else { return Ok(None) };
            vec![(RowId::of::<Ledger>(id), Row::of::<Ledger>(read::<OldEntry>(doc)?.entry(id)?))]
        }
        "customer" => row!(Customers, rest.customer(), read(doc)?),
        "email" => row!(Emails, rest.owned(), read(doc)?),
        "holding" => {
            let key = rest.customer().zip(rest.pool());
            row!(Holdings, key.map(|(customer, pool)| (customer, pool, None)), Holding::Places(read(doc)?))
        }
        "customer_event" => {
            let (coupon, acquired) = read(doc)?;
            row!(CustomerEvents, rest.customer().zip(rest.event()), Happened { coupon, acquired })
        }
        "event" => {
            let events: Vec<OldEvent> = read(doc)?;
            row!(Events, rest.event(), events.into_iter().map(OldEvent::dated).collect())
        }
        "due" => {
            let at = rest.u64().and_then(|at| i64::try_from(at).ok());
            row!(Dues, at.zip(rest.coupon()), ())
        }
        "transaction" => {
            let Some(id) = rest.owned() else { return Ok(None) };
            let redeemed = if rest.0.is_empty() { None } else { Some(rest.coupon()) };
            let Some(redeemed) = redeemed.map_or(Some(None), |coupon| coupon.map(Some)) else { return Ok(None) };
            let recorded: serde_json::Value = read(doc)?;
            row!(Purchases, Some((id, redeemed)), Purchase(Some(recorded).filter(|recorded| !recorded.is_null())))
        }
        "answer" => {
            let key = rest.u32().zip(rest.owned()).zip(rest.owned());
            row!(Answers, key.map(|((period, caller), key)| (period, caller, key)), read::<OldAnswer>(doc)?.answer())
        }
        "settings" => match rest.owned().as_deref() {
            Some("settings") => row!(Programme, Some(()), read(doc)?),
            Some("clock") => Vec::new(),
            _ => return Ok(None),
        },
        "format" => Vec::new(),
        "api_key" => row!(ApiKeys, rest.owned(), read::<ApiKey>(doc)?),
        "batch" => row!(Batches, rest.u32(), read::<OldLink>(doc)?.link()),
        _ => return Ok(None),
    }))
}

fn read<T: DeserializeOwned>(doc: &str) -> Result<T, String> {
    serde_json::from_str(doc).map_err(|error| error.to_string())
}

/// A pool, and its terms in rows of their own.
fn pool(mut pool: Box<Pool>) -> Vec<(RowId, Row)> {
    let terms: Vec<Arc<Terms>> = std::mem::take(&mut pool.terms);
    let id = pool.id;
    let mut rows = vec![(RowId::of::<Pools>(id), Row::of::<Pools>(pool))];
    for (number, terms) in (0..).zip(terms) {
        rows.push((RowId::of::<PoolTerms>((id, TermsNumber(number))), Row::of::<PoolTerms>(terms)));
    }
    rows
}

fn named(doc: &str) -> Result<Vec<Named>, String> {
    #[derive(Deserialize)]
    struct Old {
        named: Vec<(String, PoolId, u64)>,
    }
    let Old { named } = read(doc)?;
    let of = |(code, pool, index)| Named { code, coupon: CouponId { pool, index } };
    Ok(named.into_iter().map(of).collect())
}

#[derive(Deserialize)]
struct OldEntry {
    kind: EntryKind,
    amount: Amount,
    balance_after: Amount,
    transaction: Option<String>,
    at: i64,
    reverses: Option<u32>,
    reversed: Amount,
}

impl OldEntry {
    fn entry(self, id: EntryId) -> Result<Entry, String> {
        let Self { kind, amount, balance_after, transaction, at, reverses, reversed } = self;
        let at = instant_of(at).ok_or("a time beyond the year 9999")?;
        Ok(Entry { id, kind, amount, balance_after, transaction, at, reverses, reversed })
    }
}

#[derive(Deserialize)]
struct OldEvent {
    at: i64,
    coupon: CouponId,
    actor: String,
    change: Change,
}

impl OldEvent {
    fn dated(self) -> Dated {
        let Self { at, coupon, actor, change } = self;
        Dated { at, coupon, actor, change }
    }
}

#[derive(Deserialize)]
struct OldAnswer {
    input: String,
    answer: Result<serde_json::Value, Vec<Refusal>>,
}

impl OldAnswer {
    fn answer(self) -> Answer {
        Answer { input: self.input, answer: self.answer }
    }
}

#[derive(Deserialize)]
struct OldLink(u64, i64, String, u64);

impl OldLink {
    fn link(self) -> Link {
        let Self(number, at, before, run) = self;
        let reading = Reading { wall: at, steady: 0, boot: 0 };
        let time = BatchTime { at, reading, period: 0, period_began: reading };
        let before = u128::from_str_radix(&before, 16).unwrap_or_default();
        Link { number, time, before: Digest::from_bytes(before.to_le_bytes()), run }
    }
}

/// What is left of a key's text. Each reads its part from the start; none where it is not there.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn hex(&mut self, digits: usize) -> Option<u64> {
        let (part, rest) = self.0.split_at_checked(digits)?;
        // A sign would be read as well.
        let all = part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        self.0 = rest;
        u64::from_str_radix(part, 16).ok().filter(|_| all)
    }

    fn u32(&mut self) -> Option<u32> {
        self.hex(8)?.try_into().ok()
    }

    fn u64(&mut self) -> Option<u64> {
        self.hex(16)
    }

    fn text(&mut self) -> Option<&'a str> {
        let (part, rest) = self.0.split_once('\u{1}')?;
        self.0 = rest;
        Some(part)
    }

    fn owned(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    fn pool(&mut self) -> Option<PoolId> {
        self.u32().map(PoolId)
    }

    fn coupon(&mut self) -> Option<CouponId> {
        Some(CouponId { pool: self.pool()?, index: self.u64()? })
    }

    fn customer(&mut self) -> Option<CustomerId> {
        CustomerId::parse(self.text()?).ok()
    }

    fn event(&mut self) -> Option<EventId> {
        Some(EventId { stream: self.u32()?, sequence: self.u64()? })
    }

    fn node(&mut self) -> Option<NodeId> {
        Some(NodeId { level: self.u32()?.try_into().ok()?, place: self.u64()? })
    }
}
