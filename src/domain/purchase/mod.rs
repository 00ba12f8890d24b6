//! What comes back of a purchase. Parts of it come back as quantities or amounts of its lines, or all that is left; who
//! paid a line gets back what of it that was. What has come back so far decides alone what everybody has got by then: the
//! order of the parts does not matter, the parts of a purchase sum up to it, and nothing comes back twice.

mod asked;
#[cfg(test)]
mod properties;
mod shares;
#[cfg(test)]
mod tests;

pub use asked::{Asked, AskedLine};

use serde::{Deserialize, Serialize};

use super::{checkout::Allocation, decimal::Amount, rejection::Refusal};
use shares::first_units;

/// A line that was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoughtLine {
    /// What it cost.
    pub price: Amount,
    /// How many; none where a version before this did not record it.
    pub quantity: Option<u32>,
}

/// A purchase, as far as its returns depend on it. All amounts are in its currency's minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bought {
    /// The decimals of its currency.
    pub exponent: u8,
    /// Its lines; none where a version before this did not record them.
    pub lines: Vec<BoughtLine>,
    /// What is on no line: the shipping; or all of it, where the lines are not known.
    pub shipping: Amount,
    /// Whether its lines are known.
    pub has_lines: bool,
    /// What each coupon took, and where.
    pub taken: Vec<Vec<Allocation>>,
}

/// What has come back of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "(u32, u32, Amount)", into = "(u32, u32, Amount)")]
pub struct ReturnedLine {
    /// Which, counted from 0.
    pub line: u32,
    /// How many.
    pub quantity: u32,
    /// What of its price.
    pub amount: Amount,
}

// In short: the largest return has a thousand.
impl From<(u32, u32, Amount)> for ReturnedLine {
    fn from((line, quantity, amount): (u32, u32, Amount)) -> Self {
        Self { line, quantity, amount }
    }
}

impl From<ReturnedLine> for (u32, u32, Amount) {
    fn from(line: ReturnedLine) -> Self {
        (line.line, line.quantity, line.amount)
    }
}

/// What comes back at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Of the lines, in their order, each once.
    pub lines: Vec<ReturnedLine>,
    /// Of the shipping: all of it, or nothing.
    pub shipping: Amount,
}

/// What has come back so far: of each line how many and how much of its price; and whether the shipping has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CameBack {
    lines: Vec<(u32, Amount)>,
    shipping: bool,
}

/// Who has got back how much of what came back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// Each coupon, in the order of the purchase.
    pub coupons: Vec<Amount>,
    /// Whether all that a coupon took something of has come back.
    pub all_of: Vec<bool>,
    /// What was paid otherwise.
    pub rest: Amount,
}

impl Bought {
    /// What comes back when a part is asked for after what came back before, or all that is wrong with it.
    pub fn decide(&self, before: &CameBack, asked: &Asked) -> Result<Part, Vec<Refusal>> {
        asked::decide(self, before, asked)
    }

    /// What has come back once these parts have.
    #[must_use]
    pub fn came_back<'a>(&self, parts: impl IntoIterator<Item = (&'a [ReturnedLine], Amount)>) -> CameBack {
        let mut back = CameBack { lines: vec![(0, Amount::ZERO); self.lines.len()], shipping: false };
        for (lines, shipping) in parts {
            back.add(lines, shipping);
        }
        back
    }

    /// Whether all of it has come back.
    #[must_use]
    pub fn is_back(&self, back: &CameBack) -> bool {
        let lines = (0..self.lines.len()).all(|line| self.left_of(line, back) == Amount::ZERO);
        lines && (back.shipping || !self.shipping.is_positive())
    }

    /// Who has got back how much of what came back.
    #[must_use]
    pub fn carried(&self, back: &CameBack) -> Carried {
        let coupons = self.taken.len();
        let mut carried =
            Carried { coupons: vec![Amount::ZERO; coupons], all_of: vec![true; coupons], rest: Amount::ZERO };
        // What each coupon took of each line; the shipping is the last.
        let mut by_line: Vec<Vec<(usize, i64)>> = vec![Vec::new(); self.lines.len() + 1];
        for (coupon, allocations) in self.taken.iter().enumerate() {
            for allocation in allocations {
                let line = allocation.line.map_or(self.lines.len(), |line| line as usize);
                if let Some(of_line) = by_line.get_mut(line) {
                    of_line.push((coupon, allocation.amount.0));
                }
            }
        }
        for (line, taken) in by_line.into_iter().enumerate() {
            let (price, returned) = self.price_and_returned(line, back);
            let discount: i64 = taken.iter().map(|(_, amount)| *amount).sum();
            let shares: Vec<i64> = taken.iter().map(|(_, amount)| *amount).chain([price.0 - discount]).collect();
            let units = first_units(&shares, returned.0);
            for ((coupon, _), units) in taken.iter().zip(&units) {
                if let (Some(sum), Some(all)) = (carried.coupons.get_mut(*coupon), carried.all_of.get_mut(*coupon)) {
                    *sum = sum.plus(Amount(*units));
                    *all &= returned == price;
                }
            }
            carried.rest = carried.rest.plus(Amount(units.last().copied().unwrap_or_default()));
        }
        carried
    }

    /// What a line cost, and what of that has come back; the one after the last is the shipping.
    fn price_and_returned(&self, line: usize, back: &CameBack) -> (Amount, Amount) {
        match self.lines.get(line) {
            Some(bought) => (bought.price, back.of_line(line).1),
            None => (self.shipping, if back.shipping { self.shipping } else { Amount::ZERO }),
        }
    }

    /// What of the price of a line has not come back.
    fn left_of(&self, line: usize, back: &CameBack) -> Amount {
        let (price, returned) = self.price_and_returned(line, back);
        price.minus(returned)
    }
}

impl CameBack {
    /// With another part.
    pub fn add(&mut self, lines: &[ReturnedLine], shipping: Amount) {
        for returned in lines {
            if let Some((quantity, amount)) = self.lines.get_mut(returned.line as usize) {
                *quantity = quantity.saturating_add(returned.quantity);
                *amount = amount.plus(returned.amount);
            }
        }
        self.shipping |= shipping.is_positive();
    }

    fn of_line(&self, line: usize) -> (u32, Amount) {
        self.lines.get(line).copied().unwrap_or_default()
    }
}
