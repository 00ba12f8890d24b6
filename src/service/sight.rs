//! Which pools exist for somebody: those of no group, and those of the groups that they are in. What belongs to any other
//! pool is not found, not listed, not counted and not told of, in the same words as what was never there. Every read of a
//! [`Session`](crate::Session) asks this; a code is looked up as the committer does (`service/committer/lookups.rs`), which asks
//! the same of the groups.

use std::sync::Arc;

use super::{Answer, Caller, CheckoutRecord, Failure, Proof, PurchaseRecord, Recorded, Registry, registry::Held};
use scrip_domain::{
    group::{GroupId, Groups},
    id::PoolId,
    pool::Pool,
    rejection::{Input, Rejection},
};

/// What is told of a code whose pool does not exist for whoever asks.
const HIDDEN: &str = "****";

/// Which pools exist for somebody. All, unless it is said otherwise.
#[derive(Debug, Clone, Default)]
pub struct Sight(Option<(Arc<Registry>, Whose)>);

/// Whose sight it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whose {
    /// That of somebody who is in these groups.
    In(Groups),
    /// That of the holder of a key, by its hash: in the groups that it has whenever this is asked.
    OfKey(Arc<str>),
    /// That of whom a token says to be in groups with these names: in those that are called so whenever this is asked.
    Named(Arc<[String]>),
}

impl Whose {
    fn see(&self, held: &Held, group: Option<GroupId>) -> bool {
        let Some(group) = group else { return true };
        match self {
            Self::In(groups) => groups.has(group),
            Self::OfKey(hash) => held.keys.get(&**hash).is_some_and(|key| key.revoked_at.is_none() && key.sees(group)),
            Self::Named(names) => held.groups.get(&group).is_some_and(|group| names.contains(&group.name)),
        }
    }
}

impl PartialEq for Sight {
    fn eq(&self, other: &Self) -> bool {
        fn whose(sight: &Sight) -> Option<&Whose> {
            sight.0.as_ref().map(|(_, whose)| whose)
        }
        whose(self) == whose(other)
    }
}

impl Eq for Sight {}

impl Sight {
    /// That of somebody in these groups.
    pub(super) fn of(registry: &Arc<Registry>, groups: &Groups) -> Self {
        match groups {
            Groups::All => Self(None),
            Groups::Only(_) => Self(Some((Arc::clone(registry), Whose::In(groups.clone())))),
        }
    }

    /// That of somebody for as long as they follow something: what is granted or withdrawn meanwhile counts.
    pub(super) fn following(registry: &Arc<Registry>, caller: &Caller) -> Self {
        let whose = match &caller.proof {
            Proof::Key(hash) | Proof::Token { by: Some(hash), .. } => Whose::OfKey(Arc::clone(hash)),
            Proof::Issued { groups: Some(names), .. } => Whose::Named(Arc::clone(names)),
            Proof::Own | Proof::Issued { groups: None, .. } | Proof::Token { by: None, .. } => {
                return Self::of(registry, &caller.groups);
            }
        };
        Self(Some((Arc::clone(registry), whose)))
    }

    /// Whether there is nothing that does not exist.
    pub(super) fn is_whole(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a pool exists.
    #[must_use]
    pub fn sees(&self, pool: PoolId) -> bool {
        let Some((registry, whose)) = &self.0 else { return true };
        let held = registry.read();
        held.pools.get(&pool).is_some_and(|pool| whose.see(&held, pool.group))
    }

    /// The pool, if it exists.
    pub(super) fn seen(&self, pool: Option<Arc<Pool>>) -> Option<Arc<Pool>> {
        pool.filter(|pool| self.0.as_ref().is_none_or(|(registry, whose)| whose.see(&registry.read(), pool.group)))
    }

    /// An answer without what does not exist; refused where nothing is left of it.
    pub(super) fn answer(&self, answer: Answer) -> Result<Answer, Failure> {
        let exists = |pool: PoolId, what: &'static str, field: Input| -> Result<(), Failure> {
            if self.sees(pool) { Ok(()) } else { Err(Rejection::NotFound { what, by: "id" }.at([field]).into()) }
        };
        Ok(match answer {
            answer if self.is_whole() => answer,
            Answer::Pool(pool) => exists(pool.id, "pool", Input::Id).map(|()| Answer::Pool(pool))?,
            Answer::Generated(pool, count) => {
                exists(pool.id, "pool", Input::PoolId).map(|()| Answer::Generated(pool, count))?
            }
            Answer::Edited(pool, reached, job) => {
                exists(pool.id, "pool", Input::Id).map(|()| Answer::Edited(pool, reached, job))?
            }
            Answer::Added(added) => exists(added.pool, "pool", Input::PoolId).map(|()| Answer::Added(added))?,
            Answer::Coupon(coupon, entry) => {
                exists(coupon.id.pool, "coupon", Input::Coupon).map(|()| Answer::Coupon(coupon, entry))?
            }
            Answer::Checkout(record) => Answer::Checkout(self.record(record)),
            Answer::PriceChanged(record, refusal) => Answer::PriceChanged(self.record(record), refusal),
            Answer::Held(record, until) => Answer::Held(self.record(record), until),
            Answer::Released(record) => Answer::Released(self.record(record)),
            Answer::Purchase(purchase) => Answer::Purchase(Box::new(self.purchase(*purchase))),
            // Of a pool that existed for whoever asked.
            answer @ (Answer::Job(_)
            | Answer::Eligible(_)
            | Answer::Customer(_)
            | Answer::Settings(_)
            | Answer::Group(_)
            | Answer::Key(_)
            | Answer::Done) => answer,
        })
    }

    /// A purchase without the coupons that do not exist: what they took off stays, because the sums have to be right.
    pub(super) fn purchase(&self, purchase: PurchaseRecord) -> PurchaseRecord {
        let checkout = *self.record(Box::new(purchase.checkout));
        PurchaseRecord { checkout, ..purchase }
    }

    fn record(&self, mut record: Box<CheckoutRecord>) -> Box<CheckoutRecord> {
        if !self.is_whole() {
            record.coupons.iter_mut().for_each(|recorded| self.hide(recorded));
        }
        record
    }

    fn hide(&self, recorded: &mut Recorded) {
        if recorded.coupon.as_ref().is_some_and(|coupon| !self.sees(coupon.id.pool)) {
            (recorded.code, recorded.coupon, recorded.entry) = (HIDDEN.to_owned(), None, None);
            recorded.checks.clear();
        }
    }
}
