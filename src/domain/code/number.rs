//! The whole numbers that counts and ranks are computed in: 64 and 128 bits where a space fits, [`Wide`] for any other.
//! It keeps one invariant: no operation here is asked for a result that does not fit, because every count of a space
//! is at most the product of its places.

use super::wide::Wide;

/// A whole number, as large as the counts of one space need.
pub(super) trait Number: Copy + Ord {
    const ZERO: Self;
    const ONE: Self;

    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;

    /// This number divided by a unit that is not zero, as a digit below 64, and what is left over; none where
    /// division is slower than the search it would replace.
    fn digit(self, unit: Self) -> Option<(usize, Self)>;

    fn widen(self) -> Wide;

    /// Twice the number where `both` holds: a slot has one character or two.
    fn doubled_if(self, both: bool) -> Self {
        if both { self.plus(self) } else { self }
    }
}

impl Number for u64 {
    const ZERO: Self = 0;
    const ONE: Self = 1;

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn digit(self, unit: Self) -> Option<(usize, Self)> {
        Some(((self / unit) as usize, self % unit))
    }

    fn widen(self) -> Wide {
        Wide::from(u128::from(self))
    }
}

impl Number for u128 {
    const ZERO: Self = 0;
    const ONE: Self = 1;

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn digit(self, _unit: Self) -> Option<(usize, Self)> {
        None
    }

    fn widen(self) -> Wide {
        Wide::from(self)
    }
}

impl Number for Wide {
    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    fn digit(self, _unit: Self) -> Option<(usize, Self)> {
        None
    }

    fn widen(self) -> Wide {
        self
    }
}
