//! Making and editing pools, and the settings.

use std::sync::Arc;

use crate::{
    Apply, Caller, Edited, JobDraft, PoolEdit, RestrictionsEdit,
    jobs::{Plan, UpdatePlan},
    prepare::Prepared,
};
use scrip_domain::{
    id::{PoolId, TermsNumber},
    job::JobKind,
    pool::{Counts, Pool},
    pool_draft::{Faults, PoolDraft, RestrictionsDraft, check_name, check_number, check_pays_shipping},
    rejection::{Input, Rejection},
    source::Source,
    status::Status,
    terms::{Terms, Value},
    till::check_claim_on_use,
    update::TermsUpdate,
};
use scrip_storage::Tally;

use super::{attempt::Attempt, importing::MAX_OWN_TERMS, stop::Stop};

/// The most terms that a pool keeps whatever they are: each edit of its terms adds one. Small ones may be more: imports
/// bring some along.
const MAX_TERMS: usize = 1_000;

impl Attempt<'_> {
    pub(super) fn pool_create(&mut self, draft: &PoolDraft, prepared: &Prepared) -> Result<Box<Pool>, Stop> {
        let id = PoolId(self.rows.working().next_pool().0);
        let checked = draft.check(id, self.now(), prepared.pattern.as_ref().map(|pattern| pattern.codes.clone()));
        let pool = prepared.bindings_with(checked)?;
        self.access().check_group(pool.group, Input::UserGroupId)?;
        if let Some(external) = &pool.external_id
            && self.rows.working().pool_by_external_id(external).is_some()
        {
            let what = "a pool with this externalId".to_owned();
            return Err(Rejection::Duplicate { what }.at([Input::ExternalId]).into());
        }
        if let Some(pattern) = &prepared.pattern {
            self.supply().check_unique(&pool, pattern, Input::Pattern)?;
        }
        self.rows.put_pool(pool)
    }

    pub(super) fn pool_archive(&mut self, id: PoolId, archive: bool) -> Result<Box<Pool>, Stop> {
        let mut pool = self.lookups().pool(id, Input::Id)?.as_ref().clone();
        if pool.archived_at.is_some() == archive {
            return Ok(Box::new(pool));
        }
        pool.archived_at = archive.then(|| self.now());
        pool.updated_at = self.now();
        pool.version += 1;
        self.rows.put_pool(pool)
    }

    pub(super) fn pool_update(
        &mut self,
        id: PoolId,
        edit: &PoolEdit,
        prepared: &Prepared,
        caller: &Caller,
    ) -> Result<Edited, Stop> {
        let mut pool = self.lookups().pool(id, Input::Id)?.as_ref().clone();
        if let Some(expected) = edit.expected_version.filter(|expected| *expected != pool.version) {
            return Err(Rejection::VersionMismatch { expected, found: pool.version }
                .at([Input::ExpectedVersion])
                .into());
        }
        if let Some(group) = edit.group {
            self.access().check_group(group, Input::UserGroupId)?;
            pool.group = group;
        }
        let mut faults = Faults::default();
        if let Some(name) = &edit.name {
            pool.name = faults.take(&[Input::Name], check_name(name)).unwrap_or_default();
        }
        pool.aggregated = edit.aggregated.unwrap_or(pool.aggregated);
        faults.take(&[Input::PaysShipping], check_pays_shipping(pool.kind, edit.pays_shipping));
        pool.pays_shipping = edit.pays_shipping.or(pool.pays_shipping);
        pool.till = edit.till.applied(&pool.till, &mut faults);
        pool.returnable = edit.returnable.unwrap_or(pool.returnable);
        if pool.series.is_empty() {
            for (field, _) in edit.codes().into_iter().filter(|(_, given)| *given) {
                let subject = format!("source {}", pool.source.name());
                faults.add(&[field], Rejection::FieldNotApplicable { subject });
            }
        }
        let terms = edited_terms(&pool, edit, &mut faults);
        edit_bindings(&mut pool, edit, &mut faults);
        prepared.bindings_with(faults.into_result())?;
        let before = pool.current_terms();
        if let Some(terms) = terms.filter(|terms| pool.terms.last().map(AsRef::as_ref) != Some(terms)) {
            if pool.terms.len() >= MAX_TERMS && terms.bytes().saturating_mul(pool.terms.len() + 1) > MAX_OWN_TERMS {
                let rejection =
                    Rejection::LimitExceeded { what: "too many edits of a pool's terms", limit: MAX_TERMS as u64 };
                return Err(rejection.into());
            }
            pool.terms.push(Arc::new(terms));
        }
        if let Some(pattern) = &prepared.pattern {
            self.supply().change_codes(&mut pool, edit, pattern)?;
        }
        let open = check_claim_on_use(&pool.till, pool.generic_code().is_some(), pool.aggregated);
        open.map_err(|rejection| rejection.at([Input::ClaimOnUse]))?;
        if pool.till.limits.per_customer.is_some() && pool.claims_since.is_none() {
            pool.claims_since = Some(self.rows.next_event().sequence);
        }
        let (reached, plan) = self.update_coupons(&mut pool, edit.apply, before, &caller.name)?;
        if edit.dry_run {
            self.rows.forget_change();
            return Ok(Edited { pool: Box::new(pool), reached, job: None });
        }
        let job = plan.map(|plan| self.jobs().start(&update_job(plan, &reached), caller)).transpose()?;
        pool.updated_at = self.now();
        pool.version += 1;
        Ok(Edited { pool: self.rows.put_pool(pool)?, reached, job })
    }

    /// Has coupons of before carry an edited pool's terms; how many are in the scope of that, and what is left to do.
    fn update_coupons(
        &mut self,
        pool: &mut Pool,
        apply: Option<Apply>,
        before: TermsNumber,
        actor: &str,
    ) -> Result<(Counts, Option<UpdatePlan>), Stop> {
        let Some(Apply { scope, matching }) = apply else { return Ok((Counts::default(), None)) };
        if pool.updates.len() >= MAX_TERMS {
            let what = "too many edits of a pool that hold for coupons of before";
            return Err(Rejection::LimitExceeded { what, limit: MAX_TERMS as u64 }.at([Input::Apply]).into());
        }
        let Tally { supply, counts, .. } = self.rows.tally(pool.id);
        let (terms, matching) = (pool.current_terms(), matching.then_some(before));
        let update = TermsUpdate { scope, matching, terms, at: self.now(), actor: actor.to_owned() };
        let untouched = pool.update_coupons(update, &supply);
        let plan = UpdatePlan { pool: pool.id, number: pool.updates_so_far(), untouched };
        let mut reached = Counts::default();
        for status in Status::ALL.into_iter().filter(|status| scope.admits(*status)) {
            reached.add(status, counts.of(status));
        }
        Ok((reached, Some(plan)))
    }
}

/// The job that has the coupons of a pool keep an update.
fn update_job(plan: UpdatePlan, reached: &Counts) -> JobDraft {
    JobDraft {
        kind: JobKind::PoolUpdate,
        dry_run: false,
        pool: Some(plan.pool),
        plan: Plan::Update(plan),
        parts: Vec::new(),
        total: u64::try_from(reached.total()).ok(),
        undoes: None,
        columns: Vec::new(),
        upload: None,
    }
}

/// Binds a pool to other plugins. They count at once, for coupons that exist too.
fn edit_bindings(pool: &mut Pool, edit: &PoolEdit, faults: &mut Faults) {
    if let Some(checks) = &edit.checks {
        faults.take(&[Input::Checks], check_number(checks));
        pool.checks.clone_from(checks);
    }
    match &edit.remote {
        Some(_) if pool.source != Source::Remote => {
            let subject = format!("source {}", pool.source.name());
            faults.add(&[Input::Remote], Rejection::FieldNotApplicable { subject });
        }
        Some(remote) => pool.remote = Some(remote.clone()),
        None => {}
    }
}

/// The terms that an edit gives a pool; none where it does not touch them.
fn edited_terms(pool: &Pool, edit: &PoolEdit, faults: &mut Faults) -> Option<Terms> {
    let current = pool.terms.last()?;
    let value = match &edit.value {
        None => current.value,
        Some(text) => faults.take(&[Input::Value], Value::parse(pool.kind, text.as_deref(), pool.currency))?,
    };
    let restrictions = merged(current, &edit.restrictions).check(pool.kind, pool.currency, faults);
    Some(Terms { value, currency: pool.currency, restrictions })
}

/// The restrictions in force with those over them that an edit names.
fn merged(current: &Terms, edit: &RestrictionsEdit) -> RestrictionsDraft {
    let now = &current.restrictions;
    let exponent = current.exponent();
    let text = |amount: Option<scrip_domain::decimal::Amount>| amount.map(|amount| amount.text(exponent));
    let choose = |edit: &Option<Option<String>>, current: Option<String>| edit.clone().unwrap_or(current);
    RestrictionsDraft {
        minimum_value: choose(&edit.minimum_value, text(now.minimum_value)),
        minimum_redemption_value: choose(&edit.minimum_redemption_value, text(now.minimum_redemption_value)),
        purchase_minimum: choose(&edit.purchase_minimum, text(now.purchase_minimum)),
        expiration_period: choose(&edit.expiration_period, now.expiration_period.map(|period| period.to_string())),
        stores: edit.stores.clone().unwrap_or_else(|| now.stores.clone()),
        products: edit.products.clone().unwrap_or_else(|| now.products.clone()),
        valid_from: edit.valid_from.unwrap_or(now.valid_from),
        valid_until: edit.valid_until.unwrap_or(now.valid_until),
        time_zone: choose(&edit.time_zone, now.time_zone.as_ref().map(|zone| zone.name().to_owned())),
    }
}
