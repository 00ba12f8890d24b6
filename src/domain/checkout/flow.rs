//! More than this cannot be taken off a basket, however amounts are laid on its lines: the largest flow from coupons,
//! each of which takes at most what it is worth, to parts of the basket, of each of which at most what it costs is taken
//! (Edmonds and Karp).

use std::collections::VecDeque;

/// Coupons that are for the same parts: what they are worth together, and those parts by their numbers.
pub(super) type Source<'a> = (i64, &'a [usize]);

/// The most that sources take of parts with these prices.
pub(super) fn most(sources: &[Source<'_>], prices: &[i64]) -> i64 {
    let mut flow = Flow { sources, free: prices.to_vec(), taken: vec![vec![0; prices.len()]; sources.len()] };
    let mut sum: i64 = 0;
    for (source, (worth, _)) in sources.iter().enumerate() {
        let mut rest = *worth;
        while rest > 0 {
            let taken = flow.take(source, rest);
            if taken == 0 {
                break;
            }
            rest -= taken;
            sum = sum.saturating_add(taken);
        }
    }
    sum
}

struct Flow<'a> {
    sources: &'a [Source<'a>],
    /// What is left of each part.
    free: Vec<i64>,
    /// What each source takes of each part.
    taken: Vec<Vec<i64>>,
}

impl Flow<'_> {
    /// Has a source take at most so much more, on a shortest way to a part of which something is left: others give it up
    /// for parts that they are for too. How much it was.
    fn take(&mut self, source: usize, rest: i64) -> i64 {
        // Of each part the source by which it was reached, and of each source the part.
        let mut from: Vec<Option<usize>> = vec![None; self.free.len()];
        let mut over: Vec<Option<usize>> = vec![None; self.sources.len()];
        let mut open = VecDeque::from([source]);
        while let Some(at) = open.pop_front() {
            for part in self.sources.get(at).map_or(&[][..], |(_, parts)| parts) {
                if from.get(*part).is_none_or(Option::is_some) {
                    continue;
                }
                put(&mut from, *part, at);
                if number(&self.free, *part) > 0 {
                    return self.shift(source, *part, rest, &from, &over);
                }
                for (other, taken) in self.taken.iter().enumerate() {
                    if number(taken, *part) > 0 && other != source && over.get(other) == Some(&None) {
                        put(&mut over, other, *part);
                        open.push_back(other);
                    }
                }
            }
        }
        0
    }

    /// Moves as much as can be along a way that ends at a part.
    fn shift(&mut self, source: usize, end: usize, rest: i64, from: &[Option<usize>], over: &[Option<usize>]) -> i64 {
        let mut way = Vec::new();
        let (mut most, mut part) = (rest.min(number(&self.free, end)), end);
        while let Some(by) = from.get(part).copied().flatten() {
            way.push((by, part));
            if by == source {
                break;
            }
            let Some(given_up) = over.get(by).copied().flatten() else { break };
            most = most.min(self.taken.get(by).map_or(0, |taken| number(taken, given_up)));
            part = given_up;
        }
        for (place, (by, part)) in way.iter().enumerate() {
            self.add(*by, *part, most);
            if let Some((_, given_up)) = way.get(place + 1) {
                self.add(*by, *given_up, -most);
            }
        }
        if let Some(free) = self.free.get_mut(end) {
            *free -= most;
        }
        most
    }

    fn add(&mut self, source: usize, part: usize, amount: i64) {
        if let Some(taken) = self.taken.get_mut(source).and_then(|taken| taken.get_mut(part)) {
            *taken += amount;
        }
    }
}

fn number(numbers: &[i64], place: usize) -> i64 {
    numbers.get(place).copied().unwrap_or_default()
}

fn put(places: &mut [Option<usize>], place: usize, value: usize) {
    if let Some(of) = places.get_mut(place) {
        *of = Some(value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by what no cut lets through (the largest flow is the smallest cut).
    fn smallest_cut(sources: &[(i64, Vec<usize>)], prices: &[i64]) -> i64 {
        let cut = |set: u32| -> i64 {
            let inside = |part: &usize| set & (1 << part) != 0;
            let open: i64 = prices.iter().enumerate().filter(|(part, _)| inside(part)).map(|(_, price)| price).sum();
            let cut = sources.iter().filter(|(_, parts)| !parts.iter().all(inside)).map(|(worth, _)| worth);
            open + cut.sum::<i64>()
        };
        (0..1_u32 << prices.len()).map(cut).min().unwrap_or_default()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn the_largest_flow_is_the_smallest_cut(
            prices in proptest::collection::vec(0..20i64, 1..6),
            sources in proptest::collection::vec((0..25i64, 0..64u32), 0..6),
        ) {
            let parts = |set: u32| (0..prices.len()).filter(|part| set & (1 << part) != 0).collect::<Vec<_>>();
            let sources: Vec<(i64, Vec<usize>)> = sources.into_iter().map(|(worth, set)| (worth, parts(set))).collect();
            let borrowed: Vec<Source<'_>> = sources.iter().map(|(worth, parts)| (*worth, parts.as_slice())).collect();
            prop_assert_eq!(most(&borrowed, &prices), smallest_cut(&sources, &prices));
        }
    }
}
