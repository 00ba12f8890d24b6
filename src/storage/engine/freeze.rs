//! What keeps a database from being changed while it is asked. Whoever tries learns it at once: what the database does
//! on its own account, such as taking numbers for a new table, it would try again and again.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Whether a database may be changed, and that something has tried although it may not.
#[derive(Debug, Default)]
pub(crate) struct Freeze {
    on: AtomicBool,
    refused: Notify,
}

impl Freeze {
    /// From now on no transaction that begins can write.
    pub(crate) fn begin(&self) {
        self.on.store(true, Ordering::Release);
    }

    /// Whether that is so.
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// Notes that a write was refused.
    pub(super) fn refuse(&self) {
        self.refused.notify_one();
    }

    /// Ends when a write was refused.
    pub(crate) async fn refused(&self) {
        self.refused.notified().await;
    }
}
