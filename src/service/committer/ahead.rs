//! What a command will surely read, noted together with what its decision stopped at first. So a batch of commands whose
//! rows are not in memory is decided twice, and not once more for everything that leads to something else
//! (`rounds.rs` has what takes longer, and why).

use super::{Request, attempt::Attempt, decide, lookups::AtTill, waiting::MAX_BATCH};
use crate::{
    Checkout, CheckoutOrder, CheckoutPreview, Claim, Command, CustomerEdit, Extend, Hold, Redeem, Transfer, Unredeem,
};
use scrip_domain::{
    id::{CouponId, TransactionId},
    presence::{CHILDREN, path},
    source::Source,
};
use scrip_storage::{CodeLists, Coupons, Customers, Dues, Emails, Nodes, Purchases, RowId};

impl Attempt<'_> {
    /// Begins a use case for what it reads, where nothing of it is decided yet. For those that callers ask for all the time
    /// it is [known](Self::read_ahead) without that.
    pub(super) fn begin_ahead(&mut self, request: &Request) {
        let is_known = match &request.command {
            Command::Claim(_) | Command::CustomerUpsert(_) | Command::Checkout(_) | Command::Hold(_) => true,
            other => other.coupon().is_some(),
        };
        if !is_known {
            drop(decide::run(self, request, &request.command));
        }
    }

    /// Notes what a command's decision begins with. What is wrong with the command is told when it is decided, and what
    /// this stops at is noted.
    pub(super) fn read_ahead(&mut self, command: &Command) {
        match command {
            Command::Claim(claim) => self.read_ahead_of_claim(claim),
            Command::CustomerUpsert(edit) => self.read_ahead_of_customer(edit),
            Command::Redeem(asked) => self.read_ahead_of_redemption(asked),
            Command::Checkout(Checkout(order)) | Command::Hold(Hold { order, .. }) => {
                self.read_ahead_of_order(order);
                self.rows.need_nodes();
            }
            Command::CheckoutPreview(CheckoutPreview(order)) => self.read_ahead_of_order(order),
            Command::Unredeem(Unredeem { coupon, transaction, .. }) => {
                drop(self.lookups().find(coupon));
                self.read_ahead_of_uses(transaction.as_ref());
                self.rows.need_nodes();
            }
            Command::Extend(Extend { coupon, until, .. }) => {
                drop(self.lookups().find(coupon));
                // It is in the list of ends then.
                let ends = self.rows.missing_of::<Coupons>().into_iter().map(|id| (until.as_millisecond(), id));
                drop(self.rows.need(ends.map(RowId::of::<Dues>)));
            }
            Command::Transfer(Transfer { coupon, to, to_email, .. }) => {
                let to = to.clone().map(RowId::of::<Customers>);
                let email = to_email.as_ref().map(|email| RowId::of::<Emails>(email.folded()));
                drop(self.rows.need(to.into_iter().chain(email)));
                drop(self.lookups().find(coupon));
                self.rows.need_nodes();
            }
            other => {
                let Some(coupon) = other.coupon() else { return };
                drop(self.lookups().find(coupon));
                self.rows.need_nodes();
            }
        }
    }

    fn read_ahead_of_redemption(&mut self, Redeem { coupon, customer, transaction, .. }: &Redeem) {
        drop(self.lookups().find_at_till(coupon));
        if !self.rows.missing_of::<CodeLists>().is_empty() {
            // Nobody has touched it: it is the customer's from now on.
            drop(self.rows.need(customer.clone().map(RowId::of::<Customers>)));
        }
        self.read_ahead_of_uses(transaction.as_ref());
        self.rows.need_nodes();
    }

    fn read_ahead_of_customer(&mut self, edit: &CustomerEdit) {
        let email = edit.email.as_ref().and_then(Option::as_ref);
        let email = email.map(|email| RowId::of::<Emails>(email.folded()));
        drop(self.rows.need([RowId::of::<Customers>(edit.id.clone())].into_iter().chain(email)));
    }

    fn read_ahead_of_claim(&mut self, Claim { pool, customer, code, .. }: &Claim) {
        let Some(pool) = self.rows.find_pool(*pool) else { return };
        if let Some(code) = code {
            drop(self.lookups().by_code(code, Some(pool.id), None));
            self.rows.need_nodes();
        }
        drop(self.supply().need_for_claim(&pool, customer));
        let supply = self.rows.tally(pool.id).supply;
        if supply.returned > 0 {
            // Where the first that came back is looked for.
            drop(self.rows.need(path(0).map(|(node, _)| RowId::of::<Nodes>((pool.id, node)))));
        }
        // Others of its batch get the coupons after its own. A pool's first coupon in a status is noted in every level of
        // its tree.
        for index in (supply.next..=supply.next + MAX_BATCH as u64 + CHILDREN).step_by(CHILDREN as usize) {
            drop(self.rows.need(path(index).map(|(node, _)| RowId::of::<Nodes>((pool.id, node)))));
            if pool.source == Source::Uploaded {
                drop(self.rows.need([RowId::of::<CodeLists>(CodeLists::row_of(CouponId { pool: pool.id, index }))]));
            }
        }
    }

    /// What the codes of a checkout mean, and what is known by its id and its customer.
    fn read_ahead_of_order(&mut self, order: &CheckoutOrder) {
        let transaction = order.transaction.as_str();
        let purchase = RowId::of::<Purchases>((transaction.to_owned(), None));
        drop(self.rows.need([purchase, RowId::of::<Customers>(order.customer.clone())]));
        let till = AtTill { transaction, taken: &[] };
        for given in &order.coupons {
            drop(self.lookups().by_code_as(&given.code, None, Some(&order.customer), Some(&till)));
        }
        self.read_ahead_of_uses(Some(&order.transaction));
    }

    /// Whether a purchase has redeemed the coupons that are missing.
    fn read_ahead_of_uses(&mut self, transaction: Option<&TransactionId>) {
        let Some(transaction) = transaction.map(TransactionId::as_str) else { return };
        let coupons = self.rows.missing_of::<Coupons>().into_iter();
        drop(self.rows.need(coupons.map(|id| RowId::of::<Purchases>((transaction.to_owned(), Some(id))))));
    }
}
