//! What is read of jobs: one, pages of them, what was refused, and how one goes on.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};

use crate::{Failure, Page, PageRequest, Scrip, Sight};
use scrip_domain::{
    group::Groups,
    id::PoolId,
    job::{Job, JobId, JobKind, JobStatus},
};
use scrip_storage::{JobRefusal, JobRefusals, Jobs, ReadFrom, Span};

/// How often whoever follows a job is told of it at most.
const TOLD: Duration = Duration::from_millis(250);
/// How many jobs a page looks at for those that its filter admits.
const MAX_LOOKED_AT: usize = 5_000;
/// How many jobs are read at once.
const PART: usize = 100;

/// Which jobs.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Of these kinds; all where empty.
    pub kinds: Vec<JobKind>,
    /// In these statuses; all where empty.
    pub statuses: Vec<JobStatus>,
    /// Of this pool.
    pub pool: Option<PoolId>,
}

impl JobFilter {
    fn admits(&self, job: &Job) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&job.kind))
            && (self.statuses.is_empty() || self.statuses.contains(&job.status))
            && self.pool.is_none_or(|pool| job.pool == Some(pool))
    }
}

/// How a job goes on.
#[derive(Debug)]
pub struct Followed {
    scrip: Arc<Scrip>,
    id: JobId,
    groups: Groups,
    changed: watch::Receiver<u64>,
    told: Option<Job>,
}

impl Scrip {
    /// Whether a job exists for somebody in these groups: all that it works on does, and so does its pool.
    pub(super) fn sees_job(&self, groups: &Groups, job: &Job) -> bool {
        groups.cover(&job.groups) && job.pool.is_none_or(|pool| Sight::of(&self.registry, groups).sees(pool))
    }

    /// The job with this number, for somebody in these groups.
    pub(crate) async fn job(&self, groups: &Groups, id: JobId) -> Result<Option<Job>, Failure> {
        let found = self.store.get_one::<Jobs>(id).await?;
        Ok(found.map(|job| *job).filter(|job| self.sees_job(groups, job)))
    }

    /// A page of jobs, the latest first.
    pub(crate) async fn jobs(
        &self,
        groups: &Groups,
        filter: &JobFilter,
        page: &PageRequest<JobId>,
    ) -> Result<Page<Job, JobId>, Failure> {
        let mut found: Vec<(JobId, Job)> = Vec::new();
        let (mut below, mut looked_at, mut last) = (page.after, 0, None);
        while found.len() <= page.limit && looked_at < MAX_LOOKED_AT {
            let span = match &below {
                Some(id) => Span::<Jobs>::all().before(id),
                None => Span::all(),
            };
            let rows = self.store.scan(&span, ReadFrom::End, PART).await?;
            let is_last = rows.len() < PART;
            looked_at += rows.len();
            if let Some((id, _)) = rows.last() {
                (below, last) = (Some(*id), Some(*id));
            }
            found.extend(
                rows.into_iter()
                    .filter(|(_, job)| filter.admits(job) && self.sees_job(groups, job))
                    .map(|(id, job)| (id, *job)),
            );
            if is_last {
                last = None;
                break;
            }
        }
        Ok(Page::from_gathered_until(found, last, page))
    }

    /// A page of what a job refused, in the order of its rows. The place of each is its number in the report.
    pub(crate) async fn job_refusals(
        &self,
        job: &Job,
        page: &PageRequest<u64>,
    ) -> Result<Page<JobRefusal, u64>, Failure> {
        let from = page.after.map_or(0, |number| number.saturating_add(1));
        let rows = self.store.scan(&JobRefusals::of(job.id, from), ReadFrom::Start, page.limit + 1).await?;
        // What one that was only tried before has left beyond them is not of this one.
        let rows = rows.into_iter().filter(|((_, number), _)| *number < job.counters.refused);
        Ok(Page::from_gathered(rows.map(|((_, number), refusal)| (number, *refusal)).collect(), page))
    }

    /// Follows a job.
    pub(crate) fn follow_job(self: &Arc<Self>, groups: &Groups, id: JobId) -> Followed {
        Followed { scrip: Arc::clone(self), id, groups: groups.clone(), changed: self.board.follow(), told: None }
    }
}

impl Followed {
    /// The job as it is now, and then whenever it has changed; none after it has ended, or where there is none.
    pub async fn next(&mut self) -> Result<Option<Job>, Failure> {
        if self.told.as_ref().is_some_and(|job| !job.is_open()) {
            return Ok(None);
        }
        loop {
            self.changed.borrow_and_update();
            let Some(job) = self.scrip.job(&self.groups, self.id).await? else { return Ok(None) };
            if self.told.as_ref() != Some(&job) {
                self.told = Some(job.clone());
                return Ok(Some(job));
            }
            let stop = self.scrip.stop.clone();
            tokio::select! {
                changed = self.changed.changed() => if changed.is_err() { return Ok(None) },
                () = stop.cancelled() => return Ok(None),
            }
            sleep(TOLD).await;
        }
    }
}
