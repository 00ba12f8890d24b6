//! The thread that writes the [mark](super::mark): at once when a batch is durable, and to the disk once a second at
//! most. While it writes, only the last of the batches that follow is kept: nobody waits for it.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::mark::{Mark, Told};

/// How often the mark is synced at most.
const SYNC: Duration = Duration::from_secs(1);
/// How often it is looked at whether the mark is still in its place.
const LOOK: Duration = Duration::from_secs(5);

/// What is to be written.
#[derive(Default)]
struct Shared {
    next: Mutex<Next>,
    changed: Condvar,
}

#[derive(Default)]
struct Next {
    told: Option<Told>,
    ending: bool,
}

impl Shared {
    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the mark of batches. Ends with its last word on disk.
pub(super) struct Marker {
    /// Whether a batch that is durable is on disk. Else the mark stays as it is, and is only held.
    promised: bool,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Marker {
    /// Starts the thread that writes a mark.
    pub(super) fn start(mark: Mark, promised: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = Writer { mark, shared: Arc::clone(&shared), failing: false };
        let thread = std::thread::Builder::new().name("mark".to_owned()).spawn(move || writer.run())?;
        Ok(Self { promised, shared, thread: Mutex::new(Some(thread)) })
    }

    /// A batch is durable. Waits for nothing.
    pub(super) fn tell(&self, told: Told) {
        if self.promised {
            self.shared.next().told = Some(told);
            self.shared.changed.notify_one();
        }
    }

    /// Has what was told written and synced, and lets the file go.
    pub(super) fn end(&self) {
        self.shared.next().ending = true;
        self.shared.changed.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the mark ended badly");
        }
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread that writes the mark.
struct Writer {
    mark: Mark,
    shared: Arc<Shared>,
    /// The last write failed; told once.
    failing: bool,
}

impl Writer {
    fn run(mut self) {
        let mut synced = Instant::now();
        let mut looked = synced;
        let mut unsynced = false;
        loop {
            // What is not synced yet bounds the wait; else it ends with the next batch.
            let (told, ending) = self.wait(if unsynced { SYNC.saturating_sub(synced.elapsed()) } else { LOOK });
            if let Some(told) = told {
                let written = self.mark.write(told);
                unsynced |= self.noted(written);
            }
            if unsynced && (ending || synced.elapsed() >= SYNC) {
                let result = self.mark.sync();
                self.noted(result);
                (synced, unsynced) = (Instant::now(), false);
            }
            if ending || looked.elapsed() >= LOOK {
                self.keep_in_place();
                looked = Instant::now();
            }
            if ending {
                return;
            }
        }
    }

    /// Makes the mark again where somebody has removed or replaced it.
    fn keep_in_place(&mut self) {
        // Where that cannot be told, the next write tells what is wrong.
        if self.mark.is_in_place().unwrap_or(true) {
            return;
        }
        tracing::error!(
            mark = %self.mark.path.display(),
            "the mark was removed or replaced while the database is in use: it is made again"
        );
        let made = self.mark.make_again();
        self.noted(made);
    }

    /// The next batch to write, of which only the last one counts, and whether it is the end.
    fn wait(&self, within: Duration) -> (Option<Told>, bool) {
        let idle = |next: &mut Next| next.told.is_none() && !next.ending;
        let (next, changed) = (self.shared.next(), &self.shared.changed);
        let waited = changed.wait_timeout_while(next, within, idle);
        let (mut next, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (next.told.take(), next.ending)
    }

    /// Whether it went well. Without a mark the database is as durable, and only a wall thinner.
    fn noted(&mut self, result: io::Result<()>) -> bool {
        let went_well = result.is_ok();
        match result {
            Err(error) if !self.failing => {
                tracing::error!(%error, mark = %self.mark.path.display(), "the mark could not be written: it is tried again with the next batch");
            }
            _ => {}
        }
        self.failing = !went_well;
        went_well
    }
}
