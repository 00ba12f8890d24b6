//! What a preview shows, against counts made without each exclusion.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::super::{Exclusion, bulk_limit, exclusion_costs, samples};
use super::*;

fn count_of(format: CodeFormat) -> BigUint {
    Space::new(Arc::new(format)).unwrap().count().clone()
}

proptest! {
    #![proptest_config(cases(100))]
    #[test]
    fn a_cost_is_the_count_without_less_the_count_with(format in small_formats()) {
        let space = Space::new(Arc::new(format.clone())).unwrap();
        let exclusions = format.exclusions();
        let costs = exclusion_costs(&space);
        prop_assert_eq!(costs.len(), exclusions.characters().len() + exclusions.phrases().len());
        for cost in costs {
            let (mut characters, mut phrases) =
                (exclusions.characters().to_vec(), exclusions.phrases().to_vec());
            match &cost.exclusion {
                Exclusion::Character(character) => characters.retain(|other| other != character),
                Exclusion::Phrase(phrase) => phrases.retain(|other| other != phrase),
            }
            let characters: Vec<String> = characters.iter().map(ToString::to_string).collect();
            let others = Exclusions::new(&characters, &phrases).unwrap();
            let wider = CodeFormat::new(format.pattern().clone(), others, format.case()).unwrap();
            prop_assert_eq!(cost.cost, Some(count_of(wider) - space.count()), "{:?}", cost.exclusion);
        }
    }
}

#[test]
fn phrases_inside_phrases_cost_what_they_alone_exclude() {
    let others: Vec<String> = ('A'..='Z').filter(|letter| !"ASET".contains(*letter)).map(String::from).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let all = &["ass", "asset", "se"];
    let space = space("^^^^^", &others, all);
    let count = |characters: &[&str], phrases: &[&str]| {
        every_code(&format("^^^^^", characters, phrases, CaseMode::Sensitive)).len()
    };
    let with_all = count(&others, all);
    let expected = [count(&others[1..], all), count(&others, &all[1..]), with_all, count(&others, &all[..2])];
    let costs = exclusion_costs(&space);
    let phrase_costs = &costs[others.len()..];
    for (cost, without) in costs[..1].iter().chain(phrase_costs).zip(expected) {
        assert_eq!(cost.cost, Some(BigUint::from(without - with_all)), "{:?}", cost.exclusion);
    }
}

/// 1,000 phrases in 64 places are too many to count without each: those past the bound are left open, not guessed.
#[test]
fn what_would_take_too_long_is_left_open() {
    let phrases: Vec<String> = (0..1_000).map(|index| format!("{index:03}abcdef")).collect();
    let phrases: Vec<&str> = phrases.iter().map(String::as_str).collect();
    let costs = exclusion_costs(&space(&"*".repeat(64), &["x"], &phrases));
    let known = costs.iter().take_while(|cost| cost.cost.is_some()).count();
    assert!(known > 10 && known < 100, "{known}");
    assert!(costs[known..].iter().all(|cost| cost.cost.is_none()));
}

#[test]
fn bulk_is_one_in_a_hundred_and_bounded() {
    for (combinations, limit) in [(0, 0), (99, 0), (100, 1), (10_000, 100), (1_679_616, 16_796)] {
        assert_eq!(bulk_limit(&BigUint::from(combinations as u64)), limit);
    }
    assert_eq!(bulk_limit(&BigUint::from(9_999_999_999_u64)), 99_999_999);
    assert_eq!(bulk_limit(&BigUint::from(10_000_000_100_u64)), 100_000_000);
    assert_eq!(bulk_limit(&(BigUint::from(1_u8) << 300)), 100_000_000);
}

#[test]
fn samples_are_different_codes_of_the_space() {
    let draft = space("SALE-#^", &[], &["1x"]);
    let some = samples(&draft, &key(9), 10).unwrap();
    let distinct: std::collections::HashSet<&String> = some.iter().collect();
    assert_eq!(distinct.len(), 10);
    assert!(some.iter().all(|code| draft.rank(code).is_some()));
    assert_eq!(samples(&space("GENERIC", &[], &[]), &key(9), 10).unwrap(), ["GENERIC"]);
    assert!(samples(&space("AB", &[], &["b"]), &key(9), 10).is_err());
}
