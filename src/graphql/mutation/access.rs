//! The mutations of API keys.

use async_graphql::{Context, ID, Object, Result};

use super::{submit, user_errors};
use crate::{
    asking::session,
    failure::{failed, internal},
    types::{ApiKey, ApiKeyCreateInput, ApiKeyCreatePayload, ApiKeyPayload, ApiKeyUpdateInput},
};
use scrip_domain::rejection::Refusal;
use scrip_service::{Answer, Command, Failure};

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
        payload(ctx, input.command()).await
    }

    /// Revokes an API key: it is not good any more from now on, also for what its holder follows at the moment.
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] id: ID,
    ) -> Result<Option<ApiKeyPayload>> {
        payload(ctx, Command::KeyRevoke(id.0)).await
    }
}

async fn payload(ctx: &Context<'_>, command: Command) -> Result<Option<ApiKeyPayload>> {
    Ok(Some(match submit(ctx, None, command).await? {
        Ok(Answer::Key(key)) => ApiKeyPayload { api_key: Some(ApiKey::from(*key)), user_errors: Vec::new() },
        Ok(_) => return Err(internal(ctx, "a key was answered with something else")),
        Err(user_errors) => ApiKeyPayload { api_key: None, user_errors },
    }))
}
