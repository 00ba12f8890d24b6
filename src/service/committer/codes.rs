//! A pool's codes: adding those of a list, generating more of a bulk pool, and changing what a pool makes.
//! No code is in two pools, and none that is in a list can be made by a pool.

use crate::{
    Added, Generated, PoolEdit, Skipped,
    codebook::{Maker, Meant, first_overlap, overlap},
    prepare::NewPattern,
};
use scrip_domain::{
    code::{case_key, typed_form},
    id::{CouponId, PoolId},
    pool::{Pool, same_code},
    pool_codes::Making,
    pool_draft::{MAX_CODE, check_code},
    rejection::{Input, Refusal, Rejection},
    source::Source,
    status::Status,
};
use scrip_storage::{CodeLists, CodeOwners, Named, RowId, Tally, TypedCodes};

use super::{stop::Stop, supply::Supply};

/// The most patterns that a pool has had: a lookup asks each.
const MAX_SERIES: usize = 100;

impl Supply<'_, '_> {
    /// Refuses codes that another pool could make or has been given.
    /// `field` is what makes them.
    pub(super) fn check_unique(&self, pool: &Pool, prepared: &NewPattern, field: Input) -> Result<(), Stop> {
        let Ok(codes) = &prepared.codes else { return Ok(()) };
        let refused = |owner: Option<&Pool>, example: String| {
            // Of a pool that does not exist for whoever asks, nothing is told.
            let seen = owner.filter(|owner| self.asker.groups.see(owner.group));
            let named = |owner: &Pool| Rejection::PatternNotUnique { pool: owner.name.clone(), example };
            Stop::from(seen.map_or(Rejection::PatternTaken, named).at([field]))
        };
        // Compared outside of the committer with what there was then, and here with what came since.
        let found = prepared.overlap.clone().or_else(|| {
            let (_, rivals) = self.rows.working().registry.rivals(codes.format(), Some(pool.id), prepared.compared);
            first_overlap(codes.format(), &rivals)
        });
        if let Some((owner, example)) = found {
            return Err(refused(self.rows.find_pool(owner).as_deref(), example));
        }
        for other in self.rows.working().accepted_pools().filter(|other| other.id != pool.id) {
            if let Some(example) = overlap(codes.format(), other) {
                return Err(refused(Some(other), example));
            }
        }
        if let Some((written, owner)) = &prepared.uploaded {
            return Err(refused(self.rows.find_pool(*owner).as_deref(), written.clone()));
        }
        Ok(())
    }

    /// Opens a new series of a pool, instead of the one before where that made no code.
    pub(super) fn change_codes(&mut self, pool: &mut Pool, edit: &PoolEdit, prepared: &NewPattern) -> Result<(), Stop> {
        if prepared.version != pool.version {
            let (expected, found) = (prepared.version, pool.version);
            return Err(Refusal::from(Rejection::VersionMismatch { expected, found }).into());
        }
        let size = self.rows.tally(pool.id).supply.size;
        let changed = changed_fields(pool, edit);
        if pool.source == Source::BulkGenerated && size > 0 {
            return Err(changed
                .into_iter()
                .map(|field| Rejection::PatternFrozen.at([field]))
                .collect::<Vec<_>>()
                .into());
        }
        let field = changed.first().copied().unwrap_or(Input::Pattern);
        let codes = prepared.codes.clone().map_err(|fault| fault.refusal())?;
        if codes.format().case() != pool.case() {
            let reason = "it makes both cases of a letter in one place, and the pool is not case-sensitive: \
                          make another pool"
                .to_owned();
            return Err(Rejection::PatternInvalid { reason }.at([Input::Pattern]).into());
        }
        self.check_unique(pool, prepared, field)?;
        pool.series.pop_if(|last| last.first == size);
        if pool.series.len() >= MAX_SERIES {
            let what = "too many edits of a pool's pattern";
            return Err(Rejection::LimitExceeded { what, limit: MAX_SERIES as u64 }.at([field]).into());
        }
        let earlier = pool.series.iter().map(|series| series.format(pool.case_sensitive));
        let earlier = earlier.collect::<Result<Vec<_>, _>>().map_err(|fault| fault.refusal())?;
        let series = codes.series(size);
        if matches!(series.making, Making::Keyed(_)) {
            codes.check_fresh(size, &earlier).map_err(|rejection| rejection.at([field]))?;
        }
        if let Making::Generic(code) = &series.making
            && let Some(Meant::Place(_)) = self.lookups().meant(pool, size, code)?.first()
        {
            let rejection = Rejection::PatternNotUnique { pool: pool.name.clone(), example: code.clone() };
            return Err(rejection.at([field]).into());
        }
        pool.series.push(series);
        Ok(())
    }

    /// Adds codes to a bulk pool. Nothing is written for a code until somebody touches it.
    pub(super) fn coupons_generate(&mut self, pool: PoolId, count: i64) -> Result<Generated, Stop> {
        let mut pool = self.lookups().pool(pool, Input::PoolId)?.as_ref().clone();
        pool.check_source(Source::BulkGenerated).map_err(|rejection| rejection.at([Input::PoolId]))?;
        let mut tally = self.rows.tally(pool.id);
        let size = tally.supply.size;
        let series = pool.series.last().ok_or_else(|| Stop::broken(format!("pool {:?} has no codes", pool.id)))?;
        let count = series.check_bulk(size, count).map_err(|rejection| rejection.at([Input::Count]))?;
        tally.supply.size += count;
        tally.counts.add(Status::Unassigned, i64::try_from(count).unwrap_or(i64::MAX));
        self.rows.set_tally(pool.id, tally);
        if pool.open_range(size) {
            self.rows.put_pool(pool.clone())?;
        }
        Ok(Generated { pool: Box::new(pool), count })
    }

    /// Adds codes to an uploaded pool. A code that cannot be added is skipped, with its reason.
    pub(super) fn coupons_add(&mut self, pool: PoolId, codes: &[String]) -> Result<Added, Stop> {
        let pool = self.lookups().pool(pool, Input::PoolId)?;
        pool.check_source(Source::Uploaded).map_err(|rejection| rejection.at([Input::PoolId]))?;
        let checked: Vec<_> = codes.iter().map(|code| (code, check_code(code))).collect();
        let good = checked.iter().filter_map(|(_, code)| code.as_ref().ok());
        let size = self.rows.tally(pool.id).supply.size;
        let rows = good.flat_map(|code| {
            let typed = typed_key(code).map(RowId::of::<TypedCodes>);
            [Some(RowId::of::<CodeOwners>(case_key(code))), typed].into_iter().flatten()
        });
        let last = CodeLists::row_of(CouponId { pool: pool.id, index: size });
        self.rows.need(rows.chain([RowId::of::<CodeLists>(last)]))?;
        let mut added = Added { pool: pool.id, added: 0, skipped: Vec::new() };
        for (given, code) in checked {
            let skipped = match code {
                Ok(code) => self.add_code(&pool, code)?,
                Err(rejection) => Some(rejection),
            };
            match skipped {
                None => added.added += 1,
                Some(reason) => added.skipped.push(Skipped { code: shown(given), reason: reason.into() }),
            }
        }
        let mut changed = pool.as_ref().clone();
        if added.added > 0 && changed.open_range(size) {
            self.rows.put_pool(changed)?;
        }
        Ok(added)
    }

    /// Adds one code to an uploaded pool, or says why not.
    pub(super) fn add_code(&mut self, pool: &Pool, code: String) -> Result<Option<Rejection>, Stop> {
        let mut tally = self.rows.tally(pool.id);
        let index = tally.supply.size;
        if let Some(rejection) = self.note_code(pool, &code, &mut tally)? {
            return Ok(Some(rejection));
        }
        let row = CodeLists::row_of(CouponId { pool: pool.id, index });
        // Beyond the pool's end nothing is stored yet, and nobody has read it.
        let is_new = CodeLists::begins_row(index) && !self.rows.is_loaded(&RowId::of::<CodeLists>(row));
        let stored = if is_new { None } else { self.rows.take_out::<CodeLists>(&row)? };
        let mut codes = stored.unwrap_or_default();
        codes.push(code);
        self.rows.put::<CodeLists>(row, codes);
        self.rows.set_tally(pool.id, tally);
        Ok(None)
    }

    /// Gives the next place of a pool a code that no pool has or makes, or says why not.
    pub(super) fn note_code(&mut self, pool: &Pool, code: &str, tally: &mut Tally) -> Result<Option<Rejection>, Stop> {
        let key = case_key(code);
        let mut named = self.rows.get::<CodeOwners>(&key)?.cloned().unwrap_or_default();
        for other in &named {
            let owner = self.rows.pool_of(other.coupon)?;
            let comparison = owner.case().between(pool.case());
            if same_code(comparison, &other.code, code) && !self.asker.groups.see(owner.group) {
                return Ok(Some(Rejection::CodeTaken));
            }
            if same_code(comparison, &other.code, code) {
                return Ok(Some(Rejection::Duplicate { what: "this code".to_owned() }));
            }
        }
        match self.rows.working().registry.maker(code, pool.case()) {
            Some(Maker::Pool(maker)) if !self.asker.groups.see(maker.group) => return Ok(Some(Rejection::CodeTaken)),
            Some(Maker::Pool(maker)) => return Ok(Some(Rejection::CodeOfPattern { pool: maker.name.clone() })),
            Some(Maker::Reserved) => {
                return Ok(Some(Rejection::CodeOfPattern { pool: "that is being made now".to_owned() }));
            }
            None => {}
        }
        let coupon = CouponId { pool: pool.id, index: tally.supply.size };
        named.push(Named { code: code.to_owned(), coupon });
        self.rows.put::<CodeOwners>(key, named);
        if let Some(key) = typed_key(code) {
            let mut named = self.rows.get::<TypedCodes>(&key)?.cloned().unwrap_or_default();
            if named.len() < TypedCodes::MOST_NAMED {
                named.push(Named { code: code.to_owned(), coupon });
                self.rows.put::<TypedCodes>(key, named);
            }
        }
        tally.supply.lengths |= 1 << (code.chars().count().clamp(1, 64) - 1);
        tally.supply.size += 1;
        tally.counts.add(Status::Unassigned, 1);
        Ok(None)
    }
}

/// The key under which a code is looked for as people type it, where it is not the code itself but for case: only then
/// it has a row.
pub(super) fn typed_key(code: &str) -> Option<String> {
    let form = typed_form(code);
    (!form.is_empty() && form != case_key(code)).then_some(form)
}

/// The fields of an edit that change what codes a pool makes.
fn changed_fields(pool: &Pool, edit: &PoolEdit) -> Vec<Input> {
    let Some(now) = pool.series.last().map(|series| series.draft(pool.case_sensitive)) else { return Vec::new() };
    let differs = [
        (Input::Pattern, edit.pattern.as_ref().is_some_and(|pattern| *pattern != now.pattern)),
        (
            Input::ExcludedCharacters,
            edit.excluded_characters.as_ref().is_some_and(|all| *all != now.excluded_characters),
        ),
        (Input::ExcludedPhrases, edit.excluded_phrases.as_ref().is_some_and(|all| *all != now.excluded_phrases)),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

/// A given code in an answer, cut where it is too long to be one.
fn shown(given: &str) -> String {
    given.chars().take(MAX_CODE * 2).collect()
}
