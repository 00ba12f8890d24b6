//! What an idempotency key recognises its input by: the input's meaning, and not how it was written or how this program's
//! types are made. "10" and "10.00" are the same amount, and a code is the same as the id of its coupon. What is hashed
//! has a version of its own, and every part its length before it, so that no two inputs make the same bytes.

mod parts;
mod pools;
mod till;

use super::{
    Adjust, Checkout, CheckoutPreview, Claim, Command, CouponRef, CouponsAdd, CouponsGenerate, Extend, Hold,
    Invalidate, JobDraft, JobStart, PoolCreate, Redeem, Reinstate, Return, Transfer, Unassign, Unredeem, Whole,
};
use parts::Parts;
use scrip_domain::{
    event::{Reason, Why},
    id::{CouponId, EntryId, PoolId},
};

/// The version that a fingerprint begins with. One of another version is of no input: its key is refused for a day, and
/// nothing happens twice.
const VERSION: &str = "3:";

/// The fingerprint of a command; with the coupon that its code names, where that is known and will stay so.
#[must_use]
pub(crate) fn fingerprint(command: &Command, named: Option<CouponId>) -> String {
    let mut parts = Parts::new();
    parts.command(command, named);
    format!("{VERSION}{}", parts.finish())
}

/// Whether a fingerprint that was kept is of a command. A code may have named its coupon then, or only now.
pub(super) fn is_of(kept: &str, command: &Command, named: Option<CouponId>) -> bool {
    kept == fingerprint(command, None) || (named.is_some() && kept == fingerprint(command, named))
}

impl Parts {
    fn pool(&mut self, pool: PoolId) {
        self.number(pool.0.into());
    }

    fn id(&mut self, id: CouponId) {
        self.text("id");
        self.pool(id.pool);
        self.number(id.index);
    }

    fn coupon(&mut self, coupon: &CouponRef, named: Option<CouponId>) {
        match (coupon, named) {
            (CouponRef::Held { coupon, by }, _) => {
                self.text("held by");
                self.text(by.as_str());
                self.coupon(coupon, named);
            }
            (CouponRef::Id(id), _) => self.id(*id),
            (CouponRef::Code { .. }, Some(id)) => self.id(id),
            (CouponRef::Code { code, pool, customer }, None) => {
                self.text("code");
                self.text(code);
                self.maybe(*pool, Self::pool);
                self.maybe(customer.as_ref(), |parts, customer| parts.text(customer.as_str()));
            }
        }
    }

    /// An action on a coupon.
    fn action(&mut self, action: &str, coupon: &CouponRef, named: Option<CouponId>) {
        self.text(action);
        self.coupon(coupon, named);
    }

    /// An action of which nothing is asked but the coupon, and why.
    fn plain_action(&mut self, action: &str, coupon: &CouponRef, named: Option<CouponId>, reason: Option<&Reason>) {
        self.action(action, coupon, named);
        self.reason(reason);
    }

    fn entry(&mut self, entry: EntryId) {
        self.pool(entry.coupon.pool);
        self.number(entry.coupon.index);
        self.number(entry.number.into());
    }

    fn why(&mut self, why: Option<&Why>) {
        self.maybe_text(why.and_then(|why| why.reason.as_ref()));
        self.maybe_text(why.and_then(|why| why.reference.as_ref()));
    }

    /// What is done with which pool.
    fn of_pool(&mut self, name: &str, pool: PoolId) {
        self.text(name);
        self.pool(pool);
    }

    fn job(&mut self, draft: &JobDraft) {
        let JobDraft { kind, dry_run, pool, plan, parts, total: _, undoes, columns: _, upload: _ } = draft;
        self.text("job");
        self.text(&format!("{kind:?}"));
        self.number(u64::from(*dry_run));
        self.maybe(*pool, Self::pool);
        // What it is asked to do, as it is kept.
        self.text(&serde_json::to_string(plan).unwrap_or_default());
        for stretch in parts.iter().flatten() {
            self.pool(stretch.pool);
            self.number(stretch.from);
            self.number(stretch.to);
        }
        self.maybe(*undoes, |parts, job| parts.number(job.0));
    }

    fn command(&mut self, command: &Command, named: Option<CouponId>) {
        match command {
            Command::PoolCreate(PoolCreate(draft)) => {
                self.text("create");
                self.draft(draft);
            }
            Command::Claim(Claim { pool, customer, code, why }) => {
                self.of_pool("claim", *pool);
                self.text(customer.as_str());
                self.why(why.as_ref());
                // As of a transaction of an unredeem.
                if let Some(code) = code {
                    self.text(code);
                }
            }
            Command::Checkout(Checkout(order)) => {
                self.text("checkout");
                self.checkout(order);
            }
            Command::CheckoutPreview(CheckoutPreview(order)) => {
                self.text("preview");
                self.checkout(order);
            }
            Command::Return(Return(order)) => self.returned(order),
            Command::Hold(Hold { order, minutes }) => self.held(order, *minutes),
            Command::CouponsAdd(CouponsAdd { pool, codes }) => {
                self.of_pool("add", *pool);
                self.texts(codes);
            }
            Command::CouponsGenerate(CouponsGenerate { pool, count }) => {
                self.of_pool("generate", *pool);
                self.text(&count.to_string());
            }
            Command::JobStart(JobStart(draft)) => self.job(draft),
            Command::Whole(Whole(hash)) => ["whole", hash].into_iter().for_each(|text| self.text(text)),
            _ => self.action_on_a_coupon(command, named),
        }
    }

    fn action_on_a_coupon(&mut self, command: &Command, named: Option<CouponId>) {
        match command {
            Command::Redeem(Redeem { coupon, customer, amount, basket, transaction, reason }) => {
                self.action("redeem", coupon, named);
                self.maybe_str(customer.as_ref().map(|id| id.as_str()));
                self.maybe_decimal(*amount);
                self.maybe(basket.as_deref(), Self::basket);
                self.maybe_str(transaction.as_ref().map(|id| id.as_str()));
                self.reason(reason.as_ref());
            }
            Command::Unredeem(Unredeem { coupon, entry, transaction, amount, reason }) => {
                self.action("unredeem", coupon, named);
                self.maybe(*entry, Self::entry);
                self.maybe_decimal(*amount);
                self.reason(reason.as_ref());
                // Nothing is said where there is none: what was asked before there was this means the same.
                if let Some(id) = transaction {
                    self.text(id.as_str());
                }
            }
            Command::Unassign(Unassign { coupon, reason }) => {
                self.plain_action("unassign", coupon, named, reason.as_ref());
            }
            Command::Transfer(Transfer { coupon, to, to_email, reason }) => {
                self.action("transfer", coupon, named);
                self.maybe_str(to.as_ref().map(|id| id.as_str()));
                self.maybe_str(to_email.as_ref().map(|email| email.as_str()));
                self.reason(reason.as_ref());
            }
            Command::Invalidate(Invalidate { coupon, reason }) => {
                self.plain_action("invalidate", coupon, named, reason.as_ref());
            }
            Command::Reinstate(Reinstate { coupon, reason }) => {
                self.plain_action("reinstate", coupon, named, reason.as_ref());
            }
            Command::Extend(Extend { coupon, until, reason }) => {
                self.action("extend", coupon, named);
                self.text(&until.as_millisecond().to_string());
                self.reason(reason.as_ref());
            }
            Command::Adjust(Adjust { coupon, amount, reason }) => {
                self.action("adjust", coupon, named);
                self.text(&amount.plain());
                self.text(reason.as_str());
            }
            // No caller gives a key with any other.
            _ => self.text("other"),
        }
    }
}

#[cfg(test)]
mod tests;
