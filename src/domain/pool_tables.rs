//! How large the tables may be with which the codes of a pool are made and found. They are built again whenever they
//! have not been used for a while, which takes about two milliseconds a MiB, and a lookup by code may need those of every
//! pattern that a pool has had: so what one pattern needs is bounded, and what all of a pool need.

use std::sync::Arc;

use super::{
    code::{CodeFormat, Space, SpaceError},
    pool::Pool,
    pool_codes::{CodesFault, NewCodes},
    rejection::{Input, Rejection},
};

const MIB: usize = 1024 * 1024;

/// The most bytes that the tables of a new pattern take. 1,000 phrases of 5 letters take 0.6 MiB in 12
/// places, 1.3 in 20.
pub const MAX_TABLES: usize = 4 * MIB;
/// The most bytes that those of all patterns of a pool take together, which all fit into what is kept of them.
pub const MAX_POOL_TABLES: usize = 16 * MIB;

/// Counts the codes of a new pattern.
pub(super) fn new_space(format: CodeFormat) -> Result<Arc<Space>, CodesFault> {
    match Space::within(Arc::new(format), MAX_TABLES) {
        Ok(space) => Ok(Arc::new(space)),
        Err(SpaceError::TooLarge { bytes, .. }) => Err(too_large(&format!("tables of {} in this pattern", mib(bytes)))),
        Err(SpaceError::TooManyCells { .. }) => Err(too_large("too large tables in this pattern")),
    }
}

impl Pool {
    /// Refuses a new pattern whose tables, together with those of the patterns that a pool of `size` codes keeps, would
    /// be too large. Takes about as long as to build them.
    pub fn check_tables(&self, size: u64, new: &NewCodes) -> Result<(), CodesFault> {
        let mut bytes = new.tables();
        for series in self.series.iter().filter(|series| series.first < size && !series.excluded_phrases.is_empty()) {
            // One that cannot be told is of a pool from before there was a bound: it counts as what one may have.
            bytes += Space::bytes_of(series.format(self.case_sensitive)?.as_ref()).unwrap_or(MAX_TABLES);
            if bytes > MAX_POOL_TABLES {
                let reason = format!(
                    "the excluded phrases of this pattern and of those that the pool has had need tables of more than \
                     {}: exclude fewer or shorter phrases, or make another pool",
                    mib(MAX_POOL_TABLES)
                );
                return Err(CodesFault::new(Input::ExcludedPhrases, Rejection::TablesTooLarge { reason }));
            }
        }
        Ok(())
    }
}

fn too_large(need: &str) -> CodesFault {
    let reason = format!(
        "the excluded phrases need {need}: at most {} are possible; exclude fewer or shorter phrases, or choose a \
         shorter pattern",
        mib(MAX_TABLES)
    );
    CodesFault::new(Input::ExcludedPhrases, Rejection::TablesTooLarge { reason })
}

/// So many bytes for people, rounded up to a tenth.
fn mib(bytes: usize) -> String {
    let tenths = (bytes * 10).div_ceil(MIB);
    match tenths % 10 {
        0 => format!("{} MiB", tenths / 10),
        tenth => format!("{}.{tenth} MiB", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        code::SeriesKey,
        id::PoolId,
        period::Instant,
        pool_codes::{CodeSeries, CodesDraft},
        pool_draft::{PoolDraft, RestrictionsDraft},
        rejection::Code,
        source::Source,
        terms::CouponType,
    };

    /// So many different words of so many letters, spread over the alphabet.
    fn words(number: u64, letters: u32) -> Vec<String> {
        let word = |number: u64| {
            let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66;
            let letter = |_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                char::from(b'a' + u8::try_from((state >> 33) % 26).expect("a letter"))
            };
            (0..letters).map(letter).collect()
        };
        (1..=number).map(word).collect()
    }

    fn codes(pattern: String, phrases: Vec<String>) -> Result<NewCodes, CodesFault> {
        let draft = CodesDraft { pattern, excluded_phrases: phrases, ..CodesDraft::default() };
        draft.check(Source::Generated, SeriesKey::new([7; 32]))
    }

    #[test]
    fn what_the_tables_of_a_pattern_may_need() {
        for (placeholder, places, number, letters, fits) in [
            ("$", 12, 1_000, 5, true),
            ("*", 12, 1_000, 5, true),
            ("$", 20, 1_000, 5, true),
            ("$", 64, 100, 6, true),
            ("$", 64, 1_000, 12, false),
            ("*", 64, 1_000, 64, false),
        ] {
            let made = codes(placeholder.repeat(places), words(number, letters));
            let what = format!("{number} words of {letters} letters in {places} of {placeholder}");
            match made {
                Ok(codes) => assert!(fits && codes.tables() <= MAX_TABLES, "{what}: {}", codes.tables()),
                Err(fault) => {
                    assert!(!fits, "{what}: {}", fault.rejection);
                    assert_eq!(
                        (fault.field, fault.rejection.code()),
                        (Input::ExcludedPhrases, Code::LimitExceeded),
                        "{what}"
                    );
                    assert!(
                        fault.rejection.to_string().contains("at most 4 MiB are possible; exclude fewer"),
                        "{what}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_told_is_what_the_tables_take() {
        for (pattern, letters) in [("A-####", 3), ("$$$$$$$$", 4), ("$$$$$$$$$$$$$$$$", 5), (&*"*".repeat(30), 5)] {
            let codes = codes(pattern.to_owned(), words(200, letters)).expect("codes");
            assert_eq!(Space::bytes_of(codes.format()), Ok(codes.tables()), "{pattern}");
        }
    }

    /// A pool that has made one code with each of so many patterns.
    fn edited(series: Vec<CodeSeries>) -> Pool {
        let first = codes("####".to_owned(), Vec::new());
        let draft = PoolDraft {
            name: "A pool".to_owned(),
            external_id: None,
            source: Source::Generated,
            kind: CouponType::FreeShipping,
            value: None,
            currency: None,
            case_sensitive: None,
            pattern: Some("####".to_owned()),
            excluded_characters: Vec::new(),
            excluded_phrases: Vec::new(),
            remote: None,
            checks: Vec::new(),
            restrictions: RestrictionsDraft::default(),
            aggregated: false,
            pays_shipping: None,
            till: Default::default(),
            returnable: None,
            group: None,
        };
        Pool { series, ..draft.check(PoolId(1), Instant::UNIX_EPOCH, Some(first)).expect("a pool") }
    }

    #[test]
    fn what_the_tables_of_a_pool_may_need() {
        let large = codes("$".repeat(40), words(300, 8)).expect("codes");
        assert!(large.tables() > MAX_TABLES / 2, "{}", large.tables());
        let fit = u64::try_from(MAX_POOL_TABLES / large.tables()).expect("a number");
        let pool = |number: u64| edited((0..number).map(|first| large.series(first)).collect());
        assert!(pool(fit - 1).check_tables(fit - 1, &large).is_ok());
        let fault = pool(fit).check_tables(fit, &large).expect_err("too large");
        assert_eq!(fault.rejection.code(), Code::LimitExceeded);
        assert!(fault.rejection.to_string().contains("more than 16 MiB"), "{}", fault.rejection);
        assert!(pool(fit).check_tables(fit - 1, &large).is_ok(), "the last has made no code and is replaced");
        let small = codes("########".to_owned(), Vec::new()).expect("codes");
        let many = edited((0..99).map(|first| small.series(first)).collect());
        assert!(many.check_tables(99, &large).is_ok());
    }
}
