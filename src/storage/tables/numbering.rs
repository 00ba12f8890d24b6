//! Where numbers begin that a salvaged database gives, so that none is given for the second time.

use serde::{Deserialize, Serialize};

use super::Numberings;
use crate::{
    codec::{CodecError, Part, Parts, PartsReader},
    table::{Form, KIB},
};
use scrip_domain::id::PoolId;

/// Where numbers begin. A database that was never salvaged has no row of it, and begins with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbering {
    /// The stream of its events: those of another one are of a log that is not here any more.
    pub stream: u32,
    /// The first pool that is made from now on, unless later ones are there.
    pub first_pool: PoolId,
    /// The first event of the stream that is told from now on, unless later ones are there: rows of a customer's history or
    /// of a coupon may name events that the log has lost. None where an earlier Scrip has salvaged the folder, which did
    /// not look at those.
    pub first_event: Option<u64>,
}

impl Numbering {
    /// Whether a place in the log is one of those that a salvage has passed over: there is no event, whatever rows name.
    #[must_use]
    pub fn passes_over(&self, sequence: u64) -> bool {
        self.first_event.is_some_and(|first| sequence < first)
    }
}

impl Default for Numbering {
    fn default() -> Self {
        Self { stream: 1, first_pool: PoolId(1), first_event: Some(1) }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptNumbering {
    stream: u32,
    first_pool: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_event: Option<u64>,
}

/// The id of the one row.
const ONE: &str = "numbering";

impl Form for Numberings {
    const TABLE: &'static str = "numbering";
    const MOST: usize = KIB;
    type Kept<'a> = KeptNumbering;

    fn parts((): &()) -> Parts<'_> {
        Parts::alone(Part::Text(ONE))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<()> {
        (parts.text()? == ONE).then_some(())
    }

    fn keep((): &(), numbering: &Numbering) -> KeptNumbering {
        KeptNumbering {
            stream: numbering.stream,
            first_pool: numbering.first_pool.0,
            first_event: numbering.first_event,
        }
    }

    fn restore((): &(), kept: KeptNumbering) -> Result<Numbering, CodecError> {
        Ok(Numbering { stream: kept.stream, first_pool: PoolId(kept.first_pool), first_event: kept.first_event })
    }
}
