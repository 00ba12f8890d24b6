//! The coupons among which the best set is looked for: which may be chosen, in which order they are tried and taken, and
//! for which parts of the basket they are.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use super::{Presented, Set, Verdict};
use crate::{
    checkout::ground::Ground,
    coupon::Coupon,
    id::PoolId,
    period::Instant,
    terms::{Terms, Value},
};

/// The coupons that fit alone. A code that several of them have names the last that was made, so those before it can only
/// be used with it.
pub(super) fn usable(presented: &[Presented], alone: &[Verdict], now: Instant) -> Vec<usize> {
    let mut by_code: Vec<usize> = (0..presented.len()).collect();
    let of = |place: usize| presented.get(place).and_then(|one| one.found.as_ref());
    by_code.sort_by_key(|place| of(*place).map(|(coupon, _)| (coupon.id.pool, &coupon.code, Reverse(coupon.id.index))));
    let mut found: Vec<usize> = Vec::new();
    let mut before: Option<(&Coupon, bool)> = None;
    for place in by_code {
        // One that is used up or over is not what the code names where another can be used.
        let Some((coupon, _)) = of(place).filter(|(coupon, _)| coupon.status_at(now).is_live()) else { continue };
        let fits = alone.get(place).is_some_and(Verdict::redeemable);
        let named = before.is_none_or(|(other, fits)| fits || !same_code(other, coupon));
        if fits && named {
            found.push(place);
        }
        before = Some((coupon, fits && named));
    }
    found
}

pub(super) fn same_code(one: &Coupon, other: &Coupon) -> bool {
    one.id.pool == other.id.pool && one.code == other.code
}

/// A coupon that may be chosen.
pub(super) struct Candidate<'a> {
    pub(super) place: usize,
    pub(super) coupon: &'a Coupon,
    pub(super) terms: &'a Arc<Terms>,
    pub(super) pays_shipping: bool,
    pub(super) is_card: bool,
    /// The bit of its terms.
    pub(super) bit: u64,
    /// What it takes off alone: never less than what it takes beside others.
    pub(super) worth: i64,
    /// Which parts of the basket it is for, as a number.
    pub(super) class: usize,
    pub(super) category: Option<usize>,
    /// With which others it cannot be used.
    pub(super) collides: Set,
    /// Those that can only be used with it.
    pub(super) led: Set,
}

/// By what coupons are taken: gift cards last, then by the order of their pools, percentages before amounts, and those for
/// less before those for more.
pub(super) fn taken_as(one: &Presented, terms: &Arc<Terms>, ground: &Ground<'_>) -> (bool, i32, bool, i64) {
    let is_percentage = matches!(terms.value, Value::Percentage(_));
    let price = ground.price(terms).unwrap_or_default().0;
    (terms.card_value().is_some(), one.stacking.order, !is_percentage, price)
}

/// Sorts candidates into the order in which they are tried: what is worth the most first, and of those that have one code
/// the last first, as it names them. Gives, for each, its place among those that are taken.
pub(super) fn rank<'a>(candidates: &mut Vec<Candidate<'a>>) -> Vec<usize> {
    let mut heads: HashMap<(PoolId, &'a str), i64> = HashMap::new();
    for one in candidates.iter() {
        let head = heads.entry((one.coupon.id.pool, &one.coupon.code)).or_default();
        *head = one.worth.max(*head);
    }
    let mut numbered: Vec<(usize, Candidate<'_>)> = candidates.drain(..).enumerate().collect();
    numbered.sort_by_key(|(_, one)| {
        let id = one.coupon.id;
        let head = heads.get(&(id.pool, one.coupon.code.as_str())).copied();
        (one.is_card, Reverse(head), id.pool, Reverse(id.index))
    });
    let (ranks, sorted): (Vec<usize>, Vec<Candidate<'_>>) = numbered.into_iter().unzip();
    candidates.extend(sorted);
    ranks
}

/// The numbers of candidates in the order in which they are taken.
pub(super) fn in_taking_order(candidates: &[Candidate<'_>], ranks: &[usize]) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..candidates.len()).collect();
    numbers.sort_by_key(|number| ranks.get(*number).copied());
    numbers
}

/// Whether one is to be chosen before another: their code names it first, or they are alike.
pub(super) fn leads(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let later = one.coupon.id.pool == other.coupon.id.pool && one.coupon.id.index > other.coupon.id.index;
    let alike = Arc::ptr_eq(one.terms, other.terms)
        && one.coupon.account.map(|account| account.balance) == other.coupon.account.map(|account| account.balance);
    later && (alike || same_code(one.coupon, other.coupon))
}

/// The parts of the basket that coupons are for, each set of them once.
#[derive(Default)]
pub(super) struct Classes {
    pub(super) parts: Vec<Vec<usize>>,
}

impl Classes {
    pub(super) fn of(&mut self, ground: &Ground<'_>, terms: &Arc<Terms>, pays_shipping: bool) -> usize {
        let mut parts: Vec<usize> = ground.covered(terms).collect();
        let is_card = terms.card_value().is_some();
        if terms.value == Value::FreeShipping {
            parts.clear();
        }
        if terms.value == Value::FreeShipping || (is_card && pays_shipping) {
            parts.push(ground.groups() as usize);
        }
        self.parts.iter().position(|known| *known == parts).unwrap_or_else(|| {
            self.parts.push(parts);
            self.parts.len() - 1
        })
    }
}
