//! The format of the data, and how older ones are brought to it. Each step is one transaction that
//! ends with writing its number, so a step is done once, also when two start at the same time.

use super::{Address, OpenError, Row, RowId, StorageError, Store, open::boxed};

/// The steps, each from the format of its place to the next.
pub(super) const STEPS: &[&str] = &[include_str!("schema.surql"), include_str!("schema-2.surql")];

/// How often a step is tried that another process is doing as well.
const TRIES: u32 = 20;

impl Store {
    /// Refuses data of a later format without touching it; gives the format otherwise.
    pub(super) async fn refuse_newer(&self, address: &Address) -> Result<u32, OpenError> {
        let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
        let found = self.format().await?;
        if found > known {
            return Err(OpenError::TooNew { address: address.text().to_owned(), found, known });
        }
        Ok(found)
    }

    /// Brings the data to the current format.
    pub(super) async fn migrate(&self, address: &Address) -> Result<(), OpenError> {
        for _ in 0..TRIES {
            let found = self.refuse_newer(address).await?;
            let Some(step) = usize::try_from(found).ok().and_then(|n| STEPS.get(n)) else { return Ok(()) };
            match boxed(|| self.step(step, found)).await {
                Ok(()) => tracing::info!(format = found + 1, "brought the database to a new format"),
                Err(StorageError::Conflict(_) | StorageError::Exists(_)) => tokio::task::yield_now().await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(StorageError::Database("another process keeps changing the database's format".to_owned()).into())
    }

    /// Everything is in one namespace and database, both named scrip.
    pub(super) async fn select(&self) -> Result<(), StorageError> {
        let define = "DEFINE NAMESPACE IF NOT EXISTS scrip; USE NS scrip; DEFINE DATABASE IF NOT EXISTS scrip;";
        let _writer = self.writer.lock().await;
        self.database.query(define).await?.check()?;
        self.database.use_ns("scrip").use_db("scrip").await?;
        Ok(())
    }

    async fn format(&self) -> Result<u32, StorageError> {
        match self.get_one(RowId::Format).await? {
            Some(Row::Format(format)) => Ok(format),
            _ => Ok(0),
        }
    }

    async fn step(&self, step: &str, from: u32) -> Result<(), StorageError> {
        let _writer = self.writer.lock().await;
        let text = format!(
            "{{ {step} LET $found = (SELECT VALUE doc FROM $format)[0] ?? '0'; \
             IF $found != $from {{ THROW 'Transaction conflict: the format changed' }}; \
             UPSERT $format CONTENT {{ doc: $to }} RETURN NONE; }}"
        );
        self.database
            .query(text)
            .bind(("format", RowId::Format.key().record()))
            .bind(("from", from.to_string()))
            .bind(("to", (from + 1).to_string()))
            .await?
            .check()?;
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
        let (datastore, torn, scrub) = (Arc::clone(datastore), false, None);
        Store { database, writer: Mutex::new(()), datastore, place, pending, chain, torn, scrub }
    }

    async fn select_and_migrate(store: &Store, address: &Address) -> Result<(), OpenError> {
        store.select().await?;
        store.migrate(address).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn several_that_migrate_at_once_do_it_once() {
        let address = Address::parse("mem://").expect("an address");
        for _ in 0..10 {
            let datastore = Datastore::builder().with_auth(false).build_with_path("mem://").await.expect("a datastore");
            let stores = [store(&datastore).await, store(&datastore).await, store(&datastore).await];
            let [one, two, three] = &stores;
            let results = tokio::join!(
                select_and_migrate(one, &address),
                select_and_migrate(two, &address),
                select_and_migrate(three, &address)
            );
            assert!(matches!(results, (Ok(()), Ok(()), Ok(()))), "{results:?}");
            assert_eq!(three.format().await.expect("a format") as usize, STEPS.len());
        }
    }
}
