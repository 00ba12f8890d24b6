//! What comes back of purchases, case by case.

use super::*;
use crate::rejection::Code;

/// Lines as (price, quantity), shipping, and what each coupon took of which line (none for the shipping).
fn bought(lines: &[(i64, u32)], shipping: i64, taken: &[&[(Option<u32>, i64)]]) -> Bought {
    let line = |(price, quantity): &(i64, u32)| BoughtLine { price: Amount(*price), quantity: Some(*quantity) };
    let laid = |(line, amount): &(Option<u32>, i64)| Allocation { line: *line, amount: Amount(*amount) };
    Bought {
        exponent: 2,
        lines: lines.iter().map(line).collect(),
        shipping: Amount(shipping),
        has_lines: true,
        taken: taken.iter().map(|coupon| coupon.iter().map(laid).collect()).collect(),
    }
}

fn line(line: i32, quantity: Option<i32>, amount: Option<&str>) -> AskedLine {
    AskedLine { line, quantity, amount: amount.map(str::to_owned) }
}

fn parts(lines: &[AskedLine]) -> Asked {
    Asked::Parts(lines.to_vec(), false)
}

#[test]
fn quantities_bring_their_part_of_the_price() {
    // Three for 10.00, and one for nothing.
    let bought = bought(&[(1_000, 3), (0, 1)], 0, &[]);
    let mut back = bought.came_back([]);
    let mut prices = Vec::new();
    for _ in 0..3 {
        let part = bought.decide(&back, &parts(&[line(0, Some(1), None)])).expect("a part");
        prices.push(part.lines[0].amount.0);
        back.add(&part.lines, part.shipping);
    }
    assert_eq!(prices, [333, 334, 333], "a third, two thirds, all, each rounded half up");
    assert!(bought.is_back(&back), "what cost nothing keeps nothing back");
}

#[test]
fn what_was_paid_with_comes_back_in_proportion() {
    // A card paid 30.00 of 40.00, a coupon took 5.00; another card paid the shipping.
    let bought = bought(&[(4_000, 4), (1_000, 1)], 500, &[&[(Some(0), 3_000)], &[(Some(0), 500)], &[(None, 500)]]);
    for (asked, coupons, all_of, rest) in [
        (parts(&[line(0, Some(2), None)]), [1_500, 250, 0], [false, false, false], 250),
        (parts(&[line(0, None, Some("40"))]), [3_000, 500, 0], [true, true, false], 500),
        (parts(&[line(1, None, None)]), [0, 0, 0], [false, false, false], 1_000),
        (Asked::Parts(Vec::new(), true), [0, 0, 500], [false, false, true], 0),
        (Asked::All, [3_000, 500, 500], [true, true, true], 1_500),
    ] {
        let before = bought.came_back([]);
        let part = bought.decide(&before, &asked).expect("a part");
        let mut after = before;
        after.add(&part.lines, part.shipping);
        let carried = bought.carried(&after);
        assert_eq!(carried.coupons.iter().map(|amount| amount.0).collect::<Vec<_>>(), coupons, "{asked:?}");
        assert_eq!((carried.all_of.as_slice(), carried.rest.0), (&all_of[..], rest), "{asked:?}");
        assert_eq!(bought.is_back(&after), asked == Asked::All, "{asked:?}");
    }
}

#[test]
fn never_more_comes_back_than_was_taken() {
    let bought = bought(&[(1_000, 2), (500, 1)], 300, &[]);
    let returned = ReturnedLine { line: 0, quantity: 1, amount: Amount(800) };
    let back = bought.came_back([(&[returned][..], Amount(300))]);
    for (lines, field) in [
        (line(2, None, None), "line"),
        (line(-1, None, None), "line"),
        (line(i32::MAX, Some(1), None), "line"),
        (line(0, Some(2), None), "quantity"),
        (line(0, Some(0), None), "quantity"),
        (line(0, Some(-1), None), "quantity"),
        (line(1, Some(i32::MAX), None), "quantity"),
        (line(0, None, Some("2.01")), "amount"),
        (line(0, Some(1), Some("2.01")), "amount"),
        (line(0, None, Some("0")), "amount"),
        (line(0, None, Some("-1")), "amount"),
        (line(0, None, Some("1.001")), "amount"),
        (line(0, None, Some("much")), "amount"),
    ] {
        let refused = bought.decide(&back, &parts(std::slice::from_ref(&lines))).expect_err("it is refused");
        let found: Vec<_> = refused.iter().map(|one| (one.code, one.field.to_string())).collect();
        assert_eq!(found, [(Code::ValueInvalid, format!("lines.0.{field}"))], "{lines:?}");
    }
    let refused = |asked: &Asked| {
        let refused = bought.decide(&back, asked).expect_err("it is refused");
        refused.into_iter().map(|one| (one.code, one.field.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(refused(&Asked::Parts(Vec::new(), true)), [(Code::ValueInvalid, "shipping".to_owned())]);
    assert_eq!(refused(&parts(&[])), [(Code::Required, String::new())]);
    assert_eq!(refused(&parts(&vec![line(0, None, None); 1_001])), [(Code::LimitExceeded, "lines".to_owned())]);
    // The same line twice is twice of it, and at most all.
    let twice = [line(0, None, Some("1")), line(0, None, Some("1"))];
    let part = bought.decide(&back, &parts(&twice)).expect("a part");
    assert_eq!(part.lines, [ReturnedLine { line: 0, quantity: 0, amount: Amount(200) }]);
    let again = [line(0, None, None), line(0, None, Some("1"))];
    assert_eq!(refused(&parts(&again)), [(Code::ValueInvalid, "lines.1.amount".to_owned())]);
    // What is left of a line, when more of its price than of its number has come back.
    let part = bought.decide(&back, &parts(&[line(0, Some(1), None)])).expect("a part");
    assert_eq!(part.lines, [ReturnedLine { line: 0, quantity: 1, amount: Amount(200) }]);
}

#[test]
fn what_versions_before_recorded_comes_back_as_far_as_it_is_known() {
    let unknown = Bought { has_lines: false, shipping: Amount(1_000), ..bought(&[], 0, &[&[(None, 400)]]) };
    let before = unknown.came_back([]);
    let refused = unknown.decide(&before, &parts(&[line(0, None, None)])).expect_err("it is refused");
    assert_eq!((refused[0].code, refused[0].field.to_string()), (Code::ValueInvalid, "lines".to_owned()));
    let part = unknown.decide(&before, &Asked::All).expect("all");
    let mut after = before;
    after.add(&part.lines, part.shipping);
    assert!(unknown.is_back(&after));
    assert_eq!((unknown.carried(&after).coupons, unknown.carried(&after).rest), (vec![Amount(400)], Amount(600)));
    // Its lines are known, and not how many there were.
    let mut counted = bought(&[(1_000, 2)], 0, &[]);
    counted.lines[0].quantity = None;
    let before = counted.came_back([]);
    let refused = counted.decide(&before, &parts(&[line(0, Some(1), None)])).expect_err("it is refused");
    assert_eq!(refused[0].field.to_string(), "lines.0.quantity");
    assert!(counted.decide(&before, &parts(&[line(0, None, Some("5"))])).is_ok());
}
