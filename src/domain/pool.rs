//! A coupon pool: a source of codes, the terms that new coupons get, and its counts. A pool is never
//! deleted; an archived one gives out nothing new. Its type, currency and source never change.

use std::{ops::Range, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    binding::Binding,
    code::CaseMode,
    currency::Currency,
    group::GroupId,
    id::{PoolId, TermsNumber},
    period::Instant,
    pool_codes::{CodeSeries, Making, case_mode},
    rejection::Rejection,
    source::Source,
    status::Status,
    terms::{CouponType, Terms},
    till::Till,
    update::TermsUpdate,
    withdrawn::Withdrawn,
};

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
    /// The codes that it makes itself, each series from its place on; the last makes new ones. None where
    /// its codes come from elsewhere.
    pub series: Vec<CodeSeries>,
    /// The plugin that supplies its codes.
    #[serde(default)]
    pub remote: Option<Binding>,
    /// The plugins that say who may use its coupons, in the order in which they are told.
    #[serde(default)]
    pub checks: Vec<Binding>,
    /// Whether a customer who claims again gets the same coupon again.
    pub aggregated: bool,
    /// Gift cards: whether they pay for the shipping too. None of a pool that was made before this could be said; see
    /// [`Pool::pays_shipping`].
    #[serde(default)]
    pub pays_shipping: Option<bool>,
    /// How its coupons behave at the till.
    #[serde(default)]
    pub till: Till,
    /// Whether a coupon that is no gift card is given back when all that it took something of has come back.
    #[serde(default)]
    pub returnable: bool,
    /// The group of users to whom it belongs: for others it does not exist. None for one that is there for all.
    #[serde(default)]
    pub group: Option<GroupId>,
    /// From which event on it is noted what each customer holds of it: the place in the log. None as long as nobody
    /// ever had to know.
    #[serde(default)]
    pub holdings_since: Option<u64>,
    /// From which event on it is counted how many coupons each customer has claimed of it: the place in the log. None as
    /// long as it had no limit for that.
    #[serde(default)]
    pub claims_since: Option<u64>,
    /// All terms it ever had; the last are those that new coupons get. They never change, and are shared.
    pub terms: Vec<Arc<Terms>>,
    /// The terms of coupons that have no row of their own: from each place on, those with this
    /// number. Sorted by place.
    pub ranges: Vec<(u64, TermsNumber)>,
    /// The edits that held for coupons of before, in their order.
    #[serde(default)]
    pub updates: Vec<TermsUpdate>,
    /// How many of them all of its coupons have kept in their rows.
    #[serde(default)]
    pub updates_kept: u32,
    /// Untouched coupons that were taken out of use.
    #[serde(default)]
    pub withdrawn: Vec<Withdrawn>,
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
    pub fn terms(&self, number: TermsNumber) -> Option<&Arc<Terms>> {
        usize::try_from(number.0).ok().and_then(|n| self.terms.get(n))
    }

    /// The terms of the coupon at a place that has no row of its own.
    #[must_use]
    pub fn terms_at(&self, index: u64) -> TermsNumber {
        let after = self.ranges.partition_point(|(start, _)| *start <= index);
        let range = after.checked_sub(1).and_then(|place| self.ranges.get(place));
        range.map_or_else(|| self.current_terms(), |(_, terms)| *terms)
    }

    /// Has coupons without a row carry the terms of now from a place on; true where they did not already.
    pub fn open_range(&mut self, first: u64) -> bool {
        let current = self.current_terms();
        let changes = self.ranges.last().map(|(_, terms)| *terms) != Some(current);
        if changes {
            self.ranges.push((first, current));
        }
        changes
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

    /// The one code that every customer gets now.
    #[must_use]
    pub fn generic_code(&self) -> Option<&str> {
        match &self.series.last()?.making {
            Making::Generic(code) => Some(code),
            Making::Keyed(_) => None,
        }
    }

    /// Whether a gift card with these terms pays for the shipping too. Cards of pools from before this could be said paid
    /// for all of a basket, and go on doing so unless they are for some products only.
    #[must_use]
    pub fn pays_shipping(&self, terms: &Terms) -> bool {
        terms.card_value().is_some() && self.pays_shipping.unwrap_or(terms.restrictions.products.is_empty())
    }

    /// Whether it can be asked what a customer holds of it: at a claim of an aggregated pool, or by a code that everyone
    /// has or had.
    #[must_use]
    pub fn asks_holdings(&self) -> bool {
        self.aggregated || self.series.iter().any(|series| matches!(series.making, Making::Generic(_)))
    }

    /// Whether the partner that supplies its codes is told what becomes of its coupons.
    #[must_use]
    pub fn tells_partner(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.tells_changes)
    }

    /// Whether whoever presents this code gets a coupon at once.
    #[must_use]
    pub fn is_open_code(&self, code: &str) -> bool {
        self.till.claim_on_use && self.generic_code().is_some_and(|own| self.same_code(own, code))
    }

    /// The places of the coupons that have this code, where everyone has it.
    #[must_use]
    pub fn places_of_generic(&self, code: &str) -> Vec<Range<u64>> {
        let ends = self.series.iter().skip(1).map(|series| series.first).chain([u64::MAX]);
        let same = |making: &Making| matches!(making, Making::Generic(made) if self.same_code(made, code));
        self.series.iter().zip(ends).filter(|(series, _)| same(&series.making)).map(|(s, end)| s.first..end).collect()
    }

    /// Whether every coupon that can be had exists before it is claimed. In a pool that makes codes at the
    /// claim, a place without a row is no coupon: its code was passed over.
    #[must_use]
    pub fn has_stock(&self) -> bool {
        matches!(self.source, Source::Uploaded | Source::BulkGenerated)
    }

    /// How likely a guess is to hit a coupon that can be claimed or redeemed, 0 to 1. Which series those
    /// belong to is not counted: with several, each is taken to have as many as it made, if there are that many.
    #[must_use]
    pub fn guess_probability(&self, counts: &Counts) -> f64 {
        let live = [Status::Unassigned, Status::Claimed, Status::PartiallyRedeemed].map(|status| counts.of(status));
        let live = live.iter().sum::<i64>().max(0);
        let ends = self.series.iter().skip(1).map(|series| series.first).chain([u64::MAX]);
        let of_series = self.series.iter().zip(ends).map(|(series, end)| {
            let made = i64::try_from(end - series.first).unwrap_or(i64::MAX);
            let hits = match series.making {
                Making::Generic(_) => live.min(made).min(1),
                Making::Keyed(_) => live.min(made),
            };
            // A double holds every number of combinations that matters; beyond it the quotient is 0.
            series.combinations.parse::<f64>().map_or(0.0, |combinations| hits as f64 / combinations)
        });
        of_series.fold(0.0, f64::max).min(1.0)
    }

    /// The series that a place belongs to.
    #[must_use]
    pub fn series_at(&self, index: u64) -> Option<&CodeSeries> {
        let after = self.series.partition_point(|series| series.first <= index);
        after.checked_sub(1).and_then(|place| self.series.get(place))
    }

    /// How codes are compared in this pool.
    #[must_use]
    pub fn case(&self) -> CaseMode {
        case_mode(self.case_sensitive)
    }

    /// Whether two codes are the same in this pool: upper and lower case are, unless it is case-sensitive.
    #[must_use]
    pub fn same_code(&self, one: &str, other: &str) -> bool {
        same_code(self.case(), one, other)
    }
}

/// Whether two codes are the same under a comparison.
#[must_use]
pub fn same_code(case: CaseMode, one: &str, other: &str) -> bool {
    one.chars().map(|character| case.folded(character)).eq(other.chars().map(|character| case.folded(character)))
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
    /// The lengths of the codes of an uploaded pool, in characters: bit 0 stands for 1, bit 63 for 64.
    pub lengths: u64,
}
