//! What is asked of jobs: to start, stop and undo them. What can be found wrong at once is told at once.

use super::{
    BulkAction, BulkDraft, BulkPlan, ExportFormat, ExportPlan, ImportPlan, Items, OnDuplicate, Plan, Uploaded,
};
use crate::{
    Caller, Failure, JobCancel, JobDraft, JobStart, Scrip, Sight,
    reading::{FileFacts, Mapping, MappingDraft, map_columns},
};
use scrip_domain::{
    event::Reason,
    id::{CouponId, PoolId},
    job::{Field, Job, JobId, JobKind},
    rejection::{Input, Refusal, Rejection},
    source::Source,
};
use scrip_storage::{JobEffects, Jobs, ReadFrom, Stretch};

/// The most coupons, codes or customers that one call names.
const MAX_NAMED: usize = 10_000;
/// How many stretches a part of a list has.
pub(super) const PART: usize = 1_000;
/// The name of the task that works on jobs.
pub(crate) const TASK: &str = "jobs";

/// What is asked for with a file.
#[derive(Debug, Clone)]
pub struct ImportDraft {
    /// The upload.
    pub upload: String,
    /// The pool of all rows; none where a column names it.
    pub pool: Option<PoolId>,
    /// How it is read.
    pub mapping: MappingDraft,
    /// What becomes of duplicates.
    pub on_duplicate: OnDuplicate,
    /// Whether nothing is changed.
    pub dry_run: bool,
}

impl Scrip {
    /// Starts an import.
    pub(crate) async fn start_import(
        &self,
        caller: &Caller,
        key: Option<String>,
        draft: ImportDraft,
    ) -> Result<Job, Failure> {
        let (Uploaded { id, facts }, mapping) = self.mapped(&draft.upload, &draft.mapping, Field::Code).await?;
        let by_column = mapping.columns.iter().any(|(field, _)| *field == Field::Pool);
        match draft.pool {
            None if !by_column => {
                let what = "poolId, or a column of pools,";
                return Err(Rejection::Required { what }.at([Input::PoolId]).into());
            }
            None => {}
            Some(pool) => {
                let unknown = || Rejection::NotFound { what: "pool", by: "id" }.at([Input::PoolId]);
                let seen = Sight::of(&self.registry, &caller.groups).seen(self.registry.pool(pool));
                let pool = seen.ok_or_else(unknown)?;
                pool.check_source(Source::Uploaded).map_err(|rejection| rejection.at([Input::PoolId]))?;
            }
        }
        let (plan, columns, rows) = import_plan(&draft, id.clone(), &facts, mapping);
        let draft = JobDraft {
            kind: JobKind::Import,
            dry_run: draft.dry_run,
            pool: draft.pool,
            plan: Plan::Import(plan),
            parts: Vec::new(),
            total: Some(rows),
            undoes: None,
            columns,
            upload: Some(id),
        };
        self.start_job(caller, key, draft).await
    }

    /// An upload, and how it is read.
    async fn mapped(&self, upload: &str, draft: &MappingDraft, needed: Field) -> Result<(Uploaded, Mapping), Failure> {
        let uploaded = self.board.uploads.find(upload).await?;
        let mapping = map_columns(draft, &uploaded.facts, needed)?;
        let uploaded = self.board.uploads.find_as(uploaded, mapping.encoding, mapping.delimiter).await?;
        self.board.uploads.keep(&uploaded.id).await?;
        let mapping = map_columns(draft, &uploaded.facts, needed)?;
        Ok((uploaded, mapping))
    }

    /// Starts one action with many coupons.
    pub(crate) async fn start_bulk(
        &self,
        caller: &Caller,
        key: Option<String>,
        draft: BulkDraft,
    ) -> Result<Job, Failure> {
        let (mut plan, parts, mut total) = self.bulk_plan(caller, &draft)?;
        let mut columns = Vec::new();
        if let Some(upload) = &draft.upload {
            let mapping = MappingDraft::default();
            let (Uploaded { id, facts }, mapped) = self.mapped(upload, &mapping, Field::Customer).await?;
            let (on_duplicate, dry_run) = (OnDuplicate::Skip, draft.dry_run);
            let file = ImportDraft { upload: id.clone(), pool: draft.pool, mapping, on_duplicate, dry_run };
            let (file, named, rows) = import_plan(&file, id, &facts, mapped);
            (plan.items, columns, total) = (Items::File(Box::new(file)), named, Some(rows));
        }
        let draft = JobDraft {
            kind: JobKind::Bulk,
            dry_run: draft.dry_run,
            pool: draft.pool,
            plan: Plan::Bulk(plan),
            parts,
            total,
            undoes: None,
            columns,
            upload: draft.upload,
        };
        self.start_job(caller, key, draft).await
    }

    /// Starts to write a file of coupons.
    pub(crate) async fn start_export(
        &self,
        caller: &Caller,
        key: Option<String>,
        plan: ExportPlan,
    ) -> Result<Job, Failure> {
        let unknown = || Rejection::NotFound { what: "pool", by: "id" }.at([Input::PoolId]);
        let pool = Sight::of(&self.registry, &caller.groups).seen(self.registry.pool(plan.pool)).ok_or_else(unknown)?;
        if plan.filter.pool.is_some_and(|other| other != pool.id) {
            let reason = "poolId and filter.poolId name different pools".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::Filter, Input::PoolId]).into());
        }
        if plan.marked && plan.format != ExportFormat::Csv {
            let reason = "only a CSV file can begin with a byte order mark: leave it out".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::ByteOrderMark]).into());
        }
        let draft = JobDraft {
            kind: JobKind::Export,
            dry_run: false,
            pool: Some(pool.id),
            total: Some(self.registry.tally(pool.id).supply.size),
            plan: Plan::Export(plan),
            parts: Vec::new(),
            undoes: None,
            columns: Vec::new(),
            upload: None,
        };
        self.start_job(caller, key, draft).await
    }

    #[expect(clippy::type_complexity, reason = "the plan, the list and its length, which are kept apart")]
    fn bulk_plan(
        &self,
        caller: &Caller,
        draft: &BulkDraft,
    ) -> Result<(BulkPlan, Vec<Vec<Stretch>>, Option<u64>), Refusal> {
        let wrong = |field: Input, reason: &str| Err(Rejection::ValueInvalid { reason: reason.to_owned() }.at([field]));
        if let Some(pool) = draft.pool {
            let unknown = || Rejection::NotFound { what: "pool", by: "id" }.at([Input::PoolId]);
            Sight::of(&self.registry, &caller.groups).seen(self.registry.pool(pool)).ok_or_else(unknown)?;
        }
        let claims = draft.customers.is_some() || draft.upload.is_some();
        let named = [
            draft.coupons.is_some(),
            draft.codes.is_some(),
            draft.filter.is_some(),
            draft.customers.is_some(),
            draft.upload.is_some(),
        ];
        if named.into_iter().filter(|is| *is).count() != 1 {
            return wrong(
                Input::CouponIds,
                "expected one of couponIds, codes, filter and, for CLAIM, customerIds or uploadId",
            );
        }
        match (draft.action, claims) {
            (BulkAction::Claim, false) => {
                return wrong(
                    Input::CustomerIds,
                    "CLAIM needs customerIds or uploadId: each customer gets a coupon of the pool",
                );
            }
            (BulkAction::Claim, true) if draft.pool.is_none() => {
                return Err(
                    Rejection::RequiredBecause { what: "poolId", why: "its coupons are claimed" }.at([Input::PoolId])
                );
            }
            (BulkAction::Claim, true) => {}
            (_, true) => {
                return wrong(
                    Input::CustomerIds,
                    "customerIds and uploadId are for CLAIM: name coupons with couponIds, codes or filter",
                );
            }
            (_, false) => {}
        }
        match (draft.action, &draft.to) {
            (BulkAction::Transfer, None) => {
                return Err(Rejection::RequiredBecause { what: "toCustomerId", why: "it gets the coupons" }
                    .at([Input::ToCustomerId]));
            }
            (BulkAction::Transfer, Some(_)) | (_, None) => {}
            (_, Some(_)) => return wrong(Input::ToCustomerId, "toCustomerId is for TRANSFER: leave it out"),
        }
        if let Some(reason) = &draft.reason {
            Reason::parse(reason).map_err(|rejection| rejection.at([Input::Reason]))?;
        }
        let (items, parts, total) = self.bulk_items(caller, draft)?;
        let plan = BulkPlan {
            action: draft.action,
            items,
            pool: draft.pool,
            to: draft.to.clone(),
            reason: draft.reason.clone(),
        };
        Ok((plan, parts, total))
    }

    #[expect(clippy::type_complexity, reason = "the items, the list and its length, which are kept apart")]
    fn bulk_items(
        &self,
        caller: &Caller,
        draft: &BulkDraft,
    ) -> Result<(Items, Vec<Vec<Stretch>>, Option<u64>), Refusal> {
        let bounded = |number: usize, field: Input| {
            if number <= MAX_NAMED {
                return Ok(Some(number as u64));
            }
            let what = "too many in one call: use a filter, or several calls";
            Err(Rejection::LimitExceeded { what, limit: MAX_NAMED as u64 }.at([field]))
        };
        if draft.upload.is_some() {
            // What it has is found out before the job is started.
            return Ok((Items::Listed, Vec::new(), None));
        }
        if let Some(coupons) = &draft.coupons {
            let total = bounded(coupons.len(), Input::CouponIds)?;
            return Ok((
                Items::Listed,
                coupons.chunks(PART).map(|part| stretches(part.iter().copied())).collect(),
                total,
            ));
        }
        if let Some(codes) = &draft.codes {
            return Ok((Items::Codes(codes.clone()), Vec::new(), bounded(codes.len(), Input::Codes)?));
        }
        if let Some(customers) = &draft.customers {
            return Ok((
                Items::Customers(customers.clone()),
                Vec::new(),
                bounded(customers.len(), Input::CustomerIds)?,
            ));
        }
        let mut filter = draft.filter.clone().unwrap_or_default();
        if let (Some(one), Some(other)) = (filter.pool, draft.pool)
            && one != other
        {
            let reason = "poolId and filter.poolId name different pools".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::Filter, Input::PoolId]));
        }
        filter.pool = filter.pool.or(draft.pool);
        match filter.pool {
            Some(pool)
                if !Sight::of(&self.registry, &caller.groups).sees(pool) || self.registry.pool(pool).is_none() =>
            {
                Err(Rejection::NotFound { what: "pool", by: "id" }.at([Input::Filter, Input::PoolId]))
            }
            None if filter.customer.is_none() => {
                Err(Rejection::RequiredBecause { what: "a pool or a customer", why: "its coupons are meant" }
                    .at([Input::Filter]))
            }
            Some(_) | None => Ok((Items::Filter(Box::new(filter)), Vec::new(), None)),
        }
    }

    /// Takes back what a job has done.
    pub(crate) async fn undo_job(&self, caller: &Caller, id: JobId, dry_run: bool) -> Result<Job, Failure> {
        let unknown = || Rejection::NotFound { what: "job", by: "id" }.at([Input::Id]);
        let before = self.store.get_one::<Jobs>(id).await?.filter(|job| self.sees_job(&caller.groups, job));
        let before = before.ok_or_else(unknown)?;
        before.check_undo(dry_run)?;
        if self.store.scan(&JobEffects::of(id, 0), ReadFrom::Start, 1).await?.is_empty() {
            let reason = "what it has done is not kept any more".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::Id]).into());
        }
        let draft = JobDraft {
            kind: JobKind::Undo,
            dry_run,
            pool: before.pool,
            plan: Plan::Undo,
            parts: Vec::new(),
            total: Some(before.counters.done),
            undoes: Some(id),
            columns: Vec::new(),
            upload: None,
        };
        self.start_job(caller, None, draft).await
    }

    async fn start_job(&self, caller: &Caller, key: Option<String>, draft: JobDraft) -> Result<Job, Failure> {
        let job = self.change(caller, key, JobStart(Box::new(draft))).await?;
        self.job_came();
        Ok(*job)
    }

    /// Tells who works on jobs that there is another.
    pub(crate) fn job_came(&self) {
        self.tasks.wake(TASK);
        self.board.came.notify_one();
        self.board.tell();
    }

    /// Stops a job.
    pub(crate) async fn cancel_job(&self, caller: &Caller, job: JobId, force: bool) -> Result<Job, Failure> {
        let unknown = || Rejection::NotFound { what: "job", by: "id" }.at([Input::Id]);
        self.job(&caller.groups, job).await?.ok_or_else(unknown)?;
        let job = self.change(caller, None, JobCancel { job, force }).await?;
        self.board.came.notify_one();
        self.board.tell();
        Ok(*job)
    }
}

/// How a file is read, what its columns are called, and how many rows it has.
fn import_plan(
    draft: &ImportDraft,
    upload: String,
    facts: &FileFacts,
    mapping: Mapping,
) -> (ImportPlan, Vec<String>, u64) {
    // Of a file without a header that somebody says has one, the first row is not counted.
    let rows = (facts.rows + u64::from(facts.header)).saturating_sub(u64::from(mapping.header));
    let columns = if mapping.header {
        facts.first_row.clone()
    } else {
        let named = |place| mapping.columns.iter().find(|(_, at)| *at == place).map(|(field, _)| field.name());
        (0..facts.first_row.len())
            .map(|place| named(place).map_or_else(|| format!("column_{}", place + 1), str::to_owned))
            .collect()
    };
    let plan = ImportPlan {
        upload,
        pool: draft.pool,
        columns: mapping.columns,
        header: mapping.header,
        delimiter: mapping.delimiter,
        encoding: mapping.encoding,
        on_duplicate: draft.on_duplicate,
        width: facts.first_row.len(),
    };
    (plan, columns, rows)
}

/// Coupons as stretches, in their order.
pub(super) fn stretches(coupons: impl IntoIterator<Item = CouponId>) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for CouponId { pool, index } in coupons {
        match all.last_mut() {
            Some(last) if last.pool == pool && last.to == index => last.to += 1,
            _ => all.push(Stretch { pool, from: index, to: index + 1 }),
        }
    }
    all
}
