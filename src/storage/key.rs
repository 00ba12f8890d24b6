//! The ids of rows: one table a kind, and a text in it whose order is the order of what it stands
//! for. Numbers are written in hexadecimal with a fixed width; text parts end with U+0001, which no
//! id of a customer or code contains.

use surrealdb::types::{RecordId, RecordIdKey, Value};

/// The end of a text part.
const END: char = '\u{1}';

/// A row's id: its table and its text in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The table.
    pub table: &'static str,
    /// The text.
    pub text: String,
}

impl Key {
    /// The start of every key of a table.
    #[must_use]
    pub fn new(table: &'static str) -> Self {
        Self { table, text: String::with_capacity(48) }
    }

    /// Adds a number of up to 32 bits.
    #[must_use]
    pub fn u32(mut self, number: u32) -> Self {
        self.text.push_str(&format!("{number:08x}"));
        self
    }

    /// Adds a number of up to 64 bits.
    #[must_use]
    pub fn u64(mut self, number: u64) -> Self {
        self.text.push_str(&format!("{number:016x}"));
        self
    }

    /// Adds a text without control characters.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self.text.push(END);
        self
    }

    /// As the database's value.
    pub(super) fn record(&self) -> Value {
        Value::RecordId(RecordId::new(self.table, RecordIdKey::String(self.text.clone())))
    }
}
