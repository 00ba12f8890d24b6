//! What a row of a job does to all coupons of a pool together that nobody has touched: its pool's row says which those are,
//! so they are taken out of use, given back, or get other terms at once, however many they are.

use crate::{RowTask, jobs::UpdatePlan};
use scrip_domain::{
    id::{CouponId, PoolId},
    job::{Effect, Opposite},
    pool::Pool,
    rejection::{Input, Rejection},
    update::TermsChange,
};
use scrip_storage::Tally;

use super::{attempt::Attempt, stop::Stop};

/// What has become of a pool's untouched coupons.
pub(super) struct Moved {
    /// How many they are.
    pub(super) coupons: u64,
    /// What takes it back.
    pub(super) effect: Effect,
    /// Why there are fewer than were to be.
    pub(super) lacking: Option<Rejection>,
}

impl Attempt<'_> {
    /// What a row comes to that is about all untouched coupons of a pool; none where it is about one.
    pub(super) fn moved_together(&mut self, task: &RowTask) -> Option<Result<Moved, Stop>> {
        Some(match task {
            RowTask::Withdraw(pool) => self.withdraw(*pool),
            RowTask::Updated(plan, seen) => self.note_updated(plan, *seen),
            RowTask::Undo(effect, _) => match &effect.opposite {
                Opposite::Withdraw => self.withdraw(effect.coupon.pool),
                Opposite::Restock => self.restock(effect),
                Opposite::Untouched(coupons, changes) => self.terms_again(effect.coupon.pool, *coupons, changes),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Takes all coupons of a pool out of use that nobody has touched.
    fn withdraw(&mut self, pool: PoolId) -> Result<Moved, Stop> {
        let (mut pool, mut tally) = (self.lookups().pool(pool, Input::PoolId)?.as_ref().clone(), self.rows.tally(pool));
        let (number, coupons) = pool.withdraw(&mut tally.supply, &mut tally.counts, self.now())?;
        let effect = effect(pool.id, number.into(), Opposite::Restock);
        self.moved(pool, tally, Moved { coupons, effect, lacking: None })
    }

    /// Gives such ones back.
    fn restock(&mut self, taken: &Effect) -> Result<Moved, Stop> {
        let id = taken.coupon.pool;
        let (mut pool, mut tally) = (self.lookups().pool(id, Input::PoolId)?.as_ref().clone(), self.rows.tally(id));
        let number = u32::try_from(taken.version).unwrap_or_default();
        let coupons = pool.give_back(number, &mut tally.supply, &mut tally.counts);
        let effect = effect(id, taken.version, Opposite::Withdraw);
        self.moved(pool, tally, Moved { coupons, effect, lacking: None })
    }

    /// Notes that all coupons of a pool that have a row have kept an update. So many of them are among the places where it
    /// was for those that nobody had touched.
    fn note_updated(&mut self, plan: &UpdatePlan, seen: u64) -> Result<Moved, Stop> {
        let (mut pool, tally) =
            (self.lookups().pool(plan.pool, Input::PoolId)?.as_ref().clone(), self.rows.tally(plan.pool));
        pool.updates_kept = pool.updates_kept.max(plan.number);
        let coupons = plan.places().saturating_sub(seen).min(pool.untouched_left(&tally.supply, &tally.counts));
        let effect = effect(plan.pool, plan.number.into(), Opposite::Untouched(coupons, plan.untouched.clone()));
        self.rows.put_pool(pool)?;
        Ok(Moved { coupons, effect, lacking: None })
    }

    /// Gives so many untouched coupons of a pool the terms back that they carried before a change.
    fn terms_again(&mut self, id: PoolId, number: u64, changes: &[TermsChange]) -> Result<Moved, Stop> {
        let (mut pool, tally) = (self.lookups().pool(id, Input::PoolId)?.as_ref().clone(), self.rows.tally(id));
        let changed = pool.carry_again(changes);
        let places = changed.iter().map(TermsChange::places).sum();
        let coupons = pool.untouched_left(&tally.supply, &tally.counts).min(number).min(places);
        let lacking = (coupons < number).then(|| Rejection::ValueInvalid {
            reason: format!(
                "{} of {number} coupons that nobody had touched have changed since: those stay as they are",
                number - coupons
            ),
        });
        let effect = effect(id, 0, Opposite::Untouched(coupons, changed));
        self.moved(pool, tally, Moved { coupons, effect, lacking })
    }

    fn moved(&mut self, pool: Pool, tally: Tally, moved: Moved) -> Result<Moved, Stop> {
        if moved.coupons > 0 {
            self.rows.set_tally(pool.id, tally);
            self.rows.put_pool(pool)?;
        }
        Ok(moved)
    }
}

fn effect(pool: PoolId, version: u64, opposite: Opposite) -> Effect {
    Effect { coupon: CouponId { pool, index: 0 }, version, opposite }
}
