//! Spaces against every text there is, and large ones against a count of another kind.

use std::collections::HashMap;

use num_bigint::BigUint;
use proptest::prelude::*;

use super::super::grammar::Grammar;
use super::super::number::Number;
use super::super::table::Table;
use super::super::wide::Wide;
use super::*;

fn holds_exactly(format: &Arc<CodeFormat>, expected: &[String]) {
    let space = Space::new(Arc::clone(format)).unwrap();
    assert_eq!(space.count(), &BigUint::from(expected.len()), "{format:?}");
    for (rank, code) in expected.iter().enumerate() {
        assert_eq!(space.unrank(&BigUint::from(rank)).as_deref(), Some(code.as_str()), "{format:?}");
        assert_eq!(space.rank(code), Some(BigUint::from(rank)), "{format:?}");
        assert_eq!(space.rank_u128(code), Some(rank as u128));
        if format.case() == CaseMode::Insensitive {
            assert_eq!(space.rank_u128(&code.to_lowercase()), Some(rank as u128));
            assert_eq!(space.rank_u128(&code.to_uppercase()), Some(rank as u128));
        }
        assert!(format.can_make(code, CaseMode::Sensitive));
    }
    assert_eq!(space.unrank(&BigUint::from(expected.len())), None);
}

fn agrees<N: Number>(format: &CodeFormat, expected: &[String]) {
    let phrases = format.exclusions().folded_phrases().iter().map(String::as_str);
    let grammar = Grammar::new(format.admitted(), phrases).unwrap();
    let table = Table::<N>::new(&grammar, &grammar.automaton.dead);
    assert_eq!(table.total(&grammar).widen(), Wide::from(expected.len() as u128));
    let mut rank = N::ZERO;
    for code in expected {
        let mut written = String::new();
        table.write(&grammar, rank, &mut written);
        assert_eq!(&written, code);
        assert!(table.rank(&grammar, code, format.case()) == Some(rank));
        rank = rank.plus(N::ONE);
    }
}

proptest! {
    #![proptest_config(cases(300))]
    #[test]
    fn small_spaces_hold_every_allowed_code_once(format in small_formats()) {
        let expected = every_code(&format);
        let format = Arc::new(format);
        holds_exactly(&format, &expected);
        agrees::<u64>(&format, &expected);
        agrees::<u128>(&format, &expected);
        agrees::<Wide>(&format, &expected);
    }
}

#[test]
fn counts_are_those_of_a_search() {
    let table: [(&str, &[&str], &[&str], usize); 16] = [
        ("###", &[], &[], 1_000),
        ("A\\#B", &[], &[], 1),
        ("###", &["0"], &[], 729),
        ("0-##", &["0"], &[], 81),
        ("####", &[], &["11"], 9_720),
        ("####", &[], &["121", "212"], 9_962),
        ("###", &[], &["12", "123", "23"], 961),
        ("1#3", &[], &["123"], 9),
        ("1##3", &[], &["13", "11", "33"], 64),
        ("AB##", &[], &["b1"], 90),
        ("AB##", &[], &["ab"], 0),
        ("##", &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], &[], 0),
        ("##", &[], &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], 0),
        ("É#", &[], &["é1", "e\u{301}2"], 8),
        ("##", &[], &["123"], 100),
        ("SAME", &[], &[], 1),
    ];
    for (pattern, characters, phrases, count) in table {
        let format = format(pattern, characters, phrases, CaseMode::Sensitive);
        let expected = every_code(&format);
        holds_exactly(&format, &expected);
        assert_eq!(expected.len(), count, "{pattern} {phrases:?}");
    }
}

#[test]
fn nothing_outside_the_space_has_a_rank() {
    let space = space("AB-^#", &["O"], &["x1"]);
    for code in ["", "AB-A", "AB-A11", "ab-A1", "AB-a1", "AB-O1", "AB-X1", "AB-AA", "XB-A1", "AB-É1", " AB-A1"] {
        assert_eq!(space.rank(code), None, "{code:?}");
    }
    assert!(space.rank("AB-A1").is_some());
    let mut text = String::from("kept");
    assert!(!space.write(u128::MAX, &mut text) && !space.write(249, &mut text));
    assert_eq!(text, "kept");
    assert!(space.write(248, &mut text));
    assert_eq!(text, "keptAB-Z9");
}

/// Counts by remembering the end of the text so far, as long as the longest phrase: slow, and plainly right.
fn counted_by_endings(format: &CodeFormat) -> BigUint {
    let phrases = format.exclusions().folded_phrases();
    let longest = phrases.iter().map(|phrase| phrase.chars().count()).max().unwrap_or(1);
    let mut endings = HashMap::from([(String::new(), BigUint::from(1_u8))]);
    for characters in format.admitted() {
        let mut longer: HashMap<String, BigUint> = HashMap::new();
        for (ending, count) in &endings {
            for next in &characters {
                let text: String = ending.chars().chain([fold(*next)]).collect();
                if phrases.iter().any(|phrase| text.ends_with(phrase.as_str())) {
                    continue;
                }
                let kept = text.chars().skip(text.chars().count().saturating_sub(longest - 1)).collect();
                *longer.entry(kept).or_default() += count;
            }
        }
        endings = longer;
    }
    endings.values().sum()
}

#[test]
fn large_spaces_are_counted_exactly_and_come_back() {
    let phrases = ["ass", "sex", "as1", "1a", "xxx", "a-a", "ss"];
    let bits = [("$".repeat(12), 63), ("$".repeat(24), 125), ("*".repeat(26), 155), (["*"; 32].join("-"), 191)];
    for (pattern, expected_bits) in bits.into_iter().chain([("*".repeat(64), 382)]) {
        let space = space(&pattern, &["0", "O"], &phrases);
        assert_eq!(space.count(), &counted_by_endings(space.format()), "{pattern}");
        assert!(space.count().bits().abs_diff(expected_bits) < 5, "{pattern} {}", space.count().bits());
        let last = space.count() - 1_u8;
        for part in 0..200_u32 {
            let rank = &last * part / 199_u32;
            let code = space.unrank(&rank).unwrap();
            assert_eq!(space.rank(&code), Some(rank), "{pattern} {code}");
            assert!(space.format().can_make(&code, CaseMode::Sensitive), "{pattern} {code}");
        }
        assert_eq!(space.unrank(space.count()), None);
    }
}

#[test]
fn an_empty_place_empties_the_space_whatever_follows() {
    let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let space = space(&format!("#{}", "*".repeat(63)), &digits, &["ab"]);
    assert_eq!(space.count(), &BigUint::from(0_u8));
    assert_eq!((space.unrank(&BigUint::from(0_u8)), Series::new(space, &key(1)).is_err()), (None, true));
}

#[test]
fn too_many_cells_are_refused_with_the_bound() {
    let phrases: Vec<String> = (0..1_000).map(|index| format!("{index:03}{}", "ab".repeat(14))).collect();
    let phrases: Vec<&str> = phrases.iter().map(String::as_str).collect();
    let refused = Space::new(format(&"$".repeat(64), &[], &phrases, CaseMode::Sensitive)).unwrap_err();
    assert!(refused.to_string().ends_with("at most 800000 are allowed"), "{refused}");
    assert!(Space::new(format(&"$".repeat(40), &[], &phrases, CaseMode::Sensitive)).is_ok());
}
