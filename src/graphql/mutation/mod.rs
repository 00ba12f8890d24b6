//! The mutations. Each is one command of the service; what its caller has caused is in userErrors.

mod access;
mod coupons;
mod jobs;
mod plugins;
mod pools;
mod till;

use async_graphql::{Context, MergedObject, Result};

use super::{asking::session, failure::internal, types::CouponUserError, visible};
use scrip_domain::rejection::Refusal;
use scrip_service::{Failure, UseCase};

/// What can be changed.
#[derive(Debug, Default, MergedObject)]
#[graphql(visible = "visible::mutations")]
pub struct Mutation(
    pools::PoolMutation,
    coupons::CouponMutation,
    till::TillMutation,
    plugins::PluginMutation,
    access::AccessMutation,
    jobs::JobMutation,
);

/// What became of a command: its answer, or what its caller has caused. What broke inside is an error
/// of the whole field.
/// Has a change made that was read from an input; what its caller has caused is told beside the answer.
async fn change<U: UseCase + Send>(
    ctx: &Context<'_>,
    idempotency: Option<String>,
    case: impl Into<Asked<U>>,
) -> Result<Result<U::Answer, Vec<CouponUserError>>> {
    let case = match case.into().0 {
        Ok(case) => case,
        Err(refusals) => return Ok(Err(user_errors(refusals))),
    };
    match session(ctx)?.change(idempotency, case).await {
        Ok(answer) => Ok(Ok(answer)),
        Err(Failure::Refused(refusals)) => Ok(Err(user_errors(refusals))),
        Err(Failure::Internal(broken)) => Err(internal(ctx, &broken.with_causes())),
    }
}

/// What was read from an input: a use case, or what is wrong with it.
struct Asked<U>(Result<U, Vec<Refusal>>);

impl<U> From<Result<U, Refusal>> for Asked<U> {
    fn from(read: Result<U, Refusal>) -> Self {
        Self(read.map_err(|refusal| vec![refusal]))
    }
}

impl<U> From<Result<U, Vec<Refusal>>> for Asked<U> {
    fn from(read: Result<U, Vec<Refusal>>) -> Self {
        Self(read)
    }
}

fn user_errors(refusals: Vec<Refusal>) -> Vec<CouponUserError> {
    refusals.into_iter().map(CouponUserError).collect()
}
