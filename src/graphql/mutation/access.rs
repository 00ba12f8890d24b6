//! The mutations of API keys.

use async_graphql::{Context, ID, Object, Result};

use super::{change, user_errors};
use crate::{
    asking::session,
    failure::failed,
    types::{ApiKey, ApiKeyCreateInput, ApiKeyCreatePayload, ApiKeyPayload, ApiKeyUpdateInput, CouponUserError},
};
use scrip_domain::{access::ApiKey as Key, rejection::Refusal};
use scrip_service::{Failure, KeyRevoke};

#[derive(Debug, Default)]
pub(super) struct AccessMutation;

#[Object]
impl AccessMutation {
    /// Makes an API key. Its secret is told only in this answer.
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key.")] input: ApiKeyCreateInput,
    ) -> Result<Option<ApiKeyCreatePayload>> {
        let refused = |refusals: Vec<Refusal>| ApiKeyCreatePayload {
            api_key: None,
            secret: None,
            user_errors: user_errors(refusals),
        };
        let draft = match input.draft() {
            Ok(draft) => draft,
            Err(refusal) => return Ok(Some(refused(vec![refusal]))),
        };
        Ok(Some(match session(ctx)?.create_key(draft).await {
            Ok(made) => ApiKeyCreatePayload {
                api_key: Some(made.key.into()),
                secret: Some(made.secret),
                user_errors: Vec::new(),
            },
            Err(Failure::Refused(refusals)) => refused(refusals),
            Err(broken) => return Err(failed(ctx, &broken)),
        }))
    }

    /// Edits an API key: what its holder may do and until when, at once.
    async fn api_key_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: ApiKeyUpdateInput,
    ) -> Result<Option<ApiKeyPayload>> {
        payload(change(ctx, None, Ok::<_, Refusal>(input.case())).await?)
    }

    /// Revokes an API key: it is not good any more from now on, also for what its holder follows at the moment.
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] id: ID,
    ) -> Result<Option<ApiKeyPayload>> {
        payload(change(ctx, None, Ok::<_, Refusal>(KeyRevoke { id: id.0 })).await?)
    }
}

fn payload(changed: std::result::Result<Box<Key>, Vec<CouponUserError>>) -> Result<Option<ApiKeyPayload>> {
    Ok(Some(match changed {
        Ok(key) => ApiKeyPayload { api_key: Some(ApiKey::from(*key)), user_errors: Vec::new() },
        Err(user_errors) => ApiKeyPayload { api_key: None, user_errors },
    }))
}
