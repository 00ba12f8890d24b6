//! The database's address: `surrealkv://FOLDER` or `mem://`, with options after `?`. Unknown options
//! are refused, so that a typo does not silently leave a bound unset.

use std::path::PathBuf;

use surrealdb_cnf::ConfigMap;

use super::OpenError;

/// The memtable's size where the address names none, in bytes. It bounds the memory of unflushed
/// writes (there are two of them at times) and the time of a start, which replays them.
const MEMTABLE: u64 = 64 * 1024 * 1024;
/// The block cache's size where the address names none, in bytes.
const BLOCK_CACHE: u64 = 256 * 1024 * 1024;
/// The smallest memtable: one batch has to fit into it.
const MIN_MEMTABLE: u64 = 1024 * 1024;

/// Where the data is, and how it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    folder: Option<PathBuf>,
    sync: Option<String>,
    memtable: u64,
    block_cache: u64,
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
        let mut address =
            Self { text: text.to_owned(), folder, sync: None, memtable: MEMTABLE, block_cache: BLOCK_CACHE };
        for option in options.split('&').filter(|option| !option.is_empty()) {
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
                let interval = value.strip_suffix("ms").or_else(|| value.strip_suffix('s'));
                let known = matches!(value, "every" | "never") || interval.is_some_and(|n| n.parse::<u32>().is_ok());
                if !known {
                    return Err("expected sync=every, sync=never or an interval such as sync=100ms".to_owned());
                }
                self.sync = Some(value.to_owned());
            }
            "max_memtable_size" => self.memtable = bytes(MIN_MEMTABLE)?,
            "block_cache_capacity" => self.block_cache = bytes(0)?,
            _ => {
                return Err(format!(
                    "unknown option {name:?}: possible are sync, max_memtable_size and block_cache_capacity"
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

    /// The size of its memtable, in bytes.
    pub(super) fn memtable(&self) -> u64 {
        self.memtable
    }

    /// The address as the database reads it.
    pub(super) fn engine_path(&self) -> String {
        match &self.folder {
            None => "mem://".to_owned(),
            Some(folder) => {
                let sync = self.sync.as_deref().unwrap_or("every");
                format!("surrealkv://{}?sync={sync}", folder.display())
            }
        }
    }

    /// The bounds of its memory. The engine would size both by the machine's memory, not the
    /// container's, so they are always set.
    pub(super) fn engine_config(&self) -> ConfigMap {
        ConfigMap::empty()
            .with_key_value("surrealkv_max_memtable_size", self.memtable.to_string())
            .with_key_value("surrealkv_block_cache_capacity", self.block_cache.to_string())
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
            ("mem://?sync=every", false),
            ("rocksdb://x", false),
            ("ws://127.0.0.1:8000", false),
            ("data/scrip", false),
            ("", false),
        ] {
            assert_eq!(Address::parse(text).is_ok(), good, "{text}");
        }
    }
}
