//! Exports as files: a job writes the coupons of a pool to a file beside the database, which is kept for a day. What a process
//! that died has written of it is no file: the job begins with it again.

use std::{
    fs,
    io::{self, Read, Write},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    ExportFormat, ExportPlan,
    folder::{Folder, KEPT, is_full},
    work::{Goes, Lease},
};
use crate::{Csv, Failure, File, Format, JsonLines, Scrip, Work, prepare::blocking};
use scrip_domain::{
    job::{Counters, Cursor, Job, JobId, JobKind, JobStatus},
    pool::Pool,
    rejection::{Refusal, Rejection},
};

/// How often it is told how far it is.
const TOLD: Duration = Duration::from_millis(250);
/// How many bytes are read of it at once.
const PART: usize = 256 * 1024;
/// What is told where a file cannot be written.
const NO_ROOM: &str = "the disk has no room for the file: make room, and start the export again";

/// The folder of files that jobs have written.
#[derive(Debug, Clone)]
pub(crate) struct Exports(pub(super) Folder);

/// A file that a job has written, being read.
#[derive(Debug)]
pub struct Exported {
    file: fs::File,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its media type.
    pub media: &'static str,
    /// The end of its name.
    pub extension: &'static str,
}

/// A file that is being written. Dropping it removes what there is of it.
struct Writing {
    file: Option<fs::File>,
    unfinished: PathBuf,
}

impl Exports {
    /// Those of a database in a folder, or of one in memory.
    pub(crate) fn beside(database: Option<&PathBuf>) -> Self {
        Self(Folder::beside(database, "exports"))
    }

    fn name(job: JobId) -> String {
        format!("{}.export", job.0)
    }
}

impl Lease {
    pub(super) async fn export(&mut self, plan: &ExportPlan) -> Result<(), Failure> {
        let Some(pool) = self.scrip.registry.pool(plan.pool) else {
            return self.finish(Some("its pool is gone".to_owned())).await;
        };
        match plan.format {
            ExportFormat::Csv => self.write::<Csv>(&pool, plan).await,
            ExportFormat::JsonLines => self.write::<JsonLines>(&pool, plan).await,
        }
    }

    async fn write<F: Format>(&mut self, pool: &Arc<Pool>, plan: &ExportPlan) -> Result<(), Failure> {
        let export = self.scrip.export(pool, plan.filter.clone()).await?.masked(plan.masked);
        let mut file = File::<F>::of(export).marked(plan.marked);
        let (exports, name) = (self.scrip.board.exports.clone(), Exports::name(self.job.id));
        let most = self.scrip.board.most_exported();
        let begun = blocking(move || Writing::begin(&exports.0, &name, most)).await?;
        let mut writing = match begun {
            Ok(Some(writing)) => writing,
            Ok(None) => return self.finish(Some(too_many(most))).await,
            Err(error) => return self.unwritten(error).await,
        };
        let mut told = Instant::now();
        loop {
            // The next start begins with it again.
            if self.scrip.is_stopping() {
                return Ok(());
            }
            let Some(bytes) = file.next().await? else { break };
            let (written, rest) = blocking(move || writing.write(&bytes)).await?;
            writing = rest;
            if let Err(error) = written {
                return self.unwritten(error).await;
            }
            if told.elapsed() < TOLD {
                continue;
            }
            told = Instant::now();
            if self.written_by_all().await? > most {
                return self.finish(Some(too_many(most))).await;
            }
            // A step waits for room, and the file would take it away meanwhile.
            if self.scrip.vitals.no_room().is_some() {
                return self.finish(Some(NO_ROOM.to_owned())).await;
            }
            if self.tell(file.written(), file.progress().0).await? == Goes::NotOn {
                return Ok(());
            }
        }
        // What is written at the same time counts too.
        if self.written_by_all().await? > most {
            return self.finish(Some(too_many(most))).await;
        }
        let name = Exports::name(self.job.id);
        let whole = self.scrip.board.exports.0.file(&name);
        if let Err(error) = blocking(move || writing.finish(whole)).await? {
            return self.unwritten(error).await;
        }
        if self.tell(file.written(), file.progress().1).await? == Goes::NotOn {
            return Ok(());
        }
        self.finish(None).await
    }

    /// How many bytes the files of all exports have, finished or not.
    async fn written_by_all(&self) -> Result<u64, Failure> {
        let exports = self.scrip.board.exports.clone();
        let bytes = blocking(move || exports.0.bytes()).await?;
        bytes.map_err(|error| Failure::because("the files of exports cannot be counted", error))
    }

    /// Tells how many coupons the file has, and how many were looked at for it.
    async fn tell(&mut self, written: u64, looked_at: u64) -> Result<Goes, Failure> {
        let known = self.job.counters;
        let all = Counters { done: written, skipped: looked_at.saturating_sub(written), refused: 0 };
        let more = Counters {
            done: all.done.saturating_sub(known.done),
            skipped: all.skipped.saturating_sub(known.skipped),
            refused: 0,
        };
        self.step(Work::Told(more, Vec::new(), Cursor { place: looked_at, ..Cursor::default() })).await
    }

    async fn unwritten(&mut self, error: io::Error) -> Result<(), Failure> {
        if is_full(&error) {
            return self.finish(Some(NO_ROOM.to_owned())).await;
        }
        Err(Failure::because("cannot write an export", error))
    }
}

fn too_many(most: u64) -> String {
    format!("the files of all exports may have {most} bytes together: they go when they are a day old")
}

impl Writing {
    /// Begins it; none where there are too many bytes of others.
    fn begin(folder: &Folder, name: &str, most: u64) -> io::Result<Option<Self>> {
        fs::create_dir_all(folder.path())?;
        let unfinished = folder.unfinished(name);
        // What a process that died has left of it.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if folder.bytes()? > most {
            return Ok(None);
        }
        let file = fs::File::create_new(&unfinished)?;
        Ok(Some(Self { file: Some(file), unfinished }))
    }

    fn write(mut self, bytes: &[u8]) -> (io::Result<()>, Self) {
        let written = match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        (written, self)
    }

    fn finish(mut self, whole: PathBuf) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        fs::rename(&self.unfinished, whole)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // Of one that is finished there is none.
        drop(fs::remove_file(&self.unfinished));
    }
}

impl Exported {
    /// The next bytes; none at the end.
    pub async fn next(mut self) -> io::Result<Option<(Vec<u8>, Self)>> {
        let read = blocking(move || {
            let mut bytes = Vec::with_capacity(PART);
            let read = (&mut self.file).take(PART as u64).read_to_end(&mut bytes);
            read.map(|_| (bytes, self))
        });
        let (bytes, rest) = read.await.map_err(|failure| io::Error::other(failure.to_string()))??;
        Ok((!bytes.is_empty()).then_some((bytes, rest)))
    }
}

impl Scrip {
    /// Whether the file of a job is kept at the moment.
    pub(crate) fn keeps_export(&self, job: &Job) -> bool {
        let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let until = job.finished_at.map(|end| end.as_millisecond().saturating_add(kept));
        job.kind == JobKind::Export
            && job.status == JobStatus::Succeeded
            && until.is_some_and(|until| self.now().as_millisecond() < until)
    }

    /// The file of a job.
    pub(crate) async fn exported(&self, job: &Job) -> Result<Exported, Failure> {
        let gone = || Failure::from(Refusal::from(Rejection::NotFound { what: "file of a job", by: "id" }));
        if !self.keeps_export(job) {
            return Err(gone());
        }
        let plan = self.export_plan(job.id).await?.ok_or_else(gone)?;
        let path = self.board.exports.0.file(&Exports::name(job.id));
        let opened = blocking(move || {
            let file = fs::File::open(path)?;
            let bytes = file.metadata()?.len();
            Ok::<_, io::Error>((file, bytes))
        });
        let (file, bytes) = match opened.await? {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(gone()),
            Err(error) => return Err(Failure::because("cannot read an export", error)),
        };
        let (media, extension) = match plan.format {
            ExportFormat::Csv => (Csv::MEDIA, Csv::EXTENSION),
            ExportFormat::JsonLines => (JsonLines::MEDIA, JsonLines::EXTENSION),
        };
        Ok(Exported { file, bytes, media, extension })
    }
}
