//! Rows as the embedded engine's own records, read and written by their ids in one of its transactions, without a
//! statement to parse, plan and run for each: a third of the time. What is stored is, byte for byte, what `INSERT` and
//! `UPDATE` would store; they may be passed by because Scrip's tables have nothing that a statement does beside it (no
//! fields, events, indexes, views or live queries, and no permissions below the owner's). Both are tested below.

use std::{borrow::Cow, sync::Arc};

use surrealdb_datastore::{
    Transaction,
    catalog::providers::DatabaseProvider,
    key::schema::RecordKey,
    storage_error,
    val::{RecordIdKey, TableName},
};
use surrealdb_kvs::{
    Key, KeyRange,
    key::{AnyRange, KVKey},
};

use super::{
    StorageError, Store,
    codec::{CodecError, Parts, id_bytes},
    error::Cause,
    tables::{NAMES, RowId},
};

/// Where the rows are: what the keys of each table begin with.
#[derive(Debug, Clone)]
pub(super) struct Place {
    tables: Arc<[Box<[u8]>]>,
}

impl Place {
    /// The key of a row.
    pub(super) fn key(&self, id: &RowId) -> Key<'static> {
        self.key_of(id.table(), &id.parts())
    }

    /// The key of a row with an id of these parts.
    pub(super) fn key_of(&self, table: usize, id: &Parts<'_>) -> Key<'static> {
        key(self.table(table), id)
    }

    /// The same of a table with a name.
    pub(super) fn prefix(&self, name: &str) -> &[u8] {
        NAMES.iter().position(|table| *table == name).map(|table| self.table(table)).unwrap_or_default()
    }

    /// What the keys of a table begin with.
    pub(super) fn table(&self, table: usize) -> &[u8] {
        self.tables.get(table).map(AsRef::as_ref).unwrap_or_default()
    }

    /// The rows of a table whose ids are between these bytes.
    pub(super) fn range(&self, table: usize, (start, end): (&[u8], &[u8])) -> Rows {
        let [start, end] = [start, end].map(|bound| Key::from([self.table(table), bound].concat()));
        Rows(KeyRange { start, end })
    }
}

/// Rows between two keys.
#[derive(Debug, Clone)]
pub(super) struct Rows(KeyRange<'static>);

impl Rows {
    /// Whether there can be none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.start >= self.0.end
    }
}

impl Rows {
    /// All rows of a table, by what its keys begin with.
    pub(super) fn of(prefix: &[u8]) -> Self {
        let [start, end] = [&[][..], &[0xFF][..]].map(|bound| Key::from([prefix, bound].concat()));
        Self(KeyRange { start, end })
    }

    /// Those after a key.
    pub(super) fn after(self, key: &[u8]) -> Self {
        let start = Key::from([key, &[0]].concat());
        Self(KeyRange { start, ..self.0 })
    }
}

impl From<KeyRange<'static>> for Rows {
    fn from(range: KeyRange<'static>) -> Self {
        Self(range)
    }
}

impl AnyRange for Rows {
    fn into_key_range(self) -> KeyRange<'static> {
        self.0
    }
}

/// A key that begins with this and ends with an id.
pub(super) fn key(prefix: &[u8], id: &Parts<'_>) -> Key<'static> {
    let mut bytes = Vec::with_capacity(prefix.len() + 64);
    bytes.extend_from_slice(prefix);
    id_bytes(id, &mut bytes);
    Key::from(bytes)
}

impl Store {
    /// Where the rows are, which is read once.
    pub(super) async fn place(&self, transaction: &Transaction) -> Result<&Place, StorageError> {
        if let Some(place) = self.place.get() {
            return Ok(place);
        }
        let found = transaction.expect_db_by_name("scrip", "scrip").await.map_err(failed)?;
        let prefix = |name: &str| {
            let id = Cow::Owned(RecordIdKey::Number(0));
            let tb = Cow::Owned(TableName::new(name));
            let key = RecordKey { ns: found.namespace_id, db: found.database_id, tb, id };
            let mut bytes = key.encode_key().map_err(failed)?.to_vec();
            // What follows the table is the number, in nine bytes.
            bytes.truncate(bytes.len().saturating_sub(9));
            Ok(bytes.into_boxed_slice())
        };
        let tables = NAMES.iter().map(|name| prefix(name)).collect::<Result<_, StorageError>>()?;
        let place = Place { tables };
        Ok(self.place.get_or_init(|| place))
    }
}

/// A row that cannot be read or written.
pub(super) fn damaged(id: &RowId, error: CodecError) -> StorageError {
    StorageError::Row { id: id.to_string(), reason: error.into() }
}

/// Ends a transaction that writes nothing.
pub(super) async fn end(transaction: &Transaction) {
    if let Err(error) = transaction.cancel().await {
        tracing::warn!(%error, "a transaction could not be ended");
    }
}

/// Why a transaction failed.
pub(super) fn failed(error: anyhow::Error) -> StorageError {
    let kind: fn(Cause) -> StorageError = match storage_error(&error) {
        Some(surrealdb_datastore::Error::TransactionKeyAlreadyExists) => StorageError::Exists,
        Some(error) if error.is_retryable() => StorageError::Conflict,
        _ => StorageError::Database,
    };
    kind(error.into())
}

/// Why a commit failed. Only what is known to have written nothing says so: of anything else, an error of the disk
/// among it, the next start finds out what became of it.
pub(super) fn commit_failed(error: anyhow::Error) -> StorageError {
    use surrealdb_datastore::Error;
    let harmless = match storage_error(&error) {
        Some(Error::Datastore(reason)) => return StorageError::Stuck(reason.clone().into()),
        Some(
            Error::TransactionTooLarge
            | Error::TransactionKeyTooLarge
            | Error::TransactionReadonly
            | Error::TransactionFinished
            | Error::TransactionConditionNotMet,
        ) => true,
        _ => false,
    };
    match failed(error) {
        StorageError::Database(cause) if !harmless => StorageError::Unknown(cause),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use surrealdb::types::RecordId;
    use surrealdb_datastore::TransactionType;

    use super::*;
    use crate::{Address, Batch, Emails, Expect, Formats, Row};
    use scrip_domain::id::CustomerId;

    async fn store() -> Store {
        Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store")
    }

    /// A row's bytes as they are in the engine.
    async fn stored(store: &Store, id: &RowId) -> Option<Vec<u8>> {
        let transaction = store.datastore.transaction(TransactionType::Read).await.expect("a transaction");
        let key = store.place(&transaction).await.expect("a place").key(id);
        let bytes = transaction.get(key, None).await.expect("an answer");
        end(&transaction).await;
        bytes
    }

    /// The id of a row in the words of the client.
    fn record_id(email: &str) -> RecordId {
        RecordId::new("email", email.to_owned())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_stored_is_what_a_statement_stores() {
        let store = store().await;
        let id = RowId::of::<Emails>("ann\u{1}@example.com".to_owned());
        let customer = CustomerId::kept("a\u{0}nn".to_owned());
        let content = "CONTENT { customer: type::record('customer', $customer) } RETURN NONE";
        let statements = [
            format!("CREATE $id {content}"),
            format!("UPDATE $id CONTENT {{ doc: 'another' }} RETURN NONE; UPDATE $id {content}"),
        ];
        let mut theirs = Vec::new();
        for statement in statements {
            let query = store.database.query(statement).bind(("id", record_id("ann\u{1}@example.com")));
            query.bind(("customer", "a\u{0}nn")).await.expect("an answer").check().expect("written");
            theirs.push(stored(&store, &id).await.expect("a row"));
        }
        let mut batch = Batch::default();
        batch.remove(id.clone());
        drop(store.commit(&batch).await.expect("removed"));
        assert_eq!(stored(&store, &id).await, None);
        let still = Expect::Still(Row::of::<Emails>(customer.clone()));
        for expected in [Expect::New, Expect::Whatever, still] {
            let mut batch = Batch::default();
            batch.put(id.clone(), Row::of::<Emails>(customer.clone()), expected);
            drop(store.commit(&batch).await.expect("written"));
            let ours = stored(&store, &id).await.expect("a row");
            assert!(theirs.iter().all(|theirs| *theirs == ours), "{ours:?} is not {theirs:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_batch_with_a_row_that_exists_writes_nothing() {
        let store = store().await;
        let of = |name: &str| RowId::of::<Emails>(name.to_owned());
        let row = |number: u32| CustomerId::kept(number.to_string());
        let mut batch = Batch::default();
        batch.insert::<Emails>("ann".to_owned(), row(1));
        drop(store.commit(&batch).await.expect("written"));
        let mut batch = Batch::default();
        batch.insert::<Emails>("ben".to_owned(), row(2));
        batch.insert::<Emails>("ann".to_owned(), row(2));
        let refused = store.commit(&batch).await.map(drop);
        assert!(matches!(refused, Err(StorageError::Exists(_))), "{refused:?}");
        let first = stored(&store, &of("ann")).await;
        assert_eq!(stored(&store, &of("ben")).await, None);
        // Ensured, a row stays as it is, and takes nothing else down.
        let mut batch = Batch::default();
        batch.ensure::<Emails>("ann".to_owned(), row(3));
        batch.ensure::<Emails>("ben".to_owned(), row(3));
        drop(store.commit(&batch).await.expect("written"));
        assert_eq!(stored(&store, &of("ann")).await, first);
        assert!(stored(&store, &of("ben")).await.is_some());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_that_write_a_row_at_once_one_loses() {
        let store = store().await;
        let mut batch = Batch::default();
        batch.insert::<Emails>("ann".to_owned(), CustomerId::kept("ann".to_owned()));
        let one = store.datastore.transaction(TransactionType::Write).await.expect("a transaction");
        let two = store.datastore.transaction(TransactionType::Write).await.expect("a transaction");
        for transaction in [&one, &two] {
            store.put(transaction, &batch).await.expect("filled");
        }
        one.commit().await.expect("the first one wins");
        let lost = two.commit().await.map_err(failed);
        assert!(matches!(lost, Err(StorageError::Conflict(_))), "{lost:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_document_of_another_table_is_not_written() {
        let store = store().await;
        let mut batch = Batch::default();
        batch.put(RowId::of::<Emails>("ann".to_owned()), Row::of::<Formats>(1), Expect::New);
        let refused = store.commit(&batch).await.map(drop);
        assert!(matches!(&refused, Err(StorageError::Row { .. })), "{refused:?}");
    }

    #[test]
    fn a_commit_that_may_have_happened_is_not_known() {
        use surrealdb_datastore::Error;
        let of = |error: Error| commit_failed(anyhow::Error::new(error));
        for unknown in [
            Error::Transaction("IO error: Input/output error (os error 5)".to_owned()),
            Error::CommitOutcomeUnknown("fsync".to_owned()),
            Error::Internal("what".to_owned()),
        ] {
            let found = of(unknown);
            assert!(matches!(found, StorageError::Unknown(_)), "{found:?}");
        }
        let found = commit_failed(anyhow::anyhow!("of no kind that is known"));
        assert!(matches!(found, StorageError::Unknown(_)), "{found:?}");
        assert!(matches!(of(Error::Datastore("full".to_owned())), StorageError::Stuck(_)));
        assert!(matches!(of(Error::TransactionTooLarge), StorageError::Database(_)));
        assert!(matches!(of(Error::TransactionKeyAlreadyExists), StorageError::Exists(_)));
        assert!(matches!(of(Error::TransactionConflict(String::new())), StorageError::Conflict(_)));
    }

    #[test]
    fn a_statement_would_do_nothing_beside_storing_a_row() {
        let schema = crate::format::SCHEMA.lines();
        for line in schema.filter(|line| !line.starts_with("--") && !line.is_empty()) {
            let words: Vec<&str> = line.split(' ').collect();
            let plain = matches!(words[..], ["DEFINE", "TABLE", "OVERWRITE", _, "SCHEMALESS;"]);
            assert!(plain, "{line}: rows are written past SurrealQL, which would do something for this");
        }
    }
}
