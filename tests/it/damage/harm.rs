//! What is done to files: bytes flipped, files cut, emptied and removed, files of two moments mixed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::DATABASE;
use crate::{kill::number, support::files::Files};

/// At how many places of a file a byte is flipped, unless more are asked for.
const PLACES: u64 = 8;
/// How many files of a kind are damaged.
const OF_A_KIND: usize = 3;

/// Each damage to one file, with its name.
pub(super) fn damages(whole: &Files) -> Vec<(String, Files)> {
    let mut found = Vec::new();
    for path in some_of_each_kind(whole) {
        let content = &whole[&path];
        let mut with = |what: String, damaged: Option<Vec<u8>>| {
            let mut files = whole.clone();
            match damaged {
                Some(damaged) => drop(files.insert(path.clone(), damaged)),
                None => drop(files.remove(&path)),
            }
            found.push((format!("{} {what}", path.display()), files));
        };
        with("removed".to_owned(), None);
        if content.is_empty() {
            continue;
        }
        with("emptied".to_owned(), Some(Vec::new()));
        with("cut in half".to_owned(), Some(content[..content.len() / 2].to_vec()));
        for place in places(content.len()) {
            let mut damaged = content.clone();
            damaged[place] ^= 0x10;
            with(format!("flipped at {place} of {}", content.len()), Some(damaged));
        }
    }
    found
}

/// Some files of each folder and ending, the first and the last among them. A lock says nothing.
fn some_of_each_kind(files: &Files) -> Vec<PathBuf> {
    let mut kinds: BTreeMap<(PathBuf, String), Vec<&PathBuf>> = BTreeMap::new();
    for path in files.keys().filter(|path| !path.ends_with("LOCK")) {
        let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
        kinds.entry((path.parent().expect("a folder").to_owned(), ending)).or_default().push(path);
    }
    let some = |of_kind: &Vec<&PathBuf>| {
        let step = of_kind.len().div_ceil(OF_A_KIND);
        let mut some: Vec<_> = of_kind.iter().step_by(step).map(|path| (*path).clone()).collect();
        some.extend(of_kind.last().map(|path| (*path).clone()));
        some.dedup();
        some
    };
    kinds.values().flat_map(some).collect()
}

/// Places all over a file, and close to its ends.
fn places(length: usize) -> BTreeSet<usize> {
    let number = number("SCRIP_DAMAGE_PLACES").unwrap_or(PLACES) as usize;
    let ends = (0..number / 2).flat_map(|place| [place * 7, length.saturating_sub(place * 7 + 1)]);
    let all_over = (0..number).map(|place| place * length / number);
    ends.chain(all_over).filter(|place| *place < length).collect()
}

/// Each file as it was at an early moment among the others of a late one; and the other way round, where what is
/// beside the database is always the late one, because nothing can tell an old copy of everything from the present.
pub(super) fn mixtures(early: &Files, late: &Files) -> Vec<(String, Files)> {
    let mut found = Vec::new();
    for (path, content) in early.iter().filter(|(path, content)| late.get(*path) != Some(content)) {
        let mut files = late.clone();
        files.insert(path.clone(), content.clone());
        found.push((format!("{} of an early moment", path.display()), files));
    }
    let database = |files: &Files| files.clone().into_iter().filter(|(path, _)| path.starts_with(DATABASE));
    let mut old: Files = late.clone();
    old.retain(|path, _| !path.starts_with(DATABASE));
    old.extend(database(early));
    found.push(("the database of an early moment".to_owned(), old.clone()));
    for (path, content) in database(late).filter(|(path, content)| early.get(path) != Some(content)) {
        let what = format!("the database of an early moment, but {}", path.display());
        let mut files = old.clone();
        files.insert(path, content);
        found.push((what, files));
    }
    found
}
