//! Rows that the committer keeps from batch to batch.

use serde_json::Value;

use super::working::ById;
use scrip_storage::{Answers, CodeLists, Customers, Events, Purchases, Row, RowId};

/// Rows as they are in the database, kept from batch to batch: this committer is the only one that
/// writes them (an embedded database belongs to one process), so what it read or wrote last is what is
/// there. Bounded, and dropped whenever it is not known what became of a write.
#[derive(Debug, Default)]
pub(super) struct Cache {
    young: ById<Option<Row>>,
    old: ById<Option<Row>>,
    /// About how many bytes the younger ones have.
    bytes: usize,
}

/// How many rows each of the cache's two generations holds, and about how many bytes.
const GENERATION: usize = 20_000;
const GENERATION_BYTES: usize = 32 * 1024 * 1024;
/// What a row takes about with its id, unless it holds what callers make as long as they like.
const ROW: usize = 1_024;

impl Cache {
    pub(super) fn get(&self, id: &RowId) -> Option<Option<&Row>> {
        self.young.get(id).or_else(|| self.old.get(id)).map(Option::as_ref)
    }

    pub(super) fn insert(&mut self, id: RowId, row: Option<Row>) {
        self.bytes += row.as_ref().map_or(ROW, weight);
        self.young.insert(id, row);
    }

    /// Has a row as it is now, if it has it.
    pub(super) fn refresh(&mut self, id: &RowId, row: Option<Row>) {
        self.old.remove(id);
        if let Some(kept) = self.young.get_mut(id) {
            self.bytes += row.as_ref().map_or(ROW, weight);
            *kept = row;
        }
    }

    /// Forgets that a row was not there.
    pub(super) fn forget_absence(&mut self, id: &RowId) {
        if self.get(id).is_some_and(|row| row.is_none()) {
            // From both: the older one may have what was there before.
            self.young.remove(id);
            self.old.remove(id);
        }
    }

    /// Forgets the older generation when the younger one is full.
    pub(super) fn bound(&mut self) {
        if self.young.len() >= GENERATION || self.bytes >= GENERATION_BYTES {
            self.bytes = 0;
            self.old = std::mem::take(&mut self.young);
        }
    }
}

/// About how many bytes a row takes.
fn weight(row: &Row) -> usize {
    if let Some(customer) = row.document::<Customers>() {
        ROW + json(&customer.attributes)
    } else if let Some(codes) = row.document::<CodeLists>() {
        codes.iter().map(|code| code.len() + 32).sum()
    } else if let Some(answer) = row.document::<Answers>() {
        ROW + answer.answer.as_ref().map_or(ROW, json)
    } else if let Some(events) = row.document::<Events>() {
        ROW * events.len()
    } else if let Some(purchase) = row.document::<Purchases>() {
        ROW + purchase.0.as_ref().map_or(0, json)
    } else {
        ROW
    }
}

/// About how many bytes a JSON value takes.
fn json(value: &Value) -> usize {
    const VALUE: usize = 100;
    VALUE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(json).sum(),
            Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + VALUE + json(value)).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scrip_domain::id::CustomerId;
    use scrip_storage::Emails;

    fn id(name: &str) -> RowId {
        RowId::of::<Emails>(name.to_owned())
    }

    fn row(name: &str) -> Option<Row> {
        Some(Row::of::<Emails>(CustomerId::kept(name.to_owned())))
    }

    #[test]
    fn what_is_refreshed_is_never_older_than_what_was_written() {
        let mut cache = Cache::default();
        cache.insert(id("old"), row("1"));
        cache.insert(id("both"), row("1"));
        cache.insert(id("gone"), row("1"));
        cache.old = std::mem::take(&mut cache.young);
        cache.insert(id("young"), row("1"));
        cache.insert(id("both"), row("2"));
        for name in ["old", "both", "young", "unknown"] {
            cache.refresh(&id(name), row("3"));
        }
        cache.refresh(&id("gone"), None);
        let now = |name: &str| cache.get(&id(name)).map(Option::<&Row>::cloned);
        assert_eq!([now("both"), now("young")], [Some(row("3")), Some(row("3"))]);
        // Read again when somebody asks.
        assert_eq!([now("old"), now("gone"), now("unknown")], [None, None, None]);
        cache.refresh(&id("young"), None);
        assert_eq!(cache.get(&id("young")), Some(None));
        cache.old.insert(id("young"), row("1"));
        cache.forget_absence(&id("young"));
        cache.forget_absence(&id("both"));
        assert_eq!([cache.get(&id("young")), cache.get(&id("both"))], [None, Some(row("3").as_ref())]);
    }
}
