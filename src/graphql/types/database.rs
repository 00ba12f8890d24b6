//! How large the database is.

use async_graphql::SimpleObject;

use crate::scalar::{BigInt, DateTime};
use scrip_domain::period::instant_of;
use scrip_service::{DatabaseSize, TableEstimate};

/// How large the database of this gateway is.
#[derive(Debug, Clone, SimpleObject)]
pub struct Database {
    /// How many bytes its files have on disk, with its logs and with what it has not merged away yet. Null for a database
    /// in memory.
    pub bytes: Option<BigInt>,
    /// Each table, by name. docs/books.md says what they hold.
    pub tables: Vec<DatabaseTable>,
    /// When the oldest event in the log happened. Null while there is none.
    pub oldest_event_at: Option<DateTime>,
}

/// A table of the database.
#[derive(Debug, Clone, SimpleObject)]
pub struct DatabaseTable {
    /// Its name.
    pub name: String,
    /// How many rows it has: exact, and counted with every change. Null while they are being counted, which happens once
    /// after an earlier version has written to the folder.
    pub rows: Option<BigInt>,
    /// An estimate of how many bytes its rows have before they are packed for the disk: their number times the mean of up
    /// to 256 of them, from 16 places of the table. Exact below 16 rows, mostly within a third above; further off where few
    /// rows are much larger than the others. Null like the rows.
    pub bytes: Option<BigInt>,
}

impl From<DatabaseSize> for Database {
    fn from(size: DatabaseSize) -> Self {
        Self {
            bytes: size.bytes.map(big),
            tables: size.tables.into_iter().map(DatabaseTable::from).collect(),
            oldest_event_at: size.oldest_event.and_then(instant_of).map(DateTime),
        }
    }
}

impl From<TableEstimate> for DatabaseTable {
    fn from(table: TableEstimate) -> Self {
        Self { name: table.name.to_owned(), rows: table.rows.map(big), bytes: table.bytes.map(big) }
    }
}

fn big(number: u64) -> BigInt {
    BigInt(number.to_string())
}
