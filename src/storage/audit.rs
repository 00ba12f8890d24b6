//! Holding the audit against itself: its entries have no gap, each carries the digest of the one before, and the last is
//! the one that its end says.

use super::{
    ReadFrom, Span, StorageError, Store,
    tables::{AuditEntries, AuditHeads},
};
use scrip_domain::audit::AuditHead;

/// How many entries are read at once.
const PAGE: usize = 1_000;

/// What was found of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFound {
    /// How many entries there are.
    pub entries: u64,
    /// Its end, as the last entry has it.
    pub end: AuditHead,
    /// What is wrong with it; the first hundred.
    pub faults: Vec<String>,
}

/// How many faults are told.
const MOST: usize = 100;

impl AuditFound {
    fn fault(&mut self, what: String) {
        if self.faults.len() < MOST {
            self.faults.push(what);
        }
    }
}

impl Store {
    /// Looks whether an entry of the audit was changed, taken out or put in.
    pub async fn verify_audit(&self) -> Result<AuditFound, StorageError> {
        let mut found = AuditFound::default();
        // Read before the entries: what is written meanwhile comes after it.
        let told = self.get_one::<AuditHeads>(()).await?.unwrap_or_default();
        let mut span = Span::<AuditEntries>::all();
        loop {
            let rows = self.scan(&span, ReadFrom::Start, PAGE).await?;
            let full = rows.len() == PAGE;
            for (number, entry) in rows {
                found.entries += 1;
                let expected = found.end.number + 1;
                if number > expected {
                    found.fault(format!("entries {expected} to {} are missing", number - 1));
                } else if entry.before != found.end.digest {
                    found.fault(format!("entry {} was changed, or {number} was put in after it", found.end.number));
                }
                found.end = entry.head();
                if number == told.number && found.end.digest != told.digest {
                    found.fault(format!("entry {number} was changed: the audit ends with another"));
                }
                span = span.after(&number);
            }
            if !full {
                break;
            }
        }
        if found.end.number < told.number {
            found.fault(format!("entries {} to {} are missing", found.end.number + 1, told.number));
        }
        let told = self.get_one::<AuditHeads>(()).await?.unwrap_or_default();
        if found.end.number > told.number {
            found.fault(format!("entries {} to {} were put in", told.number + 1, found.end.number));
        }
        Ok(found)
    }
}
