//! Logs: one line an event on standard error, with its fields. What is not Scrip's own is heard from
//! its warnings on, but for parts of the database that complain at every stop that they are stopped, or of each
//! record that a kill has cut off; what fails in them reaches Scrip as errors of its own. Nothing waits for a
//! [line](lines) to be written, and nothing fails because one is not.

mod lines;

use std::{
    error::Error,
    io::{IsTerminal, Write},
    panic::PanicHookInfo,
    sync::OnceLock,
    time::Duration,
};

use tracing_subscriber::EnvFilter;

use self::lines::{Lines, Shape};

/// What others say with a plain filter.
const OTHERS: &str =
    "warn,surrealkv::lsm=off,surrealkv::wal=off,surrealdb::core::kvs::ds=off,surrealdb::core::kvs::tx=off";
/// How long an end waits for what was logged to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lines of this process: it has one standard error.
static LINES: OnceLock<Lines> = OnceLock::new();

/// Starts logging with a filter such as "info" or "scrip=debug,surrealdb=info", as text or as JSON.
pub fn start(filter: &str, json: bool) -> Result<(), Box<dyn Error + Send + Sync>> {
    let plain = filter.chars().all(|c| c.is_ascii_alphabetic());
    let directives = if plain { format!("{OTHERS},scrip={filter}") } else { filter.to_owned() };
    let filter = EnvFilter::try_new(&directives)
        .map_err(|error| format!("log filter {filter:?} is invalid: {error}: try info or scrip=debug"))?;
    // Colours are for people; a log that is collected has none.
    let colours = std::io::stderr().is_terminal();
    let lines = Lines::start(if json { Shape::Json } else { Shape::Text })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines.clone());
    if json {
        subscriber.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()?;
    } else {
        subscriber.with_ansi(colours).try_init()?;
    }
    drop(LINES.set(lines));
    std::panic::set_hook(Box::new(tell_of_panic));
    Ok(())
}

/// Has a line for a person written after what was logged before it. Waits for nothing.
pub fn say(text: &str) {
    match LINES.get() {
        Some(lines) => lines.say(text),
        None => drop(std::io::stderr().write_all(&Shape::Text.line(text))),
    }
}

/// Waits until what was logged is written, for a second at most.
pub fn flush() {
    if let Some(lines) = LINES.get() {
        lines.flush(PATIENCE);
    }
}

/// Tells of a panic, whatever the filter is. The usual hook writes to standard error itself, and waits for whoever reads it.
fn tell_of_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = panic.payload_as_str().unwrap_or("no reason was given");
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("without a name");
    let backtrace = std::backtrace::Backtrace::capture();
    say(&format!("scrip: a fault of the program in thread {name} at {place}: {reason}\n{backtrace}"));
    if name == "main" {
        // The process ends with it.
        flush();
    }
}
