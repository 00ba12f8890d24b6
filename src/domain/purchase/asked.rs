//! What is asked to come back, and what of a line that is. A quantity brings its part of the line's price, rounded half
//! up, as all so many of the line do: the last one brings what is left.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Bought, BoughtLine, CameBack, Part, ReturnedLine};
use crate::{
    basket::MAX_LINES,
    decimal::{Amount, Decimal},
    pool_draft::Faults,
    rejection::{Input, Refusal, Rejection, Step},
};

/// A part of a line that is to come back: all that is left of it where neither is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedLine {
    /// Which, counted from 0.
    pub line: i32,
    /// How many.
    pub quantity: Option<i32>,
    /// How much of its price, as a decimal text; with a quantity, what comes back for that.
    pub amount: Option<String>,
}

/// What is to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Asked {
    /// All that is left.
    All,
    /// Parts of lines, and whether the shipping.
    Parts(Vec<AskedLine>, bool),
}

/// What comes back, as far as it is decided.
struct Decided<'a> {
    bought: &'a Bought,
    back: CameBack,
    lines: BTreeMap<u32, ReturnedLine>,
}

pub(super) fn decide(bought: &Bought, before: &CameBack, asked: &Asked) -> Result<Part, Vec<Refusal>> {
    let mut decided = Decided { bought, back: before.clone(), lines: BTreeMap::new() };
    let mut faults = Faults::default();
    let mut shipping = Amount::ZERO;
    match asked {
        Asked::All => {
            (0..bought.lines.len()).for_each(|line| decided.take_rest(line));
            shipping = bought.left_of(bought.lines.len(), before);
        }
        Asked::Parts(..) if !bought.has_lines => {
            let reason = "its lines were not recorded by the version that recorded it: it can come back as a whole, \
                          without lines and shipping";
            faults.add(&[Input::Lines], Rejection::ValueInvalid { reason: reason.to_owned() });
        }
        Asked::Parts(lines, _) if lines.len() > MAX_LINES => {
            faults.add(&[Input::Lines], Rejection::LimitExceeded { what: "too many lines", limit: MAX_LINES as u64 });
        }
        Asked::Parts(lines, with_shipping) => {
            if lines.is_empty() && !with_shipping {
                let (what, why) = ("lines or shipping: true", "leave both out to have all come back");
                faults.add(&[], Rejection::RequiredBecause { what, why });
            }
            for (number, line) in lines.iter().enumerate() {
                if let Err((field, rejection)) = decided.take(line) {
                    faults.keep(rejection.at([Step::from(Input::Lines), number.into(), field.into()]));
                }
            }
            if *with_shipping {
                shipping = bought.left_of(bought.lines.len(), before);
                faults.take(&[Input::Shipping], something(shipping, "of the shipping"));
            }
        }
    }
    faults.into_result()?;
    let part = Part { lines: decided.lines.into_values().collect(), shipping };
    if *asked != Asked::All && part == Part::default() {
        let reason = "nothing of this is left that could come back".to_owned();
        return Err(vec![Rejection::ValueInvalid { reason }.at([Input::Lines])]);
    }
    Ok(part)
}

impl Decided<'_> {
    /// Takes a part of a line; or tells which field of it is wrong.
    fn take(&mut self, asked: &AskedLine) -> Result<(), (Input, Rejection)> {
        let found = usize::try_from(asked.line).ok().and_then(|line| Some((line, *self.bought.lines.get(line)?)));
        let Some((line, bought)) = found else {
            let reason = format!("expected a line from 0 to {}", self.bought.lines.len().saturating_sub(1));
            return Err((Input::Line, Rejection::ValueInvalid { reason }));
        };
        let left = self.bought.left_of(line, &self.back);
        let (quantity, amount) = match (asked.quantity, &asked.amount) {
            (None, None) => {
                if bought.price.is_positive() {
                    something(left, "of this line").map_err(|rejection| (Input::Line, rejection))?;
                }
                self.take_rest(line);
                return Ok(());
            }
            (None, Some(text)) => (0, self.amount(text, left)?),
            (Some(quantity), amount) => {
                let quantity = self.quantity(line, bought, quantity)?;
                let amount = match amount {
                    Some(text) => self.amount(text, left)?,
                    None => self.price_of(line, bought, quantity),
                };
                (quantity, amount)
            }
        };
        self.note(line, quantity, amount);
        Ok(())
    }

    /// Takes all that is left of a line.
    fn take_rest(&mut self, line: usize) {
        let (returned, _) = self.back.of_line(line);
        let quantity = self.bought.lines.get(line).and_then(|bought| bought.quantity);
        let quantity = quantity.map_or(0, |quantity| quantity.saturating_sub(returned));
        self.note(line, quantity, self.bought.left_of(line, &self.back));
    }

    /// So many of a line, at most as many as are left.
    fn quantity(&self, line: usize, bought: BoughtLine, asked: i32) -> Result<u32, (Input, Rejection)> {
        let wrong = |reason: String| (Input::Quantity, Rejection::ValueInvalid { reason });
        let Some(all) = bought.quantity else {
            let reason = "how many there were was not recorded by the version that recorded it: give an amount";
            return Err(wrong(reason.to_owned()));
        };
        let left = all.saturating_sub(self.back.of_line(line).0);
        let asked = u32::try_from(asked).ok().filter(|asked| (1..=left).contains(asked));
        asked.ok_or_else(|| match left {
            0 => wrong("all of this line has come back already".to_owned()),
            _ => wrong(format!("expected a quantity from 1 to {left}, which is what is left of this line")),
        })
    }

    /// What so many of a line bring.
    fn price_of(&self, line: usize, bought: BoughtLine, quantity: u32) -> Amount {
        let (returned, _) = self.back.of_line(line);
        let left = self.bought.left_of(line, &self.back);
        let all = bought.quantity.unwrap_or_default();
        let until = returned.saturating_add(quantity);
        if until >= all {
            return left;
        }
        Amount(part_of(bought.price, until, all) - part_of(bought.price, returned, all)).min(left)
    }

    /// An amount above zero of a line, and at most what is left of it.
    fn amount(&self, text: &str, left: Amount) -> Result<Amount, (Input, Rejection)> {
        let exponent = self.bought.exponent;
        let amount =
            Decimal::parse(text).and_then(|decimal| decimal.to_amount(exponent)).map_err(|r| (Input::Amount, r))?;
        if amount.is_positive() && amount <= left {
            return Ok(amount);
        }
        let left = left.text(exponent);
        let reason = format!("expected an amount above zero and at most {left}, which is what is left of this line");
        Err((Input::Amount, Rejection::ValueInvalid { reason }))
    }

    fn note(&mut self, line: usize, quantity: u32, amount: Amount) {
        let Ok(number) = u32::try_from(line) else { return };
        if quantity == 0 && amount == Amount::ZERO {
            return;
        }
        self.back.add(&[ReturnedLine { line: number, quantity, amount }], Amount::ZERO);
        let noted = self.lines.entry(number).or_insert(ReturnedLine { line: number, ..ReturnedLine::default() });
        noted.quantity = noted.quantity.saturating_add(quantity);
        noted.amount = noted.amount.plus(amount);
    }
}

/// What the first so many of all of a line cost, rounded half up.
fn part_of(price: Amount, number: u32, all: u32) -> i64 {
    let all = i128::from(all.max(1));
    let part = (2 * i128::from(price.0) * i128::from(number) + all) / (2 * all);
    i64::try_from(part).unwrap_or(price.0)
}

fn something(left: Amount, of_what: &str) -> Result<(), Rejection> {
    let reason = || format!("nothing {of_what} is left that could come back");
    if left.is_positive() { Ok(()) } else { Err(Rejection::ValueInvalid { reason: reason() }) }
}
