//! What a job is asked to do, as it is kept with it.

use serde::{Deserialize, Serialize};

use crate::{CouponFilter, CouponRef, reading::Encoding};
use scrip_domain::{
    id::{CouponId, CustomerId, PoolId},
    job::Field,
    update::TermsChange,
};

/// What a job is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Plan {
    /// Add the codes of a file.
    Import(ImportPlan),
    /// Do one action with many coupons.
    Bulk(BulkPlan),
    /// Write the coupons of a pool to a file.
    Export(ExportPlan),
    /// Have coupons of before keep what an edit of their pool says of them.
    Update(UpdatePlan),
    /// Take back what the job that it names has done.
    Undo,
}

/// What a file of coupons is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportFormat {
    /// Comma-separated values, with a header.
    Csv,
    /// A JSON object a line.
    JsonLines,
}

/// A file of coupons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportPlan {
    /// Their pool.
    pub pool: PoolId,
    /// Which of them.
    pub filter: CouponFilter,
    /// What it is written in.
    pub format: ExportFormat,
    /// Whether it begins with a byte order mark.
    pub marked: bool,
    /// Whether codes are told by their last characters alone.
    pub masked: bool,
}

/// An edit of a pool that holds for coupons of before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatePlan {
    /// The pool.
    pub pool: PoolId,
    /// Which of the pool's updates it is, from 1.
    pub number: u32,
    /// What it has changed at once for coupons that nobody had touched.
    pub untouched: Vec<TermsChange>,
}

/// What becomes of a code that the pool has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnDuplicate {
    /// It is skipped.
    Skip,
    /// Where nobody has claimed it, its coupon gets the row's value and end.
    UpdateUnassigned,
}

/// How a file is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPlan {
    /// The upload.
    pub upload: String,
    /// The pool of all rows; none where a column names it.
    pub pool: Option<PoolId>,
    /// Which column, from 0, is what.
    pub columns: Vec<(Field, usize)>,
    /// Whether its first row names the columns.
    pub header: bool,
    /// What parts its cells.
    pub delimiter: char,
    /// What its text is in.
    pub encoding: Encoding,
    /// What becomes of duplicates.
    pub on_duplicate: OnDuplicate,
    /// How many cells its first row has.
    pub width: usize,
}

/// What is done with each coupon (`BulkAction` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BulkAction {
    /// Claim one for each customer.
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

/// With which coupons something is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Items {
    /// Those of the job's list.
    Listed,
    /// Those that a filter admits when the job begins, which are then its list.
    Filter(Box<CouponFilter>),
    /// Those with these codes.
    Codes(Vec<(String, Option<CustomerId>)>),
    /// A new one for each of these customers.
    Customers(Vec<CustomerId>),
    /// A new one for each customer of a file.
    File(Box<ImportPlan>),
}

/// One action with many coupons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BulkPlan {
    /// What is done.
    pub action: BulkAction,
    /// With which.
    pub items: Items,
    /// Of this pool alone.
    pub pool: Option<PoolId>,
    /// Who gets them.
    pub to: Option<CustomerId>,
    /// Why, in the words of whoever started it.
    pub reason: Option<String>,
}

/// What is asked for with many coupons.
#[derive(Debug, Clone)]
pub struct BulkDraft {
    /// What is done.
    pub action: BulkAction,
    /// With these.
    pub coupons: Option<Vec<CouponId>>,
    /// Or with those with these codes.
    pub codes: Option<Vec<(String, Option<CustomerId>)>>,
    /// Or with those that this admits.
    pub filter: Option<CouponFilter>,
    /// Or, to claim, for these customers.
    pub customers: Option<Vec<CustomerId>>,
    /// Or, to claim, for those of this upload.
    pub upload: Option<String>,
    /// Of this pool.
    pub pool: Option<PoolId>,
    /// Who gets them.
    pub to: Option<CustomerId>,
    /// Why.
    pub reason: Option<String>,
    /// Whether nothing is changed.
    pub dry_run: bool,
}

impl BulkPlan {
    /// The coupon that a code names.
    pub(crate) fn coupon(&self, code: &str, customer: Option<&CustomerId>) -> CouponRef {
        CouponRef::Code { code: code.to_owned(), pool: self.pool, customer: customer.cloned() }
    }
}
