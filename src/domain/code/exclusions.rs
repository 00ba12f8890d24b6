//! What codes must not contain. It keeps one invariant: a list that was accepted is within the bounds below, each
//! excluded character is one character, and no phrase is empty, so that the tables built from it stay bounded.

use std::collections::HashSet;

use super::comparison::{fold, nfc};

/// The most excluded characters that a list may name.
pub const MAX_CHARACTERS: usize = 256;
/// The most excluded phrases that a list may name.
pub const MAX_PHRASES: usize = 1_000;
/// The most characters of an excluded phrase; a longer one fits in no code.
pub const MAX_PHRASE_LENGTH: usize = 64;

/// Why a list of exclusions was refused. Indices count the entries of the list from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExclusionError {
    /// An entry of the excluded characters that is not one character.
    #[error("excluded character {found:?} (entry {index}) is not one character: list them one by one")]
    NotOneCharacter {
        /// Which entry of the excluded characters.
        index: usize,
        /// The entry itself.
        found: String,
    },
    /// A phrase without characters.
    #[error("excluded phrase (entry {index}) is empty: write 1 to {MAX_PHRASE_LENGTH} characters")]
    EmptyPhrase {
        /// Which entry of the excluded phrases.
        index: usize,
    },
    /// A phrase longer than any code.
    #[error("excluded phrase (entry {index}) has {length} characters: at most {MAX_PHRASE_LENGTH} are allowed")]
    PhraseTooLong {
        /// Which entry of the excluded phrases.
        index: usize,
        /// How many characters it has.
        length: usize,
    },
    /// Too many excluded characters.
    #[error("{count} excluded characters: at most {MAX_CHARACTERS} are allowed")]
    TooManyCharacters {
        /// How many were listed.
        count: usize,
    },
    /// Too many excluded phrases.
    #[error("{count} excluded phrases: at most {MAX_PHRASES} are allowed")]
    TooManyPhrases {
        /// How many were listed.
        count: usize,
    },
}

/// Characters that never appear in a placeholder's place, and phrases that never appear anywhere in a code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Exclusions {
    characters: Vec<char>,
    phrases: Vec<String>,
    folded: Vec<String>,
}

impl Exclusions {
    /// Accepts both lists. Entries are brought to normalisation form C; one that repeats an earlier one is dropped
    /// (phrases repeat without regard to case, characters do not).
    ///
    /// # Errors
    /// The first entry that is wrong, or the bound that a list goes past.
    pub fn new<C: AsRef<str>, P: AsRef<str>>(characters: &[C], phrases: &[P]) -> Result<Self, ExclusionError> {
        if characters.len() > MAX_CHARACTERS {
            return Err(ExclusionError::TooManyCharacters { count: characters.len() });
        }
        if phrases.len() > MAX_PHRASES {
            return Err(ExclusionError::TooManyPhrases { count: phrases.len() });
        }
        let mut accepted = Self::default();
        for (index, entry) in characters.iter().enumerate() {
            let character = one_character(index, entry.as_ref())?;
            if !accepted.characters.contains(&character) {
                accepted.characters.push(character);
            }
        }
        let mut seen = HashSet::new();
        for (index, entry) in phrases.iter().enumerate() {
            let phrase = checked_phrase(index, entry.as_ref())?;
            let folded: String = phrase.chars().map(fold).collect();
            if seen.insert(folded.clone()) {
                accepted.phrases.push(phrase);
                accepted.folded.push(folded);
            }
        }
        Ok(accepted)
    }

    /// The excluded characters, in the order they were listed.
    #[must_use]
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// The excluded phrases as they were written, in the order they were listed.
    #[must_use]
    pub fn phrases(&self) -> &[String] {
        &self.phrases
    }

    /// Whether nothing is excluded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.characters.is_empty() && self.phrases.is_empty()
    }

    /// The phrases as they are searched for, each beside its entry of [`Exclusions::phrases`].
    pub(super) fn folded_phrases(&self) -> &[String] {
        &self.folded
    }

    /// The same exclusions with one character admitted again.
    pub(super) fn admitting(&self, character: char) -> Self {
        let mut others = self.clone();
        others.characters.retain(|excluded| *excluded != character);
        others
    }
}

fn one_character(index: usize, entry: &str) -> Result<char, ExclusionError> {
    // Composing takes time by the text's length, so what cannot be one character is refused before it.
    let composed = if entry.chars().nth(MAX_PHRASE_LENGTH).is_some() { entry.into() } else { nfc(entry) };
    let mut characters = composed.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(character),
        (None, _) | (Some(_), Some(_)) => {
            let found = entry.chars().take(MAX_PHRASE_LENGTH).collect();
            Err(ExclusionError::NotOneCharacter { index, found })
        }
    }
}

fn checked_phrase(index: usize, entry: &str) -> Result<String, ExclusionError> {
    let phrase = nfc(entry);
    match phrase.chars().count() {
        0 => Err(ExclusionError::EmptyPhrase { index }),
        1..=MAX_PHRASE_LENGTH => Ok(phrase.into_owned()),
        length => Err(ExclusionError::PhraseTooLong { index, length }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(characters: &[&str], phrases: &[&str]) -> ExclusionError {
        Exclusions::new(characters, phrases).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_named_by_its_entry() {
        use ExclusionError as E;
        let found = |index, found: &str| E::NotOneCharacter { index, found: found.to_owned() };
        assert_eq!(error(&["O", "0,1"], &[]), found(1, "0,1"));
        assert_eq!(error(&[""], &[]), found(0, ""));
        assert_eq!(error(&[], &["ab", ""]), E::EmptyPhrase { index: 1 });
        assert_eq!(error(&[], &[&"x".repeat(65)]), E::PhraseTooLong { index: 0, length: 65 });
        assert_eq!(error(&[], &["x"; 1_001]), E::TooManyPhrases { count: 1_001 });
        assert_eq!(error(&["x"; 257], &[]), E::TooManyCharacters { count: 257 });
        assert_eq!(error(&[&"x".repeat(9_999)], &[]), found(0, &"x".repeat(64)));
    }

    #[test]
    fn repeats_are_dropped_and_what_was_written_is_kept() {
        let accepted = Exclusions::new(&["O", "o", "O", "E\u{301}"], &["Bad", "bAD", "worse"]).unwrap();
        assert_eq!(accepted.characters(), ['O', 'o', 'É']);
        assert_eq!(accepted.phrases(), ["Bad", "worse"]);
        assert_eq!(accepted.folded_phrases(), ["bad", "worse"]);
    }
}
