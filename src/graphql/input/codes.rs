//! The inputs of codes: patterns that are drafted, codes that are added and generated.

use async_graphql::{ID, InputObject};

use crate::{
    global_id::{GlobalIds, pool_id},
    types::enums::PoolSource,
};
use scrip_domain::{
    id::PoolId,
    pool_codes::CodesDraft,
    rejection::{Input, Refusal, Rejection},
    source::Source,
};
use scrip_service::{CouponsGenerate, DraftFor};

/// The most codes that one couponsAdd takes.
const MAX_CODES: usize = 10_000;

/// A pattern that is being drafted.
#[derive(Debug, Clone, InputObject)]
pub struct PatternInput {
    /// The pattern: `#` a digit, `@` a-z, `^` A-Z, `*` a letter of either case or a digit, `$` A-Z or a digit, `\\`
    /// makes the next character literal; everything else is literal. Up to 64 characters.
    pub pattern: String,
    /// Characters that never take a placeholder's place, one by one.
    pub excluded_characters: Option<Vec<String>>,
    /// Phrases that never appear in a code, in any case; bounded as in PoolCreateInput.
    pub excluded_phrases: Option<Vec<String>>,
    /// Whether codes are compared with regard to case; forced where one place can be of both cases.
    pub case_sensitive: Option<bool>,
    /// What the source of the new pool will be: BULK_GENERATED asks for more of a pattern. GENERATED where it is absent.
    pub source: Option<PoolSource>,
    /// The pool that the pattern is for, where one is edited: its own codes are no conflict, and its source counts.
    pub pool_id: Option<ID>,
}

impl PatternInput {
    /// What it is drafted for.
    pub fn for_pool(&self, ids: &GlobalIds) -> Result<DraftFor, Refusal> {
        match &self.pool_id {
            Some(id) => pool_id(ids, id).map(DraftFor::Edit).map_err(|rejection| rejection.at([Input::PoolId])),
            None => Ok(DraftFor::New(self.source.map_or(Source::Generated, Into::into))),
        }
    }
}

impl From<PatternInput> for CodesDraft {
    fn from(input: PatternInput) -> Self {
        Self {
            pattern: input.pattern,
            excluded_characters: input.excluded_characters.unwrap_or_default(),
            excluded_phrases: input.excluded_phrases.unwrap_or_default(),
            case_sensitive: input.case_sensitive.unwrap_or(false),
        }
    }
}

/// Codes to be added to an uploaded pool.
#[derive(Debug, Clone, InputObject)]
pub struct CouponsAddInput {
    /// The pool.
    pub pool_id: ID,
    /// The codes, up to 10,000, each of 1 to 64 characters.
    pub codes: Vec<String>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponsAddInput {
    /// The pool and the codes.
    pub fn check(&self, ids: &GlobalIds) -> Result<PoolId, Vec<Refusal>> {
        let pool = pool_id(ids, &self.pool_id).map_err(|rejection| vec![rejection.at([Input::PoolId])])?;
        if self.codes.is_empty() {
            return Err(vec![Rejection::Required { what: "at least one code" }.at([Input::Codes])]);
        }
        if self.codes.len() > MAX_CODES {
            let rejection = Rejection::LimitExceeded { what: "too many codes in one call", limit: MAX_CODES as u64 };
            return Err(vec![rejection.at([Input::Codes])]);
        }
        Ok(pool)
    }
}

/// Codes to be generated.
#[derive(Debug, Clone, InputObject)]
pub struct CouponsGenerateInput {
    /// A pool with the source BULK_GENERATED.
    pub pool_id: ID,
    /// How many codes: in all, a pool has at most 100,000,000, and at most one in a hundred of its pattern's
    /// combinations.
    pub count: i32,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl CouponsGenerateInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<CouponsGenerate, Vec<Refusal>> {
        let pool = pool_id(ids, &self.pool_id).map_err(|rejection| vec![rejection.at([Input::PoolId])])?;
        Ok(CouponsGenerate { pool, count: self.count.into() })
    }
}
