//! What is shown of a pattern while a pool is being drafted. Nothing is kept of it, and no sample is a
//! code that exists.

use std::sync::Arc;

use rand::TryRngCore;

use super::{Failure, Scrip};
use crate::{
    domain::{
        code::{
            CaseMode, CodeFormat, ExclusionCost, Exclusions, Pattern, PatternError, SeriesKey, Space, bulk_limit,
            exclusion_costs, samples,
        },
        pool::fold_code,
        rejection::{Refusal, Rejection},
    },
    storage::RowId,
};

/// How many samples are shown.
const SAMPLES: usize = 10;
/// How many are made, to be left with enough when some exist.
const CANDIDATES: u64 = 40;

/// A pattern that is being drafted.
#[derive(Debug, Clone, Default)]
pub struct PatternDraft {
    /// The pattern.
    pub pattern: String,
    /// Characters that never take a placeholder's place.
    pub excluded_characters: Vec<String>,
    /// Phrases that never appear in a code.
    pub excluded_phrases: Vec<String>,
    /// Whether codes are compared with regard to case; decided by the pattern where it is absent.
    pub case_sensitive: Option<bool>,
}

/// What is shown of it.
#[derive(Debug, Clone)]
pub struct PatternFacts {
    /// How many codes it can make, exactly.
    pub combinations: String,
    /// The most codes that a bulk pool of it may have.
    pub bulk_limit: u64,
    /// How many placeholders it has.
    pub placeholders: usize,
    /// Whether its codes are compared with regard to case.
    pub case_sensitive: bool,
    /// What each exclusion costs.
    pub costs: Vec<ExclusionCost>,
    /// Codes that look like its codes.
    pub samples: Vec<String>,
}

/// What is wrong with a pattern, and the place in its text if it is about one.
#[derive(Debug, Clone)]
pub struct PatternFault {
    /// The refusal.
    pub refusal: Refusal,
    /// The character's place in the pattern's text, counted from 0.
    pub position: Option<usize>,
}

impl Scrip {
    /// What a pattern can make, or what is wrong with it.
    pub async fn preview_pattern(&self, draft: PatternDraft) -> Result<Result<PatternFacts, PatternFault>, Failure> {
        let mut key = [0; 32];
        let failed = |error| Failure::Internal(format!("the operating system gives no randomness: {error}"));
        rand::rngs::OsRng.try_fill_bytes(&mut key).map_err(failed)?;
        // Counting can take tenths of a second, which no other request should wait for.
        let facts = tokio::task::spawn_blocking(move || facts(&draft, &SeriesKey::new(key))).await;
        let mut facts = match facts.map_err(|error| Failure::Internal(error.to_string()))? {
            Ok(facts) => facts,
            Err(fault) => return Ok(Err(fault)),
        };
        let rows: Vec<_> = facts.samples.iter().map(|code| RowId::Code(fold_code(code))).collect();
        let mut known = self.store.get(&rows).await?.into_iter();
        facts.samples.retain(|_| known.next().flatten().is_none());
        facts.samples.truncate(SAMPLES);
        Ok(Ok(facts))
    }
}

fn facts(draft: &PatternDraft, key: &SeriesKey) -> Result<PatternFacts, PatternFault> {
    let fault = |field: &'static str, reason: String| PatternFault {
        refusal: Rejection::PatternInvalid { reason }.at([field]),
        position: None,
    };
    let at_place =
        |error: PatternError| PatternFault { position: error.position(), ..fault("pattern", error.to_string()) };
    let pattern = Pattern::parse(&draft.pattern).map_err(at_place)?;
    let exclusions = Exclusions::new(&draft.excluded_characters, &draft.excluded_phrases)
        .map_err(|error| fault("excludedCharacters", error.to_string()))?;
    let case_sensitive = draft.case_sensitive.unwrap_or_else(|| pattern.mixes_case());
    let case = if case_sensitive { CaseMode::Sensitive } else { CaseMode::Insensitive };
    let placeholders = pattern.placeholders();
    let format =
        CodeFormat::new(pattern, exclusions, case).map_err(|error| fault("caseSensitive", error.to_string()))?;
    let space = Space::new(Arc::new(format)).map_err(|error| fault("excludedPhrases", error.to_string()))?;
    let space = Arc::new(space);
    Ok(PatternFacts {
        combinations: space.count().to_string(),
        bulk_limit: bulk_limit(space.count()),
        placeholders,
        case_sensitive,
        costs: exclusion_costs(&space),
        // An empty space has no samples.
        samples: samples(&space, key, CANDIDATES).unwrap_or_default(),
    })
}
