//! Laying an amount on the parts of a basket, exactly: the shares sum up to the amount, none is more than what is left of
//! its part, and each is as near to its proportion as whole minor units allow (the method of the largest remainder, ties
//! to the earlier part).

use std::cmp::Reverse;

/// A part that an amount is laid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// What it counts, beside the others. Above zero wherever something is left.
    pub(super) weight: i64,
    /// What can still be taken of it.
    pub(super) left: i64,
}

impl Part {
    /// Nothing can be laid on it.
    pub(super) const NONE: Self = Self { weight: 0, left: 0 };

    /// One that counts for nothing where nothing is left of it.
    pub(super) fn new(weight: i64, left: i64) -> Self {
        if left > 0 { Self { weight, left } } else { Self::NONE }
    }

    /// Whether its proportion of an amount is all that is left of it, or more. `weight` is that of all parts.
    fn is_filled_by(self, amount: i64, weight: i128) -> bool {
        self.weight > 0 && i128::from(amount) * i128::from(self.weight) >= i128::from(self.left) * weight
    }
}

/// The share of each part of an amount that is at most what is left of all of them.
pub(super) fn lay(amount: i64, parts: &[Part]) -> Vec<i64> {
    let left: i128 = parts.iter().map(|part| i128::from(part.left)).sum();
    if i128::from(amount) >= left {
        return parts.iter().map(|part| part.left).collect();
    }
    let weight: i128 = parts.iter().map(|part| i128::from(part.weight)).sum();
    let mut shares = vec![0; parts.len()];
    if parts.iter().any(|part| part.is_filled_by(amount, weight)) {
        fill(amount, weight, parts, &mut shares);
    } else {
        share_out(amount, weight, parts, 0..parts.len(), &mut shares);
    }
    shares
}

/// Fills the parts of which less is left than their proportion, and shares the rest out among the others.
fn fill(amount: i64, weight: i128, parts: &[Part], shares: &mut [i64]) {
    let (mut rest, mut weight) = (amount, weight);
    let mut open: Vec<usize> = (0..parts.len()).filter(|place| at(parts, *place).weight > 0).collect();
    // Those of which the least is left in proportion are full first; each makes the others' shares larger, so that one
    // pass in this order finds all.
    open.sort_by(|one, other| {
        let (one, other) = (at(parts, *one), at(parts, *other));
        let across = |left: Part, weight: Part| i128::from(left.left) * i128::from(weight.weight);
        across(one, other).cmp(&across(other, one))
    });
    let mut filled = 0;
    for place in &open {
        let part = at(parts, *place);
        if !part.is_filled_by(rest, weight) {
            break;
        }
        put(shares, *place, part.left);
        rest -= part.left;
        weight -= i128::from(part.weight);
        filled += 1;
    }
    open.drain(..filled);
    open.sort_unstable();
    share_out(rest, weight, parts, open.into_iter(), shares);
}

/// Shares an amount out among parts of which none is filled by it.
fn share_out(
    amount: i64,
    weight: i128,
    parts: &[Part],
    places: impl ExactSizeIterator<Item = usize>,
    shares: &mut [i64],
) {
    if amount <= 0 || weight <= 0 {
        return;
    }
    let mut given = 0;
    let mut remainders: Vec<(Reverse<u64>, usize)> = Vec::with_capacity(places.len());
    for place in places {
        let (share, remainder) = divide(i128::from(amount) * i128::from(at(parts, place).weight), weight);
        put(shares, place, share);
        given += share;
        remainders.push((Reverse(remainder), place));
    }
    // Fewer than there are parts with a remainder, and such a share is below what is left: one more always fits.
    let units = usize::try_from(amount - given).unwrap_or_default();
    if units > 0 && units < remainders.len() {
        remainders.select_nth_unstable(units);
    }
    for (_, place) in remainders.iter().take(units) {
        put(shares, *place, shares.get(*place).copied().unwrap_or_default() + 1);
    }
}

/// A quotient and its remainder, both of which fit, because the quotient is a share and the divisor the weight of a
/// basket. Division of 128 bits takes several times that of 64, which nearly all amounts fit.
fn divide(number: i128, by: i128) -> (i64, u64) {
    match (u64::try_from(number), u64::try_from(by)) {
        (Ok(number), Ok(by)) => (i64::try_from(number / by).unwrap_or(i64::MAX), number % by),
        _ => (i64::try_from(number / by).unwrap_or(i64::MAX), u64::try_from(number % by).unwrap_or(u64::MAX)),
    }
}

fn at(parts: &[Part], place: usize) -> Part {
    parts.get(place).copied().unwrap_or(Part::NONE)
}

fn put(shares: &mut [i64], place: usize, share: i64) {
    if let Some(of) = shares.get_mut(place) {
        *of = share;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_laid_exactly() {
        let equal =
            |amounts: &[i64]| amounts.iter().map(|left| Part { weight: *left, left: *left }).collect::<Vec<_>>();
        let capped =
            |parts: &[(i64, i64)]| parts.iter().map(|(weight, left)| Part { weight: *weight, left: *left }).collect();
        for (amount, parts, expected) in [
            (1_000, equal(&[1_000, 1_000, 1_000]), vec![334, 333, 333]),
            (2, equal(&[1_000, 1_000, 1_000]), vec![1, 1, 0]),
            // Both are half a unit short: the earlier one gets it.
            (2, equal(&[1_000, 3_000]), vec![1, 1]),
            (2, equal(&[3_000, 1_000]), vec![2, 0]),
            (501, equal(&[3_000, 2_005]), vec![300, 201]),
            (0, equal(&[5, 5]), vec![0, 0]),
            (10, equal(&[0, 10]), vec![0, 10]),
            (15, equal(&[5, 10]), vec![5, 10]),
            (100, equal(&[]), vec![]),
            // By weight, as far as something is left.
            (100, capped(&[(100, 100), (100, 0)]), vec![100, 0]),
            (100, capped(&[(100, 10), (100, 200), (100, 200)]), vec![10, 45, 45]),
            (100, capped(&[(100, 10), (100, 40), (100, 200)]), vec![10, 40, 50]),
            (100, capped(&[(100, 200), (100, 10), (300, 20)]), vec![70, 10, 20]),
            (i64::pow(10, 17), equal(&[i64::pow(10, 17), i64::pow(10, 17)]), vec![i64::pow(10, 17) / 2; 2]),
        ] {
            assert_eq!(lay(amount, &parts), expected, "{amount} on {parts:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// The shares sum up, none is more than what is left, and none without a bound is a unit or more off its
        /// proportion.
        #[test]
        fn shares_sum_up_and_fit(
            parts in proptest::collection::vec((1..2_000i64, 0..2_000i64), 1..12),
            of in 0..=1_000i64,
        ) {
            let parts: Vec<Part> = parts.into_iter().map(|(weight, left)| Part { weight, left }).collect();
            let left: i64 = parts.iter().map(|part| part.left).sum();
            let amount = left * of / 1_000;
            let shares = lay(amount, &parts);
            prop_assert_eq!(shares.iter().sum::<i64>(), amount);
            prop_assert!(shares.iter().zip(&parts).all(|(share, part)| 0 <= *share && *share <= part.left));
            let plain: Vec<Part> = parts.iter().map(|part| Part { weight: part.left, ..*part }).collect();
            for (share, part) in lay(amount, &plain).into_iter().zip(plain) {
                prop_assert!((share * left - amount * part.left).abs() < left.max(1));
            }
        }
    }
}
