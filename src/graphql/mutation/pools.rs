//! The mutations of pools, customers and settings.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use super::{change, user_errors};
use crate::{
    asking::session,
    failure::failed,
    global_id::ids,
    input::{
        CouponsAddInput, CouponsGenerateInput, CustomerUpsertInput, PoolArchiveInput, PoolCreateInput, PoolUpdateInput,
        SettingsUpdateInput,
    },
    types::{
        CouponPool, CouponUserError, CouponsAddPayload, CouponsGeneratePayload, Customer, CustomerErasePayload,
        CustomerPayload, Job, PoolPayload, PoolStats, PoolUpdatePayload, SettingsPayload, SkippedCode,
    },
    visible,
};
use scrip_domain::{
    pool::Pool,
    rejection::{Input, Refusal},
};
use scrip_service::{AddedInParts, Edited, Erased, Failure, Generated, SettingsEdit, Skipped};

#[derive(Debug, Default)]
pub(super) struct PoolMutation;

#[Object]
impl PoolMutation {
    /// Makes a pool.
    #[graphql(visible = "visible::change_pools")]
    async fn pool_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pool.")] input: PoolCreateInput,
    ) -> Result<Option<PoolPayload>> {
        let key = input.idempotency_key.clone();
        pool_payload(change(ctx, key, input.case(ids(ctx)?)).await?)
    }

    /// Edits a pool. Existing coupons keep the terms that they carry, but for those that `apply` names.
    #[graphql(visible = "visible::change_pools")]
    async fn pool_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: PoolUpdateInput,
    ) -> Result<Option<PoolUpdatePayload>> {
        Ok(Some(match change(ctx, None, input.case(ids(ctx)?)).await? {
            Ok(Edited { pool, reached, job }) => PoolUpdatePayload {
                pool: Some(CouponPool(Arc::new(*pool))),
                updated: i32::try_from(reached.total()).unwrap_or(i32::MAX),
                reached: Some(PoolStats::of(&reached)),
                job: job.map(|job| Job(*job)),
                user_errors: Vec::new(),
            },
            Err(user_errors) => PoolUpdatePayload { pool: None, updated: 0, reached: None, job: None, user_errors },
        }))
    }

    /// Archives a pool, so that nothing new is claimed from it, or brings it back. A pool is never
    /// deleted.
    #[graphql(visible = "visible::change_pools")]
    async fn pool_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which pool, and which way.")] input: PoolArchiveInput,
    ) -> Result<Option<PoolPayload>> {
        pool_payload(change(ctx, None, input.case(ids(ctx)?)).await?)
    }

    /// Adds codes to an uploaded pool. A code that exists already, in the list or in any pool, is
    /// skipped and told. Codes are added in parts of 500: after a crash in the middle, the same call
    /// adds the rest.
    #[graphql(visible = "visible::add_coupons")]
    async fn coupons_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The codes.")] input: CouponsAddInput,
    ) -> Result<Option<CouponsAddPayload>> {
        let refused = |refusals| CouponsAddPayload {
            pool: None,
            added: 0,
            skipped: Vec::new(),
            user_errors: user_errors(refusals),
        };
        let pool = match input.check(ids(ctx)?) {
            Ok(pool) => pool,
            Err(refusals) => return Ok(Some(refused(refusals))),
        };
        let AddedInParts { added, refused: refusals, pool } =
            match session(ctx)?.add_coupons(pool, &input.codes, input.idempotency_key.as_deref()).await {
                Ok(added) => added,
                Err(Failure::Refused(refusals)) => return Ok(Some(refused(refusals))),
                Err(broken) => return Err(failed(ctx, &broken)),
            };
        let skipped = |one: Skipped| SkippedCode { code: one.code, reason: CouponUserError(one.reason) };
        Ok(Some(CouponsAddPayload {
            pool: pool.map(CouponPool),
            added: i32::try_from(added.added).unwrap_or(i32::MAX),
            skipped: added.skipped.into_iter().map(skipped).collect(),
            user_errors: user_errors(refusals),
        }))
    }

    /// Makes more codes of a bulk pool, in a moment however many they are: a code is computed from the pool's
    /// pattern and secret, and nothing is stored for it until somebody touches it.
    #[graphql(visible = "visible::add_coupons")]
    async fn coupons_generate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, of which pool.")] input: CouponsGenerateInput,
    ) -> Result<Option<CouponsGeneratePayload>> {
        let key = input.idempotency_key.clone();
        Ok(Some(match change(ctx, key, input.case(ids(ctx)?)).await? {
            Ok(Generated { pool, count }) => CouponsGeneratePayload {
                pool: Some(CouponPool(Arc::new(*pool))),
                generated: i32::try_from(count).unwrap_or(i32::MAX),
                user_errors: Vec::new(),
            },
            Err(user_errors) => CouponsGeneratePayload::refused(user_errors),
        }))
    }

    /// Makes a customer, or edits one.
    #[graphql(visible = "visible::change_customers")]
    async fn customer_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be known of the customer.")] input: CustomerUpsertInput,
    ) -> Result<Option<CustomerPayload>> {
        Ok(Some(match change(ctx, None, input.case(ids(ctx)?)).await? {
            Ok(customer) => CustomerPayload { customer: Some(Customer(*customer)), user_errors: Vec::new() },
            Err(user_errors) => CustomerPayload { customer: None, user_errors },
        }))
    }

    /// Erases a customer: the e-mail address, the attributes and the id leave customers, events, purchases and answers.
    /// What happened stays, under a name that nothing leads to; so do ledgers and counts. Whoever comes with the same id
    /// afterwards is a new customer. Of a customer with a long history the rest is done in the background.
    #[graphql(visible = "visible::erase_customers")]
    async fn customer_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom: the retailer's own id, or the API's.")] customer_id: ID,
        #[graphql(desc = "Whether that is done although the customer holds coupons that can be used.")] force: Option<
            bool,
        >,
    ) -> Result<Option<CustomerErasePayload>> {
        let session = session(ctx)?;
        let erased = match crate::global_id::customer_id(session.ids(), &customer_id) {
            Ok(customer) => session.erase_customer(customer, force.unwrap_or_default()).await,
            Err(rejection) => Err(rejection.at([Input::CustomerId]).into()),
        };
        Ok(Some(match erased {
            Ok(erased) => CustomerErasePayload { done: Some(erased == Erased::All), user_errors: Vec::new() },
            Err(Failure::Refused(refusals)) => CustomerErasePayload { done: None, user_errors: user_errors(refusals) },
            Err(broken) => return Err(failed(ctx, &broken)),
        }))
    }

    /// Changes the settings.
    #[graphql(visible = "visible::change_settings")]
    async fn settings_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: SettingsUpdateInput,
    ) -> Result<Option<SettingsPayload>> {
        Ok(Some(match change(ctx, None, Ok::<_, Refusal>(SettingsEdit::from(input))).await? {
            Ok(settings) => SettingsPayload { settings: Some(settings.into()), user_errors: Vec::new() },
            Err(user_errors) => SettingsPayload { settings: None, user_errors },
        }))
    }
}

fn pool_payload(changed: std::result::Result<Box<Pool>, Vec<CouponUserError>>) -> Result<Option<PoolPayload>> {
    Ok(Some(match changed {
        Ok(pool) => PoolPayload { pool: Some(CouponPool(Arc::new(*pool))), user_errors: Vec::new() },
        Err(user_errors) => PoolPayload { pool: None, user_errors },
    }))
}
