//! The names on the simulated disk: which file or folder each stands for. A change of names is on disk for sure when
//! a folder that it is in was synced after it; of the others, a power cut leaves some.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    path::{Component, Path},
};

use rand::{Rng, rngs::StdRng};

/// A file or a folder, by its number.
pub(super) type Node = usize;
/// The folder that everything is in.
pub(super) const ROOT: Node = 0;

/// A name in a folder.
type Name = (Node, OsString);

/// What names stand for.
pub(super) type Table = BTreeMap<Name, Node>;

/// A change of names, made at once: what each stands for afterwards.
#[derive(Debug, Clone)]
struct Change {
    place: u64,
    names: Vec<(Name, Option<Node>)>,
    /// A folder of it was synced.
    synced: bool,
    /// Anything was synced after it.
    before_a_sync: bool,
}

/// All names.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    kept: Table,
    since: Vec<Change>,
    now: Table,
}

impl Names {
    /// A name that is on disk.
    pub(super) fn keep(&mut self, folder: Node, name: &OsStr, node: Node) {
        self.kept.insert((folder, name.to_owned()), node);
        self.now.insert((folder, name.to_owned()), node);
    }

    /// What a path stands for.
    pub(super) fn find(&self, path: &Path) -> Option<Node> {
        let mut node = ROOT;
        for part in path.components() {
            let Component::Normal(name) = part else { panic!("{} is no plain path", path.display()) };
            node = *self.now.get(&(node, name.to_owned()))?;
        }
        Some(node)
    }

    /// A path's folder, which has to exist, and its name there.
    pub(super) fn name(&self, path: &Path) -> Name {
        let folder = path.parent().and_then(|folder| self.find(folder));
        let folder = folder.unwrap_or_else(|| panic!("{} is in no folder", path.display()));
        (folder, path.file_name().expect("a name").to_owned())
    }

    /// Changes names at once, at a place in the journal.
    pub(super) fn change(&mut self, place: u64, names: Vec<(Name, Option<Node>)>) {
        for (name, node) in &names {
            set(&mut self.now, name, *node);
        }
        self.since.push(Change { place, names, synced: false, before_a_sync: false });
    }

    /// A file or folder was synced, as it was at a place in the journal.
    pub(super) fn sync(&mut self, node: Node, before: u64) {
        for change in self.since.iter_mut().filter(|change| change.place < before) {
            change.before_a_sync = true;
            change.synced |= change.names.iter().any(|((folder, _), _)| *folder == node);
        }
    }

    /// All names, as the process sees them.
    pub(super) fn now(&self) -> &Table {
        &self.now
    }

    /// What a power cut leaves: on a file system that writes changes of names in their order, with every sync, or on
    /// one that promises no more than POSIX does.
    pub(super) fn cut(&self, random: &mut StdRng) -> Table {
        let left: Vec<bool> = if random.random_bool(0.5) { self.in_order(random) } else { self.in_any_order(random) };
        let mut table = self.kept.clone();
        for (change, _) in self.since.iter().zip(left).filter(|(_, left)| *left) {
            for (name, node) in &change.names {
                set(&mut table, name, *node);
            }
        }
        table
    }

    fn in_order(&self, random: &mut StdRng) -> Vec<bool> {
        let sure = self.since.iter().rposition(|change| change.before_a_sync).map_or(0, |last| last + 1);
        let all = self.since.len();
        let left = if random.random_bool(0.4) { sure } else { random.random_range(sure..=all) };
        (0..all).map(|number| number < left).collect()
    }

    fn in_any_order(&self, random: &mut StdRng) -> Vec<bool> {
        let chance = if random.random_bool(0.3) { 0.0 } else { random.random_range(0.0..1.0) };
        let mut left: Vec<bool> = self.since.iter().map(|change| change.synced || random.random_bool(chance)).collect();
        // What a name stands for is not changed without what changed it before.
        let mut needed = BTreeSet::new();
        for (change, left) in self.since.iter().zip(&mut left).rev() {
            *left |= change.names.iter().any(|(name, _)| needed.contains(name));
            if *left {
                needed.extend(change.names.iter().map(|(name, _)| name));
            }
        }
        left
    }
}

fn set(table: &mut Table, name: &Name, node: Option<Node>) {
    match node {
        Some(node) => drop(table.insert(name.clone(), node)),
        None => drop(table.remove(name)),
    }
}
