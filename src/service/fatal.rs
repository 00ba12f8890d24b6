//! The end of the process where going on could tell somebody what is not so, or where what Scrip cannot do without has
//! ended.

use std::{
    any::Any,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{OnceLock, mpsc},
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// The exit code of an error of input or output (sysexits.h, EX_IOERR).
const IO_ERROR: i32 = 74;
/// How long a last line may take: nobody may read it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is done before the end.
static BEFORE: OnceLock<fn()> = OnceLock::new();

/// Has something done before the process ends, such as to write what is left of the log. It must not wait for long.
pub fn before_end(act: fn()) {
    // Only the first one counts: there is one log.
    let _ = BEFORE.set(act);
}

/// Ends the process at once, with a line on standard error. Nobody is answered any more: whoever waits finds its
/// connection closed, which is all that is known.
pub fn end_process(reason: &str) -> ! {
    if let Some(act) = BEFORE.get() {
        act();
    }
    last_line(&format!("scrip: {reason}; start Scrip again, and look at the disk and the log (docs/operating.md)"));
    std::process::exit(IO_ERROR);
}

/// Writes a line to standard error before an end, and waits for it only so long: what cannot be written is let go.
pub fn last_line(text: &str) {
    let text = format!("{text}\n");
    let (done, is_done) = mpsc::channel();
    let write = move || {
        drop(io::stderr().write_all(text.as_bytes()));
        let _ = done.send(());
    };
    if Builder::new().name("last-line".to_owned()).spawn(write).is_ok() {
        // An error only says that it took too long.
        let _ = is_done.recv_timeout(PATIENCE);
    }
}

/// Starts a thread that Scrip cannot do without. Where it panics, the process ends: it would go on in part, and answer
/// nobody whom that thread serves.
pub fn start_vital(name: &'static str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let guarded = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            end_process(&format!("its {name} ended by a fault of the program: {}", message(&*panic)));
        }
    };
    Builder::new().name(name.to_owned()).spawn(guarded)
}

/// What a panic says.
pub(super) fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason was given")
}
