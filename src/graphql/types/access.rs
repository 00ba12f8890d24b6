//! API keys and roles.

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};

use super::{CouponUserError, UserGroup};
use crate::{
    asking::session,
    global_id::{self, GlobalId, GlobalIds, group_id},
    scalar::DateTime,
};
use scrip_domain::{
    access,
    group::{GroupId, Groups},
    rejection::{Input, Refusal},
};
use scrip_service::{KeyDraft, KeyEdit};

/// What a key's holder is, which says what they may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "access::Role")]
pub enum Role {
    /// Whoever runs the programme: everything.
    Admin,
    /// Whoever works on it: pools, coupons, customers, exports.
    Manager,
    /// A till, a shop's server: claims, redemptions, checkouts, customers, lookups.
    Service,
    /// Whoever looks at it. Codes are told by their last four characters.
    Viewer,
    /// One customer, in a shop's page: own coupons and events. It has no key, but tokens.
    Customer,
}

/// A token that is to be made for a customer.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerTokenCreateInput {
    /// For which customer: the retailer's own id, or the API's. The customer need not be known yet.
    pub customer_id: ID,
    /// For how many minutes: 1 to 1,440; 60 where it is not given.
    pub minutes: Option<i32>,
}

/// A token that was made for a customer.
#[derive(Debug, SimpleObject)]
pub struct CustomerTokenCreatePayload {
    /// What the customer's page sends, as `Authorization: Bearer TOKEN`; null where the mutation was refused.
    pub token: Option<String>,
    /// When its time is over.
    pub expires_at: Option<DateTime>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// An API key. Its secret is told once, when it is made.
#[derive(Debug, Clone)]
pub struct ApiKey(pub access::ApiKey);

/// An API key. Its secret is told once, when it is made.
#[Object]
impl ApiKey {
    /// The opaque id.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Key(self.0.id.clone()))
    }

    /// What people call it; events are recorded by it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What its holder may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The groups whose pools it sees beside those of no group; of an ADMIN, who sees all, those that it was given.
    async fn groups(&self, ctx: &Context<'_>) -> Result<Vec<UserGroup>> {
        let groups = Groups::only(self.0.groups.iter().copied());
        Ok(session(ctx)?.groups_named(&groups).into_iter().map(UserGroup).collect())
    }

    /// How its secret begins; empty where that is not known.
    async fn hint(&self) -> &str {
        &self.0.hint
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// From when on it is not good any more; null where it does not end.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }

    /// When it was last used; null where it never was. What happened in the last minute before a gateway was stopped may
    /// be missing.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }

    /// How many requests it may send in a minute; null where that is as the gateway is set to.
    async fn requests_per_minute(&self) -> Option<i32> {
        self.0.budget.requests.and_then(|number| i32::try_from(number).ok())
    }

    /// How much what it asks for may cost in a minute; null where that is as the gateway is set to.
    async fn cost_per_minute(&self) -> Option<i32> {
        self.0.budget.cost.and_then(|number| i32::try_from(number).ok())
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}

/// A key that is to be replaced.
#[derive(Debug, Clone, InputObject)]
pub struct ApiKeyRotateInput {
    /// Which key.
    pub id: ID,
    /// For how many minutes it is good beside the new one: 0 to 43,200; a day where it is not given.
    pub minutes: Option<i32>,
}

/// A key that is to be made.
#[derive(Debug, Clone, InputObject)]
pub struct ApiKeyCreateInput {
    /// What people call it: up to 128 characters. Events are recorded by it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The groups whose pools its holder sees, beside those of no group: up to 100. An ADMIN sees all.
    pub group_ids: Option<Vec<ID>>,
    /// From when on it is not good any more.
    pub expires_at: Option<DateTime>,
    /// How many requests it may send in a minute, which may come at once: at least 1. Where it is not given, that is as the
    /// gateway is set to.
    pub requests_per_minute: Option<i32>,
    /// How much what it asks for may cost in a minute: at least 1. Where it is not given, that is as the gateway is set to.
    pub cost_per_minute: Option<i32>,
}

impl ApiKeyCreateInput {
    /// The service's draft.
    pub fn draft(self, ids: &GlobalIds) -> std::result::Result<KeyDraft, Refusal> {
        let name = scrip_domain::id::checked_id(&self.name).map_err(|rejection| rejection.at([Input::Name]))?;
        let expires_at = self.expires_at.map(|DateTime(end)| end);
        let groups = groups_of(ids, self.group_ids)?.unwrap_or_default();
        let budget = access::KeyBudget {
            requests: self.requests_per_minute.map(requests).transpose()?,
            cost: self.cost_per_minute.map(cost).transpose()?,
        };
        Ok(KeyDraft { name, role: self.role.into(), expires_at, groups, budget, secret: None })
    }
}

/// What changes of a key. A field that is absent stays.
#[derive(Debug, Clone, InputObject)]
pub struct ApiKeyUpdateInput {
    /// Which key.
    pub id: ID,
    /// What people call it.
    pub name: Option<String>,
    /// What its holder may do.
    pub role: Option<Role>,
    /// Other groups whose pools its holder sees, at once.
    pub group_ids: Option<Vec<ID>>,
    /// From when on it is not good any more; null: it does not end.
    pub expires_at: MaybeUndefined<DateTime>,
    /// How many requests it may send in a minute; null: as the gateway is set to.
    pub requests_per_minute: MaybeUndefined<i32>,
    /// How much what it asks for may cost in a minute; null: as the gateway is set to.
    pub cost_per_minute: MaybeUndefined<i32>,
}

fn requests(given: i32) -> std::result::Result<u32, Refusal> {
    access::KeyBudget::number(given).map_err(|rejection| rejection.at([Input::RequestsPerMinute]))
}

fn cost(given: i32) -> std::result::Result<u32, Refusal> {
    access::KeyBudget::number(given).map_err(|rejection| rejection.at([Input::CostPerMinute]))
}

/// The groups that a list names; none where it is absent.
fn groups_of(ids: &GlobalIds, list: Option<Vec<ID>>) -> std::result::Result<Option<Vec<GroupId>>, Refusal> {
    let read = |list: Vec<ID>| list.iter().map(|id| group_id(ids, id)).collect::<std::result::Result<Vec<_>, _>>();
    list.map(read).transpose().map_err(|rejection| rejection.at([Input::GroupIds]))
}

/// What a field that may be absent or null changes.
fn changed<T, U>(
    field: MaybeUndefined<T>,
    read: impl FnOnce(T) -> std::result::Result<U, Refusal>,
) -> std::result::Result<Option<Option<U>>, Refusal> {
    match field {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(None)),
        MaybeUndefined::Value(value) => read(value).map(|value| Some(Some(value))),
    }
}

impl ApiKeyUpdateInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> std::result::Result<KeyEdit, Refusal> {
        let expires_at = changed(self.expires_at, |DateTime(end)| Ok(end.as_millisecond()))?;
        Ok(KeyEdit {
            id: ids.key(self.id.0),
            name: self.name,
            role: self.role.map(Into::into),
            expires_at,
            groups: groups_of(ids, self.group_ids)?,
            requests: changed(self.requests_per_minute, requests)?,
            cost: changed(self.cost_per_minute, cost)?,
        })
    }
}

/// A key that was made.
#[derive(Debug, SimpleObject)]
pub struct ApiKeyCreatePayload {
    /// The key; null where the mutation was refused.
    pub api_key: Option<ApiKey>,
    /// What its holder sends, as `Authorization: Bearer SECRET`. It is told only now.
    pub secret: Option<String>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A key after a mutation.
#[derive(Debug, SimpleObject)]
pub struct ApiKeyPayload {
    /// The key; null where the mutation was refused.
    pub api_key: Option<ApiKey>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}
