//! Series: unique, found back, and the same whether asked for one by one or in bulk.

use super::*;

#[test]
fn a_million_codes_are_unique_and_found_back() {
    let series = series("$$$$$$$$$$", &["0", "O", "1", "I"], &["ass", "sex", "bad", "xxx", "4u"], 41);
    let mut codes = Vec::with_capacity(1_000_000);
    series.codes(0, 1_000_000, &mut |code| codes.push(code.to_owned()));
    for (index, code) in codes.iter().enumerate() {
        assert_eq!(series.index(code), Some(index as u64), "{code}");
        assert!(!code.contains(['0', 'O', '1', 'I']) && !code.contains("4U") && !code.contains("BAD"));
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 1_000_000);
}

#[test]
fn codes_come_in_bulk_as_one_by_one() {
    for pattern in ["GENERIC", "##", "####-^^", "$$$$$$$$$$$$$$$$$$$$", &"*".repeat(40)] {
        let series = series(pattern, &["0"], &["12"], 42);
        for (start, count) in [(0, 0), (0, 1), (3, 300), (70, 600), (u64::MAX, 5), (u64::MAX - 2, 9)] {
            let mut bulk = Vec::new();
            series.codes(start, count, &mut |code| bulk.push(code.to_owned()));
            let end = start.saturating_add(count);
            let single: Vec<String> = (start..end).map_while(|index| series.code(index)).collect();
            assert_eq!(bulk, single, "{pattern} {start} {count}");
        }
    }
}

#[test]
fn the_whole_of_a_space_is_handed_out_once() {
    let series = series("A-##^", &["O"], &["1x", "99"], 43);
    let count = u64::try_from(series.space().count()).unwrap();
    let mut codes: Vec<String> = (0..count + 5).filter_map(|index| series.code(index)).collect();
    codes.sort();
    assert_eq!(codes, every_code(series.space().format()));
}

#[test]
fn what_is_typed_is_found_as_the_pool_compares() {
    let insensitive = Space::new(format("Été-^^##", &[], &[], CaseMode::Insensitive)).unwrap();
    let series = Series::new(Arc::new(insensitive), &key(44)).unwrap();
    let code = series.code(7).unwrap();
    let decomposed = code.replace('é', "e\u{301}");
    for typed in [&code, &code.to_uppercase(), &code.to_lowercase(), &format!("  {decomposed}\t")] {
        assert_eq!(series.index(typed), Some(7), "{typed:?}");
    }
    let sensitive = super::series("Été-^^##", &[], &[], 44);
    let code = sensitive.code(7).unwrap();
    assert_eq!((sensitive.index(&code), sensitive.index(&code.to_lowercase())), (Some(7), None));
}

#[test]
fn another_key_gives_another_order() {
    let (one, other) = (series("######", &[], &[], 1), series("######", &[], &[], 2));
    let same = (0..1_000).filter(|index| one.code(*index) == other.code(*index)).count();
    assert!(same < 5, "{same}");
    assert_eq!(format!("{one:?}"), "Series { pattern: \"######\", .. }");
}
