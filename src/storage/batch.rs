//! One transaction's writes, and the one place that writes them. The batch is confirmed only when it
//! is durable.

use std::collections::{BTreeMap, HashSet};

use surrealdb::types::{Array, Object, Value};

use super::{Row, RowId, StorageError, Store};

/// How often a batch is written again while the database keeps changing its log segment.
const MAX_REWRITES: u32 = 16;

/// Up to this many new rows are written by one statement, beyond it by one for each table: one statement
/// costs less, but more for each row.
const FEW: usize = 12;

/// Writes a batch's rows once more. A row that was ensured exists by now, with its own content.
const REWRITE: &str = "{
    FOR $row IN $new { UPSERT $row.id CONTENT $row RETURN NONE };
    FOR $row IN $ensured { UPDATE $row.id SET attempt = $row.attempt RETURN NONE };
    FOR $row IN $replaced { UPSERT $row.id CONTENT $row RETURN NONE };
}";

/// Rows to be written together. A row is new, or replaces one that was read.
#[derive(Debug, Default)]
pub struct Batch {
    new: Vec<(RowId, Row)>,
    ensured: Vec<(RowId, Row)>,
    replaced: Vec<(RowId, Row)>,
    removed: Vec<RowId>,
}

impl Batch {
    /// Adds a row that must not exist yet; the whole batch fails with
    /// [`StorageError::Exists`] where it does.
    pub fn insert(&mut self, id: RowId, row: Row) {
        self.new.push((id, row));
    }

    /// Adds a row of this table unless it exists, in which case it stays as it is. Saves reading it first.
    pub fn ensure(&mut self, id: RowId, row: Row) {
        self.ensured.push((id, row));
    }

    /// Replaces a row that exists.
    pub fn replace(&mut self, id: RowId, row: Row) {
        self.replaced.push((id, row));
    }

    /// Removes a row. Only for rows that are hints: a removal may be undone by a crash.
    pub fn remove(&mut self, id: RowId) {
        self.removed.push(id);
    }

    /// Nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.ensured.is_empty() && self.replaced.is_empty() && self.removed.is_empty()
    }

    /// How many rows it writes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.new.len() + self.ensured.len() + self.replaced.len() + self.removed.len()
    }
}

/// The rows as the database's value; `attempt` makes a rewritten row differ from the one before,
/// because the database skips a write that changes nothing.
fn rows<'a>(rows: impl Iterator<Item = &'a (RowId, Row)>, attempt: u32) -> Result<Value, StorageError> {
    let mut values = Vec::new();
    for (id, row) in rows {
        let mut object = Object::new();
        object.insert("id", id.key().record());
        object.insert("doc", Value::String(row.encode()?));
        if attempt > 0 {
            object.insert("attempt", Value::Number(i64::from(attempt).into()));
        }
        values.push(Value::Object(object));
    }
    Ok(Value::Array(Array::from(values)))
}

/// New rows by table: one statement for each makes a sixth more claims a second than one for all.
fn by_table(new: &[(RowId, Row)]) -> BTreeMap<&'static str, Vec<&(RowId, Row)>> {
    let mut tables: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in new {
        tables.entry(row.0.table()).or_default().push(row);
    }
    tables
}

impl Store {
    /// Writes a batch in one transaction, and returns when it is durable.
    pub async fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        debug_assert!(no_row_twice(batch));
        let mut guard = self.writer.lock().await;
        let removed = batch.removed.iter().map(|id| id.key().record()).collect::<Vec<_>>();
        let mut text = String::from("{ ");
        let mut ensured = Vec::new();
        let few = batch.new.len() <= FEW;
        let new = if few { BTreeMap::new() } else { by_table(&batch.new) };
        if few && !batch.new.is_empty() {
            text.push_str("INSERT $few RETURN NONE; ");
        }
        for table in new.keys() {
            text.push_str(&format!("INSERT INTO {table} ${table} RETURN NONE; "));
        }
        for (table, rows) in by_table(&batch.ensured).iter().filter(|(_, rows)| !rows.is_empty()) {
            text.push_str(&format!("INSERT IGNORE INTO {table} $ensured_{table} RETURN NONE; "));
            ensured.push((format!("ensured_{table}"), self::rows(rows.iter().copied(), 0)?));
        }
        // A statement for each: a loop over them takes up to three quarters more.
        for number in 0..batch.replaced.len() {
            text.push_str(&format!("UPDATE $id_{number} CONTENT $row_{number} RETURN NONE; "));
        }
        if !removed.is_empty() {
            text.push_str("DELETE $removed RETURN NONE; ");
        }
        text.push('}');
        let mut query = self.database.query(text);
        for (table, new) in new {
            query = query.bind((table, rows(new.into_iter(), 0)?));
        }
        for binding in ensured {
            query = query.bind(binding);
        }
        if few {
            query = query.bind(("few", rows(batch.new.iter(), 0)?));
        }
        for (number, (id, row)) in batch.replaced.iter().enumerate() {
            let mut content = Object::new();
            content.insert("doc", Value::String(row.encode()?));
            query = query.bind((format!("id_{number}"), id.key().record()));
            query = query.bind((format!("row_{number}"), Value::Object(content)));
        }
        query.bind(("removed", Value::Array(Array::from(removed)))).await?.check()?;
        let Some(guard) = guard.as_mut() else { return Ok(()) };
        let mut attempt = 0;
        while guard.has_changed() {
            attempt += 1;
            if attempt > MAX_REWRITES {
                let reason = "the log segment changed with every write: raise max_memtable_size";
                return Err(StorageError::Database(reason.to_owned()));
            }
            self.database
                .query(REWRITE)
                .bind(("new", rows(batch.new.iter(), attempt)?))
                .bind(("ensured", rows(batch.ensured.iter(), attempt)?))
                .bind(("replaced", rows(batch.replaced.iter(), attempt)?))
                .await?
                .check()?;
        }
        Ok(())
    }
}

/// A batch that names a row twice would depend on the order of its statements.
fn no_row_twice(batch: &Batch) -> bool {
    let mut seen = HashSet::new();
    let written = batch.new.iter().chain(&batch.ensured).chain(&batch.replaced).map(|(id, _)| id);
    written.chain(&batch.removed).all(|id| seen.insert(id))
}
