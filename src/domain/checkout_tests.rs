//! The checkout's rules as tables, and its discounts as properties.

use proptest::prelude::*;

use super::*;
use crate::{
    basket::{BasketDraft, Line},
    currency::Currency,
    id::{CouponId, PoolId, TermsNumber},
    rejection::Code,
    terms::{CouponType, Restrictions},
};

fn now() -> Instant {
    "2026-05-01T12:00:00Z".parse().expect("an instant")
}

fn ann() -> CustomerId {
    CustomerId::parse("ann").expect("an id")
}

fn terms(kind: CouponType, value: Option<&str>, currency: Option<&str>) -> Terms {
    let currency = currency.map(|c| Currency::parse(c).expect("a currency"));
    let value = Value::parse(kind, value, currency).expect("a value");
    Terms { value, currency, restrictions: Restrictions::default() }
}

fn claimed(index: u64, terms: &Terms) -> Coupon {
    let id = CouponId { pool: PoolId(1), index };
    let coupon = Coupon::unassigned(id, format!("CODE{index}"), TermsNumber(0));
    let holder = crate::coupon::Holder { customer: ann(), currency: terms.currency };
    coupon.claim(terms, holder, None, now()).expect("a claim").coupon
}

fn presented(index: u64, terms: Terms, amount: Option<&str>) -> Presented {
    let coupon = claimed(index, &terms);
    Presented {
        code: coupon.code.clone(),
        found: Some((coupon, terms.into())),
        assignment: None,
        amount: amount.map(str::to_owned),
        asked: Vec::new(),
    }
}

/// Two lines, 30.00 of "shirt" and 20.05 of "mug", shipping 4.95.
fn basket() -> Basket {
    let lines = vec![("shirt".to_owned(), 2, "15.00".to_owned()), ("mug".to_owned(), 1, "20.05".to_owned())];
    let shipping = Some("4.95".to_owned());
    BasketDraft { currency: "EUR".to_owned(), store: Some("berlin".to_owned()), shipping, lines }
        .check()
        .expect("a basket")
}

fn codes(verdict: &Verdict) -> Vec<Code> {
    verdict.checks.iter().filter_map(|c| c.refusal.as_ref().map(|r| r.code)).collect()
}

#[test]
fn what_each_type_takes_off() {
    use CouponType::{Amount as A, FreeShipping as F, GiftCard as G, Percentage as P};
    for (kind, value, currency, amount, expected) in [
        (A, Some("10"), Some("EUR"), None, Ok(1000)),
        (A, Some("999"), None, None, Ok(5005)),
        (P, Some("10"), None, None, Ok(501)),
        (P, Some("100"), None, None, Ok(5005)),
        (P, Some("0.01"), None, None, Ok(1)),
        (F, None, None, None, Ok(495)),
        (G, Some("100"), Some("EUR"), None, Ok(5500)),
        (G, Some("100"), Some("EUR"), Some("20.50"), Ok(2050)),
        (G, Some("100"), Some("EUR"), Some("80"), Ok(5500)),
        (G, Some("10"), None, None, Ok(1000)),
        (G, Some("10"), None, Some("10.01"), Err(Code::InsufficientBalance)),
        (G, Some("10"), None, Some("0"), Err(Code::ValueInvalid)),
        (G, Some("10"), None, Some("1.005"), Err(Code::ValueInvalid)),
        (A, Some("10"), None, Some("5"), Err(Code::FieldNotApplicable)),
        (A, Some("10"), Some("USD"), None, Err(Code::CurrencyMismatch)),
        (G, Some("10"), Some("KWD"), None, Err(Code::CurrencyMismatch)),
    ] {
        let one = presented(0, terms(kind, value, currency), amount);
        let verdicts = decide(&basket(), &ann(), &[one], now());
        let found = verdicts.first().map(|v| if v.redeemable() { Ok(v.discount.0) } else { Err(codes(v)) });
        assert_eq!(found, Some(expected.map_err(|code| vec![code])), "{kind:?} {value:?} {currency:?} {amount:?}");
    }
}

#[test]
fn every_restriction_is_checked_and_told() {
    let restrict = |change: fn(&mut Restrictions)| {
        let mut terms = terms(CouponType::Percentage, Some("10"), None);
        change(&mut terms.restrictions);
        presented(0, terms, None)
    };
    for (one, expected) in [
        (restrict(|r| r.stores = vec!["paris".into()]), vec![Code::StoreNotAllowed]),
        (restrict(|r| r.stores = vec!["berlin".into(), "paris".into()]), vec![]),
        (restrict(|r| r.products = vec!["mug".into()]), vec![]),
        (restrict(|r| r.products = vec!["hat".into()]), vec![Code::ProductNotEligible]),
        (restrict(|r| r.purchase_minimum = Some(Amount(5005))), vec![]),
        (restrict(|r| r.purchase_minimum = Some(Amount(5006))), vec![Code::PurchaseMinimumNotMet]),
        (
            restrict(|r| {
                r.purchase_minimum = Some(Amount(2006));
                r.products = vec!["mug".into()];
            }),
            vec![Code::PurchaseMinimumNotMet],
        ),
    ] {
        let verdicts = decide(&basket(), &ann(), std::slice::from_ref(&one), now());
        assert_eq!(verdicts.first().map(codes), Some(expected), "{:?}", one.found);
    }
}

#[test]
fn state_and_owner_are_checked() {
    let plain = terms(CouponType::Percentage, Some("10"), None);
    let bob = CustomerId::parse("bob").expect("an id");
    let later: Instant = "2026-07-01T12:00:00Z".parse().expect("an instant");
    let mut ending = plain.clone();
    ending.restrictions.expiration_period = crate::period::Period::parse("P1M").ok();
    let one = presented(0, plain.clone(), None);
    let mut redeemed = one.clone();
    redeemed.found =
        Some((claimed(0, &plain).redeem(None, None, now()).expect("redeemed").coupon, plain.clone().into()));
    let mut fresh = one.clone();
    fresh.found =
        Some((Coupon::unassigned(CouponId { pool: PoolId(1), index: 9 }, "X".into(), TermsNumber(0)), plain.into()));
    let mut uploaded = fresh.clone();
    uploaded.assignment = Some(Ok(()));
    let nothing = Presented { found: None, ..one.clone() };
    for (one, who, at, expected) in [
        (one.clone(), ann(), now(), vec![]),
        (one.clone(), bob.clone(), now(), vec![Code::NotOwner]),
        (redeemed, ann(), now(), vec![Code::AlreadyRedeemed]),
        (fresh, ann(), now(), vec![Code::NotClaimed]),
        (uploaded, bob, now(), vec![]),
        (nothing, ann(), now(), vec![Code::NotFound]),
        (presented(0, ending, None), ann(), later, vec![Code::Expired]),
    ] {
        let verdicts = decide(&basket(), &who, &[one], at);
        assert_eq!(verdicts.first().map(codes), Some(expected));
    }
    let twice = decide(&basket(), &ann(), &[one.clone(), one], now());
    assert_eq!(twice.iter().map(codes).collect::<Vec<_>>(), vec![vec![], vec![Code::Duplicate]]);
}

#[test]
fn gift_card_minimums() {
    let mut card = terms(CouponType::GiftCard, Some("100"), None);
    card.restrictions.minimum_redemption_value = Some(Amount(1500));
    for (amount, expected) in [("14.99", vec![Code::BelowMinimumRedemption]), ("15", vec![]), ("100", vec![])] {
        let one = presented(0, card.clone(), Some(amount));
        let verdicts = decide(&basket(), &ann(), &[one], now());
        assert_eq!(verdicts.first().map(codes), Some(expected), "{amount}");
    }
}

fn any_presented(index: u64) -> impl Strategy<Value = Presented> {
    (0..4u8, 1..20_000i64).prop_map(move |(kind, units)| {
        let text = Amount(units).text(2);
        let percent = Amount(units % 10_000 + 1).text(2);
        match kind {
            0 => presented(index, terms(CouponType::Amount, Some(&text), None), None),
            1 => presented(index, terms(CouponType::Percentage, Some(&percent), None), None),
            2 => presented(index, terms(CouponType::FreeShipping, None, None), None),
            _ => presented(index, terms(CouponType::GiftCard, Some(&text), None), None),
        }
    })
}

proptest! {
    #[test]
    fn nothing_goes_below_zero(
        ones in (any_presented(0), any_presented(1), any_presented(2), any_presented(3)),
        prices in proptest::collection::vec(0..10_000i64, 0..5),
        shipping in 0..1_000i64,
    ) {
        let lines = prices.iter().map(|p| Line { product: "p".into(), quantity: 1, unit_price: Amount(*p), amount: Amount(*p) }).collect();
        let basket = Basket { currency: Currency::parse("EUR")?, store: None, shipping: Amount(shipping), lines };
        let verdicts = decide(&basket, &ann(), &[ones.0, ones.1, ones.2, ones.3], now());
        let discount: i64 = verdicts.iter().map(|v| v.discount.0).sum();
        prop_assert!(verdicts.iter().all(|v| v.discount >= Amount::ZERO));
        prop_assert!(discount <= basket.subtotal().0 + basket.shipping.0);
    }
}
