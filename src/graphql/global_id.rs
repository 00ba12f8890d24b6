//! The ids of the API, read and written with the secret of the database that a request is about.

use std::sync::Arc;

use async_graphql::{Context, ID, Result};

use scrip_domain::{
    id::{CouponId, CustomerId, EntryId, PoolId},
    pool::Pool,
    rejection::Rejection,
};
use scrip_service::Scrip;

pub use scrip_domain::global_id::{GlobalId, GlobalIds};

/// The ids and cursors of the database that a request is about.
pub(crate) fn ids<'a>(ctx: &Context<'a>) -> Result<&'a GlobalIds> {
    Ok(ctx.data::<Arc<Scrip>>()?.registry().ids())
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

/// The coupon that an id names.
pub fn coupon_id(ids: &GlobalIds, id: &ID) -> Result<CouponId, Rejection> {
    match ids.decode(id) {
        Some(GlobalId::Coupon(coupon)) => Ok(coupon),
        _ => Err(Rejection::NotFound { what: "coupon", by: "id" }),
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
#[must_use]
pub fn pool_by_any_id(scrip: &Scrip, id: &str) -> Option<Arc<Pool>> {
    let registry = scrip.registry();
    let by_id = match registry.ids().decode(id) {
        Some(GlobalId::Pool(id)) => registry.pool(id),
        _ => None,
    };
    by_id.or_else(|| registry.pool_by_external_id(id))
}

/// The id of a pool as the API gives it.
#[must_use]
pub fn pool_id_text(scrip: &Scrip, id: PoolId) -> String {
    scrip.registry().ids().encode(&GlobalId::Pool(id))
}
