//! Reading rows: some by their ids in one query, or a page of a range of ids in either direction.

use std::collections::HashMap;

use surrealdb::types::{Array, RecordIdKey, Value};

use super::{Row, RowId, StorageError, Store};

/// The most rows that one query reads.
const PAGE: usize = 1_000;

impl Store {
    /// The rows with these ids, in their order; none where there is no such row.
    pub async fn get(&self, ids: &[RowId]) -> Result<Vec<Option<Row>>, StorageError> {
        let mut rows = Vec::with_capacity(ids.len());
        for part in ids.chunks(PAGE) {
            let keys: Vec<_> = part.iter().map(RowId::key).collect();
            let records = keys.iter().map(super::Key::record).collect::<Vec<_>>();
            let mut answer = self
                .database
                .query("SELECT id, doc FROM $ids")
                .bind(("ids", Value::Array(Array::from(records))))
                .await?;
            let found: HashMap<(String, String), String> = documents(answer.take(0)?)?.into_iter().collect();
            for (id, key) in part.iter().zip(keys) {
                let text = found.get(&(key.table.to_owned(), key.text));
                rows.push(text.map(|text| Row::decode(id, text)).transpose()?);
            }
        }
        Ok(rows)
    }

    /// The row with this id.
    pub async fn get_one(&self, id: RowId) -> Result<Option<Row>, StorageError> {
        Ok(self.get(std::slice::from_ref(&id)).await?.pop().flatten())
    }

    /// Up to `limit` rows of a table whose id's text is at least `start` and below `end`, in order
    /// or from the end, each as its id's text and its document.
    pub async fn scan(
        &self,
        table: &'static str,
        start: String,
        end: String,
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StorageError> {
        if limit == 0 || start >= end {
            return Ok(Vec::new());
        }
        // The limit is written into the text: only then does the database stop at it.
        let order = if reverse { "ORDER BY id DESC " } else { "" };
        let text = format!("SELECT id, doc FROM $range {order}LIMIT {limit}");
        let mut answer = self.database.query(text).bind(("range", super::Key::range(table, start, end))).await?;
        let rows = documents(answer.take(0)?)?;
        Ok(rows.into_iter().map(|((_, text), doc)| (text, doc)).collect())
    }
}

/// A row of an answer: its table and its id's text, and its document.
type Document = ((String, String), String);

fn documents(answer: Value) -> Result<Vec<Document>, StorageError> {
    let damaged = |reason: &str| StorageError::Row { id: "unknown".to_owned(), reason: reason.to_owned() };
    let Value::Array(rows) = answer else { return Err(damaged("expected rows")) };
    let mut found = Vec::with_capacity(rows.len());
    for row in rows.into_inner() {
        let Value::Object(mut fields) = row else { return Err(damaged("expected a document")) };
        let (Some(Value::RecordId(id)), Some(Value::String(doc))) = (fields.remove("id"), fields.remove("doc")) else {
            return Err(damaged("expected an id and a document"));
        };
        let RecordIdKey::String(text) = id.key else { return Err(damaged("expected a text as id")) };
        found.push(((id.table.into_string(), text), doc));
    }
    Ok(found)
}
