//! The codes of lists: of each place its code, and of each code its places.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    CodeLists, CodeOwners, Coupons, TypedCodes,
    words::{link_to, linked},
};
use crate::{
    codec::{CodecError, Link, Part, Parts, PartsReader},
    table::{Form, KIB, Span},
};
use scrip_domain::id::{CouponId, PoolId};

/// How many codes of a list are kept in one row.
const CODES_IN_ROW: u64 = 64;

/// A coupon that a code names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The code as it is written.
    pub code: String,
    /// Its coupon.
    pub coupon: CouponId,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptList<'a> {
    codes: Cow<'a, [String]>,
}

impl CodeLists {
    /// The row that has the code of a coupon.
    #[must_use]
    pub fn row_of(coupon: CouponId) -> (PoolId, u64) {
        (coupon.pool, coupon.index / CODES_IN_ROW)
    }

    /// Whether the code of a place is the first of its row.
    #[must_use]
    pub fn begins_row(index: u64) -> bool {
        index.is_multiple_of(CODES_IN_ROW)
    }

    /// The rows that have the codes of these places, each with the place of its first.
    pub fn rows_of(pool: PoolId, places: std::ops::Range<u64>) -> impl Iterator<Item = ((PoolId, u64), u64)> {
        let rows = places.start / CODES_IN_ROW..places.end.div_ceil(CODES_IN_ROW);
        rows.map(move |row| ((pool, row), row * CODES_IN_ROW))
    }

    /// The code of a coupon in its row.
    #[must_use]
    pub fn code_in(row: &[String], coupon: CouponId) -> Option<&String> {
        usize::try_from(coupon.index % CODES_IN_ROW).ok().and_then(|place| row.get(place))
    }
}

impl Form for CodeLists {
    const TABLE: &'static str = "codes";
    const MOST: usize = 64 * KIB;
    type Kept<'a> = KeptList<'a>;

    fn parts((pool, row): &(PoolId, u64)) -> Parts<'_> {
        Parts::array([Part::Number(pool.0.into()), Part::Number(*row)])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(PoolId, u64)> {
        Some((PoolId(parts.small()?), parts.number()?))
    }

    fn keep<'a>(_: &(PoolId, u64), codes: &'a Vec<String>) -> KeptList<'a> {
        KeptList { codes: Cow::Borrowed(codes) }
    }

    fn restore(_: &(PoolId, u64), kept: KeptList<'_>) -> Result<Vec<String>, CodecError> {
        Ok(kept.codes.into_owned())
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptOwners<'a> {
    #[serde(borrow)]
    coupons: Vec<KeptNamed<'a>>,
}

#[derive(Serialize, Deserialize)]
struct KeptNamed<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow)]
    coupon: Link<'a>,
}

impl CodeOwners {
    /// The codes from a folded one on, in order.
    #[must_use]
    pub fn from_text(start: &str) -> Span<Self> {
        Span::all().starting_at(&start.to_owned())
    }

    /// The codes that begin with a folded text.
    #[must_use]
    pub fn starting_with(start: &str) -> Span<Self> {
        Span::texts(start)
    }
}

impl TypedCodes {
    /// How many codes of one form are kept. One that stands with so many may be one of more, which are not.
    pub const MOST_NAMED: usize = 8;
}

macro_rules! named_by_a_text {
    ($($table:ident in $name:literal),+) => {
        $(
            impl Form for $table {
                const TABLE: &'static str = $name;
                const MOST: usize = 64 * KIB;
                type Kept<'a> = KeptOwners<'a>;

                fn parts(key: &String) -> Parts<'_> {
                    Parts::alone(Part::Text(key))
                }

                fn key(parts: &mut PartsReader<'_>) -> Option<String> {
                    parts.text()
                }

                fn keep<'a>(_: &String, named: &'a Vec<Named>) -> KeptOwners<'a> {
                    KeptOwners::of(named)
                }

                fn restore(_: &String, kept: KeptOwners<'_>) -> Result<Vec<Named>, CodecError> {
                    kept.named()
                }
            }
        )+
    };
}

named_by_a_text!(CodeOwners in "code", TypedCodes in "typed");

impl<'a> KeptOwners<'a> {
    fn of(named: &'a [Named]) -> Self {
        let keep = |named: &'a Named| KeptNamed {
            code: Cow::Borrowed(&named.code),
            coupon: link_to::<Coupons>(&named.coupon),
        };
        Self { coupons: named.iter().map(keep).collect() }
    }

    fn named(self) -> Result<Vec<Named>, CodecError> {
        let read = |kept: KeptNamed<'_>| {
            let coupon = linked::<Coupons>(&kept.coupon)?;
            Ok(Named { code: kept.code.into_owned(), coupon })
        };
        self.coupons.into_iter().map(read).collect()
    }
}
