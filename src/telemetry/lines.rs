//! Lines on their way to standard error. A thread of their own writes them, so that nobody waits for who reads them: a
//! pipe that nobody reads, a disk that is full or a reader that has gone costs lines and nothing else. What does not fit
//! into the buffer is dropped and counted, and the number is told once lines are taken again.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, ErrorKind, Write},
    os::fd::AsFd,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::json;
use tracing_subscriber::fmt::{
    MakeWriter,
    format::Writer,
    time::{FormatTime, SystemTime},
};

/// The most that waits to be written, in bytes: some thousand lines.
const ROOM: usize = 1024 * 1024;
/// How long a writer waits where standard error is not to be waited for.
const RESPITE: Duration = Duration::from_millis(20);

/// How lines are written that are no events of the log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Shape {
    /// As they are.
    #[default]
    Text,
    /// As JSON objects, one a line.
    Json,
}

impl Shape {
    /// A text as a line, or as the lines that it is.
    pub(super) fn line(self, text: &str) -> Vec<u8> {
        match self {
            Self::Text => format!("{text}\n").into_bytes(),
            Self::Json => {
                let mut time = String::new();
                // Writing to a text does not fail.
                let _ = SystemTime.format_time(&mut Writer::new(&mut time));
                let object = json!({ "timestamp": time, "level": "INFO", "message": text.trim(), "target": "scrip" });
                format!("{object}\n").into_bytes()
            }
        }
    }
}

/// The buffer. Every copy is the same one.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    shape: Shape,
    buffer: Mutex<Buffer>,
    changed: Condvar,
}

#[derive(Default)]
struct Buffer {
    lines: VecDeque<Vec<u8>>,
    /// How many bytes they are.
    bytes: usize,
    /// A line is being written.
    writing: bool,
    /// How many were dropped since that was told.
    dropped: u64,
}

impl Lines {
    /// A buffer that a thread writes to standard error.
    pub(super) fn start(shape: Shape) -> io::Result<Self> {
        // A descriptor of its own: the lock of the usual one would keep out whoever says a last word.
        let target = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let lines = Self(Arc::new(Shared { shape, ..Shared::default() }));
        let writer = lines.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_to(target))?;
        Ok(lines)
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.0.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a text for a person. Waits for nothing.
    pub(super) fn say(&self, text: &str) {
        self.add(self.0.shape.line(text));
    }

    /// Adds a line. Waits for nothing.
    pub(super) fn add(&self, line: Vec<u8>) {
        let mut buffer = self.buffer();
        if buffer.bytes + line.len() > ROOM {
            buffer.dropped += 1;
        } else {
            buffer.bytes += line.len();
            buffer.lines.push_back(line);
            self.0.changed.notify_all();
        }
    }

    /// Waits until all is written, but only so long.
    pub(super) fn flush(&self, within: Duration) {
        let busy = |buffer: &mut Buffer| buffer.writing || !buffer.lines.is_empty();
        // Whether it took too long or not, that was it.
        drop(self.0.changed.wait_timeout_while(self.buffer(), within, busy));
    }

    /// Writes for ever.
    fn write_to(self, mut target: impl Write) {
        loop {
            let (line, dropped) = self.next();
            let written = write(&mut target, &line);
            let told = dropped == 0 || written.is_err() || {
                let lines = if dropped == 1 { "line of the log was" } else { "lines of the log were" };
                let text = format!("scrip: {dropped} {lines} dropped: standard error did not take them");
                write(&mut target, &self.0.shape.line(&text)).is_ok()
            };
            let mut buffer = self.buffer();
            buffer.writing = false;
            buffer.dropped += u64::from(written.is_err());
            if written.is_ok() && told {
                buffer.dropped = buffer.dropped.saturating_sub(dropped);
            }
            self.0.changed.notify_all();
        }
    }

    /// The next line, and how many were dropped before it is written.
    fn next(&self) -> (Vec<u8>, u64) {
        let mut buffer = self.buffer();
        loop {
            if let Some(line) = buffer.lines.pop_front() {
                buffer.bytes -= line.len();
                buffer.writing = true;
                return (line, buffer.dropped);
            }
            buffer = self.0.changed.wait(buffer).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Writes all of it. Whoever started Scrip may have made standard error one that is not waited for.
fn write(target: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match target.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(RESPITE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// What one event is written to, in one piece.
pub(super) struct Line<'a>(&'a Lines);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// What takes a line when it is told to, or fails.
    struct Slow {
        taken: SyncSender<String>,
        fails: Receiver<bool>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.fails.recv().unwrap_or_default() {
                return Err(ErrorKind::BrokenPipe.into());
            }
            drop(self.taken.send(String::from_utf8_lossy(bytes).into_owned()));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines() -> (Lines, SyncSender<bool>, Receiver<String>) {
        let (lines, (taken, taking), (fail, fails)) = (Lines::default(), sync_channel(100), sync_channel(100));
        let writer = lines.clone();
        std::thread::spawn(move || writer.write_to(Slow { taken, fails }));
        (lines, fail, taking)
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_told() {
        let (lines, fail, taken) = lines();
        lines.add(b"first\n".to_vec());
        // Until it is being written: it takes no room any more.
        while !lines.buffer().writing {
            std::thread::yield_now();
        }
        for _ in 0..3 {
            lines.add(vec![b'x'; ROOM / 2]);
        }
        lines.flush(Duration::from_millis(1));
        for _ in 0..4 {
            fail.send(false).expect("a writer");
        }
        assert_eq!(taken.recv().expect("a line"), "first\n");
        assert_eq!(taken.recv().expect("a line").len(), ROOM / 2);
        let told = taken.recv().expect("a line");
        assert!(told.contains("1 line of the log was dropped"), "{told}");
        assert_eq!(taken.recv().expect("a line").len(), ROOM / 2);
        lines.flush(Duration::from_secs(60));
        assert_eq!(lines.buffer().dropped, 0);
    }

    #[test]
    fn a_line_that_cannot_be_written_is_dropped_and_told() {
        let (lines, fail, taken) = lines();
        for fails in [true, false, false] {
            fail.send(fails).expect("a writer");
        }
        lines.add(b"lost\n".to_vec());
        lines.add(b"next\n".to_vec());
        assert_eq!(taken.recv().expect("a line"), "next\n");
        assert!(taken.recv().expect("a line").contains("1 line of the log was dropped"));
    }
}
