//! Whether codes look like chance: uniform positions, uniform neighbours, and half of the bits changed by one.
//!
//! A chi-square value of `d` degrees of freedom has the mean `d` and the variance `2d`; the bound is six deviations
//! above and below, which chance passes once in some millions, and keys are fixed.

use num_bigint::BigUint;

use super::super::Permutation;
use super::super::wide::Wide;
use super::*;

fn looks_uniform(counts: &[u32], what: &str) {
    let expected = counts.iter().copied().map(f64::from).sum::<f64>() / counts.len() as f64;
    let chi: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    assert!((chi - freedom).abs() < 6.0 * (2.0 * freedom).sqrt(), "{what}: chi-square {chi:.1} of {freedom}");
}

#[test]
fn positions_and_neighbours_are_uniform() {
    let series = series("$$$$$$$$$$", &["0", "O", "1", "I"], &[], 11);
    let symbols: Vec<char> = series.space().format().admitted()[0].clone();
    let symbol_of = |character: char| symbols.iter().position(|symbol| *symbol == character).unwrap();
    let mut codes: Vec<[usize; 10]> = Vec::new();
    series.codes(0, 200_000, &mut |code| {
        let mut numbers = code.chars().map(symbol_of);
        codes.push(std::array::from_fn(|_| numbers.next().unwrap()));
    });
    let size = symbols.len();
    for place in 0..10 {
        let mut single = vec![0; size];
        let mut beside = vec![0; size * size];
        let mut after = vec![0; size * size];
        for (index, code) in codes.iter().enumerate() {
            single[code[place]] += 1;
            beside[code[place] * size + code[(place + 1) % 10]] += 1;
            after[code[place] * size + codes[(index + 1) % codes.len()][place]] += 1;
        }
        looks_uniform(&single, &format!("place {place}"));
        looks_uniform(&beside, &format!("places {place} and next"));
        looks_uniform(&after, &format!("place {place} of neighbouring codes"));
    }
}

/// The next rank less this one, around the circle, must fall anywhere; and so the second difference.
#[test]
fn the_next_code_does_not_follow_from_those_before() {
    for (seed, size) in [(21, 5_003_u64), (22, 1_000_000), (23, 3_656_158_440_062_976), (24, 1 << 52)] {
        let permutation = Permutation::new(&key(seed), &BigUint::from(size)).unwrap();
        let mut ranks: Vec<u128> = (0..u128::from(size.min(100_000))).collect();
        permutation.in_lanes().unwrap().forward_all(&mut ranks);
        let size = u128::from(size);
        let (mut first, mut second) = (vec![0; 50], vec![0; 50]);
        for ranks in ranks.windows(3) {
            let step = (ranks[1] + size - ranks[0]) % size;
            let next = (ranks[2] + size - ranks[1]) % size;
            first[(step * 50 / size) as usize] += 1;
            second[((next + size - step) % size * 50 / size) as usize] += 1;
        }
        looks_uniform(&first, &format!("differences at {size}"));
        looks_uniform(&second, &format!("second differences at {size}"));
    }
}

const TRIALS: u32 = 1_024;

/// Each output bit must change in half of 1,024 trials, give or take six deviations (of 16).
fn changes_half(bits: u32, what: &str, mut pair: impl FnMut(u32) -> (Wide, Wide)) {
    let mut changed = vec![0_u32; bits as usize];
    for trial in 0..TRIALS {
        let (one, other) = pair(trial);
        let difference = one.xor(other);
        for (bit, count) in changed.iter_mut().enumerate() {
            *count += u32::from(difference.shifted_down(bit as u32).low_bits(1) == Wide::ONE);
        }
    }
    for (bit, count) in changed.iter().enumerate() {
        assert!(count.abs_diff(TRIALS / 2) < 96, "{what}: output bit {bit} changed {count} times of {TRIALS}");
    }
    let all: u32 = changed.iter().sum();
    assert!(all.abs_diff(TRIALS / 2 * bits) < 96 * bits.isqrt() + 96, "{what}: {all} bits changed");
}

#[test]
fn one_bit_of_the_index_changes_half_of_the_bits() {
    for bits in [20, 51, 64, 101, 200] {
        let size = BigUint::from(1_u8) << bits;
        let permutation = Permutation::new(&key(31), &size).unwrap();
        for flipped in (0..bits).step_by(7) {
            changes_half(bits, &format!("index bit {flipped} of {bits}"), |trial| {
                let index = Wide::from(u128::from(trial) * 977);
                let other = index.xor(Wide::ONE.shifted_up(flipped));
                (permutation.forward_wide(index).unwrap(), permutation.forward_wide(other).unwrap())
            });
        }
    }
}

#[test]
fn one_bit_of_the_key_changes_half_of_the_bits() {
    for bits in [51, 200] {
        let size = BigUint::from(1_u8) << bits;
        let permutation = Permutation::new(&key(32), &size).unwrap();
        for flipped in (0..256).step_by(51) {
            let mut bytes = [32; 32];
            bytes[flipped / 8] ^= 1 << (flipped % 8);
            let other = Permutation::new(&SeriesKey::new(bytes), &size).unwrap();
            changes_half(bits, &format!("key bit {flipped} at {bits}"), |trial| {
                let index = Wide::from(u128::from(trial));
                (permutation.forward_wide(index).unwrap(), other.forward_wide(index).unwrap())
            });
        }
    }
}
