//! How codes are compared: what a person typed, with or without regard to case. It keeps one invariant: folding is
//! one character to one character and idempotent, so that a folded code has the length and the positions of the code.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Whether a pool tells codes apart that differ in nothing but upper and lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaseMode {
    /// `ab1` and `AB1` are two codes.
    Sensitive,
    /// `ab1` and `AB1` are one code, written as the pattern writes it.
    Insensitive,
}

impl CaseMode {
    /// The comparison that holds between two pools: without regard to case as soon as one of them disregards it.
    #[must_use]
    pub fn between(self, other: Self) -> Self {
        match (self, other) {
            (Self::Sensitive, Self::Sensitive) => Self::Sensitive,
            (Self::Insensitive, _) | (_, Self::Insensitive) => Self::Insensitive,
        }
    }

    /// The character that stands for `character` in comparisons of this kind.
    #[must_use]
    pub fn folded(self, character: char) -> char {
        match self {
            Self::Sensitive => character,
            Self::Insensitive => fold(character),
        }
    }
}

/// The character that stands for both cases of a letter: Unicode's simple mappings, applied only where they give one
/// character. A character outside ASCII never folds into ASCII (`ſ`, `ı`), so that what looks different stays different.
#[must_use]
pub fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let upper = only(character.to_uppercase()).unwrap_or(character);
    let folded = only(upper.to_lowercase()).unwrap_or(upper);
    if folded.is_ascii() { character } else { folded }
}

fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next();
    if characters.next().is_some() { None } else { first }
}

/// What a person typed, as it is looked up: without white space around it, in normalisation form C (UAX #15).
#[must_use]
pub fn typed(text: &str) -> Cow<'_, str> {
    nfc(text.trim())
}

/// The text under which a code is unique where case is disregarded: normalised, trimmed and folded.
#[must_use]
pub fn case_key(code: &str) -> String {
    typed(code).chars().map(fold).collect()
}

pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_idempotent_and_keeps_ascii_to_itself() {
        for character in '\0'..=char::MAX {
            let folded = fold(character);
            assert_eq!(fold(folded), folded, "{character:?}");
            assert_eq!(folded.is_ascii(), character.is_ascii(), "{character:?}");
        }
    }

    #[test]
    fn both_cases_of_a_letter_fold_alike() {
        for (one, other) in [('A', 'a'), ('É', 'é'), ('Σ', 'ς'), ('σ', 'ς'), ('Я', 'я'), ('ß', 'ẞ')] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        for (one, other) in [('ı', 'i'), ('ſ', 's'), ('É', 'E')] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_typed_is_trimmed_and_composed() {
        assert_eq!(typed("  AB1\u{a0}\n"), "AB1");
        assert_eq!(typed("CAFE\u{301}"), "CAFÉ");
        assert_eq!(case_key(" CAFE\u{301}-1 "), "café-1");
    }

    #[test]
    fn one_pool_without_regard_to_case_decides_for_both() {
        use CaseMode::{Insensitive, Sensitive};
        assert_eq!(Sensitive.between(Sensitive), Sensitive);
        assert_eq!(Sensitive.between(Insensitive), Insensitive);
        assert_eq!(Insensitive.between(Sensitive), Insensitive);
    }
}
