//! Cells of files that people open in spreadsheets, which run what looks like a formula (OWASP, "CSV Injection"). One rule
//! keeps them from it, and it can be taken back exactly, so that a file that was exported can be imported:
//!
//! A cell's pieces are what its semicolons, tabs and line ends part, because spreadsheets of many languages begin a new
//! cell there. A piece gets an apostrophe at its beginning where it begins with one, or with a sign that begins a formula
//! (`=`, `+`, `-`, `@`, in full width too), also behind blanks, quotes and signs that print nothing. So does a cell that
//! begins with a tab or a line end. To read a cell, one apostrophe is taken from each piece that begins with one.

use std::borrow::Cow;

use super::code::is_invisible;

/// What parts the pieces of a cell.
const PARTING: [char; 4] = [';', '\t', '\r', '\n'];

/// A text as a cell in which nothing is run.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !pieces(text).any(|(first, piece)| is_marked(first, piece)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + PARTING.len());
    for (first, piece) in pieces(text) {
        if is_marked(first, piece) {
            escaped.push('\'');
        }
        escaped.push_str(piece);
    }
    Cow::Owned(escaped)
}

/// The text of a cell that [`escape`] made.
#[must_use]
pub fn unescape(cell: &str) -> Cow<'_, str> {
    if !cell.contains('\'') {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(pieces(cell).map(|(_, piece)| piece.strip_prefix('\'').unwrap_or(piece)).collect())
}

/// The pieces, each with the sign that ends it, and whether it is the first.
fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split_inclusive(PARTING).enumerate().map(|(number, piece)| (number == 0, piece))
}

/// Whether a piece gets an apostrophe.
fn is_marked(first: bool, piece: &str) -> bool {
    let is_passed_over = |sign: char| sign == '"' || sign.is_whitespace() || sign.is_control() || is_invisible(sign);
    match piece.chars().find(|sign| !is_passed_over(*sign)) {
        Some(sign) => piece.starts_with('\'') || begins_a_formula(sign),
        None => first && piece.ends_with(['\t', '\r', '\n']),
    }
}

/// Whether a spreadsheet takes what begins with this sign for a formula, or an input method's form of it.
fn begins_a_formula(sign: char) -> bool {
    matches!(sign,
        '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}' | '\u{fe66}' | '\u{fe62}' | '\u{fe63}'
        | '\u{fe6b}' | '\u{207a}'..='\u{207c}' | '\u{208a}'..='\u{208c}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells() {
        for (text, expected) in [
            ("", ""),
            ("ABC-123", "ABC-123"),
            ("A=1", "A=1"),
            ("=1+2", "'=1+2"),
            ("-5", "'-5"),
            ("@SUM(A1,B1)", "'@SUM(A1,B1)"),
            ("\u{ff1d}1+1", "'\u{ff1d}1+1"),
            ("\u{ff0b}1", "'\u{ff0b}1"),
            ("\u{ff0d}1", "'\u{ff0d}1"),
            ("\u{ff20}x", "'\u{ff20}x"),
            ("\u{200b}=1", "'\u{200b}=1"),
            ("\u{feff}\u{2060} =1", "'\u{feff}\u{2060} =1"),
            (" =1", "' =1"),
            ("\"=1", "'\"=1"),
            ("x;=1+1", "x;'=1+1"),
            ("x; +1;y", "x;' +1;y"),
            ("x\t=1", "x\t'=1"),
            ("x\r\n=1", "x\r\n'=1"),
            ("\tx", "'\tx"),
            ("\r", "'\r"),
            ("'x", "''x"),
            ("'=x", "''=x"),
            ("x;'y", "x;''y"),
            ("O'Neill", "O'Neill"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
            assert_eq!(unescape(expected), text, "{expected:?}");
        }
    }

    /// Texts that are mostly of the signs that matter.
    fn hostile() -> impl Strategy<Value = String> {
        let sign = prop_oneof![
            4 => proptest::sample::select("=+-@;\t\r\n'\", \u{200b}\u{feff}\u{a0}\u{ff1d}\u{ff0d}x1".chars().collect::<Vec<_>>()),
            1 => any::<char>(),
        ];
        proptest::collection::vec(sign, 0..12).prop_map(|signs| signs.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_is_written_can_be_read_and_runs_nothing(text in hostile()) {
            let cell = escape(&text);
            prop_assert_eq!(unescape(&cell), text.as_str());
            // However a spreadsheet parts it and whatever it passes over, an apostrophe or something harmless comes first.
            for piece in cell.split(PARTING) {
                let first = piece.chars().find(|sign| !(*sign == '"' || sign.is_whitespace() || is_invisible(*sign) || sign.is_control()));
                prop_assert!(piece.starts_with('\'') || first.is_none_or(|sign| !begins_a_formula(sign)), "{:?}", cell);
            }
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{:?}", cell);
        }
    }
}
