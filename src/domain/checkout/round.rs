//! What holds of a checkout that is held, completed and returned, over random baskets: it comes to what was shown, nobody
//! else gets what is held, and all is as it was once all has come back.

use proptest::prelude::*;

use super::{
    Presented, Verdict, card_amount, decide,
    properties::{ann, basket, coupons, lines, now},
};
use crate::{
    basket::Basket,
    combining::Combining,
    coupon::{Coupon, Decision, Held},
    decimal::Amount,
    gift_card::{Entry, EntryKind},
    period::Instant,
    purchase::{Asked, Bought, BoughtLine},
};

fn until() -> Instant {
    "2026-05-01T12:15:00Z".parse().expect("an instant")
}

/// What of a coupon has to be as before; its history is not.
fn state(coupon: &Coupon) -> Coupon {
    let mut state = coupon.clone();
    state.version = 0;
    if let Some(account) = &mut state.account {
        account.entries = 0;
    }
    state
}

/// Each coupon that passed, with what it took, and its place.
fn passed<'a>(
    presented: &'a [Presented],
    verdicts: &'a [Verdict],
) -> impl Iterator<Item = (usize, &'a Presented, &'a Verdict)> {
    let all = presented.iter().zip(verdicts).enumerate();
    all.filter(|(_, (_, verdict))| verdict.redeemable()).map(|(place, (one, verdict))| (place, one, verdict))
}

fn hold(one: &Presented, verdict: &Verdict, basket: &Basket) -> Coupon {
    let (coupon, terms) = one.found.as_ref().expect("it passed");
    let amount = terms.card_value().map(|_| card_amount(verdict.discount, basket, terms));
    let hold = Held { transaction: "t".to_owned(), until: until(), amount, assigned: false };
    coupon.clone().hold(terms, hold, &ann(), now()).expect("what passed can be held").coupon
}

/// A redemption without a hold.
fn redeem(one: &Presented, verdict: &Verdict, basket: &Basket) -> Decision {
    let (coupon, terms) = one.found.as_ref().expect("it passed");
    let (coupon, transaction) = (coupon.clone(), Some("t".to_owned()));
    if terms.card_value().is_none() {
        return coupon.redeem(Some(&ann()), transaction, now()).expect("what passed is redeemed");
    }
    let amount = card_amount(verdict.discount, basket, terms);
    coupon.redeem_card(terms, Some(&ann()), amount, transaction, now()).expect("what passed is redeemed")
}

fn bought(basket: &Basket, verdicts: &[Verdict]) -> Bought {
    let line = |line: &crate::basket::Line| BoughtLine { price: line.amount, quantity: Some(line.quantity) };
    Bought {
        exponent: 2,
        lines: basket.lines.iter().map(line).collect(),
        shipping: basket.shipping,
        has_lines: true,
        taken: verdicts.iter().map(|verdict| verdict.allocations.clone()).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// What was held is redeemed just as it would have been without; and while it is held, its own checkout finds it as
    /// before, and another one finds only what is not held.
    #[test]
    fn hold_then_complete_equals_preview(lines in lines(), coupons in coupons(), shipping in 0..30i64) {
        let basket = basket(lines, shipping);
        let shown = decide(&basket, &ann(), &coupons, Combining::default(), now());
        let mut held = coupons.clone();
        for (place, one, verdict) in passed(&coupons, &shown) {
            let (_, terms) = one.found.clone().expect("it passed");
            held[place].found = Some((hold(one, verdict, &basket), terms));
        }
        let mut own = held.clone();
        for one in &mut own {
            let (coupon, terms) = one.found.take().expect("a coupon");
            one.found = Some((coupon.for_checkout("t"), terms));
        }
        prop_assert_eq!(&decide(&basket, &ann(), &own, Combining::default(), now()), &shown);
        let others = decide(&basket, &ann(), &held, Combining::default(), now());
        for (place, one, verdict) in passed(&coupons, &shown) {
            let (coupon, terms) = one.found.as_ref().expect("it passed");
            match coupon.balance() {
                None => prop_assert!(!others[place].redeemable(), "{:?}", others[place]),
                Some(balance) => prop_assert!(verdict.discount.plus(others[place].discount) <= balance),
            }
            let (held, _) = held[place].found.clone().expect("a coupon");
            let late = held.clone().redeem_held(terms, "t", now()).expect("what is held is redeemed");
            let plain = redeem(one, verdict, &basket);
            prop_assert_eq!(state(&late.coupon), state(&plain.coupon));
            prop_assert_eq!(late.entries, plain.entries);
            prop_assert_eq!(late.changes, plain.changes);
            // Given back, it is as it was.
            let back = held.clone().release("t", now()).expect("it is held");
            prop_assert_eq!(state(&back.coupon), state(coupon));
            // From its end on it is free, whether or not that is recorded.
            prop_assert_eq!(held.held(until()).number, 0);
        }
    }

    /// Once all has come back every coupon is as it was, with its whole balance.
    #[test]
    fn complete_then_whole_return_leaves_all_as_before(
        lines in lines(),
        coupons in coupons(),
        shipping in 0..30i64,
        parts in proptest::collection::vec((0..8i32, 1..40i64), 0..5),
    ) {
        let basket = basket(lines, shipping);
        let verdicts = decide(&basket, &ann(), &coupons, Combining::default(), now());
        let bought = bought(&basket, &verdicts);
        let mut after: Vec<Option<Decision>> = coupons.iter().map(|_| None).collect();
        for (place, one, verdict) in passed(&coupons, &verdicts) {
            after[place] = Some(redeem(one, verdict, &basket));
        }
        let mut back = bought.came_back([]);
        let parts = parts.into_iter().map(|(line, cents)| {
            let amount = Some(Amount(cents).text(2));
            Asked::Parts(vec![crate::purchase::AskedLine { line, quantity: None, amount }], false)
        });
        for asked in parts.chain([Asked::All]) {
            let Ok(part) = bought.decide(&back, &asked) else { continue };
            back.add(&part.lines, part.shipping);
            let carried = bought.carried(&back);
            for (place, one, _) in passed(&coupons, &verdicts) {
                let (_, terms) = one.found.as_ref().expect("it passed");
                let decision = after[place].as_mut().expect("it was redeemed");
                let coupon = decision.coupon.clone();
                let redemption = |entry: &&Entry| entry.kind == EntryKind::Redeem;
                if let Some(entry) = decision.entries.iter().find(redemption).cloned() {
                    let lacks = carried.coupons[place].minus(entry.reversed);
                    if lacks.is_positive() {
                        let number = entry.id.number;
                        let mut next = coupon.unredeem_card(terms, entry, Some(lacks), None, now()).expect("it comes back");
                        next.entries.retain(|entry| entry.id.number == number);
                        *decision = next;
                    }
                } else if carried.all_of[place] && coupon.is_redeemed_by("t", None) {
                    *decision = coupon.unredeem_purchase("t".to_owned(), now()).expect("it is given back");
                }
            }
        }
        for (place, one, _) in passed(&coupons, &verdicts) {
            let (before, _) = one.found.as_ref().expect("it passed");
            let decision = after[place].as_ref().expect("it was redeemed");
            prop_assert_eq!(state(&decision.coupon), state(before));
        }
    }
}
