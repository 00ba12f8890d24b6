//! What is shown of a pattern while it is being drafted. It keeps one invariant: every number here is exact, or absent
//! where it would take more work than a preview may.

use std::sync::Arc;

use num_bigint::BigUint;

use super::key::SeriesKey;
use super::series::{Series, SeriesError};
use super::space::Space;

/// The most codes that one bulk pool may have.
pub const LARGEST_BULK: u64 = 100_000_000;
/// A bulk pool may have one code in this many combinations, so that a guess hits less than once in as many.
pub const COMBINATIONS_PER_CODE: u64 = 100;

/// How much may be counted for the costs of all exclusions together, in bytes of counts: under a second, optimised. It
/// is enough for 1,000 phrases in 10 places, or for 200 in 64.
const COST_BUDGET: usize = 800_000_000;

/// An entry of the exclusions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// An excluded character.
    Character(char),
    /// An excluded phrase, as it was written.
    Phrase(String),
}

/// How many codes there would be more without one exclusion, all others standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExclusionCost {
    /// The exclusion.
    pub exclusion: Exclusion,
    /// The codes that it alone costs; none where counting them would have gone past the work that a preview may take.
    pub cost: Option<BigUint>,
}

/// The most codes that a bulk pool with so many combinations may have: one in a hundred of them, and at most
/// [`LARGEST_BULK`].
#[must_use]
pub fn bulk_limit(combinations: &BigUint) -> u64 {
    u64::try_from(combinations / COMBINATIONS_PER_CODE).map_or(LARGEST_BULK, |limit| limit.min(LARGEST_BULK))
}

/// What each exclusion of a space costs: characters first, then phrases, in the order they were listed.
#[must_use]
pub fn exclusion_costs(space: &Space) -> Vec<ExclusionCost> {
    let exclusions = space.format().exclusions();
    let mut left = COST_BUDGET;
    let mut affords = |work: usize| {
        let remaining = left.checked_sub(work);
        left = remaining.unwrap_or(0);
        remaining.is_some()
    };
    let mut costs = Vec::new();
    for character in exclusions.characters() {
        let admitted = || Space::new(Arc::new(space.format().admitting(*character))).ok();
        // The automaton is built anew too, with the phrases that the character can spell.
        let counted = if affords(2 * space.counts_memory()) { admitted() } else { None };
        let cost = counted.map(|wider| wider.count() - space.count());
        costs.push(ExclusionCost { exclusion: Exclusion::Character(*character), cost });
    }
    for (phrase, index) in exclusions.phrases().iter().zip(0..) {
        let cost = affords(space.counts_memory()).then(|| space.count_without(index) - space.count());
        costs.push(ExclusionCost { exclusion: Exclusion::Phrase(phrase.clone()), cost });
    }
    costs
}

/// Different codes of a space, at most as many as it has, to be shown as samples. The key must be no pool's: under a key
/// of its own a sample is a real code only by the chance that any guess has.
///
/// # Errors
/// [`SeriesError::NoCodes`] where the space is empty.
pub fn samples(space: &Arc<Space>, key: &SeriesKey, most: u64) -> Result<Vec<String>, SeriesError> {
    let mut codes = Vec::new();
    Series::new(Arc::clone(space), key)?.codes(0, most, &mut |code| codes.push(code.to_owned()));
    Ok(codes)
}
