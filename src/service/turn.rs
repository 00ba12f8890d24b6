//! The turn of a request at a place of which there are few. While it waits for a partner, or for the committer, it needs
//! none: it gives the place back, and takes its turn again when it goes on. Whoever runs requests says what a turn is; it
//! goes with the task.

use std::{pin::Pin, sync::Arc};

tokio::task_local! {
    static TURN: Arc<dyn Turn>;
}

/// A place that can be given back for a while. What runs at it may wait for several things at once.
pub trait Turn: Send + Sync {
    /// One more wait begins.
    fn leave(&self);
    /// A wait is over; ends when there is a place again, where no other goes on.
    fn come_back(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Runs work that has a turn.
pub async fn in_turn<T>(turn: Arc<dyn Turn>, work: impl Future<Output = T>) -> T {
    TURN.scope(turn, work).await
}

/// Waits for something without holding a place.
pub(super) async fn away<T>(wait: impl Future<Output = T>) -> T {
    let Ok(turn) = TURN.try_with(Arc::clone) else { return wait.await };
    turn.leave();
    let waited = wait.await;
    turn.come_back().await;
    waited
}
