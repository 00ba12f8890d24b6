//! A copy that the engine does not open, or opens without its newest tables, is made to be opened with all of them: it
//! gets a new manifest, which lists every table file that can be read, and what SurrealDB keeps of any database.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use surrealkv::{
    LSMIterator, Mode,
    inspect::{dump_manifest, dump_sst},
};

use crate::{
    Address, Fault, OpenError, Store,
    engine::{Engine, Purpose},
    files::MANIFEST,
    open::engine_failed,
};

/// The version of its layout.
const VERSION: u16 = 3;
/// How many levels the engine makes.
const LEVELS: u8 = 6;
/// More than any change was ever numbered; the engine takes 56 bits.
const LAST_CHANGE: u64 = 1 << 48;

/// How many tables there are that the manifest of a folder does not list. The engine deletes them when it opens it.
pub(super) fn unlisted(folder: &Path) -> io::Result<usize> {
    let listed = dump_manifest(folder.join(MANIFEST)).map(|manifest| {
        let levels = manifest.levels.into_iter();
        levels.flat_map(|level| level.tables).map(|table| table.id).collect::<Vec<_>>()
    });
    let listed = listed.unwrap_or_default();
    Ok(tables(folder)?.iter().filter(|(id, _)| !listed.contains(id)).count())
}

/// Writes a manifest that lists every table that can be read, in the level whose tables may overlap. Tells of the others.
pub(super) fn list_all(folder: &Path, tell: &mut impl FnMut(Fault)) -> io::Result<()> {
    let mut readable = Vec::new();
    let mut next = 1;
    for (id, path) in tables(folder)? {
        next = next.max(id + 1);
        match dump_sst(&path, false, false) {
            Ok(_) => readable.push(id),
            Err(error) => {
                let file = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                tell(Fault::Table { file, reason: error.to_string() });
            }
        }
    }
    let path = folder.join(MANIFEST);
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    fs::write(path, manifest(next, &readable))
}

/// Puts into a copy what SurrealDB keeps of any database and this one has lost: its version, and the names of where
/// Scrip's rows are, which have the same numbers in every database of Scrip.
pub(super) async fn complete(address: &Address, folder: &Path) -> Result<(), OpenError> {
    let empty = folder.join("empty");
    let failed = |error: io::Error| OpenError::Folder { folder: empty.display().to_string(), reason: error.into() };
    fs::create_dir(&empty).map_err(failed)?;
    let store = Store::engine(&address.for_copy(&empty, Purpose::Look)).await?;
    let selected = store.select().await;
    store.close().await;
    selected?;
    let settings = address.for_copy(folder, Purpose::Salvage).settings();
    let failed = |error: surrealkv::Error| engine_failed(address, error);
    let from = Engine::open(&empty, settings).await.map_err(failed)?;
    let to = Engine::open(folder, settings).await.map_err(failed)?;
    let added = add_missing(&from, &to).await;
    let closed = [from.close().await, to.close().await];
    closed.into_iter().fold(added, |all, one| all.and(one)).map_err(failed)
}

/// Adds the entries that another database lacks, or cannot give.
async fn add_missing(from: &Engine, to: &Engine) -> Result<(), surrealkv::Error> {
    let mut writing = to.tree().begin()?;
    {
        let reading = from.tree().begin_with_mode(Mode::ReadOnly)?;
        let mut cursor = reading.iter()?;
        let mut found = cursor.seek_first()?;
        while found {
            let key = cursor.key().user_key().to_vec();
            if !matches!(writing.get(&key), Ok(Some(_))) {
                writing.set(key, cursor.value()?)?;
            }
            found = cursor.next()?;
        }
    }
    writing.commit().await
}

/// The table files of a folder, by their numbers.
fn tables(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let entries = match fs::read_dir(folder.join("sstables")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut tables = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let number = path.file_stem().and_then(OsStr::to_str).and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|_| path.extension() == Some(OsStr::new("sst"))) {
            tables.push((number, path));
        }
    }
    tables.sort();
    Ok(tables)
}

/// A manifest as the engine reads it, in its form without a checksum.
fn manifest(next_table: u64, tables: &[u64]) -> Vec<u8> {
    let mut bytes = VERSION.to_be_bytes().to_vec();
    // The whole log is read, whatever of it is in the tables as well.
    for number in [next_table, 0, LAST_CHANGE] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.push(LEVELS);
    for level in 0..LEVELS {
        let tables = if level == 0 { tables } else { &[] };
        bytes.extend_from_slice(&u32::try_from(tables.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(tables.iter().flat_map(|table| table.to_be_bytes()));
    }
    // No snapshots.
    bytes.extend_from_slice(&0_u32.to_be_bytes());
    bytes
}
