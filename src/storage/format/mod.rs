//! The format of the data: its number, the tables of an empty database, and how rows of older formats are read. A folder
//! of an older format is brought over by `scrip upgrade`, which writes a new folder beside it.

mod old;

#[cfg(test)]
pub(crate) use old::texts as texts_of_before;

use surrealdb::types::{RecordId, RecordIdKey};

use super::{
    Address, OpenError, Row, RowId, StorageError, Store,
    codec::{Part, Parts, id_text},
    error::Cause,
    open::boxed,
    read::RawRow,
    record::{self, failed},
    table::Table,
    tables::{Formats, NAMES, Programme},
};
use scrip_domain::clock::BatchTime;
use surrealdb_datastore::TransactionType;

/// The format that is written.
pub(crate) const FORMAT: u32 = 3;
/// What makes the tables of an empty database.
pub(crate) const SCHEMA: &str = include_str!("../schema.surql");

/// How often a step is tried that another process is doing as well.
const TRIES: u32 = 20;

/// What a row is in this format, whatever format it is in; 0 where that is not known.
pub(crate) fn rows(format: u32, table: usize, row: &RawRow) -> Result<Vec<(RowId, Row)>, StorageError> {
    match format {
        FORMAT => Ok(vec![self::row(table, row)?]),
        // The row that tells it is lost.
        0 => self::row(table, row).map(|row| vec![row]).or_else(|error| old(table, row).map_err(|_| error)),
        _ => old(table, row),
    }
}

fn old(table: usize, (id, record): &RawRow) -> Result<Vec<(RowId, Row)>, StorageError> {
    let texts = old::texts(id, record).map_err(|reason| wrong(table, id, reason))?;
    old::rows(name(table), &texts)
}

/// A row of this format.
pub(crate) fn row(table: usize, (id, record): &RawRow) -> Result<(RowId, Row), StorageError> {
    let read = RowId::read(table, id).ok_or_else(|| wrong(table, id, "its id is none of this table"))?;
    let row = read.decode(record).map_err(|error| wrong(table, id, error))?;
    Ok((read, row))
}

fn name(table: usize) -> &'static str {
    NAMES.get(table).copied().unwrap_or_default()
}

fn wrong(table: usize, id: &[u8], reason: impl Into<Cause>) -> StorageError {
    StorageError::Row { id: format!("{}:{}", name(table), id_text(id)), reason: reason.into() }
}

impl Store {
    /// Refuses data of a later format without touching it; gives the format otherwise, 0 where there is none.
    pub(super) async fn refuse_newer(&self, address: &Address) -> Result<u32, OpenError> {
        let found = self.format().await?;
        if found > FORMAT {
            return Err(OpenError::TooNew { address: address.text().to_owned(), found, known: FORMAT });
        }
        Ok(found)
    }

    /// Refuses data of an earlier format too; whether there is data.
    pub(super) async fn refuse_others(&self, address: &Address) -> Result<bool, OpenError> {
        match self.refuse_newer(address).await? {
            0 => Ok(false),
            FORMAT => Ok(true),
            _ => {
                let folder = address.folder().map(|folder| folder.display().to_string()).unwrap_or_default();
                Err(OpenError::Old { folder, address: address.text().to_owned() })
            }
        }
    }

    /// Refuses data of another format, and makes the tables of an empty database.
    pub(super) async fn current(&self, address: &Address) -> Result<(), OpenError> {
        for _ in 0..TRIES {
            if self.refuse_others(address).await? {
                return Ok(());
            }
            match boxed(|| self.make_tables()).await {
                Ok(()) => tracing::info!(format = FORMAT, "made the tables of an empty database"),
                Err(StorageError::Conflict(_) | StorageError::Exists(_)) => tokio::task::yield_now().await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(StorageError::Database("another process keeps changing the database's format".into()).into())
    }

    /// Everything is in one namespace and database, both named scrip.
    pub(super) async fn select(&self) -> Result<(), StorageError> {
        let define = "DEFINE NAMESPACE IF NOT EXISTS scrip; USE NS scrip; DEFINE DATABASE IF NOT EXISTS scrip;";
        let _writer = self.writer.lock().await;
        self.database.query(define).await?.check()?;
        self.database.use_ns("scrip").use_db("scrip").await?;
        Ok(())
    }

    /// The number of the format; 0 where there is none yet.
    pub(crate) async fn format(&self) -> Result<u32, StorageError> {
        Ok(self.get_one::<Formats>(()).await?.unwrap_or_default())
    }

    /// The time of the last batch of an older format.
    pub(crate) async fn old_time(&self) -> Result<Option<BatchTime>, StorageError> {
        let transaction = self.datastore.transaction(TransactionType::Read).await.map_err(failed)?;
        let key = self.place(&transaction).await?.key_of(Programme::NUMBER, &Parts::alone(Part::Text(old::CLOCK)));
        let found = transaction.get(key, None).await.map_err(failed);
        record::end(&transaction).await;
        let Some(record) = found? else { return Ok(None) };
        Ok(old::document(&record).ok().and_then(|doc| old::time(&doc)))
    }

    async fn make_tables(&self) -> Result<(), StorageError> {
        let _writer = self.writer.lock().await;
        let text = format!(
            "{{ {SCHEMA} LET $found = (SELECT VALUE doc FROM $format)[0] ?? '0'; \
             IF $found != '0' {{ THROW 'Transaction conflict: the format changed' }}; \
             UPSERT $format CONTENT {{ doc: $to }} RETURN NONE; }}"
        );
        let row = RecordId::new(Formats::NAME, RecordIdKey::String("format\u{1}".to_owned()));
        self.database.query(text).bind(("format", row)).bind(("to", FORMAT.to_string())).await?.check()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use surrealdb::{Surreal, engine::local::Db};
    use surrealdb_engine_local::Datastore;
    use tokio::sync::Mutex;

    use super::*;
    use crate::{chain::Chain, pending::Pending};

    async fn store(datastore: &Arc<Datastore>) -> Store {
        let database = Surreal::<Db>::unstable_from_datastore(Arc::clone(datastore), None).await.expect("a session");
        let (place, pending, chain) = (OnceLock::new(), Pending::default(), Chain::default());
        let (writer, datastore, freeze) = (Mutex::new(()), Arc::clone(datastore), Arc::default());
        Store {
            database,
            writer,
            datastore,
            place,
            pending,
            chain,
            counts: Default::default(),
            folder: None,
            freeze,
            scrub: None,
        }
    }

    async fn select_and_make(store: &Store, address: &Address) -> Result<(), OpenError> {
        store.select().await?;
        store.current(address).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn several_that_make_a_database_at_once_make_it_once() {
        let address = Address::parse("mem://").expect("an address");
        for _ in 0..10 {
            let datastore = Datastore::builder().with_auth(false).build_with_path("mem://").await.expect("a datastore");
            let stores = [store(&datastore).await, store(&datastore).await, store(&datastore).await];
            let [one, two, three] = &stores;
            let results = tokio::join!(
                select_and_make(one, &address),
                select_and_make(two, &address),
                select_and_make(three, &address)
            );
            assert!(matches!(results, (Ok(()), Ok(()), Ok(()))), "{results:?}");
            assert_eq!(three.format().await.expect("a format"), FORMAT);
        }
    }
}
