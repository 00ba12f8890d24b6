//! Walking an ordered list of codes for those that a format could make. It keeps one invariant: what it passes over fits
//! no place by place comparison, so no code that the format makes is missed.

use super::comparison::fold;
use super::format::CodeFormat;

/// The folded characters of each place of a format, in order.
#[derive(Debug, Clone)]
pub struct Walk {
    places: Vec<Vec<char>>,
}

impl Walk {
    /// The walk of a format.
    #[must_use]
    pub fn new(format: &CodeFormat) -> Self {
        let folded = |characters: Vec<char>| {
            let mut folded: Vec<_> = characters.into_iter().map(fold).collect();
            folded.sort_unstable();
            folded.dedup();
            folded
        };
        Self { places: format.admitted().into_iter().map(folded).collect() }
    }

    /// The least text at or after `from`, by its characters' numbers, that fits every place; phrases and case aside.
    #[must_use]
    pub fn at_or_after(&self, from: &str) -> Option<String> {
        let from: Vec<char> = from.chars().take(self.places.len() + 1).collect();
        let fits = |(place, character): (&Vec<char>, &char)| place.binary_search(character).is_ok();
        let fitting = self.places.iter().zip(&from).take_while(|pair| fits(*pair)).count();
        if fitting == from.len() {
            return self.completed(from);
        }
        // The place that does not fit, or is one too many, has to rise, or else one before it.
        (0..=fitting).rev().find_map(|place| {
            let (held, characters) = (from.get(place)?, self.places.get(place)?);
            let higher = characters.iter().find(|character| *character > held)?;
            self.completed(from.iter().take(place).chain([higher]).copied().collect())
        })
    }

    fn completed(&self, mut text: Vec<char>) -> Option<String> {
        for place in self.places.iter().skip(text.len()) {
            text.push(*place.first()?);
        }
        Some(text.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{CaseMode, Exclusions, Pattern};
    use super::*;

    fn walk(pattern: &str, excluded: &[&str]) -> Walk {
        let exclusions = Exclusions::new(excluded, &[] as &[&str]).unwrap();
        Walk::new(&CodeFormat::new(Pattern::parse(pattern).unwrap(), exclusions, CaseMode::Sensitive).unwrap())
    }

    #[test]
    fn examples() {
        let table = [
            ("A#", "", Some("a0")),
            ("A#", "a", Some("a0")),
            ("A#", "a5", Some("a5")),
            ("A#", "a5x", Some("a6")),
            ("A#", "a9x", None),
            ("A#", "a:", None),
            ("A#", "b", None),
            ("#A#", "1b", Some("2a0")),
            ("#A#", "9b", None),
            ("^^", "zz", Some("zz")),
            ("^^", "zzz", None),
        ];
        for (pattern, from, expected) in table {
            assert_eq!(walk(pattern, &[]).at_or_after(from).as_deref(), expected, "{pattern} {from:?}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_least_that_fits(from in "[0-9a-c:]{0,5}", pattern in "[#b]{1,3}") {
            let walk = walk(&pattern, &["1", "5", "9"]);
            let mut all = vec![String::new()];
            for marker in pattern.chars() {
                let digits = if marker == '#' { "0234678" } else { "b" };
                all = all.iter().flat_map(|text| digits.chars().map(move |digit| format!("{text}{digit}"))).collect();
            }
            let expected = all.into_iter().filter(|text| *text >= from).min();
            prop_assert_eq!(walk.at_or_after(&from), expected);
        }
    }
}
