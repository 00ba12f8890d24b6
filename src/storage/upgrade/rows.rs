//! The entries of an old folder in the order of their keys, each with its newest value, read without either engine.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    fs,
    path::Path,
};

use surrealkv_compat_v1::{
    Kind, Layout, Manifest, TableReader, Value, decode_value, read_manifest, read_wal_segment, wal_segments,
};

use super::{UpgradeError, error::ReadError};

/// An old folder that is being read.
pub(super) struct OldFolder {
    tables: Vec<TableReader>,
    /// What is in the log and in no table.
    log: Log,
    /// What is in segments that the old engine has done with and not removed. All of it should be in the tables.
    done: Log,
}

/// The changes of some log segments, by key and from the newest.
type Log = BTreeMap<(Vec<u8>, Reverse<u64>), (Kind, Vec<u8>)>;

/// What a key held, in the order in which this is looked at: by key, from the newest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    key: Vec<u8>,
    sequence: Reverse<u64>,
    /// From where it was read. Of two copies of a change, that of the segments that are done with comes last.
    source: usize,
    kind: u8,
    value: Vec<u8>,
}

/// An entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    /// Its value, or where in the value log it is.
    pub(super) value: Value,
}

type Versions<'a> = Box<dyn Iterator<Item = Result<Version, UpgradeError>> + 'a>;

impl OldFolder {
    /// Opens a folder. Its log is read into memory: it is as long as the memtables of whoever wrote it.
    pub(super) fn open(folder: &Path) -> Result<Self, UpgradeError> {
        let layout = Layout::new(folder);
        let path = layout.manifest_path();
        let manifest = fs::read(&path).map_err(|error| UpgradeError::files("read", &path, error))?;
        let Manifest { level_data, log_number, .. } = read_manifest(&manifest)?;
        let ids = level_data.into_iter().flatten();
        let tables = ids.map(|id| TableReader::open(&layout.sstable_path(id))).collect::<Result<_, _>>()?;
        let (mut log, mut done) = (Log::new(), Log::new());
        for segment in wal_segments(&layout.wal_dir())? {
            let changes = if segment.id < log_number { &mut done } else { &mut log };
            for batch in read_wal_segment(&segment.path)?.batches {
                for (sequence, entry) in (batch.starting_seq..).zip(batch.entries) {
                    changes.insert((entry.key, Reverse(sequence)), (entry.kind, entry.value.unwrap_or_default()));
                }
            }
        }
        Ok(Self { tables, log, done })
    }

    /// Visits each entry in the order of their keys. Gives how many changes are in the segments that are done with and
    /// in no newer form elsewhere; the old engine does not see them, and they are not visited.
    pub(super) fn visit(&self, mut visit: impl FnMut(Entry) -> Result<(), UpgradeError>) -> Result<u64, UpgradeError> {
        let mut sources = self.sources()?;
        let done = sources.len() - 1;
        let mut heap = BinaryHeap::new();
        for source in &mut sources {
            heap.extend(source.next().transpose()?.map(Reverse));
        }
        let (mut lost, mut key) = (0, None);
        while let Some(Reverse(version)) = heap.pop() {
            heap.extend(sources[version.source].next().transpose()?.map(Reverse));
            // Older ones of the same key follow its newest.
            if key.as_ref() == Some(&version.key) {
                continue;
            }
            if version.source == done {
                lost += 1;
                continue;
            }
            key = Some(version.key.clone());
            if let Some(entry) = entry(version)? {
                visit(entry)?;
            }
        }
        Ok(lost)
    }

    /// Everything that versions are read from, each in their order.
    fn sources(&self) -> Result<Vec<Versions<'_>>, UpgradeError> {
        let mut sources: Vec<Versions<'_>> = Vec::new();
        for table in &self.tables {
            let source = sources.len();
            sources.push(Box::new(table.entries()?.map(move |entry| {
                let entry = entry?;
                let (sequence, kind) = (Reverse(entry.seq), entry.kind as u8);
                Ok(Version { key: entry.user_key, sequence, source, kind, value: entry.value })
            })));
        }
        for log in [&self.log, &self.done] {
            let source = sources.len();
            sources.push(Box::new(log.iter().map(move |((key, sequence), (kind, value))| {
                let (key, value) = (key.clone(), value.clone());
                Ok(Version { key, sequence: *sequence, source, kind: *kind as u8, value })
            })));
        }
        Ok(sources)
    }
}

/// The entry that a key's newest version is, unless that is its removal.
fn entry(version: Version) -> Result<Option<Entry>, UpgradeError> {
    let Version { key, kind, value, .. } = version;
    match Kind::from_byte(kind) {
        Some(Kind::Delete | Kind::SoftDelete) => Ok(None),
        Some(kind @ (Kind::Set | Kind::Replace)) => match decode_value(kind, &value)? {
            Some(value) => Ok(Some(Entry { key, value })),
            None => Err(ReadError::Broken(format!("entry {} has no value", key.escape_ascii())).into()),
        },
        Some(Kind::Merge | Kind::LogData | Kind::RangeDelete) | None => {
            let reason = format!("entry {} was written in a way that Scrip does not write", key.escape_ascii());
            Err(ReadError::Broken(reason).into())
        }
    }
}
