//! How many rows each table has.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{NAMES, RowCounts};
use crate::{
    codec::{CodecError, Part, Parts, PartsReader},
    table::{Form, KIB},
};

/// How many tables there are.
pub(crate) const TABLES: usize = NAMES.len();

/// How many rows each table has once a batch is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The number of the batch. Where it is not that of the last one, an earlier Scrip has written since, and what is
    /// counted here is of no use.
    pub batch: u64,
    /// The rows, by the number of their table.
    pub(crate) rows: [u64; TABLES],
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptCounts<'a> {
    batch: u64,
    /// As `coupon:12 event:7`, without what is empty: one is written with every batch, and as fields of an object they
    /// would take twice as much.
    #[serde(borrow)]
    rows: Cow<'a, str>,
}

/// The id of the one row.
const ONE: &str = "rows";

impl Form for RowCounts {
    const TABLE: &'static str = "row_count";
    const MOST: usize = 2 * KIB;
    type Kept<'a> = KeptCounts<'a>;

    fn parts((): &()) -> Parts<'_> {
        Parts::alone(Part::Text(ONE))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<()> {
        (parts.text()? == ONE).then_some(())
    }

    fn keep<'a>((): &(), counted: &'a Counted) -> KeptCounts<'a> {
        let named = NAMES.iter().zip(counted.rows).filter(|(_, rows)| *rows > 0);
        let texts: Vec<String> = named.map(|(name, rows)| format!("{name}:{rows}")).collect();
        KeptCounts { batch: counted.batch, rows: texts.join(" ").into() }
    }

    fn restore((): &(), kept: KeptCounts<'_>) -> Result<Counted, CodecError> {
        let mut rows = [0; TABLES];
        for text in kept.rows.split(' ').filter(|text| !text.is_empty()) {
            let (place, number) = table_of(text, &mut rows)
                .ok_or_else(|| CodecError::new(format!("expected a table and its rows, found {text:?}")))?;
            *place = number;
        }
        Ok(Counted { batch: kept.batch, rows })
    }
}

/// Where the rows of a table are counted, and how many they are, as a text says.
fn table_of<'a>(text: &str, rows: &'a mut [u64; TABLES]) -> Option<(&'a mut u64, u64)> {
    let (name, number) = text.split_once(':')?;
    let (_, place) = NAMES.iter().zip(rows).find(|(known, _)| **known == name)?;
    Some((place, number.parse().ok()?))
}
