//! Exact decimal numbers, as the contract writes them: digits in a text, never a float. What is read is kept
//! digit for digit, "12.50" stays "12.50", and numbers are compared by value, so 12.5 equals 12.50.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};

/// The most digits that a number may have in all; every such number fits an `i128`.
const MOST_DIGITS: u32 = 38;

/// An exact decimal number of up to 38 digits.
///
/// ```
/// use scrip_plugin::Decimal;
/// # fn main() -> Result<(), scrip_plugin::NotDecimal> {
/// let price: Decimal = "9.95".parse()?;
/// assert!(price < "10".parse()?);
/// assert_eq!(price.times(2).to_string(), "19.90");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    /// The number without its point: 12.50 is 1250.
    units: i128,
    /// How many digits stand behind the point.
    scale: u32,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { units: 0, scale: 0 };

    /// Whether it is neither zero nor negative.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.units > 0
    }

    /// The sum of both. More than an `i128` can hold stays at its limit.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self { units: self.units_at(scale).saturating_add(other.units_at(scale)), scale }
    }

    /// It, so many times. More than an `i128` can hold stays at its limit.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { units: self.units.saturating_mul(i128::from(count)), scale: self.scale }
    }

    fn units_at(self, scale: u32) -> i128 {
        self.units.saturating_mul(power_of_ten(scale - self.scale))
    }

    /// The digits before the point, and those behind it as if there were 38 of them.
    fn parts(self) -> (i128, i128) {
        let unit = power_of_ten(self.scale);
        (self.units / unit, self.units % unit * power_of_ten(MOST_DIGITS - self.scale))
    }
}

fn power_of_ten(exponent: u32) -> i128 {
    10_i128.pow(exponent)
}

/// A text that is not a decimal number of up to 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotDecimal;

impl fmt::Display for NotDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an exact decimal number of up to 38 digits, such as \"12.50\"")
    }
}

impl std::error::Error for NotDecimal {}

impl FromStr for Decimal {
    type Err = NotDecimal;

    /// Reads "12.50", "-3" or "0.5": no exponent, no sign of plus, a digit on both sides of a point.
    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if whole.is_empty() || fraction.is_empty() {
            return Err(NotDecimal);
        }
        let fraction = if digits.contains('.') { fraction } else { "" };
        let mut units: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            if !digit.is_ascii_digit() {
                return Err(NotDecimal);
            }
            let grown = units.checked_mul(10).and_then(|units| units.checked_add(i128::from(digit - b'0')));
            units = grown.filter(|units| *units < power_of_ten(MOST_DIGITS)).ok_or(NotDecimal)?;
        }
        let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= MOST_DIGITS).ok_or(NotDecimal)?;
        Ok(Self { units: if negative { -units } else { units }, scale })
    }
}

impl From<u32> for Decimal {
    fn from(whole: u32) -> Self {
        Self { units: i128::from(whole), scale: 0 }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let width = self.scale as usize + 1;
        let digits = format!("{:0width$}", self.units.unsigned_abs());
        match digits.split_at(digits.len() - self.scale as usize) {
            (whole, "") => write!(f, "{sign}{whole}"),
            (whole, fraction) => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

/// Reads a text ("12.50") or a JSON number. A number with a fraction is taken as its shortest text, which is
/// what was written as long as that has at most 15 digits; amounts that must be exact beyond are texts.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number, as a text such as \"12.50\" or a JSON number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Decimal, E> {
                Ok(Decimal { units: i128::from(whole), scale: 0 })
            }

            fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Decimal, E> {
                Ok(Decimal { units: i128::from(whole), scale: 0 })
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
                number.to_string().parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, NotDecimal};

    fn decimal(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    #[test]
    fn what_is_written_stays_as_it_is() {
        for text in ["0", "12.50", "-0.05", "100", "99999999999999999999999999999999999999", "0.000001"] {
            assert_eq!(decimal(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "+1", "1e3", "1,5", "0x1", " 1", "--1", "1.2.3"] {
            assert_eq!(text.parse::<Decimal>(), Err(NotDecimal), "{text:?}");
        }
        assert_eq!("1".repeat(39).parse::<Decimal>(), Err(NotDecimal));
        assert_eq!(format!("0.{}", "0".repeat(39)).parse::<Decimal>(), Err(NotDecimal));
    }

    #[test]
    fn numbers_are_compared_by_value() {
        let rising = ["-100", "-1.5", "-1.49", "-0.001", "0", "0.1", "0.11", "9.95", "10", "100.0001"];
        for (place, lower) in rising.iter().enumerate() {
            for higher in &rising[place + 1..] {
                assert!(decimal(lower) < decimal(higher), "{lower} < {higher}");
            }
        }
        assert_eq!(decimal("12.5"), decimal("12.50"));
        assert_eq!(decimal("-0"), decimal("0.000"));
        let (long, longer) = ("0.00000000000000000000000000000000000001", "9999999999999999999999999999999999999.9");
        assert!(decimal(long) < decimal(longer));
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(decimal("0.1").plus(decimal("0.2")).to_string(), "0.3");
        assert_eq!(decimal("9.95").times(3).plus(4.into()).to_string(), "33.85");
        assert!(!Decimal::ZERO.is_positive() && decimal("0.01").is_positive());
    }

    #[test]
    fn json_numbers_and_texts_are_read() {
        for (json, text) in [("\"12.50\"", "12.50"), ("12.5", "12.5"), ("7", "7"), ("-7", "-7"), ("0.1", "0.1")] {
            assert_eq!(serde_json::from_str::<Decimal>(json).expect(json).to_string(), text);
        }
        assert!(serde_json::from_str::<Decimal>("true").is_err());
    }
}
