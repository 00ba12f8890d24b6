//! A format: pattern, exclusions and case rule together, which is all that decides what codes a pool can make. It keeps
//! one invariant: a format that disregards case never makes two codes that differ only in case.

use super::comparison::{CaseMode, fold, typed};
use super::exclusions::Exclusions;
use super::forgiving::plain_character;
use super::pattern::{Pattern, Place};

/// Why a pattern and a case rule do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The pattern makes both cases of a letter in one place, so the pool must be case-sensitive.
    #[error("pattern makes both cases of a letter in place {place}: the pool must be case-sensitive")]
    CaseForced {
        /// The first such place, counted from 0 in the code.
        place: usize,
    },
}

/// What decides the codes that a pool can make.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodeFormat {
    pattern: Pattern,
    exclusions: Exclusions,
    case: CaseMode,
}

impl CodeFormat {
    /// Puts the three together.
    ///
    /// # Errors
    /// [`FormatError::CaseForced`] where case is disregarded and the pattern mixes it.
    pub fn new(pattern: Pattern, exclusions: Exclusions, case: CaseMode) -> Result<Self, FormatError> {
        let mixed = |place: &Place| matches!(place, Place::Placeholder(class) if class.mixes_case());
        match (case, pattern.places().iter().position(mixed)) {
            (CaseMode::Insensitive, Some(place)) => Err(FormatError::CaseForced { place }),
            (CaseMode::Sensitive, _) | (CaseMode::Insensitive, None) => Ok(Self { pattern, exclusions, case }),
        }
    }

    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The exclusions.
    #[must_use]
    pub fn exclusions(&self) -> &Exclusions {
        &self.exclusions
    }

    /// How codes of this format are compared.
    #[must_use]
    pub fn case(&self) -> CaseMode {
        self.case
    }

    /// Whether this format can make the code, or one that is equal to it under the comparison; the pool's own rule
    /// stands where it is the looser one. Needs no tables: at most [`super::MAX_PHRASES`] searches in 64 characters.
    #[must_use]
    pub fn can_make(&self, code: &str, comparison: CaseMode) -> bool {
        let code = typed(code);
        let comparison = self.case.between(comparison);
        if code.chars().count() != self.pattern.length() {
            return false;
        }
        let fits = |(place, typed): (&Place, char)| {
            let typed = comparison.folded(typed);
            self.characters_of(place).any(|made| comparison.folded(made) == typed)
        };
        let folded: String = code.chars().map(fold).collect();
        self.pattern.places().iter().zip(code.chars()).all(fits)
            && !self.exclusions.folded_phrases().iter().any(|phrase| folded.contains(phrase.as_str()))
    }

    /// The same format with one excluded character admitted again.
    pub(super) fn admitting(&self, character: char) -> Self {
        Self { exclusions: self.exclusions.admitting(character), ..self.clone() }
    }

    /// The characters that each place may hold, phrases aside; literals are not touched by excluded characters.
    pub(super) fn admitted(&self) -> Vec<Vec<char>> {
        self.pattern.places().iter().map(|place| self.characters_of(place).collect()).collect()
    }

    /// The same of what is left where a typed code is [forgiven](super::plain).
    pub(super) fn admitted_plain(&self) -> Vec<Vec<char>> {
        let plain = |place| self.characters_of(place).filter_map(plain_character).collect::<Vec<_>>();
        self.pattern.places().iter().map(plain).filter(|characters| !characters.is_empty()).collect()
    }

    /// The code that a [plain](super::plain) text may mean: with the literals of the pattern, and the separators among
    /// them. None where they are others. Whether such a code is made is another question.
    pub(super) fn spelled(&self, plain: &[char]) -> Option<String> {
        let mut typed = plain.iter().copied();
        let mut code = String::with_capacity(self.pattern.text().len());
        for place in self.pattern.places() {
            match place {
                Place::Literal(literal) => {
                    if let Some(meant) = plain_character(*literal) {
                        typed.next().filter(|typed| self.case.folded(*typed) == self.case.folded(meant))?;
                    }
                    code.push(*literal);
                }
                Place::Placeholder(_) => code.push(typed.next()?),
            }
        }
        typed.next().is_none().then_some(code)
    }

    fn characters_of(&self, place: &Place) -> impl Iterator<Item = char> {
        let (literal, class) = match place {
            Place::Literal(character) => (Some(*character), None),
            Place::Placeholder(class) => (None, Some(*class)),
        };
        let chosen = class.into_iter().flat_map(super::pattern::Class::characters);
        literal.into_iter().chain(chosen.filter(|character| !self.exclusions.characters().contains(character)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(pattern: &str, characters: &[&str], phrases: &[&str], case: CaseMode) -> CodeFormat {
        CodeFormat::new(Pattern::parse(pattern).unwrap(), Exclusions::new(characters, phrases).unwrap(), case).unwrap()
    }

    #[test]
    fn a_pattern_that_mixes_case_is_case_sensitive() {
        let pattern = Pattern::parse("A-#*").unwrap();
        let refused = CodeFormat::new(pattern, Exclusions::default(), CaseMode::Insensitive);
        assert_eq!(refused, Err(FormatError::CaseForced { place: 3 }));
    }

    #[test]
    fn what_a_format_can_make() {
        use CaseMode::{Insensitive, Sensitive};
        let table = [
            ("AB-^#", Insensitive, Sensitive, " ab-x1 ", true),
            ("AB-^#", Sensitive, Sensitive, "ab-X1", false),
            ("AB-^#", Sensitive, Insensitive, "ab-x1", true),
            ("O-^#", Sensitive, Sensitive, "O-O1", false),
            ("O-^#", Sensitive, Sensitive, "O-A1", true),
            ("O-^#", Sensitive, Sensitive, "O-A", false),
            ("B^##", Sensitive, Sensitive, "BAD1", false),
            ("B^^#", Sensitive, Sensitive, "BAD1", false),
            ("B^^#", Sensitive, Sensitive, "BAX1", true),
        ];
        for (pattern, case, comparison, code, made) in table {
            let format = format(pattern, &["O"], &["bad"], case);
            assert_eq!(format.can_make(code, comparison), made, "{pattern} {code} {comparison:?}");
        }
    }
}
