//! Jobs, with what they were asked to do, what they work on, and their reports.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    JobEffects, JobParts, JobPlans, JobRefusals, Jobs, OpenJobs,
    words::{self, instant, millis},
};
use crate::{
    codec::{At, CodecError, Part, Parts, PartsReader},
    table::{Form, KIB, MIB, Span},
};
use scrip_domain::{
    coupon::Taken,
    decimal::Amount,
    group::{GroupId, Groups},
    id::{CouponId, PoolId, TermsNumber},
    job::{Counters, Cursor, Effect, Job, JobId, Opposite},
    rejection::Refusal,
    update::TermsChange,
};

/// What a job was asked to do, in the service's words.
#[derive(Debug, Clone, PartialEq)]
pub struct JobPlan(pub serde_json::Value);

/// Coupons of a pool that lie beside each other: from a place, before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Their pool.
    pub pool: PoolId,
    /// The first place.
    pub from: u64,
    /// The place after the last.
    pub to: u64,
}

/// A row that a job refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRefusal {
    /// The line of the file, or the place among the coupons that the job works on, from 1.
    pub line: Option<u64>,
    /// The code, where one was given or is known.
    pub code: Option<String>,
    /// The coupon, where there is one.
    pub coupon: Option<CouponId>,
    /// Why.
    pub reason: Refusal,
    /// The cells of the row, as they were read.
    pub cells: Vec<String>,
}

/// A job that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenJob {
    /// Which.
    pub job: JobId,
    /// The file that it reads.
    pub upload: Option<String>,
    /// Whether it changes nothing.
    pub dry_run: bool,
}

/// The jobs that have not ended, in the order in which they were started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Open {
    /// The number of the last job that was started.
    pub last: u64,
    /// Those that have not ended.
    pub jobs: Vec<OpenJob>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptJob<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    dry_run: bool,
    pool: Option<u32>,
    #[serde(borrow)]
    started_by: Cow<'a, str>,
    /// Absent where it is all.
    groups: Option<Vec<u32>>,
    total: Option<u64>,
    done: u64,
    skipped: u64,
    refused: u64,
    /// The next part or byte, how many of it, and the line before it.
    cursor: (u64, u64, u64),
    fence: u64,
    parts: u64,
    effects: u64,
    created_at: At,
    started_at: Option<At>,
    finished_at: Option<At>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    undoes: Option<u64>,
    undone_by: Option<u64>,
    columns: Cow<'a, [String]>,
}

impl Form for Jobs {
    const TABLE: &'static str = "job";
    const MOST: usize = 256 * KIB;
    type Kept<'a> = KeptJob<'a>;

    fn parts(key: &JobId) -> Parts<'_> {
        Parts::alone(Part::Number(key.0))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<JobId> {
        parts.number().map(JobId)
    }

    fn keep<'a>(_: &JobId, job: &'a Box<Job>) -> KeptJob<'a> {
        KeptJob {
            kind: words::of_job_kind(job.kind).into(),
            status: words::of_job_status(job.status).into(),
            dry_run: job.dry_run,
            pool: job.pool.map(|pool| pool.0),
            started_by: Cow::Borrowed(&job.started_by),
            groups: match &job.groups {
                Groups::All => None,
                Groups::Only(groups) => Some(groups.iter().map(|group| group.0).collect()),
            },
            total: job.total,
            done: job.counters.done,
            skipped: job.counters.skipped,
            refused: job.counters.refused,
            cursor: (job.cursor.place, job.cursor.within, job.cursor.line),
            fence: job.fence,
            parts: job.parts,
            effects: job.effects,
            created_at: millis(job.created_at),
            started_at: job.started_at.map(millis),
            finished_at: job.finished_at.map(millis),
            error: job.error.as_deref().map(Cow::Borrowed),
            undoes: job.undoes.map(|job| job.0),
            undone_by: job.undone_by.map(|job| job.0),
            columns: Cow::Borrowed(&job.columns),
        }
    }

    fn restore(key: &JobId, kept: KeptJob<'_>) -> Result<Box<Job>, CodecError> {
        let (place, within, line) = kept.cursor;
        Ok(Box::new(Job {
            id: *key,
            kind: words::job_kind(&kept.kind)?,
            status: words::job_status(&kept.status)?,
            dry_run: kept.dry_run,
            pool: kept.pool.map(PoolId),
            started_by: kept.started_by.into_owned(),
            groups: kept.groups.map_or(Groups::All, |groups| Groups::only(groups.into_iter().map(GroupId))),
            total: kept.total,
            counters: Counters { done: kept.done, skipped: kept.skipped, refused: kept.refused },
            cursor: Cursor { place, within, line },
            fence: kept.fence,
            parts: kept.parts,
            effects: kept.effects,
            created_at: instant(kept.created_at)?,
            started_at: kept.started_at.map(instant).transpose()?,
            finished_at: kept.finished_at.map(instant).transpose()?,
            error: kept.error.map(Cow::into_owned),
            undoes: kept.undoes.map(JobId),
            undone_by: kept.undone_by.map(JobId),
            columns: kept.columns.into_owned(),
        }))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptPlan {
    /// As JSON.
    plan: String,
}

impl Form for JobPlans {
    const TABLE: &'static str = "job_plan";
    const MOST: usize = 8 * MIB;
    type Kept<'a> = KeptPlan;

    fn parts(key: &JobId) -> Parts<'_> {
        Parts::alone(Part::Number(key.0))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<JobId> {
        parts.number().map(JobId)
    }

    fn keep(_: &JobId, plan: &JobPlan) -> KeptPlan {
        KeptPlan { plan: plan.0.to_string() }
    }

    fn restore(_: &JobId, kept: KeptPlan) -> Result<JobPlan, CodecError> {
        Ok(JobPlan(words::json(&kept.plan)?))
    }
}

/// The three tables whose rows are a job's, by number.
macro_rules! rows_of_jobs {
    ($($table:ident),+) => {
        $(impl $table {
            /// The rows of a job, from a number on.
            #[must_use]
            pub fn of(job: JobId, from: u64) -> Span<Self> {
                Span::numbers(&[Part::Number(job.0)], from..)
            }
        })+
    };
}

rows_of_jobs!(JobParts, JobEffects, JobRefusals);

fn parts((job, number): &(JobId, u64)) -> Parts<'_> {
    Parts::array([Part::Number(job.0), Part::Number(*number)])
}

fn key(parts: &mut PartsReader<'_>) -> Option<(JobId, u64)> {
    Some((JobId(parts.number()?), parts.number()?))
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptPart {
    /// Of each stretch the pool, the first place and the one after the last, in turn.
    places: Vec<u64>,
}

impl Form for JobParts {
    const TABLE: &'static str = "job_part";
    const MOST: usize = 256 * KIB;
    type Kept<'a> = KeptPart;

    fn parts(key: &(JobId, u64)) -> Parts<'_> {
        parts(key)
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(JobId, u64)> {
        key(parts)
    }

    fn keep(_: &(JobId, u64), part: &Vec<Stretch>) -> KeptPart {
        KeptPart { places: part.iter().flat_map(|one| [one.pool.0.into(), one.from, one.to]).collect() }
    }

    fn restore(_: &(JobId, u64), kept: KeptPart) -> Result<Vec<Stretch>, CodecError> {
        let wrong = || CodecError::new("expected the pool and the places of each stretch");
        let (threes, []) = kept.places.as_chunks::<3>() else { return Err(wrong()) };
        let read = |[pool, from, to]: &[u64; 3]| {
            Ok(Stretch { pool: PoolId(u32::try_from(*pool).map_err(|_| wrong())?), from: *from, to: *to })
        };
        threes.iter().map(read).collect()
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptEffects<'a> {
    #[serde(borrow)]
    effects: Vec<KeptEffect<'a>>,
}

#[derive(Serialize, Deserialize)]
struct KeptEffect<'a> {
    /// The pool, the place, and the version after it.
    coupon: (u32, u64, u64),
    #[serde(borrow)]
    opposite: Cow<'a, str>,
    /// Who had it, and the rest of what was taken.
    #[serde(borrow)]
    customer: Option<Cow<'a, str>>,
    claimed_at: Option<At>,
    expires_at: Option<At>,
    claims: Option<u32>,
    balance: Option<i64>,
    /// The terms that it had.
    terms: Option<u32>,
    /// Of coupons without a row how many they are, and of each part of them the first place, the one after the last, and
    /// the terms before and after it, in turn.
    untouched: Option<(u64, Vec<u64>)>,
}

impl Form for JobEffects {
    const TABLE: &'static str = "job_effect";
    const MOST: usize = 4 * MIB;
    type Kept<'a> = KeptEffects<'a>;

    fn parts(key: &(JobId, u64)) -> Parts<'_> {
        parts(key)
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(JobId, u64)> {
        key(parts)
    }

    fn keep<'a>(_: &(JobId, u64), effects: &'a Vec<Effect>) -> KeptEffects<'a> {
        KeptEffects { effects: effects.iter().map(keep_effect).collect() }
    }

    fn restore(_: &(JobId, u64), kept: KeptEffects<'_>) -> Result<Vec<Effect>, CodecError> {
        kept.effects.into_iter().map(effect).collect()
    }
}

fn keep_effect(effect: &Effect) -> KeptEffect<'_> {
    let (word, customer, taken) = match &effect.opposite {
        Opposite::Unassign => ("UNASSIGN", None, None),
        Opposite::GiveBack(taken) => ("GIVE_BACK", Some(&taken.customer), Some(taken)),
        Opposite::Unredeem => ("UNREDEEM", None, None),
        Opposite::Redeem => ("REDEEM", None, None),
        Opposite::Transfer(customer) => ("TRANSFER", Some(customer), None),
        Opposite::Reinstate => ("REINSTATE", None, None),
        Opposite::Invalidate => ("INVALIDATE", None, None),
        Opposite::Restock => ("RESTOCK", None, None),
        Opposite::Withdraw => ("WITHDRAW", None, None),
        Opposite::Terms(..) => ("TERMS", None, None),
        Opposite::Untouched(..) => ("UNTOUCHED", None, None),
    };
    let (terms, end, untouched) = match &effect.opposite {
        Opposite::Terms(terms, end) => (Some(terms.0), *end, None),
        Opposite::Untouched(coupons, changes) => (None, None, Some((*coupons, keep_changes(changes)))),
        _ => (None, taken.and_then(|taken| taken.expires_at), None),
    };
    KeptEffect {
        coupon: (effect.coupon.pool.0, effect.coupon.index, effect.version),
        opposite: word.into(),
        customer: customer.map(|customer| Cow::Borrowed(customer.as_str())),
        claimed_at: taken.and_then(|taken| taken.claimed_at).map(millis),
        expires_at: end.map(millis),
        claims: taken.map(|taken| taken.claims),
        balance: taken.and_then(|taken| taken.balance).map(|balance| balance.0),
        terms,
        untouched,
    }
}

fn keep_changes(changes: &[TermsChange]) -> Vec<u64> {
    let keep = |one: &TermsChange| [one.from, one.to, one.before.0.into(), one.after.0.into()];
    changes.iter().flat_map(keep).collect()
}

fn changes(kept: &[u64]) -> Result<Vec<TermsChange>, CodecError> {
    let wrong = || CodecError::new("expected the places and the terms of each part");
    let (fours, []) = kept.as_chunks::<4>() else { return Err(wrong()) };
    let terms = |number: u64| u32::try_from(number).map(TermsNumber).map_err(|_| wrong());
    let read = |[from, to, before, after]: &[u64; 4]| {
        Ok(TermsChange { from: *from, to: *to, before: terms(*before)?, after: terms(*after)? })
    };
    fours.iter().map(read).collect()
}

fn effect(kept: KeptEffect<'_>) -> Result<Effect, CodecError> {
    let (pool, index, version) = kept.coupon;
    let customer = kept.customer.as_deref().map(words::customer);
    let whose = || customer.clone().ok_or_else(|| CodecError::new("expected whose it was"));
    let opposite = match kept.opposite.as_ref() {
        "UNASSIGN" => Opposite::Unassign,
        "GIVE_BACK" => Opposite::GiveBack(Taken {
            customer: whose()?,
            claimed_at: kept.claimed_at.map(instant).transpose()?,
            expires_at: kept.expires_at.map(instant).transpose()?,
            claims: kept.claims.unwrap_or(1),
            balance: kept.balance.map(Amount),
        }),
        "UNREDEEM" => Opposite::Unredeem,
        "REDEEM" => Opposite::Redeem,
        "TRANSFER" => Opposite::Transfer(whose()?),
        "REINSTATE" => Opposite::Reinstate,
        "INVALIDATE" => Opposite::Invalidate,
        "RESTOCK" => Opposite::Restock,
        "WITHDRAW" => Opposite::Withdraw,
        "TERMS" => {
            let terms = kept.terms.ok_or_else(|| CodecError::new("expected the terms that it had"))?;
            Opposite::Terms(TermsNumber(terms), kept.expires_at.map(instant).transpose()?)
        }
        "UNTOUCHED" => {
            let (coupons, kept) = kept.untouched.ok_or_else(|| CodecError::new("expected the terms of places"))?;
            Opposite::Untouched(coupons, changes(&kept)?)
        }
        other => return Err(CodecError::new(format!("expected the opposite of an action, found {other:?}"))),
    };
    Ok(Effect { coupon: CouponId { pool: PoolId(pool), index }, version, opposite })
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptRefusal<'a> {
    line: Option<u64>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    /// The pool and the place.
    coupon: Option<(u32, u64)>,
    /// As JSON.
    reason: String,
    cells: Cow<'a, [String]>,
}

impl Form for JobRefusals {
    const TABLE: &'static str = "job_refusal";
    const MOST: usize = 512 * KIB;
    type Kept<'a> = KeptRefusal<'a>;

    fn parts(key: &(JobId, u64)) -> Parts<'_> {
        parts(key)
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(JobId, u64)> {
        key(parts)
    }

    fn keep<'a>(_: &(JobId, u64), refusal: &'a Box<JobRefusal>) -> KeptRefusal<'a> {
        KeptRefusal {
            line: refusal.line,
            code: refusal.code.as_deref().map(Cow::Borrowed),
            coupon: refusal.coupon.map(|coupon| (coupon.pool.0, coupon.index)),
            reason: serde_json::to_string(&refusal.reason).unwrap_or_default(),
            cells: Cow::Borrowed(&refusal.cells),
        }
    }

    fn restore(_: &(JobId, u64), kept: KeptRefusal<'_>) -> Result<Box<JobRefusal>, CodecError> {
        let reason = serde_json::from_str(&kept.reason).map_err(|error| CodecError::new(error.to_string()))?;
        Ok(Box::new(JobRefusal {
            line: kept.line,
            code: kept.code.map(Cow::into_owned),
            coupon: kept.coupon.map(|(pool, index)| CouponId { pool: PoolId(pool), index }),
            reason,
            cells: kept.cells.into_owned(),
        }))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptOpen {
    last: u64,
    /// Of each the number, the file that it reads (empty for none), and whether it changes nothing.
    open: Vec<(u64, String, bool)>,
}

/// The id of the one row.
const ONE: &str = "open";

impl Form for OpenJobs {
    const TABLE: &'static str = "job_open";
    const MOST: usize = MIB;
    type Kept<'a> = KeptOpen;

    fn parts((): &()) -> Parts<'_> {
        Parts::alone(Part::Text(ONE))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<()> {
        (parts.text()? == ONE).then_some(())
    }

    fn keep((): &(), open: &Open) -> KeptOpen {
        let keep = |job: &OpenJob| (job.job.0, job.upload.clone().unwrap_or_default(), job.dry_run);
        KeptOpen { last: open.last, open: open.jobs.iter().map(keep).collect() }
    }

    fn restore((): &(), kept: KeptOpen) -> Result<Open, CodecError> {
        let read = |(job, upload, dry_run): (u64, String, bool)| OpenJob {
            job: JobId(job),
            upload: Some(upload).filter(|upload| !upload.is_empty()),
            dry_run,
        };
        Ok(Open { last: kept.last, jobs: kept.open.into_iter().map(read).collect() })
    }
}
