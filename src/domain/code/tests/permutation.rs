//! Permutations: bijections at every size, in both directions.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::super::Permutation;
use super::super::wide::Wide;
use super::*;

/// Checks that every number is reached once, and every `stride`-th index comes back.
fn is_bijection(size: u32, stride: usize) {
    let permutation = Permutation::new(&key(3), &BigUint::from(size)).unwrap();
    let mut values: Vec<u128> = (0..u128::from(size)).collect();
    match permutation.in_lanes() {
        Some(feistel) => feistel.forward_all(&mut values),
        None => values.iter_mut().for_each(|value| *value = one(&permutation, *value)),
    }
    let mut seen = vec![false; size as usize];
    for value in &values {
        assert!(!std::mem::replace(&mut seen[*value as usize], true), "{value} twice at {size}");
    }
    for (index, value) in values.iter().enumerate().step_by(stride) {
        assert_eq!(one(&permutation, index as u128), *value, "{size}");
        assert_eq!(permutation.inverse_wide(Wide::from(*value)), Some(Wide::from(index as u128)), "{size}");
    }
    assert_eq!(permutation.forward(&BigUint::from(size)), None);
    assert_eq!(permutation.inverse(&BigUint::from(size)), None);
}

fn one(permutation: &Permutation, index: u128) -> u128 {
    permutation.forward_wide(Wide::from(index)).and_then(Wide::to_u128).unwrap()
}

#[test]
fn every_size_to_five_thousand_is_a_bijection() {
    (1..=5_000).for_each(|size| is_bijection(size, 97));
}

#[test]
fn sizes_around_powers_of_two_are_bijections() {
    for bits in 12..=17 {
        (-1..=1).for_each(|beside| is_bijection((1_u32 << bits).strict_add_signed(beside), 61));
    }
    [999_999, 1_000_000].into_iter().for_each(|size| is_bijection(size, 997));
}

#[test]
fn sizes_around_large_powers_of_two_come_back() {
    for bits in 17..384_u32 {
        let power = BigUint::from(1_u8) << bits;
        for size in [&power - 1_u8, power.clone(), &power + 1_u8] {
            let permutation = Permutation::new(&key(4), &size).unwrap();
            for index in [BigUint::from(0_u8), &size / 3_u8, &size - 1_u8] {
                let value = permutation.forward(&index).unwrap();
                assert!(value < size);
                assert_eq!(permutation.inverse(&value), Some(index), "2^{bits}");
            }
        }
    }
}

#[test]
fn there_is_no_permutation_of_nothing_or_of_too_much() {
    assert!(Permutation::new(&key(1), &BigUint::from(0_u8)).is_none());
    assert!(Permutation::new(&key(1), &(BigUint::from(1_u8) << 384)).is_none());
}

#[test]
fn lanes_agree_with_single_steps() {
    for size in [4_097_u128, 1_000_003, 3_656_158_440_062_976, u128::MAX] {
        let permutation = Permutation::new(&key(5), &BigUint::from(size)).unwrap();
        for length in [1, 7, 8, 9, 100] {
            let indices: Vec<u128> = (0..length).map(|index| size / length * index).collect();
            let mut values = indices.clone();
            permutation.in_lanes().unwrap().forward_all(&mut values);
            let single: Vec<u128> = indices.iter().map(|index| one(&permutation, *index)).collect();
            assert_eq!(values, single, "{size}");
        }
    }
}

proptest! {
    #![proptest_config(cases(2_000))]
    #[test]
    fn both_directions_undo_each_other(seed: u8, limbs: [u64; 6], of: [u64; 6], cut in 0_u32..384) {
        let number = |limbs: [u64; 6]| BigUint::from_bytes_le(&limbs.map(u64::to_le_bytes).concat());
        let size = (number(limbs) >> cut) + 1_u8;
        let index = number(of) % &size;
        let permutation = Permutation::new(&key(seed), &size).unwrap();
        let value = permutation.forward(&index).unwrap();
        prop_assert!(value < size);
        prop_assert_eq!(permutation.inverse(&value), Some(index.clone()));
        let source = permutation.inverse(&index).unwrap();
        prop_assert_eq!(permutation.forward(&source), Some(index));
    }
}
