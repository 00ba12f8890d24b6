//! Lanes, so that nobody's reading stops anybody's claim. A change, and a read of a little, run where their connection
//! is served, in turns between keys. Whatever may compute or read for long runs in the far lane: threads of its own,
//! which the system lets run when the others have nothing to do, with few places, in turns between keys, and it ends
//! when its client leaves.

mod queue;
mod seat;

use std::{io, sync::Arc};

use async_graphql::parser::types::OperationType;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use scrip_service::{in_turn, lower_priority};

pub(super) use queue::Busy;
use queue::Queue;
use seat::Seat;

/// What an operation may cost (src/graphql/cost.rs) that runs where its connection is served: about a millisecond.
const NEAR: u64 = 400;
/// The longest text of a request that is read at once, and the longest that is read where its connection is served, in
/// bytes: a millisecond.
const SHORT_TEXT: usize = 2 * 1024;
const NEAR_TEXT: usize = 16 * 1024;
/// The longest document that is executed where its connection is served, in bytes: all of it is validated, also what its
/// cost says nothing of.
const NEAR_DOCUMENT: usize = 8 * 1024;
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
    /// The lane of an operation of this kind and cost, of a document of this length.
    pub(super) fn of(kind: Option<OperationType>, cost: u64, document: usize) -> Self {
        match kind {
            _ if cost > NEAR || document > NEAR_DOCUMENT => Self::Far,
            // It mostly waits for the disk.
            Some(OperationType::Mutation) => Self::Open,
            _ => Self::Near,
        }
    }

    /// The lane in which a text of this length is read.
    pub(super) fn of_text(length: usize) -> Self {
        if length <= SHORT_TEXT {
            Self::Open
        } else if length <= NEAR_TEXT {
            Self::Near
        } else {
            Self::Far
        }
    }
}

/// Where something may run now.
#[derive(Debug)]
pub(super) struct At {
    lane: Lane,
    seat: Option<Arc<Seat>>,
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

    /// Waits for the key's turn in a lane; refused where too much of the key waits already.
    pub(super) async fn place(&self, lane: Lane, key: &str) -> Result<At, Busy> {
        let queue = match lane {
            Lane::Open => return Ok(At { lane, seat: None }),
            Lane::Near => &self.near,
            Lane::Far => &self.far,
        };
        let place = queue.place(key).await?;
        Ok(At { lane, seat: Some(Arc::new(Seat::new(queue, key, place))) })
    }

    /// Runs work at a place, which is given back with what came of it. It ends when the caller leaves.
    pub(super) async fn at<T: Send + 'static>(
        &self,
        at: At,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<(T, At), Busy> {
        let Some(seat) = at.seat.clone() else { return Ok((work.await, at)) };
        let work = in_turn(seat, work);
        match self.threads.0.as_ref() {
            // What was begun keeps its place until it has ended.
            Some(far) if at.lane == Lane::Far => match AbortOnDropHandle::new(far.spawn(work)).await {
                Ok(done) => Ok((done, at)),
                Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
                // The process ends: nobody waits for this any more.
                Err(_) => Err(Busy::Stopping),
            },
            _ => Ok((work.await, at)),
        }
    }

    /// Runs work in a lane, when it is the key's turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        key: &str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Busy> {
        let at = self.place(lane, key).await?;
        self.at(at, work).await.map(|(done, _)| done)
    }

    /// The same at a place that it has already, if it has one.
    pub(super) async fn run_at<T: Send + 'static>(
        &self,
        at: Option<At>,
        lane: Lane,
        key: &str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Busy> {
        match at {
            Some(at) => self.at(at, work).await.map(|(done, _)| done),
            None => self.run(lane, key, work).await,
        }
    }

    /// Runs something that goes on, on the threads of the far lane and without a place there.
    pub(super) fn beside(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(match self.threads.0.as_ref() {
            Some(far) => far.spawn(work),
            None => tokio::spawn(work),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes() {
        let (query, change) = (Some(OperationType::Query), Some(OperationType::Mutation));
        for (kind, cost, document, lane) in [
            (query, 1, 100, Lane::Near),
            (query, NEAR, NEAR_DOCUMENT, Lane::Near),
            (query, NEAR + 1, 100, Lane::Far),
            (query, 1, NEAR_DOCUMENT + 1, Lane::Far),
            (None, 0, 100, Lane::Near),
            (change, NEAR, 100, Lane::Open),
            (change, 21, NEAR_DOCUMENT + 1, Lane::Far),
            (change, NEAR + 1, 100, Lane::Far),
        ] {
            assert_eq!(Lane::of(kind, cost, document), lane, "{kind:?} {cost} {document}");
        }
        for (length, lane) in [(0, Lane::Open), (SHORT_TEXT + 1, Lane::Near), (NEAR_TEXT + 1, Lane::Far)] {
            assert_eq!(Lane::of_text(length), lane, "{length}");
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
