//! New terms for coupons that exist (product section 6): an edit of a pool may hold for coupons of before too. It does at
//! once and however many they are: a coupon takes over what its pool's updates say of it whenever it is read, and keeps
//! that with its next change. Which ones are meant is decided by what each was at the instant of the edit, because
//! whatever changes a coupon takes all updates of before over first.

use std::{collections::BTreeSet, ops::Range};

use serde::{Deserialize, Serialize};

use super::{
    coupon::Coupon,
    event::{Change, EventType},
    id::TermsNumber,
    period::Instant,
    pool::{Pool, Supply},
    status::Status,
    terms::Terms,
};

/// The coupons that get new terms (`UpdateScope` of the API); each scope has those of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Those that nobody has.
    Unassigned,
    /// And those that somebody has and has not used.
    NotRedeemed,
    /// All there are.
    All,
}

impl Scope {
    /// Whether a coupon in a status is meant.
    #[must_use]
    pub fn admits(self, status: Status) -> bool {
        match self {
            Self::Unassigned => status == Status::Unassigned,
            Self::NotRedeemed => matches!(status, Status::Unassigned | Status::Claimed),
            Self::All => true,
        }
    }
}

/// An edit of a pool that holds for coupons of before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsUpdate {
    /// For which of them.
    pub scope: Scope,
    /// Only for those that are worth the same as the terms with this number say.
    pub matching: Option<TermsNumber>,
    /// What they carry from then on.
    pub terms: TermsNumber,
    /// When it was.
    pub at: Instant,
    /// Who made it: the name of an API key.
    pub actor: String,
}

impl Pool {
    /// How many updates it has had.
    #[must_use]
    pub fn updates_so_far(&self) -> u32 {
        u32::try_from(self.updates.len()).unwrap_or(u32::MAX)
    }

    /// Has coupons of before carry the terms of now: those that nobody has touched at once, the others as
    /// [`Pool::taken_over`] says.
    pub fn update_coupons(&mut self, update: TermsUpdate, supply: &Supply) {
        if self.has_stock() && supply.size > 0 {
            let all = self.withdrawn.is_empty() || update.scope == Scope::All;
            let spans = if all {
                std::iter::once(0..supply.size).collect()
            } else {
                self.untouched_in(Status::Unassigned, supply)
            };
            self.ranges = self.ranges_after(&update, &spans);
        }
        self.updates.push(update);
    }

    /// The terms of coupons without a row after an update of those at some places.
    fn ranges_after(&self, update: &TermsUpdate, spans: &[Range<u64>]) -> Vec<(u64, TermsNumber)> {
        let ends = spans.iter().flat_map(|span| [span.start, span.end]);
        let firsts: BTreeSet<u64> = self.ranges.iter().map(|(first, _)| *first).chain([0]).chain(ends).collect();
        let mut ranges: Vec<(u64, TermsNumber)> = Vec::new();
        for first in firsts {
            let before = self.terms_at(first);
            let is_meant = spans.iter().any(|span| span.contains(&first)) && self.is_matched(update, before);
            let terms = if is_meant { update.terms } else { before };
            if ranges.last().is_none_or(|(_, last)| *last != terms) {
                ranges.push((first, terms));
            }
        }
        ranges
    }

    /// A coupon that has a row, with all that the pool's updates say of it.
    #[must_use]
    pub fn taken_over(&self, mut coupon: Coupon) -> Coupon {
        let known = usize::try_from(coupon.updates).unwrap_or(usize::MAX);
        for update in self.updates.get(known..).unwrap_or_default() {
            if !update.scope.admits(coupon.status_at(update.at)) || !self.is_matched(update, coupon.terms) {
                continue;
            }
            let terms = |number| self.terms(number).map(AsRef::as_ref);
            if let (Some(before), Some(after)) = (terms(coupon.terms), terms(update.terms)) {
                coupon.expires_at = end_after(&coupon, before, after, update.at);
            }
            coupon.terms = update.terms;
        }
        coupon.updates = coupon.updates.max(self.updates_so_far());
        coupon
    }

    fn is_matched(&self, update: &TermsUpdate, terms: TermsNumber) -> bool {
        let value = |number| self.terms(number).map(|terms| terms.value);
        update.matching.is_none_or(|number| value(number) == value(terms))
    }
}

/// When a coupon is over under new terms, which a customer holds and could use: its time counts from its claim still, and
/// is not over before they were made. An end that was set otherwise stays.
fn end_after(coupon: &Coupon, before: &Terms, after: &Terms, at: Instant) -> Option<Instant> {
    let Some(claimed_at) = coupon.claimed_at.filter(|_| coupon.status_at(at).is_live()) else {
        return coupon.expires_at;
    };
    let (Ok(old), Ok(new)) = (before.restrictions.end_of(claimed_at), after.restrictions.end_of(claimed_at)) else {
        return coupon.expires_at;
    };
    if old != coupon.expires_at || old == new { coupon.expires_at } else { new.map(|end| end.max(at)) }
}

impl Coupon {
    /// What is told of the updates that made this coupon of what its row says, where it is another one by that.
    #[must_use]
    pub fn update_of(&self, row: &Self) -> Option<Change> {
        let is_other = self.terms != row.terms || self.expires_at != row.expires_at;
        is_other.then(|| row.change(EventType::Update, row.status))
    }
}
