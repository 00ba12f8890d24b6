//! Adding a list of codes, however long it may be: in parts, each a transaction, so that no other command waits for all of
//! it. After a crash in the middle, the same call adds the rest.

use std::sync::Arc;

use super::{Added, CouponsAdd, Failure, Session, Whole, fingerprint, keys::hash_secret};
use scrip_domain::{id::PoolId, pool::Pool, rejection::Refusal};

/// How many codes are added in one transaction.
const PART: usize = 500;

/// What became of a list of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedInParts {
    /// What became of those up to the first part that was refused.
    pub added: Added,
    /// Why that was refused.
    pub refused: Vec<Refusal>,
    /// The pool, where all parts were taken.
    pub pool: Option<Arc<Pool>>,
}

impl Session {
    /// Adds codes to an uploaded pool, once for an idempotency key.
    pub async fn add_coupons(
        &self,
        pool: PoolId,
        codes: &[String],
        key: Option<&str>,
    ) -> Result<AddedInParts, Failure> {
        let added = Added { pool, added: 0, skipped: Vec::new() };
        let mut so_far = AddedInParts { added, refused: Vec::new(), pool: None };
        if let Some(key) = key {
            let whole = fingerprint(&CouponsAdd { pool, codes: codes.to_vec() }.into(), None);
            match self.change(Some(key.to_owned()), Whole(whole)).await {
                Ok(_) => {}
                Err(Failure::Refused(refused)) => return Ok(AddedInParts { refused, ..so_far }),
                Err(broken) => return Err(broken),
            }
        }
        for (number, codes) in codes.chunks(PART).enumerate() {
            // A key may be of any length.
            let key = key.map(|key| format!("{number}/{}", hash_secret(key)));
            match self.change(key, CouponsAdd { pool, codes: codes.to_vec() }).await {
                Ok(part) => {
                    so_far.added.added += part.added;
                    so_far.added.skipped.extend(part.skipped);
                }
                Err(Failure::Refused(refused)) => return Ok(AddedInParts { refused, ..so_far }),
                Err(broken) => return Err(broken),
            }
        }
        so_far.pool = self.pool_to_add_to(pool)?;
        Ok(so_far)
    }
}
