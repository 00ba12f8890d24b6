//! Files that were uploaded, in a folder beside the database: each under a name of its own that nobody can guess, with what
//! it was found to be beside it. An unfinished one has another name, so that no file looks whole that is not. What is a
//! day old and no job reads any more is removed.

use std::{
    fs::{self, File},
    io::{self, BufReader, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    Failure,
    prepare::{blocking, fresh_bytes},
    reading::{Encoding, FileFacts, Read, Sniffer, facts, no_text, transcode},
};
use scrip_domain::rejection::{Refusal, Rejection};

/// How long an upload is kept that no job reads.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How many of the largest uploads may be kept at once.
const KEPT_AT_ONCE: u64 = 5;
/// How many bytes of randomness its name has.
const NAME: usize = 16;

/// How many databases in memory this process has had.
static DATABASES: AtomicU64 = AtomicU64::new(0);

/// The folder of uploads.
#[derive(Debug, Clone)]
pub(crate) struct Uploads {
    folder: PathBuf,
    /// Whether it goes with the process, as a database in memory does.
    passing: bool,
}

/// An upload and what it was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// Its id.
    pub id: String,
    /// What it was found to be.
    pub facts: FileFacts,
}

/// An upload that is coming in. Dropping it removes what there is of it.
#[derive(Debug)]
pub struct Upload {
    uploads: Uploads,
    id: String,
    file: Option<File>,
    sniffer: Sniffer,
    limit: u64,
    /// Held while it comes in.
    _place: OwnedSemaphorePermit,
}

impl Uploads {
    /// Those of a database in a folder, or of one in memory.
    pub(crate) fn beside(database: Option<&PathBuf>) -> Self {
        match database {
            Some(folder) => Self { folder: folder.with_extension("uploads"), passing: false },
            None => {
                let number = DATABASES.fetch_add(1, Ordering::Relaxed);
                let name = format!("scrip-uploads-{}-{number}", std::process::id());
                Self { folder: std::env::temp_dir().join(name), passing: true }
            }
        }
    }

    /// Begins an upload of at most so many bytes.
    pub(crate) async fn begin(&self, limit: u64, place: OwnedSemaphorePermit) -> Result<Upload, Failure> {
        let id = data_encoding::HEXLOWER.encode(&fresh_bytes()?[..NAME]);
        let (uploads, name) = (self.clone(), id.clone());
        let file = blocking(move || {
            fs::create_dir_all(&uploads.folder)?;
            if uploads.bytes()? > limit.saturating_mul(KEPT_AT_ONCE) {
                return Ok(None);
            }
            File::create_new(uploads.unfinished(&name)).map(Some)
        })
        .await?
        .map_err(|error| cannot("write an upload", error))?;
        let Some(file) = file else {
            let what = "too many bytes of uploads are kept already: they go when they are a day old";
            let limit = limit.saturating_mul(KEPT_AT_ONCE);
            return Err(Rejection::LimitExceeded { what, limit }.at(["uploads"]).into());
        };
        let (uploads, sniffer) = (self.clone(), Sniffer::default());
        Ok(Upload { uploads, id, file: Some(file), sniffer, limit, _place: place })
    }

    /// What an upload was found to be.
    pub(crate) async fn find(&self, id: &str) -> Result<Uploaded, Failure> {
        let unknown = || Rejection::NotFound { what: "upload", by: "id" }.at(["uploadId"]);
        let is_name =
            id.len() == 2 * NAME && id.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
        if !is_name {
            return Err(unknown().into());
        }
        let path = self.folder.join(format!("{id}.json"));
        let text = match blocking(move || fs::read_to_string(path)).await? {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown().into()),
            Err(error) => return Err(cannot("read an upload", error)),
        };
        serde_json::from_str(&text).map_err(|error| Failure::because(format!("upload {id}"), error))
    }

    /// What an upload is, where somebody says what its text is in or what parts its cells.
    pub(crate) async fn find_as(
        &self,
        uploaded: Uploaded,
        encoding: Encoding,
        delimiter: char,
    ) -> Result<Uploaded, Failure> {
        if (uploaded.facts.encoding, uploaded.facts.delimiter) == (encoding, delimiter) {
            return Ok(uploaded);
        }
        let (uploads, id, bytes) = (self.clone(), uploaded.id.clone(), uploaded.facts.bytes);
        let found = blocking(move || {
            let text = uploads.text(&id, encoding, 0)?;
            facts(text, bytes, encoding, Some(delimiter))
        });
        let facts = found.await?.map_err(|error| cannot("read an upload", error))?;
        Ok(Uploaded { facts, ..uploaded })
    }

    /// The text of an upload in UTF-8, from a byte of that on. To be called where nobody is waited for.
    pub(crate) fn text(&self, id: &str, encoding: Encoding, from: u64) -> io::Result<Read> {
        let whole = self.folder.join(id);
        let path = if encoding == Encoding::Utf8 { whole } else { self.in_utf8(id, encoding)? };
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Box::new(file))
    }

    /// The file of an upload's text in UTF-8, which is made where it is not there yet.
    fn in_utf8(&self, id: &str, encoding: Encoding) -> io::Result<PathBuf> {
        let path = self.folder.join(format!("{id}.{}", encoding.name().to_lowercase()));
        if !path.exists() {
            let unfinished = path.with_extension(format!("part-{}", std::process::id()));
            let mut to = io::BufWriter::new(File::create(&unfinished)?);
            transcode(&mut BufReader::new(File::open(self.folder.join(id))?), encoding, &mut to)?;
            to.flush()?;
            fs::rename(&unfinished, &path)?;
        }
        Ok(path)
    }

    /// How many bytes all of them have.
    fn bytes(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for entry in fs::read_dir(&self.folder)? {
            bytes += entry?.metadata()?.len();
        }
        Ok(bytes)
    }

    fn unfinished(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.part"))
    }

    /// Removes what is a day old at an instant and not in use.
    pub(crate) fn sweep(&self, now: SystemTime, in_use: &[String]) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_used = in_use.iter().any(|id| name.starts_with(id.as_str()));
            let written = entry.metadata()?.modified()?;
            if !is_used && now.duration_since(written).is_ok_and(|age| age >= KEPT) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes those of a database that is gone.
    pub(crate) fn end(&self) {
        if self.passing {
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

impl Upload {
    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        if self.sniffer.bytes() + bytes.len() as u64 > self.limit {
            return Err(Refusal::from(too_large(self.limit)).into());
        }
        let begins = self.sniffer.bytes() == 0;
        self.sniffer.look(&bytes);
        if begins && let Some(reason) = no_text(self.sniffer.head()) {
            return Err(refused(reason));
        }
        let Some(mut file) = self.file.take() else { return Err(Failure::internal("an upload has ended".to_owned())) };
        let (file, written) = blocking(move || {
            let written = file.write_all(&bytes);
            (file, written)
        })
        .await?;
        self.file = Some(file);
        written.map_err(|error| cannot("write an upload", error))
    }

    /// What it is, once all of it is there.
    pub async fn finish(mut self) -> Result<Uploaded, Failure> {
        let (bytes, encoding) = (self.sniffer.bytes(), self.sniffer.encoding());
        if bytes == 0 {
            return Err(refused("expected a file with a code in each row, and it is empty".to_owned()));
        }
        if let Some(reason) = no_text(self.sniffer.head()) {
            return Err(refused(reason));
        }
        if self.sniffer.has_nuls() {
            let reason = "expected CSV, and the file has NUL bytes, which no text has: upload the rows as CSV";
            return Err(refused(reason.to_owned()));
        }
        let file = self.file.take();
        let (uploads, id) = (self.uploads.clone(), self.id.clone());
        let found = blocking(move || {
            if let Some(file) = &file {
                file.sync_all()?;
            }
            fs::rename(uploads.unfinished(&id), uploads.folder.join(&id))?;
            let facts = facts(uploads.text(&id, encoding, 0)?, bytes, encoding, None)?;
            let uploaded = Uploaded { id: id.clone(), facts };
            // With it the upload is known.
            let unfinished = uploads.folder.join(format!("{id}.json.part"));
            fs::write(&unfinished, serde_json::to_vec(&uploaded)?)?;
            fs::rename(unfinished, uploads.folder.join(format!("{id}.json")))?;
            Ok::<_, io::Error>(uploaded)
        });
        found.await?.map_err(|error| cannot("read an upload", error))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Of one that is finished there is none.
        drop(fs::remove_file(self.uploads.unfinished(&self.id)));
    }
}

/// The refusal of an upload that is larger than it may be.
pub(super) fn too_large(limit: u64) -> Rejection {
    Rejection::LimitExceeded { what: "too many bytes in an upload", limit }
}

fn refused(reason: String) -> Failure {
    Refusal::from(Rejection::ValueInvalid { reason }).into()
}

/// What went wrong with a file. A full disk is for whoever uploads to know.
fn cannot(what: &str, error: io::Error) -> Failure {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge) {
        let reason = "the disk has no room for the file: make room, and upload it again".to_owned();
        return Refusal::from(Rejection::DatabaseUnavailable { reason }).into();
    }
    Failure::because(format!("cannot {what}"), error)
}
