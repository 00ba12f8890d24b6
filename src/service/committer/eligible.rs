//! Which of the coupons that a customer holds fit a basket: each is decided alone, and the best of those that fit
//! together. Nothing changes.

use crate::{CheckoutRecord, EligibleOrder, EligibleRecord, Recorded};
use scrip_domain::{
    checkout::{Best, Presented, Verdict, best, decide},
    decimal::Amount,
};
use scrip_plugins::Occasion;
use scrip_storage::{Coupons, RowId};

use super::{attempt::Attempt, checkout::Order, redeem::within_basket, stop::Stop};

impl Attempt<'_> {
    /// Decides each of a customer's coupons alone, and finds the best of them.
    pub(super) fn eligible(&mut self, asked: &EligibleOrder) -> Result<Box<EligibleRecord>, Stop> {
        let customer = asked.customer.clone();
        let basket = self.asker.prepared.basket(&asked.basket).map_err(within_basket)?;
        let order = Order::of_basket(customer, basket, self.now());
        self.rows.need(asked.coupons.iter().map(|id| RowId::of::<Coupons>(*id)))?;
        let mut presented = Vec::with_capacity(asked.coupons.len());
        for id in &asked.coupons {
            let Some(coupon) =
                self.rows.coupon(*id)?.filter(|coupon| coupon.customer.as_ref() == Some(&order.customer))
            else {
                // It was handed on meanwhile.
                continue;
            };
            let (pool, terms) = (self.rows.pool_of(*id)?, self.rows.terms(&coupon)?);
            presented.push(Presented {
                code: coupon.code.clone(),
                pays_shipping: pool.pays_shipping(&terms),
                stacking: pool.till.stacking.clone(),
                found: Some((coupon, terms)),
                ..Presented::default()
            });
        }
        let mut verdicts = self.alone(&order, &presented);
        if self.ask_checks(&order, &mut presented, &verdicts, Occasion::Preview)? {
            verdicts = self.alone(&order, &presented);
        }
        let rules = self.rows.working().settings().combining;
        let Best { chosen, exact } = best(&order.basket, &presented, &verdicts, rules, self.now());
        let together: Vec<Presented> = chosen.iter().filter_map(|place| presented.get(*place)).cloned().collect();
        let decided = decide(&order.basket, &order.customer, &together, rules, self.now());
        let record = EligibleRecord {
            best: together.into_iter().map(|one| one.code).collect(),
            discount: decided.iter().fold(Amount::ZERO, |sum, verdict| sum.plus(verdict.discount)),
            exact: exact && asked.whole && decided.iter().all(Verdict::redeemable),
            alone: record_of(&order, presented, verdicts),
        };
        Ok(Box::new(record))
    }

    /// What is decided of each coupon alone.
    fn alone(&self, order: &Order, presented: &[Presented]) -> Vec<Verdict> {
        let rules = self.rows.working().settings().combining;
        let decided = |one| decide(&order.basket, &order.customer, std::slice::from_ref(one), rules, self.now()).pop();
        presented.iter().map(|one| decided(one).unwrap_or_default()).collect()
    }
}

fn record_of(order: &Order, presented: Vec<Presented>, verdicts: Vec<Verdict>) -> CheckoutRecord {
    let recorded =
        |(one, verdict): (Presented, _)| Recorded::of(one.code, one.found.map(|(coupon, _)| coupon), verdict);
    CheckoutRecord::of(&order.basket, presented.into_iter().zip(verdicts).map(recorded).collect())
}
