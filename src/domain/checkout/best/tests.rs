//! The best set against all sets there are.

use proptest::prelude::*;

use super::{candidate::same_code, *};
use crate::{
    checkout::{
        decide,
        properties::{ann, basket, coupon, lines, now, rules, stackings},
    },
    combining::Stacking,
    id::{CouponId, PoolId},
};

/// Coupons, some of which come several times, with one code or with codes of their own.
fn held() -> impl Strategy<Value = Vec<Presented>> {
    let one = ((0..5u8, 1..60i64, 0..16usize, any::<bool>()), stackings(), 1..3u64, any::<bool>());
    proptest::collection::vec(one, 0..5).prop_map(|all| {
        let mut held = Vec::new();
        for ((kind, stacking, times, same_code), pool) in all.into_iter().zip(1..) {
            let first = coupon(0, kind, stacking);
            for index in 0..times {
                let mut one = first.clone();
                let (coupon, _) = one.found.as_mut().expect("a coupon");
                coupon.id = CouponId { pool: PoolId(pool), index };
                let number = if same_code { 0 } else { index };
                coupon.code = format!("P{pool}-{number}");
                one.code.clone_from(&coupon.code);
                held.push(one);
            }
        }
        held.truncate(7);
        held
    })
}

fn alone(basket: &Basket, held: &[Presented], rules: Combining) -> Vec<Verdict> {
    let decided = |one: &Presented| decide(basket, &ann(), std::slice::from_ref(one), rules, now()).pop();
    held.iter().map(|one| decided(one).expect("a verdict")).collect()
}

/// What a checkout of some coupons takes off; none where one of them is refused.
fn worth_of(basket: &Basket, held: &[Presented], places: &[usize], rules: Combining) -> Option<Worth> {
    let presented: Vec<Presented> = places.iter().map(|place| held[*place].clone()).collect();
    let mut worth = (0, 0);
    for (one, verdict) in presented.iter().zip(decide(basket, &ann(), &presented, rules, now())) {
        let is_card = one.found.as_ref().is_some_and(|(_, terms)| terms.card_value().is_some());
        if !verdict.redeemable() {
            return None;
        }
        if is_card { worth.1 += verdict.discount.0 } else { worth.0 += verdict.discount.0 }
    }
    Some(worth)
}

/// The most that any set takes off, whose codes name its coupons.
fn most(basket: &Basket, held: &[Presented], alone: &[Verdict], rules: Combining) -> Worth {
    let usable = usable(held, alone, now());
    let found = |place: usize| held[place].found.as_ref().expect("a coupon");
    let ground = Ground::new(basket, usable.iter().map(|place| &found(*place).1));
    let mut most = (0, 0);
    for set in 0..1_u32 << usable.len() {
        let chosen = usable.iter().enumerate().filter(|(number, _)| set & (1 << number) != 0);
        let mut chosen: Vec<usize> = chosen.map(|(_, place)| *place).collect();
        let is_named = |place: &usize| {
            usable.iter().all(|other| {
                let (own, other_one) = (&found(*place).0, &found(*other).0);
                let before = same_code(own, other_one) && other_one.id.index > own.id.index;
                !before || chosen.contains(other)
            })
        };
        if !chosen.iter().all(is_named) {
            continue;
        }
        chosen.sort_unstable();
        chosen.sort_by_key(|place| taken_as(&held[*place], &found(*place).1, &ground));
        most = worth_of(basket, held, &chosen, rules).map_or(most, |worth| worth.max(most));
    }
    most
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// The best set takes off what it says, and no other takes off more.
    #[test]
    fn no_set_is_better(lines in lines(), held in held(), rules in rules(), shipping in 0..30i64) {
        let basket = basket(lines, shipping);
        let alone = alone(&basket, &held, rules);
        let found = best(&basket, &held, &alone, rules, now());
        let worth = worth_of(&basket, &held, &found.chosen, rules);
        prop_assert!(found.exact);
        prop_assert_eq!(worth, Some(most(&basket, &held, &alone, rules)), "{:?}", found);
    }
}

/// A coupon worth so many hundredths of a type, for some of four products.
fn worth(index: u64, kind: u8, hundredths: i64, products: usize, stacking: Stacking) -> Presented {
    let mut one = coupon(index, (kind, hundredths, products, true), stacking);
    if let Some((coupon, _)) = &mut one.found {
        coupon.id.pool = PoolId(u32::try_from(index).expect("a pool") + 1);
    }
    one
}

#[test]
fn money_is_not_spent_for_a_discount() {
    let alone_only = Stacking { with: StackingWith::None, ..Stacking::default() };
    let basket = basket(vec![crate::checkout::properties::line("a", 50)], 0);
    // A card of 0.50 that pays all, and 0.10 off that goes with nothing.
    let held = [worth(0, 3, 50, 0, Stacking::default()), worth(1, 0, 10, 0, alone_only)];
    let rules = Combining::default();
    let found = best(&basket, &held, &alone(&basket, &held, rules), rules, now());
    assert_eq!(found, Best { chosen: vec![1], exact: true });
}

#[test]
fn what_a_person_holds_is_gone_through() {
    let products = ["a", "b", "c", "d"];
    let lines = (0..40).map(|number| crate::checkout::properties::line(products[number % 4], 500 + 37 * number as i64));
    let basket = basket(lines.collect(), 495);
    let category = |number: u64| Some(format!("category {}", number % 4));
    let held: Vec<Presented> = (0..20)
        .map(|number| {
            let with = if number % 2 == 0 { StackingWith::OtherCategories } else { StackingWith::All };
            let stacking = Stacking { with, category: category(number), order: 0 };
            let kind = u8::try_from(number % 4).expect("a kind");
            worth(number, kind, 100 + 13 * number as i64, number as usize % 16, stacking)
        })
        .collect();
    for rules in [
        Combining::default(),
        Combining { per_checkout: 5, per_category: Some(2), ..Combining::default() },
        Combining { percentages_of: PercentagesOf::Remaining, per_checkout: 7, ..Combining::default() },
    ] {
        let found = best(&basket, &held, &alone(&basket, &held, rules), rules, now());
        assert!(found.exact, "{rules:?}");
        assert!(worth_of(&basket, &held, &found.chosen, rules).is_some(), "{rules:?}");
    }
}
