//! Decisions on the current state that change nothing: what a command or the rows of a step would come to, what a code
//! means, and which rows a command or a step will ask for. What they read is read in rounds, as for a batch, by whoever asks: the
//! committer has no part in it.

use super::{
    Needs, Reply, Request, Returned,
    asker::Asker,
    attempt::Attempt,
    cache::Cache,
    decide::{self, Outcome},
    lookups::{Lookups, Target},
    rows::Rows,
    steps,
    working::Working,
    written::Ahead,
};
use crate::{Answer, Caller, Command, Failure, JobStep, Registry, RowTask, prepare::Prepared, time::Time};
use scrip_domain::{group::Groups, job::Counters};
use scrip_storage::{JobRefusal, StorageError, Store};

/// What decisions are made on.
#[derive(Clone, Copy)]
pub(crate) struct State<'a> {
    pub(crate) store: &'a Store,
    pub(crate) registry: &'a Registry,
    pub(crate) time: &'a Time,
}

impl<'a> State<'a> {
    /// Nothing of it is loaded.
    fn working(self) -> Working<'a> {
        Working::new(self.registry, &self.time.next_batch(), 0, Cache::default())
    }

    /// Decides something again and again, until all is loaded that it reads; or tells what has to be found out first.
    async fn in_rounds<T>(
        self,
        mut decide: impl FnMut(&mut Working<'a>) -> Result<T, Box<Outcome>>,
    ) -> Result<Result<T, Failure>, Needs> {
        let mut working = self.working();
        loop {
            working.forget_decisions();
            let outcome = match decide(&mut working) {
                Ok(came) => return Ok(Ok(came)),
                Err(outcome) => *outcome,
            };
            let missing = match outcome {
                Outcome::Missing(missing) => missing,
                Outcome::Asks(needs) => return Err(needs),
                Outcome::Decided(decided) => {
                    let told = || Failure::internal("what is only looked at was decided".to_owned());
                    return Ok(Err(decided.answer.err().unwrap_or_else(told)));
                }
            };
            if let Err(error) = working.load(self.store, missing).await {
                return Ok(Err(error.into()));
            }
        }
    }

    /// Decides a command.
    pub(crate) async fn rehearse(self, caller: &Caller, command: Command, prepared: Prepared) -> Reply {
        let request = Request { caller: caller.clone(), idempotency: None, command, prepared, reply: None };
        let decide = |working: &mut Working<'a>| match decide::decide(working, &request) {
            Outcome::Decided(decided) => Ok(decided.answer),
            other => Err(Box::new(other)),
        };
        match self.in_rounds(decide).await {
            Ok(came) => Ok(came.and_then(|answer: Result<Answer, Failure>| answer)),
            Err(needs) => Err(request.returned(needs)),
        }
    }

    /// Decides the rows of a job's step; gives the step back with what it needs.
    pub(crate) async fn rehearse_step(
        self,
        caller: &Caller,
        step: Box<JobStep>,
        prepared: Prepared,
    ) -> Result<Result<(Counters, Vec<JobRefusal>), Failure>, Box<Returned>> {
        let command = step.clone().into();
        let request = Request { caller: caller.clone(), idempotency: None, command, prepared, reply: None };
        let decide = |working: &mut Working<'a>| steps::rehearse_rows(working, &request, &step);
        match self.in_rounds(decide).await {
            Ok(came) => Ok(came),
            Err(needs) => Err(request.returned(needs)),
        }
    }

    /// Reads the rows that the decision of a command begins with; gives the command back with them.
    pub(crate) async fn ahead_of(
        self,
        caller: &Caller,
        command: Command,
        mut ahead: Ahead,
    ) -> Result<(Command, Ahead), StorageError> {
        let prepared = Prepared::default();
        let request = Request { caller: caller.clone(), idempotency: None, command, prepared, reply: None };
        let mut working = self.working();
        if let Outcome::Missing(missing) = decide::decide(&working, &request) {
            working.load(self.store, missing).await?;
        }
        ahead.rows = working.into_loaded();
        Ok((request.command, ahead))
    }

    /// Reads what rows of a job will surely ask for and is not read yet.
    pub(crate) async fn ahead_of_rows(
        self,
        caller: &Caller,
        tasks: &[RowTask],
        mut ahead: Ahead,
    ) -> Result<Ahead, StorageError> {
        let prepared = Prepared::default();
        let mut working = self.working();
        working.take_ahead(std::mem::take(&mut ahead.rows).into_iter());
        loop {
            let missing = {
                let mut attempt = Attempt::of(&working, caller, &prepared);
                attempt.need_for_rows(tasks.iter());
                attempt.rows.take_missing()
            };
            if missing.is_empty() {
                ahead.rows = working.into_loaded();
                return Ok(ahead);
            }
            working.load(self.store, missing).await?;
        }
    }

    /// What a code means to whoever is in these groups, if it means something.
    pub(crate) async fn target(
        self,
        groups: &Groups,
        code: &str,
        prepared: &Prepared,
    ) -> Result<Result<Option<Target>, Failure>, Needs> {
        let decide = |working: &mut Working<'a>| {
            let mut rows = Rows::new(working);
            let found = Lookups { rows: &mut rows, asker: Asker { groups, prepared } }.target(code, None, false);
            found.map_err(|stop| Box::new(decide::outcome(stop, rows.take_missing(), Vec::new())))
        };
        self.in_rounds(decide).await
    }
}
