//! Rows as the embedded engine's own records, read and written by their ids in one of its transactions, without a
//! statement to parse, plan and run for each: a third of the time. What is stored is, byte for byte, what `INSERT` and
//! `UPDATE` would store; they may be passed by because Scrip's tables have nothing that a statement does beside it (no
//! fields, events, indexes, views or live queries, and no permissions below the owner's). Both are tested below.

use std::borrow::Cow;

use surrealdb_datastore::{
    Transaction,
    catalog::{DatabaseId, NamespaceId, Record, providers::DatabaseProvider},
    key::schema::{RecordKey, RecordPrefix},
    storage_error,
    val::{Object, RecordIdKey, Strand, TableName, Value},
};
use surrealdb_kvs::key::{KVKey, KVSubspace};

use super::{Row, RowId, StorageError, Store};

/// The field of the document.
const DOC: &str = "doc";

/// Where the rows are: a namespace and a database, by their numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(NamespaceId, DatabaseId);

impl Place {
    /// The key of a row.
    pub(super) fn key(self, id: &RowId) -> RecordKey<'static> {
        let key = id.key();
        let (tb, id) = (TableName::new(key.table), RecordIdKey::String(Strand::from(key.text)));
        RecordKey { ns: self.0, db: self.1, tb: Cow::Owned(tb), id: Cow::Owned(id) }
    }

    /// The rows of a table, as a bound of their keys.
    pub(super) fn table(self, table: &'static str) -> RecordPrefix<'static> {
        RecordPrefix { ns: self.0, db: self.1, tb: Cow::Owned(TableName::new(table)) }
    }

    /// The bytes that the keys of a table's rows begin with; the row's id follows.
    pub(super) fn prefix(self, table: &'static str) -> Result<Vec<u8>, StorageError> {
        Ok(self.table(table).encode_bound().map_err(failed)?.into_vec())
    }
}

impl Store {
    /// Where the rows are, which is read once.
    pub(super) async fn place(&self, transaction: &Transaction) -> Result<Place, StorageError> {
        if let Some(place) = self.place.get() {
            return Ok(*place);
        }
        let found = transaction.expect_db_by_name("scrip", "scrip").await.map_err(failed)?;
        Ok(*self.place.get_or_init(|| Place(found.namespace_id, found.database_id)))
    }
}

/// A row as the engine keeps it: its document, and its id once more.
pub(super) fn record(key: &RecordKey<'_>, row: &Row) -> Result<Record, StorageError> {
    let mut fields = Object::default();
    fields.insert(DOC, Value::String(Strand::from(row.encode()?)));
    fields.insert("id", Value::RecordId(key.value_context()));
    Ok(Record::new(Value::Object(fields)))
}

/// The document of the record that is kept under a key.
pub(super) fn document<'a>(key: &RecordKey<'_>, record: &'a Record) -> Result<&'a str, StorageError> {
    match &record.data {
        Value::Object(fields) => match fields.get(DOC) {
            Some(Value::String(text)) => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    }
    .ok_or_else(|| StorageError::Row { id: format!("{:?}", key.id), reason: "expected a text as document".to_owned() })
}

/// Ends a transaction that writes nothing.
pub(super) async fn end(transaction: &Transaction) {
    if let Err(error) = transaction.cancel().await {
        tracing::warn!(%error, "a transaction could not be ended");
    }
}

/// Why a transaction failed.
pub(super) fn failed(error: anyhow::Error) -> StorageError {
    let text = format!("{error:#}");
    match storage_error(&error) {
        Some(surrealdb_datastore::Error::TransactionKeyAlreadyExists) => StorageError::Exists(text),
        Some(error) if error.is_retryable() => StorageError::Conflict(text),
        _ => StorageError::Database(text),
    }
}

/// Why a commit failed. Only what is known to have written nothing says so: of anything else, an error of the disk
/// among it, the next start finds out what became of it.
pub(super) fn commit_failed(error: anyhow::Error) -> StorageError {
    use surrealdb_datastore::Error;
    let harmless = match storage_error(&error) {
        Some(Error::Datastore(reason)) => return StorageError::Stuck(reason.clone()),
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
        StorageError::Database(text) if !harmless => StorageError::Unknown(text),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use surrealdb_datastore::TransactionType;

    use super::*;
    use crate::{Address, Batch};

    async fn store() -> Store {
        Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store")
    }

    /// A row's bytes as they are in the engine.
    async fn stored(store: &Store, id: &RowId) -> Option<Vec<u8>> {
        let transaction = store.datastore.transaction(TransactionType::Read).await.expect("a transaction");
        let key = store.place(&transaction).await.expect("a place").key(id);
        let bytes = transaction.get_key_raw(&key, None).await.expect("an answer");
        end(&transaction).await;
        bytes.map(|bytes| bytes.to_vec())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_stored_is_what_a_statement_stores() {
        let store = store().await;
        let id = RowId::Email("ann\u{1}@example.com".to_owned());
        let row = Row::Plain(serde_json::json!({ "text": "a\u{0}b", "number": 1 }));
        let statements = [
            "INSERT { id: $id, doc: $doc } RETURN NONE",
            "UPDATE $id CONTENT { doc: 'another' } RETURN NONE; UPDATE $id CONTENT { doc: $doc } RETURN NONE",
        ];
        let mut theirs = Vec::new();
        for statement in statements {
            let query = store.database.query(statement).bind(("id", id.key().record()));
            let doc = row.encode().expect("a document");
            query.bind(("doc", doc)).await.expect("an answer").check().expect("written");
            theirs.push(stored(&store, &id).await.expect("a row"));
        }
        let mut batch = Batch::default();
        batch.remove(id.clone());
        drop(store.commit(&batch).await.expect("removed"));
        assert_eq!(stored(&store, &id).await, None);
        for replace in [false, true] {
            let mut batch = Batch::default();
            if replace {
                batch.replace(id.clone(), row.clone())
            } else {
                batch.insert(id.clone(), row.clone())
            }
            drop(store.commit(&batch).await.expect("written"));
            let ours = stored(&store, &id).await.expect("a row");
            assert!(theirs.iter().all(|theirs| *theirs == ours), "{ours:?} is not {theirs:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_batch_with_a_row_that_exists_writes_nothing() {
        let store = store().await;
        let of = |name: &str| RowId::Email(name.to_owned());
        let row = |number: u32| Row::Format(number);
        let mut batch = Batch::default();
        batch.insert(of("ann"), row(1));
        drop(store.commit(&batch).await.expect("written"));
        let mut batch = Batch::default();
        batch.insert(of("ben"), row(2));
        batch.insert(of("ann"), row(2));
        let refused = store.commit(&batch).await.map(drop);
        assert!(matches!(refused, Err(StorageError::Exists(_))), "{refused:?}");
        let first = stored(&store, &of("ann")).await;
        assert_eq!(stored(&store, &of("ben")).await, None);
        // Ensured, a row stays as it is, and takes nothing else down.
        let mut batch = Batch::default();
        batch.ensure(of("ann"), row(3));
        batch.ensure(of("ben"), row(3));
        drop(store.commit(&batch).await.expect("written"));
        assert_eq!(stored(&store, &of("ann")).await, first);
        assert!(stored(&store, &of("ben")).await.is_some());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_that_write_a_row_at_once_one_loses() {
        let store = store().await;
        let id = RowId::Email("ann".to_owned());
        let mut batch = Batch::default();
        batch.insert(id.clone(), Row::Format(0));
        let one = store.datastore.transaction(TransactionType::Write).await.expect("a transaction");
        let two = store.datastore.transaction(TransactionType::Write).await.expect("a transaction");
        for transaction in [&one, &two] {
            store.fill(transaction, &batch).await.expect("filled");
        }
        one.commit().await.expect("the first one wins");
        let lost = two.commit().await.map_err(failed);
        assert!(matches!(lost, Err(StorageError::Conflict(_))), "{lost:?}");
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
        let schema = crate::migrate::STEPS.iter().flat_map(|step| step.lines());
        for line in schema.filter(|line| !line.starts_with("--") && !line.is_empty()) {
            let words: Vec<&str> = line.split(' ').collect();
            let plain = matches!(words[..], ["DEFINE", "TABLE", "OVERWRITE", _, "SCHEMALESS;"]);
            assert!(plain, "{line}: rows are written past SurrealQL, which would do something for this");
        }
    }
}
