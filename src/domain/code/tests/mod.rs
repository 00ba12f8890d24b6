//! Proof of the code module: exhaustive where spaces are small, statistical where they are large, with fixed seeds.

mod exhaustive;
mod fixture;
mod overlap;
mod permutation;
mod preview;
mod series;
mod statistics;

use std::sync::Arc;

use proptest::prelude::*;

use super::{CaseMode, CodeFormat, Exclusions, Pattern, Series, SeriesKey, Space, fold};

pub(super) fn format(pattern: &str, characters: &[&str], phrases: &[&str], case: CaseMode) -> Arc<CodeFormat> {
    let exclusions = Exclusions::new(characters, phrases).unwrap();
    Arc::new(CodeFormat::new(Pattern::parse(pattern).unwrap(), exclusions, case).unwrap())
}

pub(super) fn space(pattern: &str, characters: &[&str], phrases: &[&str]) -> Arc<Space> {
    Arc::new(Space::new(format(pattern, characters, phrases, CaseMode::Sensitive)).unwrap())
}

pub(super) fn key(seed: u8) -> SeriesKey {
    SeriesKey::new([seed; 32])
}

pub(super) fn series(pattern: &str, characters: &[&str], phrases: &[&str], seed: u8) -> Series {
    Series::new(space(pattern, characters, phrases), &key(seed)).unwrap()
}

/// Every code of a format in the order of ranks, found by trying every text.
pub(super) fn every_code(format: &CodeFormat) -> Vec<String> {
    let mut codes = vec![String::new()];
    for characters in format.admitted() {
        let longer = |code: &String| characters.iter().map(|next| format!("{code}{next}")).collect::<Vec<_>>();
        codes = codes.iter().flat_map(longer).collect();
    }
    let phrases = format.exclusions().folded_phrases();
    codes.retain(|code| {
        let folded: String = code.chars().map(fold).collect();
        !phrases.iter().any(|phrase| folded.contains(phrase.as_str()))
    });
    codes.sort_by_cached_key(|code| code.chars().map(|character| (fold(character), character)).collect::<Vec<_>>());
    codes
}

/// Formats of up to five places over few characters, so that phrases meet often.
pub(super) fn small_formats() -> impl Strategy<Value = CodeFormat> {
    let place = prop::sample::select(vec!["#", "@", "^", "*", "$", "a", "B", "-", "1", "É"]);
    let letter = prop::sample::select(vec!['a', 'B', 'b', 'A', '0', '1', '-', 'é', 'c']);
    let phrase = prop::collection::vec(letter, 1..4).prop_map(|letters| letters.into_iter().collect::<String>());
    let parts = (prop::collection::vec(place, 1..=5), prop::collection::vec(phrase, 0..6), any::<bool>());
    parts.prop_map(|(places, phrases, sensitive)| {
        let pattern = Pattern::parse(&places.concat()).unwrap();
        let excluded = ('0'..='9').chain('A'..='Z').chain('a'..='z').filter(|other| !"aAbB01".contains(*other));
        let excluded: Vec<String> = excluded.map(String::from).collect();
        let case = if sensitive || pattern.mixes_case() { CaseMode::Sensitive } else { CaseMode::Insensitive };
        CodeFormat::new(pattern, Exclusions::new(&excluded, &phrases).unwrap(), case).unwrap()
    })
}

/// No file is written beside the sources: a failure prints its input.
pub(super) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
