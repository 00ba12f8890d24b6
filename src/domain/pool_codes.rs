//! The codes that a pool makes itself. What is asked for is checked into [`NewCodes`]; what a pool keeps of
//! them is a [`CodeSeries`], from which every code follows. Nothing of a series is ever changed, because the
//! codes that were handed out follow from it.

use std::{fmt, sync::Arc};

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

use super::{
    code::{
        COMBINATIONS_PER_CODE, CaseMode, CodeFormat, ExclusionError, Exclusions, FormatError, LARGEST_BULK, Pattern,
        Series, SeriesKey, Space, bulk_limit, shared_code,
    },
    pool_tables::new_space,
    rejection::{Input, Refusal, Rejection},
    source::Source,
};

/// The fewest placeholders of a bulk pool's pattern (product section 1).
const LEAST_PLACEHOLDERS: usize = 4;

/// Codes as they are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CodesDraft {
    /// The pattern.
    pub pattern: String,
    /// Characters that never take a placeholder's place.
    pub excluded_characters: Vec<String>,
    /// Phrases that never appear in a code.
    pub excluded_phrases: Vec<String>,
    /// Whether codes are compared with regard to case; forced by a pattern that mixes it.
    pub case_sensitive: bool,
}

/// What is wrong with codes that are asked for.
#[derive(Debug, Clone)]
pub struct CodesFault {
    /// In which field.
    pub field: Input,
    /// What it is.
    pub rejection: Rejection,
    /// At which character of the pattern's text, counted from 0, where it is about one.
    pub position: Option<usize>,
}

impl CodesFault {
    pub(super) fn new(field: Input, rejection: Rejection) -> Self {
        Self { field, rejection, position: None }
    }

    /// The refusal of the field.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        self.rejection.at([self.field])
    }
}

impl CodesDraft {
    /// Counts what the pattern can make, unless that needs larger tables than a new pattern may have
    /// ([`super::pool_tables`]). Takes some hundredths of a second where there are many phrases.
    pub fn space(&self) -> Result<Arc<Space>, CodesFault> {
        new_space(self.format()?)
    }

    /// The codes of a pool with this source, in the order of `key`.
    pub fn check(&self, source: Source, key: SeriesKey) -> Result<NewCodes, CodesFault> {
        self.check_space(self.space()?, source, key)
    }

    /// The same, of its [`CodesDraft::space`].
    pub fn check_space(&self, space: Arc<Space>, source: Source, key: SeriesKey) -> Result<NewCodes, CodesFault> {
        if space.count().bits() == 0 {
            let field =
                if self.excluded_phrases.is_empty() { Input::ExcludedCharacters } else { Input::ExcludedPhrases };
            return Err(invalid(field, "the exclusions leave no code: exclude less, or change the pattern".to_owned()));
        }
        if source == Source::BulkGenerated {
            let placeholders = space.format().pattern().placeholders();
            let small = |reason| CodesFault::new(Input::Pattern, Rejection::PatternTooSmall { reason });
            if placeholders < LEAST_PLACEHOLDERS {
                let reason = format!("expected at least {LEAST_PLACEHOLDERS} placeholders, found {placeholders}");
                return Err(small(reason));
            }
            if bulk_limit(space.count()) == 0 {
                return Err(small(format!(
                    "expected at least {COMBINATIONS_PER_CODE} combinations, of which one can be generated, found {}",
                    space.count()
                )));
            }
        }
        Ok(NewCodes { space, key })
    }

    fn format(&self) -> Result<CodeFormat, CodesFault> {
        let pattern = Pattern::parse(&self.pattern)
            .map_err(|error| CodesFault { position: error.position(), ..invalid(Input::Pattern, error.to_string()) })?;
        let exclusions = Exclusions::new(&self.excluded_characters, &self.excluded_phrases)
            .map_err(|error| invalid(exclusions_field(&error), error.to_string()))?;
        let case = case_mode(self.case_sensitive || pattern.mixes_case());
        CodeFormat::new(pattern, exclusions, case).map_err(|error| forced(&error))
    }
}

fn invalid(field: Input, reason: String) -> CodesFault {
    CodesFault::new(field, Rejection::PatternInvalid { reason })
}

fn forced(error: &FormatError) -> CodesFault {
    invalid(Input::Pattern, error.to_string())
}

fn exclusions_field(error: &ExclusionError) -> Input {
    match error {
        ExclusionError::NotOneCharacter { .. } | ExclusionError::TooManyCharacters { .. } => Input::ExcludedCharacters,
        ExclusionError::EmptyPhrase { .. }
        | ExclusionError::PhraseTooLong { .. }
        | ExclusionError::TooManyPhrases { .. } => Input::ExcludedPhrases,
    }
}

/// The comparison of a pool that is, or is not, case-sensitive.
#[must_use]
pub fn case_mode(case_sensitive: bool) -> CaseMode {
    if case_sensitive { CaseMode::Sensitive } else { CaseMode::Insensitive }
}

/// Codes that were checked and counted, with the secret of their order.
#[derive(Clone)]
pub struct NewCodes {
    space: Arc<Space>,
    key: SeriesKey,
}

impl fmt::Debug for NewCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCodes").field("pattern", &self.format().pattern().text()).finish_non_exhaustive()
    }
}

impl NewCodes {
    /// Their format.
    #[must_use]
    pub fn format(&self) -> &Arc<CodeFormat> {
        self.space.format()
    }

    /// Refuses codes of which a pool that has made `made` codes could have made half already: each claim passes
    /// over what is out, and has to find a new code in a few steps.
    pub fn check_fresh(&self, made: u64, earlier: &[Arc<CodeFormat>]) -> Result<(), Rejection> {
        let enough = self.space.count() > &(BigUint::from(made) * 2_u8);
        if enough || !earlier.iter().any(|format| shared_code(self.format(), format).is_some()) {
            return Ok(());
        }
        let reason = format!(
            "it can make codes again that the pool has made, {made} by now: expected more than {} combinations, found {}",
            u128::from(made) * 2,
            self.space.count()
        );
        Err(Rejection::PatternTooSmall { reason })
    }

    /// How many bytes their tables take.
    #[must_use]
    pub fn tables(&self) -> usize {
        self.space.memory()
    }

    /// The series of a pool from a place on.
    #[must_use]
    pub fn series(&self, first: u64) -> CodeSeries {
        let (pattern, exclusions) = (self.format().pattern(), self.format().exclusions());
        let generic = if pattern.placeholders() == 0 { self.space.unrank(&0_u8.into()) } else { None };
        CodeSeries {
            pattern: pattern.text().to_owned(),
            excluded_characters: exclusions.characters().iter().map(char::to_string).collect(),
            excluded_phrases: exclusions.phrases().to_vec(),
            combinations: self.space.count().to_string(),
            bulk_limit: bulk_limit(self.space.count()),
            making: generic.map_or_else(|| Making::Keyed(self.key.clone()), Making::Generic),
            first,
        }
    }
}

/// How the codes of a series are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Making {
    /// Everyone gets this text.
    Generic(String),
    /// One after the other, in the order that this key gives them.
    Keyed(SeriesKey),
}

/// The codes of a pool from a place on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSeries {
    /// The pattern.
    pub pattern: String,
    /// Characters that never take a placeholder's place.
    pub excluded_characters: Vec<String>,
    /// Phrases that never appear in a code.
    pub excluded_phrases: Vec<String>,
    /// How many codes it could make, in decimal digits.
    pub combinations: String,
    /// The most of them that a bulk pool may have.
    pub bulk_limit: u64,
    /// How they are made.
    pub making: Making,
    /// The place in the pool of its first code.
    pub first: u64,
}

impl CodeSeries {
    /// What decides which codes it can make, in a pool that is, or is not, case-sensitive.
    pub fn format(&self, case_sensitive: bool) -> Result<Arc<CodeFormat>, CodesFault> {
        Ok(Arc::new(self.draft(case_sensitive).format()?))
    }

    /// Opens it, which takes as long as [`CodesDraft::space`]; none of a generic code. What was made before there was a
    /// bound of tables is opened all the same.
    pub fn open(&self, case_sensitive: bool) -> Result<Option<Series>, CodesFault> {
        let Making::Keyed(key) = &self.making else { return Ok(None) };
        let space = Space::new(self.format(case_sensitive)?);
        let space = space.map_err(|error| invalid(Input::ExcludedPhrases, error.to_string()))?;
        Series::new(Arc::new(space), key).map(Some).map_err(|error| invalid(Input::Pattern, error.to_string()))
    }

    /// Its request.
    #[must_use]
    pub fn draft(&self, case_sensitive: bool) -> CodesDraft {
        CodesDraft {
            pattern: self.pattern.clone(),
            excluded_characters: self.excluded_characters.clone(),
            excluded_phrases: self.excluded_phrases.clone(),
            case_sensitive,
        }
    }

    /// How many more codes a bulk pool that has `size` may get; refused where it is less than `count`.
    pub fn check_bulk(&self, size: u64, count: i64) -> Result<u64, Rejection> {
        let most = LARGEST_BULK.min(self.bulk_limit).saturating_sub(size);
        let asked = match u64::try_from(count) {
            Ok(count) if count > 0 => count,
            _ => {
                let reason = format!("expected a count of at least 1, found {count}");
                return Err(Rejection::ValueInvalid { reason });
            }
        };
        if asked <= most {
            return Ok(asked);
        }
        let rule = if self.bulk_limit < LARGEST_BULK {
            let (combinations, limit) = (&self.combinations, self.bulk_limit);
            format!(
                "the pattern makes {combinations} combinations, of which one in {COMBINATIONS_PER_CODE} may be \
                 generated, {limit} in all, and {size} are"
            )
        } else {
            format!("a pool may have {LARGEST_BULK} codes, and it has {size}")
        };
        let reason = match most {
            0 => format!("no more codes can be generated: {rule}"),
            _ => format!("at most {most} more codes can be generated, {asked} were asked for: {rule}"),
        };
        Err(Rejection::TooManyCodes { reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(pattern: &str) -> CodesDraft {
        CodesDraft { pattern: pattern.to_owned(), ..CodesDraft::default() }
    }

    fn series(pattern: &str) -> CodeSeries {
        draft(pattern).check(Source::BulkGenerated, SeriesKey::new([7; 32])).expect("codes").series(0)
    }

    #[test]
    fn what_a_bulk_pool_may_have() {
        let cases = [
            ("####", 0, 100, Ok(100)),
            ("####", 99, 1, Ok(1)),
            ("####", 100, 1, Err("no more codes can be generated: the pattern makes 10000 combinations")),
            ("####", 100, 0, Err("at least 1, found 0")),
            ("####", 0, 101, Err("at most 100 more codes can be generated, 101 were asked for")),
            ("####", 99, 2, Err("at most 1 more")),
            ("####", 0, 0, Err("at least 1, found 0")),
            ("####", 60, -1, Err("at least 1, found -1")),
            ("$$$$$$$$$$", 0, 100_000_000, Ok(100_000_000)),
            ("$$$$$$$$$$", 0, 100_000_001, Err("at most 100000000 more")),
            ("$$$$$$$$$$", 99_999_999, 2, Err("at most 1 more")),
            ("$$$$$$$$$$", 100_000_000, 1, Err("no more codes can be generated: a pool may have 100000000 codes")),
            ("$$$$$$$$$$", 0, i64::MAX, Err("at most 100000000 more")),
        ];
        for (pattern, size, count, expected) in cases {
            match (series(pattern).check_bulk(size, count), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(rejection), Err(text)) => {
                    assert!(rejection.to_string().contains(text), "{pattern} {size} {count}: {rejection}");
                }
                (found, _) => panic!("{pattern} {size} {count}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_new_pattern_has_more_new_codes_than_old_ones() {
        let codes = |pattern| draft(pattern).check(Source::Generated, SeriesKey::new([7; 32])).expect("codes");
        let earlier = [codes("A##").format().clone()];
        for (pattern, made, fits) in [("A##", 49, true), ("A##", 50, false), ("A$#", 50, true), ("B##", 90, true)] {
            assert_eq!(codes(pattern).check_fresh(made, &earlier).is_ok(), fits, "{pattern} after {made}");
        }
    }

    #[test]
    fn faults_name_their_field() {
        let bulk = |draft: CodesDraft| match draft.check(Source::BulkGenerated, SeriesKey::new([7; 32])) {
            Err(fault) => (fault.field, fault.position, fault.rejection.to_string()),
            Ok(codes) => panic!("{codes:?}"),
        };
        let excluding = |characters: &[&str], phrases: &[&str]| CodesDraft {
            excluded_characters: characters.iter().map(ToString::to_string).collect(),
            excluded_phrases: phrases.iter().map(ToString::to_string).collect(),
            ..draft("####")
        };
        let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let cases = [
            (draft(""), Input::Pattern, "empty"),
            (draft("AB##\\"), Input::Pattern, "backslash"),
            (draft("A###"), Input::Pattern, "at least 4 placeholders, found 3"),
            (excluding(&digits[1..], &[]), Input::Pattern, "at least 100 combinations"),
            (excluding(&digits, &[]), Input::ExcludedCharacters, "leave no code"),
            (excluding(&["ab"], &[]), Input::ExcludedCharacters, "one character"),
            (excluding(&[], &digits), Input::ExcludedPhrases, "leave no code"),
            (excluding(&[], &[""]), Input::ExcludedPhrases, "empty"),
        ];
        for (draft, field, text) in cases {
            let (found, _, message) = bulk(draft.clone());
            assert!(found == field && message.contains(text), "{draft:?}: {found:?} {message}");
        }
        assert_eq!(bulk(draft("AB##\\")).1, Some(4));
    }

    #[test]
    fn a_series_opens_to_the_codes_that_were_checked() {
        let mixed = draft("A-****");
        let codes = mixed.check(Source::Generated, SeriesKey::new([9; 32])).expect("codes");
        assert_eq!(codes.format().case(), CaseMode::Sensitive, "the pattern forces it");
        let kept = serde_json::to_string(&codes.series(5)).expect("JSON");
        let kept: CodeSeries = serde_json::from_str(&kept).expect("a series");
        assert_eq!(kept, codes.series(5));
        let opened = kept.open(true).expect("a series").expect("keyed");
        let code = opened.code(0).expect("a code");
        assert!(code.starts_with("A-") && opened.index(&code) == Some(0), "{code}");
        let generic = draft("S\\#1").check(Source::Generated, SeriesKey::new([9; 32])).expect("codes").series(0);
        assert_eq!(generic.making, Making::Generic("S#1".to_owned()));
    }
}
