//! A coupon pool: a source of codes, the terms that new coupons get, and its counts. A pool is never
//! deleted; an archived one gives out nothing new. Its type, currency and source never change.

use serde::{Deserialize, Serialize};

use super::{
    currency::Currency,
    id::{PoolId, TermsNumber},
    period::Instant,
    rejection::Rejection,
    status::Status,
    terms::{CouponType, Terms},
};

/// Where a pool's codes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// A code is made when a customer claims.
    Generated,
    /// Codes exist before anyone claims them.
    BulkGenerated,
    /// The codes come from a list.
    Uploaded,
    /// A plugin supplies each code at the claim.
    Remote,
}

impl Source {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Generated => "GENERATED",
            Self::BulkGenerated => "BULK_GENERATED",
            Self::Uploaded => "UPLOADED",
            Self::Remote => "REMOTE",
        }
    }
}

/// A coupon pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Its number.
    pub id: PoolId,
    /// The retailer's id of it, unique among pools.
    pub external_id: Option<String>,
    /// What people call it.
    pub name: String,
    /// Where its codes come from.
    pub source: Source,
    /// What kind of coupons it has.
    pub kind: CouponType,
    /// The currency of its amounts.
    pub currency: Option<Currency>,
    /// Whether its codes are compared with regard to case.
    pub case_sensitive: bool,
    /// The one code that every customer gets (a pattern without placeholders).
    pub generic_code: Option<String>,
    /// Whether a customer who claims again gets the same coupon again.
    pub aggregated: bool,
    /// All terms it ever had; the last are those that new coupons get.
    pub terms: Vec<Terms>,
    /// The terms of coupons that have no row of their own: from each place on, those with this
    /// number. Sorted by place.
    pub ranges: Vec<(u64, TermsNumber)>,
    /// Since when it gives out nothing new.
    pub archived_at: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last edited.
    pub updated_at: Instant,
    /// Raised by one with every edit, from 1.
    pub version: u64,
}

impl Pool {
    /// The number of the terms that new coupons get.
    #[must_use]
    pub fn current_terms(&self) -> TermsNumber {
        TermsNumber(u32::try_from(self.terms.len().saturating_sub(1)).unwrap_or(u32::MAX))
    }

    /// The terms with this number.
    #[must_use]
    pub fn terms(&self, number: TermsNumber) -> Option<&Terms> {
        usize::try_from(number.0).ok().and_then(|n| self.terms.get(n))
    }

    /// The terms of the coupon at a place that has no row of its own.
    #[must_use]
    pub fn terms_at(&self, index: u64) -> TermsNumber {
        let after = self.ranges.partition_point(|(start, _)| *start <= index);
        let range = after.checked_sub(1).and_then(|place| self.ranges.get(place));
        range.map_or_else(|| self.current_terms(), |(_, terms)| *terms)
    }

    /// Whether the pool gives out coupons now.
    pub fn check_open(&self) -> Result<(), Rejection> {
        match self.archived_at {
            Some(_) => Err(Rejection::PoolArchived),
            None => Ok(()),
        }
    }

    /// Whether an action is for this pool's source.
    pub fn check_source(&self, expected: Source) -> Result<(), Rejection> {
        if self.source == expected {
            Ok(())
        } else {
            Err(Rejection::PoolSourceMismatch { expected: expected.name(), found: self.source.name() })
        }
    }

    /// What a code is compared by in this pool, and across pools: upper and lower case are the same
    /// unless the pool is case-sensitive.
    #[must_use]
    pub fn same_code(&self, one: &str, other: &str) -> bool {
        if self.case_sensitive { one == other } else { fold_code(one) == fold_code(other) }
    }
}

/// The form of a code that does not tell upper from lower case.
#[must_use]
pub fn fold_code(code: &str) -> String {
    code.to_lowercase()
}

/// How many coupons of a pool are in each status, and how often they were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// By status, in the order of [`Status::ALL`].
    pub by_status: [i64; 6],
    /// Redemptions that stand.
    pub usages: i64,
}

impl Counts {
    /// How many are in a status.
    #[must_use]
    pub fn of(&self, status: Status) -> i64 {
        self.by_status.get(usize::from(status.number())).copied().unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.by_status.iter().sum()
    }

    /// Counts `number` more coupons in a status (fewer, where it is below zero).
    pub fn add(&mut self, status: Status, number: i64) {
        if let Some(count) = self.by_status.get_mut(usize::from(status.number())) {
            *count += number;
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (count, more) in self.by_status.iter_mut().zip(other.by_status) {
            *count += more;
        }
        self.usages += other.usages;
        self
    }
}

/// How far a pool's codes have been given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Supply {
    /// How many coupons exist: their places are 0 to this, exclusive.
    pub size: u64,
    /// Every place below this has been looked at by a claim. A coupon below it that is unassigned
    /// came back.
    pub next: u64,
    /// How many unassigned coupons have a row, because they came back.
    pub returned: u64,
}
