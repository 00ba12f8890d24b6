//! How many coupons a pool gives: in all, and to one customer. What counts is what it has given, by claims: one that was
//! taken back (unassigned) does not count, one that was used up, handed on or taken out of use does.

use serde::{Deserialize, Serialize};

use super::rejection::{Input, Refusal, Rejection};

/// How many coupons a pool gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// In all; any number where it is not said.
    pub total: Option<u32>,
    /// To one customer; any number where it is not said.
    pub per_customer: Option<u32>,
}

/// Limits as they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LimitsDraft {
    /// In all.
    pub total: Option<i32>,
    /// To one customer.
    pub per_customer: Option<i32>,
}

impl LimitsDraft {
    /// The limits, or the refusals of all that is wrong with them.
    pub fn checked(&self) -> Result<Limits, Vec<Refusal>> {
        let checked = |number: Option<i32>, field: Input| {
            let invalid = || Rejection::ValueInvalid { reason: "expected a limit of at least 1".to_owned() };
            let fits = |number: i32| u32::try_from(number).ok().filter(|number| *number > 0);
            number.map(|number| fits(number).ok_or_else(|| invalid().at([field]))).transpose()
        };
        match (checked(self.total, Input::Total), checked(self.per_customer, Input::PerCustomer)) {
            (Ok(total), Ok(per_customer)) => Ok(Limits { total, per_customer }),
            (total, per_customer) => Err([total.err(), per_customer.err()].into_iter().flatten().collect()),
        }
    }
}

/// How many coupons a pool still gives to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// At least one.
    pub left: u64,
    /// The refusal of one more than that.
    pub full: Rejection,
}

impl Limits {
    /// How many more a pool gives that has given `given` in all and `to_customer` to the customer; none where there is no
    /// limit, and the refusal where there is none left.
    pub fn room(&self, given: u64, to_customer: u64) -> Result<Option<Room>, Rejection> {
        let of = |limit: Option<u32>, given: u64, whom: &'static str| {
            let limit = u64::from(limit?);
            let full = Rejection::LimitReached { limit, whom };
            Some(Room { left: limit.saturating_sub(given), full })
        };
        let rooms = [of(self.total, given, "in all"), of(self.per_customer, to_customer, "to one customer")];
        match rooms.into_iter().flatten().min_by_key(|room| room.left) {
            Some(room) if room.left == 0 => Err(room.full),
            room => Ok(room),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_are_left() {
        for (total, per_customer, given, to_customer, expected) in [
            (None, None, 9, 9, Ok(None)),
            (Some(10), None, 0, 0, Ok(Some(10))),
            (Some(10), None, 9, 9, Ok(Some(1))),
            (Some(10), None, 10, 0, Err("at most 10 coupons in all")),
            (Some(10), None, 11, 0, Err("at most 10 coupons in all")),
            (None, Some(2), 99, 1, Ok(Some(1))),
            (None, Some(1), 99, 1, Err("at most 1 coupon to one customer")),
            (Some(10), Some(3), 9, 0, Ok(Some(1))),
            (Some(10), Some(3), 1, 1, Ok(Some(2))),
        ] {
            let found = Limits { total, per_customer }.room(given, to_customer);
            match (found, expected) {
                (Ok(room), Ok(left)) => assert_eq!(room.map(|room| room.left), left),
                (Err(refusal), Err(text)) => assert!(refusal.to_string().contains(text), "{refusal}"),
                (found, expected) => panic!("{found:?} is not {expected:?}"),
            }
        }
    }

    #[test]
    fn limits_are_above_zero() {
        let fields = |total, per_customer| {
            let refused = LimitsDraft { total, per_customer }.checked().err().unwrap_or_default();
            refused.into_iter().flat_map(|refusal| refusal.field.names()).collect::<Vec<_>>()
        };
        assert_eq!(fields(Some(1), None), Vec::<String>::new());
        assert_eq!(fields(None, Some(i32::MAX)), Vec::<String>::new());
        assert_eq!(fields(Some(0), Some(1)), ["total"]);
        assert_eq!(fields(Some(-5), Some(0)), ["total", "perCustomer"]);
    }
}
