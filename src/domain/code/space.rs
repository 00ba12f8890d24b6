//! The code space of a format: exactly the codes that it allows, counted, and each with a rank. It keeps one invariant:
//! `unrank` and `rank` are each other's inverse between 0 and the count, and nothing outside the space has a rank.

use std::sync::Arc;

use num_bigint::BigUint;

use super::format::CodeFormat;
use super::grammar::{Grammar, MAX_CELLS};
use super::number::Number;
use super::table::Table;
use super::wide::Wide;

/// Why the tables of a format were not built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpaceError {
    /// Places and phrases together are too many.
    #[error("excluded phrases need a table of {cells} cells in this pattern: at most {MAX_CELLS} are allowed")]
    TooManyCells {
        /// How many pairs of place and state there would be.
        cells: usize,
    },
    /// The tables would be larger than they may be.
    #[error("excluded phrases need tables of {bytes} bytes in this pattern: at most {most} are allowed")]
    TooLarge {
        /// How many bytes they would take.
        bytes: usize,
        /// How many they may.
        most: usize,
    },
}

#[derive(Debug)]
enum Tables {
    Small(Table<u64>),
    Large(Table<u128>),
    Huge(Table<Wide>),
}

/// The codes that a format allows. Building costs time and memory by the excluded phrases; reading costs neither.
#[derive(Debug)]
pub struct Space {
    format: Arc<CodeFormat>,
    grammar: Grammar,
    tables: Tables,
    count: BigUint,
}

impl Space {
    /// Counts the codes of a format. A format whose exclusions leave nothing has a space with the count 0.
    ///
    /// # Errors
    /// [`SpaceError::TooManyCells`] where the tables would go past [`MAX_CELLS`].
    pub fn new(format: Arc<CodeFormat>) -> Result<Self, SpaceError> {
        Self::within(format, usize::MAX)
    }

    /// The same, unless its tables would take more than so many bytes: they are not built then.
    ///
    /// # Errors
    /// As [`Space::new`], and [`SpaceError::TooLarge`].
    pub fn within(format: Arc<CodeFormat>, most: usize) -> Result<Self, SpaceError> {
        let grammar = grammar(&format)?;
        let bytes = bytes(&grammar);
        if bytes > most {
            return Err(SpaceError::TooLarge { bytes, most });
        }
        let tables = Tables::new(&grammar, &grammar.automaton.dead);
        let count = tables.total(&grammar).to_big();
        Ok(Self { format, grammar, tables, count })
    }

    /// How many bytes the tables of a format take, told without building them.
    ///
    /// # Errors
    /// As [`Space::new`].
    pub fn bytes_of(format: &CodeFormat) -> Result<usize, SpaceError> {
        Ok(bytes(&grammar(format)?))
    }

    /// The format whose codes these are.
    #[must_use]
    pub fn format(&self) -> &Arc<CodeFormat> {
        &self.format
    }

    /// How many codes there are, exactly.
    #[must_use]
    pub fn count(&self) -> &BigUint {
        &self.count
    }

    /// The rank of a code, from 0 up to the count; none for what the space does not hold. The code is compared as the
    /// format compares; it is neither trimmed nor normalised here (see [`super::typed`]).
    #[must_use]
    pub fn rank(&self, code: &str) -> Option<BigUint> {
        Some(self.wide_rank(code)?.to_big())
    }

    /// The code of a rank, in the case that the pattern writes; none from the count on.
    #[must_use]
    pub fn unrank(&self, rank: &BigUint) -> Option<String> {
        let mut code = String::with_capacity(self.grammar.length());
        self.write_wide(Wide::from_big(rank)?, &mut code).then_some(code)
    }

    /// The rank of a code, where it fits 128 bits; without allocation.
    #[must_use]
    pub fn rank_u128(&self, code: &str) -> Option<u128> {
        self.wide_rank(code)?.to_u128()
    }

    /// Appends the code of a rank to a text, allocating nothing where the text has room; false, and nothing appended,
    /// from the count on.
    pub fn write(&self, rank: u128, code: &mut String) -> bool {
        match &self.tables {
            Tables::Small(table) => match u64::try_from(rank) {
                Ok(rank) => append(table, &self.grammar, rank, code),
                Err(_) => false,
            },
            Tables::Large(table) => append(table, &self.grammar, rank, code),
            Tables::Huge(table) => append(table, &self.grammar, Wide::from(rank), code),
        }
    }

    /// How many bytes the tables take, near enough to bound a cache of spaces by.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.counts_memory() + self.grammar.memory()
    }

    pub(super) fn wide_rank(&self, code: &str) -> Option<Wide> {
        let case = self.format.case();
        match &self.tables {
            Tables::Small(table) => table.rank(&self.grammar, code, case).map(Number::widen),
            Tables::Large(table) => table.rank(&self.grammar, code, case).map(Number::widen),
            Tables::Huge(table) => table.rank(&self.grammar, code, case),
        }
    }

    /// The ranks of the codes that begin with a text: the first, and how many.
    pub(super) fn wide_ranks(&self, prefix: &str) -> Option<(Wide, Wide)> {
        fn wide<N: Number>((first, count): (N, N)) -> (Wide, Wide) {
            (first.widen(), count.widen())
        }
        let case = self.format.case();
        match &self.tables {
            Tables::Small(table) => table.ranks(&self.grammar, prefix, case).map(wide),
            Tables::Large(table) => table.ranks(&self.grammar, prefix, case).map(wide),
            Tables::Huge(table) => table.ranks(&self.grammar, prefix, case),
        }
    }

    pub(super) fn write_wide(&self, rank: Wide, code: &mut String) -> bool {
        match (&self.tables, rank.to_u128()) {
            (Tables::Huge(table), _) => append(table, &self.grammar, rank, code),
            (Tables::Small(_) | Tables::Large(_), Some(rank)) => self.write(rank, code),
            (Tables::Small(_) | Tables::Large(_), None) => false,
        }
    }

    /// How many codes there would be were one phrase, by its place in the list, not excluded.
    pub(super) fn count_without(&self, phrase: u32) -> BigUint {
        let dead = self.grammar.automaton.dead_without(Some(phrase));
        Tables::new(&self.grammar, &dead).total(&self.grammar).to_big()
    }

    /// How many bytes the counts take, to which the time of counting is proportional.
    pub(super) fn counts_memory(&self) -> usize {
        match &self.tables {
            Tables::Small(table) => table.memory(),
            Tables::Large(table) => table.memory(),
            Tables::Huge(table) => table.memory(),
        }
    }
}

impl Tables {
    /// Counts in the narrowest numbers that hold the product of the places, which no count goes past. A place without
    /// characters counts as one: those after it have counts all the same.
    fn new(grammar: &Grammar, dead: &[bool]) -> Self {
        match bits(grammar) {
            0..=64 => Self::Small(Table::new(grammar, dead)),
            65..=128 => Self::Large(Table::new(grammar, dead)),
            _ => Self::Huge(Table::new(grammar, dead)),
        }
    }

    fn total(&self, grammar: &Grammar) -> Wide {
        match self {
            Self::Small(table) => table.total(grammar).widen(),
            Self::Large(table) => table.total(grammar).widen(),
            Self::Huge(table) => table.total(grammar),
        }
    }
}

/// How long the product of the places is, which no count goes past.
fn bits(grammar: &Grammar) -> u64 {
    let sizes = (0..grammar.length()).map(|place| grammar.layout.set(place).characters.len().max(1));
    sizes.fold(BigUint::from(1_u8), |product, size| product * size).bits()
}

fn grammar(format: &CodeFormat) -> Result<Grammar, SpaceError> {
    let phrases = format.exclusions().folded_phrases().iter().map(String::as_str);
    Grammar::new(format.admitted(), phrases)
}

/// How many bytes a grammar and its counts take.
fn bytes(grammar: &Grammar) -> usize {
    let number = match bits(grammar) {
        0..=64 => size_of::<u64>(),
        65..=128 => size_of::<u128>(),
        _ => size_of::<Wide>(),
    };
    let sums: usize = (0..grammar.length()).map(|place| grammar.layout.set(place).slots.len() + 1).sum();
    (grammar.cells() + sums) * number + grammar.memory()
}

fn append<N: Number>(table: &Table<N>, grammar: &Grammar, rank: N, code: &mut String) -> bool {
    let held = rank < table.total(grammar);
    if held {
        table.write(grammar, rank, code);
    }
    held
}
