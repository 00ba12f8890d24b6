//! Untouched coupons that were taken out of use together (product section 6): a hundred million of them are some spans of
//! places of their pool and no row. Each is invalid for every reader, and becomes a row like any other once somebody does
//! something with it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{
    coupon::Coupon,
    id::CouponId,
    period::Instant,
    pool::{Counts, Pool, Supply},
    rejection::Rejection,
    status::Status,
};

/// Untouched coupons of a pool that were taken out of use at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// Which of the pool's it is: from 1, never used again.
    pub number: u32,
    /// Their places, and others between them that have rows. Sorted, and disjoint from those of all others.
    pub spans: Vec<Range<u64>>,
    /// How many of them still have no row.
    pub left: u64,
    /// When it was.
    pub at: Instant,
}

impl Withdrawn {
    /// Whether a place is in its spans.
    #[must_use]
    pub fn has(&self, place: u64) -> bool {
        self.spans.iter().any(|span| span.contains(&place))
    }
}

/// How many a pool can have: each is a part of its one row.
pub const MAX_WITHDRAWN: usize = 256;

impl Pool {
    /// The coupon at a place that has no row.
    #[must_use]
    pub fn untouched(&self, id: CouponId, code: String) -> Coupon {
        let mut coupon = Coupon::unassigned(id, code, self.terms_at(id.index));
        if let Some(withdrawn) = self.withdrawn.iter().find(|withdrawn| withdrawn.has(id.index)) {
            (coupon.status, coupon.invalidated_at) = (Status::Invalid, Some(withdrawn.at));
        }
        coupon
    }

    /// Where coupons without a row are in a status, among other places that have rows. Sorted.
    #[must_use]
    pub fn untouched_in(&self, status: Status, supply: &Supply) -> Vec<Range<u64>> {
        if !self.has_stock() {
            return Vec::new();
        }
        let mut spans: Vec<_> = self.withdrawn.iter().flat_map(|withdrawn| withdrawn.spans.iter().cloned()).collect();
        spans.sort_unstable_by_key(|span| span.start);
        match status {
            Status::Unassigned => without(supply.next..supply.size, &spans),
            Status::Invalid => spans,
            _ => Vec::new(),
        }
    }

    /// How many coupons it has that have no row.
    #[must_use]
    pub fn untouched_left(&self, supply: &Supply, counts: &Counts) -> u64 {
        let withdrawn: u64 = self.withdrawn.iter().map(|withdrawn| withdrawn.left).sum();
        if self.has_stock() { unassigned(supply, counts) + withdrawn } else { 0 }
    }

    /// The first place from one on where an untouched coupon can be claimed.
    #[must_use]
    pub fn claimable_from(&self, place: u64) -> u64 {
        let mut place = place;
        while let Some(span) =
            self.withdrawn.iter().flat_map(|withdrawn| &withdrawn.spans).find(|span| span.contains(&place))
        {
            place = span.end;
        }
        place
    }

    /// Takes all untouched coupons out of use that somebody could claim; the number of that, and how many they are.
    pub fn withdraw(
        &mut self,
        supply: &mut Supply,
        counts: &mut Counts,
        now: Instant,
    ) -> Result<(u32, u64), Rejection> {
        let untouched = unassigned(supply, counts);
        if !self.has_stock() || untouched == 0 {
            return Ok((0, 0));
        }
        if self.withdrawn.len() >= MAX_WITHDRAWN {
            let what = "too many parts of a pool's untouched coupons that were taken out of use";
            return Err(Rejection::LimitExceeded { what, limit: MAX_WITHDRAWN as u64 });
        }
        let number = self.withdrawn.iter().map(|withdrawn| withdrawn.number).max().unwrap_or_default() + 1;
        let spans = self.untouched_in(Status::Unassigned, supply);
        self.withdrawn.push(Withdrawn { number, spans, left: untouched, at: now });
        supply.next = supply.size;
        count(counts, Status::Unassigned, Status::Invalid, untouched);
        Ok((number, untouched))
    }

    /// Gives those back that still have no row; how many they are.
    pub fn give_back(&mut self, number: u32, supply: &mut Supply, counts: &mut Counts) -> u64 {
        let Some(place) = self.withdrawn.iter().position(|withdrawn| withdrawn.number == number) else { return 0 };
        let Withdrawn { spans, left, .. } = self.withdrawn.remove(place);
        // Claims look for a free place from here on, and pass over all that has a row.
        supply.next = spans.first().map_or(supply.next, |span| span.start.min(supply.next));
        count(counts, Status::Invalid, Status::Unassigned, left);
        left
    }

    /// Notes that a coupon without a row gets one; whether that is another pool by it.
    pub fn touch(&mut self, place: u64) -> bool {
        let withdrawn = self.withdrawn.iter_mut().find(|withdrawn| withdrawn.has(place));
        withdrawn.map(|withdrawn| withdrawn.left = withdrawn.left.saturating_sub(1)).is_some()
    }
}

/// How many coupons without a row are unassigned.
fn unassigned(supply: &Supply, counts: &Counts) -> u64 {
    u64::try_from(counts.of(Status::Unassigned)).unwrap_or_default().saturating_sub(supply.returned)
}

fn count(counts: &mut Counts, from: Status, to: Status, number: u64) {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    counts.add(from, -number);
    counts.add(to, number);
}

/// A span without others, which are sorted.
fn without(span: Range<u64>, others: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut left = Vec::new();
    let mut from = span.start;
    for other in others {
        if from < other.start.min(span.end) {
            left.push(from..other.start.min(span.end));
        }
        from = from.max(other.end);
    }
    if from < span.end {
        left.push(from..span.end);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_without_others() {
        type Spans = [(u64, u64)];
        let table: [(&Spans, &Spans); 7] = [
            (&[], &[(3, 10)]),
            (&[(0, 2)], &[(3, 10)]),
            (&[(0, 5)], &[(5, 10)]),
            (&[(4, 5), (7, 8)], &[(3, 4), (5, 7), (8, 10)]),
            (&[(3, 4), (9, 12)], &[(4, 9)]),
            (&[(0, 20)], &[]),
            (&[(12, 20)], &[(3, 10)]),
        ];
        for (others, expected) in table {
            let others: Vec<_> = others.iter().map(|(start, end)| *start..*end).collect();
            let left: Vec<_> = without(3..10, &others).iter().map(|span| (span.start, span.end)).collect();
            assert_eq!(left, expected, "{others:?}");
        }
    }
}
