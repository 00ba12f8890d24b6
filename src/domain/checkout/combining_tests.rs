//! How coupons of one checkout go together, as a table.

use super::*;
use crate::{
    basket::BasketDraft,
    combining::{PercentagesOf, StackingWith},
    coupon::Holder,
    id::{CouponId, PoolId, TermsNumber},
    rejection::Code,
    terms::{CouponType, Restrictions, Value},
};

fn now() -> Instant {
    "2026-05-01T12:00:00Z".parse().expect("an instant")
}

/// A coupon of ann's, as presented: its type and value, and how it goes together with others.
fn coupon(index: u64, (kind, value): (CouponType, &str), stacking: Stacking) -> Presented {
    let value = Some(value).filter(|value| !value.is_empty());
    let value = Value::parse(kind, value, None).expect("a value");
    let terms = Terms { value, currency: None, restrictions: Restrictions::default() };
    let fresh = Coupon::unassigned(CouponId { pool: PoolId(1), index }, format!("C{index}"), TermsNumber(0));
    let holder = Holder { customer: CustomerId::parse("ann").expect("an id"), currency: None };
    let coupon = fresh.claim(&terms, holder, None, now()).expect("a claim").coupon;
    Presented {
        code: coupon.code.clone(),
        found: Some((coupon, terms.into())),
        pays_shipping: true,
        stacking,
        ..Presented::default()
    }
}

fn stacking(with: StackingWith, category: &str, order: i32) -> Stacking {
    Stacking { with, category: Some(category.to_owned()).filter(|name| !name.is_empty()), order }
}

/// What each takes off 100.00 and a shipping of 5.00, or the code of its refusal.
fn taken(coupons: Vec<((CouponType, &str), Stacking)>, rules: Combining) -> Vec<Result<i64, Code>> {
    let lines = vec![("p".to_owned(), 1, "100".to_owned())];
    let draft = BasketDraft { currency: "EUR".to_owned(), store: None, shipping: Some("5".to_owned()), lines };
    let presented: Vec<_> = (0..).zip(coupons).map(|(index, (one, stacking))| coupon(index, one, stacking)).collect();
    let ann = CustomerId::parse("ann").expect("an id");
    let verdicts = decide(&draft.check().expect("a basket"), &ann, &presented, rules, now());
    let refusal = |verdict: &Verdict| verdict.checks.iter().find_map(|check| check.refusal.as_ref().map(|r| r.code));
    verdicts.iter().map(|verdict| refusal(verdict).map_or(Ok(verdict.discount.0), Err)).collect()
}

#[test]
fn percentages_are_of_the_original_or_of_the_remaining_price() {
    use CouponType::{Amount as A, GiftCard as G, Percentage as P};
    let of = |percentages_of| Combining { percentages_of, ..Combining::default() };
    for (coupons, original, remaining) in [
        (vec![(P, "60")], vec![6_000], vec![6_000]),
        (vec![(P, "60"), (P, "60")], vec![6_000, 4_000], vec![6_000, 2_400]),
        (vec![(P, "10"), (P, "10"), (P, "10")], vec![1_000; 3], vec![1_000, 900, 810]),
        (vec![(A, "50"), (P, "10")], vec![5_000, 1_000], vec![5_000, 500]),
        // Gift cards pay, and come last.
        (vec![(G, "50"), (P, "10")], vec![5_000, 1_000], vec![5_000, 1_000]),
    ] {
        let all = |coupons: &[(CouponType, &'static str)]| {
            coupons.iter().map(|one| (*one, Stacking::default())).collect::<Vec<_>>()
        };
        let expected = |amounts: Vec<i64>| amounts.into_iter().map(Ok).collect::<Vec<_>>();
        assert_eq!(taken(all(&coupons), of(PercentagesOf::Original)), expected(original), "{coupons:?}");
        assert_eq!(taken(all(&coupons), of(PercentagesOf::Remaining)), expected(remaining), "{coupons:?}");
    }
}

#[test]
fn who_comes_first_keeps_others_out() {
    use CouponType::{Amount as A, FreeShipping as F, GiftCard as G};
    use StackingWith::{All, None as Alone, OtherCategories as Other};
    let out = Err(Code::NotCombinable);
    let (ten, five) = ((A, "10"), (A, "5"));
    let plain = || Stacking::default();
    let few = Combining { per_checkout: 2, ..Combining::default() };
    let one_of_each = Combining { per_category: Some(1), ..Combining::default() };
    for (coupons, rules, expected) in [
        (vec![(ten, plain()), (five, stacking(Alone, "", 0))], Combining::default(), vec![Ok(1_000), out]),
        (vec![(five, stacking(Alone, "", 0)), (ten, plain())], Combining::default(), vec![Ok(500), out]),
        // Their order comes before that in which they are presented.
        (vec![(ten, plain()), (five, stacking(Alone, "", -1))], Combining::default(), vec![out, Ok(500)]),
        (
            vec![(ten, stacking(Other, "x", 0)), (five, stacking(All, "x", 0)), (five, stacking(All, "y", 0))],
            Combining::default(),
            vec![Ok(1_000), out, Ok(500)],
        ),
        // A card is a coupon, too, and comes last.
        (vec![((G, "50"), stacking(Alone, "", -9)), (ten, plain())], Combining::default(), vec![out, Ok(1_000)]),
        // Who takes nothing off keeps nobody out.
        (
            vec![((F, ""), plain()), ((F, ""), stacking(Other, "x", 0)), (ten, stacking(Other, "x", 0))],
            Combining::default(),
            vec![Ok(500), Err(Code::NothingToDiscount), Ok(1_000)],
        ),
        (vec![(ten, plain()), (five, plain()), (five, plain())], few, vec![Ok(1_000), Ok(500), out]),
        (
            vec![(ten, stacking(All, "x", 1)), (five, stacking(All, "x", 0)), (five, plain())],
            one_of_each,
            vec![out, Ok(500), Ok(500)],
        ),
    ] {
        assert_eq!(taken(coupons.clone(), rules), expected, "{coupons:?}");
    }
}
