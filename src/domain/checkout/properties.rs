//! What holds of every checkout, over random baskets with random coupons. Prices are small, so that minor units that
//! cannot be divided, ties and lines that are used up are met in nearly every one.

use proptest::prelude::*;

use super::{Presented, Verdict, decide, taking_order};
use crate::{
    basket::{Basket, Line},
    combining::{Combining, PercentagesOf, Stacking, StackingWith},
    coupon::{Coupon, Holder},
    currency::Currency,
    decimal::{Amount, Decimal},
    id::{CouponId, CustomerId, PoolId, TermsNumber},
    period::Instant,
    rejection::Code,
    terms::{CouponType, Restrictions, Terms, Value},
};

const PRODUCTS: [&str; 4] = ["a", "b", "c", "d"];

pub(super) fn now() -> Instant {
    "2026-05-01T12:00:00Z".parse().expect("an instant")
}

pub(super) fn ann() -> CustomerId {
    CustomerId::parse("ann").expect("an id")
}

/// A line of a product at a price in cents.
pub(super) fn line(product: &str, cents: i64) -> Line {
    let unit_price = Decimal::parse(&Amount(cents).text(2)).expect("a price");
    Line { product: product.to_owned(), quantity: 1, unit_price, amount: Amount(cents) }
}

pub(super) fn basket(lines: Vec<Line>, shipping: i64) -> Basket {
    Basket { currency: Currency::parse("EUR").expect("EUR"), store: None, shipping: Amount(shipping), lines }
}

/// A claimed coupon of a type, worth so many hundredths, for the products whose bits are set.
pub(super) fn coupon(
    index: u64,
    (kind, hundredths, products, pays_shipping): (u8, i64, usize, bool),
    stacking: Stacking,
) -> Presented {
    let kind = match kind {
        0 => CouponType::Amount,
        1 => CouponType::Percentage,
        2 => CouponType::FreeShipping,
        _ => CouponType::GiftCard,
    };
    let text = match kind {
        CouponType::FreeShipping => None,
        CouponType::Percentage => Some(Amount((hundredths * 37) % 10_000 + 1).text(2)),
        CouponType::Amount | CouponType::GiftCard => Some(Amount(hundredths).text(2)),
    };
    let value = Value::parse(kind, text.as_deref(), None).expect("a value");
    let chosen = PRODUCTS.iter().enumerate().filter(|(place, _)| products & (1 << place) != 0);
    let products = chosen.map(|(_, product)| (*product).to_owned()).collect();
    let restrictions = Restrictions { products, ..Restrictions::default() };
    let terms = Terms { value, currency: None, restrictions };
    let fresh = Coupon::unassigned(CouponId { pool: PoolId(1), index }, format!("C{index}"), TermsNumber(0));
    let holder = Holder { customer: ann(), currency: None };
    let coupon = fresh.claim(&terms, holder, None, now()).expect("a claim").coupon;
    Presented {
        code: coupon.code.clone(),
        found: Some((coupon, terms.into())),
        pays_shipping,
        stacking,
        ..Presented::default()
    }
}

pub(super) fn lines() -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec((0..PRODUCTS.len(), 0..40i64), 0..8)
        .prop_map(|lines| lines.into_iter().map(|(product, cents)| line(PRODUCTS[product], cents)).collect())
}

pub(super) fn coupons() -> impl Strategy<Value = Vec<Presented>> {
    let one = ((0..5u8, 1..60i64, 0..16usize, any::<bool>()), stackings());
    proptest::collection::vec(one, 0..6)
        .prop_map(|coupons| (0..).zip(coupons).map(|(index, (one, stacking))| coupon(index, one, stacking)).collect())
}

/// Mostly with all.
pub(super) fn stackings() -> impl Strategy<Value = Stacking> {
    let with = prop_oneof![
        6 => Just(StackingWith::All),
        2 => Just(StackingWith::OtherCategories),
        1 => Just(StackingWith::None),
    ];
    (with, 0..3usize, -1..2i32).prop_map(|(with, category, order)| {
        // One that goes with other categories has one.
        let category = if with == StackingWith::OtherCategories { category.max(1) } else { category };
        let category = ["", "x", "y"].get(category).filter(|name| !name.is_empty()).map(|name| (*name).to_owned());
        Stacking { with, category, order }
    })
}

pub(super) fn rules() -> impl Strategy<Value = Combining> {
    let most = prop_oneof![3 => Just(50u8), 1 => 1..4u8];
    (any::<bool>(), most, proptest::option::of(1..3u8)).prop_map(|(original, per_checkout, per_category)| Combining {
        percentages_of: if original { PercentagesOf::Original } else { PercentagesOf::Remaining },
        per_checkout,
        per_category,
    })
}

/// Whether it was refused because of another coupon.
fn is_kept_out(verdict: &Verdict) -> bool {
    let refusals = verdict.checks.iter().filter_map(|check| check.refusal.as_ref());
    refusals.into_iter().any(|refusal| refusal.code == Code::NotCombinable)
}

fn discounts(verdicts: &[Verdict]) -> Vec<Amount> {
    verdicts.iter().map(|verdict| verdict.discount).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Every minor unit is on a line that the coupon is for, or on the shipping; what coupons take is what their lines
    /// lose; nothing goes below zero, and a coupon that passed takes something.
    #[test]
    fn every_minor_unit_is_on_its_line(
        lines in lines(), coupons in coupons(), rules in rules(), shipping in 0..30i64,
    ) {
        let basket = basket(lines, shipping);
        let verdicts = decide(&basket, &ann(), &coupons, rules, now());
        let mut left: Vec<i64> = basket.lines.iter().map(|line| line.amount.0).chain([shipping]).collect();
        for (one, verdict) in coupons.iter().zip(&verdicts) {
            let (_, terms) = one.found.as_ref().expect("a coupon");
            let products = &terms.restrictions.products;
            let sum: i64 = verdict.allocations.iter().map(|allocation| allocation.amount.0).sum();
            prop_assert_eq!(sum, verdict.discount.0);
            prop_assert_eq!(verdict.redeemable(), sum > 0);
            prop_assert!(verdict.allocations.is_sorted_by_key(|one| one.line.unwrap_or(u32::MAX)));
            for allocation in &verdict.allocations {
                prop_assert!(allocation.amount.is_positive());
                match allocation.line {
                    Some(place) => {
                        let product = &basket.lines[place as usize].product;
                        prop_assert!(products.is_empty() || products.contains(product));
                        prop_assert!(terms.value != Value::FreeShipping);
                        left[place as usize] -= allocation.amount.0;
                    }
                    None => {
                        let pays = terms.card_value().is_some() && one.pays_shipping;
                        prop_assert!(pays || terms.value == Value::FreeShipping);
                        left[basket.lines.len()] -= allocation.amount.0;
                    }
                }
            }
        }
        prop_assert!(left.iter().all(|left| *left >= 0), "{:?}", left);
        let total = basket.subtotal().0 + shipping;
        let discount: i64 = verdicts.iter().map(|verdict| verdict.discount.0).sum();
        prop_assert_eq!(left.iter().sum::<i64>(), total - discount);
    }

    /// A coupon that takes less than it is worth has taken all that its lines still cost, as they are told.
    #[test]
    fn who_takes_less_has_taken_all(
        lines in lines(), coupons in coupons(), rules in rules(), shipping in 0..30i64,
    ) {
        let basket = basket(lines, shipping);
        let verdicts = decide(&basket, &ann(), &coupons, rules, now());
        let mut left: Vec<i64> = basket.lines.iter().map(|line| line.amount.0).chain([shipping]).collect();
        let taken = taking_order(&coupons).into_iter().map(|place| (&coupons[place], &verdicts[place]));
        for (one, verdict) in taken.filter(|(_, verdict)| verdict.admitted && !is_kept_out(verdict)) {
            let (_, terms) = one.found.as_ref().expect("a coupon");
            for allocation in &verdict.allocations {
                left[allocation.line.map_or(basket.lines.len(), |line| line as usize)] -= allocation.amount.0;
            }
            let worth = match terms.value {
                Value::Amount(amount) | Value::GiftCard(amount) => amount.0,
                Value::Percentage(_) | Value::FreeShipping => continue,
            };
            if verdict.discount.0 < worth {
                let products = &terms.restrictions.products;
                let own = basket.lines.iter().zip(&left);
                let own = own.filter(|(line, _)| products.is_empty() || products.contains(&line.product));
                prop_assert_eq!(own.map(|(_, left)| *left).sum::<i64>(), 0, "{:?} of {:?}", verdict, terms);
            }
        }
    }

    /// Who is refused changes nothing of what the others take.
    #[test]
    fn who_is_refused_changes_nothing(
        lines in lines(), coupons in coupons(), foreign in coupons(), rules in rules(), shipping in 0..30i64,
    ) {
        let basket = basket(lines, shipping);
        let alone = decide(&basket, &ann(), &coupons, rules, now());
        let mut all = coupons;
        all.extend(foreign.into_iter().zip(100..).map(|(mut one, index)| {
            let (coupon, _) = one.found.as_mut().expect("a coupon");
            coupon.id.index = index;
            coupon.customer = CustomerId::parse("bob").ok();
            one
        }));
        prop_assert_eq!(&decide(&basket, &ann(), &all, rules, now())[..alone.len()], &alone[..]);
    }

    /// In whatever order the lines stand, each coupon takes the same off.
    #[test]
    fn permuting_lines_changes_no_total(
        (lines, permuted) in lines().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        coupons in coupons(),
        rules in rules(),
        shipping in 0..30i64,
    ) {
        let one = decide(&basket(lines, shipping), &ann(), &coupons, rules, now());
        let other = decide(&basket(permuted, shipping), &ann(), &coupons, rules, now());
        prop_assert_eq!(discounts(&one), discounts(&other));
    }

    /// Those that are used go together, and are not too many; who is kept out collides with those used before it.
    #[test]
    fn those_that_are_used_go_together(
        lines in lines(), coupons in coupons(), rules in rules(), shipping in 0..30i64,
    ) {
        let verdicts = decide(&basket(lines, shipping), &ann(), &coupons, rules, now());
        let mut used: Vec<&Stacking> = Vec::new();
        for place in taking_order(&coupons) {
            let (own, verdict) = (&coupons[place].stacking, &verdicts[place]);
            let of_category = used.iter().filter(|other| own.category.is_some() && other.category == own.category);
            let too_many = used.len() >= usize::from(rules.per_checkout)
                || rules.per_category.is_some_and(|most| of_category.count() >= usize::from(most));
            let collides = too_many || used.iter().any(|other| own.collides(other).is_some());
            if verdict.admitted {
                prop_assert_eq!(is_kept_out(verdict), collides, "{:?} after {:?}", own, used);
            }
            if verdict.redeemable() {
                used.push(own);
            }
        }
    }
}
