//! The rows of a job in parts. What the rows of one need is read while the committer works on the part before it, and while
//! callers have their turn.

use std::sync::Arc;

use super::{
    bulk::STEP,
    work::{Goes, Lease},
};
use crate::{Caller, Failure, RowTask, Scrip, StepRow, committer::Ahead};
use scrip_domain::{causes::with_causes, job::Cursor};

/// Some rows of a job, after which it is at a cursor.
pub(super) struct Part {
    pub(super) tasks: Vec<RowTask>,
    pub(super) to: Cursor,
    /// What was read for them already.
    pub(super) ahead: Option<Ahead>,
}

/// Where the rows of a job come from. It knows itself where it is: what was given before may not be worked on yet.
pub(super) trait Parts: Send {
    /// The next rows, of this many at most; none once all were given.
    fn next(&mut self, most: usize) -> impl Future<Output = Result<Option<Part>, Failure>> + Send;
}

impl Lease {
    /// Works on all of them.
    pub(super) async fn all(&mut self, parts: &mut impl Parts) -> Result<Goes, Failure> {
        let (scrip, caller, tries) = (Arc::clone(&self.scrip), self.caller.clone(), self.job.dry_run);
        let read = async |part: Option<Part>| match part {
            // What is only tried is no work for the committer.
            Some(part) if !tries => Some(part.read(&scrip, &caller).await),
            other => other,
        };
        let mut next = read(parts.next(self.pace.part(STEP)).await?).await;
        while let Some(part) = next {
            let most = self.pace.part(STEP);
            let worked = async {
                match self.part(part).await {
                    Ok(Goes::On) => Ok(()),
                    ended => Err(ended),
                }
            };
            // What is read for nothing is not waited for; what cannot be read ends this run once these are worked on.
            let following = async {
                let part = parts.next(most).await;
                Ok(match part {
                    Ok(part) => Ok(read(part).await),
                    Err(failure) => Err(failure),
                })
            };
            match tokio::try_join!(worked, following) {
                Ok(((), following)) => next = following?,
                Err(ended) => return ended,
            }
        }
        Ok(Goes::On)
    }

    async fn part(&mut self, part: Part) -> Result<Goes, Failure> {
        let Part { tasks, to, ahead } = part;
        // A row that is many coupons is the last of its part, so their numbers follow from what came of the parts before.
        let first = self.job.counters.total() + 1;
        let row = |(line, task)| StepRow { line, cells: Vec::new(), task };
        self.rows_with((first..).zip(tasks).map(row).collect(), to, ahead).await
    }
}

impl Part {
    /// Reads what its rows need. What cannot be read, the committer will find.
    async fn read(self, scrip: &Scrip, caller: &Caller) -> Self {
        let Self { tasks, to, ahead } = self;
        let known = ahead.unwrap_or_else(|| scrip.committer.ahead());
        let ahead = match scrip.state().ahead_of_rows(caller, &tasks, known).await {
            Ok(ahead) => Some(ahead),
            Err(error) => {
                tracing::warn!(error = with_causes(&error), "reading what rows of a job need failed");
                None
            }
        };
        Self { tasks, to, ahead }
    }
}
