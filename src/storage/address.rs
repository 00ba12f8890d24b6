//! The database's address: `surrealkv://FOLDER` or `mem://`, with options after `?`. Unknown options
//! are refused, so that a typo does not silently leave a bound unset.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    OpenError,
    engine::{Purpose, Settings, Sync},
};

/// The memtable's size where the address names none, in bytes. It bounds the memory of unflushed
/// writes (there are four of them at times) and the time of a start, which replays them. Larger ones were not faster: as
/// pairs, 16 callers made as many claims a second with 64 MiB.
const MEMTABLE: u64 = 16 * 1024 * 1024;
/// The block cache's size where the address names none, in bytes. The engine would take a size of its own, which is
/// none of the container's business.
const BLOCK_CACHE: u64 = 256 * 1024 * 1024;
/// The size of memtables and of the block cache where a database is filled, in bytes.
const FILLING_MEMTABLE: u64 = 6 * 1024 * 1024;
/// What is kept free on the disk beside the memtables where the address names nothing, in bytes: for the log's next
/// part, the manifest, and what a file system takes for itself.
const BESIDE: u64 = 64 * 1024 * 1024;
/// For how many memtables room is kept: the one that is written to, and three that wait to be written out.
const MEMTABLES: u64 = 4;
/// The smallest memtable: a batch that does not fit into one becomes a table of its own.
const MIN_MEMTABLE: u64 = 1024 * 1024;

/// Where the data is, and how it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    folder: Option<PathBuf>,
    settings: Settings,
    reserve: Option<u64>,
}

impl Address {
    /// Reads an address such as `surrealkv://data/scrip?sync=every&max_memtable_size=67108864`.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let invalid = |reason: &str| OpenError::Address { address: text.to_owned(), reason: reason.to_owned() };
        let (place, options) = text.split_once('?').unwrap_or((text, ""));
        let folder = match place.split_once("://") {
            Some(("mem", "")) => None,
            Some(("surrealkv", folder)) if !folder.is_empty() => Some(PathBuf::from(folder)),
            Some(("surrealkv", _)) => return Err(invalid("it names no folder, as in surrealkv://data/scrip")),
            Some(("ws" | "wss", _)) => {
                return Err(invalid(
                    "a SurrealDB server is not available in this version: use surrealkv://FOLDER or mem://",
                ));
            }
            _ => return Err(invalid("expected surrealkv://FOLDER or mem://")),
        };
        let settings =
            Settings { sync: Sync::Every, memtable: MEMTABLE, block_cache: BLOCK_CACHE, purpose: Purpose::Use };
        let mut address = Self { text: text.to_owned(), folder, settings, reserve: None };
        let mut known = Vec::new();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let name = option.split_once('=').map_or(option, |(name, _)| name);
            if known.contains(&name) {
                return Err(invalid(&format!("option {name} is there twice: which one counts would be a guess")));
            }
            known.push(name);
            address.set(option).map_err(|reason| invalid(&reason))?;
        }
        if address.folder.is_none() && !options.is_empty() {
            return Err(invalid("mem:// takes no options"));
        }
        Ok(address)
    }

    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let bytes = |least: u64| match value.parse::<u64>() {
            Ok(bytes) if bytes >= least => Ok(bytes),
            _ => Err(format!("expected {name} in bytes, at least {least}")),
        };
        match name {
            "sync" => {
                let expected = "expected sync=every, sync=never or an interval such as sync=100ms";
                self.settings.sync = sync(value).ok_or_else(|| expected.to_owned())?;
            }
            "max_memtable_size" => self.settings.memtable = bytes(MIN_MEMTABLE)?,
            "block_cache_capacity" => self.settings.block_cache = bytes(0)?,
            "reserve" => self.reserve = Some(bytes(0)?),
            _ => {
                return Err(format!(
                    "unknown option {name:?}: possible are sync, max_memtable_size, block_cache_capacity and reserve"
                ));
            }
        }
        Ok(())
    }

    /// The address as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The folder of an embedded database on disk.
    #[must_use]
    pub fn folder(&self) -> Option<&PathBuf> {
        self.folder.as_ref()
    }

    /// The same for a database in another folder.
    pub(super) fn in_folder(&self, folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..self.clone() }
    }

    /// The same for a copy that is thrown away: nothing of it has to be on disk.
    pub(super) fn for_copy(&self, folder: &Path, purpose: Purpose) -> Self {
        let settings = Settings { sync: Sync::Never, purpose, ..self.settings };
        Self { settings, ..self.in_folder(folder) }
    }

    /// A new folder whose database nobody uses yet: it is put on disk when it is complete.
    pub(super) fn to_fill(folder: &Path) -> Self {
        let settings = Settings {
            sync: Sync::Never,
            memtable: FILLING_MEMTABLE,
            block_cache: FILLING_MEMTABLE,
            purpose: Purpose::Fill,
        };
        let text = format!("surrealkv://{}", folder.display());
        Self { text, folder: Some(folder.to_owned()), settings, reserve: None }
    }

    /// The same with so many bytes for the block cache, where it names none itself.
    #[must_use]
    pub fn with_block_cache(mut self, bytes: u64) -> Self {
        if !self.text.split(['?', '&']).any(|part| part.starts_with("block_cache_capacity=")) {
            self.settings.block_cache = bytes;
        }
        self
    }

    /// The same with little memory, for whoever reads every row once.
    pub(super) fn read_once(&self) -> Self {
        let settings = Settings { block_cache: FILLING_MEMTABLE.min(self.settings.block_cache), ..self.settings };
        Self { settings, ..self.clone() }
    }

    /// Whether a batch that is confirmed is on disk, which is what Scrip promises.
    pub(super) fn syncs_every_batch(&self) -> bool {
        self.settings.sync == Sync::Every
    }

    /// What its engine is opened with.
    pub(super) fn settings(&self) -> Settings {
        self.settings
    }

    /// How many bytes of its disk are kept free.
    pub(super) fn reserve(&self) -> u64 {
        self.reserve.unwrap_or_else(|| BESIDE.saturating_add(self.settings.memtable.saturating_mul(MEMTABLES)))
    }
}

/// When commits reach the disk, as an address says it.
fn sync(text: &str) -> Option<Sync> {
    let whole = |number: &str| number.parse::<u32>().ok().filter(|number| *number > 0);
    match text {
        "every" => Some(Sync::Every),
        "never" => Some(Sync::Never),
        _ => match (text.strip_suffix("ms"), text.strip_suffix('s')) {
            (Some(number), _) => Some(Sync::Interval(Duration::from_millis(whole(number)?.into()))),
            (None, Some(number)) => Some(Sync::Interval(Duration::from_secs(whole(number)?.into()))),
            (None, None) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, good) in [
            ("mem://", true),
            ("surrealkv://data/scrip", true),
            ("surrealkv:///var/lib/scrip?sync=never", true),
            ("surrealkv://x?max_memtable_size=1048576&block_cache_capacity=0", true),
            ("surrealkv://", false),
            ("surrealkv://x?max_memtable_size=1000", false),
            ("surrealkv://x?memtable=1", false),
            ("surrealkv://x?sync=sometimes", false),
            ("surrealkv://x?sync=100ms", true),
            ("surrealkv://x?reserve=0", true),
            ("surrealkv://x?reserve=much", false),
            ("surrealkv://x?sync=every&sync=never", false),
            ("surrealkv://x?sync=0ms", false),
            ("surrealkv://x?sync=ms", false),
            ("surrealkv://x?sync=5m", false),
            ("mem://?sync=every", false),
            ("rocksdb://x", false),
            ("ws://127.0.0.1:8000", false),
            ("data/scrip", false),
            ("", false),
        ] {
            assert_eq!(Address::parse(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn how_much_is_kept_free() {
        const MIB: u64 = 1024 * 1024;
        for (text, mib) in [
            ("surrealkv://x", 128),
            ("surrealkv://x?max_memtable_size=1048576", 68),
            ("surrealkv://x?reserve=1048576&max_memtable_size=1048576", 1),
        ] {
            assert_eq!(Address::parse(text).expect("an address").reserve(), mib * MIB, "{text}");
        }
    }

    #[test]
    fn when_commits_reach_the_disk() {
        let second = Duration::from_secs(1);
        for (text, expected) in [
            ("surrealkv://x", Sync::Every),
            ("surrealkv://x?sync=every", Sync::Every),
            ("surrealkv://x?sync=never", Sync::Never),
            ("surrealkv://x?sync=100ms", Sync::Interval(second / 10)),
            ("surrealkv://x?sync=1s", Sync::Interval(second)),
        ] {
            assert_eq!(Address::parse(text).expect("an address").settings().sync, expected, "{text}");
        }
    }
}
