//! Lanes, so that nobody's reading stops anybody's claim. A change, and a read of a little, run where their connection
//! is served, in turns between keys. Whatever may compute or read for long runs in the far lane: threads of its own,
//! which the system lets run when the others have nothing to do, with few places, in turns between keys, and it ends
//! when its client leaves.

mod queue;

use std::{io, sync::Arc};

use async_graphql::parser::types::OperationType;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

use scrip_service::lower_priority;

pub(super) use queue::Busy;
use queue::Queue;

/// What an operation may cost (src/graphql/cost.rs) that runs where its connection is served: about two milliseconds.
const NEAR: u64 = 400;
/// The same for a change, which mostly waits for the disk.
const NEAR_CHANGE: u64 = 1_000;
/// The longest text that is read there, in bytes: a millisecond.
const NEAR_TEXT: usize = 32 * 1024;
/// How many small reads of one key and of all run at once for each thread. More would only wait inside.
const NEAR_PLACES: usize = 16;
/// How many requests of one key may wait for a place in each lane.
const WAITING: usize = 512;

/// The lanes of one gateway.
#[derive(Debug)]
pub struct Lanes {
    near: Arc<Queue>,
    far: Arc<Queue>,
    threads: Threads,
}

/// The far lane's own threads.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        // What runs there is nobody's any more. Waiting for it would block, which whoever drops this may not.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Where something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// At once, where its connection is served.
    Open,
    /// There as well, in turns.
    Near,
    /// On threads of its own, in turns.
    Far,
}

impl Lane {
    /// The lane of an operation of this kind and cost.
    pub(super) fn of(kind: Option<OperationType>, cost: u64) -> Self {
        match kind {
            Some(OperationType::Mutation) if cost <= NEAR_CHANGE => Self::Open,
            Some(OperationType::Mutation) => Self::Far,
            _ if cost <= NEAR => Self::Near,
            _ => Self::Far,
        }
    }

    /// Whether a text of this length is read in the far lane.
    pub(super) fn reads_far(length: usize) -> bool {
        length > NEAR_TEXT
    }
}

impl Lanes {
    /// With so many places in the far lane; each may hold a whole answer in memory.
    pub(super) fn new(places: usize) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(places).max(1);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(threads)
            .thread_name("far")
            .on_thread_start(lower_priority)
            .enable_all()
            .build()?;
        Ok(Self {
            near: Queue::new(cores * NEAR_PLACES, WAITING),
            far: Queue::new(places.max(1), WAITING),
            threads: Threads(Some(runtime)),
        })
    }

    /// Runs work in a lane, when it is the key's turn; refused where too much of the key waits already. It ends when
    /// the caller leaves.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        key: &str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Busy> {
        match lane {
            Lane::Open => Ok(work.await),
            Lane::Near => {
                let _place = self.near.place(key).await?;
                Ok(work.await)
            }
            Lane::Far => {
                let place = self.far.place(key).await?;
                let Some(far) = self.far_threads() else { return Ok(work.await) };
                let task = far.spawn(async move {
                    let _place = place;
                    work.await
                });
                match AbortOnDropHandle::new(task).await {
                    Ok(done) => Ok(done),
                    Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
                    // The process ends: nobody waits for this any more.
                    Err(_) => Err(Busy::Stopping),
                }
            }
        }
    }

    fn far_threads(&self) -> Option<&Handle> {
        self.threads.0.as_ref().map(Runtime::handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes() {
        let (query, change) = (Some(OperationType::Query), Some(OperationType::Mutation));
        for (kind, cost, lane) in [
            (query, 1, Lane::Near),
            (query, NEAR, Lane::Near),
            (query, NEAR + 1, Lane::Far),
            (None, 0, Lane::Near),
            (change, 21, Lane::Open),
            (change, NEAR_CHANGE + 1, Lane::Far),
        ] {
            assert_eq!(Lane::of(kind, cost), lane, "{kind:?} {cost}");
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_ends() {
        let lanes = Lanes::new(1).expect("threads");
        let (gone, left) = tokio::sync::oneshot::channel::<()>();
        let work = async move {
            let _gone = gone;
            std::future::pending::<()>().await;
        };
        let first = lanes.run(Lane::Far, "a", work);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), first).await.is_err());
        // Told by the drop of what it held; then its place is free again.
        assert!(left.await.is_err());
        assert_eq!(lanes.run(Lane::Far, "b", async { 7 }).await.expect("a place"), 7);
    }
}
