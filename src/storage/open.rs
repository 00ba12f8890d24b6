//! Opening a database: its folder, its engine with bounded memory, its migrations.

use std::sync::{Arc, OnceLock};

use surrealdb::{Surreal, engine::local::Db};
use surrealdb_engine_local::Datastore;
use tokio::sync::Mutex;

use super::{Address, OpenError, guard::SegmentGuard, pending::Pending, record::Place};

/// An open database. Cheap to share behind an [`Arc`]; there is one in a process.
pub struct Store {
    pub(super) database: Surreal<Db>,
    /// Held by whoever writes; holds the guard of a database on disk.
    pub(super) writer: Mutex<Option<SegmentGuard>>,
    pub(super) datastore: Arc<Datastore>,
    /// Where in it the rows are, once it is known.
    pub(super) place: OnceLock<Place>,
    /// What is being written at the moment.
    pub(super) pending: Pending,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database at an address, or makes it, and brings it to the current format.
    pub async fn open(address: &Address) -> Result<Self, OpenError> {
        if let Some(folder) = address.folder() {
            std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder {
                folder: folder.display().to_string(),
                reason: error.to_string(),
            })?;
        }
        let failed = |reason: String| open_failed(address, reason);
        let datastore = Datastore::builder()
            .with_config(address.engine_config())
            .with_auth(false)
            // They write on their own, for clusters and change feeds, which are not used.
            .without_maintenance_tasks()
            .build_with_path(&address.engine_path())
            .await
            .map_err(|error| failed(format!("{error:#}")))?;
        match Self::prepare(Arc::clone(&datastore), address).await {
            Ok(store) => Ok(store),
            Err(error) => {
                // Dropped alone, it would hold the folder.
                drop(datastore.shutdown().await);
                Err(error)
            }
        }
    }

    /// Brings the engine and the data to their current formats.
    async fn prepare(datastore: Arc<Datastore>, address: &Address) -> Result<Self, OpenError> {
        let failed = |reason: String| open_failed(address, reason);
        // The check below tries a damaged folder again for two minutes; this read fails at once.
        datastore.storage_version().await.map_err(|error| failed(format!("{error:#}")))?;
        datastore.check_version().await.map_err(|error| failed(format!("{error:#}")))?;
        datastore.bootstrap().await.map_err(|error| failed(format!("{error:#}")))?;
        let database = Surreal::<Db>::unstable_from_datastore(Arc::clone(&datastore), None)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let guard = address.folder().map(|folder| SegmentGuard::new(folder));
        let (place, pending) = (OnceLock::new(), Pending::default());
        let store = Self { database, writer: Mutex::new(guard), datastore, place, pending };
        store.migrate(address).await?;
        Ok(store)
    }

    /// Writes everything out and lets the folder go. Nothing can be read or written afterwards.
    pub async fn close(&self) {
        let _writer = self.writer.lock().await;
        if let Err(error) = self.datastore.shutdown().await {
            tracing::warn!(%error, "closing the database failed: it is recovered at the next start");
        }
    }
}

/// Tells a folder in use from a damaged one. The engine says it in text only.
fn open_failed(address: &Address, reason: String) -> OpenError {
    let folder = address.folder().map(|folder| folder.display().to_string()).unwrap_or_default();
    let lower = reason.to_lowercase();
    // Not "lock" alone, which is in "block" as well.
    if lower.contains("already locked") {
        OpenError::InUse { folder }
    } else if lower.contains("no space left") || lower.contains("permission denied") || lower.contains("read-only") {
        OpenError::Folder { folder, reason }
    } else {
        OpenError::Damaged { address: address.text().to_owned(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statements that nest to a depth, each in a way of its own.
    const NESTED: [(&str, &str, &str); 8] = [
        ("RETURN ", "[", "]"),
        ("RETURN ", "{ a: ", " }"),
        ("RETURN ", "(", ")"),
        ("RETURN ", "{ RETURN ", " }"),
        ("RETURN ", "-(", ")"),
        ("RETURN ", "(SELECT * FROM ", ")"),
        ("RETURN ", "IF true THEN ", " END"),
        ("RETURN ", "array::flatten([", "])"),
    ];

    /// The database is compiled without optimisation (Cargo.toml), so that its frames are larger. A thread of
    /// the runtime has to hold them, to whatever depth a statement nests: its parser and executor bound that.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_deep_statement_does_not_overflow_the_stack() {
        let store = Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store");
        let store = Arc::new(store);
        for (start, open, close) in NESTED {
            let mut answered = 0;
            for depth in [1, 5, 10, 15, 20, 50, 99, 200, 1_000, 10_000] {
                let statement = format!("{start}{}1{}", open.repeat(depth), close.repeat(depth));
                let store = Arc::clone(&store);
                // On a worker's stack, as in the gateway, and not on the test's.
                let asked = tokio::spawn(async move { store.database.query(statement).await?.check() });
                match asked.await.expect("no panic") {
                    Ok(_) => answered = depth,
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
            assert!(answered > 0, "{open} is not answered at all");
        }
    }
}
