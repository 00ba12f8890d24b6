//! Groups of users.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::{CouponPool, CouponUserError};
use crate::{
    asking::session,
    connection::CouponPoolConnection,
    cursor::place,
    failure::{failed, refused},
    global_id::{self, GlobalId, GlobalIds, group_id, ids},
    scalar::Cursor,
};
use scrip_domain::{group, rejection::Input};
use scrip_service::{PageRequest, PoolFilter, PoolOrder, UserGroupCreate, UserGroupUpdate};

/// Some of the people who work on the programme. A pool that belongs to a group exists only for whoever is in it, and for
/// an ADMIN.
#[derive(Debug, Clone)]
pub struct UserGroup(pub Arc<group::UserGroup>);

/// Some of the people who work on the programme. A pool that belongs to a group exists only for whoever is in it, and for
/// an ADMIN.
#[Object]
impl UserGroup {
    /// The opaque id.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Group(self.0.id))
    }

    /// What people call it. Tokens of an issuer name it so.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The pools that belong to it, by their creation.
    async fn pools(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
    ) -> Result<CouponPoolConnection> {
        let after = place(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?;
        let request = PageRequest::new(first, after, None, None).map_err(|r| refused(&r))?;
        let filter = PoolFilter { group: Some(self.0.id), ..PoolFilter::default() };
        let page = session(ctx)?.pools(&filter, PoolOrder::Created, &request).map_err(|f| failed(ctx, &f))?;
        Ok(CouponPoolConnection::of(ids(ctx)?, page, CouponPool))
    }
}

/// A group that is to be made.
#[derive(Debug, Clone, InputObject)]
pub struct UserGroupCreateInput {
    /// What people call it: up to 128 characters, and no other group is called so.
    pub name: String,
}

impl From<UserGroupCreateInput> for UserGroupCreate {
    fn from(input: UserGroupCreateInput) -> Self {
        Self { name: input.name }
    }
}

/// What changes of a group.
#[derive(Debug, Clone, InputObject)]
pub struct UserGroupUpdateInput {
    /// Which group.
    pub id: ID,
    /// What people call it.
    pub name: String,
}

impl UserGroupUpdateInput {
    /// The service's use case.
    #[must_use]
    pub fn case(self, ids: &GlobalIds) -> UserGroupUpdate {
        // No group has the number 0: whoever may ask at all is told that there is none.
        let id = group_id(ids, &self.id).unwrap_or(group::GroupId(0));
        UserGroupUpdate { id, name: self.name }
    }
}

/// A group after a mutation.
#[derive(Debug, SimpleObject)]
pub struct UserGroupPayload {
    /// The group; null where the mutation was refused.
    pub user_group: Option<UserGroup>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}
