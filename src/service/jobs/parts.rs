//! The rows of a job in parts. What the rows of one need is read while the committer works on the part before it, and while
//! callers have their turn.

use std::sync::Arc;

use super::{
    bulk::STEP,
    work::{Goes, Lease},
};
use crate::{Caller, Failure, Scrip, StepRow, committer::Ahead};
use scrip_domain::job::Cursor;

/// Some rows of a job, after which it is at a cursor.
pub(super) struct Part {
    pub(super) rows: Vec<StepRow>,
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
            Some(part) if !tries => part.read(&scrip, &caller).await.map(Some),
            other => Ok(other),
        };
        let mut next = read(parts.next(self.pace.part(STEP)).await?).await?;
        while let Some(part) = next {
            let most = self.pace.part(STEP);
            let following = async { read(parts.next(most).await?).await };
            let (goes, following) = tokio::join!(self.part(part), following);
            if goes? == Goes::NotOn {
                return Ok(Goes::NotOn);
            }
            next = following?;
        }
        Ok(Goes::On)
    }
}

impl Part {
    /// Reads what its rows need.
    async fn read(self, scrip: &Scrip, caller: &Caller) -> Result<Self, Failure> {
        let Self { rows, to, ahead } = self;
        let known = ahead.unwrap_or_else(|| scrip.committer.ahead());
        let ahead = scrip.state().ahead_of_rows(caller, &rows, known).await?;
        Ok(Self { rows, to, ahead: Some(ahead) })
    }
}
