//! Working on one action with many coupons: what it is for is fixed first, then each coupon goes through the decision of
//! the single action.

use std::sync::Arc;

use super::{
    BulkAction, BulkPlan, Items,
    parts::{Part, Parts},
    work::{Goes, Lease},
};
use crate::{
    Claim, Command, CouponFilter, CouponRef, Failure, Invalidate, Redeem, RowTask, Scrip, Sight, StepRow, Transfer,
    Unassign, Unredeem,
};
use scrip_domain::{
    code::CaseMode,
    coupon::Coupon,
    event::{Reason, Why},
    id::{CouponId, CustomerId, PoolId, TermsNumber},
    job::{Cursor, JobId},
    period::Instant,
};
use scrip_storage::{BATCH_COMMANDS, JobParts, Stretch};

/// How many coupons a step has that gives none out. The engine reserves the worst case of a batch in its memtable, about 2 kB a
/// row: one of twice as many fits into an empty memtable alone, and a million new ends took twice as long.
pub(super) const STEP: usize = 1_024;
/// How many it gives out: no more than a batch of commands, which what is salvaged of a database counts on.
const CLAIMS: usize = BATCH_COMMANDS as usize;

impl Lease {
    pub(super) async fn bulk(&mut self, plan: &BulkPlan) -> Result<(), Failure> {
        match &plan.items {
            Items::Filter(filter) if self.job.total.is_none() => {
                if self.withdraw(plan, filter).await? == Goes::NotOn
                    || self.fix(filter, plan.withdraws(filter)).await? == Goes::NotOn
                {
                    return Ok(());
                }
                self.listed(plan).await
            }
            Items::Filter(_) | Items::Listed => self.listed(plan).await,
            Items::File(file) => match plan.pool {
                Some(pool) => self.read(file, Some(plan.claims(pool))).await,
                None => self.finish(Some("it names no pool".to_owned())).await,
            },
            Items::Codes(codes) => {
                let coupon = |(code, customer): &(String, Option<CustomerId>)| {
                    plan.command(plan.coupon(code, customer.as_ref()), customer.as_ref())
                };
                self.given(codes, coupon).await
            }
            Items::Customers(customers) => {
                let Some(pool) = plan.pool else { return self.finish(Some("it names no pool".to_owned())).await };
                let claims = plan.claims(pool);
                self.given(customers, |customer| Some(claims.of(customer.clone()))).await
            }
        }
    }

    /// Takes those out of use at once that nobody has touched, where it invalidates all of them.
    async fn withdraw(&mut self, plan: &BulkPlan, filter: &CouponFilter) -> Result<Goes, Failure> {
        let Some(pool) = filter.pool.filter(|_| plan.withdraws(filter)) else { return Ok(Goes::On) };
        let row = StepRow { line: 1, cells: Vec::new(), task: RowTask::Withdraw(pool) };
        self.rows(vec![row], self.job.cursor).await
    }

    /// Works on the job's list.
    async fn listed(&mut self, plan: &BulkPlan) -> Result<(), Failure> {
        let (scrip, job, parts) = (Arc::clone(&self.scrip), self.job.id, self.job.parts);
        let mut listed = Listed { scrip, job, parts, plan, at: self.job.cursor, part: None };
        match self.all(&mut listed).await? {
            Goes::On => self.finish(None).await,
            Goes::NotOn => Ok(()),
        }
    }

    /// Works on what was given in the call.
    async fn given<T>(&mut self, given: &[T], command: impl Fn(&T) -> Option<Command>) -> Result<(), Failure> {
        loop {
            let at = self.job.cursor;
            let done = usize::try_from(at.place + at.within).unwrap_or(usize::MAX);
            // What is only tried is tried as a whole, so that all of it is told as it would be.
            let step = if self.job.dry_run { given.len() } else { CLAIMS };
            let row = |(line, one): (u64, &T)| row(line, command(one));
            let rows: Vec<StepRow> = (1..).zip(given).skip(done).take(step).filter_map(row).collect();
            if rows.is_empty() {
                return self.finish(None).await;
            }
            let to = Cursor { place: (done + rows.len()) as u64, ..Cursor::default() };
            if self.rows(rows, to).await? == Goes::NotOn {
                return Ok(());
            }
        }
    }
}

/// The coupons of a job's list.
struct Listed<'p> {
    scrip: Arc<Scrip>,
    job: JobId,
    parts: u64,
    plan: &'p BulkPlan,
    at: Cursor,
    /// The part of the list that it is in.
    part: Option<Vec<Stretch>>,
}

impl Parts for Listed<'_> {
    async fn next(&mut self, most: usize) -> Result<Option<Part>, Failure> {
        let (at, place) = (self.at, self.at.place);
        if place >= self.parts {
            return Ok(None);
        }
        let part = match self.part.take() {
            Some(part) => part,
            None => self.scrip.store.get_one::<JobParts>((self.job, place)).await?.unwrap_or_default(),
        };
        let length: u64 = part.iter().map(|one| one.to - one.from).sum();
        let coupons: Vec<CouponId> = places(&part, at.within).take(most).collect();
        let within = at.within + coupons.len() as u64;
        if within < length {
            (self.at, self.part) = (Cursor { within, ..at }, Some(part));
        } else {
            self.at = Cursor { place: place + 1, ..Cursor::default() };
        }
        let commands = coupons.into_iter().filter_map(|id| self.plan.command(CouponRef::Id(id), None));
        let tasks = commands.map(|command| RowTask::Act(Box::new(command))).collect();
        Ok(Some(Part { tasks, to: self.at, ahead: None }))
    }
}

fn row(line: u64, command: Option<Command>) -> Option<StepRow> {
    Some(StepRow { line, cells: Vec::new(), task: RowTask::Act(Box::new(command?)) })
}

/// The coupons of stretches, but for the first so many.
fn places(part: &[Stretch], skipped: u64) -> impl Iterator<Item = CouponId> {
    let mut left = skipped;
    part.iter().flat_map(move |Stretch { pool, from, to }| {
        let passed = left.min(to - from);
        left -= passed;
        let pool = *pool;
        (from + passed..*to).map(move |index| CouponId { pool, index })
    })
}

impl BulkPlan {
    /// Whether it takes all coupons of a pool out of use that nobody has touched.
    fn withdraws(&self, filter: &CouponFilter) -> bool {
        let untouched = Coupon::unassigned(CouponId { pool: PoolId(0), index: 0 }, String::new(), TermsNumber(0));
        let any = CouponFilter { pool: None, sight: Sight::default(), ..filter.clone() };
        self.action == BulkAction::Invalidate
            && filter.pool.is_some()
            && filter.code.is_none()
            && filter.prefix.as_ref().is_none_or(String::is_empty)
            && any.admits(&untouched, CaseMode::Sensitive, Instant::UNIX_EPOCH)
    }

    fn reason(&self) -> Option<Reason> {
        self.reason.as_deref().and_then(|reason| Reason::parse(reason).ok())
    }

    /// The action on one coupon, by a customer where one is named. A claim names no coupon: it is asked for by customers
    /// alone.
    fn command(&self, coupon: CouponRef, customer: Option<&CustomerId>) -> Option<Command> {
        let reason = self.reason();
        Some(match self.action {
            BulkAction::Claim => return None,
            BulkAction::Redeem => Redeem { customer: customer.cloned(), reason, ..Redeem::of(coupon) }.into(),
            BulkAction::Unredeem => Unredeem { coupon, entry: None, transaction: None, amount: None, reason }.into(),
            BulkAction::Unassign => Unassign { coupon, reason }.into(),
            BulkAction::Transfer => Transfer { coupon, to: self.to.clone(), to_email: None, reason }.into(),
            BulkAction::Invalidate => Invalidate { coupon, reason }.into(),
        })
    }

    fn claims(&self, pool: PoolId) -> Claims {
        let why = self.reason.clone().map(|reason| Why { reason: Some(reason), reference: None });
        Claims { pool, why }
    }
}

/// Claims of a pool, for one reason.
#[derive(Debug, Clone)]
pub(super) struct Claims {
    pool: PoolId,
    why: Option<Why>,
}

impl Claims {
    /// That of a customer.
    pub(super) fn of(&self, customer: CustomerId) -> Command {
        Claim { why: self.why.clone(), ..Claim::of(self.pool, customer) }.into()
    }
}
