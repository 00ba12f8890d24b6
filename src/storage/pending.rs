//! What is being written: the engine shows a batch to its readers before it is on disk. Whoever reads a row of it
//! waits until it is, so that nobody is told what a crash could take back.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::watch;

use super::RowId;

/// The rows of the batch that is being written, if there is one.
#[derive(Debug)]
pub(super) struct Pending(watch::Sender<Option<Arc<HashSet<RowId>>>>);

impl Default for Pending {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

/// A batch that is being written, until this is dropped.
#[derive(Debug)]
pub(super) struct Writing<'a>(&'a Pending);

impl Pending {
    /// Has those who read these rows wait. To be called before the engine shows them.
    pub(super) fn begin(&self, rows: HashSet<RowId>) -> Writing<'_> {
        self.0.send_replace(Some(Arc::new(rows)));
        Writing(self)
    }

    /// Ends when what was read is on disk, given which rows that is. To be called after they were read.
    pub(super) async fn settled(&self, read: impl Fn(&HashSet<RowId>) -> bool) {
        let mut now = self.0.subscribe();
        if now.borrow_and_update().as_deref().is_some_and(read) {
            // An error only says that nothing is written any more.
            drop(now.changed().await);
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.0.send_replace(None);
    }
}
