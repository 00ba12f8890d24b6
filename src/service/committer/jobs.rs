//! Jobs: starting and stopping them, and the steps in which they work. A step's effects, its report, the counters and the
//! cursor are one transaction; it is refused where another has the lease by now or the job was stopped.

use crate::{Caller, JobCancel, JobDraft, JobForget, JobStep, Work};
use scrip_domain::{
    job::{Counters, Cursor, Effect, Job, JobId, JobStatus},
    rejection::{Input, Rejection},
};
use scrip_storage::{
    JobEffects, JobParts, JobPlan, JobPlans, JobRefusal, JobRefusals, Jobs, Open, OpenJob, OpenJobs, RowId, Stretch,
};

use super::{decide::to_json, rows::Rows, stop::Stop};

/// How many jobs may be queued or running.
const MAX_OPEN: usize = 1_000;

/// What rows of a step came to.
#[derive(Debug, Default)]
pub(crate) struct Came {
    pub(crate) counted: Counters,
    pub(crate) refusals: Vec<JobRefusal>,
    pub(crate) effects: Vec<Effect>,
}

/// Starts, stops and notes jobs, over the rows.
pub(super) struct JobBook<'r, 'a> {
    pub(super) rows: &'r mut Rows<'a>,
}

impl JobBook<'_, '_> {
    pub(super) fn start(&mut self, draft: &JobDraft, caller: &Caller) -> Result<Box<Job>, Stop> {
        self.rows.need([RowId::of::<OpenJobs>(())])?;
        let mut open = self.open_jobs()?;
        if open.jobs.len() >= MAX_OPEN {
            let rejection = Rejection::LimitExceeded { what: "too many jobs are waiting", limit: MAX_OPEN as u64 };
            return Err(rejection.into());
        }
        // The second of two at once would find nothing but what the first has added.
        let reads = |job: &&OpenJob| !job.dry_run && job.upload.is_some() && job.upload == draft.upload;
        if !draft.dry_run && open.jobs.iter().any(|job| reads(&job)) {
            let what = "a job that reads this upload".to_owned();
            return Err(Rejection::Duplicate { what }.at([Input::UploadId]).into());
        }
        open.last += 1;
        let id = JobId(open.last);
        if let Some(undone) = draft.undoes {
            let unknown = || Rejection::NotFound { what: "job", by: "id" }.at([Input::Id]);
            let before = self.rows.get::<Jobs>(&undone)?.cloned().ok_or_else(unknown)?;
            before.check_undo(draft.dry_run)?;
            if !draft.dry_run {
                self.rows.put::<Jobs>(undone, Box::new(Job { undone_by: Some(id), ..*before }));
            }
        }
        open.jobs.push(OpenJob { job: id, upload: draft.upload.clone(), dry_run: draft.dry_run });
        let job = Job {
            id,
            kind: draft.kind,
            status: JobStatus::Queued,
            dry_run: draft.dry_run,
            pool: draft.pool,
            started_by: caller.name.clone(),
            groups: caller.groups.clone(),
            total: draft.total,
            counters: Counters::default(),
            cursor: Cursor::default(),
            fence: 0,
            parts: draft.parts.len() as u64,
            effects: 0,
            created_at: self.rows.now(),
            started_at: None,
            finished_at: None,
            error: None,
            undoes: draft.undoes,
            undone_by: None,
            columns: draft.columns.clone(),
        };
        for (number, part) in (0..).zip(&draft.parts) {
            self.rows.put::<JobParts>((id, number), part.clone());
        }
        self.rows.put::<JobPlans>(id, JobPlan(to_json(&draft.plan)?));
        self.rows.put::<OpenJobs>((), open);
        Ok(self.put_job(job))
    }

    pub(super) fn cancel(&mut self, case: &JobCancel) -> Result<Box<Job>, Stop> {
        self.rows.need([RowId::of::<Jobs>(case.job), RowId::of::<OpenJobs>(())])?;
        let unknown = || Rejection::NotFound { what: "job", by: "id" }.at([Input::Id]);
        let job = self.rows.get::<Jobs>(&case.job)?.cloned().ok_or_else(unknown)?;
        let job = job.cancel(case.force, self.rows.now())?;
        self.close_job(job)
    }

    /// A step without rows. Those with rows are decided row by row ([`super::steps`]).
    pub(super) fn step(&mut self, step: &JobStep) -> Result<Box<Job>, Stop> {
        self.rows.need([RowId::of::<Jobs>(step.job), RowId::of::<OpenJobs>(())])?;
        let lost = || Stop::broken(format!("job {:?} is gone", step.job));
        let mut job = *self.rows.get::<Jobs>(&step.job)?.cloned().ok_or_else(lost)?;
        if let Work::Begin = step.work {
            let begun = job.begin(self.rows.now())?;
            return Ok(self.put_job(begun));
        }
        job.check_step(step.fence, step.from)?;
        match &step.work {
            Work::Begin | Work::Rows(..) => Ok(Box::new(job)),
            Work::Fix(stretches, is_last) => {
                if !stretches.is_empty() {
                    // A try that was interrupted may have left one.
                    self.rows.need([RowId::of::<JobParts>((job.id, job.parts))])?;
                    self.rows.put::<JobParts>((job.id, job.parts), stretches.clone());
                    job.parts += 1;
                }
                let fixed = stretches.iter().map(|stretch: &Stretch| stretch.to - stretch.from).sum::<u64>();
                // Until all of it is fixed, the cursor's line counts.
                job.cursor.line += fixed;
                if *is_last {
                    // What was taken out of use together was counted before.
                    (job.total, job.cursor.line) = (Some(job.cursor.line + job.counters.total()), 0);
                }
                Ok(self.put_job(job))
            }
            Work::Told(counted, refusals, to) => {
                let came = Came { counted: *counted, refusals: refusals.clone(), effects: Vec::new() };
                self.note_rows(job, came, *to)
            }
            Work::Finish(error) => {
                let finished = job.finished(error.clone(), self.rows.now());
                self.close_job(finished)
            }
        }
    }

    /// Notes what rows of a job came to, and where it is then.
    pub(super) fn note_rows(&mut self, mut job: Job, came: Came, to: Cursor) -> Result<Box<Job>, Stop> {
        let Came { counted, refusals, effects } = came;
        for (number, refusal) in (job.counters.refused..).zip(refusals) {
            let key = (job.id, number);
            if job.dry_run {
                // One that was tried before may have left one.
                self.rows.need([RowId::of::<JobRefusals>(key)])?;
            }
            self.rows.put::<JobRefusals>(key, Box::new(refusal));
        }
        if !effects.is_empty() {
            self.rows.put::<JobEffects>((job.id, job.effects), effects);
            job.effects += 1;
        }
        let job = job.stepped(counted, to);
        if job.counters.refused >= Job::MAX_REFUSED {
            let error = format!("{} rows were refused: mend what they have in common first", Job::MAX_REFUSED);
            let failed = job.finished(Some(error), self.rows.now());
            return self.close_job(failed);
        }
        Ok(self.put_job(job))
    }

    pub(super) fn forget(&mut self, forget: &JobForget) -> Result<(), Stop> {
        self.rows.need(
            forget.rows.iter().cloned().chain([RowId::of::<Jobs>(forget.job), RowId::of::<JobPlans>(forget.job)]),
        )?;
        let Some(job) = self.rows.get::<Jobs>(&forget.job)? else { return Ok(()) };
        if job.is_open() {
            return Ok(());
        }
        self.rows.remove_all(forget.rows.iter().cloned());
        if forget.whole {
            self.rows.remove::<JobPlans>(forget.job);
            self.rows.remove::<Jobs>(forget.job);
        }
        Ok(())
    }

    fn open_jobs(&mut self) -> Result<Open, Stop> {
        Ok(self.rows.get::<OpenJobs>(&())?.cloned().unwrap_or_default())
    }

    /// Notes that a job has ended.
    fn close_job(&mut self, job: Job) -> Result<Box<Job>, Stop> {
        let mut open = self.open_jobs()?;
        open.jobs.retain(|open| open.job != job.id);
        self.rows.put::<OpenJobs>((), open);
        // Where it took nothing back, what it was to take back can still be.
        if let Some(undone) = job.undoes.filter(|_| !job.dry_run && job.counters.done == 0)
            && let Some(before) = self.rows.get::<Jobs>(&undone)?.cloned()
            && before.undone_by == Some(job.id)
        {
            self.rows.put::<Jobs>(undone, Box::new(Job { undone_by: None, ..*before }));
        }
        Ok(self.put_job(job))
    }

    fn put_job(&mut self, job: Job) -> Box<Job> {
        self.rows.put::<Jobs>(job.id, Box::new(job.clone()));
        Box::new(job)
    }
}
