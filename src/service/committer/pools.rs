//! Making and editing pools, adding codes to them, and the settings.

use std::sync::Arc;

use crate::{
    domain::{
        id::PoolId,
        pool::{Pool, Source, fold_code},
        pool_draft::{Faults, MAX_CODE, PoolDraft, RestrictionsDraft, check_code, check_name, generic_code},
        rejection::Rejection,
        status::Status,
        terms::{Terms, Value},
    },
    service::{Added, Answer, PoolEdit, RestrictionsEdit, Skipped},
    storage::{CodeRow, Row, RowId},
};

use super::{
    attempt::{Attempt, Stop},
    coupons::CODES_IN_ROW,
    decide::to_json,
};

/// The most terms that a pool keeps: each edit of its terms adds one.
const MAX_TERMS: usize = 1_000;

impl Attempt<'_> {
    pub(super) fn pool_create(&mut self, draft: &PoolDraft) -> Result<Answer, Stop> {
        let id = PoolId(self.working.next_pool().0);
        let pool = draft.check(id, self.now())?;
        if let Some(external) = &pool.external_id
            && self.working.pool_by_external_id(external).is_some()
        {
            let what = "a pool with this externalId".to_owned();
            return Err(Rejection::Duplicate { what }.at(["externalId"]).into());
        }
        if let Some(code) = &pool.generic_code {
            self.claim_generic_code(&pool, code)?;
        }
        self.put_pool(pool)
    }

    fn put_pool(&mut self, pool: Pool) -> Result<Answer, Stop> {
        self.put(RowId::Pool(pool.id), Row::Pool(Box::new(pool.clone())));
        self.change.tallies.entry(pool.id).or_insert_with(|| self.working.tally(pool.id));
        self.change.pools.insert(pool.id, Arc::new(pool.clone()));
        Ok(Answer::Pool(Box::new(pool)))
    }

    /// Makes a code the generic one of a pool, which no other pool may have.
    fn claim_generic_code(&mut self, pool: &Pool, code: &str) -> Result<(), Stop> {
        let id = RowId::Code(fold_code(code));
        let mut named = match self.row(&id)? {
            Some(Row::Code(row)) => row.named.clone(),
            _ => Vec::new(),
        };
        if named.iter().any(|(written, owner, index)| *owner == pool.id && index.is_none() && written == code) {
            return Ok(());
        }
        if let Some((written, owner)) = self.clash(pool, code, &named)? {
            let rejection = Rejection::PatternNotUnique { pool: owner.name.clone(), example: written };
            return Err(rejection.at(["pattern"]).into());
        }
        named.push((code.to_owned(), pool.id, None));
        self.put(id, Row::Code(CodeRow { named }));
        Ok(())
    }

    /// Who has a code already that is the same under the comparison of either pool.
    fn clash(
        &self,
        pool: &Pool,
        code: &str,
        named: &[(String, PoolId, Option<u64>)],
    ) -> Result<Option<(String, Arc<Pool>)>, Stop> {
        for (written, owner, _) in named {
            let Some(owner) = self.working.pool(*owner).or_else(|| self.change.pools.get(owner).cloned()) else {
                continue;
            };
            if pool.same_code(written, code) || owner.same_code(written, code) {
                return Ok(Some((written.clone(), owner)));
            }
        }
        Ok(None)
    }

    pub(super) fn pool_archive(&mut self, id: PoolId, archive: bool) -> Result<Answer, Stop> {
        let mut pool = self.pool(id, "id")?.as_ref().clone();
        if pool.archived_at.is_some() == archive {
            return Ok(Answer::Pool(Box::new(pool)));
        }
        pool.archived_at = archive.then(|| self.now());
        pool.updated_at = self.now();
        pool.version += 1;
        self.put_pool(pool)
    }

    pub(super) fn pool_update(&mut self, id: PoolId, edit: &PoolEdit) -> Result<Answer, Stop> {
        let mut pool = self.pool(id, "id")?.as_ref().clone();
        if let Some(expected) = edit.expected_version.filter(|expected| *expected != pool.version) {
            return Err(Rejection::VersionMismatch { expected, found: pool.version }.at(["expectedVersion"]).into());
        }
        let mut faults = Faults::default();
        if let Some(name) = &edit.name {
            pool.name = faults.take(&["name"], check_name(name)).unwrap_or_default();
        }
        pool.aggregated = edit.aggregated.unwrap_or(pool.aggregated);
        let generic = edit.pattern.as_deref().and_then(|pattern| match pool.source {
            Source::Generated => faults.take(&["pattern"], generic_code(pattern)),
            Source::Uploaded | Source::BulkGenerated | Source::Remote => {
                let subject = format!("source {}", pool.source.name());
                faults.add(&["pattern"], Rejection::FieldNotApplicable { subject });
                None
            }
        });
        let terms = edited_terms(&pool, edit, &mut faults);
        faults.into_result()?;
        if let Some(terms) = terms.filter(|terms| pool.terms.last() != Some(terms)) {
            if pool.terms.len() >= MAX_TERMS {
                let rejection =
                    Rejection::LimitExceeded { what: "too many edits of a pool's terms", limit: MAX_TERMS as u64 };
                return Err(rejection.into());
            }
            pool.terms.push(terms);
        }
        if let Some(code) = generic {
            self.claim_generic_code(&pool, &code)?;
            pool.generic_code = Some(code);
        }
        if edit.dry_run {
            self.change = super::working::Change::default();
            return Ok(Answer::Pool(Box::new(pool)));
        }
        pool.updated_at = self.now();
        pool.version += 1;
        self.put_pool(pool)
    }

    /// Adds codes to an uploaded pool. A code that cannot be added is skipped, with its reason.
    pub(super) fn coupons_add(&mut self, pool: PoolId, codes: &[String]) -> Result<Answer, Stop> {
        let pool = self.pool(pool, "poolId")?;
        pool.check_source(Source::Uploaded).map_err(|rejection| rejection.at(["poolId"]))?;
        let checked: Vec<_> = codes.iter().map(|code| (code, check_code(code))).collect();
        let good = checked.iter().filter_map(|(_, code)| code.as_ref().ok());
        let size = self.tally(pool.id).supply.size;
        let rows = good.map(|code| RowId::Code(fold_code(code)));
        self.need(rows.chain([RowId::Codes(pool.id, size / CODES_IN_ROW)]))?;
        let mut added = Added { pool: pool.id, added: 0, skipped: Vec::new() };
        for (given, code) in checked {
            let result = code.map_err(|_| malformed()).and_then(|code| Ok(self.add_code(&pool, code)?));
            match result {
                Ok(true) => added.added += 1,
                Ok(false) => {
                    let reason = Rejection::Duplicate { what: "this code".to_owned() }.into();
                    added.skipped.push(Skipped { code: shown(given), reason });
                }
                Err(AddFault::Malformed(rejection)) => {
                    added.skipped.push(Skipped { code: shown(given), reason: rejection.into() });
                }
                Err(AddFault::Stop(stop)) => return Err(stop),
            }
        }
        if added.added > 0 && pool.ranges.last().map(|(_, terms)| *terms) != Some(pool.current_terms()) {
            let mut changed = pool.as_ref().clone();
            changed.ranges.push((size, pool.current_terms()));
            self.put_pool(changed)?;
        }
        Ok(Answer::Added(added))
    }

    /// Adds one code; false where it exists already.
    fn add_code(&mut self, pool: &Pool, code: String) -> Result<bool, Stop> {
        let id = RowId::Code(fold_code(&code));
        let mut named = match self.row(&id)? {
            Some(Row::Code(row)) => row.named.clone(),
            _ => Vec::new(),
        };
        if self.clash(pool, &code, &named)?.is_some() {
            return Ok(false);
        }
        let mut tally = self.tally(pool.id);
        let index = tally.supply.size;
        named.push((code.clone(), pool.id, Some(index)));
        self.put(id, Row::Code(CodeRow { named }));
        let chunk = RowId::Codes(pool.id, index / CODES_IN_ROW);
        let mut codes = match self.row(&chunk) {
            Ok(Some(Row::Codes(codes))) => codes.clone(),
            Ok(_) => Vec::new(),
            // Beyond the pool's end, where nothing is stored yet.
            Err(Stop::Missing) if index.is_multiple_of(CODES_IN_ROW) => {
                self.missing = super::working::Missing::default();
                Vec::new()
            }
            Err(stop) => return Err(stop),
        };
        codes.push(code);
        self.put(chunk, Row::Codes(codes));
        tally.supply.size += 1;
        tally.counts.add(Status::Unassigned, 1);
        self.change.tallies.insert(pool.id, tally);
        Ok(true)
    }

    pub(super) fn settings_update(&mut self, auto_redeem: Option<bool>) -> Result<Answer, Stop> {
        let mut settings = self.working.settings();
        settings.auto_redeem = auto_redeem.unwrap_or(settings.auto_redeem);
        self.need([RowId::Settings])?;
        self.put(RowId::Settings, Row::Plain(to_json(&settings)?));
        self.change.settings = Some(settings);
        Ok(Answer::Settings(settings))
    }
}

/// Why a code is not added.
enum AddFault {
    Malformed(Rejection),
    Stop(Stop),
}

impl From<Stop> for AddFault {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

fn malformed() -> AddFault {
    AddFault::Malformed(Rejection::ValueInvalid {
        reason: format!("expected a code of 1 to {MAX_CODE} characters without control characters"),
    })
}

/// A given code in an answer, cut where it is too long to be one.
fn shown(given: &str) -> String {
    given.chars().take(MAX_CODE * 2).collect()
}

/// The terms that an edit gives a pool; none where it does not touch them.
fn edited_terms(pool: &Pool, edit: &PoolEdit, faults: &mut Faults) -> Option<Terms> {
    let current = pool.terms.last()?;
    let value = match &edit.value {
        None => current.value,
        Some(text) => faults.take(&["value"], Value::parse(pool.kind, text.as_deref(), pool.currency))?,
    };
    let restrictions = merged(current, &edit.restrictions).check(pool.kind, pool.currency, faults);
    Some(Terms { value, currency: pool.currency, restrictions })
}

/// The restrictions in force with those over them that an edit names.
fn merged(current: &Terms, edit: &RestrictionsEdit) -> RestrictionsDraft {
    let now = &current.restrictions;
    let exponent = current.exponent();
    let text = |amount: Option<crate::domain::decimal::Amount>| amount.map(|amount| amount.text(exponent));
    let choose = |edit: &Option<Option<String>>, current: Option<String>| edit.clone().unwrap_or(current);
    RestrictionsDraft {
        minimum_value: choose(&edit.minimum_value, text(now.minimum_value)),
        minimum_redemption_value: choose(&edit.minimum_redemption_value, text(now.minimum_redemption_value)),
        purchase_minimum: choose(&edit.purchase_minimum, text(now.purchase_minimum)),
        expiration_period: choose(&edit.expiration_period, now.expiration_period.map(|period| period.to_string())),
        stores: edit.stores.clone().unwrap_or_else(|| now.stores.clone()),
        products: edit.products.clone().unwrap_or_else(|| now.products.clone()),
    }
}
