//! Taking back what another job has done: each of its steps, and within a step what was done last first, because a coupon may
//! be in it twice.

use std::{collections::VecDeque, sync::Arc};

use super::{
    parts::{Part, Parts},
    work::{Goes, Lease},
};
use crate::{Failure, RowTask, Scrip};
use scrip_domain::{
    event::Reason,
    job::{Cursor, Effect, JobId},
};
use scrip_storage::{JobEffects, ReadFrom};

/// What is to be taken back.
struct Done {
    scrip: Arc<Scrip>,
    job: JobId,
    reason: Option<Reason>,
    /// The step that it is at, and how many of its effects were given.
    at: Cursor,
    /// What is left of that step.
    effects: VecDeque<Effect>,
}

impl Lease {
    /// Takes back what another job has done.
    pub(super) async fn undo(&mut self) -> Result<(), Failure> {
        let Some(job) = self.job.undoes else { return self.finish(Some("it names no job".to_owned())).await };
        let reason = Reason::parse(&format!("undo of job {}", job.0)).ok();
        let (scrip, at) = (Arc::clone(&self.scrip), self.job.cursor);
        let mut done = Done { scrip, job, reason, at, effects: VecDeque::new() };
        match self.all(&mut done).await? {
            Goes::On => self.finish(None).await,
            Goes::NotOn => Ok(()),
        }
    }
}

impl Done {
    /// Reads the next step's effects, where there is one.
    async fn read(&mut self) -> Result<Option<VecDeque<Effect>>, Failure> {
        let effects = JobEffects::of(self.job, self.at.place);
        let found = self.scrip.store.scan(&effects, ReadFrom::Start, 1).await?;
        let Some(((_, number), effects)) = found.into_iter().next() else { return Ok(None) };
        if number != self.at.place {
            self.at = Cursor { place: number, ..Cursor::default() };
        }
        let skipped = usize::try_from(self.at.within).unwrap_or(usize::MAX);
        Ok(Some(effects.into_iter().rev().skip(skipped).collect()))
    }
}

impl Parts for Done {
    async fn next(&mut self, most: usize) -> Result<Option<Part>, Failure> {
        if self.effects.is_empty() {
            let Some(effects) = self.read().await? else { return Ok(None) };
            self.effects = effects;
        }
        let most = most.min(self.effects.len());
        let task = |effect| RowTask::Undo(Box::new(effect), self.reason.clone());
        let tasks: Vec<RowTask> = self.effects.drain(..most).map(task).collect();
        self.at = if self.effects.is_empty() {
            Cursor { place: self.at.place + 1, ..Cursor::default() }
        } else {
            Cursor { within: self.at.within + tasks.len() as u64, ..self.at }
        };
        Ok(Some(Part { tasks, to: self.at, ahead: None }))
    }
}
