//! Overlap and the index of formats against every code there is.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::{PatternSet, shared_code};
use super::*;

/// Whether two formats share a code, by comparing all of both.
fn share_by_search(left: &CodeFormat, right: &CodeFormat) -> bool {
    let comparison = left.case().between(right.case());
    let folded = |code: &String| code.chars().map(|character| comparison.folded(character)).collect::<String>();
    let right: std::collections::HashSet<String> = every_code(right).iter().map(folded).collect();
    every_code(left).iter().any(|code| right.contains(&folded(code)))
}

proptest! {
    #![proptest_config(cases(400))]
    #[test]
    fn overlap_is_what_a_search_finds(left in small_formats(), right in small_formats()) {
        let shared = shared_code(&left, &right);
        prop_assert_eq!(shared.is_some(), share_by_search(&left, &right));
        prop_assert_eq!(shared_code(&right, &left).is_some(), shared.is_some());
        if let Some(code) = shared {
            prop_assert!(every_code(&left).contains(&code));
            prop_assert!(right.can_make(&code, left.case()));
        }
    }

    #[test]
    fn a_set_finds_who_makes_a_code(formats in prop::collection::vec(small_formats(), 1..12), removed in 0_usize..12) {
        let formats: Vec<Arc<CodeFormat>> = formats.into_iter().map(Arc::new).collect();
        let mut set = PatternSet::new();
        for (id, format) in formats.iter().enumerate() {
            set.insert(id, Arc::clone(format));
        }
        set.remove(&removed);
        set.insert(99, Arc::clone(&formats[0]));
        let kept = || formats.iter().enumerate().filter(|(id, _)| *id != removed).chain([(99, &formats[0])]);
        prop_assert_eq!(set.len(), kept().count());
        let spaces: HashMap<usize, Space> =
            kept().map(|(id, format)| (id, Space::new(Arc::clone(format)).unwrap())).collect();
        for code in formats.iter().flat_map(|format| every_code(format).into_iter().step_by(41)) {
            let mut makers: Vec<usize> = set.makers(&code, CaseMode::Sensitive).into_iter().copied().collect();
            let mut expected: Vec<usize> =
                spaces.iter().filter(|(_, space)| space.rank(&code).is_some()).map(|(id, _)| *id).collect();
            makers.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(&makers, &expected);
            let candidates = set.candidates(&code);
            prop_assert!(makers.iter().all(|maker| candidates.contains(&maker)));
        }
        for format in &formats {
            let overlapping: Vec<usize> = set.overlaps(format).map(|(id, _)| *id).collect();
            let expected = kept().filter(|(_, other)| share_by_search(format, other)).map(|(id, _)| id);
            prop_assert_eq!(overlapping.len(), expected.count());
        }
    }
}

type Draft<'a> = (&'a str, &'a [&'a str], CaseMode);

#[test]
fn overlap_in_large_spaces() {
    use CaseMode::{Insensitive, Sensitive};
    let table: [(Draft, Draft, Option<&str>); 10] = [
        (("SALE-####", &[], Insensitive), ("SALE-$$$$", &[], Insensitive), Some("SALE-0000")),
        (("SALE-####", &[], Insensitive), ("SALE-^^^^", &[], Insensitive), None),
        (("SALE-####", &[], Insensitive), ("SALE-#####", &[], Insensitive), None),
        (("@@@@", &[], Sensitive), ("^^^^", &[], Sensitive), None),
        (("@@@@", &[], Sensitive), ("^^^^", &[], Insensitive), Some("aaaa")),
        (("SALE", &[], Insensitive), ("*###", &[], Sensitive), None),
        (("SALE", &[], Insensitive), ("****", &[], Sensitive), Some("SALE")),
        (("SALE", &[], Insensitive), ("****", &["al"], Sensitive), None),
        (("A###", &["0", "1", "2", "3"], Sensitive), ("$###", &["4", "5", "6", "7", "8", "9"], Sensitive), None),
        (("A###", &["0", "1", "2", "3"], Sensitive), ("$###", &["4", "5", "6", "7", "8"], Sensitive), Some("A999")),
    ];
    for (left, right, shared) in table {
        let [left, right] = [left, right].map(|(pattern, phrases, case)| format(pattern, &[], phrases, case));
        assert_eq!(shared_code(&left, &right).as_deref(), shared, "{left:?} {right:?}");
        let mut set = PatternSet::new();
        assert!(set.is_empty());
        set.insert("pool", right);
        assert_eq!(set.overlapping(&left), shared.map(|code| (&"pool", code.to_owned())));
    }
}

#[test]
fn ten_thousand_patterns_are_told_apart() {
    let mut set = PatternSet::new();
    for id in 0..10_000 {
        set.insert(id, format(&format!("P{id:04}-$$$$$$"), &[], &[], CaseMode::Insensitive));
    }
    assert_eq!(set.candidates(" p0457-abc123"), [&457]);
    assert!(set.candidates("p0457-abc12").is_empty() && set.candidates(&"x".repeat(1_000_000)).is_empty());
    let draft = format("P$$$9-@@@@@@", &[], &["p000", "p001"], CaseMode::Sensitive);
    assert_eq!(set.overlapping(&draft), Some((&29, "P0029-aaaaaa".to_owned())));
    assert_eq!(set.overlapping(&format("Q####-$$$$$$", &[], &[], CaseMode::Sensitive)), None);
}

#[test]
fn what_came_since_is_told_from_what_was_there() {
    let format = |pattern: &str| format(pattern, &[], &[], CaseMode::Sensitive);
    let (mut set, asked) = (PatternSet::new(), format("A####"));
    set.insert(1, format("A#1##"));
    let stamp = set.stamp();
    assert_eq!(set.meeting(&asked, stamp).count(), 0);
    set.insert(2, format("A#2##"));
    let ids = |set: &PatternSet<i32>, since| set.meeting(&asked, since).map(|(id, _)| *id).collect::<Vec<_>>();
    assert_eq!((ids(&set, 0), ids(&set, stamp)), (vec![1, 2], vec![2]));
    // One that takes its place has nothing that was there.
    let (mut other, stamp) = (PatternSet::new(), set.stamp());
    other.insert(1, format("A#1##"));
    other.follow(&set);
    assert_eq!(ids(&other, stamp), [1]);
    assert!(ids(&other, other.stamp()).is_empty());
}
