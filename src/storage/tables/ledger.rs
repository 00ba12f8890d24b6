//! The ledgers of gift cards.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Coupons, Ledger,
    words::{self, instant, millis},
};
use crate::{
    codec::{At, CodecError, Part, Parts, PartsReader},
    table::{Form, KIB},
};
use scrip_domain::{decimal::Amount, gift_card::Entry, id::EntryId};

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptEntry<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    /// In minor units, and so are the other amounts.
    amount: i64,
    balance_after: i64,
    #[serde(borrow)]
    transaction: Option<Cow<'a, str>>,
    at: At,
    /// The number of the redemption that it takes back.
    reverses: Option<u32>,
    /// How much of it has been taken back.
    reversed: i64,
}

impl Form for Ledger {
    const TABLE: &'static str = "ledger";
    const MOST: usize = 4 * KIB;
    type Kept<'a> = KeptEntry<'a>;

    fn parts(EntryId { coupon, number }: &EntryId) -> Parts<'_> {
        Parts::array([Part::Number(coupon.pool.0.into()), Part::Number(coupon.index), Part::Number((*number).into())])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<EntryId> {
        Some(EntryId { coupon: Coupons::key(parts)?, number: parts.small()? })
    }

    fn keep<'a>(_: &EntryId, entry: &'a Entry) -> KeptEntry<'a> {
        KeptEntry {
            kind: words::of_entry(entry.kind).into(),
            amount: entry.amount.0,
            balance_after: entry.balance_after.0,
            transaction: entry.transaction.as_deref().map(Cow::Borrowed),
            at: millis(entry.at),
            reverses: entry.reverses,
            reversed: entry.reversed.0,
        }
    }

    fn restore(key: &EntryId, kept: KeptEntry<'_>) -> Result<Entry, CodecError> {
        Ok(Entry {
            id: *key,
            kind: words::entry(&kept.kind)?,
            amount: Amount(kept.amount),
            balance_after: Amount(kept.balance_after),
            transaction: kept.transaction.map(Cow::into_owned),
            at: instant(kept.at)?,
            reverses: kept.reverses,
            reversed: Amount(kept.reversed),
        })
    }
}
