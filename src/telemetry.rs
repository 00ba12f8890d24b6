//! Logs: one line an event on standard error, with its fields. What is not Scrip's own is heard from
//! its warnings on, but for parts of the database that complain at every stop that they are stopped, or of each
//! record that a kill has cut off; what fails in them reaches Scrip as errors of its own.

use std::{error::Error, io::IsTerminal};

use tracing_subscriber::EnvFilter;

/// What others say with a plain filter.
const OTHERS: &str =
    "warn,surrealkv::lsm=off,surrealkv::wal=off,surrealdb::core::kvs::ds=off,surrealdb::core::kvs::tx=off";

/// Starts logging with a filter such as "info" or "scrip=debug,surrealdb=info".
pub fn start(filter: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let plain = filter.chars().all(|c| c.is_ascii_alphabetic());
    let directives = if plain { format!("{OTHERS},scrip={filter}") } else { filter.to_owned() };
    let filter = EnvFilter::try_new(&directives)
        .map_err(|error| format!("log filter {filter:?} is invalid: {error}: try info or scrip=debug"))?;
    // Colours are for people; a log that is collected has none.
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).try_init()
}
