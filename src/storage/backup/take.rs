//! Reads all rows as they are at one moment, and gives them as the bytes of a backup. It works on a thread of its own and
//! holds a few frames, however much there is; the engine keeps what is replaced meanwhile until it ends.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use surrealdb_datastore::Transaction;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    error::BackupError,
    file::{Backed, BackupFile},
    format::{Encoder, FRAME, Header, Rows, tables},
    pages::RawPages,
};
use crate::{Batches, Formats, Link, StorageError, Store, View};

/// How many parts may wait to be taken.
const WAITING: usize = 2;
/// How long a backup rests at most after it has worked: on a machine that has too much to do, what takes long is
/// not work alone.
const LONGEST_REST: Duration = Duration::from_millis(5);
/// How long all parts together may wait to be taken, beside a second for each of so many bytes. A reader that has gone
/// away silently, or reads on and on very slowly, must not keep old rows for ever.
const PATIENCE: Duration = Duration::from_secs(60);
const LEAST_READ: u64 = 64 * 1024;

/// How a backup is taken.
#[derive(Debug, Clone, Default)]
pub struct BackupOptions {
    /// The time, in milliseconds since 1970.
    pub taken: i64,
    /// How many bytes of it are made in a second at most.
    pub rate: Option<u64>,
    /// Rests between its parts for as long as it works, so that whoever works beside it comes first.
    pub rests: bool,
    /// Ends it early.
    pub stop: CancellationToken,
}

/// A backup that is being taken. Dropping it ends it.
#[derive(Debug)]
pub struct Backup {
    parts: mpsc::Receiver<Result<Vec<u8>, StorageError>>,
    progress: Arc<Progress>,
}

/// How far a backup is.
#[derive(Debug, Default)]
struct Progress {
    rows: AtomicU64,
    /// All was given, or why not was told.
    ended: AtomicBool,
    /// Its reader did not take it fast enough.
    too_slow: AtomicBool,
}

impl Backup {
    /// The next bytes, never empty; none after the last ones. After an error there are no more, and what there was is
    /// of no use.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, StorageError>> {
        let part = self.parts.recv().await;
        part.or_else(|| self.ended_early())
    }

    /// An error where the thread that takes it has gone without a word.
    fn ended_early(&self) -> Option<Result<Vec<u8>, StorageError>> {
        let early = !self.progress.ended.swap(true, Relaxed);
        early.then(|| {
            let reason = match self.progress.too_slow.load(Relaxed) {
                true => "its reader took less of it than 64 KiB a second",
                false => "it ended early",
            };
            Err(StorageError::Database(reason.into()))
        })
    }

    /// How many rows were read so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.progress.rows.load(Relaxed)
    }

    /// Writes all of it to a new file, and tells how many rows and bytes there are so far.
    pub async fn write_to(
        mut self,
        path: &Path,
        mut tell: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Backed, BackupError> {
        let path = path.to_owned();
        let write = move || {
            let mut file = BackupFile::create(&path)?;
            let mut bytes = 0;
            while let Some(part) = self.parts.blocking_recv().or_else(|| self.ended_early()) {
                let part = part?;
                file.write(&part)?;
                bytes += part.len() as u64;
                tell(self.rows(), bytes);
            }
            file.finish()
        };
        tokio::task::spawn_blocking(write).await.unwrap_or_else(|error| Err(BackupError::Ended(error.to_string())))
    }
}

impl Store {
    /// Takes a backup of all rows as they are at this moment.
    #[must_use]
    pub fn backup(self: &Arc<Self>, options: BackupOptions) -> Backup {
        let (sender, parts) = mpsc::channel(WAITING);
        let progress = Arc::new(Progress::default());
        let (store, pace) = (Arc::clone(self), Pace::new(&options));
        let (waited, patience) = (Duration::ZERO, PATIENCE);
        let taking = Taking { store, pace, options, sender, progress: Arc::clone(&progress), waited, patience };
        let runtime = tokio::runtime::Handle::current();
        // Not among the tasks that serve: the engine reads in the middle of a task, and to compress takes as long.
        drop(tokio::task::spawn_blocking(move || runtime.block_on(taking.run())));
        Backup { parts, progress }
    }
}

/// The thread that takes a backup.
struct Taking {
    store: Arc<Store>,
    options: BackupOptions,
    sender: mpsc::Sender<Result<Vec<u8>, StorageError>>,
    progress: Arc<Progress>,
    pace: Pace,
    /// How long its parts have waited to be taken, and how long they may.
    waited: Duration,
    patience: Duration,
}

/// Why no more is taken.
enum End {
    /// Nobody wants it any more.
    Unwanted,
    /// It failed.
    Failed(StorageError),
}

impl From<StorageError> for End {
    fn from(error: StorageError) -> Self {
        Self::Failed(error)
    }
}

impl Taking {
    async fn run(mut self) {
        match self.all().await {
            Ok(()) => self.progress.ended.store(true, Relaxed),
            // Whoever wanted it may have gone.
            Err(End::Failed(error)) => {
                self.progress.ended.store(true, Relaxed);
                drop(self.sender.send(Err(error)).await);
            }
            Err(End::Unwanted) => {}
        }
    }

    async fn all(&mut self) -> Result<(), End> {
        let store = Arc::clone(&self.store);
        let (mut view, last) = store.announced().await?;
        let format = view.get_one::<Formats>(()).await?.unwrap_or_default();
        let place = store.place(view.transaction()).await?;
        let header = Header {
            scrip: env!("CARGO_PKG_VERSION").to_owned(),
            format,
            taken: self.options.taken,
            batch: last.number,
            at: last.time.at,
        };
        let (mut encoder, beginning) = Encoder::begin(&header).map_err(encoding_failed)?;
        self.give(beginning).await?;
        for table in tables() {
            self.table(view.transaction(), RawPages::new(place, table), &mut encoder).await?;
        }
        self.give(encoder.end().map_err(encoding_failed)?).await
    }

    /// Gives all rows of a table.
    async fn table(
        &mut self,
        transaction: &Transaction,
        mut pages: RawPages,
        encoder: &mut Encoder,
    ) -> Result<(), End> {
        let mut rows = Rows::new(pages.table());
        while let Some(page) = pages.next(transaction).await? {
            for (id, value) in page.rows() {
                rows.add(id, value);
                if rows.len() >= FRAME {
                    self.frame(encoder, &mut rows).await?;
                }
            }
        }
        if rows.number() > 0 {
            self.frame(encoder, &mut rows).await?;
        }
        Ok(())
    }

    /// Gives a frame of rows.
    async fn frame(&mut self, encoder: &mut Encoder, rows: &mut Rows) -> Result<(), End> {
        self.give(encoder.rows(rows).map_err(encoding_failed)?).await?;
        self.progress.rows.fetch_add(rows.number(), Relaxed);
        rows.clear();
        Ok(())
    }

    async fn give(&mut self, bytes: Vec<u8>) -> Result<(), End> {
        let due = self.pace.after(bytes.len());
        self.patience = PATIENCE + Duration::from_secs(self.pace.bytes / LEAST_READ);
        let began = Instant::now();
        match timeout(self.patience.saturating_sub(self.waited), self.sender.send(Ok(bytes))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(End::Unwanted),
            Err(_) => {
                self.progress.too_slow.store(true, Relaxed);
                return Err(End::Unwanted);
            }
        }
        self.waited += began.elapsed();
        tokio::select! {
            () = sleep_until(due) => {}
            () = self.sender.closed() => return Err(End::Unwanted),
            () = self.options.stop.cancelled() => {
                return Err(StorageError::Database("Scrip is stopping".into()).into());
            }
        }
        self.pace.go_on();
        Ok(())
    }
}

impl Store {
    /// A view of all that was announced up to now and nothing later, and the last batch in it.
    async fn announced(&self) -> Result<(View<'_>, Link), StorageError> {
        let (mut view, last) = {
            // Between two batches.
            let _writer = self.writer.lock().await;
            (self.view().await?, self.last_batch())
        };
        view.announced().await;
        // The chain may not know yet what became of a write.
        let next = Link { number: last.number + 1, ..last }.place();
        match view.get_one::<Batches>(next).await? {
            Some(next) if next.number == last.number + 1 => Ok((view, next)),
            _ => Ok((view, last)),
        }
    }
}

fn encoding_failed(error: std::io::Error) -> StorageError {
    StorageError::Database(format!("a part of the backup could not be made: {error}").into())
}

/// How fast a backup may be made.
struct Pace {
    rate: Option<u64>,
    rests: bool,
    begun: Instant,
    bytes: u64,
    /// When the work on the part that comes next began.
    working: Instant,
}

impl Pace {
    fn new(options: &BackupOptions) -> Self {
        let now = Instant::now();
        Self { rate: options.rate, rests: options.rests, begun: now, bytes: 0, working: now }
    }

    /// When more may be made after a part of so many bytes.
    fn after(&mut self, bytes: usize) -> Instant {
        self.bytes += bytes as u64;
        let due = self.rate.map(|rate| Duration::from_secs_f64(self.bytes as f64 / rate.max(1) as f64));
        let due = due.map_or(self.begun, |due| self.begun + due);
        if !self.rests {
            return due;
        }
        let now = Instant::now();
        // Half as long again as the work took: claims keep three quarters of their rate.
        due.max(now + LONGEST_REST.min((now - self.working) * 3 / 2))
    }

    /// More is made from now on.
    fn go_on(&mut self) {
        self.working = Instant::now();
    }
}
