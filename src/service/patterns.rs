//! What is shown of a pattern while a pool is being drafted. Nothing is kept of it, and no sample is a
//! code that exists.

use std::sync::Arc;

use super::{
    Failure, Scrip,
    prepare::{blocking, fresh_key},
};
use scrip_domain::{
    code::{CaseMode, ExclusionCost, SeriesKey, Space, bulk_limit, case_key, exclusion_costs, samples},
    id::PoolId,
    pool_codes::{CodesDraft, CodesFault},
    rejection::{Refusal, Rejection},
};
use scrip_storage::CodeOwners;

/// How many samples are shown.
const SAMPLES: usize = 10;
/// How many are made, to be left with enough when some exist.
const CANDIDATES: u64 = 40;

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
    /// The refusal that a pool of it would meet, because another can make the same code.
    pub overlap: Option<Refusal>,
}

impl Scrip {
    /// What a pattern can make, or what is wrong with it; for a pool that is edited, or for a new one.
    pub async fn preview_pattern(
        &self,
        draft: CodesDraft,
        pool: Option<PoolId>,
    ) -> Result<Result<PatternFacts, CodesFault>, Failure> {
        let key = fresh_key()?;
        let space = match blocking(move || draft.space()).await? {
            Ok(space) => space,
            Err(fault) => return Ok(Err(fault)),
        };
        let format = Arc::clone(space.format());
        let mut facts = blocking(move || facts(&space, &key)).await?;
        // No pool has the number 0.
        let clash = self.registry.overlapping(&format, pool.unwrap_or(PoolId(0)));
        facts.overlap = clash
            .map(|(other, example)| Rejection::PatternNotUnique { pool: other.name.clone(), example }.at(["pattern"]));
        let keys: Vec<_> = facts.samples.iter().map(|code| case_key(code)).collect();
        let mut known = self.store.get::<CodeOwners>(&keys).await?.into_iter();
        facts.samples.retain(|_| known.next().flatten().is_none());
        let mut samples = Vec::with_capacity(SAMPLES);
        for code in facts.samples {
            if samples.len() < SAMPLES && !self.is_made(&code)? {
                samples.push(code);
            }
        }
        Ok(Ok(PatternFacts { samples, ..facts }))
    }

    /// Whether a pool has made a code already.
    fn is_made(&self, code: &str) -> Result<bool, Failure> {
        for pool in self.registry.candidates(code) {
            if !self.registry.meant(&pool, self.registry.tally(pool.id).supply.size, code)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn facts(space: &Arc<Space>, key: &SeriesKey) -> PatternFacts {
    let format = space.format();
    PatternFacts {
        combinations: space.count().to_string(),
        bulk_limit: bulk_limit(space.count()),
        placeholders: format.pattern().placeholders(),
        case_sensitive: format.case() == CaseMode::Sensitive,
        costs: exclusion_costs(space),
        // An empty space has no samples.
        samples: samples(space, key, CANDIDATES).unwrap_or_default(),
        overlap: None,
    }
}
