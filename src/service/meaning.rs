//! What an idempotency key recognises its input by: the input's meaning, and not how it was written or how this program's
//! types are made. "10" and "10.00" are the same amount, and a code is the same as the id of its coupon. What is hashed
//! has a version of its own, and every part its length before it, so that no two inputs make the same bytes.

use sha2::{Digest, Sha256};

use super::{CheckoutOrder, Command, CouponRef, command::legacy_fingerprint};
use scrip_domain::{
    basket::BasketDraft,
    decimal::Decimal,
    id::{CouponId, PoolId},
};

/// The version that a fingerprint begins with.
const VERSION: &str = "3:";
/// The version before, which did not know who has to hold a coupon. Those before it have none.
const WITHOUT_HOLDERS: &str = "2:";

/// The fingerprint of a command; with the coupon that its code names, where that is known and will stay so.
#[must_use]
pub fn fingerprint(command: &Command, named: Option<CouponId>) -> String {
    of_version(VERSION, command, named)
}

fn of_version(version: &str, command: &Command, named: Option<CouponId>) -> String {
    let mut parts = Parts { hash: Sha256::new(), holders: version != WITHOUT_HOLDERS };
    parts.command(command, named);
    format!("{version}{}", data_encoding::HEXLOWER.encode(&parts.hash.finalize()))
}

/// Whether a fingerprint that was kept is of a command. A code may have named its coupon then, or only now.
pub(super) fn is_of(kept: &str, command: &Command, named: Option<CouponId>) -> bool {
    let Some(version) = [VERSION, WITHOUT_HOLDERS].into_iter().find(|version| kept.starts_with(version)) else {
        return kept == legacy_fingerprint(command);
    };
    kept == of_version(version, command, None) || (named.is_some() && kept == of_version(version, command, named))
}

/// The parts of an input, one after the other.
struct Parts {
    hash: Sha256,
    /// Whether it matters who has to hold a coupon.
    holders: bool,
}

impl Parts {
    fn text(&mut self, text: &str) {
        self.hash.update((text.len() as u64).to_le_bytes());
        self.hash.update(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.hash.update(number.to_le_bytes());
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
                if self.holders {
                    self.text("held by");
                    self.text(by.as_str());
                }
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
        let CheckoutOrder { transaction, customer, basket, coupons, at } = order;
        self.text(transaction);
        self.text(customer);
        self.basket(basket);
        self.number(coupons.len() as u64);
        for coupon in coupons {
            self.text(&coupon.code);
            self.maybe_amount(coupon.amount.as_ref());
        }
        self.maybe(*at, |parts, at| parts.text(&at.to_string()));
    }

    fn command(&mut self, command: &Command, named: Option<CouponId>) {
        match command {
            Command::Claim(pool, customer, reason) => {
                self.text("claim");
                self.pool(*pool);
                self.text(customer);
                self.maybe_text(reason.as_ref());
            }
            Command::Redeem { coupon, customer, amount, basket, transaction } => {
                self.action("redeem", coupon, named);
                self.maybe_text(customer.as_ref());
                self.maybe_amount(amount.as_ref());
                self.maybe(basket.as_deref(), Self::basket);
                self.maybe_text(transaction.as_ref());
            }
            Command::Unredeem(coupon, entry, amount) => {
                self.action("unredeem", coupon, named);
                self.maybe(*entry, |parts, entry| {
                    parts.pool(entry.coupon.pool);
                    parts.number(entry.coupon.index);
                    parts.number(entry.number.into());
                });
                self.maybe_amount(amount.as_ref());
            }
            Command::Unassign(coupon) => self.action("unassign", coupon, named),
            Command::Transfer(coupon, id, email) => {
                self.action("transfer", coupon, named);
                self.maybe_text(id.as_ref());
                self.maybe_text(email.as_ref());
            }
            Command::Invalidate(coupon) => self.action("invalidate", coupon, named),
            Command::Adjust(coupon, amount, reason) => {
                self.action("adjust", coupon, named);
                self.amount(amount);
                self.text(reason);
            }
            Command::Checkout(order) | Command::CheckoutPreview(order) => {
                self.text(if matches!(command, Command::Checkout(_)) { "checkout" } else { "preview" });
                self.checkout(order);
            }
            Command::CouponsAdd(pool, codes) => {
                self.text("add");
                self.pool(*pool);
                self.number(codes.len() as u64);
                codes.iter().for_each(|code| self.text(code));
            }
            Command::CouponsGenerate(pool, count) => {
                self.text("generate");
                self.pool(*pool);
                self.text(&count.to_string());
            }
            Command::Whole(hash) => {
                self.text("whole");
                self.text(hash);
            }
            // No caller gives a key with these.
            Command::PoolCreate(_)
            | Command::PoolUpdate(..)
            | Command::PoolArchive(..)
            | Command::CustomerUpsert(_)
            | Command::SettingsUpdate(_)
            | Command::KeyAdd(_)
            | Command::Forget(_)
            | Command::ClockConfirm
            | Command::Expire(_) => {
                self.text("other");
                self.text(&legacy_fingerprint(command));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scrip_domain::id::CustomerId;

    fn by_code(code: &str) -> CouponRef {
        CouponRef::Code { code: code.to_owned(), pool: None, customer: None }
    }

    fn held_by(customer: &str, coupon: CouponRef) -> CouponRef {
        let by = CustomerId::parse(customer).expect("a customer");
        CouponRef::Held { coupon: Box::new(coupon), by }
    }

    fn id() -> CouponId {
        CouponId { pool: PoolId(7), index: 42 }
    }

    fn redeem(coupon: CouponRef, amount: &str) -> Command {
        Command::Redeem { coupon, customer: None, amount: Some(amount.to_owned()), basket: None, transaction: None }
    }

    #[test]
    fn the_same_meaning_has_the_same_fingerprint() {
        let same = |one: &Command, other: &Command| fingerprint(one, None) == fingerprint(other, None);
        let card = CouponRef::Id(id());
        for (one, other, expected) in [
            ("10", "10.00", true),
            ("10", "010.0", true),
            ("0", "-0.00", true),
            ("10", "10.01", false),
            ("10", "100", false),
            ("1.10", "1.1", true),
            ("ten", "ten", true),
            ("ten", "ten ", false),
        ] {
            assert_eq!(same(&redeem(card.clone(), one), &redeem(card.clone(), other)), expected, "{one} {other}");
        }
        let adjust = |reason: &str| Command::Adjust(card.clone(), "1".to_owned(), reason.to_owned());
        assert!(!same(&adjust("a"), &adjust("b")));
        assert!(!same(&Command::Unassign(card.clone()), &Command::Invalidate(card.clone())));
    }

    #[test]
    fn a_code_is_its_coupon() {
        let (code, coupon) = (Command::Invalidate(by_code("A-1")), Command::Invalidate(CouponRef::Id(id())));
        let kept = fingerprint(&coupon, None);
        assert!(is_of(&kept, &code, Some(id())));
        assert!(!is_of(&kept, &code, None) && !is_of(&kept, &code, Some(CouponId { index: 43, ..id() })));
        // First it named nothing, and by the time of the retry it does.
        assert!(is_of(&fingerprint(&code, None), &code, Some(id())));
    }

    #[test]
    fn who_has_to_hold_it_is_part_of_what_is_asked() {
        let named = |customer: &str| Command::Unassign(held_by(customer, by_code("A-1")));
        let by_id = |customer: &str| Command::Unassign(held_by(customer, CouponRef::Id(id())));
        let kept = fingerprint(&named("ann"), Some(id()));
        assert!(is_of(&kept, &named("ann"), Some(id())) && is_of(&kept, &by_id("ann"), None));
        assert!(!is_of(&kept, &by_id("ben"), None) && !is_of(&kept, &named("ben"), Some(id())));
        assert!(!is_of(&kept, &Command::Unassign(CouponRef::Id(id())), None));
    }

    #[test]
    fn a_fingerprint_is_a_promise() {
        let command = Command::Claim(PoolId(7), "ann".to_owned(), None);
        assert!(fingerprint(&command, None).starts_with("3:"));
        let (plain, held) = (Command::Invalidate(by_code("A")), Command::Invalidate(held_by("ann", by_code("A"))));
        for before in [legacy_fingerprint, |command: &Command| of_version("2:", command, None)] {
            assert!(is_of(&before(&command), &command, None), "those of before are still recognised");
            assert_eq!(before(&plain), before(&held), "they did not know who has to hold it");
            assert!(is_of(&before(&plain), &held, None));
        }
    }
}
