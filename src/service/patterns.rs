//! What is shown of a pattern while a pool is being drafted. Nothing is kept of it, and no sample is a
//! code that exists.

use std::sync::Arc;

use super::{
    Caller, Command, Failure, PoolCreate, PoolEdit, PoolUpdate, Scrip,
    prepare::{NewPattern, Prepared, blocking, edited, fresh_key},
};
use scrip_domain::{
    code::{CaseMode, ExclusionCost, SeriesKey, Space, bulk_limit, case_key, exclusion_costs, samples},
    id::PoolId,
    pool_codes::{CodesDraft, CodesFault},
    pool_draft::{PoolDraft, RestrictionsDraft},
    rejection::{Input, Refusal, Rejection},
    source::Source,
    terms::CouponType,
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
    /// The refusals that a pool of it would meet.
    pub refusals: Vec<Refusal>,
}

/// What a pattern is drafted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftFor {
    /// A new pool of this source.
    New(Source),
    /// This pool, which is edited.
    Edit(PoolId),
}

impl Scrip {
    /// What a pattern can make, or what is wrong with it.
    pub(super) async fn preview_pattern(
        &self,
        caller: &Caller,
        draft: CodesDraft,
        for_pool: DraftFor,
    ) -> Result<Result<PatternFacts, CodesFault>, Failure> {
        let key = fresh_key()?;
        let asked = draft.clone();
        let space = match blocking(move || asked.space()).await? {
            Ok(space) => space,
            Err(fault) => return Ok(Err(fault)),
        };
        let counted = Arc::clone(&space);
        let mut facts = blocking(move || facts(&counted, &key)).await?;
        facts.refusals = self.refusals(caller, draft, space, for_pool).await?;
        let keys: Vec<_> = facts.samples.iter().map(|code| case_key(code)).collect();
        let mut known = self.store.get::<CodeOwners>(&keys).await?.into_iter();
        facts.samples.retain(|_| known.next().flatten().is_none());
        let mut samples = Vec::with_capacity(SAMPLES);
        for code in facts.samples {
            if samples.len() < SAMPLES && !self.is_made(&code).await? {
                samples.push(code);
            }
        }
        Ok(Ok(PatternFacts { samples, ..facts }))
    }

    /// The refusals that a pool of these codes would meet: it is made, or edited, and thrown away.
    async fn refusals(
        &self,
        caller: &Caller,
        draft: CodesDraft,
        space: Arc<Space>,
        for_pool: DraftFor,
    ) -> Result<Vec<Refusal>, Failure> {
        let key = fresh_key()?;
        let (command, codes, version) = match for_pool {
            DraftFor::New(source) => {
                let codes = draft.check_space(space, source, key);
                (Command::from(PoolCreate(Box::new(new_pool(draft, source)))), codes, 0)
            }
            DraftFor::Edit(id) => {
                let Some(pool) = self.registry.pool(id).filter(|pool| caller.groups.see(pool.group)) else {
                    return Ok(vec![Rejection::NotFound { what: "pool", by: "id" }.at([Input::PoolId])]);
                };
                let made = !pool.series.is_empty();
                let edit = PoolEdit {
                    pattern: Some(draft.pattern),
                    excluded_characters: Some(draft.excluded_characters).filter(|_| made),
                    excluded_phrases: Some(draft.excluded_phrases).filter(|_| made),
                    dry_run: true,
                    ..PoolEdit::default()
                };
                let Some((draft, version)) = edited(&pool, &edit) else {
                    return self.rehearsed(caller, PoolUpdate { pool: id, edit: Box::new(edit) }.into(), None).await;
                };
                // The pool's own comparison counts.
                let codes = self.edited_codes(pool, draft).await?;
                (PoolUpdate { pool: id, edit: Box::new(edit) }.into(), codes, version)
            }
        };
        let uploaded = match &codes {
            Ok(codes) => self.uploaded_like(codes.format()).await?,
            Err(_) => None,
        };
        let own = match for_pool {
            DraftFor::New(_) => None,
            DraftFor::Edit(id) => Some(id),
        };
        let pattern = self.compared(NewPattern::of(codes, uploaded, version), own).await?;
        self.rehearsed(caller, command, Some(pattern)).await
    }

    /// The refusals of a command that is not carried out.
    async fn rehearsed(
        &self,
        caller: &Caller,
        command: Command,
        pattern: Option<NewPattern>,
    ) -> Result<Vec<Refusal>, Failure> {
        match self.rehearse_any(caller, command, Prepared::with_pattern(pattern)).await {
            Ok(_) => Ok(Vec::new()),
            Err(Failure::Refused(refusals)) => Ok(refusals),
            Err(broken @ Failure::Internal(_)) => Err(broken),
        }
    }

    /// Whether a pool has made a code already.
    async fn is_made(&self, code: &str) -> Result<bool, Failure> {
        for pool in self.registry.candidates(code) {
            if !self.meant(&pool, code).await?.is_empty() {
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
        refusals: Vec::new(),
    }
}

/// A pool of these codes with which nothing else is wrong.
pub(super) fn new_pool(codes: CodesDraft, source: Source) -> PoolDraft {
    PoolDraft {
        name: "a pool".to_owned(),
        external_id: None,
        source,
        kind: CouponType::FreeShipping,
        value: None,
        currency: None,
        case_sensitive: Some(codes.case_sensitive),
        pattern: Some(codes.pattern),
        excluded_characters: codes.excluded_characters,
        excluded_phrases: codes.excluded_phrases,
        remote: None,
        checks: Vec::new(),
        restrictions: RestrictionsDraft::default(),
        aggregated: false,
        pays_shipping: None,
        till: Default::default(),
        returnable: None,
        group: None,
    }
}
