//! The ids of the API, read and written with the secret of the database that a request is about.

use std::sync::Arc;

use async_graphql::{Context, ID, Result};

use super::asking::session;
use scrip_domain::{
    group::GroupId,
    id::{CouponId, CustomerId, EntryId, PoolId},
    job::JobId,
    pool::Pool,
    rejection::Rejection,
};
use scrip_service::{Failure, Session};

pub use scrip_domain::global_id::{GlobalId, GlobalIds};

/// The ids and cursors of the database that a request is about.
pub(crate) fn ids<'a>(ctx: &Context<'a>) -> Result<&'a GlobalIds> {
    Ok(session(ctx)?.ids())
}

/// The id of an object.
pub(crate) fn id(ctx: &Context<'_>, id: &GlobalId) -> Result<ID> {
    Ok(ID(ids(ctx)?.encode(id)))
}

/// The pool that an id names.
pub fn pool_id(ids: &GlobalIds, id: &ID) -> Result<PoolId, Rejection> {
    match ids.decode(id) {
        Some(GlobalId::Pool(pool)) => Ok(pool),
        _ => Err(Rejection::NotFound { what: "pool", by: "id" }),
    }
}

/// The group of users that an id names.
pub fn group_id(ids: &GlobalIds, id: &ID) -> Result<GroupId, Rejection> {
    match ids.decode(id) {
        Some(GlobalId::Group(group)) => Ok(group),
        _ => Err(Rejection::NotFound { what: "user group", by: "id" }),
    }
}

/// The coupon that an id names.
pub fn coupon_id(ids: &GlobalIds, id: &ID) -> Result<CouponId, Rejection> {
    match ids.decode(id) {
        Some(GlobalId::Coupon(coupon)) => Ok(coupon),
        _ => Err(Rejection::NotFound { what: "coupon", by: "id" }),
    }
}

/// The job that an id names.
pub fn job_id(ids: &GlobalIds, id: &str) -> Result<JobId, Rejection> {
    match ids.decode(id) {
        Some(GlobalId::Job(job)) => Ok(job),
        _ => Err(Rejection::NotFound { what: "job", by: "id" }),
    }
}

/// The ledger entry that an id names.
pub fn entry_id(ids: &GlobalIds, id: &ID) -> Result<EntryId, Rejection> {
    match ids.decode(id) {
        Some(GlobalId::Entry(entry)) => Ok(entry),
        _ => Err(Rejection::NotFound { what: "ledger entry", by: "id" }),
    }
}

/// The customer that an input names, by the retailer's own id or by the API's.
pub fn customer_id(ids: &GlobalIds, id: &ID) -> Result<CustomerId, Rejection> {
    CustomerId::parse(&ids.customer(id)?)
}

/// The pool with this id, or, where there is none, with this id of the retailer's.
pub fn pool_by_any_id(session: &Session, id: &str) -> Result<Option<Arc<Pool>>, Failure> {
    let by_id = match session.ids().decode(id) {
        Some(GlobalId::Pool(id)) => session.pool(id)?,
        _ => None,
    };
    by_id.map_or_else(|| session.pool_by_external_id(id), |pool| Ok(Some(pool)))
}
