//! How many rows each table has.

use std::{borrow::Cow, collections::BTreeMap};

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
    /// By the name of the table; none of what is empty.
    #[serde(borrow)]
    rows: BTreeMap<Cow<'a, str>, u64>,
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
        KeptCounts { batch: counted.batch, rows: named.map(|(name, rows)| (Cow::Borrowed(*name), rows)).collect() }
    }

    fn restore((): &(), kept: KeptCounts<'_>) -> Result<Counted, CodecError> {
        let mut rows = [0; TABLES];
        for (name, number) in kept.rows {
            let table = NAMES.iter().zip(&mut rows).find(|(known, _)| **known == name);
            let (_, place) = table.ok_or_else(|| CodecError::new(format!("expected a table, found {name:?}")))?;
            *place = number;
        }
        Ok(Counted { batch: kept.batch, rows })
    }
}
