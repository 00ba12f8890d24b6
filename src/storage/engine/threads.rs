//! The engine's own threads. It writes and merges tables in the middle of its tasks, for as long as that takes: on the
//! threads that serve requests, two such tasks at once would keep everybody waiting.

use std::{
    io,
    sync::{Arc, Weak},
    time::Duration,
};

use surrealkv::Tree;
use tokio::runtime::{Builder, Runtime};

/// One for each of the engine's tasks: the one that commits, the one that writes tables, the one that merges them.
const THREADS: usize = 3;

/// Threads that end with this.
#[derive(Debug)]
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    /// Starts them.
    pub(super) fn start() -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(THREADS).thread_name("scrip-engine").enable_time().build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs a task of the engine's on them. A panic of the task is one here.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = surrealkv::Result<T>> + Send + 'static,
    ) -> surrealkv::Result<T> {
        let Some(runtime) = &self.0 else { return Err(surrealkv::Error::Abort) };
        runtime.spawn(task).await.unwrap_or_else(|error| Err(surrealkv::Error::Other(error.to_string())))
    }

    /// Syncs the log of a tree at every interval, until the tree is dropped.
    pub(super) fn sync_every(&self, interval: Duration, tree: &Arc<Tree>) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(sync_every(interval, Arc::downgrade(tree)));
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // To wait for them is not allowed where this may be dropped; the engine was closed before.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn sync_every(interval: Duration, tree: Weak<Tree>) {
    loop {
        tokio::time::sleep(interval).await;
        let Some(tree) = tree.upgrade() else { return };
        if let Err(error) = tree.flush_wal(true) {
            tracing::error!(%error, "syncing the database's log failed: a power cut may take the last changes");
        }
    }
}
