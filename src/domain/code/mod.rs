//! Codes that are not stored: what a pool's codes look like, how many there are, and in which secret order they are
//! handed out. It keeps one invariant: the codes of a series follow from pattern, exclusions, case rule and key alone,
//! and stay the same in every version, because nobody has them written down.
//!
//! A [`Pattern`] with [`Exclusions`] and a [`CaseMode`] is a [`CodeFormat`]; its codes, counted and ranked, are a
//! [`Space`]; a [`SeriesKey`] makes a [`Series`] of it. A [`PatternSet`] finds formats by the codes they can make.

mod automaton;
mod comparison;
mod exclusions;
mod feistel;
mod forgiving;
mod format;
mod grammar;
mod key;
mod layout;
mod literal;
mod number;
mod overlap;
mod pattern;
mod pattern_error;
mod pattern_set;
mod permutation;
mod preview;
mod series;
mod shuffle;
mod space;
mod table;
mod walk;
mod wide;
mod wide_feistel;

#[cfg(test)]
mod tests;

pub use comparison::{CaseMode, case_key, fold, typed};
pub use exclusions::{ExclusionError, Exclusions, MAX_CHARACTERS, MAX_PHRASE_LENGTH, MAX_PHRASES};
pub use forgiving::{plain, typed_form};
pub use format::{CodeFormat, FormatError};
pub use grammar::MAX_CELLS;
pub use key::SeriesKey;
pub(crate) use literal::is_invisible;
pub use overlap::shared_code;
pub use pattern::{Class, MAX_PLACES, Pattern, Place};
pub use pattern_error::PatternError;
pub use pattern_set::PatternSet;
pub use permutation::Permutation;
pub use preview::{
    COMBINATIONS_PER_CODE, Exclusion, ExclusionCost, LARGEST_BULK, bulk_limit, exclusion_costs, samples,
};
pub use series::{Series, SeriesError};
pub use space::{Space, SpaceError};
pub use walk::Walk;
