//! A redemption that stands can always be taken back, and what is taken back is as if it had not been.

use super::*;
use crate::{
    gift_card::{Entry, EntryKind},
    id::PoolId,
    rejection::{Code, Refusal},
    terms::{CouponType, Restrictions, Terms, Value},
};

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn now() -> Instant {
    at("2026-05-01T12:00:00Z")
}

/// After its time.
fn later() -> Instant {
    at("2026-09-01T12:00:00Z")
}

/// Gift cards of 100.00 for two months, of which less than 1.00 is not kept.
fn card_terms() -> Terms {
    let restrictions = Restrictions {
        minimum_value: Some(Amount(100)),
        expiration_period: crate::period::Period::parse("P2M").ok(),
        ..Restrictions::default()
    };
    let value = Value::parse(CouponType::GiftCard, Some("100"), None).expect("a value");
    Terms { value, currency: None, restrictions }
}

/// A coupon with its ledger.
struct Book {
    terms: Terms,
    coupon: Coupon,
    ledger: Vec<Entry>,
    changes: Vec<Change>,
}

impl Book {
    fn claimed(terms: Terms) -> Self {
        let fresh = Coupon::unassigned(CouponId { pool: PoolId(1), index: 7 }, "CARD".to_owned(), TermsNumber(0));
        let holder = Holder { customer: CustomerId::parse("ann").expect("an id"), currency: None };
        let claim = fresh.claim(&terms, holder, None, now()).expect("a claim");
        Self { terms, coupon: claim.coupon, ledger: claim.entries, changes: claim.changes }
    }

    fn take(&mut self, decision: Result<Decision, Refusal>) -> Result<Status, Code> {
        let decision = decision.map_err(|refusal| refusal.code)?;
        assert_eq!(decision.coupon.version, self.coupon.version + 1);
        for entry in decision.entries {
            let place = entry.id.number as usize;
            if place < self.ledger.len() {
                self.ledger[place] = entry;
            } else {
                assert_eq!(place, self.ledger.len(), "entries are numbered on");
                self.ledger.push(entry);
            }
        }
        for change in decision.changes {
            let before = self.changes.last().map_or(Status::Unassigned, |last| last.after);
            assert_eq!(change.before, before, "{change:?}");
            self.changes.push(change);
        }
        self.coupon = decision.coupon;
        assert_eq!(self.changes.last().map(|last| last.after), Some(self.coupon.status));
        assert_eq!(
            self.ledger.iter().map(|entry| entry.amount.0).sum::<i64>(),
            self.coupon.balance().map_or(0, |b| b.0)
        );
        Ok(self.coupon.status)
    }

    fn pay(&mut self, cents: i64) -> Result<Status, Code> {
        let decision = self.coupon.clone().redeem_card(&self.terms, None, Amount(cents), Some("T".to_owned()), now());
        self.take(decision)
    }

    fn back(&mut self, entry: usize, cents: Option<i64>, now: Instant) -> Result<Status, Code> {
        let void = self.coupon.void_entry().and_then(|id| self.ledger.get(id.number as usize).cloned());
        let entry = self.ledger[entry].clone();
        let decision = self.coupon.clone().unredeem_card(&self.terms, entry, cents.map(Amount), void, now);
        self.take(decision)
    }

    fn adjust(&mut self, cents: i64) -> Result<Status, Code> {
        let decision = self.coupon.clone().adjust(&self.terms, Amount(cents), now());
        self.take(decision)
    }

    fn reinstate(&mut self, now: Instant) -> Result<Status, Code> {
        let void = self.coupon.void_entry().and_then(|id| self.ledger.get(id.number as usize).cloned());
        let decision = self.coupon.clone().reinstate(&self.terms, void, now);
        self.take(decision)
    }

    fn balance(&self) -> i64 {
        self.coupon.balance().expect("a balance").0
    }

    fn kinds(&self) -> Vec<EntryKind> {
        self.ledger.iter().map(|entry| entry.kind).collect()
    }
}

#[test]
fn a_card_that_was_voided_lives_again_with_all_that_it_held() {
    let mut book = Book::claimed(card_terms());
    let before = book.coupon.clone();
    assert_eq!(book.pay(9_950), Ok(Status::Invalid));
    // Too little: it stays void, and holds what came back.
    assert_eq!((book.back(1, Some(30), now()), book.balance()), (Ok(Status::Invalid), 30));
    assert_eq!(book.reinstate(now()), Err(Code::Invalidated), "0.80 is less than 1.00");
    // With what the voiding took off it is enough.
    assert_eq!((book.back(1, Some(20), now()), book.balance()), (Ok(Status::PartiallyRedeemed), 100));
    assert_eq!((book.back(1, None, now()), book.balance()), (Ok(Status::Claimed), 10_000));
    use EntryKind::{Issue, Redeem, Reverse, Void};
    assert_eq!(book.kinds(), [Issue, Redeem, Void, Reverse, Reverse, Reverse, Reverse]);
    let after = book.coupon.clone();
    let balance = (after.balance(), before.balance());
    assert_eq!(balance.0, balance.1);
    assert_eq!((after.usages, after.redeemed_at, after.invalidated_at), (0, None, None));
    assert_eq!(book.back(1, None, now()), Err(Code::NotRedeemed), "all of it came back");
    let kinds: Vec<_> = book.changes.iter().map(|change| change.kind).collect();
    use EventType as E;
    let expected = [E::Claim, E::Redeem, E::Invalidate, E::Unredeem, E::Unredeem, E::Reinstate, E::Unredeem];
    assert_eq!(kinds, expected);
    assert!(
        book.changes.iter().filter(|change| change.kind == E::Unredeem).all(|c| c.transaction.as_deref() == Some("T"))
    );
}

#[test]
fn a_card_that_staff_took_out_of_use_stays_so_and_holds_what_comes_back() {
    let mut book = Book::claimed(card_terms());
    assert_eq!(book.pay(4_000), Ok(Status::PartiallyRedeemed));
    let invalid = book.coupon.clone().invalidate(now());
    assert_eq!((book.take(invalid), book.balance()), (Ok(Status::Invalid), 0));
    assert_eq!((book.back(1, None, now()), book.balance()), (Ok(Status::Invalid), 4_000));
    assert_eq!((book.reinstate(now()), book.balance()), (Ok(Status::Claimed), 10_000));
    // Versions before this did not note which entry it was: then it was the last.
    let mut book = Book::claimed(card_terms());
    assert_eq!(book.pay(9_950), Ok(Status::Invalid));
    book.coupon.account.as_mut().expect("an account").voided = None;
    assert_eq!((book.back(1, Some(10), now()), book.balance()), (Ok(Status::Invalid), 10));
    assert_eq!((book.back(1, None, now()), book.balance()), (Ok(Status::Claimed), 10_000));
}

#[test]
fn an_expired_card_holds_what_comes_back_and_can_be_extended() {
    for recorded in [false, true] {
        let mut book = Book::claimed(card_terms());
        assert_eq!(book.pay(4_000), Ok(Status::PartiallyRedeemed));
        if recorded {
            let over = book.coupon.clone().expire(later());
            assert_eq!(book.take(over), Ok(Status::Expired));
        }
        assert_eq!((book.back(1, Some(1_000), later()), book.balance()), (Ok(Status::Expired), 7_000));
        let until = at("2026-12-31T23:00:00Z");
        let past = book.coupon.clone().extend(later(), later());
        assert_eq!(book.take(past), Err(Code::ValueInvalid));
        let longer = book.coupon.clone().extend(until, later());
        assert_eq!(book.take(longer), Ok(Status::PartiallyRedeemed));
        assert_eq!((book.coupon.expires_at, book.coupon.status_at(until)), (Some(until), Status::Expired));
        assert_eq!((book.back(1, None, later()), book.balance()), (Ok(Status::Claimed), 10_000));
        let kinds: Vec<_> = book.changes.iter().map(|change| change.kind).collect();
        use EventType as E;
        assert_eq!(
            kinds,
            [E::Claim, E::Redeem, E::Expire, E::Unredeem, E::Extend, E::Unredeem],
            "recorded: {recorded}"
        );
    }
}

#[test]
fn a_card_adjusted_to_zero_is_used_up_and_to_too_little_is_voided() {
    for (cents, expected, balance) in [
        (-10_000, Status::Redeemed, 0),
        (-9_950, Status::Invalid, 0),
        (-9_900, Status::Claimed, 100),
        (500, Status::Claimed, 10_500),
    ] {
        let mut book = Book::claimed(card_terms());
        assert_eq!((book.adjust(cents), book.balance()), (Ok(expected), balance), "{cents}");
        assert_eq!((book.coupon.usages, book.coupon.redeemed_at), (0, None));
    }
    let mut book = Book::claimed(card_terms());
    assert_eq!(book.pay(1_000), Ok(Status::PartiallyRedeemed));
    assert_eq!(book.adjust(-9_000), Ok(Status::Redeemed));
    assert_eq!((book.back(1, None, now()), book.balance()), (Ok(Status::Claimed), 1_000));
}

#[test]
fn taking_a_redemption_back_names_its_purchase() {
    let value = Value::parse(CouponType::Percentage, Some("10"), None).expect("a value");
    let terms = Terms { value, currency: None, restrictions: Restrictions::default() };
    for purchase in [Some("T-1".to_owned()), None] {
        let mut book = Book::claimed(terms.clone());
        let before = book.coupon.clone();
        let used = book.coupon.clone().redeem(None, purchase.clone(), now());
        assert_eq!(book.take(used), Ok(Status::Redeemed));
        let back = book.coupon.clone().unredeem(now());
        assert_eq!(book.take(back), Ok(Status::Claimed));
        assert_eq!(book.changes.last().expect("a change").transaction, purchase);
        assert_eq!(book.coupon, Coupon { version: before.version + 2, ..before });
    }
}
