//! A transaction of the engine as SurrealDB sees it: a snapshot with its own writes over it, which conflicts at its
//! commit with what was written to the same keys meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use surrealdb_kvs::{
    Direction, Error, Key, KeyRange, KeysResult, Result, SavepointStack, ScanResult, Transactable, Val, api::BoxFut,
};
use surrealkv::{Transaction as Inner, Tree};

use super::{
    error::{commit_failed, failed, stopped},
    freeze::Freeze,
    scan::{self, Page},
};

/// A transaction.
pub(super) struct Transaction {
    tree: Arc<Tree>,
    access: Access,
    /// Nothing once it has ended. One lock for both, so that the count of savepoints is always that of the engine's.
    running: Mutex<Option<Running>>,
}

/// What a transaction may do.
pub(super) enum Access {
    /// Read.
    Read,
    /// Read and write.
    Write,
    /// Read: the database may not be changed, which whoever asks it is told where this one tries.
    Frozen(Arc<Freeze>),
}

impl Access {
    fn check(&self) -> Result<()> {
        match self {
            Self::Write => Ok(()),
            Self::Read => Err(Error::TransactionReadonly),
            Self::Frozen(freeze) => {
                freeze.refuse();
                Err(Error::TransactionReadonly)
            }
        }
    }
}

struct Running {
    inner: Inner,
    savepoints: SavepointStack,
}

impl Transaction {
    /// A transaction of a tree that has just begun, and what it may do.
    pub(super) fn new(tree: &Arc<Tree>, inner: Inner, access: Access) -> Self {
        let running = Running { inner, savepoints: SavepointStack::default() };
        Self { tree: Arc::clone(tree), access, running: Mutex::new(Some(running)) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        // Nothing is left half done where the engine panics: its writes are dropped with it.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it.
    fn take(&self) -> Result<Inner> {
        self.lock().take().map(|running| running.inner).ok_or(Error::TransactionFinished)
    }

    fn read<T>(&self, version: Option<u64>, read: impl FnOnce(&mut Inner) -> surrealkv::Result<T>) -> Result<T> {
        if version.is_some() {
            return Err(Error::UnsupportedVersionedQueries);
        }
        let mut running = self.lock();
        let running = running.as_mut().ok_or(Error::TransactionFinished)?;
        read(&mut running.inner).map_err(failed)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Running) -> Result<T>) -> Result<T> {
        let mut running = self.lock();
        let running = running.as_mut().ok_or(Error::TransactionFinished)?;
        self.access.check()?;
        change(running)
    }

    /// Changes a key if its value is this one.
    fn change_if(
        &self,
        key: &Key<'_>,
        expected: Option<&[u8]>,
        otherwise: Error,
        change: impl FnOnce(&mut Inner) -> surrealkv::Result<()>,
    ) -> Result<()> {
        self.change(|running| {
            let found = running.inner.get(key.as_slice()).map_err(failed)?;
            if found.as_deref() != expected {
                return Err(otherwise);
            }
            change(&mut running.inner).map_err(failed)
        })
    }

    fn page_of_keys(&self, range: &KeyRange<'_>, page: Page, version: Option<u64>) -> Result<KeysResult> {
        self.read(version, |inner| scan::keys(inner, range, page))
    }

    fn page(&self, range: &KeyRange<'_>, page: Page, version: Option<u64>) -> Result<ScanResult> {
        self.read(version, |inner| scan::entries(inner, range, page))
    }
}

impl Transactable for Transaction {
    fn kind(&self) -> &'static str {
        "surrealkv"
    }

    fn closed(&self) -> bool {
        self.lock().is_none()
    }

    fn writeable(&self) -> bool {
        matches!(self.access, Access::Write)
    }

    fn cancel(&self) -> BoxFut<'_, Result<()>> {
        Box::pin(async move {
            self.take()?.rollback();
            Ok(())
        })
    }

    fn commit(&self) -> BoxFut<'_, Result<()>> {
        Box::pin(async move {
            let mut inner = self.take()?;
            if !self.writeable() {
                return Err(Error::TransactionReadonly);
            }
            if let Some(stopped) = stopped(&self.tree) {
                return Err(stopped);
            }
            inner.commit().await.map_err(|error| commit_failed(error, stopped(&self.tree)))
        })
    }

    fn exists<'a>(&'a self, key: Key<'a>, version: Option<u64>) -> BoxFut<'a, Result<bool>> {
        Box::pin(async move { Ok(self.read(version, |inner| inner.get(key.as_slice()))?.is_some()) })
    }

    fn get<'a>(&'a self, key: Key<'a>, version: Option<u64>) -> BoxFut<'a, Result<Option<Val>>> {
        Box::pin(async move { self.read(version, |inner| inner.get(key.as_slice())) })
    }

    fn getu<'a>(&'a self, key: Key<'a>) -> BoxFut<'a, Result<Option<Val>>> {
        Box::pin(async move { self.change(|running| running.inner.get_for_update(key.as_slice()).map_err(failed)) })
    }

    /// A locked read is checked against the writes of others, and is invisible to their locked reads.
    fn shared_locked_reads(&self) -> bool {
        true
    }

    fn set<'a>(&'a self, key: Key<'a>, val: Val) -> BoxFut<'a, Result<()>> {
        Box::pin(async move { self.change(|running| running.inner.set(key.into_vec(), val).map_err(failed)) })
    }

    fn put<'a>(&'a self, key: Key<'a>, val: Val) -> BoxFut<'a, Result<()>> {
        Box::pin(async move {
            self.change_if(&key, None, Error::TransactionKeyAlreadyExists, |inner| inner.set(key.as_slice(), val))
        })
    }

    fn putc<'a>(&'a self, key: Key<'a>, val: Val, chk: Option<Val>) -> BoxFut<'a, Result<()>> {
        Box::pin(async move {
            self.change_if(&key, chk.as_deref(), Error::TransactionConditionNotMet, |inner| {
                inner.set(key.as_slice(), val)
            })
        })
    }

    fn del<'a>(&'a self, key: Key<'a>) -> BoxFut<'a, Result<()>> {
        Box::pin(async move { self.change(|running| running.inner.delete(key.as_slice()).map_err(failed)) })
    }

    fn delc<'a>(&'a self, key: Key<'a>, chk: Option<&'a [u8]>) -> BoxFut<'a, Result<()>> {
        Box::pin(async move {
            self.change_if(&key, chk, Error::TransactionConditionNotMet, |inner| inner.delete(key.as_slice()))
        })
    }

    fn keys<'a>(
        &'a self,
        rng: KeyRange<'a>,
        limit: u32,
        skip: u32,
        version: Option<u64>,
    ) -> BoxFut<'a, Result<KeysResult>> {
        let page = Page { direction: Direction::Forward, limit, skip };
        Box::pin(async move { self.page_of_keys(&rng, page, version) })
    }

    fn keysr<'a>(
        &'a self,
        rng: KeyRange<'a>,
        limit: u32,
        skip: u32,
        version: Option<u64>,
    ) -> BoxFut<'a, Result<KeysResult>> {
        let page = Page { direction: Direction::Backward, limit, skip };
        Box::pin(async move { self.page_of_keys(&rng, page, version) })
    }

    fn scan<'a>(
        &'a self,
        rng: KeyRange<'a>,
        limit: u32,
        skip: u32,
        version: Option<u64>,
    ) -> BoxFut<'a, Result<ScanResult>> {
        let page = Page { direction: Direction::Forward, limit, skip };
        Box::pin(async move { self.page(&rng, page, version) })
    }

    fn scanr<'a>(
        &'a self,
        rng: KeyRange<'a>,
        limit: u32,
        skip: u32,
        version: Option<u64>,
    ) -> BoxFut<'a, Result<ScanResult>> {
        let page = Page { direction: Direction::Backward, limit, skip };
        Box::pin(async move { self.page(&rng, page, version) })
    }

    fn new_save_point(&self) -> BoxFut<'_, Result<()>> {
        Box::pin(async move {
            self.change(|running| {
                running.inner.set_savepoint().map_err(failed)?;
                running.savepoints.open();
                Ok(())
            })
        })
    }

    fn release_last_save_point(&self) -> BoxFut<'_, Result<()>> {
        Box::pin(async move {
            // The engine cannot let a savepoint go: the enclosing one rolls back past it.
            if let Some(running) = self.lock().as_mut() {
                running.savepoints.release();
            }
            Ok(())
        })
    }

    fn rollback_to_save_point(&self) -> BoxFut<'_, Result<()>> {
        Box::pin(async move {
            self.change(|running| {
                for _ in 0..running.savepoints.take()? {
                    running.inner.rollback_to_savepoint().map_err(failed)?;
                }
                Ok(())
            })
        })
    }
}
