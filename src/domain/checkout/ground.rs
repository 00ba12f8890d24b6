//! The basket as its coupons see it: which lines each is for, what is left of them, and what each takes where.
//!
//! What a coupon takes must not depend on the order of the lines, though a minor unit that cannot be divided has to go to
//! one of them. So the amounts are decided on groups: lines that the same coupons are for are one group, and only its sum
//! counts. What was decided is then laid on the lines themselves. That goes wrong where an indivisible unit went to another
//! group than was decided, and a later coupon needs it, or is told that nothing is left where it lies: each group's share
//! is laid within the group then, where it always fits.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use super::{
    Allocation,
    laying::{Part, lay},
};
use crate::{basket::Basket, decimal::Amount, terms::Terms};

/// By what an amount is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weighing {
    /// What the lines cost: a percentage is of that.
    Price,
    /// What is left of them.
    Left,
}

/// The basket, its groups of lines, and what is left of each.
pub(super) struct Ground<'a> {
    basket: &'a Basket,
    /// The bit of the terms of a coupon, and what the lines cost that they are for; none where there is no such line.
    terms: Rc<HashMap<*const Terms, (u64, Option<Amount>)>>,
    /// The group of each line.
    group_of: Vec<usize>,
    groups: Vec<Group>,
    /// What is left of the shipping.
    shipping: Amount,
}

/// Lines that the same coupons are for.
#[derive(Clone, Copy)]
struct Group {
    /// The bits of the terms of these coupons.
    bits: u64,
    price: i64,
    left: i64,
}

/// What a coupon takes of the lines that it is for.
pub(super) struct Taking {
    bit: u64,
    weighing: Weighing,
    amount: i64,
    /// Of each group.
    shares: Vec<i64>,
}

impl<'a> Ground<'a> {
    /// The basket as coupons with these terms see it, which are at most [`super::MAX_COUPONS`]. Coupons that share their
    /// terms are looked at once, and so are lines of one product: looking a thousand lines up among ten thousand
    /// products takes a millisecond.
    pub(super) fn new<'b>(basket: &'a Basket, all: impl IntoIterator<Item = &'b Arc<Terms>>) -> Self {
        let mut products: HashMap<&str, usize> = HashMap::new();
        let numbered: Vec<usize> = basket
            .lines
            .iter()
            .map(|line| {
                let next = products.len();
                *products.entry(line.product.as_str()).or_insert(next)
            })
            .collect();
        let mut terms: HashMap<*const Terms, (u64, Option<Amount>)> = HashMap::new();
        let mut bits = vec![0_u64; basket.lines.len()];
        for one in all {
            let bit = 1_u64.checked_shl(u32::try_from(terms.len()).unwrap_or(u32::MAX)).unwrap_or_default();
            terms.entry(Arc::as_ptr(one)).or_insert_with(|| {
                let listed = &one.restrictions.products;
                let is_for = chosen(&products, listed);
                let mut price = listed.is_empty().then_some(Amount::ZERO);
                for ((line, number), bits) in basket.lines.iter().zip(&numbered).zip(&mut bits) {
                    if is_for.get(*number) == Some(&true) {
                        *bits |= bit;
                        price = Some(price.unwrap_or_default().plus(line.amount));
                    }
                }
                (bit, price)
            });
        }
        let terms = Rc::new(terms);
        let mut ground = Self { basket, terms, group_of: Vec::new(), groups: Vec::new(), shipping: basket.shipping };
        ground.group(&bits);
        ground
    }

    /// Puts lines with the same bits into one group. A unit that cannot be divided goes to the group that fewer coupons
    /// are for, so that the others find more.
    fn group(&mut self, bits: &[u64]) {
        let mut distinct: Vec<(u32, u64)> = bits.iter().map(|bits| (bits.count_ones(), *bits)).collect();
        distinct.sort_unstable();
        distinct.dedup();
        self.groups = distinct.iter().map(|(_, bits)| Group { bits: *bits, price: 0, left: 0 }).collect();
        for (line, bits) in self.basket.lines.iter().zip(bits) {
            let group = distinct.binary_search(&(bits.count_ones(), *bits)).unwrap_or_default();
            self.group_of.push(group);
            if let Some(group) = self.groups.get_mut(group) {
                group.price += line.amount.0;
                group.left += line.amount.0;
            }
        }
    }

    /// The basket.
    pub(super) fn basket(&self) -> &'a Basket {
        self.basket
    }

    fn of(&self, terms: &Arc<Terms>) -> (u64, Option<Amount>) {
        self.terms.get(&Arc::as_ptr(terms)).copied().unwrap_or_default()
    }

    /// What the lines cost that a coupon with these terms is for; none where there is no such line.
    pub(super) fn price(&self, terms: &Arc<Terms>) -> Option<Amount> {
        self.of(terms).1
    }

    /// The bit of coupons with these terms.
    pub(super) fn bit(&self, terms: &Arc<Terms>) -> u64 {
        self.of(terms).0
    }

    /// How many groups of lines there are.
    pub(super) fn groups(&self) -> u64 {
        self.groups.len() as u64
    }

    /// The groups of lines that coupons with these terms are for, by their numbers.
    pub(super) fn covered(&self, terms: &Arc<Terms>) -> impl Iterator<Item = usize> {
        let bit = self.bit(terms);
        self.groups.iter().enumerate().filter(move |(_, group)| group.bits & bit != 0).map(|(number, _)| number)
    }

    /// What the groups of lines cost, and then the shipping.
    pub(super) fn prices(&self) -> Vec<i64> {
        self.groups.iter().map(|group| group.price).chain([self.basket.shipping.0]).collect()
    }

    /// The same basket, of which nothing is taken yet, as coupons whose terms have these bits see it: lines that differ for
    /// others alone are one group. Nothing that is taken of it can be laid on lines.
    pub(super) fn only(&self, bits: u64) -> Self {
        let mut groups: Vec<Group> =
            self.groups.iter().map(|group| Group { bits: group.bits & bits, left: group.price, ..*group }).collect();
        groups.sort_unstable_by_key(|group| (group.bits.count_ones(), group.bits));
        groups.dedup_by(|next, group| {
            let same = next.bits == group.bits;
            if same {
                group.price += next.price;
                group.left += next.left;
            }
            same
        });
        let terms = Rc::clone(&self.terms);
        Self { basket: self.basket, terms, group_of: Vec::new(), groups, shipping: self.basket.shipping }
    }

    /// More than this is not taken off by percentages that are one of what another has left: of each its bit, and
    /// hundredths of a percent.
    pub(super) fn most_of_percentages(&self, percentages: &[(u64, u16)]) -> i64 {
        if percentages.is_empty() {
            return 0;
        }
        let of_group = |group: &Group| {
            let own = percentages.iter().filter(|(bit, _)| group.bits & bit != 0);
            let rest = own.fold(1.0, |rest, (_, hundredths)| rest * (1.0 - f64::from(*hundredths) / 10_000.0));
            group.price as f64 * (1.0 - rest)
        };
        let most: f64 = self.groups.iter().map(of_group).sum();
        // What is laid on a group may be a unit more than its proportion, of each percentage.
        let rounded = (percentages.len() * (self.groups.len() + 2)) as f64;
        (most + rounded).ceil() as i64
    }

    /// What is left of them.
    pub(super) fn left(&self, terms: &Arc<Terms>) -> Amount {
        let bit = self.of(terms).0;
        Amount(self.groups.iter().filter(|group| group.bits & bit != 0).map(|group| group.left).sum())
    }

    /// What is left of the shipping.
    pub(super) fn shipping_left(&self) -> Amount {
        self.shipping
    }

    /// Takes off the shipping, at most what is left of it.
    pub(super) fn take_shipping(&mut self, amount: Amount) -> Amount {
        let taken = amount.min(self.shipping);
        self.shipping = self.shipping.minus(taken);
        taken
    }

    /// Takes off the lines that a coupon with these terms is for, at most what is left of them.
    pub(super) fn take(&mut self, terms: &Arc<Terms>, amount: Amount, weighing: Weighing) -> Taking {
        let amount = amount.min(self.left(terms)).0;
        let bit = self.of(terms).0;
        let part = |group: &Group| match weighing {
            _ if group.bits & bit == 0 => Part::NONE,
            Weighing::Price => Part::new(group.price, group.left),
            Weighing::Left => Part::new(group.left, group.left),
        };
        let shares = lay(amount, &self.groups.iter().map(part).collect::<Vec<_>>());
        for (group, share) in self.groups.iter_mut().zip(&shares) {
            group.left -= share;
        }
        Taking { bit, weighing, amount, shares }
    }

    /// Where what was taken lies: for each taking, in their order, its lines and how much of each.
    pub(super) fn laid(&self, takings: &[Taking]) -> Vec<Vec<Allocation>> {
        self.laid_on_lines(takings).unwrap_or_else(|| self.laid_within_groups(takings))
    }

    /// Lays each taking on all lines that it is for; none where a later one then lacks a unit, or finds one where none is
    /// left.
    fn laid_on_lines(&self, takings: &[Taking]) -> Option<Vec<Vec<Allocation>>> {
        let mut lines = Lines::of(self.basket);
        let prices: Vec<i64> = self.groups.iter().map(|group| group.price).collect();
        let (mut decided, mut told) = (prices.clone(), prices);
        let mut all = Vec::with_capacity(takings.len());
        for taking in takings {
            let is_for = |group: &usize| self.groups.get(*group).is_some_and(|group| group.bits & taking.bit != 0);
            let places = self.group_of.iter().enumerate().filter(|(_, group)| is_for(group)).map(|(place, _)| place);
            let mut laid = Vec::new();
            if lines.lay(taking.amount, taking.weighing, &places.collect::<Vec<_>>(), &mut laid) < taking.amount {
                return None;
            }
            for (left, share) in decided.iter_mut().zip(&taking.shares) {
                *left -= share;
            }
            self.subtract(&laid, &mut told);
            if self.finds_what_is_gone(&decided, &told) {
                return None;
            }
            all.push(laid);
        }
        Some(all)
    }

    /// Takes what was laid on lines off what is left of their groups.
    fn subtract(&self, laid: &[Allocation], left: &mut [i64]) {
        for allocation in laid {
            let line = allocation.line.and_then(|line| usize::try_from(line).ok());
            let group = line.and_then(|line| self.group_of.get(line));
            if let Some(left) = group.and_then(|group| left.get_mut(*group)) {
                *left -= allocation.amount.0;
            }
        }
    }

    /// Whether nothing was left for a coupon where its groups are told to have something.
    fn finds_what_is_gone(&self, decided: &[i64], told: &[i64]) -> bool {
        let left = |of: &[i64], bit: u64| -> i64 {
            self.groups.iter().zip(of).filter(|(group, _)| group.bits & bit != 0).map(|(_, left)| *left).sum()
        };
        self.terms.values().any(|(bit, _)| left(decided, *bit) == 0 && left(told, *bit) > 0)
    }

    /// Lays the share of each group on its lines.
    fn laid_within_groups(&self, takings: &[Taking]) -> Vec<Vec<Allocation>> {
        let mut members: Vec<Vec<usize>> = self.groups.iter().map(|_| Vec::new()).collect();
        for (place, group) in self.group_of.iter().enumerate() {
            if let Some(members) = members.get_mut(*group) {
                members.push(place);
            }
        }
        let mut lines = Lines::of(self.basket);
        let lay_one = |taking: &Taking| {
            let mut laid = Vec::new();
            for (share, places) in taking.shares.iter().zip(&members).filter(|(share, _)| **share > 0) {
                lines.lay(*share, taking.weighing, places, &mut laid);
            }
            laid.sort_unstable_by_key(|allocation| allocation.line);
            laid
        };
        takings.iter().map(lay_one).collect()
    }
}

/// Which of the numbered products are listed; all where none is. The shorter of both is gone through.
fn chosen(products: &HashMap<&str, usize>, listed: &[String]) -> Vec<bool> {
    let mut chosen = vec![listed.is_empty(); products.len()];
    let mut choose = |number: usize| {
        if let Some(chosen) = chosen.get_mut(number) {
            *chosen = true;
        }
    };
    if listed.len() < products.len() {
        listed.iter().filter_map(|id| products.get(id.as_str())).for_each(|number| choose(*number));
    } else {
        let is_listed = |product: &str| listed.binary_search_by(|id| id.as_str().cmp(product)).is_ok();
        products.iter().filter(|(product, _)| is_listed(product)).for_each(|(_, number)| choose(*number));
    }
    chosen
}

/// What the lines cost, and what is left of them.
struct Lines(Vec<(i64, i64)>);

impl Lines {
    fn of(basket: &Basket) -> Self {
        Self(basket.lines.iter().map(|line| (line.amount.0, line.amount.0)).collect())
    }

    /// Lays an amount on some of the lines; how much was laid.
    fn lay(&mut self, amount: i64, weighing: Weighing, places: &[usize], laid: &mut Vec<Allocation>) -> i64 {
        let part = |place: &usize| {
            let (price, left) = self.0.get(*place).copied().unwrap_or_default();
            Part::new(if weighing == Weighing::Price { price } else { left }, left)
        };
        let shares = lay(amount, &places.iter().map(part).collect::<Vec<_>>());
        let mut sum = 0;
        for (place, share) in places.iter().zip(shares).filter(|(_, share)| *share > 0) {
            if let Some((_, left)) = self.0.get_mut(*place) {
                *left -= share;
            }
            sum += share;
            laid.push(Allocation { line: u32::try_from(*place).ok(), amount: Amount(share) });
        }
        sum
    }
}
