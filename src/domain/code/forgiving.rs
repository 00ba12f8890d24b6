//! What is forgiven in a code that a person typed: separators that are missing or of another kind, full-width letters,
//! the Turkish i's, and characters that print nothing (product section 2). It keeps one invariant: what is forgiven of a
//! code does not depend on what stands around a character, so that it can be compared place by place.

use super::comparison::{CaseMode, fold, nfc};
use super::literal::is_invisible;

/// The longest text that is looked at: a blank between any two characters of the longest code, and some around it.
const MOST: usize = 3 * super::MAX_PLACES;
/// How far the full-width forms stand from the characters of ASCII that they are forms of (U+FF01 to U+FF5E).
const FULL_WIDTH: u32 = 0xfee0;

/// What is left of a typed code when all that is forgiven is left out; case is kept. Empty for what is too long to be a
/// code.
#[must_use]
pub fn plain(code: &str) -> String {
    let code = code.trim();
    if code.chars().nth(MOST).is_some() {
        return String::new();
    }
    nfc(code).chars().filter_map(plain_character).collect()
}

/// The text under which a typed code is looked for where the code itself is not found: [`plain`] without regard to case.
#[must_use]
pub fn typed_form(code: &str) -> String {
    plain(code).chars().map(fold).collect()
}

impl CaseMode {
    /// Whether a typed text may mean a code.
    #[must_use]
    pub fn forgives(self, code: &str, typed: &str) -> bool {
        let folded = |text| plain(text).chars().map(|character| self.folded(character)).collect::<String>();
        folded(code) == folded(typed)
    }
}

/// The character that a typed one means; none for one that means nothing.
pub(super) fn plain_character(character: char) -> Option<char> {
    match character {
        // The dot that lower case makes of `İ`, as a character of its own.
        '\u{307}' => None,
        'ı' => Some('i'),
        'İ' => Some('I'),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - FULL_WIDTH).and_then(plain_character),
        _ if is_separator(character) || is_invisible(character) => None,
        _ => Some(character),
    }
}

/// White space, and the dashes of Unicode with what is typed for them.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '\u{58a}' | '\u{5be}' | '\u{1806}' | '\u{2010}'
                ..='\u{2015}'
                    | '\u{2043}'
                    | '\u{2212}'
                    | '\u{2e3a}'
                    | '\u{2e3b}'
                    | '\u{301c}'
                    | '\u{3030}'
                    | '\u{fe31}'
                    | '\u{fe32}'
                    | '\u{fe58}'
                    | '\u{fe63}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgiven() {
        for (typed, form) in [
            ("ABCD-EFGH", "abcdefgh"),
            (" abcd efgh ", "abcdefgh"),
            ("SPRING–10", "spring10"),
            ("SPRING−10", "spring10"),
            ("ＳＰＲＩＮＧ－１０", "spring10"),
            ("ındırım20", "indirim20"),
            ("İNDİRİM20", "indirim20"),
            ("i\u{307}ndi\u{307}rim20", "indirim20"),
            ("SP\u{200b}RING\u{feff}10\u{202e}", "spring10"),
            ("CAFE\u{301}-1", "café1"),
            ("A_B.C/1", "a_b.c/1"),
            (" — ", ""),
        ] {
            assert_eq!(typed_form(typed), form, "{typed:?}");
        }
        assert_eq!(typed_form(&"x ".repeat(super::super::MAX_PLACES)), "x".repeat(super::super::MAX_PLACES));
        assert_eq!(typed_form(&"x".repeat(1_000_000)), "");
    }

    #[test]
    fn case_counts_where_the_pool_says_so() {
        assert!(CaseMode::Insensitive.forgives("Ab-1", "aB 1") && CaseMode::Sensitive.forgives("Ab-1", "Ab1"));
        assert!(!CaseMode::Sensitive.forgives("Ab-1", "aB1") && !CaseMode::Insensitive.forgives("Ab-1", "Ab-2"));
        assert!(CaseMode::Sensitive.forgives("INDIRIM", "İNDİRİM"));
    }

    #[test]
    fn a_form_is_its_own_form() {
        for character in '\0'..=char::MAX {
            let form = typed_form(&format!("x{character}x"));
            assert_eq!(typed_form(&form), form, "{character:?}");
        }
    }
}
