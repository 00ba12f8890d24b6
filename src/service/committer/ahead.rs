//! What a command will surely read, noted together with what its decision stopped at first. So a batch of commands whose
//! rows are not in memory is decided twice, and not once more for everything that leads to something else.

use super::{attempt::Attempt, waiting::MAX_BATCH};
use crate::Command;
use scrip_domain::{
    id::{CouponId, CustomerId, PoolId},
    presence::{CHILDREN, path},
    source::Source,
};
use scrip_storage::{CodeLists, Customers, Emails, Nodes, RowId};

impl Attempt<'_> {
    /// Notes what a command's decision begins with. What is wrong with the command is told when it is decided, and what
    /// this stops at is noted.
    pub(super) fn read_ahead(&mut self, command: &Command) {
        match command {
            Command::Claim(claim) => self.read_ahead_of_claim(claim.pool, &claim.customer),
            Command::CustomerUpsert(edit) => {
                let email = edit.email.as_ref().and_then(Option::as_ref);
                let email = email.map(|email| RowId::of::<Emails>(email.folded()));
                drop(self.rows.need([RowId::of::<Customers>(edit.id.clone())].into_iter().chain(email)));
            }
            _ => drop(command.coupon().map(|coupon| self.lookups().find(coupon))),
        }
    }

    fn read_ahead_of_claim(&mut self, pool: PoolId, customer: &CustomerId) {
        let Some(pool) = self.rows.find_pool(pool) else { return };
        drop(self.supply().need_for_claim(&pool, customer));
        // Others of its batch get the coupons after its own. A pool's first coupon in a status is noted in every level of
        // its tree.
        let next = self.rows.tally(pool.id).supply.next;
        for index in (next..=next + MAX_BATCH as u64 + CHILDREN).step_by(CHILDREN as usize) {
            drop(self.rows.need(path(index).map(|(node, _)| RowId::of::<Nodes>((pool.id, node)))));
            if pool.source == Source::Uploaded {
                drop(self.rows.need([RowId::of::<CodeLists>(CodeLists::row_of(CouponId { pool: pool.id, index }))]));
            }
        }
    }
}
