//! The checkout's rules as tables. Its properties, over random baskets, are in `properties`.

use super::*;
use crate::{
    basket::BasketDraft,
    currency::Currency,
    id::{CouponId, PoolId, TermsNumber},
    rejection::Code,
    terms::{CouponType, Restrictions, Value},
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
        amount: amount.map(str::to_owned),
        pays_shipping: true,
        ..Presented::default()
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
        let verdicts = decide(&basket(), &ann(), &[one], Combining::default(), now());
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
        let verdicts = decide(&basket(), &ann(), std::slice::from_ref(&one), Combining::default(), now());
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
        let verdicts = decide(&basket(), &who, &[one], Combining::default(), at);
        assert_eq!(verdicts.first().map(codes), Some(expected));
    }
    let twice = decide(&basket(), &ann(), &[one.clone(), one], Combining::default(), now());
    assert_eq!(twice.iter().map(codes).collect::<Vec<_>>(), vec![vec![], vec![Code::Duplicate]]);
}

#[test]
fn gift_card_minimums() {
    let mut card = terms(CouponType::GiftCard, Some("100"), None);
    card.restrictions.minimum_redemption_value = Some(Amount(1500));
    for (amount, expected) in [("14.99", vec![Code::BelowMinimumRedemption]), ("15", vec![]), ("100", vec![])] {
        let one = presented(0, card.clone(), Some(amount));
        let verdicts = decide(&basket(), &ann(), &[one], Combining::default(), now());
        assert_eq!(verdicts.first().map(codes), Some(expected), "{amount}");
    }
}

/// Lines as (product, quantity, unit price), with the shipping costs last.
fn basket_of(currency: &str, lines: &[(&str, i32, &str)], shipping: &str) -> Basket {
    let lines = lines.iter().map(|(product, quantity, price)| ((*product).to_owned(), *quantity, (*price).to_owned()));
    let shipping = Some(shipping.to_owned());
    BasketDraft { currency: currency.to_owned(), store: None, shipping, lines: lines.collect() }
        .check()
        .expect("a basket")
}

fn for_products(mut terms: Terms, products: &[&str]) -> Terms {
    terms.restrictions.products = products.iter().map(|product| (*product).to_owned()).collect();
    terms
}

/// What each coupon takes: of each line, and of the shipping.
fn allocated(verdicts: &[Verdict], lines: usize) -> Vec<Vec<i64>> {
    let of = |verdict: &Verdict| {
        let mut taken = vec![0; lines + 1];
        for allocation in &verdict.allocations {
            taken[allocation.line.map_or(lines, |line| line as usize)] += allocation.amount.0;
        }
        taken
    };
    verdicts.iter().map(of).collect()
}

#[test]
fn every_discount_is_laid_on_its_lines() {
    use CouponType::{Amount as A, FreeShipping as F, GiftCard as G, Percentage as P};
    let of = |kind, value| terms(kind, value, None);
    let one = &["one"][..];
    let (two_lines, book) = ([("one", 1, "10.00"), ("two", 1, "90.00")], [("book", 1, "10"), ("sofa", 1, "90")]);
    let thirds = [("a", 1, "10"), ("b", 1, "10"), ("c", 1, "10")];
    for (basket, coupons, expected) in [
        // The cases of the issue.
        (
            basket_of("EUR", &two_lines, "0"),
            vec![for_products(of(A, Some("10")), one), for_products(of(A, Some("10")), one)],
            vec![vec![1_000, 0, 0], vec![0, 0, 0]],
        ),
        (
            basket_of("EUR", &two_lines, "0"),
            vec![for_products(of(P, Some("60")), one), for_products(of(P, Some("60")), one)],
            vec![vec![600, 0, 0], vec![400, 0, 0]],
        ),
        (basket_of("EUR", &book, "5"), vec![for_products(of(G, Some("100")), &["book"])], vec![vec![1_000, 0, 500]]),
        // Ties go to the earlier line, also where another coupon is for one of the lines.
        (basket_of("EUR", &thirds, "0"), vec![of(A, Some("10"))], vec![vec![334, 333, 333, 0]]),
        (
            basket_of("EUR", &thirds, "0"),
            vec![of(A, Some("10")), for_products(of(P, Some("50")), &["a"])],
            vec![vec![334, 333, 333, 0], vec![500, 0, 0, 0]],
        ),
        (basket_of("EUR", &thirds, "0"), vec![of(A, Some("0.02"))], vec![vec![1, 1, 0, 0]]),
        // A percentage is of what the lines cost; where one of them has less left, the others carry it.
        (
            basket_of("EUR", &[("one", 1, "100"), ("two", 1, "100")], "0"),
            vec![for_products(of(P, Some("50")), one), of(P, Some("10"))],
            vec![vec![5_000, 0, 0], vec![1_000, 1_000, 0]],
        ),
        (
            basket_of("EUR", &two_lines, "0"),
            vec![for_products(of(P, Some("100")), one), of(P, Some("50"))],
            vec![vec![1_000, 0, 0], vec![0, 5_000, 0]],
        ),
        // Cards pay last, the shipping after the lines.
        (
            basket_of("EUR", &two_lines, "4.95"),
            vec![of(G, Some("60")), for_products(of(A, Some("4")), one), of(G, Some("100"))],
            vec![vec![375, 5_625, 0], vec![400, 0, 0], vec![225, 3_375, 495]],
        ),
        (
            basket_of("EUR", &two_lines, "4.95"),
            vec![of(G, Some("60")), of(F, None), of(P, Some("50"))],
            vec![vec![500, 4_500, 0], vec![0, 0, 495], vec![500, 4_500, 0]],
        ),
        // A coupon that takes all of a line finds every unit of it.
        (
            basket_of("EUR", &[("one", 1, "0.10"), ("two", 1, "0.10")], "0"),
            vec![of(A, Some("0.01")), for_products(of(P, Some("100")), one)],
            vec![vec![0, 1, 0], vec![10, 0, 0]],
        ),
    ] {
        let presented: Vec<_> = (0..).zip(coupons).map(|(index, terms)| presented(index, terms, None)).collect();
        let verdicts = decide(&basket, &ann(), &presented, Combining::default(), now());
        let found = allocated(&verdicts, basket.lines.len());
        assert_eq!(found, expected, "{presented:#?}");
        let sums: Vec<i64> = found.iter().map(|taken| taken.iter().sum()).collect();
        assert_eq!(sums, verdicts.iter().map(|verdict| verdict.discount.0).collect::<Vec<_>>());
    }
}

#[test]
fn a_card_pays_for_the_shipping_where_its_pool_says_so() {
    let card = for_products(terms(CouponType::GiftCard, Some("100"), None), &["book"]);
    let basket = basket_of("EUR", &[("book", 1, "10"), ("sofa", 1, "90")], "5");
    let one = Presented { pays_shipping: false, ..presented(0, card, None) };
    let verdicts = decide(&basket, &ann(), &[one], Combining::default(), now());
    assert_eq!(allocated(&verdicts, 2), [[1_000, 0, 0]]);
}

#[test]
fn a_coupon_that_takes_nothing_off_says_why() {
    use CouponType::{Amount as A, FreeShipping as F, GiftCard as G, Percentage as P};
    let of = |kind, value| terms(kind, value, None);
    let shoes = |price: &'static str| [("shoes", 1, price)];
    let free = [("shoes", 1, "10"), ("gift", 1, "0")];
    for (basket, coupons, expected) in [
        (basket_of("EUR", &shoes("10"), "0"), vec![of(F, None)], "shipping is free"),
        (basket_of("EUR", &[], "0"), vec![of(P, Some("10"))], "costs nothing"),
        (basket_of("EUR", &[], "0"), vec![of(G, Some("10"))], "costs nothing"),
        (basket_of("EUR", &shoes("0.04"), "0"), vec![of(P, Some("10"))], "less than the smallest amount of EUR"),
        (basket_of("EUR", &shoes("10"), "5"), vec![of(F, None), of(F, None)], "the shipping is paid for already"),
        (basket_of("EUR", &shoes("10"), "0"), vec![of(P, Some("100")), of(A, Some("5"))], "is paid for already"),
        (basket_of("EUR", &free, "0"), vec![for_products(of(A, Some("5")), &["gift"])], "costs nothing"),
        (basket_of("JPY", &shoes("10"), "0"), vec![of(A, Some("0.50"))], "less than the smallest amount of JPY"),
        (basket_of("JPY", &shoes("10"), "0"), vec![of(G, Some("0.50"))], "less than the smallest amount of JPY"),
        (basket_of("EUR", &shoes("10"), "0"), vec![of(P, Some("100")), of(G, Some("5"))], "is paid for already"),
    ] {
        let last = coupons.len() - 1;
        let presented: Vec<_> = (0..).zip(coupons).map(|(index, terms)| presented(index, terms, None)).collect();
        let verdicts = decide(&basket, &ann(), &presented, Combining::default(), now());
        for (place, verdict) in verdicts.iter().enumerate() {
            let refusals: Vec<_> = verdict.checks.iter().filter_map(|check| check.refusal.as_ref()).collect();
            if place < last {
                assert!(refusals.is_empty() && verdict.discount.is_positive(), "{presented:?}: {verdict:?}");
                continue;
            }
            assert_eq!(verdict.discount, Amount::ZERO);
            assert!(verdict.allocations.is_empty());
            let [refusal] = refusals.as_slice() else { panic!("{presented:?}: {refusals:?}") };
            assert_eq!(refusal.code, Code::NothingToDiscount);
            assert!(refusal.message.contains(expected), "{expected}: {}", refusal.message);
        }
    }
}

#[test]
fn unit_prices_have_up_to_six_decimals_and_a_line_is_rounded_once() {
    for (currency, quantity, price, expected) in [
        ("EUR", 3, "0.333333", Ok(100)),
        ("EUR", 1, "0.005", Ok(1)),
        ("EUR", 1, "0.004999", Ok(0)),
        ("EUR", 1, "1.1234567", Err("unitPrice")),
        ("EUR", 1, "1.1234560000", Ok(112)),
        ("JPY", 3, "0.5", Ok(2)),
        ("JPY", 1, "395.00", Ok(395)),
        ("EUR", 1, "-0.000001", Err("unitPrice")),
        ("EUR", 2, "1000000000000", Err("0")),
    ] {
        let lines = vec![("p".to_owned(), quantity, price.to_owned())];
        let draft = BasketDraft { currency: currency.to_owned(), store: None, shipping: None, lines };
        let found = draft.check().map(|basket| basket.lines[0].amount.0);
        let found = found.map_err(|refusals| refusals[0].field.names().pop().expect("a field"));
        assert_eq!(found, expected.map_err(str::to_owned), "{quantity} times {price} {currency}");
    }
}

/// A basket of these lines: a product, and what it costs.
fn basket_in(currency: &str, lines: &[(&str, &str)]) -> Basket {
    let lines = lines.iter().map(|(product, price)| ((*product).to_owned(), 1, (*price).to_owned())).collect();
    BasketDraft { currency: currency.to_owned(), store: None, shipping: None, lines }.check().expect("a basket")
}

#[test]
fn what_is_told_of_a_line_is_what_was_decided() {
    let all = presented(0, terms(CouponType::Percentage, Some("60"), None), None);
    let mut card = terms(CouponType::GiftCard, Some("5"), None);
    card.restrictions.products = vec!["a".to_owned()];
    let card = presented(1, card, None);
    let basket = basket_in("EUR", &[("b", "0.03"), ("a", "0.01"), ("b", "0.03")]);
    let verdicts = decide(&basket, &ann(), &[all, card], Combining::default(), now());
    let of_a = |verdict: &Verdict| verdict.allocations.iter().filter(|one| one.line == Some(1)).count();
    assert_eq!(verdicts.iter().map(of_a).sum::<usize>(), 1, "the line is paid for once: {verdicts:?}");
}

#[test]
fn a_card_pays_what_it_can_express() {
    let card = || presented(0, terms(CouponType::GiftCard, Some("10"), None), None);
    for (price, expected) in [("1.005", Ok(1_000)), ("1.010", Ok(1_010)), ("0.005", Err(vec![Code::NothingToDiscount]))]
    {
        let basket = basket_in("KWD", &[("a", price)]);
        let verdicts = decide(&basket, &ann(), &[card()], Combining::default(), now());
        let found = verdicts.first().map(|v| if v.redeemable() { Ok(v.discount.0) } else { Err(codes(v)) });
        assert_eq!(found, Some(expected), "{price}");
    }
}
