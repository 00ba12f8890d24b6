//! How coupons go together in one checkout: what a pool says of its own, and what the programme says of all. Coupons are
//! taken one after the other; each is held against those that were taken before it, so a coupon that takes nothing off
//! keeps nobody out.

use serde::{Deserialize, Serialize};

use super::{
    checkout::MAX_COUPONS,
    id::checked_text,
    rejection::{Input, Refusal, Rejection},
};

/// The longest name of a category, in characters.
const MAX_CATEGORY: usize = 64;
/// How many codes a refusal names.
const NAMED: usize = 3;

/// With which other coupons of a checkout a coupon goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum StackingWith {
    /// With all.
    #[default]
    All,
    /// With those of other categories, and of none.
    OtherCategories,
    /// With none: alone.
    None,
}

/// What a pool says of how its coupons go together with others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stacking {
    /// With which.
    pub with: StackingWith,
    /// A name that coupons of several pools may share.
    pub category: Option<String>,
    /// Coupons are taken by this, the lowest first; of the same, in the order presented.
    pub order: i32,
}

/// Of what a percentage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum PercentagesOf {
    /// Of what the lines cost.
    #[default]
    Original,
    /// Of what coupons before it have left of that.
    Remaining,
}

/// What the programme says of how coupons go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combining {
    /// Of what percentages are.
    pub percentages_of: PercentagesOf,
    /// How many coupons a checkout takes.
    pub per_checkout: u8,
    /// How many of one category; any number where it is not said.
    pub per_category: Option<u8>,
}

impl Default for Combining {
    fn default() -> Self {
        Self { percentages_of: PercentagesOf::default(), per_checkout: most(), per_category: None }
    }
}

/// As many coupons as a checkout may present.
fn most() -> u8 {
    u8::try_from(MAX_COUPONS).unwrap_or(u8::MAX)
}

/// How many coupons a checkout is to take: 1 to as many as it may present.
pub fn checked_number(number: i32) -> Result<u8, Rejection> {
    let fits = u8::try_from(number).ok().filter(|number| (1..=most()).contains(number));
    fits.ok_or_else(|| Rejection::ValueInvalid {
        reason: format!("expected 1 to {MAX_COUPONS} coupons, found {number}"),
    })
}

impl Stacking {
    /// The same, if a pool may have it.
    pub fn checked(&self) -> Result<Self, Refusal> {
        let category = self.category.as_deref().map(|text| checked_text(text, MAX_CATEGORY)).transpose();
        let category = category.map_err(|rejection| rejection.at([Input::Category]))?;
        if category.is_none() && self.with == StackingWith::OtherCategories {
            let (what, why) = ("a category", "the coupons go together with those of others");
            return Err(Rejection::RequiredBecause { what, why }.at([Input::Category]));
        }
        Ok(Self { category, ..self.clone() })
    }

    /// Whether two coupons cannot be used in one checkout, and why, as the one that comes later is told.
    #[must_use]
    pub fn collides(&self, before: &Self) -> Option<Collision<'_>> {
        match (&self.category, &before.category) {
            _ if self.with == StackingWith::None => Some(Collision::Alone),
            _ if before.with == StackingWith::None => Some(Collision::OtherAlone),
            (Some(own), Some(other))
                if own == other && [self.with, before.with].contains(&StackingWith::OtherCategories) =>
            {
                Some(Collision::Category(own))
            }
            _ => None,
        }
    }
}

/// Why two coupons do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collision<'a> {
    /// The later one goes with none.
    Alone,
    /// The earlier one goes with none.
    OtherAlone,
    /// They are of the same category, and one of them goes with other categories alone.
    Category(&'a str),
}

/// The coupons that a checkout has taken so far.
#[derive(Debug)]
pub struct Together<'a> {
    rules: Combining,
    /// Codes as presented.
    taken: Vec<(&'a str, &'a Stacking)>,
}

impl<'a> Together<'a> {
    /// None yet.
    #[must_use]
    pub fn new(rules: Combining) -> Self {
        Self { rules, taken: Vec::new() }
    }

    /// Takes one.
    pub fn add(&mut self, code: &'a str, stacking: &'a Stacking) {
        self.taken.push((code, stacking));
    }

    /// Whether another can be taken; the refusal names those that it collides with.
    pub fn admits(&self, stacking: &Stacking) -> Result<(), Rejection> {
        let found = self.taken.iter().find_map(|(code, taken)| Some((*code, stacking.collides(taken)?)));
        if let Some((code, collision)) = found {
            let reason = match collision {
                Collision::Alone => format!("it can only be used alone, and {code} is used"),
                Collision::OtherAlone => format!("{code} is used, which can only be used alone"),
                Collision::Category(category) => {
                    format!("{code} is used, which is of the same category {category:?}: only one of them can be")
                }
            };
            return Err(Rejection::NotCombinable { reason });
        }
        if self.taken.len() >= usize::from(self.rules.per_checkout) {
            let used = named(self.taken.iter().map(|(code, _)| *code));
            let reason = format!("a checkout takes at most {}, and {used}", coupons(self.rules.per_checkout));
            return Err(Rejection::NotCombinable { reason });
        }
        let (Some(most), Some(category)) = (self.rules.per_category, &stacking.category) else { return Ok(()) };
        let same = || self.taken.iter().filter(|(_, taken)| taken.category.as_ref() == Some(category));
        if same().count() >= usize::from(most) {
            let (most, used) = (coupons(most), named(same().map(|(code, _)| *code)));
            let reason = format!("a checkout takes at most {most} of the category {category:?}, and {used}");
            return Err(Rejection::NotCombinable { reason });
        }
        Ok(())
    }
}

fn coupons(number: u8) -> String {
    if number == 1 { "1 coupon".to_owned() } else { format!("{number} coupons") }
}

/// Which codes are used, the first of them.
fn named<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    let codes: Vec<&str> = codes.collect();
    let more = codes.len().saturating_sub(NAMED);
    let first = codes.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let is = if codes.len() == 1 { "is" } else { "are" };
    if more == 0 { format!("{first} {is} used") } else { format!("{first} and {more} more are used") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacking(with: StackingWith, category: &str) -> Stacking {
        let category = Some(category.to_owned()).filter(|category| !category.is_empty());
        Stacking { with, category, order: 0 }
    }

    #[test]
    fn who_goes_with_whom() {
        use StackingWith::{All as A, None as N, OtherCategories as O};
        for (one, other, together) in [
            ((A, ""), (A, ""), true),
            ((A, "x"), (A, "x"), true),
            ((O, "x"), (A, ""), true),
            ((O, "x"), (A, "y"), true),
            ((O, "x"), (O, "y"), true),
            ((O, "x"), (O, "x"), false),
            ((O, "x"), (A, "x"), false),
            ((N, ""), (A, ""), false),
            ((N, ""), (N, ""), false),
            ((N, "x"), (O, "y"), false),
        ] {
            let (one, other) = (stacking(one.0, one.1), stacking(other.0, other.1));
            // Whichever comes first.
            assert_eq!(one.collides(&other).is_none(), together, "{one:?} after {other:?}");
            assert_eq!(other.collides(&one).is_none(), together, "{other:?} after {one:?}");
        }
    }

    #[test]
    fn refusals_name_whom_they_collide_with() {
        let rules = Combining { per_checkout: 4, per_category: Some(2), ..Combining::default() };
        let (plain, sale) = (Stacking::default(), stacking(StackingWith::All, "sale"));
        let mut together = Together::new(rules);
        together.add("ONE", &sale);
        together.add("TWO", &sale);
        let refused = |together: &Together<'_>, stacking: &Stacking| {
            together.admits(stacking).expect_err("a refusal").to_string()
        };
        let told = refused(&together, &sale);
        assert!(told.ends_with("at most 2 coupons of the category \"sale\", and ONE, TWO are used"), "{told}");
        assert_eq!(together.admits(&plain), Ok(()));
        let told = refused(&together, &stacking(StackingWith::OtherCategories, "sale"));
        assert!(told.contains("ONE is used, which is of the same category \"sale\""), "{told}");
        let told = refused(&together, &stacking(StackingWith::None, ""));
        assert!(told.contains("only be used alone, and ONE is used"), "{told}");
        together.add("THREE", &plain);
        together.add("FOUR", &plain);
        let told = refused(&together, &plain);
        assert!(told.ends_with("at most 4 coupons, and ONE, TWO, THREE and 1 more are used"), "{told}");
        let alone = stacking(StackingWith::None, "");
        let mut together = Together::new(Combining::default());
        together.add("ALONE", &alone);
        let told = refused(&together, &plain);
        assert!(told.contains("ALONE is used, which can only be used alone"), "{told}");
    }

    #[test]
    fn what_a_pool_may_say() {
        for (with, category, expected) in [
            (StackingWith::All, None, true),
            (StackingWith::All, Some("sale"), true),
            (StackingWith::OtherCategories, Some("sale"), true),
            (StackingWith::OtherCategories, None, false),
            (StackingWith::None, Some(""), false),
            (StackingWith::None, Some(" sale"), false),
            (StackingWith::None, Some("a\nb"), false),
        ] {
            let stacking = Stacking { with, category: category.map(str::to_owned), order: -1 };
            assert_eq!(stacking.checked().is_ok(), expected, "{stacking:?}");
        }
        assert!(Stacking { category: Some("x".repeat(65)), ..Stacking::default() }.checked().is_err());
        for (number, expected) in [(0, false), (1, true), (50, true), (51, false), (-1, false), (300, false)] {
            assert_eq!(checked_number(number).is_ok(), expected, "{number}");
        }
    }
}
