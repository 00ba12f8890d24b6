//! Opening a database: its folder, its engine with bounded memory, its migrations.

use std::{
    io::ErrorKind,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex as StdMutex, OnceLock, PoisonError},
};

use surrealdb::{Surreal, engine::local::Db};
use surrealdb_cnf::ConfigMap;
use surrealdb_core::kvs::{TransactionBuilderFactory, TransactionBuilderParts};
use surrealdb_engine_local::Datastore;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    Address, OpenError, StorageError, Working,
    chain::{Chain, Start, naming_tables},
    counts::Counts,
    engine::{Engine, Freeze},
    error::{Cause, is_of_the_machine},
    folder,
    pending::Pending,
    record::Place,
    scrub::Scrub,
    waiting::Waiting,
};

/// An open database. Cheap to share behind an [`Arc`]; there is one in a process.
pub struct Store {
    pub(super) database: Surreal<Db>,
    /// Held by whoever writes.
    pub(super) writer: Mutex<()>,
    pub(super) datastore: Arc<Datastore>,
    /// Where in it the rows are, once it is known.
    pub(super) place: OnceLock<Place>,
    /// What is being written at the moment.
    pub(super) pending: Pending,
    /// The last batch, and who is told of it.
    pub(super) chain: Chain,
    /// How many rows each table has.
    pub(super) counts: Counts,
    /// Where its files are; none of one in memory.
    pub(super) folder: Option<PathBuf>,
    /// Once it is true, nothing can be written.
    pub(super) freeze: Arc<Freeze>,
    /// What reads its tables again, once it is in use.
    pub(super) scrub: Option<Scrub>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database at an address, or makes it, and brings it to the current format. Refuses one that is not
    /// whole, or lacks what was told, and leaves its files as they are.
    pub fn open(address: &Address) -> Working<'_, Result<Self, OpenError>> {
        Box::pin(Self::checked(address))
    }

    async fn checked(address: &Address) -> Result<Self, OpenError> {
        let waiting = Waiting::start();
        let start = match address.folder() {
            None => None,
            Some(folder) => {
                waiting.step("making its folder");
                folder::prepare(address, folder)?;
                Some(boxed(|| Start::check(address, &waiting)).await?)
            }
        };
        waiting.step("opening it");
        let opened = boxed(|| Self::engine(address)).await.map_err(OpenError::of_the_opened);
        let mut store = match address.folder() {
            Some(folder) => opened.map_err(|error| naming_tables(error, folder))?,
            None => opened?,
        };
        waiting.step("reading and writing its first rows");
        match boxed(|| store.begin(address, start)).await {
            Ok(()) => {
                // Without a thread for it, it is as it was before there was one.
                store.scrub = address.folder().and_then(|folder| Scrub::start(folder).ok());
                Ok(store)
            }
            Err(error) => {
                store.close().await;
                Err(error.of_the_opened())
            }
        }
    }

    /// Begins to use it.
    async fn begin(&self, address: &Address, start: Option<Start>) -> Result<(), OpenError> {
        boxed(|| self.readable(address)).await?;
        if let Some(start) = start {
            start.begin(address, self).await?;
        }
        boxed(|| self.current(address)).await?;
        Ok(self.begin_counts().await?)
    }

    /// Whether its rows can be read, and are of a format that is known.
    pub(super) async fn readable(&self, address: &Address) -> Result<(), OpenError> {
        let failed = |error: StorageError| open_failed(address, error.to_string());
        boxed(|| self.select()).await.map_err(failed)?;
        match self.refuse_newer(address).await {
            Err(OpenError::Storage(error)) => Err(failed(error)),
            other => other.map(drop),
        }
    }

    /// Opens the database as it is.
    pub(super) async fn engine(address: &Address) -> Result<Self, OpenError> {
        let (datastore, freeze) = Self::datastore(address).await?;
        match Self::prepare(Arc::clone(&datastore), address).await {
            Ok(store) => Ok(Self { freeze, ..store }),
            Err(error) => {
                // Dropped alone, it would hold the folder.
                drop(datastore.shutdown().await);
                Err(error)
            }
        }
    }

    /// SurrealDB over the engine that an address names, and what freezes it.
    async fn datastore(address: &Address) -> Result<(Arc<Datastore>, Arc<Freeze>), OpenError> {
        // The maintenance tasks write on their own, for clusters and change feeds, which are not used.
        let builder = Datastore::builder().with_auth(false).without_maintenance_tasks();
        let mut freeze = Arc::default();
        let built = match address.folder() {
            None => builder.build_with_path("mem://").await,
            Some(folder) => {
                let opened = Engine::open(folder, address.settings()).await;
                let engine = opened.map_err(|error| engine_failed(address, error))?;
                freeze = engine.freeze();
                builder.build_with_factory_path("surrealkv", Opened(StdMutex::new(Some(engine)))).await
            }
        };
        let datastore = built.map_err(|error| open_failed(address, format!("{error:#}")))?;
        Ok((datastore, freeze))
    }

    /// Brings the engine to its current format.
    async fn prepare(datastore: Arc<Datastore>, address: &Address) -> Result<Self, OpenError> {
        let failed = |reason: String| open_failed(address, reason);
        // The check below tries a damaged folder again for two minutes; this read fails at once.
        datastore.storage_version().await.map_err(|error| failed(format!("{error:#}")))?;
        datastore.check_version().await.map_err(|error| failed(format!("{error:#}")))?;
        datastore.bootstrap().await.map_err(|error| failed(format!("{error:#}")))?;
        let database = Surreal::<Db>::unstable_from_datastore(Arc::clone(&datastore), None)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let (place, pending, chain) = (OnceLock::new(), Pending::default(), Chain::default());
        let (counts, folder) = (Counts::default(), address.folder().cloned());
        let (freeze, scrub) = (Arc::default(), None);
        Ok(Self { database, writer: Mutex::new(()), datastore, place, pending, chain, counts, folder, freeze, scrub })
    }

    /// Writes everything out and lets the folder go. Nothing can be read or written afterwards.
    pub fn close(&self) -> Working<'_, ()> {
        Box::pin(self.end())
    }

    async fn end(&self) {
        if let Err(error) = self.shut().await {
            tracing::warn!(%error, "closing the database failed: it is recovered at the next start");
        }
    }

    /// Closes it, and tells where that failed: for whoever has no log that was synced to recover it from.
    pub(super) async fn shut(&self) -> Result<(), StorageError> {
        let _writer = self.writer.lock().await;
        let ended = self.datastore.shutdown().await;
        // Last, because it lets the folder go.
        self.chain.end();
        ended.map_err(|error| StorageError::Database(format!("it could not be closed: {error}").into()))
    }
}

/// A future on the heap, and with no place in the frame of who waits for it: statements of a database that is compiled
/// without optimisation take most of a thread's stack, and a start must not take the rest.
#[inline(never)]
pub(super) fn boxed<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}

/// Hands SurrealDB the engine that was opened for it.
struct Opened(StdMutex<Option<Engine>>);

impl TransactionBuilderFactory for Opened {
    type RouterState = ();

    async fn new_transaction_builder(
        &self,
        _path: &str,
        _canceller: CancellationToken,
        _config: ConfigMap,
    ) -> anyhow::Result<TransactionBuilderParts<()>> {
        let engine = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let engine = engine.ok_or_else(|| anyhow::anyhow!("the engine is in use by another datastore"))?;
        Ok(TransactionBuilderParts::without_router_state(Box::new(engine)))
    }

    fn path_valid(&self, path: &str) -> anyhow::Result<String> {
        Ok(path.to_owned())
    }
}

/// Why the engine could not be opened.
pub(super) fn engine_failed(address: &Address, error: surrealkv::Error) -> OpenError {
    let folder = address.folder().map(|folder| folder.display().to_string()).unwrap_or_default();
    match &error {
        surrealkv::Error::Io(cause) => match cause.kind() {
            ErrorKind::StorageFull
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::FileTooLarge
            | ErrorKind::QuotaExceeded => OpenError::Folder { folder, reason: Arc::clone(cause).into() },
            _ => open_failed(address, error),
        },
        // It has no error of its own for that.
        surrealkv::Error::Other(reason) if reason.contains("already locked") => OpenError::InUse { folder },
        _ => open_failed(address, error),
    }
}

impl OpenError {
    /// What a start could not read of a database that the engine has opened.
    #[must_use]
    pub fn unread(address: &Address, error: StorageError) -> Self {
        match (error, address.folder()) {
            (StorageError::Database(cause), Some(folder)) => {
                naming_tables(open_failed(address, cause).of_the_opened(), folder)
            }
            (error, _) => Self::Storage(error),
        }
    }
}

/// Why what the engine holds could not be read. Where the machine lacks something, only the text says so.
pub(super) fn open_failed(address: &Address, reason: impl Into<Cause>) -> OpenError {
    let reason = reason.into();
    if is_of_the_machine(&reason.to_string()) {
        let folder = address.folder().map(|folder| folder.display().to_string()).unwrap_or_default();
        OpenError::Folder { folder, reason }
    } else {
        OpenError::Damaged { address: address.text().to_owned(), reason, opened: false }
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
