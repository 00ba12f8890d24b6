//! The rows of a job's step. Each is decided on what those before it have left, through the very decision of the single
//! action, and one that is refused leaves nothing behind. All of them, the report, the counters and the cursor are one
//! transaction, so a step goes alone.

use super::{
    Needs, Request,
    attempt::Attempt,
    decide::{self, Decided, Outcome},
    importing::Added,
    jobs::Came,
    stop::Stop,
    together::Moved,
    working::{Missing, Working},
};
use crate::{Answer, Broken, Command, Failure, JobStep, RowTask, StepRow, Work};
use scrip_domain::{
    coupon::Coupon,
    event::Reason,
    id::CouponId,
    job::{Counters, Cursor, Effect, ImportRow, Opposite},
    rejection::{Refusal, Rejection},
};
use scrip_storage::{Coupons, JobRefusal, Jobs, OpenJobs, RowId};

/// What a row came to.
enum RowCame {
    Done(Option<Effect>),
    /// So many coupons together, of which some may be refused as one.
    Together(u64, Effect, Option<JobRefusal>),
    /// So many rows.
    Skipped(u64),
    Refused(JobRefusal),
}

/// Decides a step on a batch's state.
pub(super) fn decide(working: &mut Working<'_>, request: &Request, step: &JobStep) -> Outcome {
    match &step.work {
        Work::Rows(_, to) => decide_step(working, request, step, *to),
        Work::Begin | Work::Fix(..) | Work::Told(..) | Work::Finish(_) => decide::decide(working, request),
    }
}

/// Decides a step with rows on a batch's state, which then has what its rows change.
fn decide_step(working: &mut Working<'_>, request: &Request, step: &JobStep, to: Cursor) -> Outcome {
    let job = {
        let mut attempt = Attempt::new(working, request);
        match attempt.rows.need([RowId::of::<Jobs>(step.job), RowId::of::<OpenJobs>(())]) {
            Ok(()) => {}
            Err(stop) => return decide::ended(attempt, stop, request),
        }
        match attempt.jobs().step(step) {
            Ok(job) => job,
            Err(stop) => return decide::ended(attempt, stop, request),
        }
    };
    let Work::Rows(rows, _) = &step.work else { return internal(Broken::new("a step without rows")) };
    let came = match decide_rows(working, request, step, rows) {
        Ok(came) => came,
        Err(outcome) => return *outcome,
    };
    let mut attempt = Attempt::new(working, request);
    match attempt.jobs().note_rows(*job, came, to) {
        Ok(job) => {
            let change = attempt.rows.take_change();
            Outcome::Decided(Decided { answer: Ok(Answer::Job(job)), change: Some(Box::new(change)) })
        }
        Err(stop) => {
            let outcome = decide::ended(attempt, stop, request);
            if !matches!(outcome, Outcome::Missing(_)) {
                // Its rows go with nothing.
                working.forget_decisions();
            }
            outcome
        }
    }
}

fn internal(reason: Broken) -> Outcome {
    Outcome::Decided(Decided { answer: Err(Failure::Internal(reason)), change: None })
}

/// Decides rows, one after the other.
pub(super) fn decide_rows(
    working: &mut Working<'_>,
    request: &Request,
    step: &JobStep,
    rows: &[StepRow],
) -> Result<Came, Box<Outcome>> {
    let mut missing = Missing::default();
    {
        let mut attempt = Attempt::new(working, request);
        attempt.need_for_rows(rows.iter().map(|row| &row.task));
        missing.extend(attempt.rows.take_missing());
    }
    if !missing.is_empty() {
        return Err(Box::new(Outcome::Missing(missing)));
    }
    let (mut came, mut needs) = (Came::default(), None);
    let mut place = 0;
    while place < rows.len() {
        let plain = rows[place..].iter().take_while(|row| is_plain(row)).count();
        let decided = if plain > 0 {
            let group = &rows[place..place + plain];
            place += plain;
            plain_rows(working, request, group)
        } else {
            place += 1;
            one_row(working, request, step, &rows[place - 1]).map(|one| vec![one])
        };
        match decided {
            Ok(decided) => decided.into_iter().for_each(|one| came.add(one)),
            Err(Ok(more)) => missing.extend(more),
            Err(Err(more)) => needs = Some(together(needs, more)),
        }
    }
    if !missing.is_empty() {
        return Err(Box::new(Outcome::Missing(missing)));
    }
    match needs {
        Some(Ok(needs)) => {
            // What was accepted of it goes with nothing.
            working.forget_decisions();
            Err(Box::new(Outcome::Asks(needs)))
        }
        Some(Err(reason)) => {
            working.forget_decisions();
            Err(Box::new(internal(reason)))
        }
        None => Ok(came),
    }
}

/// Why a row is not decided: rows are missing; or something has to be found out, or is broken.
type Undecided = Result<Missing, Result<Needs, Broken>>;

/// What several rows need: what plugins are asked goes together, of the rest the first.
fn together(one: Option<Result<Needs, Broken>>, other: Result<Needs, Broken>) -> Result<Needs, Broken> {
    match (one, other) {
        (None, other) => other,
        (Some(Ok(Needs::Plugins(mut questions))), Ok(Needs::Plugins(more))) => {
            questions.extend(more);
            Ok(Needs::Plugins(questions))
        }
        (Some(one), _) => one,
    }
}

fn is_plain(row: &StepRow) -> bool {
    matches!(&row.task, RowTask::Import(import, ..) if import.is_plain())
}

impl Came {
    fn add(&mut self, row: RowCame) {
        match row {
            RowCame::Done(effect) => {
                self.counted.done += 1;
                self.effects.extend(effect);
            }
            RowCame::Together(coupons, effect, refusal) => {
                self.counted.done += coupons;
                self.effects.extend(Some(effect).filter(|_| coupons > 0));
                refusal.into_iter().for_each(|refusal| self.add(RowCame::Refused(refusal)));
            }
            RowCame::Skipped(rows) => self.counted.skipped += rows,
            RowCame::Refused(refusal) => {
                self.counted.refused += 1;
                self.refusals.push(refusal);
            }
        }
    }
}

/// Rows that are nothing but codes: none of them can be refused after it has changed something, so they share an attempt.
fn plain_rows(working: &mut Working<'_>, request: &Request, rows: &[StepRow]) -> Result<Vec<RowCame>, Undecided> {
    let mut attempt = Attempt::new(working, request);
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let RowTask::Import(import, pool, on_duplicate) = &row.task else { continue };
        match attempt.import_row(import, *pool, *on_duplicate, &request.caller.name) {
            Ok(Added::Done) => all.push(RowCame::Done(None)),
            Ok(Added::Skipped) => all.push(RowCame::Skipped(1)),
            Err(Stop::Refused(refusals)) => all.push(refused(row, refusals, Some(import), None)),
            Err(stop) => return Err(undecided(attempt, stop)),
        }
    }
    let change = attempt.rows.take_change();
    working.accept(change);
    Ok(all)
}

fn one_row(working: &mut Working<'_>, request: &Request, step: &JobStep, row: &StepRow) -> Result<RowCame, Undecided> {
    // What a source knows a claim of this row again by.
    let source_key = format!("job-{}/{}", step.job.0, row.line);
    let mut attempt = Attempt::new(working, request);
    attempt.source_key = &source_key;
    let actor = request.caller.name.as_str();
    if let Some(moved) = attempt.moved_together(&row.task) {
        return match moved {
            Ok(Moved { coupons, effect, lacking }) => {
                working.accept(attempt.rows.take_change());
                let lacking = lacking.map(|reason| refusal_of(row, reason.into(), None, None));
                Ok(RowCame::Together(coupons, effect, lacking))
            }
            Err(Stop::Refused(refusals)) => Ok(refused(row, refusals, None, None)),
            Err(stop) => Err(undecided(attempt, stop)),
        };
    }
    let (decided, coupon) = match &row.task {
        // They were looked at before.
        RowTask::Withdraw(_) | RowTask::Updated(..) => return Ok(RowCame::Skipped(1)),
        RowTask::Skipped(rows) => return Ok(RowCame::Skipped(*rows)),
        RowTask::Refused(refusal) => return Ok(RowCame::Refused(refusal.as_ref().clone())),
        RowTask::Import(import, pool, on_duplicate) => {
            let added = attempt.import_row(import, *pool, *on_duplicate, actor);
            (added.map(|added| if let Added::Done = added { Some(None) } else { None }), None)
        }
        RowTask::Act(command) => {
            let named = command.coupon().map(|coupon| coupon.parts().0.clone());
            let coupon = match named {
                Some(crate::CouponRef::Id(id)) => Some(id),
                _ => None,
            };
            (attempt.act(request, command).map(|effect| Some(Some(effect))), coupon)
        }
        RowTask::Update(coupon, number) => {
            (attempt.books().keep_update(*coupon, *number).map(|one| one.map(Some)), Some(*coupon))
        }
        RowTask::Undo(effect, reason) => {
            (attempt.undo(request, effect, reason.as_ref()).map(|effect| Some(Some(effect))), Some(effect.coupon))
        }
    };
    match decided.map_err(|stop| attempt.ended_by(stop)) {
        Ok(Some(effect)) => {
            let change = attempt.rows.take_change();
            working.accept(change);
            Ok(RowCame::Done(effect))
        }
        Ok(None) => Ok(RowCame::Skipped(1)),
        Err(Stop::Refused(refusals)) => {
            let code = coupon.and_then(|id| attempt.code_of(id));
            let import = match &row.task {
                RowTask::Import(import, ..) => Some(import.as_ref()),
                _ => None,
            };
            Ok(match refused(row, refusals, import, coupon) {
                RowCame::Refused(refusal) => RowCame::Refused(JobRefusal { code: refusal.code.or(code), ..refusal }),
                other => other,
            })
        }
        Err(stop) => Err(undecided(attempt, stop)),
    }
}

fn refused(row: &StepRow, refusals: Vec<Refusal>, import: Option<&ImportRow>, coupon: Option<CouponId>) -> RowCame {
    let unknown = || Rejection::ValueInvalid { reason: "refused".to_owned() }.into();
    let reason = refusals.into_iter().next().unwrap_or_else(unknown);
    RowCame::Refused(refusal_of(row, reason, import, coupon))
}

fn refusal_of(row: &StepRow, reason: Refusal, import: Option<&ImportRow>, coupon: Option<CouponId>) -> JobRefusal {
    let given = || match &row.task {
        RowTask::Act(command) => match command.coupon().map(|coupon| coupon.parts().0) {
            Some(crate::CouponRef::Code { code, .. }) => Some(code.clone()),
            _ => None,
        },
        _ => None,
    };
    let code = import.map(|import| import.code.clone()).or_else(given);
    JobRefusal { line: Some(row.line), code, coupon, reason, cells: row.cells.clone() }
}

fn undecided(mut attempt: Attempt<'_>, stop: Stop) -> Undecided {
    match stop {
        Stop::Missing => Ok(attempt.rows.take_missing()),
        Stop::Asks => Err(Ok(Needs::Plugins(std::mem::take(&mut attempt.questions)))),
        Stop::Searches(whose) => Err(Ok(Needs::Search(*whose))),
        Stop::Counts(whose) => Err(Ok(Needs::Count(*whose))),
        Stop::Opens(series) => Err(Ok(Needs::Open(series))),
        Stop::Refused(_) => Err(Err(Broken::new("a refusal was not told"))),
        Stop::Broken(reason) => Err(Err(reason)),
    }
}

impl<'a> Attempt<'a> {
    /// One action, as if it were asked for alone; gives what takes it back.
    fn act(&mut self, request: &Request, command: &Command) -> Result<Effect, Stop> {
        let answer = decide::run(self, request, command)?;
        let Answer::Coupon(coupon, _) = answer else {
            return Err(Stop::broken("an action of a job has changed no coupon".to_owned()));
        };
        let before = self.before(coupon.id);
        let lost = || Stop::broken(format!("{:?} has lost what it was", coupon.id));
        let opposite = match command {
            Command::Claim(_) => Opposite::Unassign,
            Command::Redeem(_) => Opposite::Unredeem,
            Command::Unredeem(_) => Opposite::Redeem,
            Command::Unassign(_) => Opposite::GiveBack(before.and_then(Coupon::taken).ok_or_else(lost)?),
            Command::Transfer(_) => {
                Opposite::Transfer(before.and_then(|coupon| coupon.customer.clone()).ok_or_else(lost)?)
            }
            Command::Invalidate(_) => Opposite::Reinstate,
            Command::Reinstate(_) => Opposite::Invalidate,
            other => return Err(Stop::broken(format!("{other:?} is no action of a job"))),
        };
        Ok(Effect { coupon: coupon.id, version: coupon.version, opposite })
    }

    /// Takes an effect back, where its coupon has not changed since; gives what takes that back.
    fn undo(&mut self, request: &Request, effect: &Effect, reason: Option<&Reason>) -> Result<Effect, Stop> {
        let unknown = || Rejection::NotFound { what: "coupon", by: "id" };
        let coupon = self
            .rows
            .coupon(effect.coupon)?
            .filter(|coupon| self.lookups().sees(coupon.id.pool))
            .ok_or_else(unknown)?;
        if coupon.version != effect.version {
            return Err(Rejection::VersionMismatch { expected: effect.version, found: coupon.version }.into());
        }
        if effect.opposite == Opposite::Unassign && coupon.claims > 1 {
            let reason = "it was given more than once, which is not taken back as one".to_owned();
            return Err(Rejection::ValueInvalid { reason }.into());
        }
        match &effect.opposite {
            Opposite::GiveBack(taken) => return self.give_back_to(coupon, taken, &request.caller.name),
            Opposite::Terms(terms, end) => {
                // It has changed since as well where another update is for it, or its time is over, and nothing has
                // recorded that yet.
                let row = self.rows.coupon_row(effect.coupon)?;
                if row.is_some_and(|row| coupon.update_of(&row).is_some())
                    || coupon.status_at(self.now()) != coupon.status
                {
                    let found = coupon.version + 1;
                    return Err(Rejection::VersionMismatch { expected: effect.version, found }.into());
                }
                return self.books().carry_again(coupon, (*terms, *end), reason, &request.caller.name);
            }
            _ => {}
        }
        match crate::jobs::opposite(effect, &coupon, reason) {
            Some(command) => self.act(request, &command),
            None => Err(Stop::broken("an effect without an opposite".to_owned())),
        }
    }

    /// A coupon's row as it was before this row of the step.
    fn before(&self, id: CouponId) -> Option<&'a Coupon> {
        let row = self.rows.working().row(&RowId::of::<Coupons>(id)).flatten();
        row.and_then(|row| row.document::<Coupons>()).map(Box::as_ref)
    }

    /// The code of a coupon that was read.
    fn code_of(&mut self, id: CouponId) -> Option<String> {
        self.before(id).filter(|_| self.lookups().sees(id.pool)).map(|coupon| coupon.code.clone())
    }
}

/// What a step with rows would come to.
pub(super) fn rehearse_rows(
    working: &mut Working<'_>,
    request: &Request,
    step: &JobStep,
) -> Result<(Counters, Vec<JobRefusal>), Box<Outcome>> {
    let Work::Rows(rows, _) = &step.work else { return Err(Box::new(internal(Broken::new("a step without rows")))) };
    decide_rows(working, request, step, rows).map(|came| (came.counted, came.refusals))
}
