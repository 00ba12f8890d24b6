//! Exact decimal numbers and amounts of money. A [`Decimal`] is what a person writes ("12.50"); an
//! [`Amount`] is a whole number of minor units, and turning one into the other never rounds: it
//! either is exact or is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rejection::Rejection;

/// The longest decimal text that is read, in characters.
const MAX_TEXT: usize = 40;

/// The largest amount a value, a price or a balance may have, in minor units: a thousand billion
/// in a currency with two decimals. Sums of a whole basket still fit an [`i128`] many times over.
pub const MAX_AMOUNT: i64 = 100_000_000_000_000;

/// An exact decimal number: `units` divided by ten to the power of `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    units: i128,
    scale: u8,
}

impl Decimal {
    /// Reads `-?digits(.digits)?`, at most 40 characters; no exponent, sign `+` or grouping.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let invalid = |reason: &str| Rejection::ValueInvalid {
            reason: format!("expected a decimal number such as \"0.10\", {reason}"),
        };
        if text.len() > MAX_TEXT {
            return Err(invalid("of at most 40 characters"));
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(invalid("with digits and at most one point"));
        }
        let fraction = if digits.contains('.') { fraction } else { "" };
        let append = |units: i128, digit: u8| units.checked_mul(10)?.checked_add(i128::from(digit - b'0'));
        let units = whole.bytes().chain(fraction.bytes()).try_fold(0, append);
        let units = units.ok_or_else(|| invalid("of at most 38 digits"))?;
        Ok(Self { units: if negative { -units } else { units }, scale: fraction.len() as u8 })
    }

    /// Its text without zeros that change nothing: what "10", "010.00" and "10.0" have in common.
    #[must_use]
    pub fn plain(self) -> String {
        let Self { mut units, mut scale } = self;
        while scale > 0 && units % 10 == 0 {
            (units, scale) = (units / 10, scale - 1);
        }
        Self { units, scale }.to_string()
    }

    /// Its text with at least so many decimals, and more only where they say something: "19.95", "0.123456".
    #[must_use]
    pub fn text(self, decimals: u8) -> String {
        let Self { mut units, mut scale } = self.fitting(decimals);
        while scale < decimals {
            (units, scale) = (units.saturating_mul(10), scale + 1);
        }
        Self { units, scale }.to_string()
    }

    /// The same number without the zeros at its end that make it longer than so many decimals.
    fn fitting(self, decimals: u8) -> Self {
        let Self { mut units, mut scale } = self;
        while scale > decimals && units % 10 == 0 {
            (units, scale) = (units / 10, scale - 1);
        }
        Self { units, scale }
    }

    /// Refused where it has more decimals than this that say something.
    pub fn check_decimals(self, most: u8) -> Result<Self, Rejection> {
        let fitting = self.fitting(most);
        if fitting.scale > most {
            let reason = format!("{self} has {} decimals, at most {most} are possible here", fitting.scale);
            return Err(Rejection::ValueInvalid { reason });
        }
        Ok(fitting)
    }

    /// So many times this number, as a whole number of `10^-exponent`, rounded half up once; none where it is below zero
    /// or above [`MAX_AMOUNT`].
    #[must_use]
    pub fn times(self, number: u32, exponent: u8) -> Option<Amount> {
        let Self { units, scale } = self.fitting(exponent);
        let exact = units.checked_mul(i128::from(number)).filter(|units| *units >= 0)?;
        let rounded = if scale > exponent {
            let by = 10_i128.checked_pow(u32::from(scale - exponent))?;
            exact.checked_add(by / 2)? / by
        } else {
            exact.checked_mul(10_i128.pow(u32::from(exponent - scale)))?
        };
        i64::try_from(rounded).ok().filter(|units| *units <= MAX_AMOUNT).map(Amount)
    }

    /// The same number as a whole number of `10^-exponent`; refused where it has more decimals than that, other than
    /// zeros at its end, or is beyond [`MAX_AMOUNT`].
    pub fn to_amount(self, exponent: u8) -> Result<Amount, Rejection> {
        self.at_most(exponent, MAX_AMOUNT)
    }

    /// The same of a sum of amounts, such as what a basket costs, which may be beyond what one amount may be.
    pub fn to_total(self, exponent: u8) -> Result<Amount, Rejection> {
        self.at_most(exponent, i64::MAX)
    }

    fn at_most(self, exponent: u8, most: i64) -> Result<Amount, Rejection> {
        let fitting = self.check_decimals(exponent)?;
        let factor = 10_i128.pow(u32::from(exponent - fitting.scale));
        fitting
            .units
            .checked_mul(factor)
            .and_then(|units| i64::try_from(units).ok())
            .filter(|units| units.unsigned_abs() <= most.unsigned_abs())
            .map(Amount)
            .ok_or_else(|| Rejection::ValueInvalid {
                reason: format!("{self} is too large: at most {} is possible here", Amount(most).text(exponent)),
            })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&fixed(self.units, self.scale))
    }
}

/// A sum of money in minor units of its currency (cents for EUR, whole yen for JPY).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(pub i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum of both; the callers' bounds ([`MAX_AMOUNT`]) keep it far from overflow.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference of both.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Above zero.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The amount as text with all of its currency's decimals: `1250` with exponent 2 is "12.50".
    #[must_use]
    pub fn text(self, exponent: u8) -> String {
        fixed(self.0.into(), exponent)
    }

    /// The same money in a unit with another exponent. Smaller units are exact; in larger ones what
    /// does not fill a unit is dropped, so the result is never worth more.
    #[must_use]
    pub fn rescaled(self, from: u8, to: u8) -> Self {
        if to >= from {
            Self(self.0.saturating_mul(10_i64.saturating_pow(u32::from(to - from))))
        } else {
            Self(self.0 / 10_i64.saturating_pow(u32::from(from - to)))
        }
    }
}

/// `units / 10^scale` with exactly `scale` decimals.
fn fixed(units: i128, scale: u8) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_become_amounts_exactly_or_not_at_all() {
        for (text, exponent, expected) in [
            ("12.50", 2, Some(1250)),
            ("12.5", 2, Some(1250)),
            ("0.01", 2, Some(1)),
            ("7", 0, Some(7)),
            ("7.0", 0, Some(7)),
            ("395.00", 0, Some(395)),
            ("395.10", 0, None),
            ("12.5000", 2, Some(1250)),
            ("12.5001", 2, None),
            ("-0.0000000", 2, Some(0)),
            ("1.234", 3, Some(1234)),
            ("1.234", 2, None),
            ("-3.10", 2, Some(-310)),
            ("1000000000000.00", 2, Some(100_000_000_000_000)),
            ("1000000000000.01", 2, None),
            ("99999999999999999999999999999999999999", 2, None),
            ("", 2, None),
            (".5", 2, None),
            ("5.", 2, None),
            ("+5", 2, None),
            ("1e3", 2, None),
            ("1,5", 2, None),
            ("--1", 2, None),
            ("٣", 2, None),
            ("NaN", 2, None),
        ] {
            let found = Decimal::parse(text).and_then(|d| d.to_amount(exponent)).ok();
            assert_eq!(found, expected.map(Amount), "{text} with exponent {exponent}");
        }
    }

    #[test]
    fn a_price_times_a_number_is_rounded_half_up_once() {
        for (price, number, exponent, expected) in [
            ("0.005", 1, 2, Some(1)),
            ("0.004999", 1, 2, Some(0)),
            ("0.005", 3, 2, Some(2)),
            ("0.333333", 3, 2, Some(100)),
            ("0.0049", 100, 2, Some(49)),
            ("19.95", 2, 2, Some(3_990)),
            ("0.5", 3, 0, Some(2)),
            ("0.000001", 4_294_967_295, 3, Some(4_294_967)),
            ("1000000000000", 1, 2, Some(MAX_AMOUNT)),
            ("1000000000000.004", 1, 2, Some(MAX_AMOUNT)),
            ("1000000000000.005", 1, 2, None),
            ("99999999999999999999999999999999999999", 4_294_967_295, 2, None),
            ("-0.01", 1, 2, None),
        ] {
            let found = Decimal::parse(price).ok().and_then(|price| price.times(number, exponent));
            assert_eq!(found, expected.map(Amount), "{number} times {price} with exponent {exponent}");
        }
        for (text, decimals, expected) in
            [("5", 2, "5.00"), ("5.1000", 2, "5.10"), ("5.1230", 2, "5.123"), ("395.00", 0, "395"), ("0.5", 0, "0.5")]
        {
            assert_eq!(Decimal::parse(text).expect("a decimal").text(decimals), expected);
        }
    }

    proptest! {
        #[test]
        fn an_amount_is_what_its_text_says(units in -MAX_AMOUNT..=MAX_AMOUNT, exponent in 0u8..=4) {
            let text = Amount(units).text(exponent);
            let back = Decimal::parse(&text).and_then(|d| d.to_amount(exponent));
            prop_assert_eq!(back.ok(), Some(Amount(units)));
        }

        #[test]
        fn no_text_panics(text in ".{0,60}", exponent in 0u8..=4) {
            let _ = Decimal::parse(&text).map(|d| d.to_amount(exponent));
        }

        #[test]
        fn rescaling_never_makes_money(units in 0..=1_000_000_000_i64, from in 0u8..=4, to in 0u8..=4) {
            let there = Amount(units).rescaled(from, to);
            prop_assert!(there.rescaled(to, from) <= Amount(units));
        }
    }
}
