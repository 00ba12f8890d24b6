//! The part of the rows that is in memory as well: what a command changes of it, the registry has once it is durable.

use std::sync::Arc;

use super::{Rows, Stop};
use scrip_domain::{
    access::{ApiKey, Settings},
    audit::AuditHead,
    coupon::Coupon,
    group::UserGroup,
    id::{CouponId, CustomerId, PoolId, TermsNumber},
    pool::Pool,
    terms::Terms,
};
use scrip_storage::{ApiKeys, AuditHeads, PoolTerms, Pools, Programme, RowId, Tally, UserGroups};

impl Rows<'_> {
    /// The pool with this id, for what is not told.
    pub(in super::super) fn find_pool(&self, id: PoolId) -> Option<Arc<Pool>> {
        self.change.pools.get(&id).cloned().or_else(|| self.working.pool(id))
    }

    /// The pool that a coupon is in, which exists.
    pub(in super::super) fn pool_of(&self, id: CouponId) -> Result<Arc<Pool>, Stop> {
        self.find_pool(id.pool).ok_or_else(|| Stop::broken(format!("coupon {id:?} has no pool")))
    }

    pub(in super::super) fn tally(&self, id: PoolId) -> Tally {
        self.change.tallies.get(&id).copied().unwrap_or_else(|| self.working.tally(id))
    }

    /// The terms that a coupon carries.
    pub(in super::super) fn terms(&self, coupon: &Coupon) -> Result<Arc<Terms>, Stop> {
        let pool = self.pool_of(coupon.id)?;
        let terms = pool.terms(coupon.terms).cloned();
        terms.ok_or_else(|| Stop::broken(format!("coupon {:?} has no terms", coupon.id)))
    }

    pub(in super::super) fn set_tally(&mut self, id: PoolId, tally: Tally) {
        self.change.tallies.insert(id, tally);
    }

    pub(in super::super) fn put_pool(&mut self, pool: Pool) -> Result<Box<Pool>, Stop> {
        self.put_terms(&pool);
        self.put::<Pools>(pool.id, Box::new(pool.clone()));
        self.change.tallies.entry(pool.id).or_insert_with(|| self.working.tally(pool.id));
        self.change.pools.insert(pool.id, Arc::new(pool.clone()));
        Ok(Box::new(pool))
    }

    /// Writes the terms that a pool has got. Those that it had never change.
    fn put_terms(&mut self, pool: &Pool) {
        let known = self.find_pool(pool.id).map_or(0, |known| known.terms.len());
        for (number, terms) in (0..).zip(&pool.terms).skip(known) {
            self.put::<PoolTerms>((pool.id, TermsNumber(number)), Arc::clone(terms));
        }
    }

    /// Writes the settings.
    pub(in super::super) fn put_settings(&mut self, settings: Settings) -> Result<(), Stop> {
        self.need([RowId::of::<Programme>(())])?;
        self.put::<Programme>((), settings);
        self.change.settings = Some(settings);
        Ok(())
    }

    pub(in super::super) fn put_key(&mut self, key: ApiKey) -> Box<ApiKey> {
        self.put::<ApiKeys>(key.hash.clone(), key.clone());
        self.change.keys.push(Arc::new(key.clone()));
        Box::new(key)
    }

    pub(in super::super) fn put_group(&mut self, group: UserGroup) -> UserGroup {
        self.put::<UserGroups>(group.id, group.clone());
        self.change.groups.push(Arc::new(group.clone()));
        group
    }

    /// The end of the audit.
    pub(in super::super) fn audit(&self) -> AuditHead {
        self.change.audit.unwrap_or_else(|| self.working.audit())
    }

    pub(in super::super) fn set_audit(&mut self, head: AuditHead) {
        self.put::<AuditHeads>((), head);
        self.change.audit = Some(head);
    }

    /// Notes that a customer's erasure begins, or that the customer is gone by it.
    pub(in super::super) fn set_erasing(&mut self, customer: CustomerId, erasing: bool) {
        self.change.erasing.insert(customer, erasing);
    }
}
