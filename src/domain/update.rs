//! New terms for coupons that exist (product section 6): an edit of a pool may hold for coupons of before too. It does at
//! once and however many they are: a coupon takes over what its pool's updates say of it whenever it is read, and keeps
//! that with its next change. Which ones are meant is decided by what each was at the instant of the edit, because
//! whatever changes a coupon takes all updates of before over first.

use std::{collections::BTreeSet, ops::Range};

use serde::{Deserialize, Serialize};

use super::{
    coupon::{Coupon, Decision},
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

/// What an update may change of a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// The terms that it carries.
    pub terms: TermsNumber,
    /// When its time is over.
    pub expires_at: Option<Instant>,
}

/// Places of a pool whose coupons without a row got other terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsChange {
    /// The first of them.
    pub from: u64,
    /// The one after the last.
    pub to: u64,
    /// What they carried.
    pub before: TermsNumber,
    /// What they carry since.
    pub after: TermsNumber,
}

impl TermsChange {
    /// How many places they are.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.to - self.from
    }

    /// Whether a place is one of them.
    #[must_use]
    pub fn has(&self, place: u64) -> bool {
        (self.from..self.to).contains(&place)
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
    /// [`Pool::taken_over`] says. Gives what has changed for the former.
    pub fn update_coupons(&mut self, update: TermsUpdate, supply: &Supply) -> Vec<TermsChange> {
        let mut changes = Vec::new();
        if self.has_stock() && supply.size > 0 {
            let all = self.withdrawn.is_empty() || update.scope == Scope::All;
            let spans: Vec<Range<u64>> = if all {
                std::iter::once(0..supply.size).collect()
            } else {
                self.untouched_in(Status::Unassigned, supply)
            };
            changes = self.spread(spans.iter().flat_map(|span| [span.start, span.end]), |pool, place, terms| {
                let is_meant = spans.iter().any(|span| span.contains(&place)) && pool.is_matched(&update, terms);
                if is_meant { update.terms } else { terms }
            });
        }
        self.updates.push(update);
        changes
    }

    /// Gives coupons without a row the terms back that they carried before a change, where they still carry what they got
    /// then. Gives what has changed for them.
    pub fn carry_again(&mut self, changes: &[TermsChange]) -> Vec<TermsChange> {
        self.spread(changes.iter().flat_map(|change| [change.from, change.to]), |_, place, terms| {
            let change = changes.iter().find(|change| change.has(place)).filter(|change| change.after == terms);
            change.map_or(terms, |change| change.before)
        })
    }

    /// Has coupons without a row carry other terms, where a function of the pool, the place and the terms says so: it is
    /// asked at the first place of each range, and at the places where it may begin to say otherwise.
    fn spread(
        &mut self,
        cuts: impl Iterator<Item = u64>,
        other: impl Fn(&Self, u64, TermsNumber) -> TermsNumber,
    ) -> Vec<TermsChange> {
        let firsts: BTreeSet<u64> = self.ranges.iter().map(|(first, _)| *first).chain([0]).chain(cuts).collect();
        let (mut ranges, mut changes) = (Vec::<(u64, TermsNumber)>::new(), Vec::<TermsChange>::new());
        let mut firsts = firsts.into_iter().peekable();
        while let Some(from) = firsts.next() {
            let before = self.terms_at(from);
            let after = other(self, from, before);
            if ranges.last().is_none_or(|(_, last)| *last != after) {
                ranges.push((from, after));
            }
            if after == before {
                continue;
            }
            let to = firsts.peek().copied().unwrap_or(u64::MAX);
            match changes.last_mut() {
                Some(last) if (last.to, last.before, last.after) == (from, before, after) => last.to = to,
                _ => changes.push(TermsChange { from, to, before, after }),
            }
        }
        self.ranges = ranges;
        changes
    }

    /// A coupon that has a row, with all that the pool's updates say of it.
    #[must_use]
    pub fn taken_over(&self, coupon: Coupon) -> Coupon {
        self.taken_over_until(coupon, self.updates_so_far())
    }

    /// The same by the first so many updates alone.
    #[must_use]
    pub fn taken_over_until(&self, coupon: Coupon, number: u32) -> Coupon {
        let Carried { terms, expires_at } = self.carried_after(&coupon, number);
        let updates = coupon.updates.max(number.min(self.updates_so_far()));
        Coupon { terms, expires_at, updates, ..coupon }
    }

    /// What a coupon that has a row carries by the first so many updates.
    #[must_use]
    pub fn carried_after(&self, coupon: &Coupon, number: u32) -> Carried {
        let until = usize::try_from(number).unwrap_or(usize::MAX).min(self.updates.len());
        let known = usize::try_from(coupon.updates).unwrap_or(usize::MAX);
        let mut carried = coupon.carried();
        for update in self.updates.get(known..until).unwrap_or_default() {
            let status = coupon.status.at(carried.expires_at, update.at);
            if !update.scope.admits(status) || !self.is_matched(update, carried.terms) {
                continue;
            }
            let terms = |number| self.terms(number).map(AsRef::as_ref);
            if let (Some(before), Some(after)) = (terms(carried.terms), terms(update.terms))
                && let Some(claimed_at) = coupon.claimed_at.filter(|_| status.is_live())
            {
                carried.expires_at = end_after(carried.expires_at, claimed_at, (before, after), update.at);
            }
            carried.terms = update.terms;
        }
        carried
    }

    /// Whether one of the pool's updates, by its place, is for a coupon that has a row and has not taken it over yet.
    #[must_use]
    pub fn is_updated(&self, coupon: &Coupon, place: u32) -> bool {
        let update = usize::try_from(place).ok().and_then(|place| self.updates.get(place));
        coupon.updates <= place && update.is_some_and(|update| update.scope.admits(coupon.status_at(update.at)))
    }

    fn is_matched(&self, update: &TermsUpdate, terms: TermsNumber) -> bool {
        let value = |number| self.terms(number).map(|terms| terms.value);
        update.matching.is_none_or(|number| value(number) == value(terms))
    }
}

/// When a coupon is over under new terms, which a customer holds and could use, and whose end was this one: its time counts
/// from its claim still, and is not over before they were made. An end that was set otherwise stays.
fn end_after(
    end: Option<Instant>,
    claimed_at: Instant,
    (before, after): (&Terms, &Terms),
    at: Instant,
) -> Option<Instant> {
    match (before.restrictions.end_of(claimed_at), after.restrictions.end_of(claimed_at)) {
        (Ok(old), Ok(new)) if old == end && old != new => new.map(|new| new.max(at)),
        _ => end,
    }
}

impl Coupon {
    /// What its row says that it carries.
    #[must_use]
    pub fn carried(&self) -> Carried {
        Carried { terms: self.terms, expires_at: self.expires_at }
    }

    /// What is told of the updates that made this coupon of what its row says, where it is another one by that.
    #[must_use]
    pub fn update_of(&self, row: &Self) -> Option<Change> {
        (self.carried() != row.carried()).then(|| row.change(EventType::Update, row.status))
    }

    /// Gives it terms that it had, with the end that it had by them.
    #[must_use]
    pub fn carry_again(self, terms: TermsNumber, expires_at: Option<Instant>) -> Decision {
        let changes = vec![self.change(EventType::Update, self.status)];
        let coupon = Self { terms, expires_at, version: self.version + 1, ..self };
        Decision { coupon, changes, entries: Vec::new() }
    }
}
