//! Rows that the committer keeps from batch to batch.

use std::collections::HashMap;

use scrip_storage::{Row, RowId};

/// Rows as they are in the database, kept from batch to batch: this committer is the only one that
/// writes them (an embedded database belongs to one process), so what it read or wrote last is what is
/// there. Bounded, and dropped whenever it is not known what became of a write.
#[derive(Debug, Default)]
pub(super) struct Cache {
    young: HashMap<RowId, Option<Row>>,
    old: HashMap<RowId, Option<Row>>,
}

/// How many rows each of the cache's two generations holds.
const GENERATION: usize = 20_000;

impl Cache {
    pub(super) fn get(&self, id: &RowId) -> Option<Option<&Row>> {
        self.young.get(id).or_else(|| self.old.get(id)).map(Option::as_ref)
    }

    pub(super) fn exists(&self, id: &RowId) -> bool {
        matches!(self.get(id), Some(Some(_)))
    }

    pub(super) fn extend(&mut self, rows: impl Iterator<Item = (RowId, Option<Row>)>) {
        self.young.extend(rows);
    }

    /// Forgets that a row was not there.
    pub(super) fn forget_absence(&mut self, id: &RowId) {
        for generation in [&mut self.young, &mut self.old] {
            if generation.get(id).is_some_and(Option::is_none) {
                generation.remove(id);
            }
        }
    }

    /// Forgets the older generation when the younger one is full.
    pub(super) fn bound(&mut self) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
    }
}
