//! What a table is: its name, its keys and their order, its documents and the form that they are kept in. A key goes
//! with documents of its own table only. Where rows of several tables are handled alike, as in a batch, they are a
//! [`RowId`] and a [`Row`], which are made of a table's key and document and give them back.

use std::{fmt::Debug, hash::Hash, marker::PhantomData, ops::RangeBounds};

use serde::{Deserialize, Serialize};

use super::{
    codec::{CodecError, Part, Parts, PartsReader, id_bytes, part_prefix, text_prefix},
    tables::{Row, RowId},
};

/// A table, as its line in the list of tables makes it.
pub trait Table: Sized + 'static {
    /// What names a row.
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    /// What a row holds.
    type Document: Clone + Debug + PartialEq + Send + Sync + 'static;

    /// Its name in the database.
    const NAME: &'static str;
    /// Its place among all tables.
    const NUMBER: usize;

    /// A key among the keys of all tables.
    fn id(key: Self::Key) -> RowId;
    /// A document among the documents of all tables.
    fn row(document: Self::Document) -> Row;
    /// The key, if it is one of this table.
    fn key_of(id: &RowId) -> Option<&Self::Key>;
    /// The document, if it is one of this table.
    fn document_of(row: &Row) -> Option<&Self::Document>;
    /// The same, taken out.
    fn into_document(row: Row) -> Option<Self::Document>;
}

/// Units of the bounds of records.
pub(crate) const KIB: usize = 1 << 10;
pub(crate) const MIB: usize = 1 << 20;

/// How a table is kept: the order of its keys, and the form of its documents, which is what folders hold. The form stays
/// as it is, or becomes a new format, while the domain's types change.
pub(crate) trait Form: Table {
    /// The name of the table.
    const TABLE: &'static str;
    /// The most bytes of a record. What the domain allows is well below it.
    const MOST: usize;
    /// What a row's document is kept as.
    type Kept<'a>: Serialize + Deserialize<'a>;

    /// The parts of a key, in the order in which rows are sorted.
    fn parts(key: &Self::Key) -> Parts<'_>;
    /// The key with these parts; none where they are of no key.
    fn key(parts: &mut PartsReader<'_>) -> Option<Self::Key>;
    /// A document as it is kept.
    fn keep<'a>(key: &Self::Key, document: &'a Self::Document) -> Self::Kept<'a>;
    /// The document that was kept under a key.
    fn restore(key: &Self::Key, kept: Self::Kept<'_>) -> Result<Self::Document, CodecError>;
}

/// Which rows of a table, in the order of their keys.
#[derive(Debug)]
pub struct Span<T> {
    start: Vec<u8>,
    end: Vec<u8>,
    table: PhantomData<fn() -> T>,
}

impl<T> Clone for Span<T> {
    fn clone(&self) -> Self {
        Self { start: self.start.clone(), end: self.end.clone(), table: PhantomData }
    }
}

/// Above every byte that an id's part begins with.
const ABOVE: u8 = 0xFF;

impl<T: Table> Span<T> {
    /// All rows.
    #[must_use]
    pub fn all() -> Self {
        Self { start: Vec::new(), end: vec![ABOVE], table: PhantomData }
    }

    /// The rows whose keys begin with these parts, and whose next part is a number in a range.
    pub(crate) fn numbers(parts: &[Part<'_>], range: impl RangeBounds<u64>) -> Self {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let at = |number: u64| {
            let mut bytes = Vec::with_capacity(64);
            let mut all = parts.to_vec();
            all.push(Part::Number(number));
            part_prefix(&all, &mut bytes);
            bytes
        };
        let mut whole = Vec::with_capacity(64);
        part_prefix(parts, &mut whole);
        let last = [whole.as_slice(), &[ABOVE]].concat();
        let start = match range.start_bound() {
            Included(number) => at(*number),
            Excluded(number) => at(number.saturating_add(1)),
            Unbounded => whole,
        };
        let end = match range.end_bound() {
            Excluded(number) => at(*number),
            Included(number) => number.checked_add(1).map_or(last, at),
            Unbounded => last,
        };
        Self { start, end, table: PhantomData }
    }

    /// The rows whose key is a text that begins with this one.
    pub(crate) fn texts(start: &str) -> Self {
        let mut bytes = Vec::with_capacity(64);
        text_prefix(start, &mut bytes);
        let end = [bytes.as_slice(), &[ABOVE]].concat();
        Self { start: bytes, end, table: PhantomData }
    }

    /// Those of them after a key.
    #[must_use]
    pub fn after(mut self, key: &T::Key) -> Self {
        let mut bytes = id_of::<T>(key.clone());
        bytes.push(0);
        self.start = self.start.max(bytes);
        self
    }

    /// Those of them between two keys, where these are given.
    #[must_use]
    pub fn between(self, after: Option<&T::Key>, before: Option<&T::Key>) -> Self {
        let later = match after {
            Some(key) => self.after(key),
            None => self,
        };
        match before {
            Some(key) => later.before(key),
            None => later,
        }
    }

    /// Those of them from a key on.
    #[must_use]
    pub fn starting_at(mut self, key: &T::Key) -> Self {
        self.start = self.start.max(id_of::<T>(key.clone()));
        self
    }

    /// Those of them before a key.
    #[must_use]
    pub fn before(mut self, key: &T::Key) -> Self {
        self.end = self.end.min(id_of::<T>(key.clone()));
        self
    }

    /// The ids of them, as bytes: from the first to the one after the last.
    pub(crate) fn bounds(&self) -> (&[u8], &[u8]) {
        (&self.start, &self.end)
    }
}

/// The bytes of a key's id.
fn id_of<T: Table>(key: T::Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    id_bytes(&T::id(key).parts(), &mut bytes);
    bytes
}

/// How a document is held among the documents of all tables, which are all as large as the largest: itself, or in a box.
pub(crate) trait Held<D> {
    fn hold(document: D) -> Self;
    fn held(&self) -> &D;
    fn into_held(self) -> D;
}

impl<D> Held<D> for D {
    fn hold(document: D) -> Self {
        document
    }

    fn held(&self) -> &D {
        self
    }

    fn into_held(self) -> D {
        self
    }
}

impl<D> Held<D> for Box<D> {
    fn hold(document: D) -> Self {
        Self::new(document)
    }

    fn held(&self) -> &D {
        self
    }

    fn into_held(self) -> D {
        *self
    }
}

/// Lists the tables: for each, its name among all keys and all documents. A large document is there `as Box`.
macro_rules! tables {
    (@held $document:ty) => { $document };
    (@held $document:ty, $held:ident) => { $held<$document> };
    ($($(#[$doc:meta])* $table:ident { $key:ty => $document:ty $(as $held:ident)? })*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $table;)*

        #[derive(Clone, Copy)]
        enum Number { $($table),* }

        /// A key of any table.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        enum AnyKey { $($table($key)),* }

        /// A document of any table.
        #[derive(Debug, Clone, PartialEq)]
        enum AnyDocument { $($table(tables!(@held $document $(, $held)?))),* }

        /// The names of all tables.
        pub(crate) const NAMES: &[&str] = &[$(<$table as Table>::NAME),*];

        $(impl Table for $table {
            type Key = $key;
            type Document = $document;
            const NAME: &'static str = <$table as Form>::TABLE;
            const NUMBER: usize = Number::$table as usize;

            fn id(key: $key) -> RowId {
                RowId(AnyKey::$table(key))
            }

            fn row(document: $document) -> Row {
                Row(AnyDocument::$table(Held::hold(document)))
            }

            fn key_of(id: &RowId) -> Option<&$key> {
                match &id.0 {
                    AnyKey::$table(key) => Some(key),
                    _ => None,
                }
            }

            fn document_of(row: &Row) -> Option<&$document> {
                match &row.0 {
                    AnyDocument::$table(document) => Some(document.held()),
                    _ => None,
                }
            }

            fn into_document(row: Row) -> Option<$document> {
                match row.0 {
                    AnyDocument::$table(document) => Some(document.into_held()),
                    _ => None,
                }
            }
        })*

        impl RowId {
            /// The number of its table.
            pub(crate) fn table(&self) -> usize {
                match &self.0 { $(AnyKey::$table(_) => Number::$table as usize),* }
            }

            /// The parts of its key.
            pub(crate) fn parts(&self) -> Parts<'_> {
                match &self.0 { $(AnyKey::$table(key) => <$table as Form>::parts(key)),* }
            }

            /// The id that a key of a table has, read from its bytes.
            pub(crate) fn read(table: usize, id: &[u8]) -> Option<Self> {
                let mut parts = PartsReader::of_key(id);
                let key = match NUMBERS.get(table)? {
                    $(Number::$table => AnyKey::$table(<$table as Form>::key(&mut parts)?)),*
                };
                parts.is_done().then_some(Self(key))
            }

            /// The record of a document that is kept under this id.
            pub(crate) fn encode(&self, row: &Row) -> Result<Vec<u8>, CodecError> {
                match (&self.0, &row.0) {
                    $((AnyKey::$table(key), AnyDocument::$table(document)) => {
                        encode_as::<$table>(key, document.held())
                    })*
                    _ => Err(CodecError::new("a document of another table")),
                }
            }

            /// The document of the record that is kept under this id.
            pub(crate) fn decode(&self, record: &[u8]) -> Result<Row, CodecError> {
                Ok(Row(match &self.0 {
                    $(AnyKey::$table(key) => AnyDocument::$table(Held::hold(decode_as::<$table>(key, record)?))),*
                }))
            }
        }

        const NUMBERS: &[Number] = &[$(Number::$table),*];
    };
}

pub(crate) use tables;
