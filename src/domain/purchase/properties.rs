//! What holds of every purchase and all that comes back of it, over random ones.

use proptest::prelude::*;

use super::*;

/// Lines of small prices and quantities, of which coupons took what they could; shipping.
fn purchases() -> impl Strategy<Value = Bought> {
    let line = (0..60i64, 1..5u32);
    let taking = proptest::collection::vec(0..=100i64, 6);
    (proptest::collection::vec(line, 0..5), 0..20i64, proptest::collection::vec(taking, 0..4)).prop_map(
        |(lines, shipping, takings)| {
            let mut left: Vec<i64> = lines.iter().map(|(price, _)| *price).chain([shipping]).collect();
            let last = lines.len();
            let mut take = |taking: Vec<i64>| {
                let mut taken = Vec::new();
                for (place, percent) in taking.into_iter().enumerate().take(last + 1) {
                    let amount = left[place] * percent / 100;
                    left[place] -= amount;
                    if amount > 0 {
                        let line = (place < last).then(|| u32::try_from(place).expect("few lines"));
                        taken.push(Allocation { line, amount: Amount(amount) });
                    }
                }
                taken
            };
            let taken = takings.into_iter().map(&mut take).collect();
            let line = |(price, quantity): &(i64, u32)| BoughtLine { price: Amount(*price), quantity: Some(*quantity) };
            Bought {
                exponent: 2,
                lines: lines.iter().map(line).collect(),
                shipping: Amount(shipping),
                has_lines: true,
                taken,
            }
        },
    )
}

/// Parts that are asked for: some are refused.
fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let line =
        (0..5i32, proptest::option::of(1..4i32), proptest::option::of(1..40i64)).prop_map(|(line, quantity, cents)| {
            AskedLine { line, quantity, amount: cents.map(|cents| Amount(cents).text(2)) }
        });
    let part = (proptest::collection::vec(line, 0..3), any::<bool>())
        .prop_map(|(lines, shipping)| Asked::Parts(lines, shipping));
    proptest::collection::vec(part, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// With every part each share grows or stays, all shares sum up to what came back, nobody gets more than they paid,
    /// and with all that is left everybody has got just that.
    #[test]
    fn parts_in_any_order_sum_up_to_the_whole(bought in purchases(), asked in asked()) {
        let mut back = bought.came_back([]);
        let mut before = bought.carried(&back);
        prop_assert_eq!(before.coupons.iter().map(|amount| amount.0).sum::<i64>() + before.rest.0, 0);
        let mut returned = 0;
        for asked in asked.into_iter().chain([Asked::All]) {
            let Ok(part) = bought.decide(&back, &asked) else { continue };
            back.add(&part.lines, part.shipping);
            returned += part.lines.iter().map(|line| line.amount.0).sum::<i64>() + part.shipping.0;
            let after = bought.carried(&back);
            for ((before, after), taken) in before.coupons.iter().zip(&after.coupons).zip(&bought.taken) {
                let took: i64 = taken.iter().map(|allocation| allocation.amount.0).sum();
                prop_assert!(before <= after && after.0 <= took, "{:?} to {:?} of {}", before, after, took);
            }
            prop_assert!(before.rest <= after.rest);
            prop_assert_eq!(after.coupons.iter().map(|amount| amount.0).sum::<i64>() + after.rest.0, returned);
            before = after;
        }
        let all: i64 = bought.lines.iter().map(|line| line.price.0).sum::<i64>() + bought.shipping.0;
        prop_assert_eq!(returned, all);
        prop_assert!(bought.is_back(&back));
        prop_assert!(before.all_of.iter().all(|all| *all));
        for (got, taken) in before.coupons.iter().zip(&bought.taken) {
            prop_assert_eq!(got.0, taken.iter().map(|allocation| allocation.amount.0).sum::<i64>());
        }
        // Nothing is left that could come back.
        let more = bought.decide(&back, &Asked::All).expect("nothing is no fault");
        prop_assert_eq!(more.lines.iter().map(|line| line.amount.0).sum::<i64>() + more.shipping.0, 0);
    }

    /// What everybody has got depends on what came back and not on the order.
    #[test]
    fn the_order_does_not_matter(bought in purchases(), quantities in proptest::collection::vec(0..5u32, 5), flip in any::<bool>()) {
        let units = bought.lines.iter().zip(&quantities).enumerate().flat_map(|(place, (line, wanted))| {
            let number = (*wanted).min(line.quantity.unwrap_or_default());
            let line = i32::try_from(place).expect("few lines");
            std::iter::repeat_n(AskedLine { line, quantity: Some(1), amount: None }, number as usize)
        });
        let mut units: Vec<AskedLine> = units.collect();
        let together = if units.is_empty() {
            bought.came_back([])
        } else {
            let mut back = bought.came_back([]);
            if let Ok(part) = bought.decide(&back, &Asked::Parts(units.clone(), false)) {
                back.add(&part.lines, part.shipping);
                back
            } else {
                // Only where all of it cost nothing.
                return Ok(());
            }
        };
        if flip {
            units.reverse();
        }
        let mut back = bought.came_back([]);
        for unit in units {
            if let Ok(part) = bought.decide(&back, &Asked::Parts(vec![unit], false)) {
                back.add(&part.lines, part.shipping);
            }
        }
        prop_assert_eq!(bought.carried(&back), bought.carried(&together));
    }
}
