//! A ledger entry as it is stored.

use serde::{Deserialize, Serialize};

use scrip_domain::{
    decimal::Amount,
    gift_card::{Entry, EntryKind},
    id::EntryId,
    period::{Instant, instant_of},
};

/// A ledger entry without what its row's id tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEntry {
    /// Why it was made.
    pub kind: EntryKind,
    /// What it changed the balance by.
    pub amount: Amount,
    /// The balance after it.
    pub balance_after: Amount,
    /// The purchase it belongs to.
    pub transaction: Option<String>,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The redemption it takes back.
    pub reverses: Option<u32>,
    /// How much of it has been taken back.
    pub reversed: Amount,
}

impl StoredEntry {
    /// The entry with this id.
    #[must_use]
    pub fn into_entry(self, id: EntryId) -> Entry {
        Entry {
            id,
            kind: self.kind,
            amount: self.amount,
            balance_after: self.balance_after,
            transaction: self.transaction,
            at: instant_of(self.at).unwrap_or(Instant::UNIX_EPOCH),
            reverses: self.reverses,
            reversed: self.reversed,
        }
    }
}

impl From<Entry> for StoredEntry {
    fn from(entry: Entry) -> Self {
        Self {
            kind: entry.kind,
            amount: entry.amount,
            balance_after: entry.balance_after,
            transaction: entry.transaction,
            at: entry.at.as_millisecond(),
            reverses: entry.reverses,
            reversed: entry.reversed,
        }
    }
}
