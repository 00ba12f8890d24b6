//! The inputs of jobs.

use async_graphql::{Enum, ID, InputObject};

use super::CouponFilter;
use crate::{
    global_id::{GlobalIds, coupon_id, customer_id, pool_id},
    types::{JobKind, JobStatus},
};
use scrip_domain::{
    id::{CouponId, CustomerId, PoolId},
    job,
    rejection::{Input, Refusal, Rejection, Step},
};
use scrip_service::{BulkDraft, ColumnRef, ExportPlan, ImportDraft, MappingDraft};

/// What a column of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "job::Field")]
pub enum ImportField {
    /// The code.
    Code,
    /// The pool's id or externalId.
    Pool,
    /// The customer whom the coupon is claimed for, or who holds it: the retailer's own id.
    Customer,
    /// The coupon's own value.
    Value,
    /// Its currency, which has to be its pool's.
    Currency,
    /// When its time is over (RFC 3339).
    ExpiresAt,
    /// When it was claimed, of a coupon that is out already (RFC 3339).
    ClaimedAt,
    /// Its status, of a coupon that is out already, such as REDEEMED.
    Status,
    /// How often it was used.
    Usages,
    /// When it was last redeemed (RFC 3339).
    RedeemedAt,
    /// What a gift card holds.
    Balance,
}

/// What becomes of a code that the pool has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "scrip_service::OnDuplicate")]
pub enum OnDuplicate {
    /// It is skipped and counted.
    Skip,
    /// Where nobody has claimed it, its coupon gets the value and the end of the row.
    UpdateUnassigned,
}

/// Which column of a file is what: by its name in the header, or by its position.
#[derive(Debug, Clone, InputObject)]
pub struct ImportColumnInput {
    /// What it is.
    pub field: ImportField,
    /// Its name in the header, in any case.
    pub name: Option<String>,
    /// Its position, from 1.
    pub position: Option<i32>,
}

/// A file that is to be imported.
#[derive(Debug, Clone, InputObject)]
pub struct ImportStartInput {
    /// The upload, as POST /uploads has told it.
    pub upload_id: ID,
    /// The pool of all rows; leave it out where a column names it.
    pub pool_id: Option<ID>,
    /// Which column is what. Left out, columns are known by their names (code, customer, value and so on), and the first
    /// column of a file without a header is the code.
    pub columns: Option<Vec<ImportColumnInput>>,
    /// Whether the first row names the columns. Left out, it is as the upload was found to be; and so are the next two.
    pub header: Option<bool>,
    /// What parts the cells: a comma, a semicolon or a tab.
    pub delimiter: Option<String>,
    /// What the text is in: UTF-8, UTF-16LE, UTF-16BE or Windows-1252.
    pub encoding: Option<String>,
    /// What becomes of codes that exist already; they are skipped where it is left out.
    pub on_duplicate: Option<OnDuplicate>,
    /// Changes nothing, and tells what would come of it.
    pub dry_run: Option<bool>,
    /// The same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

/// What a file of coupons is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "scrip_service::ExportFormat")]
pub enum ExportFormat {
    /// Comma-separated values, with a header.
    Csv,
    /// A JSON object a line.
    JsonLines,
}

/// A file of coupons that a job writes.
#[derive(Debug, Clone, InputObject)]
pub struct ExportStartInput {
    /// Their pool.
    pub pool_id: ID,
    /// Which of them; all where it is not given.
    pub filter: Option<CouponFilter>,
    /// What it is written in; CSV where it is not given.
    pub format: Option<ExportFormat>,
    /// Begins a CSV file with a byte order mark, by which some spreadsheets know UTF-8.
    pub byte_order_mark: Option<bool>,
    /// Makes a repeated call answer as the first one, for 24 hours.
    pub idempotency_key: Option<String>,
}

impl ExportStartInput {
    /// The service's plan.
    pub fn plan(self, ids: &GlobalIds) -> Result<ExportPlan, Refusal> {
        let filter = self.filter.map(|filter| filter.check(ids)).transpose()?.unwrap_or_default();
        let pool = pool_id(ids, &self.pool_id).map_err(|rejection| rejection.at([Input::PoolId]))?;
        let format = self.format.map_or(scrip_service::ExportFormat::Csv, Into::into);
        // Who may see whole codes is for the session to say.
        Ok(ExportPlan { pool, filter, format, marked: self.byte_order_mark.unwrap_or_default(), masked: true })
    }
}

impl ImportStartInput {
    /// The service's draft.
    pub fn draft(self, ids: &GlobalIds) -> Result<ImportDraft, Refusal> {
        let pool = pool(ids, self.pool_id.as_ref())?;
        let columns = self.columns.map(|columns| columns.into_iter().enumerate().map(column).collect());
        Ok(ImportDraft {
            upload: self.upload_id.0,
            pool,
            mapping: MappingDraft {
                columns: columns.transpose()?,
                header: self.header,
                delimiter: self.delimiter,
                encoding: self.encoding,
            },
            on_duplicate: self.on_duplicate.unwrap_or(OnDuplicate::Skip).into(),
            dry_run: self.dry_run.unwrap_or_default(),
        })
    }
}

fn pool(ids: &GlobalIds, id: Option<&ID>) -> Result<Option<PoolId>, Refusal> {
    id.map(|id| pool_id(ids, id)).transpose().map_err(|rejection| rejection.at([Input::PoolId]))
}

fn column((index, column): (usize, ImportColumnInput)) -> Result<(job::Field, ColumnRef), Refusal> {
    let named = match (column.name, column.position) {
        (Some(name), None) => ColumnRef::Name(name),
        (None, Some(position)) => ColumnRef::Place(position.into()),
        _ => {
            let what = "either name or position";
            return Err(Rejection::Required { what }.at([Step::from(Input::Columns), index.into()]));
        }
    };
    Ok((column.field.into(), named))
}

/// What is done with each coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "scrip_service::BulkAction")]
pub enum BulkAction {
    /// Claim one of a pool for each customer.
    Claim,
    /// Redeem it.
    Redeem,
    /// Take a redemption back.
    Unredeem,
    /// Take it from its customer.
    Unassign,
    /// Hand it over to a customer.
    Transfer,
    /// Take it out of use.
    Invalidate,
}

/// A coupon by its code.
#[derive(Debug, Clone, InputObject)]
pub struct BulkCodeInput {
    /// The code, as typed.
    pub code: String,
    /// Whose, where everyone's coupon has this code, and who redeems it; the retailer's own id.
    pub customer_id: Option<ID>,
}

/// One action with many coupons: one of couponIds, codes, filter and, for CLAIM, customerIds or uploadId.
#[derive(Debug, Clone, InputObject)]
pub struct CouponsBulkInput {
    /// What is done with each.
    pub action: BulkAction,
    /// These coupons, up to 10,000.
    pub coupon_ids: Option<Vec<ID>>,
    /// The coupons with these codes, up to 10,000.
    pub codes: Option<Vec<BulkCodeInput>>,
    /// The pool that is claimed from, or whose coupons are meant.
    pub pool_id: Option<ID>,
    /// The coupons that this admits when the job begins: of a pool, or of a customer.
    pub filter: Option<CouponFilter>,
    /// For TRANSFER: who gets them.
    pub to_customer_id: Option<ID>,
    /// For CLAIM: a coupon for each of these customers, up to 10,000; the retailer's own ids.
    pub customer_ids: Option<Vec<ID>>,
    /// For CLAIM: a coupon for each customer of this upload, in its column that is called customer, or its first.
    pub upload_id: Option<ID>,
    /// Why, which each event tells.
    pub reason: Option<String>,
    /// Changes nothing, and tells what would come of it.
    pub dry_run: Option<bool>,
    /// The same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponsBulkInput {
    /// The service's draft.
    pub fn draft(self, ids: &GlobalIds) -> Result<BulkDraft, Refusal> {
        let within = |list: Input, index: usize, rejection: Rejection| rejection.at([Step::from(list), index.into()]);
        let coupon = |(index, id): (usize, ID)| coupon_id(ids, &id).map_err(|r| within(Input::CouponIds, index, r));
        let customer =
            |(index, id): (usize, ID)| customer_id(ids, &id).map_err(|r| within(Input::CustomerIds, index, r));
        let code = |(index, input): (usize, BulkCodeInput)| {
            let customer = input.customer_id.map(|id| customer_id(ids, &id)).transpose();
            Ok((input.code, customer.map_err(|r| within(Input::Codes, index, r))?))
        };
        let coupons: Option<Result<Vec<CouponId>, Refusal>> =
            self.coupon_ids.map(|all| all.into_iter().enumerate().map(coupon).collect());
        let customers: Option<Result<Vec<CustomerId>, Refusal>> =
            self.customer_ids.map(|all| all.into_iter().enumerate().map(customer).collect());
        let codes: Option<Codes> = self.codes.map(|all| all.into_iter().enumerate().map(code).collect());
        let to = self.to_customer_id.map(|id| customer_id(ids, &id)).transpose();
        Ok(BulkDraft {
            action: self.action.into(),
            coupons: coupons.transpose()?,
            codes: codes.transpose()?,
            filter: self.filter.map(|filter| filter.check(ids)).transpose()?,
            customers: customers.transpose()?,
            upload: self.upload_id.map(|id| id.0),
            pool: pool(ids, self.pool_id.as_ref())?,
            to: to.map_err(|rejection| rejection.at([Input::ToCustomerId]))?,
            reason: self.reason,
            dry_run: self.dry_run.unwrap_or_default(),
        })
    }
}

/// Codes with whose they are, or what is wrong with one.
type Codes = Result<Vec<(String, Option<CustomerId>)>, Refusal>;

/// Which jobs.
#[derive(Debug, Clone, Default, InputObject)]
pub struct JobFilter {
    /// Those of these kinds.
    pub kinds: Option<Vec<JobKind>>,
    /// Those in these statuses.
    pub statuses: Option<Vec<JobStatus>>,
    /// Those of this pool.
    pub pool_id: Option<ID>,
}

impl JobFilter {
    /// The service's filter.
    pub fn check(self, ids: &GlobalIds) -> Result<scrip_service::JobFilter, Refusal> {
        let pool = self.pool_id.as_ref().map(|id| pool_id(ids, id)).transpose();
        Ok(scrip_service::JobFilter {
            kinds: self.kinds.unwrap_or_default().into_iter().map(Into::into).collect(),
            statuses: self.statuses.unwrap_or_default().into_iter().map(Into::into).collect(),
            pool: pool.map_err(|rejection| rejection.at([Input::Filter, Input::PoolId]))?,
        })
    }
}
