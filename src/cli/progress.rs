//! The progress of long commands on standard error: a line that is written over on a terminal, nothing elsewhere.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

/// How often the progress is told.
const TOLD: Duration = Duration::from_millis(500);

/// What has been done since a moment.
#[derive(Debug)]
pub(super) struct Progress {
    begun: Instant,
    told: Instant,
    shows: bool,
}

impl Progress {
    /// Begins now.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { begun: now, told: now, shows: std::io::stderr().is_terminal() }
    }

    /// How long it has taken.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// So many rows, and bytes where they are known, were read, written or whatever is done with them.
    pub(super) fn tell(&mut self, done: &str, rows: u64, bytes: Option<u64>) {
        if self.shows && self.told.elapsed() > TOLD {
            self.told = Instant::now();
            write_over(&format!("{} {done}", amount(rows, bytes, self.elapsed())));
        }
    }
}

/// How far something is of what it is to do, as a bar.
#[derive(Debug)]
pub(super) struct Bar(Progress);

/// How wide a bar is, in characters.
const WIDTH: u64 = 30;

impl Bar {
    /// Begins now.
    pub(super) fn new() -> Self {
        Self(Progress::new())
    }

    /// So many of so many, where that is known.
    pub(super) fn tell(&mut self, done: u64, total: Option<u64>) {
        let bar = &mut self.0;
        if bar.shows && bar.told.elapsed() > TOLD {
            bar.told = Instant::now();
            let rate = done as f64 / bar.elapsed().as_secs_f64().max(0.001);
            write_over(&drawn(done, total, rate));
        }
    }
}

/// A bar in a line.
fn drawn(done: u64, total: Option<u64>, rate: f64) -> String {
    let Some(total) = total.filter(|total| *total > 0) else { return format!("{done} rows ({rate:.0} a second)") };
    let done = done.min(total);
    let full = usize::try_from(WIDTH * done / total).unwrap_or_default();
    let bar = format!("{}{}", "#".repeat(full), "-".repeat(WIDTH as usize - full));
    format!("[{bar}] {} % of {total} rows ({rate:.0} a second)", 100 * done / total)
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shows {
            write_over("");
        }
    }
}

/// Rows and bytes, with how many of them there were a second.
pub(super) fn amount(rows: u64, bytes: Option<u64>, time: Duration) -> String {
    let seconds = time.as_secs_f64().max(0.001);
    let counted = (rows > 0).then(|| format!("{rows} rows ({:.0} a second)", rows as f64 / seconds));
    let sized = bytes.map(|bytes| {
        let megabytes = bytes as f64 / 1e6;
        format!("{megabytes:.1} MB ({:.1} MB a second)", megabytes / seconds)
    });
    counted.into_iter().chain(sized).collect::<Vec<_>>().join(", ")
}

/// Writes over the terminal's last line.
fn write_over(text: &str) {
    let mut error = std::io::stderr();
    drop(write!(error, "\r\x1b[2K{text}"));
    drop(error.flush());
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn bars() {
        for (done, total, expected) in [
            (0, Some(10), "[------------------------------] 0 % of 10 rows (5 a second)"),
            (5, Some(10), "[###############---------------] 50 % of 10 rows (5 a second)"),
            (12, Some(10), "[##############################] 100 % of 10 rows (5 a second)"),
            (7, None, "7 rows (5 a second)"),
        ] {
            assert_eq!(drawn(done, total, 5.0), expected);
        }
    }
}
