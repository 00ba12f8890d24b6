//! From a request to its outcome: idempotency first, then the use case of its command. A refusal to
//! a request with an idempotency key is kept as well, so that a retry gets the first answer again; but for one that
//! decided nothing, because a partner or the database could not be asked: a retry asks again.

use super::{
    Needs, Request,
    attempt::Attempt,
    stop::Stop,
    working::{Change, Missing, Working},
};
use crate::{
    Answer, AuditNote, Checkout, CheckoutPreview, Command, CouponRef, CouponsAdd, CouponsGenerate, Expire, Failure,
    Forget, Hold, HoldingsBegin, IdsBegin, JobStart, KeyAdd, KeyRevoke, KeyRotate, KeysUsed, PoolArchive, PoolCreate,
    PoolUpdate, Release, ReleaseOver, Return, TokenKeyBegin,
    meaning::{fingerprint, is_of},
    question::Question,
};
use scrip_domain::{
    id::{CouponId, checked_text},
    rejection::{Input, Refusal, Rejection},
};
use scrip_storage::{Answer as Kept, Answers, RowId, Table};

/// The longest idempotency key, in characters (product section 3).
const MAX_KEY: usize = 255;

/// What came of a request.
pub(super) enum Outcome {
    /// It cannot be decided without these.
    Missing(Missing),
    /// It cannot be decided before this is found out; it changes nothing.
    Asks(Needs),
    /// It is decided.
    Decided(Decided),
}

/// A decided request.
pub(super) struct Decided {
    pub(super) answer: Result<Answer, Failure>,
    /// What it changes; none where it changes nothing.
    pub(super) change: Option<Box<Change>>,
}

/// Decides a request on the batch's state.
pub(super) fn decide(working: &Working<'_>, request: &Request) -> Outcome {
    let mut attempt = Attempt::new(working, request);
    let kept = match recall(&mut attempt, request) {
        Ok(kept) => kept,
        Err(stop) => {
            if let Stop::Missing = stop {
                attempt.begin_ahead(request);
            }
            return ended(attempt, stop, request);
        }
    };
    let ticket = match kept {
        Some(Recalled::Answered(answer)) => return Outcome::Decided(Decided { answer, change: None }),
        Some(Recalled::Ticket(key, input)) => Some((key, input)),
        None => None,
    };
    let came = run(&mut attempt, request, &request.command);
    match came.map_err(|stop| attempt.ended_by(stop)) {
        Ok(answer) => {
            attempt.books().note_done(request, &answer);
            if let Some((key, input)) = ticket {
                match serde_json::to_value(&answer) {
                    Ok(value) => attempt.rows.put::<Answers>(key, Kept { input, answer: Ok(value) }),
                    Err(error) => return ended(attempt, Stop::broken(error), request),
                }
            }
            Outcome::Decided(Decided { answer: Ok(answer), change: Some(Box::new(attempt.rows.take_change())) })
        }
        Err(Stop::Refused(refusals)) => {
            attempt.rows.forget_change();
            if let Some((key, input)) = ticket.filter(|_| is_decided(&refusals)) {
                attempt.rows.put::<Answers>(key, Kept { input, answer: Err(refusals.clone()) });
            }
            attempt.books().note_refused(request, &refusals);
            let change = Some(attempt.rows.take_change()).filter(|change| !change.is_empty()).map(Box::new);
            Outcome::Decided(Decided { answer: Err(Failure::Refused(refusals)), change })
        }
        Err(stop) => ended(attempt, stop, request),
    }
}

/// Whether refusals answer what was asked.
fn is_decided(refusals: &[Refusal]) -> bool {
    refusals.iter().all(|refusal| refusal.code.is_decided())
}

/// What comes of a decision that has ended early; what its command will surely read is read with what it lacks.
pub(super) fn ended(mut attempt: Attempt<'_>, stop: Stop, request: &Request) -> Outcome {
    if let Stop::Missing = stop {
        attempt.read_ahead(&request.command);
    }
    outcome(stop, attempt.rows.take_missing(), attempt.questions)
}

/// What comes of a decision that has ended early.
pub(super) fn outcome(stop: Stop, missing: Missing, questions: Vec<Question>) -> Outcome {
    let answer = match stop {
        Stop::Missing => return Outcome::Missing(missing),
        Stop::Asks => return Outcome::Asks(Needs::Plugins(questions)),
        Stop::Searches(whose) => return Outcome::Asks(Needs::Search(*whose)),
        Stop::Counts(whose) => return Outcome::Asks(Needs::Count(*whose)),
        Stop::Opens(series) => return Outcome::Asks(Needs::Open(series)),
        Stop::Refused(refusals) => Failure::Refused(refusals),
        Stop::Broken(reason) => Failure::Internal(reason),
    };
    Outcome::Decided(Decided { answer: Err(answer), change: None })
}

/// The period, the caller and the key of an answer.
type AnswerKey = <Answers as Table>::Key;

/// What is known of a request's idempotency key.
enum Recalled {
    /// It was answered.
    Answered(Result<Answer, Failure>),
    /// It is new: where its answer goes, and the hash of its input.
    Ticket(AnswerKey, String),
}

fn recall(attempt: &mut Attempt<'_>, request: &Request) -> Result<Option<Recalled>, Stop> {
    let Some(key) = &request.idempotency else { return Ok(None) };
    checked_text(key, MAX_KEY).map_err(|rejection| rejection.at([Input::IdempotencyKey]))?;
    // A period lasts for a day or longer, whatever the clock says meanwhile: an answer is kept for a day after it.
    let period = attempt.rows.working().period;
    let at = |period| (period, request.caller.id.clone(), key.clone());
    attempt.rows.need([at(period), at(period.saturating_sub(1))].map(RowId::of::<Answers>))?;
    let named = named_coupon(attempt, &request.command)?;
    for period in [period, period.saturating_sub(1)] {
        let Some(stored) = attempt.rows.get::<Answers>(&at(period))? else { continue };
        if !is_of(&stored.input, &request.command, named) {
            return Err(Rejection::IdempotencyMismatch.at([Input::IdempotencyKey]).into());
        }
        let answer = match stored.answer.clone() {
            Ok(value) => serde_json::from_value(value).map_err(Failure::internal),
            // An earlier version kept these as well.
            Err(refusals) if !is_decided(&refusals) => continue,
            Err(refusals) => Err(Failure::Refused(refusals)),
        };
        return Ok(Some(Recalled::Answered(answer)));
    }
    Ok(Some(Recalled::Ticket(at(period), fingerprint(&request.command, named))))
}

/// The coupon that the code of a command names, where it always names the same: a generic code names another once the
/// customer has another.
fn named_coupon(attempt: &mut Attempt<'_>, command: &Command) -> Result<Option<CouponId>, Stop> {
    let Some(coupon) = command.coupon() else { return Ok(None) };
    let CouponRef::Code { code, pool, customer } = coupon.parts().0 else { return Ok(None) };
    match attempt.lookups().by_code(code, *pool, customer.as_ref()) {
        Ok(found) => {
            let id = found.ok().map(|found| found.coupon.id);
            Ok(id.filter(|id| attempt.rows.find_pool(id.pool).is_some_and(|pool| pool.generic_code().is_none())))
        }
        // What is wrong with it is told when it is carried out.
        Err(Stop::Refused(_)) => Ok(None),
        Err(stop) => Err(stop),
    }
}

/// The use case of a command: that of a request, or one of a job's step.
pub(super) fn run(attempt: &mut Attempt<'_>, request: &Request, command: &Command) -> Result<Answer, Stop> {
    let (actor, prepared) = (request.caller.name.as_str(), &request.prepared);
    attempt.books().check_not_erased(command.customer())?;
    Ok(match command {
        Command::PoolCreate(PoolCreate(draft)) => attempt.pool_create(draft, prepared)?.into(),
        Command::PoolUpdate(PoolUpdate { pool, edit }) => {
            attempt.pool_update(*pool, edit, prepared, &request.caller)?.into()
        }
        Command::PoolArchive(PoolArchive { pool, archived }) => attempt.pool_archive(*pool, *archived)?.into(),
        Command::CouponsAdd(CouponsAdd { pool, codes }) => attempt.supply().coupons_add(*pool, codes)?.into(),
        Command::CouponsGenerate(CouponsGenerate { pool, count }) => {
            attempt.supply().coupons_generate(*pool, *count)?.into()
        }
        Command::CustomerUpsert(edit) => attempt.customer_upsert(edit)?.into(),
        Command::Erase(asked) => attempt.erasing().begin(asked)?.into(),
        Command::EraseFurther(step) => attempt.erasing().further(step)?.into(),
        Command::Claim(case) => attempt.claim(case, actor)?.into(),
        Command::Redeem(case) => attempt.redeem(case, actor)?.into(),
        Command::Unredeem(case) => attempt.unredeem(case, actor)?.into(),
        Command::Unassign(case) => attempt.unassign(case, actor)?.into(),
        Command::Transfer(case) => attempt.transfer(case, actor)?.into(),
        Command::Invalidate(case) => attempt.invalidate(case, actor)?.into(),
        Command::Reinstate(case) => attempt.reinstate(case, actor)?.into(),
        Command::Extend(case) => attempt.extend(case, actor)?.into(),
        Command::Adjust(case) => attempt.adjust(case, actor)?.into(),
        Command::Checkout(Checkout(order)) => attempt.checkout(order, actor)?.into(),
        Command::CheckoutPreview(CheckoutPreview(order)) => attempt.checkout_preview(order)?.into(),
        Command::Eligible(order) => attempt.eligible(order)?.into(),
        Command::Return(Return(order)) => attempt.take_back(order, actor)?.into(),
        Command::Hold(Hold { order, minutes }) => attempt.checkout_hold(order, *minutes, actor)?.into(),
        Command::Release(Release(transaction)) => attempt.release(transaction, actor)?.into(),
        Command::ReleaseOver(ReleaseOver(due)) => attempt.release_over(due)?.into(),
        Command::SettingsUpdate(edit) => attempt.access().settings_update(edit)?.into(),
        Command::IdsBegin(IdsBegin(secret)) => attempt.access().ids_begin(*secret)?.into(),
        Command::KeyAdd(KeyAdd(key)) => attempt.access().key_add(key)?.into(),
        Command::KeyEdit(edit) => attempt.access().key_edit(edit)?.into(),
        Command::KeyRevoke(KeyRevoke { id }) => attempt.access().key_revoke(id)?.into(),
        Command::KeyRotate(KeyRotate { id, minutes, new }) => attempt.access().key_rotate(id, *minutes, new)?.into(),
        Command::UserGroupCreate(asked) => attempt.access().group_create(asked)?.into(),
        Command::UserGroupUpdate(asked) => attempt.access().group_update(asked)?.into(),
        Command::KeysUsed(KeysUsed(used)) => attempt.access().keys_used(used)?.into(),
        Command::TokenKeyBegin(TokenKeyBegin(secret)) => attempt.access().token_key_begin(*secret)?.into(),
        Command::AuditNote(AuditNote(what)) => {
            attempt.books().note_attempt(&request.caller, what.as_ref().clone());
            Answer::Done
        }
        Command::JobStart(JobStart(draft)) => attempt.jobs().start(draft, &request.caller)?.into(),
        Command::JobCancel(case) => attempt.jobs().cancel(case)?.into(),
        Command::JobStep(step) => attempt.jobs().step(step)?.into(),
        Command::JobForget(forget) => attempt.jobs().forget(forget)?.into(),
        Command::Forget(Forget(answers)) => {
            attempt.rows.need(answers.iter().cloned().map(RowId::of::<Answers>))?;
            answers.iter().cloned().for_each(|key| attempt.rows.remove::<Answers>(key));
            Answer::Done
        }
        Command::HoldingsBegin(HoldingsBegin(pool)) => attempt.lookups().holdings_begin(*pool)?.into(),
        Command::HoldingsFound(found) => attempt.lookups().holdings_found(found)?.into(),
        // Of a list that is carried out in parts, its parts do it; what the clock says, the batch's time.
        Command::Whole(_) | Command::ClockConfirm(_) => Answer::Done,
        Command::Expire(Expire(due)) => attempt.expire(due)?.into(),
        Command::PartnerTold(case) => attempt.books().partner_told(case)?.into(),
        Command::ListPurchases(part) => attempt.books().list_purchases(part)?.into(),
    })
}

/// A value of ours as JSON.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value, Stop> {
    serde_json::to_value(value).map_err(Stop::broken)
}

/// A rejection of the input's part `field`.
pub(super) fn at(field: Input) -> impl Fn(Rejection) -> Refusal {
    move |rejection| rejection.at([field])
}
