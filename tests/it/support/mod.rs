//! Scrip under test, in process: opened in a line, driven by short calls, audited when it is dropped
//! or closed. [`Client`] has the calls and can be cloned into tasks.

pub(crate) mod audit;
mod audit_coupons;
mod audit_customers;
mod audit_events;
mod audit_ledger;
mod client;
pub(crate) mod draft;
pub(crate) mod files;
pub(crate) mod process;

pub(crate) use client::{Client, Codes, code, customer, decimal, purchase, redeem, transfer, unassign, unredeem};

use std::{
    ops::Deref,
    path::{Path, PathBuf},
};

use scrip::{
    domain::period::Instant,
    service::{Clock, Scrip},
    storage::{Address, OpenError},
};
use tempfile::TempDir;

/// Opens a folder, without the audit of [`TestScrip`].
pub(crate) async fn open(folder: &Path) -> Result<Client, OpenError> {
    Ok(Client::new(Scrip::open(&disk(folder), Clock::System, None).await?))
}

/// Where the data of a test is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// `mem://`
    Memory,
    /// `surrealkv://` in a new folder
    Disk,
}

impl Backend {
    pub(crate) const ALL: [Self; 2] = [Self::Memory, Self::Disk];
}

/// A folder in one of its own, so that what a database puts beside its folder goes with it.
pub(crate) struct Folder {
    parent: TempDir,
    path: PathBuf,
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it there when this is dropped.
    pub(crate) fn keep(&mut self) {
        self.parent.disable_cleanup(true);
    }
}

/// A new folder below the target folder, which is on a disk (the system's folder for temporary files
/// may be memory).
pub(crate) fn new_folder() -> Folder {
    let parent = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let path = parent.path().join("data");
    std::fs::create_dir(&path).expect("a folder");
    Folder { parent, path }
}

/// The address of a database in a folder.
pub(crate) fn disk(folder: impl Into<PathBuf>) -> Address {
    Address::parse(&format!("surrealkv://{}", folder.into().display())).expect("an address")
}

/// A running Scrip with its folder. Dropping it audits its books, so every test checks that they
/// are right; that needs a runtime with several threads.
pub(crate) struct TestScrip {
    client: Option<Client>,
    address: Address,
    clock: Clock,
    folder: Option<Folder>,
}

impl TestScrip {
    /// One with the system's clock.
    pub(crate) async fn new(backend: Backend) -> Self {
        Self::with_clock(backend, Clock::System).await
    }

    /// One whose clock stands still at an instant until it is set.
    pub(crate) async fn at(backend: Backend, now: Instant) -> Self {
        Self::with_clock(backend, Clock::manual(now)).await
    }

    async fn with_clock(backend: Backend, clock: Clock) -> Self {
        let folder = (backend == Backend::Disk).then(new_folder);
        let address = match &folder {
            Some(folder) => disk(folder.path()),
            None => Address::parse("mem://").expect("an address"),
        };
        let scrip = Scrip::open(&address, clock.clone(), None).await.expect("an open database");
        Self { client: Some(Client::new(scrip)), address, clock, folder }
    }

    /// Closes it and opens it again: the books stay the same. What is in memory only stays open.
    pub(crate) async fn reopen(&mut self) {
        if self.folder.is_none() {
            return;
        }
        let before = audit::audit(self).await;
        self.close_database().await;
        let scrip = Scrip::open(&self.address, self.clock.clone(), None).await.expect("an open database");
        self.client = Some(Client::new(scrip));
        let after = audit::audit(self).await;
        assert!(before == after, "the books differ after a restart");
    }

    /// Audits its books and closes it; gives the folder to whoever wants to go on with it.
    pub(crate) async fn close(mut self) -> Option<Folder> {
        audit::audit(&self).await;
        self.close_database().await;
        self.folder.take()
    }

    async fn close_database(&mut self) {
        if let Some(client) = self.client.take() {
            client.close().await;
        }
    }

    /// Where its data is on disk.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().expect("it is on disk").path()
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl Deref for TestScrip {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("it is open")
    }
}

impl Drop for TestScrip {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if std::thread::panicking() {
            return;
        }
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                audit::audit(&client).await;
                client.close().await;
            });
        });
    }
}
