//! What means the same has the same fingerprint, and nothing else has.

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
    Command::Redeem {
        coupon,
        customer: None,
        amount: Some(amount.to_owned()),
        basket: None,
        transaction: None,
        reason: None,
    }
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
    let (unassign, invalidate) = (Command::Unassign(card.clone(), None), Command::Invalidate(card.clone(), None));
    assert!(!same(&unassign, &invalidate));
    assert!(!same(&unassign, &Command::Unassign(card.clone(), Some("lost".to_owned()))));
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
    };
    let of = |draft: PoolDraft| fingerprint(&Command::PoolCreate(Box::new(draft)), None);
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
    let command = Command::PoolCreate(Box::new(draft("5", "20", &[], &[])));
    assert!(is_of(&of_version("2:", &command, None), &command, None), "one of the version before");
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
    let bought = |price: &str, shipping: &str, quantity| Command::Redeem {
        coupon: card(),
        customer: some("ann"),
        amount: None,
        basket: Some(Box::new(basket(price, shipping, quantity))),
        transaction: some("t"),
        reason: None,
    };
    let checkout = |amount: &str, price: &str, code: &str| {
        Command::Checkout(Box::new(CheckoutOrder {
            transaction: "t".to_owned(),
            customer: "ann".to_owned(),
            basket: basket(price, "0", 1),
            coupons: vec![crate::Presentation { code: code.to_owned(), amount: some(amount) }],
            at: None,
            expected_payable: None,
        }))
    };
    let unredeem = |number, amount: &str| Command::Unredeem(card(), entry(number), some(amount), None);
    let adjust = |amount: &str| Command::Adjust(card(), amount.to_owned(), "r".to_owned());
    let transfer = |id: Option<&str>, email: Option<&str>| {
        Command::Transfer(card(), id.map(str::to_owned), email.map(str::to_owned), None)
    };
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
        (transfer(Some("x"), None), transfer(None, Some("x")), false),
        (Command::CouponsGenerate(PoolId(7), 1), Command::CouponsGenerate(PoolId(7), 10), false),
        (
            Command::CouponsAdd(PoolId(7), vec!["ab".to_owned()]),
            Command::CouponsAdd(PoolId(7), vec!["a".to_owned(), "b".to_owned()]),
            false,
        ),
        (Command::Claim(PoolId(7), "ann".to_owned(), None), Command::Claim(PoolId(8), "ann".to_owned(), None), false),
    ] {
        assert_eq!(fingerprint(&one, None) == fingerprint(&other, None), same, "{one:?} {other:?}");
    }
}

#[test]
fn what_came_later_is_told_apart_where_it_is_given() {
    let checkout = |expected: Option<&str>| {
        let basket = BasketDraft { currency: "EUR".to_owned(), store: None, shipping: None, lines: Vec::new() };
        fingerprint(
            &Command::Checkout(Box::new(CheckoutOrder {
                transaction: "t".to_owned(),
                customer: "ann".to_owned(),
                basket,
                coupons: Vec::new(),
                at: None,
                expected_payable: expected.map(str::to_owned),
            })),
            None,
        )
    };
    assert_eq!(checkout(Some("5")), checkout(Some("5.00")));
    assert_ne!(checkout(Some("5")), checkout(Some("6")));
    assert_ne!(checkout(Some("5")), checkout(None));
    let extend = |until, reason: Option<&str>| {
        fingerprint(&Command::Extend(CouponRef::Id(id()), until, reason.map(str::to_owned)), None)
    };
    assert_ne!(extend(1, None), extend(2, None));
    assert_ne!(extend(1, None), extend(1, Some("goodwill")));
}

#[test]
fn a_code_is_its_coupon() {
    let (code, coupon) = (Command::Invalidate(by_code("A-1"), None), Command::Invalidate(CouponRef::Id(id()), None));
    let kept = fingerprint(&coupon, None);
    assert!(is_of(&kept, &code, Some(id())));
    assert!(!is_of(&kept, &code, None) && !is_of(&kept, &code, Some(CouponId { index: 43, ..id() })));
    // First it named nothing, and by the time of the retry it does.
    assert!(is_of(&fingerprint(&code, None), &code, Some(id())));
}

#[test]
fn who_has_to_hold_it_is_part_of_what_is_asked() {
    let named = |customer: &str| Command::Unassign(held_by(customer, by_code("A-1")), None);
    let by_id = |customer: &str| Command::Unassign(held_by(customer, CouponRef::Id(id())), None);
    let kept = fingerprint(&named("ann"), Some(id()));
    assert!(is_of(&kept, &named("ann"), Some(id())) && is_of(&kept, &by_id("ann"), None));
    assert!(!is_of(&kept, &by_id("ben"), None) && !is_of(&kept, &named("ben"), Some(id())));
    assert!(!is_of(&kept, &Command::Unassign(CouponRef::Id(id()), None), None));
}

#[test]
fn a_fingerprint_is_a_promise() {
    let command = Command::Claim(PoolId(7), "ann".to_owned(), None);
    assert!(fingerprint(&command, None).starts_with("3:"));
    let (plain, held) =
        (Command::Invalidate(by_code("A"), None), Command::Invalidate(held_by("ann", by_code("A")), None));
    for before in [legacy_fingerprint, |command: &Command| of_version("2:", command, None)] {
        assert!(is_of(&before(&command), &command, None), "those of before are still recognised");
        assert_eq!(before(&plain), before(&held), "they did not know who has to hold it");
        assert!(is_of(&before(&plain), &held, None));
    }
}

/// As the versions before wrote them, with their hashes: a caller's retry has its first answer whatever version it
/// meets.
#[test]
fn inputs_of_before_are_recognised() {
    let claim = |reason: Option<&str>, reference: Option<&str>| {
        let why = Why { reason: reason.map(str::to_owned), reference: reference.map(str::to_owned) };
        Command::Claim(PoolId(7), "ann".to_owned(), Some(why))
    };
    let coupon = || CouponRef::Id(id());
    for (command, legacy, kept) in [
        (
            Command::Unassign(coupon(), None),
            r#"{"Unassign":{"Id":{"pool":7,"index":42}}}"#,
            "2:d536bbca8521cec7de243852e19527c6129016e12f8079b16b3c174890f52a73",
        ),
        (
            Command::Transfer(coupon(), Some("ben".to_owned()), None, None),
            r#"{"Transfer":[{"Id":{"pool":7,"index":42}},"ben",null]}"#,
            "2:69a38121e364f31681c96499e13c256d085c0fafdd7c9a61f673d01ea275e4e9",
        ),
        (
            claim(Some("MANUAL"), Some("order 1")),
            r#"{"Claim":[7,"ann","MANUAL: order 1"]}"#,
            "2:01d036313b63ddceb9b47d023a5373d06c957786603a4e7186dd294e9abcf40f",
        ),
        (
            claim(Some("MANUAL"), None),
            r#"{"Claim":[7,"ann","MANUAL"]}"#,
            "2:f191e553d18597d3060eda3b01c709e0e053cb325e99aa2a35c810750678df5e",
        ),
        (
            claim(None, Some("order 1")),
            r#"{"Claim":[7,"ann","order 1"]}"#,
            "2:c375cc7e8bda657a34787d34433502d436ab3f53d410e4d87838e1a17b7ee568",
        ),
        (
            redeem(coupon(), "10"),
            r#"{"Redeem":{"coupon":{"Id":{"pool":7,"index":42}},"customer":null,"amount":"10","basket":null,"transaction":null}}"#,
            "2:98a0dd741b7966007eda701925bcff006eac4ed171440c96f0257fcca79971bc",
        ),
    ] {
        assert_eq!(serde_json::to_string(&command).expect("a text"), legacy);
        assert!(is_of(&legacy_fingerprint(&command), &command, None));
        assert!(is_of(kept, &command, None), "{command:?}: {}", fingerprint(&command, None));
    }
    let given = Command::Unassign(coupon(), Some("lost".to_owned()));
    assert!(!is_of(&legacy_fingerprint(&Command::Unassign(coupon(), None)), &given, None));
}

#[test]
fn returns_and_holds_are_told_apart_by_what_they_ask_for() {
    let line = |line, quantity, amount: Option<&str>| AskedLine { line, quantity, amount: amount.map(str::to_owned) };
    let back = |asked| Command::Return(Box::new(ReturnOrder { transaction: "t".to_owned(), asked, reason: None }));
    let parts = |lines: &[AskedLine], shipping| back(Asked::Parts(lines.to_vec(), shipping));
    let hold = |price: &str, minutes| {
        let lines = vec![("a".to_owned(), 1, price.to_owned())];
        let basket = BasketDraft { currency: "EUR".to_owned(), store: None, shipping: None, lines };
        let (transaction, customer) = ("t".to_owned(), "ann".to_owned());
        let order =
            CheckoutOrder { transaction, customer, basket, coupons: Vec::new(), at: None, expected_payable: None };
        Command::Hold(Box::new(order), minutes)
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
