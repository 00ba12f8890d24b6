//! The files of a folder, looked at before the engine opens any of them. The engine takes whatever lies in its folder for
//! its own: it replays a log segment that has a number, reads through a link what it then does not find again, and fails
//! on a name that it does not know. So what is not as the engine itself leaves it is found here, and named.

pub(super) mod frame;
mod segment;

use std::{
    fs::{self, FileType},
    io,
    path::{Path, PathBuf},
};

use surrealkv::inspect::{dump_manifest, dump_sst};

use self::segment::Span;
use crate::{Fault, chain::COPY, error::is_of_the_machine};

/// Where the manifest is in a folder.
pub(crate) const MANIFEST: &str = "manifest/00000000000000000000.manifest";
/// The folder of the log in a folder.
const LOG: &str = "wal";
/// That of the tables.
const TABLES: &str = "sstables";
/// How many digits the number of a segment has in its name.
const DIGITS: usize = 20;
/// No two segments that follow each other are so far apart. The engine looks for each number between them.
const FAR: u64 = 1 << 20;
/// No segment has a number beyond this one. The engine counts on from the number that it finds.
const MOST: u64 = 1 << 48;

/// What was found in a folder.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// What is wrong.
    pub(crate) faults: Vec<Fault>,
    /// What is left out of a copy that is looked at all the same, by its path in the folder.
    left_out: Vec<PathBuf>,
}

impl Survey {
    /// Looks at the files of a folder. `promised` says that what the tables hold was in the log before.
    pub(crate) fn of(folder: &Path, promised: bool) -> io::Result<Self> {
        let mut survey = Self::default();
        survey.look(folder, Path::new(""))?;
        survey.look_at_log(folder, promised)?;
        Ok(survey)
    }

    /// Whether a copy has a file, given its path in the folder.
    pub(crate) fn takes(&self, path: &Path) -> bool {
        !self.left_out.iter().any(|left_out| left_out == path)
    }

    fn refuse(&mut self, path: PathBuf, fault: impl FnOnce(String) -> Fault) {
        self.faults.push(fault(path.display().to_string()));
        self.left_out.push(path);
    }

    /// Looks at what there is in a folder, given its path in the database's.
    fn look(&mut self, root: &Path, place: &Path) -> io::Result<()> {
        for entry in entries(&root.join(place))? {
            let (kind, path) = (entry.file_type()?, place.join(entry.file_name()));
            if path == Path::new(COPY) {
                // What a start or a check that was killed has left.
            } else if kind.is_symlink() {
                // A copy follows it.
                self.faults.push(Fault::Link { file: path.display().to_string() });
            } else if !is_known(place, &entry.file_name().to_string_lossy(), kind) {
                self.refuse(path, |file| Fault::Foreign { file });
            } else if kind.is_dir() {
                self.look(root, &path)?;
            }
        }
        Ok(())
    }

    /// Whether the log goes on where the tables end. An older segment under a newer number holds true rows, linked as
    /// they should be; but the engine would read them before those of the tables.
    fn look_at_log(&mut self, folder: &Path, promised: bool) -> io::Result<()> {
        // Without a manifest that can be read the engine opens nothing.
        let Ok(manifest) = dump_manifest(folder.join(MANIFEST)) else { return Ok(()) };
        let mut before: Option<(PathBuf, u64, Span)> = None;
        for (number, path) in segments(folder)? {
            // The others are in tables, and only not removed yet.
            if number < manifest.log_number {
                continue;
            }
            // One without a whole record is what a crash leaves.
            let Some(span) = segment::span(&folder.join(&path))? else { continue };
            match &before {
                Some((file, earlier, end)) if span.first <= end.last || number - earlier > FAR => {
                    let reason = format!(
                        "it begins with change {}, and {} before it ends with change {}",
                        span.first,
                        file.display(),
                        end.last
                    );
                    self.refuse(path, |file| Fault::Segment { file, reason });
                }
                _ => before = Some((path, number, span)),
            }
        }
        if let Some((path, _, span)) = before.filter(|(_, _, span)| promised && span.last < manifest.last_sequence) {
            let (last, end) = (span.last, manifest.last_sequence);
            let reason = format!("it ends with change {last}, and the tables have all up to change {end}");
            self.refuse(path, |file| Fault::Segment { file, reason });
        }
        Ok(())
    }
}

/// The table files of a folder that are damaged, each with the engine's reason. Every block is read.
pub(crate) fn damaged_tables(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut damaged = Vec::new();
    for entry in entries(&folder.join(TABLES))? {
        let path = Path::new(TABLES).join(entry.file_name());
        if path.extension().is_none_or(|ending| ending != "sst") {
            continue;
        }
        match dump_sst(entry.path(), false, true).map_err(|error| error.to_string()) {
            Err(reason) if !is_of_the_machine(&reason) => damaged.push((path, reason)),
            _ => {}
        }
    }
    damaged.sort();
    Ok(damaged)
}

/// The segments of the log by their numbers, with their paths in the folder.
fn segments(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut segments = Vec::new();
    for entry in entries(&folder.join(LOG))? {
        let name = entry.file_name();
        let number = name.to_str().and_then(numbered).filter(|(_, ending)| ending.is_empty());
        if let Some((number, _)) = number.filter(|_| entry.path().is_file()) {
            segments.push((number, Path::new(LOG).join(name)));
        }
    }
    segments.sort();
    Ok(segments)
}

/// What is in a folder; nothing where there is none.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.collect(),
    }
}

/// Whether something has a place in a database's folder. The engine fails on names in its log that it does not know.
fn is_known(place: &Path, name: &str, kind: FileType) -> bool {
    if place == Path::new(LOG) {
        let ending = numbered(name).map(|(_, ending)| ending);
        return kind.is_file()
            && ending.is_some_and(|ending| matches!(ending, "" | ".repair") || ending.starts_with(".corrupt"));
    }
    kind.is_file() || kind.is_dir()
}

/// The number of a segment and what follows `.wal` in its name.
fn numbered(name: &str) -> Option<(u64, &str)> {
    let (digits, ending) = name.split_once(".wal")?;
    let is_number = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    Some((digits.parse().ok().filter(|number| is_number && *number < MOST)?, ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_log() {
        for (name, expected) in [
            ("00000000000000000045.wal", Some((45, ""))),
            ("00000000000000000045.wal.corrupt", Some((45, ".corrupt"))),
            ("00000000000000000045.wal.repair", Some((45, ".repair"))),
            ("45.wal", None),
            ("+0000000000000000045.wal", None),
            (".DS_Store", None),
            ("foo", None),
            ("18446744073709551615.wal", None),
            ("99999999999999999999.wal", None),
        ] {
            assert_eq!(numbered(name), expected, "{name}");
        }
    }
}
