//! The journal of a process: what it did to the files below its folder, and what it told, in order.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

/// One entry, with paths below the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    /// A new file.
    Create { inode: u64, path: &'a Path },
    /// Bytes of a file.
    Write { inode: u64, at: u64, bytes: &'a [u8] },
    /// A file's size, shorter or longer (with zeros).
    Resize { inode: u64, size: u64 },
    /// A new folder.
    Folder { inode: u64, path: &'a Path },
    /// A name of a file or an empty folder is gone.
    Remove { path: &'a Path },
    /// A file or folder has another name, in place of what had it; or each has the other's.
    Rename { from: &'a Path, to: &'a Path, exchange: bool },
    /// A file has one more name.
    Link { from: &'a Path, to: &'a Path },
    /// A sync begins: what came before it is on disk when it ends.
    SyncBegin { inode: u64, sync: u64 },
    /// It has ended, and has not failed.
    SyncEnd { inode: u64, sync: u64 },
    /// Text on the standard output.
    Told(&'a [u8]),
    /// Something that cannot be simulated.
    Strange(&'a str),
}

/// The length of an entry's head: the length of its data and its kind, and two numbers.
const HEAD: usize = 24;

/// The entries of a journal; one that was cut off at its end is left out.
pub(crate) fn records(mut journal: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let (head, rest) = journal.split_at_checked(HEAD)?;
        let (length, rest_of_head) = head.split_first_chunk()?;
        let (kind, rest_of_head) = rest_of_head.split_first_chunk()?;
        let (one, rest_of_head) = rest_of_head.split_first_chunk()?;
        let (two, _) = rest_of_head.split_first_chunk()?;
        let (data, rest) = rest.split_at_checked(u32::from_ne_bytes(*length) as usize)?;
        journal = rest;
        let numbers = [u64::from_ne_bytes(*one), u64::from_ne_bytes(*two)];
        Some(record(u32::from_ne_bytes(*kind), numbers, data))
    })
}

/// The kinds are those of preload/journal.h.
fn record(kind: u32, [one, two]: [u64; 2], data: &[u8]) -> Record<'_> {
    match kind {
        1 => Record::Create { inode: one, path: path(data) },
        2 => Record::Write { inode: one, at: two, bytes: data },
        3 => Record::Resize { inode: one, size: two },
        4 => Record::Folder { inode: one, path: path(data) },
        5 => Record::Remove { path: path(data) },
        6 => {
            let (from, to) = paths(data);
            Record::Rename { from, to, exchange: one != 0 }
        }
        7 => {
            let (from, to) = paths(data);
            Record::Link { from, to }
        }
        8 => Record::SyncBegin { inode: one, sync: two },
        9 => Record::SyncEnd { inode: one, sync: two },
        10 => Record::Told(data),
        11 => Record::Strange(std::str::from_utf8(data).expect("text")),
        _ => panic!("a journal has no entries of kind {kind}"),
    }
}

fn path(data: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(data))
}

fn paths(data: &[u8]) -> (&Path, &Path) {
    let end = data.iter().position(|byte| *byte == 0).expect("two paths");
    (path(&data[..end]), path(&data[end + 1..]))
}
