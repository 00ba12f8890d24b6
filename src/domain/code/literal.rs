//! Which characters a pattern may hold as literals. It keeps one invariant: a code made of accepted literals and ASCII
//! is in normalisation form C whatever stands next to them, so what a person types can be normalised before a lookup.

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, is_nfc_quick};

use super::pattern_error::PatternError;

/// Accepts a literal, or says what is wrong with it. `escaped` admits the characters that look like placeholders.
pub(super) fn check_literal(found: char, position: usize, escaped: bool) -> Result<char, PatternError> {
    if found.is_control() || is_invisible(found) {
        return Err(PatternError::Control { position, found });
    }
    if !stands_alone(found) {
        return Err(PatternError::NotComposed { position, found });
    }
    match lookalike(found) {
        Some(meant) if !escaped => Err(PatternError::UnknownPlaceholder { position, found, meant }),
        Some(_) | None => Ok(found),
    }
}

/// Whether the character is its own normalisation and stays so after any other. A character that may compose with the
/// one before it ("maybe" in the quick check of UAX #15), or be reordered, would change the code it is part of.
fn stands_alone(character: char) -> bool {
    character.is_ascii()
        || (is_nfc_quick(std::iter::once(character)) == IsNormalized::Yes && canonical_combining_class(character) == 0)
}

/// Format characters that print nothing: two codes could look the same, or turn the text around them.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The marker that a full-width or small form looks like: what an input method writes for `#` is not `#`.
fn lookalike(character: char) -> Option<char> {
    match character {
        '\u{ff03}' | '\u{fe5f}' => Some('#'),
        '\u{ff20}' | '\u{fe6b}' => Some('@'),
        '\u{ff3e}' => Some('^'),
        '\u{ff0a}' | '\u{fe61}' => Some('*'),
        '\u{ff04}' | '\u{fe69}' => Some('$'),
        '\u{ff3c}' | '\u{fe68}' => Some('\\'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn accepted_literals_are_their_own_normalisation_beside_any_other() {
        for character in ('\u{80}'..=char::MAX).filter(|character| check_literal(*character, 0, true).is_ok()) {
            for text in [format!("A{character}1"), format!("{character}{character}")] {
                assert!(text.nfc().eq(text.chars()), "{character:?}");
            }
        }
    }

    #[test]
    fn letters_of_other_scripts_are_accepted() {
        for character in ['É', 'ß', 'Ж', '木', '한', 'ñ', '€', '🎁', 'ก'] {
            assert_eq!(check_literal(character, 0, false), Ok(character));
        }
    }
}
