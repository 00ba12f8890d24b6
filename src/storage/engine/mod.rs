//! The engine under the embedded database on disk: SurrealKV 1.2 behind SurrealDB's own interfaces. SurrealDB 3.3.5
//! brings SurrealKV 0.21, which loses over crashes in a row what it has acknowledged, and can stand still for ever. To
//! be deleted with SurrealDB 4, which brings 1.2 itself.
//!
//! A commit that has returned is on disk (with `sync=every`), and only then do readers see it. A commit whose outcome is
//! not known says so, and is never reported as one that did not happen.

mod error;
mod freeze;
mod scan;
mod threads;
mod transaction;

#[cfg(test)]
mod tests;

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use surrealdb_kvs::{Error, Metrics, Result, Transactable, TransactionBuilder, TransactionType, api::BoxFut};
use surrealkv::{CompressionType, Durability, Mode, Options, Tree, TreeBuilder, VLogChecksumLevel, WalRecoveryMode};

pub(super) use self::freeze::Freeze;
use self::{
    threads::Threads,
    transaction::{Access, Transaction},
};

/// How many bytes of the newest tables are merged at once where there are enough of them; the engine has one figure for
/// this and for the level below. A merge writes all of that level again, however few the newest tables are: with
/// half of it, work on many coupons took a third longer; with twice as much, a tenth less, but claims in a large database
/// took a fifth longer, because each read asks more tables.
const MERGED: u64 = 256 * 1024 * 1024;
/// From how many tables on they are merged, however small they are. A memtable is given up half full where the next batch
/// of a job may not fit, so as many bytes are twice as many tables: merged from 16 on, work on a million coupons took a
/// tenth longer, and the merges two thirds more of the processors' time. Those of callers are fuller: of them 20 have as many
/// bytes.
const MOST_MERGED: usize = 32;
/// How many bytes of the newest tables there may be before a writer waits for a merge, and how many of these tables: a read
/// asks each. More than come during a merge.
const NEWEST: u64 = 1024 * 1024 * 1024;
const MOST_NEWEST: usize = 64;
/// The same for memtables that are full and not written out yet.
const FULL: u64 = 48 * 1024 * 1024;
const MOST_FULL: usize = 8;
/// How large tables are where a new folder is filled, in bytes.
const FILLED_TABLE: u64 = 8 * 1024 * 1024;
/// How large the level below the newest tables may be there, in bytes: rows come in order, so that its tables are written
/// once, and not again for each level below.
const FILLED_LEVEL: u64 = 1 << 40;

/// When a commit reaches the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    /// Before it returns.
    Every,
    /// When the operating system writes it. A killed process loses nothing by it, a power cut may.
    Never,
    /// At most this long after it returned.
    Interval(Duration),
}

/// What a folder is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be used. It is refused if it is damaged in another way than at its log's end.
    Use,
    /// A new folder is filled with rows, with little memory.
    Fill,
    /// A copy is looked at and thrown away. It is refused like the database itself.
    Look,
    /// The same, but of a damaged log everything before the damage is taken.
    Salvage,
}

/// What an engine is opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// When a commit reaches the disk.
    pub(super) sync: Sync,
    /// The most that a memtable holds, in bytes.
    pub(super) memtable: u64,
    /// The most that is kept of what was read, in bytes.
    pub(super) block_cache: u64,
    /// What for.
    pub(super) purpose: Purpose,
}

/// An open engine.
pub(super) struct Engine {
    /// Never cloned: dropping any clone of a tree closes it.
    tree: Arc<Tree>,
    durability: Durability,
    threads: Threads,
    freeze: Arc<Freeze>,
}

impl Engine {
    /// Opens the database in a folder, or makes it. A folder of SurrealKV 0.21 would be converted.
    pub(super) async fn open(folder: &Path, settings: Settings) -> std::result::Result<Self, surrealkv::Error> {
        let threads = Threads::start().map_err(|error| surrealkv::Error::Io(Arc::new(error)))?;
        let options = options(folder, settings);
        let log = folder.join("wal");
        // Built on the engine's own threads, because that is where it starts its tasks.
        let tree = threads.run(async move { TreeBuilder::with_options(options).build() }).await?;
        let tree = Arc::new(tree);
        // The engine lets the group look into the folder of its log, whatever the umask. It is within one that is its
        // owner's alone, so nothing is lost where this fails.
        drop(std::fs::set_permissions(&log, Permissions::from_mode(0o700)));
        if settings.purpose == Purpose::Use {
            tell_of_recovery(&tree);
        }
        if let Sync::Interval(interval) = settings.sync {
            threads.sync_every(interval, &tree);
        }
        let durability = match settings.sync {
            Sync::Every => Durability::Immediate,
            Sync::Never | Sync::Interval(_) => Durability::Eventual,
        };
        Ok(Self { tree, durability, threads, freeze: Arc::default() })
    }

    /// Writes everything out and lets the folder go.
    pub(super) async fn close(&self) -> std::result::Result<(), surrealkv::Error> {
        let tree = Arc::clone(&self.tree);
        self.threads.run(async move { tree.close().await }).await
    }

    /// What keeps it from being changed.
    pub(super) fn freeze(&self) -> Arc<Freeze> {
        Arc::clone(&self.freeze)
    }

    /// The tree itself.
    pub(super) fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }
}

/// The options of a tree. What is not named here is the engine's default.
fn options(folder: &Path, settings: Settings) -> Options {
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut options = Options::new()
        .with_path(folder.to_owned())
        .with_max_memtable_size(size(settings.memtable))
        .with_block_cache_capacity(settings.block_cache)
        // The newest tables are merged soon: to pack them would slow the writing of memtables for nothing. Each block says
        // how it is packed and its checksum is of what is on disk, so tables of either kind are read beside each other.
        .with_compression_per_level(vec![CompressionType::None, CompressionType::SnappyCompression])
        .with_flush_on_close(matches!(settings.purpose, Purpose::Use | Purpose::Fill))
        // A log that ends in the middle of a record goes on after the last whole one; any other damage is refused.
        .with_wal_recovery_mode(match settings.purpose {
            Purpose::Use | Purpose::Fill | Purpose::Look => WalRecoveryMode::TolerateTornTail,
            Purpose::Salvage => WalRecoveryMode::SalvageValidPrefix,
        })
        // All values are in the log and the tables, which have checksums: one file to sync for a commit. A folder that
        // came from SurrealKV 0.21 may have a value log all the same; nothing more goes there, and what is read is checked.
        .with_enable_vlog(false)
        .with_vlog_value_threshold(usize::MAX)
        .with_vlog_checksum_verification(VLogChecksumLevel::Full);
    // A writer waits where the newest tables, or memtables that are full, are this many. Merging takes seconds however small
    // they are, so small ones may be more.
    let fit = |bytes: u64| usize::try_from(bytes / settings.memtable.max(1)).unwrap_or(usize::MAX);
    options.max_bytes_for_level = MERGED;
    options.level0_max_files = options.level0_max_files.max(fit(2 * MERGED).min(MOST_MERGED));
    options.l0_stall_threshold = options.l0_stall_threshold.max(fit(NEWEST).min(MOST_NEWEST));
    options.memtable_stall_threshold = options.memtable_stall_threshold.max(fit(FULL).min(MOST_FULL));
    if settings.purpose == Purpose::Fill {
        // A table is in memory while it is written.
        options.target_file_size = FILLED_TABLE;
        options.max_bytes_for_level = FILLED_LEVEL;
    }
    if matches!(settings.purpose, Purpose::Look | Purpose::Salvage) {
        // A copy is never merged: a merge that meets a damaged block stops the engine, and keeps all that is whole back.
        options.level0_max_files = usize::MAX;
        options.l0_stall_threshold = usize::MAX;
        options.max_bytes_for_level = u64::MAX;
    }
    options
}

/// Tells the operator what was cut off the log's end.
fn tell_of_recovery(tree: &Tree) {
    let report = tree.recovery_report();
    if report.bytes_trimmed > 0 || report.records_dropped > 0 {
        tracing::warn!(
            bytes = report.bytes_trimmed,
            records = report.records_dropped,
            copies = ?report.quarantined_files,
            "the database's log ended in what is no whole write, as a crash leaves it: that was left out, and a copy kept"
        );
    }
}

impl TransactionBuilder for Engine {
    fn name(&self) -> &'static str {
        "surrealkv"
    }

    fn new_transaction(&self, kind: TransactionType) -> BoxFut<'_, Result<(Box<dyn Transactable>, bool)>> {
        Box::pin(async move {
            let (mode, access) = match kind {
                TransactionType::Read => (Mode::ReadOnly, Access::Read),
                TransactionType::Write if self.freeze.is_on() => {
                    (Mode::ReadWrite, Access::Frozen(Arc::clone(&self.freeze)))
                }
                TransactionType::Write => (Mode::ReadWrite, Access::Write),
            };
            let inner = self.tree.begin_with_mode(mode).map_err(error::failed)?.with_durability(self.durability);
            // True: it is of this process.
            Ok((Box::new(Transaction::new(&self.tree, inner, access)) as Box<dyn Transactable>, true))
        })
    }

    fn shutdown(&self) -> BoxFut<'_, Result<()>> {
        Box::pin(async move { self.close().await.map_err(|error| Error::Datastore(error.to_string())) })
    }

    fn register_metrics(&self) -> Option<Metrics> {
        None
    }

    fn collect_u64_metric(&self, _metric: &str) -> Option<u64> {
        None
    }
}
