//! What is done to files: bytes flipped, pages lost, files cut, emptied and removed, files of two moments mixed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{kill::number, support::files::Files};

/// The database's folder in the one that is damaged.
pub(super) const DATABASE: &str = "scrip";
/// At how many places of a file a byte is flipped, unless more are asked for.
const PLACES: u64 = 8;
/// How many files of a kind are damaged.
const OF_A_KIND: usize = 2;
/// What a disk loses at once, in bytes.
const PAGE: usize = 4096;
/// How many pages are the end of a file: more than the last write has.
const END: usize = 4;

/// A harm: its kind, which says no number that differs from run to run; what it is; and the files after it.
pub(super) struct Harm<'a> {
    pub(super) kind: String,
    pub(super) what: String,
    pub(super) files: Box<dyn Fn() -> Files + Send + 'a>,
}

/// Each damage to one file.
pub(super) fn damages<'a>(name: &str, whole: &'a Files) -> Vec<Harm<'a>> {
    let mut found = Vec::new();
    for path in some_of_each_kind(whole) {
        let length = whole[path].len();
        let mut with = |how: &str, place: Option<usize>, change: Change| {
            let place = place.map(|place| format!(" at {place} of {length}")).unwrap_or_default();
            found.push(Harm {
                kind: format!("{name}: {} {how}", role(path, whole)),
                what: format!("{} {how}{place}", path.display()),
                files: Box::new(move || change.made(path, whole)),
            });
        };
        with("removed", None, Change::Removed);
        if length == 0 {
            continue;
        }
        with("emptied", None, Change::Cut(0));
        with("cut in half", None, Change::Cut(length / 2));
        let (flips, pages) = (places(length), places(length.div_ceil(PAGE)));
        for place in flips {
            let how = if length - place <= END * PAGE { "flipped at its end" } else { "flipped" };
            with(how, Some(place), Change::Flipped(place));
        }
        for page in pages {
            let place = page * PAGE;
            let how = if length - place <= END * PAGE { "without a page at its end" } else { "without a page" };
            with(how, Some(place), Change::Lost(page));
        }
    }
    found
}

/// What happens to a file.
#[derive(Clone, Copy)]
enum Change {
    Removed,
    Cut(usize),
    /// A bit of the byte there.
    Flipped(usize),
    /// The page reads as zeros.
    Lost(usize),
}

impl Change {
    /// The files after it.
    fn made(self, path: &Path, whole: &Files) -> Files {
        let mut files = whole.clone();
        let content = files.get_mut(path).expect("the file");
        match self {
            Self::Removed => drop(files.remove(path)),
            Self::Cut(length) => content.truncate(length),
            Self::Flipped(place) => content[place] ^= 1 << (place % 8),
            Self::Lost(page) => content.iter_mut().skip(page * PAGE).take(PAGE).for_each(|byte| *byte = 0),
        }
        files
    }
}

/// What a file is to the database.
fn role(path: &Path, files: &Files) -> String {
    let folder = path.parent().expect("a folder");
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("manifest") => "the manifest".to_owned(),
        Some("sstables") => "a table".to_owned(),
        Some("wal") if is_last(path, files) => "the log".to_owned(),
        Some("wal") => "an older log".to_owned(),
        _ => path.display().to_string(),
    }
}

/// Whether no file of its folder has a name after this one's.
fn is_last(path: &Path, files: &Files) -> bool {
    !files.keys().any(|other| other.parent() == path.parent() && other.as_path() > path)
}

/// Some files of each folder and ending, the last among them. A lock says nothing.
fn some_of_each_kind(files: &Files) -> Vec<&Path> {
    let mut kinds: BTreeMap<_, Vec<&Path>> = BTreeMap::new();
    for path in files.keys().filter(|path| !path.ends_with("LOCK")) {
        kinds.entry((path.parent(), path.extension())).or_default().push(path);
    }
    kinds.into_values().flat_map(|of_kind| of_kind.into_iter().rev().take(OF_A_KIND)).collect()
}

/// Places all over something so long, and close to its ends.
fn places(length: usize) -> BTreeSet<usize> {
    let number = number("SCRIP_DAMAGE_PLACES").unwrap_or(PLACES) as usize;
    let ends = (0..number / 2).flat_map(|place| [place * 7, length.saturating_sub(place * 7 + 1)]);
    let all_over = (0..number).map(|place| place * length / number);
    ends.chain(all_over).filter(|place| *place < length).collect()
}

/// Each file as it was at an early moment among the others of a late one; and the other way round, where what is
/// beside the database is always the late one, because nothing can tell an old copy of everything from the present.
pub(super) fn mixtures<'a>(early: &'a Files, late: &'a Files) -> Vec<Harm<'a>> {
    let mut found = Vec::new();
    let mut with = |kind: String, what: String, files: Files| {
        found.push(Harm { what: format!("{kind} ({what})"), kind, files: Box::new(move || files.clone()) });
    };
    for (path, content) in changed(early, late) {
        let mut files = late.clone();
        files.insert(path.clone(), content.clone());
        with(format!("{} of an early moment", role(path, early)), path.display().to_string(), files);
    }
    let mut old: Files = late.clone();
    old.retain(|path, _| !path.starts_with(DATABASE));
    old.extend(early.clone().into_iter().filter(|(path, _)| path.starts_with(DATABASE)));
    with("the database of an early moment".to_owned(), "all of it".to_owned(), old.clone());
    for (path, content) in changed(late, early).filter(|(path, _)| path.starts_with(DATABASE)) {
        let kind = format!("the database of an early moment, but {}", role(path, late));
        let mut files = old.clone();
        files.insert(path.clone(), content.clone());
        with(kind, path.display().to_string(), files.clone());
        if path.parent().is_some_and(|folder| folder.ends_with("wal")) {
            // A log in the middle is gone: the manifest of the early moment does not know of the tables after it.
            files.retain(|other, _| other == path || other.parent() != path.parent());
            let kind = format!("the database of an early moment, but {} in place of its own", role(path, late));
            with(kind, path.display().to_string(), files);
        }
    }
    found
}

/// What is there, or other, than in other files.
fn changed<'a>(files: &'a Files, others: &Files) -> impl Iterator<Item = (&'a PathBuf, &'a Vec<u8>)> {
    files.iter().filter(|(path, content)| !path.ends_with("LOCK") && others.get(*path) != Some(content))
}
