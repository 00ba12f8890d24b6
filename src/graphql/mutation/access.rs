//! The mutations of API keys, groups and tokens.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use super::{change, user_errors};
use crate::{
    asking::session,
    failure::failed,
    global_id::ids,
    scalar::DateTime,
    types::{
        ApiKey, ApiKeyCreateInput, ApiKeyCreatePayload, ApiKeyPayload, ApiKeyRotateInput, ApiKeyUpdateInput,
        CouponUserError, CustomerTokenCreateInput, CustomerTokenCreatePayload, UserGroup, UserGroupCreateInput,
        UserGroupPayload, UserGroupUpdateInput,
    },
    visible,
};
use scrip_domain::{
    access::ApiKey as Key,
    group,
    id::CustomerId,
    rejection::{Input, Refusal},
};
use scrip_service::{Failure, KeyRevoke, NewKey, NewToken, UserGroupCreate};

#[derive(Debug, Default)]
pub(super) struct AccessMutation;

#[Object]
impl AccessMutation {
    /// Makes an API key. Its secret is told only in this answer.
    #[graphql(visible = "visible::manage_keys")]
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key.")] input: ApiKeyCreateInput,
    ) -> Result<Option<ApiKeyCreatePayload>> {
        let made = match input.draft(ids(ctx)?) {
            Ok(draft) => session(ctx)?.create_key(draft).await,
            Err(refusal) => Err(refusal.into()),
        };
        new_key(ctx, made)
    }

    /// Replaces an API key: the new one, whose secret is told only in this answer, has its name, its role and its end, and
    /// both are good for a while, so that whoever has the old one can go over to the new one.
    #[graphql(visible = "visible::manage_keys")]
    async fn api_key_rotate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key, and for how long it stays.")] input: ApiKeyRotateInput,
    ) -> Result<Option<ApiKeyCreatePayload>> {
        let minutes = input.minutes.map_or(OVERLAP, i64::from);
        new_key(ctx, session(ctx)?.rotate_key(ids(ctx)?.key(input.id.0), minutes).await)
    }

    /// Edits an API key: what its holder may do and until when, at once.
    #[graphql(visible = "visible::manage_keys")]
    async fn api_key_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: ApiKeyUpdateInput,
    ) -> Result<Option<ApiKeyPayload>> {
        payload(change(ctx, None, input.case(ids(ctx)?)).await?)
    }

    /// Makes a group of users.
    #[graphql(visible = "visible::manage_groups")]
    async fn user_group_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The group.")] input: UserGroupCreateInput,
    ) -> Result<Option<UserGroupPayload>> {
        group_payload(change(ctx, None, Ok::<_, Refusal>(UserGroupCreate::from(input))).await?)
    }

    /// Calls a group of users otherwise. What is in it stays in it.
    #[graphql(visible = "visible::manage_groups")]
    async fn user_group_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UserGroupUpdateInput,
    ) -> Result<Option<UserGroupPayload>> {
        group_payload(change(ctx, None, Ok::<_, Refusal>(input.case(ids(ctx)?))).await?)
    }

    /// Makes a token for a customer, so that a shop's page asks for the customer itself: it may do what the role CUSTOMER
    /// may, with what is the customer's own. It ends by itself, and with the key that had it made.
    #[graphql(visible = "visible::make_customer_tokens")]
    async fn customer_token_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For whom, and for how long.")] input: CustomerTokenCreateInput,
    ) -> Result<Option<CustomerTokenCreatePayload>> {
        let session = session(ctx)?;
        let customer = session.ids().customer(&input.customer_id).and_then(|id| CustomerId::parse(&id));
        let made = match customer {
            Ok(customer) => session.create_customer_token(customer, input.minutes.map(i64::from)).await,
            Err(rejection) => Err(rejection.at([Input::CustomerId]).into()),
        };
        Ok(Some(match made {
            Ok(NewToken { token, expires_at }) => CustomerTokenCreatePayload {
                token: Some(token),
                expires_at: Some(DateTime(expires_at)),
                user_errors: Vec::new(),
            },
            Err(Failure::Refused(refusals)) => {
                CustomerTokenCreatePayload { token: None, expires_at: None, user_errors: user_errors(refusals) }
            }
            Err(broken) => return Err(failed(ctx, &broken)),
        }))
    }

    /// Revokes an API key: it is not good any more from now on, also for what its holder follows at the moment.
    #[graphql(visible = "visible::manage_keys")]
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] id: ID,
    ) -> Result<Option<ApiKeyPayload>> {
        payload(change(ctx, None, Ok::<_, Refusal>(KeyRevoke { id: ids(ctx)?.key(id.0) })).await?)
    }
}

/// How long a key that is replaced stays where nothing is said, in minutes.
const OVERLAP: i64 = 24 * 60;

fn new_key(ctx: &Context<'_>, made: std::result::Result<NewKey, Failure>) -> Result<Option<ApiKeyCreatePayload>> {
    Ok(Some(match made {
        Ok(NewKey { key, secret }) => {
            ApiKeyCreatePayload { api_key: Some(ApiKey(key)), secret: Some(secret), user_errors: Vec::new() }
        }
        Err(Failure::Refused(refusals)) => {
            ApiKeyCreatePayload { api_key: None, secret: None, user_errors: user_errors(refusals) }
        }
        Err(broken) => return Err(failed(ctx, &broken)),
    }))
}

fn payload(changed: std::result::Result<Box<Key>, Vec<CouponUserError>>) -> Result<Option<ApiKeyPayload>> {
    Ok(Some(match changed {
        Ok(key) => ApiKeyPayload { api_key: Some(ApiKey(*key)), user_errors: Vec::new() },
        Err(user_errors) => ApiKeyPayload { api_key: None, user_errors },
    }))
}

fn group_payload(
    changed: std::result::Result<group::UserGroup, Vec<CouponUserError>>,
) -> Result<Option<UserGroupPayload>> {
    Ok(Some(match changed {
        Ok(group) => UserGroupPayload { user_group: Some(UserGroup(Arc::new(group))), user_errors: Vec::new() },
        Err(user_errors) => UserGroupPayload { user_group: None, user_errors },
    }))
}
