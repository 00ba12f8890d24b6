//! What time does to jobs: their reports are kept for a month, uploads that nobody reads
//! and exports for a day.

use std::time::SystemTime;

use crate::{Caller, Failure, JobForget, Scrip, prepare::blocking};
use scrip_domain::job::{Job, JobId};
use scrip_storage::{JobEffects, JobParts, JobRefusals, Jobs, OpenJobs, ReadFrom, RowId, Span, Table};

/// How many rows are forgotten in one command, and how many jobs are read at once.
const PART: usize = 500;

impl Scrip {
    /// Forgets jobs that ended a month ago, and removes files that are a day old.
    #[expect(clippy::disallowed_methods, reason = "files have the times of the system's clock")]
    pub(crate) async fn sweep_jobs(&self) -> Result<(), Failure> {
        let open = self.store.get_one::<OpenJobs>(()).await?.unwrap_or_default();
        let in_use: Vec<String> = open.jobs.into_iter().filter_map(|job| job.upload).collect();
        let (uploads, exports) = (self.board.uploads.clone(), self.board.exports.clone());
        // By the clock that the files have.
        let swept = blocking(move || {
            uploads.0.sweep(SystemTime::now(), &in_use)?;
            exports.0.sweep(SystemTime::now(), &[])
        })
        .await?;
        swept.map_err(|error| Failure::because("old files cannot be removed", error))?;
        let until = self.now().as_millisecond() - Job::KEPT;
        let mut span = Span::<Jobs>::all();
        loop {
            let jobs = self.store.scan(&span, ReadFrom::Start, PART).await?;
            let Some((last, _)) = jobs.last() else { return Ok(()) };
            span = span.after(last);
            for (id, job) in jobs {
                match job.finished_at {
                    Some(end) if end.as_millisecond() <= until => self.forget_job(id).await?,
                    // Later ones were started later; few of them have ended before it.
                    _ if job.created_at.as_millisecond() > until => return Ok(()),
                    _ => {}
                }
            }
        }
    }

    async fn forget_job(&self, job: JobId) -> Result<(), Failure> {
        loop {
            let mut rows = self.some_of(JobRefusals::of(job, 0)).await?;
            rows.extend(self.some_of(JobEffects::of(job, 0)).await?);
            rows.extend(self.some_of(JobParts::of(job, 0)).await?);
            let whole = rows.is_empty();
            self.change(&Caller::scrip(), None, JobForget { job, rows, whole }).await?;
            if whole {
                return Ok(());
            }
        }
    }

    async fn some_of<T: Table>(&self, span: Span<T>) -> Result<Vec<RowId>, Failure> {
        let rows = self.store.scan(&span, ReadFrom::Start, PART).await?;
        Ok(rows.into_iter().map(|(key, _)| RowId::of::<T>(key)).collect())
    }
}
