//! The mutations. Each is one command of the service; what its caller has caused is in userErrors.

mod access;
mod coupons;
mod plugins;
mod pools;
mod till;

use async_graphql::{Context, MergedObject, Result};

use super::{asking::session, failure::internal, types::CouponUserError};
use scrip_domain::rejection::Refusal;
use scrip_service::{Answer, Command, Failure};

/// What can be changed.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    pools::PoolMutation,
    coupons::CouponMutation,
    till::TillMutation,
    plugins::PluginMutation,
    access::AccessMutation,
);

/// What became of a command: its answer, or what its caller has caused. What broke inside is an error
/// of the whole field.
async fn submit(
    ctx: &Context<'_>,
    idempotency: Option<String>,
    command: Command,
) -> Result<Result<Answer, Vec<CouponUserError>>> {
    match session(ctx)?.submit(idempotency, command).await {
        Ok(answer) => Ok(Ok(answer)),
        Err(Failure::Refused(refusals)) => Ok(Err(user_errors(refusals))),
        Err(Failure::Internal(reason)) => Err(internal(ctx, &reason)),
    }
}

fn user_errors(refusals: Vec<Refusal>) -> Vec<CouponUserError> {
    refusals.into_iter().map(CouponUserError).collect()
}
