//! Files that were uploaded, in a folder beside the database: each under a name of its own that nobody can guess, with what
//! it was found to be beside it. An unfinished one has another name, so that no file looks whole that is not. What is a
//! day old and no job reads any more is removed.

use std::{
    fs::{self, File},
    io::{self, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use super::folder::{Folder, cannot};
use crate::{
    Failure,
    prepare::{blocking, fresh_bytes},
    reading::{Encoding, FileFacts, Read, Sniffer, facts, no_text, transcode},
};
use scrip_domain::rejection::{Input, Refusal, Rejection};

/// How many of the largest uploads may be kept at once.
pub(super) const KEPT_AT_ONCE: u64 = 5;
/// How many bytes of randomness its name has.
const NAME: usize = 16;

/// The folder of uploads.
#[derive(Debug, Clone)]
pub(crate) struct Uploads(pub(super) Folder);

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
        Self(Folder::beside(database, "uploads"))
    }

    /// Begins an upload of at most so many bytes.
    pub(crate) async fn begin(&self, limit: u64, place: OwnedSemaphorePermit) -> Result<Upload, Failure> {
        let id = data_encoding::HEXLOWER.encode(&fresh_bytes()?[..NAME]);
        let (uploads, name) = (self.clone(), id.clone());
        let file = blocking(move || {
            fs::create_dir_all(uploads.0.path())?;
            if uploads.0.bytes()? > limit.saturating_mul(KEPT_AT_ONCE) {
                return Ok(None);
            }
            File::create_new(uploads.0.unfinished(&name)).map(Some)
        })
        .await?
        .map_err(|error| cannot("write an upload", error))?;
        let Some(file) = file else {
            let what = "too many bytes of uploads are kept already: they go when they are a day old";
            let limit = limit.saturating_mul(KEPT_AT_ONCE);
            return Err(Rejection::LimitExceeded { what, limit }.at([Input::Uploads]).into());
        };
        let (uploads, sniffer) = (self.clone(), Sniffer::default());
        Ok(Upload { uploads, id, file: Some(file), sniffer, limit, _place: place })
    }

    /// What an upload was found to be.
    pub(crate) async fn find(&self, id: &str) -> Result<Uploaded, Failure> {
        let unknown = || Rejection::NotFound { what: "upload", by: "id" }.at([Input::UploadId]);
        let is_name =
            id.len() == 2 * NAME && id.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
        if !is_name {
            return Err(unknown().into());
        }
        let path = self.0.file(&format!("{id}.json"));
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
        let whole = self.0.file(id);
        let path = if encoding == Encoding::Utf8 { whole } else { self.in_utf8(id, encoding)? };
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Box::new(file))
    }

    /// Has an upload kept for another day: as long as the answer to whoever asked for a job with it, who may ask again.
    pub(crate) async fn keep(&self, id: &str) -> Result<(), Failure> {
        let whole = [self.0.file(id), self.0.file(&format!("{id}.json"))];
        let kept = blocking(move || whole.iter().try_for_each(|path| self::now(path)));
        kept.await?.map_err(|error| cannot("keep an upload", error))
    }

    /// The file of an upload's text in UTF-8, which is made where it is not there yet.
    fn in_utf8(&self, id: &str, encoding: Encoding) -> io::Result<PathBuf> {
        let path = self.0.file(&format!("{id}.{}", encoding.name().to_lowercase()));
        if !path.exists() {
            let unfinished = path.with_extension(format!("part-{}", std::process::id()));
            let mut to = io::BufWriter::new(File::create(&unfinished)?);
            transcode(&mut BufReader::new(File::open(self.0.file(id))?), encoding, &mut to)?;
            to.flush()?;
            fs::rename(&unfinished, &path)?;
        }
        Ok(path)
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
            fs::rename(uploads.0.unfinished(&id), uploads.0.file(&id))?;
            let facts = facts(uploads.text(&id, encoding, 0)?, bytes, encoding, None)?;
            let uploaded = Uploaded { id: id.clone(), facts };
            // With it the upload is known.
            let unfinished = uploads.0.unfinished(&format!("{id}.json"));
            fs::write(&unfinished, serde_json::to_vec(&uploaded)?)?;
            fs::rename(unfinished, uploads.0.file(&format!("{id}.json")))?;
            Ok::<_, io::Error>(uploaded)
        });
        found.await?.map_err(|error| cannot("read an upload", error))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Of one that is finished there is none.
        drop(fs::remove_file(self.uploads.0.unfinished(&self.id)));
    }
}

/// Gives a file the time of now.
#[expect(clippy::disallowed_methods, reason = "files have the times of the system's clock")]
fn now(path: &Path) -> io::Result<()> {
    File::options().append(true).open(path)?.set_modified(SystemTime::now())
}

/// The refusal of an upload that is larger than it may be.
pub(super) fn too_large(limit: u64) -> Rejection {
    Rejection::LimitExceeded { what: "too many bytes in an upload", limit }
}

fn refused(reason: String) -> Failure {
    Refusal::from(Rejection::ValueInvalid { reason }).into()
}
