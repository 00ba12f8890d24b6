//! Sharing out what comes back of a line among those who paid it. The minor units of a line stand in one order that
//! depends on nothing but who paid how much of it, and what comes back first is the first of them. So parts that come
//! back one after the other come to the same as all of them at once, in whatever order, and nobody ever has to give
//! anything up again: whole minor units shared out anew for each part would do neither.
//!
//! The unit `j` of a share of `a` stands at `(2j - 1) / 2a` of the way (the method of Sainte-Laguë), so that each share
//! is at any time as near to its proportion as whole units allow. Ties go to the earlier share.

use std::cmp::Ordering;

/// How many of the first `number` units of a line are of each of the shares that make it up.
pub(super) fn first_units(shares: &[i64], number: i64) -> Vec<i64> {
    let all: i128 = shares.iter().map(|share| i128::from(*share)).sum();
    if i128::from(number) >= all {
        return shares.to_vec();
    }
    if number <= 0 {
        return vec![0; shares.len()];
    }
    // All units up to `number / all` of the way, which is nearly as many as are asked for.
    let until = |share: &i64| (2 * i128::from(*share) * i128::from(number) + all) / (2 * all);
    let mut found: Vec<i64> = shares.iter().map(|share| i64::try_from(until(share)).unwrap_or(*share)).collect();
    let mut missing = i128::from(number) - found.iter().map(|units| i128::from(*units)).sum::<i128>();
    while missing != 0 {
        let step = if missing > 0 { 1 } else { -1 };
        let place = if missing > 0 { next(shares, &found) } else { last(shares, &found) };
        let Some(units) = place.and_then(|place| found.get_mut(place)) else { break };
        *units += step;
        missing -= i128::from(step);
    }
    found
}

/// The share of which the next unit is.
fn next(shares: &[i64], found: &[i64]) -> Option<usize> {
    let open = (0..shares.len()).filter(|place| at(found, *place) < at(shares, *place));
    open.min_by(|one, other| compare((shares, found, 1), *one, *other))
}

/// The share of which the last unit is.
fn last(shares: &[i64], found: &[i64]) -> Option<usize> {
    let taken = (0..shares.len()).filter(|place| at(found, *place) > 0);
    taken.max_by(|one, other| compare((shares, found, 0), *one, *other))
}

/// Which unit stands first: of two shares, the ones so many after those that were found.
fn compare((shares, found, after): (&[i64], &[i64], i128), one: usize, other: usize) -> Ordering {
    let odd = |place| 2 * (i128::from(at(found, place)) + after) - 1;
    let across = |unit: usize, share: usize| odd(unit) * i128::from(at(shares, share));
    across(one, other).cmp(&across(other, one)).then(one.cmp(&other))
}

fn at(list: &[i64], place: usize) -> i64 {
    list.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_shared_out_in_one_order() {
        for (shares, number, expected) in [
            (&[50, 50][..], 50, &[25, 25][..]),
            (&[50, 50], 1, &[1, 0]),
            (&[30, 70], 10, &[3, 7]),
            (&[334, 666], 500, &[167, 333]),
            (&[1, 1, 1], 2, &[1, 1, 0]),
            (&[0, 10], 3, &[0, 3]),
            (&[10, 0], 10, &[10, 0]),
            (&[5], 0, &[0]),
            (&[], 0, &[]),
            (&[i64::pow(10, 14), i64::pow(10, 14)], i64::pow(10, 14), &[i64::pow(10, 14) / 2; 2]),
        ] {
            assert_eq!(first_units(shares, number), expected, "{number} of {shares:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// One unit more is one unit more of one share, and all are there at the end.
        #[test]
        fn every_unit_adds_one(shares in proptest::collection::vec(0..30i64, 1..7)) {
            let all: i64 = shares.iter().sum();
            let mut before = first_units(&shares, 0);
            prop_assert!(before.iter().all(|units| *units == 0));
            for number in 1..=all {
                let now = first_units(&shares, number);
                let more: Vec<i64> = now.iter().zip(&before).map(|(now, before)| now - before).collect();
                prop_assert!(more.iter().all(|more| *more >= 0), "{:?} after {:?}", now, before);
                prop_assert_eq!(more.iter().sum::<i64>(), 1);
                before = now;
            }
            prop_assert_eq!(before, shares);
        }
    }
}
