//! Which of the coupons that a customer holds are best used together: the set that takes the most off without the
//! customer's own money, and then lets gift cards pay the most. Sets are tried one by one, the promising ones first, and
//! each is worth exactly what a checkout of it gives; whatever cannot be better than the best so far is not tried, which
//! is told from bounds that hold however amounts are laid on lines. Where that takes too long the search ends, and says so.

mod candidate;

use std::{cmp::Reverse, collections::HashMap};

use super::{MAX_COUPONS, Presented, Verdict, flow, ground::Ground, worth};
use crate::{
    basket::Basket,
    combining::{Combining, PercentagesOf, StackingWith},
    period::Instant,
    terms::Value,
};
use candidate::{Candidate, Classes, in_taking_order, leads, rank, taken_as, usable};

/// How much is looked at until the search ends, in coupons and groups of lines. What a person holds takes a fraction of it.
const WORK: u64 = 1_500_000;

/// The best set that was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Best {
    /// The places of its coupons, in the order in which they are taken.
    pub chosen: Vec<usize>,
    /// Whether it is certain that no other is better, of the coupons that were given.
    pub exact: bool,
}

/// What a set takes off: coupons that are no gift cards, and gift cards.
type Worth = (i64, i64);

/// Which candidates are in a set: a bit for each.
type Set = u64;

/// The best set of these coupons, each of which has been decided alone. Coupons of pools with the same order are taken
/// percentages first, and those for fewer lines before those for more.
#[must_use]
pub fn best(basket: &Basket, presented: &[Presented], alone: &[Verdict], rules: Combining, now: Instant) -> Best {
    let mut places: Vec<usize> = usable(presented, alone, now);
    let all = places.len();
    // More than a checkout takes: those that are worth the most alone.
    if all > MAX_COUPONS {
        places.sort_by_key(|place| Reverse(alone.get(*place).map(|verdict| verdict.discount)));
        places.truncate(MAX_COUPONS);
    }
    let Some(mut search) = Search::new(basket, presented, alone, &places, rules, now) else {
        return Best { chosen: Vec::new(), exact: true };
    };
    search.try_greedily();
    let open = search.all() & !search.loners();
    search.go_through(0, open);
    let exact = all <= MAX_COUPONS && search.work <= WORK;
    let chosen = search.taking.iter().filter(|number| search.best.0 & bit(**number) != 0);
    Best { chosen: chosen.filter_map(|number| search.candidates.get(*number)).map(|c| c.place).collect(), exact }
}

fn bit(number: usize) -> Set {
    1_u64.checked_shl(u32::try_from(number).unwrap_or(u32::MAX)).unwrap_or_default()
}

struct Search<'a> {
    rules: Combining,
    now: Instant,
    ground: Ground<'a>,
    candidates: Vec<Candidate<'a>>,
    /// The numbers of candidates in the order in which they are taken.
    taking: Vec<usize>,
    /// Each class: the parts of the basket that it is for, groups of lines and then the shipping.
    classes: Vec<Vec<usize>>,
    /// What the parts cost.
    prices: Vec<i64>,
    /// Of each category its candidates, and whether some go with other categories only.
    categories: Vec<(Set, bool)>,
    best: (Set, Worth),
    work: u64,
}

impl<'a> Search<'a> {
    /// None where there is nothing to choose from.
    fn new(
        basket: &'a Basket,
        presented: &'a [Presented],
        alone: &[Verdict],
        places: &[usize],
        rules: Combining,
        now: Instant,
    ) -> Option<Self> {
        let found = |place: &usize| presented.get(*place).and_then(|one| Some((one, one.found.as_ref()?)));
        // Bits are given in the order in which coupons are taken, as in a checkout of them.
        let mut in_order: Vec<usize> = places.iter().copied().filter(|place| found(place).is_some()).collect();
        let ground = Ground::new(basket, in_order.iter().filter_map(|place| Some(&found(place)?.1.1)));
        in_order.sort_by_key(|place| found(place).map(|(one, (_, terms))| taken_as(one, terms, &ground)));
        let ground = Ground::new(basket, in_order.iter().filter_map(|place| Some(&found(place)?.1.1)));
        let mut classes = Classes::default();
        let mut candidates = Vec::with_capacity(in_order.len());
        for place in &in_order {
            let Some((one, (coupon, terms))) = found(place) else { continue };
            let worth = alone.get(*place).map_or(0, |verdict| verdict.discount.0);
            candidates.push(Candidate {
                place: *place,
                coupon,
                terms,
                pays_shipping: one.pays_shipping,
                is_card: terms.card_value().is_some(),
                bit: ground.bit(terms),
                worth,
                class: classes.of(&ground, terms, one.pays_shipping),
                category: None,
                collides: 0,
                led: 0,
            });
        }
        if candidates.is_empty() {
            return None;
        }
        let ranks = rank(&mut candidates);
        let mut search = Self {
            rules,
            now,
            classes: classes.parts,
            prices: ground.prices(),
            categories: Vec::new(),
            taking: in_taking_order(&candidates, &ranks),
            ground,
            candidates,
            best: (0, (0, 0)),
            work: 0,
        };
        search.relate(presented);
        Some(search)
    }

    /// Notes which candidates collide, which are of one category, and which can only be used with which.
    fn relate(&mut self, presented: &[Presented]) {
        let mut names: HashMap<&str, usize> = HashMap::new();
        for number in 0..self.candidates.len() {
            let Some(one) = self.candidates.get(number).and_then(|one| presented.get(one.place)) else { continue };
            let category = one.stacking.category.as_deref().map(|name| {
                let next = names.len();
                *names.entry(name).or_insert(next)
            });
            if let Some(category) = category {
                self.categories.resize(names.len(), (0, false));
                if let Some((members, exclusive)) = self.categories.get_mut(category) {
                    *members |= bit(number);
                    *exclusive |= one.stacking.with == StackingWith::OtherCategories;
                }
            }
            let (mut collides, mut led) = (0, 0);
            for (other_number, other) in self.candidates.iter().enumerate().filter(|(other, _)| *other != number) {
                let Some(with) = presented.get(other.place) else { continue };
                if one.stacking.collides(&with.stacking).is_some() {
                    collides |= bit(other_number);
                }
                let leads = self.candidates.get(number).is_some_and(|own| leads(own, other));
                if leads && other_number > number {
                    led |= bit(other_number);
                }
            }
            if let Some(own) = self.candidates.get_mut(number) {
                (own.category, own.collides, own.led) = (category, collides, led);
            }
        }
    }

    fn all(&self) -> Set {
        (0..self.candidates.len()).fold(0, |set, number| set | bit(number))
    }

    /// Those that go with no other. Each was tried alone.
    fn loners(&self) -> Set {
        let all = self.all();
        let is_alone = |(number, one): &(usize, &Candidate<'_>)| one.collides == all & !bit(*number);
        self.candidates.iter().enumerate().filter(is_alone).fold(0, |set, (number, _)| set | bit(number))
    }

    /// Those of a set.
    fn of(&self, set: Set) -> impl Iterator<Item = &Candidate<'a>> {
        self.candidates.iter().enumerate().filter(move |(number, _)| set & bit(*number) != 0).map(|(_, one)| one)
    }

    /// What is left to choose from once a candidate is chosen too.
    fn after(&self, chosen: Set, number: usize, left: Set) -> Set {
        let Some(one) = self.candidates.get(number) else { return 0 };
        if chosen.count_ones() >= self.rules.per_checkout.into() {
            return 0;
        }
        let mut left = left & !one.collides;
        let members =
            one.category.and_then(|category| self.categories.get(category)).map_or(0, |(members, _)| *members);
        if self.rules.per_category.is_some_and(|most| (chosen & members).count_ones() >= most.into()) {
            left &= !members;
        }
        left
    }

    /// Tries each candidate alone, and those that are worth the most together.
    fn try_greedily(&mut self) {
        for number in 0..self.candidates.len() {
            // Those that can only be used with others come after them.
            let alone = bit(number);
            if self.of(self.all()).all(|one| one.led & alone == 0) {
                let _ = self.evaluate(alone);
            }
        }
        let (mut left, mut refused) = (self.all(), 0);
        loop {
            let mut chosen = 0;
            left &= !refused;
            let mut open = left;
            while open != 0 {
                let number = open.trailing_zeros() as usize;
                chosen |= bit(number);
                open = self.after(chosen, number, open & !bit(number));
            }
            match self.evaluate(chosen) {
                // What comes after it takes its place.
                Err(number) => refused |= bit(number) | self.candidates.get(number).map_or(0, |one| one.led),
                Ok(()) => return,
            }
        }
    }

    /// Tries the sets that have all of `chosen` and some of `left`.
    fn go_through(&mut self, chosen: Set, left: Set) {
        if self.work > WORK || !self.may_be_better(chosen | left) {
            return;
        }
        if left == 0 {
            let _ = self.evaluate(chosen);
            return;
        }
        let number = left.trailing_zeros() as usize;
        let rest = left & !bit(number);
        let with = chosen | bit(number);
        self.go_through(with, self.after(with, number, rest));
        let led = self.candidates.get(number).map_or(0, |one| one.led);
        self.go_through(chosen, rest & !led);
    }

    /// Whether some of a set may be worth more than the best.
    fn may_be_better(&mut self, set: Set) -> bool {
        let parts = (self.classes.len() * self.prices.len()) as u64;
        self.work += 8 + 2 * u64::from(set.count_ones()) + parts;
        let (best, paid) = self.best.1;
        let discounts = self.most(set, false);
        discounts > best || (discounts == best && self.most(set, true) > best + paid)
    }

    /// More than this is not taken off by some of a set, with or without its gift cards.
    fn most(&self, set: Set, cards: bool) -> i64 {
        let those = || self.of(set).filter(|one| cards || !one.is_card);
        let mut most = self.most_of_parts(set, cards);
        let mut worths: Vec<i64> = those().map(|one| one.worth).collect();
        let many = usize::from(self.rules.per_checkout);
        if worths.len() > many {
            worths.sort_unstable_by_key(|worth| Reverse(*worth));
            most = most.min(worths.iter().take(many).sum());
        }
        // Of a category that excludes others of it: one that does, or some that do not.
        if self.categories.iter().any(|(_, exclusive)| *exclusive) || self.rules.per_category.is_some() {
            let free: i64 = those().filter(|one| one.category.is_none()).map(|one| one.worth).sum();
            let of_categories: i64 =
                self.categories.iter().map(|(members, _)| self.most_of_category(set & members, cards)).sum();
            most = most.min(free + of_categories);
        }
        most
    }

    /// The same of candidates that are all of one category.
    fn most_of_category(&self, set: Set, cards: bool) -> i64 {
        let many = usize::from(self.rules.per_category.unwrap_or(u8::MAX));
        let (mut alone, mut together) = (0, Vec::new());
        for one in self.of(set).filter(|one| cards || !one.is_card) {
            // Where it collides with one of its category, it is counted with those that it does not collide with.
            if one.collides & set == set & !self.own_bit(one) {
                alone = one.worth.max(alone);
            } else {
                together.push(one.worth);
            }
        }
        together.sort_unstable_by_key(|worth| Reverse(*worth));
        together.iter().take(many).sum::<i64>().max(alone)
    }

    fn own_bit(&self, one: &Candidate<'_>) -> Set {
        self.candidates.iter().position(|other| other.place == one.place).map_or(0, bit)
    }

    /// The same by what the parts of the basket cost that they are for.
    fn most_of_parts(&self, set: Set, cards: bool) -> i64 {
        let mut sums = vec![0_i64; self.classes.len()];
        let mut percentages: Vec<(u64, u16)> = Vec::new();
        for one in self.of(set).filter(|one| cards || !one.is_card) {
            match one.terms.value {
                Value::Percentage(hundredths) if self.rules.percentages_of == PercentagesOf::Remaining => {
                    percentages.push((one.bit, hundredths));
                }
                _ => {
                    if let Some(sum) = sums.get_mut(one.class) {
                        *sum = sum.saturating_add(one.worth);
                    }
                }
            }
        }
        let classes = sums.iter().zip(&self.classes).filter(|(sum, _)| **sum > 0);
        let sources: Vec<flow::Source<'_>> = classes.map(|(sum, parts)| (*sum, parts.as_slice())).collect();
        let amounts = flow::most(&sources, &self.prices);
        amounts.saturating_add(self.ground.most_of_percentages(&percentages))
    }

    /// Notes what a set is worth, if that is the most; the candidate that takes nothing off where there is one.
    fn evaluate(&mut self, set: Set) -> Result<(), usize> {
        let bits = self.of(set).fold(0, |bits, one| bits | one.bit);
        let mut ground = self.ground.only(bits);
        self.work += u64::from(set.count_ones() + 4) * (ground.groups() + 8) + self.ground.groups();
        let mut worth = (0, 0);
        for number in self.taking.iter().copied().filter(|number| set & bit(*number) != 0) {
            let Some(one) = self.candidates.get(number) else { continue };
            let taken = if one.is_card {
                worth::pay(&mut ground, (one.coupon, one.terms), None, one.pays_shipping, self.now).ok()
            } else {
                worth::take(&mut ground, one.terms, self.rules.percentages_of).ok()
            };
            let taken = taken.ok_or(number)?.amount.0;
            if one.is_card { worth.1 += taken } else { worth.0 += taken }
        }
        let fewer = worth == self.best.1 && set.count_ones() < self.best.0.count_ones();
        if worth > self.best.1 || fewer {
            self.best = (set, worth);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
