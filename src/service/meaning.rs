//! What an idempotency key recognises its input by: the input's meaning, and not how it was written or how this program's
//! types are made. "10" and "10.00" are the same amount, and a code is the same as the id of its coupon. What is hashed
//! has a version of its own, and every part its length before it, so that no two inputs make the same bytes.

use sha2::{Digest, Sha256};

use super::{
    Adjust, Checkout, CheckoutOrder, CheckoutPreview, Claim, Command, CouponRef, CouponsAdd, CouponsGenerate, Extend,
    Hold, Invalidate, JobDraft, JobStart, PoolCreate, Redeem, Reinstate, Return, ReturnOrder, Transfer, Unassign,
    Unredeem, Whole,
};
use scrip_domain::{
    basket::BasketDraft,
    binding::{Binding, OnFailure},
    combining::{Stacking, StackingWith},
    decimal::Decimal,
    event::{Reason, Why},
    id::{CouponId, EntryId, PoolId},
    limits::LimitsDraft,
    pool_draft::{PoolDraft, RestrictionsDraft},
    purchase::{Asked, AskedLine},
    till::TillEdit,
};

/// The version that a fingerprint begins with. One of another version is of no input: its key is refused for a day, and
/// nothing happens twice.
const VERSION: &str = "3:";

/// The fingerprint of a command; with the coupon that its code names, where that is known and will stay so.
#[must_use]
pub(crate) fn fingerprint(command: &Command, named: Option<CouponId>) -> String {
    let mut parts = Parts(Sha256::new());
    parts.command(command, named);
    format!("{VERSION}{}", data_encoding::HEXLOWER.encode(&parts.0.finalize()))
}

/// Whether a fingerprint that was kept is of a command. A code may have named its coupon then, or only now.
pub(super) fn is_of(kept: &str, command: &Command, named: Option<CouponId>) -> bool {
    kept == fingerprint(command, None) || (named.is_some() && kept == fingerprint(command, named))
}

/// The parts of an input, one after the other.
struct Parts(Sha256);

impl Parts {
    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    /// Whether there is a part, and the part.
    fn maybe<T>(&mut self, part: Option<T>, add: impl FnOnce(&mut Self, T)) {
        self.number(u64::from(part.is_some()));
        if let Some(part) = part {
            add(self, part);
        }
    }

    fn maybe_text(&mut self, text: Option<&String>) {
        self.maybe(text, |parts, text| parts.text(text));
    }

    /// An amount without the zeros that change nothing; what is none as it was written.
    fn amount(&mut self, text: &str) {
        match Decimal::parse(text) {
            Ok(amount) => self.text(&amount.plain()),
            Err(_) => self.text(text),
        }
    }

    fn maybe_amount(&mut self, text: Option<&String>) {
        self.maybe(text, |parts, text| parts.amount(text));
    }

    fn maybe_decimal(&mut self, amount: Option<Decimal>) {
        self.maybe(amount, |parts, amount| parts.text(&amount.plain()));
    }

    fn maybe_str(&mut self, text: Option<&str>) {
        self.maybe(text, |parts, text| parts.text(text));
    }

    fn reason(&mut self, reason: Option<&Reason>) {
        self.maybe_str(reason.map(Reason::as_str));
    }

    /// A part that came to this version after inputs without it had been kept: where it is not given, nothing tells.
    fn later<T>(&mut self, name: &str, part: Option<T>, add: impl FnOnce(&mut Self, T)) {
        if let Some(part) = part {
            self.text(name);
            add(self, part);
        }
    }

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

    fn basket(&mut self, basket: &BasketDraft) {
        let BasketDraft { currency, store, shipping, lines } = basket;
        self.text(currency);
        self.maybe_text(store.as_ref());
        self.maybe_amount(shipping.as_ref());
        self.number(lines.len() as u64);
        for (product, quantity, price) in lines {
            self.text(product);
            self.text(&quantity.to_string());
            self.amount(price);
        }
    }

    fn checkout(&mut self, order: &CheckoutOrder) {
        let CheckoutOrder { transaction, customer, basket, coupons, at, expected_payable } = order;
        self.text(transaction.as_str());
        self.text(customer.as_str());
        self.basket(basket);
        self.number(coupons.len() as u64);
        for coupon in coupons {
            self.text(&coupon.code);
            self.maybe_amount(coupon.amount.as_ref());
        }
        self.maybe(*at, |parts, at| parts.text(&at.as_millisecond().to_string()));
        self.later("expectedPayable", *expected_payable, |parts, amount| parts.text(&amount.plain()));
    }

    fn held(&mut self, order: &CheckoutOrder, minutes: i64) {
        self.text("hold");
        self.checkout(order);
        self.text(&minutes.to_string());
    }

    fn returned(&mut self, order: &ReturnOrder) {
        let ReturnOrder { transaction, asked, reason } = order;
        self.text("return");
        self.text(transaction.as_str());
        match asked {
            Asked::All => self.text("all"),
            Asked::Parts(lines, shipping) => {
                self.text("parts");
                self.number(u64::from(*shipping));
                self.number(lines.len() as u64);
                for AskedLine { line, quantity, amount } in lines {
                    self.text(&line.to_string());
                    self.maybe(*quantity, |parts, quantity| parts.text(&quantity.to_string()));
                    self.maybe_amount(amount.as_ref());
                }
            }
        }
        self.reason(reason.as_ref());
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    /// Texts whose order does not matter.
    fn set(&mut self, texts: &[String]) {
        let mut texts = texts.to_vec();
        texts.sort_unstable();
        texts.dedup();
        self.texts(&texts);
    }

    fn binding(&mut self, binding: &Binding) {
        let Binding { plugin, config, on_failure, at_claim, tells_changes } = binding;
        self.text(plugin);
        self.text(&config.to_string());
        self.number(u64::from(*on_failure == OnFailure::Allow));
        self.number(u64::from(*at_claim));
        // Nothing where it tells none: what was kept before there was this means the same.
        if *tells_changes {
            self.text("tells_changes");
        }
    }

    fn restrictions(&mut self, restrictions: &RestrictionsDraft) {
        let RestrictionsDraft {
            minimum_value,
            minimum_redemption_value,
            purchase_minimum,
            expiration_period,
            stores,
            products,
            valid_from,
            valid_until,
            time_zone,
        } = restrictions;
        for amount in [minimum_value, minimum_redemption_value, purchase_minimum] {
            self.maybe_amount(amount.as_ref());
        }
        self.maybe_text(expiration_period.as_ref());
        self.set(stores);
        self.set(products);
        for (name, at) in [("validFrom", valid_from), ("validUntil", valid_until)] {
            self.later(name, *at, |parts, at| parts.text(&at.to_string()));
        }
        self.later("timeZone", time_zone.as_ref(), |parts, zone| parts.text(zone));
    }

    fn draft(&mut self, draft: &PoolDraft) {
        let PoolDraft {
            name,
            external_id,
            source,
            kind,
            value,
            currency,
            case_sensitive,
            pattern,
            excluded_characters,
            excluded_phrases,
            remote,
            checks,
            restrictions,
            aggregated,
            pays_shipping,
            till,
            returnable,
            group,
        } = draft;
        self.text(name);
        self.maybe_text(external_id.as_ref());
        self.text(source.name());
        self.text(kind.name());
        self.maybe_amount(value.as_ref());
        self.maybe_text(currency.as_ref());
        self.number(u64::from(case_sensitive.unwrap_or(false)));
        self.maybe_text(pattern.as_ref());
        self.set(excluded_characters);
        self.set(excluded_phrases);
        self.maybe(remote.as_ref(), Self::binding);
        self.number(checks.len() as u64);
        checks.iter().for_each(|check| self.binding(check));
        self.restrictions(restrictions);
        self.number(u64::from(*aggregated));
        self.later("paysShipping", *pays_shipping, |parts, pays| parts.number(u64::from(pays)));
        self.later("returnable", *returnable, |parts, returnable| parts.number(u64::from(returnable)));
        self.till(till);
        self.later("userGroup", *group, |parts, group| parts.number(group.0.into()));
    }

    fn till(&mut self, till: &TillEdit) {
        let TillEdit { stacking, limits, claim_on_use } = till;
        self.later("stacking", stacking.as_ref().and_then(Option::as_ref), |parts, stacking| {
            let Stacking { with, category, order } = stacking;
            parts.text(match with {
                StackingWith::All => "all",
                StackingWith::OtherCategories => "other categories",
                StackingWith::None => "none",
            });
            parts.maybe_text(category.as_ref());
            parts.text(&order.to_string());
        });
        self.later("limits", limits.as_ref().and_then(Option::as_ref), |parts, limits| {
            let LimitsDraft { total, per_customer } = limits;
            parts.maybe(*total, |parts, number| parts.text(&number.to_string()));
            parts.maybe(*per_customer, |parts, number| parts.text(&number.to_string()));
        });
        self.later("claimOnUse", *claim_on_use, |parts, open| parts.number(u64::from(open)));
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
