//! `scrip sql`: a question in SurrealQL to the database of a stopped gateway, answered as a table, as JSON lines or as
//! CSV. It ends itself where the answer takes more time or memory than it may.

use std::{
    io::Write,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{Problem, restore, say};
use crate::config::Config;
use scrip_storage::ask;

/// How often it is looked at how long it takes and what it needs.
const LOOK: Duration = Duration::from_millis(50);

/// What is asked, and within which bounds.
#[derive(Debug, Args)]
pub(super) struct SqlArguments {
    /// The question, such as "SELECT status, count() FROM coupon GROUP BY status".
    statement: String,
    /// Ask this backup instead. It is restored beside the file for that, and removed.
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    /// The most rows of an answer that are written.
    #[arg(long, default_value_t = 1_000, value_name = "ROWS")]
    limit: usize,
    /// The most seconds that the answer may take.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
    /// The most memory that the answer may take, in MiB.
    #[arg(long, default_value_t = 2_048, value_name = "MIB")]
    memory: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Columns for people.
    Table,
    /// A JSON object a line.
    Json,
    /// Comma-separated values with a header.
    Csv,
}

pub(super) async fn run(config: Config, arguments: SqlArguments) -> Result<(), Problem> {
    let restored = match &arguments.backup {
        Some(file) => Some(restore::beside(file, ".asking").await?),
        None => None,
    };
    let database = match &restored {
        Some(restored) => restored.address()?,
        None => config.database,
    };
    // What is to be removed where it is given up.
    let leaves = database.folder().map(|folder| match &restored {
        Some(_) => folder.clone(),
        None => folder.join("copy"),
    });
    let done = watch(&arguments, leaves)?;
    let answers = ask(&database, &arguments.statement).await;
    drop(done);
    for rows in answers? {
        let written = rows.get(..arguments.limit).unwrap_or(&rows);
        let text = match arguments.format {
            Form::Table => table(written),
            Form::Json => written.iter().map(|row| format!("{row}\n")).collect(),
            Form::Csv => csv(written),
        };
        // A closed pipe is not worth a word.
        drop(std::io::stdout().write_all(text.as_bytes()));
        if rows.len() > written.len() {
            let left = rows.len() - written.len();
            let rows = if left == 1 { "row was" } else { "rows were" };
            say(&mut std::io::stderr(), &format!("{left} more {rows} left out: --limit gives more"));
        }
    }
    Ok(())
}

/// Ends the process where the answer takes too much, whatever the database does meanwhile. What it is asked of is a
/// copy, so nothing is lost. It watches until what is given back is dropped.
fn watch(arguments: &SqlArguments, leaves: Option<PathBuf>) -> Result<Arc<()>, Problem> {
    let (time, memory) = (Duration::from_secs(arguments.timeout), arguments.memory << 20);
    let (asking, began) = (Arc::new(()), Instant::now());
    let watched = Arc::downgrade(&asking);
    thread::Builder::new().name("sql limits".to_owned()).spawn(move || {
        while watched.strong_count() > 0 {
            let reason = if began.elapsed() >= time {
                format!("it takes more than {} s: --timeout gives more", time.as_secs())
            } else if resident().is_some_and(|bytes| bytes > memory) {
                format!("it takes more than {} MiB of memory: --memory gives more", memory >> 20)
            } else {
                thread::sleep(LOOK);
                continue;
            };
            say(
                &mut std::io::stderr(),
                &format!("scrip: the question was given up, {reason}. The database is as it was"),
            );
            if let Some(leaves) = &leaves {
                drop(std::fs::remove_dir_all(leaves));
            }
            std::process::exit(1);
        }
    })?;
    Ok(asking)
}

/// How much memory the process has, in bytes, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

/// The names of all fields, in the order in which they come.
fn columns(rows: &[Value]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for name in rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    // The id of a row is looked for first.
    columns.sort_by_key(|name| *name != "id");
    columns
}

/// A field as text; a row that has no fields is its own.
fn cell(row: &Value, column: &str) -> String {
    let field = match row {
        Value::Object(fields) => fields.get(column),
        other => Some(other),
    };
    match field {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The header and the cells of an answer.
fn cells(rows: &[Value]) -> Vec<Vec<String>> {
    let mut columns = columns(rows);
    if columns.is_empty() && !rows.is_empty() {
        columns.push("value");
    }
    let header = columns.iter().map(|name| (*name).to_owned()).collect();
    let lines = rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect());
    std::iter::once(header).chain(lines).collect()
}

fn table(rows: &[Value]) -> String {
    let lines = cells(rows);
    let width = |column: usize| {
        let texts = lines.iter().filter_map(|line| line.get(column));
        texts.map(|text| text.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..lines.first().map_or(0, Vec::len)).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
        if number == 0 {
            let rules = widths.iter().map(|width| "-".repeat(*width));
            text.push_str(&rules.collect::<Vec<_>>().join("  "));
            text.push('\n');
        }
    }
    text.push_str(&format!("{} row{}\n", rows.len(), if rows.len() == 1 { "" } else { "s" }));
    text
}

/// RFC 4180: a cell with a comma, a quote or a line's end is quoted.
fn csv(rows: &[Value]) -> String {
    let quoted = |cell: &String| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    };
    let line = |line: &Vec<String>| format!("{}\r\n", line.iter().map(quoted).collect::<Vec<_>>().join(","));
    cells(rows).iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_written_as_a_table_and_as_csv() {
        let rows = [json!({ "b": 1, "id": "coupon:[1, 0]" }), json!({ "id": "x", "c": "a \"b\", c" })];
        assert_eq!(
            table(&rows),
            "id             b  c\n-------------  -  --------\ncoupon:[1, 0]  1\nx                 a \"b\", c\n2 rows\n"
        );
        assert_eq!(csv(&rows), "id,b,c\r\n\"coupon:[1, 0]\",1,\r\nx,,\"a \"\"b\"\", c\"\r\n");
        assert_eq!(table(&[json!(5)]), "value\n-----\n5\n1 row\n");
        assert_eq!(table(&[]), "0 rows\n");
    }
}
