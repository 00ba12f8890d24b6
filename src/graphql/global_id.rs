//! The ids of the API, read and written.

use std::sync::Arc;

use async_graphql::ID;

use scrip_domain::{
    id::{CouponId, EntryId, PoolId},
    pool::Pool,
    rejection::Rejection,
};
use scrip_service::Scrip;

pub use scrip_domain::global_id::GlobalId;

/// The pool that an id names.
pub fn pool_id(id: &ID) -> Result<PoolId, Rejection> {
    match GlobalId::decode(id) {
        Some(GlobalId::Pool(pool)) => Ok(pool),
        _ => Err(Rejection::NotFound { what: "pool", by: "id" }),
    }
}

/// The coupon that an id names.
pub fn coupon_id(id: &ID) -> Result<CouponId, Rejection> {
    match GlobalId::decode(id) {
        Some(GlobalId::Coupon(coupon)) => Ok(coupon),
        _ => Err(Rejection::NotFound { what: "coupon", by: "id" }),
    }
}

/// The ledger entry that an id names.
pub fn entry_id(id: &ID) -> Result<EntryId, Rejection> {
    match GlobalId::decode(id) {
        Some(GlobalId::Entry(entry)) => Ok(entry),
        _ => Err(Rejection::NotFound { what: "ledger entry", by: "id" }),
    }
}

/// The pool with this id, or, where there is none, with this id of the retailer's.
#[must_use]
pub fn pool_by_any_id(scrip: &Scrip, id: &str) -> Option<Arc<Pool>> {
    let registry = scrip.registry();
    let by_id = match GlobalId::decode(id) {
        Some(GlobalId::Pool(id)) => registry.pool(id),
        _ => None,
    };
    by_id.or_else(|| registry.pool_by_external_id(id))
}

/// The id of a pool as the API gives it.
#[must_use]
pub fn pool_id_text(id: PoolId) -> String {
    GlobalId::Pool(id).encode()
}
