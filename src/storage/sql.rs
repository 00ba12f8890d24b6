//! `scrip sql`: asks a database in SurrealQL, for people who know what they look for. What is asked is a copy that is
//! thrown away, and in which nothing can be written, so that whatever the statement is, the database stays as it is. It
//! is never offered over the network: the database's licence does not allow that, and no bound would hold.

use surrealdb::types::Value;
use thiserror::Error;

use super::{
    Address, OpenError, Store,
    chain::{COPY, Still},
    engine::Purpose,
};

/// What is told whoever would change something.
const CHANGES: &str =
    "it would change the database, of which a copy is asked that nothing is written to: ask with SELECT";

/// Why a question got no answer. The database is as it was.
#[derive(Debug, Error)]
pub enum SqlError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was asked is no SurrealQL, or would change something, or failed.
    #[error("{0}")]
    Refused(String),
}

/// Asks the database at an address, which nobody has open; gives the rows of each statement. A value that is no list is
/// one row.
pub async fn ask(address: &Address, text: &str) -> Result<Vec<Vec<serde_json::Value>>, SqlError> {
    let still = Still::hold(address, false)?;
    let copy = still.sound_copy(address, still.folder().join(COPY)).await?;
    let store = copy.open(address, Purpose::Look).await?;
    let answer = asked(&store, text).await;
    store.close().await;
    answer
}

async fn asked(store: &Store, text: &str) -> Result<Vec<Vec<serde_json::Value>>, SqlError> {
    let refused = |error: surrealdb::Error| SqlError::Refused(error.to_string());
    // A folder that an earlier version made lacks the tables that came later, which are empty then.
    let tables = crate::format::SCHEMA.replace("OVERWRITE", "IF NOT EXISTS");
    store.database.query(tables).await.and_then(|made| made.check()).map_err(refused)?;
    store.freeze.begin();
    let answer = async { store.database.query(text).await?.check() };
    let mut answer = tokio::select! {
        answer = answer => answer.map_err(refused)?,
        // The database may try to write for ever.
        () = store.freeze.refused() => return Err(SqlError::Refused(CHANGES.to_owned())),
    };
    let number = answer.num_statements();
    if number == 0 {
        return Err(SqlError::Refused("expected a statement, such as SELECT * FROM pool".to_owned()));
    }
    let mut all = Vec::with_capacity(number);
    for statement in 0..number {
        all.push(match answer.take::<Value>(statement).map_err(refused)? {
            Value::Array(values) => values.into_iter().map(Value::into_json_value).collect(),
            Value::None => Vec::new(),
            other => vec![other.into_json_value()],
        });
    }
    Ok(all)
}
