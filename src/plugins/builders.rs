//! Where plugins are compiled: on threads of their own, a few at once, behind everything else that the machine does. A
//! build that takes minutes holds up neither a start nor a stop, and other builds only where there are several such.

use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

use super::places::lower_priority;

/// The most builds at once.
const MAX_BUILDS: usize = 3;

/// The threads that compile.
#[derive(Debug)]
pub(super) struct Builders(Arc<Semaphore>);

impl Default for Builders {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_BUILDS)))
    }
}

impl Builders {
    /// Has something done when it is its turn. It goes on where nobody waits for it any more: what it came to is kept
    /// for the next.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let broke = |error: &dyn std::fmt::Display| format!("loading it broke: {error}");
        let turn = Arc::clone(&self.0).acquire_owned().await.map_err(|error| broke(&error))?;
        let (tell, told) = oneshot::channel();
        let run = move || {
            lower_priority();
            let _turn = turn;
            drop(tell.send(work()));
        };
        std::thread::Builder::new().name("plugin-build".to_owned()).spawn(run).map_err(|error| broke(&error))?;
        told.await.map_err(|error| broke(&error))?
    }
}
