//! What means the same has the same fingerprint, and nothing else has.

use super::*;
use crate::{CheckoutOrder, ReturnOrder};
use scrip_domain::{
    basket::BasketDraft,
    customer::Email,
    decimal::Decimal,
    id::{CustomerId, TransactionId},
    period::instant_of,
    pool_draft::{PoolDraft, RestrictionsDraft},
    purchase::{Asked, AskedLine},
};

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("an amount")
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).expect("a reason")
}

fn ann() -> CustomerId {
    CustomerId::parse("ann").expect("a customer")
}

fn purchase() -> TransactionId {
    TransactionId::parse("t").expect("a purchase")
}

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
    Redeem { amount: Some(decimal(amount)), ..Redeem::of(coupon) }.into()
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
    ] {
        assert_eq!(same(&redeem(card.clone(), one), &redeem(card.clone(), other)), expected, "{one} {other}");
    }
    let adjust = |why: &str| Adjust { coupon: card.clone(), amount: decimal("1"), reason: reason(why) }.into();
    assert!(!same(&adjust("a"), &adjust("b")));
    let unassign = |reason| Unassign { coupon: card.clone(), reason }.into();
    let invalidate = Invalidate { coupon: card.clone(), reason: None }.into();
    assert!(!same(&unassign(None), &invalidate));
    assert!(!same(&unassign(None), &unassign(Some(reason("lost")))));
}

#[test]
fn a_pool_is_what_it_is_meant_to_be() {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let draft = |value: &str, minimum: &str, stores: &[&str], phrases: &[&str]| PoolDraft {
        name: "a pool".to_owned(),
        external_id: None,
        source: scrip_domain::source::Source::Generated,
        kind: scrip_domain::terms::CouponType::Amount,
        value: Some(value.to_owned()),
        currency: Some("EUR".to_owned()),
        case_sensitive: None,
        pattern: Some("A-####".to_owned()),
        excluded_characters: Vec::new(),
        excluded_phrases: texts(phrases),
        remote: None,
        checks: Vec::new(),
        restrictions: RestrictionsDraft {
            purchase_minimum: Some(minimum.to_owned()),
            stores: texts(stores),
            ..RestrictionsDraft::default()
        },
        aggregated: false,
        pays_shipping: None,
        till: Default::default(),
        returnable: None,
        group: None,
    };
    let of = |draft: PoolDraft| fingerprint(&PoolCreate(Box::new(draft)).into(), None);
    let kept = of(draft("5", "20", &["a", "b"], &["x", "y"]));
    assert_eq!(kept, of(draft("5.00", "20.0", &["b", "a", "a"], &["y", "x"])));
    assert_eq!(kept, of(PoolDraft { case_sensitive: Some(false), ..draft("5", "20", &["a", "b"], &["x", "y"]) }));
    for other in [
        draft("5.01", "20", &["a", "b"], &["x", "y"]),
        draft("5", "21", &["a", "b"], &["x", "y"]),
        draft("5", "20", &["a"], &["x", "y"]),
        draft("5", "20", &["a", "b"], &["xy"]),
        PoolDraft { aggregated: true, ..draft("5", "20", &["a", "b"], &["x", "y"]) },
        PoolDraft { name: "another".to_owned(), ..draft("5", "20", &["a", "b"], &["x", "y"]) },
    ] {
        assert_ne!(kept, of(other.clone()), "{other:?}");
    }
}

/// Every amount of every command is an amount, and every other part counts.
#[test]
fn what_changes_the_meaning_changes_the_fingerprint() {
    let card = || CouponRef::Id(id());
    let entry = |number| Some(scrip_domain::id::EntryId { coupon: id(), number });
    let some = |text: &str| Some(text.to_owned());
    let basket = |price: &str, shipping: &str, quantity| BasketDraft {
        currency: "EUR".to_owned(),
        store: None,
        shipping: some(shipping),
        lines: vec![("mug".to_owned(), quantity, price.to_owned())],
    };
    let bought = |price: &str, shipping: &str, quantity| {
        let basket = Some(Box::new(basket(price, shipping, quantity)));
        Redeem { customer: Some(ann()), basket, transaction: Some(purchase()), ..Redeem::of(card()) }.into()
    };
    let checkout = |amount: &str, price: &str, code: &str| {
        Checkout(Box::new(CheckoutOrder {
            transaction: purchase(),
            customer: ann(),
            basket: basket(price, "0", 1),
            coupons: vec![crate::Presentation { code: code.to_owned(), amount: some(amount) }],
            at: None,
            expected_payable: None,
        }))
        .into()
    };
    let unredeem = |number, amount: &str| {
        Unredeem {
            coupon: card(),
            entry: entry(number),
            transaction: None,
            amount: Some(decimal(amount)),
            reason: None,
        }
        .into()
    };
    let adjust = |amount: &str| Adjust { coupon: card(), amount: decimal(amount), reason: reason("r") }.into();
    let transfer = |id: Option<&str>, email: Option<&str>| {
        let to = id.map(|id| CustomerId::parse(id).expect("a customer"));
        let to_email = email.map(|email| Email::parse(email).expect("an address"));
        Transfer { coupon: card(), to, to_email, reason: None }.into()
    };
    let pool = PoolId(7);
    let add = |codes: &[&str]| CouponsAdd { pool, codes: codes.iter().map(ToString::to_string).collect() }.into();
    let claim = |pool| Claim::of(pool, ann()).into();
    for (one, other, same) in [
        (bought("10", "5", 1), bought("10.00", "5.0", 1), true),
        (bought("10", "5", 1), bought("10", "5", 2), false),
        (bought("10", "5", 1), bought("10", "6", 1), false),
        (checkout("1", "10", "A"), checkout("1.0", "10.00", "A"), true),
        (checkout("1", "10", "A"), checkout("2", "10", "A"), false),
        (checkout("1", "10", "A"), checkout("1", "10", "B"), false),
        (unredeem(1, "5"), unredeem(1, "5.00"), true),
        (unredeem(1, "5"), unredeem(2, "5"), false),
        (adjust("-5"), adjust("-5.00"), true),
        (adjust("-5"), adjust("5"), false),
        (transfer(Some("x@y.z"), None), transfer(None, Some("x@y.z")), false),
        (CouponsGenerate { pool, count: 1 }.into(), CouponsGenerate { pool, count: 10 }.into(), false),
        (add(&["ab"]), add(&["a", "b"]), false),
        (claim(pool), claim(PoolId(8)), false),
    ] {
        assert_eq!(fingerprint(&one, None) == fingerprint(&other, None), same, "{one:?} {other:?}");
    }
}

#[test]
fn what_came_later_is_told_apart_where_it_is_given() {
    let checkout = |expected: Option<&str>| {
        let basket = BasketDraft { currency: "EUR".to_owned(), store: None, shipping: None, lines: Vec::new() };
        fingerprint(
            &Checkout(Box::new(CheckoutOrder {
                transaction: purchase(),
                customer: ann(),
                basket,
                coupons: Vec::new(),
                at: None,
                expected_payable: expected.map(decimal),
            }))
            .into(),
            None,
        )
    };
    assert_eq!(checkout(Some("5")), checkout(Some("5.00")));
    assert_ne!(checkout(Some("5")), checkout(Some("6")));
    assert_ne!(checkout(Some("5")), checkout(None));
    let extend = |until, reason: Option<&str>| {
        let until = instant_of(until).expect("an instant");
        fingerprint(
            &Extend { coupon: CouponRef::Id(id()), until, reason: reason.map(super::tests::reason) }.into(),
            None,
        )
    };
    assert_ne!(extend(1, None), extend(2, None));
    assert_ne!(extend(1, None), extend(1, Some("goodwill")));
}

#[test]
fn a_code_is_its_coupon() {
    let of = |coupon| Invalidate { coupon, reason: None }.into();
    let (code, coupon) = (of(by_code("A-1")), of(CouponRef::Id(id())));
    let kept = fingerprint(&coupon, None);
    assert!(is_of(&kept, &code, Some(id())));
    assert!(!is_of(&kept, &code, None) && !is_of(&kept, &code, Some(CouponId { index: 43, ..id() })));
    // First it named nothing, and by the time of the retry it does.
    assert!(is_of(&fingerprint(&code, None), &code, Some(id())));
}

#[test]
fn who_has_to_hold_it_is_part_of_what_is_asked() {
    let of = |coupon| Unassign { coupon, reason: None }.into();
    let named = |customer: &str| of(held_by(customer, by_code("A-1")));
    let by_id = |customer: &str| of(held_by(customer, CouponRef::Id(id())));
    let kept = fingerprint(&named("ann"), Some(id()));
    assert!(is_of(&kept, &named("ann"), Some(id())) && is_of(&kept, &by_id("ann"), None));
    assert!(!is_of(&kept, &by_id("ben"), None) && !is_of(&kept, &named("ben"), Some(id())));
    assert!(!is_of(&kept, &of(CouponRef::Id(id())), None));
}

/// A caller's retry has its first answer whatever version of this it meets.
#[test]
fn a_fingerprint_is_a_promise() {
    let claim = |why: Option<Why>| Claim { why, ..Claim::of(PoolId(7), ann()) };
    let why = Why { reason: Some("MANUAL".to_owned()), reference: Some("order 1".to_owned()) };
    for (command, kept) in [
        (claim(None).into(), "3:d2911358af1f6bcc46dee6d878b49d435be50fdd804813708fcb873d559d120b"),
        (claim(Some(why)).into(), "3:d02c76cd2233323396884fe0f09e716eedeae201befc419f7b545717fd55ec43"),
        (redeem(CouponRef::Id(id()), "10.0"), "3:838d9b42d5d31085243c97ef9baa7b6341897cff81a010e9b2d6833967a766bc"),
    ] {
        assert_eq!(fingerprint(&command, None), kept, "{command:?}");
    }
    let other = "2:d536bbca8521cec7de243852e19527c6129016e12f8079b16b3c174890f52a73";
    assert!(!is_of(other, &claim(None).into(), None), "one of another version is of no input");
}

#[test]
fn returns_and_holds_are_told_apart_by_what_they_ask_for() {
    let line = |line, quantity, amount: Option<&str>| AskedLine { line, quantity, amount: amount.map(str::to_owned) };
    let back = |asked| Return(Box::new(ReturnOrder { transaction: purchase(), asked, reason: None })).into();
    let parts = |lines: &[AskedLine], shipping| back(Asked::Parts(lines.to_vec(), shipping));
    let hold = |price: &str, minutes| {
        let lines = vec![("a".to_owned(), 1, price.to_owned())];
        let basket = BasketDraft { currency: "EUR".to_owned(), store: None, shipping: None, lines };
        let (transaction, customer) = (purchase(), ann());
        let order =
            CheckoutOrder { transaction, customer, basket, coupons: Vec::new(), at: None, expected_payable: None };
        Hold { order: Box::new(order), minutes }.into()
    };
    for (one, other, same) in [
        (back(Asked::All), back(Asked::All), true),
        (back(Asked::All), parts(&[], false), false),
        (parts(&[line(0, None, Some("1"))], false), parts(&[line(0, None, Some("1.00"))], false), true),
        (parts(&[line(0, None, Some("1"))], false), parts(&[line(0, None, Some("1"))], true), false),
        (parts(&[line(0, Some(1), None)], false), parts(&[line(1, Some(1), None)], false), false),
        (parts(&[line(0, Some(1), None)], false), parts(&[line(0, None, None)], false), false),
        (hold("10", 15), hold("10.00", 15), true),
        (hold("10", 15), hold("10", 16), false),
        (hold("10", 15), hold("11", 15), false),
    ] {
        assert_eq!(fingerprint(&one, None) == fingerprint(&other, None), same, "{one:?} {other:?}");
    }
}
