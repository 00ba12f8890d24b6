//! The content of a file on the simulated disk: what is sure to be there, and what was done since. A power cut
//! leaves each page as it was after some part of that, and a size of its own.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, rngs::StdRng};

/// What the disk writes at once or not at all, in bytes.
const SECTOR: u64 = 512;
/// What the system writes back at once, in bytes.
const PAGE: u64 = 4096;

/// A change of a file's content.
#[derive(Debug, Clone)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Resize { size: u64 },
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    /// What is on disk for sure.
    kept: Vec<u8>,
    /// What was done since, each with its place in the journal.
    since: Vec<(u64, Change)>,
}

impl File {
    /// A file that is on disk.
    pub(super) fn kept(content: Vec<u8>) -> Self {
        Self { kept: content, since: Vec::new() }
    }

    pub(super) fn write(&mut self, place: u64, at: u64, bytes: &[u8]) {
        self.since.push((place, Change::Write { at, bytes: bytes.to_vec() }));
    }

    pub(super) fn resize(&mut self, place: u64, size: u64) {
        self.since.push((place, Change::Resize { size }));
    }

    /// All that was done before a place in the journal is on disk.
    pub(super) fn sync(&mut self, before: u64) {
        let synced = self.since.partition_point(|(place, _)| *place < before);
        for (_, change) in self.since.drain(..synced) {
            change.apply(&mut self.kept);
        }
    }

    /// All of it, as the process reads it.
    pub(super) fn whole(&self) -> Vec<u8> {
        self.after(self.since.len())
    }

    /// The content after some of the changes.
    fn after(&self, changes: usize) -> Vec<u8> {
        let mut content = self.kept.clone();
        for (_, change) in &self.since[..changes] {
            change.apply(&mut content);
        }
        content
    }

    /// What a power cut leaves.
    pub(super) fn cut(&self, random: &mut StdRng) -> Vec<u8> {
        let changes = self.since.len();
        if changes == 0 {
            return self.kept.clone();
        }
        match random.random_range(0..8) {
            0 => self.kept.clone(),
            1 => self.whole(),
            2..4 => self.torn(random),
            4 => {
                // The size was written, the data was not.
                let mut content = self.after(random.random_range(0..changes));
                content.resize(self.whole().len(), 0);
                content
            }
            _ => self.scattered(random),
        }
    }

    /// What was written up to some byte.
    fn torn(&self, random: &mut StdRng) -> Vec<u8> {
        let whole = random.random_range(0..self.since.len());
        let mut content = self.after(whole);
        match &self.since[whole].1 {
            Change::Write { at, bytes } => {
                let part = random.random_range(0..=bytes.len());
                Change::Write { at: *at, bytes: bytes[..part].to_vec() }.apply(&mut content);
            }
            Change::Resize { size } if *size > content.len() as u64 => {
                let size = random.random_range(content.len() as u64..=*size);
                Change::Resize { size }.apply(&mut content);
            }
            Change::Resize { .. } => {}
        }
        content
    }

    /// Pages and the size were written in any order, each as it was at some time; some pages in part.
    fn scattered(&self, random: &mut StdRng) -> Vec<u8> {
        let pages = self.versions_of_pages(random);
        let done = |sector: u64| pages.get(&(sector * SECTOR / PAGE)).map_or(0, |page| page.version(sector));
        let size = self.some_size(random);
        let mut content = self.kept.clone();
        for (number, (_, change)) in self.since.iter().enumerate() {
            match change {
                Change::Write { at, bytes } => {
                    for (at, bytes) in by_sector(*at, bytes) {
                        if number < done(at / SECTOR) {
                            Change::Write { at, bytes: bytes.to_vec() }.apply(&mut content);
                        }
                    }
                }
                Change::Resize { size } => {
                    // What is beyond the end is zero where it comes back.
                    for (at, byte) in content.iter_mut().enumerate().skip(*size as usize) {
                        if number < done(at as u64 / SECTOR) {
                            *byte = 0;
                        }
                    }
                }
            }
        }
        content.resize(size as usize, 0);
        content
    }

    /// As of which change each page is on disk.
    fn versions_of_pages(&self, random: &mut StdRng) -> BTreeMap<u64, Page> {
        let changes = self.since.len();
        let mut pages = BTreeMap::new();
        let (none, all) = (random.random_range(0.0..0.9), random.random_range(0.3..1.0));
        for page in self.changed_pages() {
            let mut any = || match random.random_range(0.0..1.0) {
                chance if chance < none => 0,
                _ if random.random_bool(all) => changes,
                _ => random.random_range(0..=changes),
            };
            let (first, rest) = (any(), any());
            let torn_at = if random.random_bool(0.2) {
                page * PAGE / SECTOR + random.random_range(1..PAGE / SECTOR)
            } else {
                u64::MAX
            };
            pages.insert(page, Page { first, rest, torn_at });
        }
        pages
    }

    /// Every page that differs from what is sure.
    fn changed_pages(&self) -> BTreeSet<u64> {
        let mut pages = BTreeSet::new();
        let mut longest = self.kept.len() as u64;
        for (_, change) in &self.since {
            let (from, to) = match change {
                Change::Write { at, bytes } => (*at, at + bytes.len() as u64),
                Change::Resize { size } => (*size, longest),
            };
            longest = longest.max(to);
            if from < to {
                pages.extend(from / PAGE..=(to - 1) / PAGE);
            }
        }
        pages
    }

    /// A size that it had, or one on the way from one to the next.
    fn some_size(&self, random: &mut StdRng) -> u64 {
        let mut sizes = vec![self.kept.len() as u64];
        for (_, change) in &self.since {
            let before = sizes[sizes.len() - 1];
            sizes.push(match change {
                Change::Write { at, bytes } => before.max(at + bytes.len() as u64),
                Change::Resize { size } => *size,
            });
        }
        let last = sizes.len() - 1;
        if random.random_bool(0.4) {
            return sizes[last];
        }
        let version = random.random_range(0..last);
        let (low, high) = (sizes[version], sizes[version + 1]);
        if low < high && random.random_bool(0.5) { random.random_range(low..=high) } else { low }
    }
}

/// A page on disk: its first sectors as of one change, those from `torn_at` on as of another.
struct Page {
    first: usize,
    rest: usize,
    torn_at: u64,
}

impl Page {
    fn version(&self, sector: u64) -> usize {
        if sector < self.torn_at { self.first } else { self.rest }
    }
}

/// A write, cut at the borders of sectors.
fn by_sector(at: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let first = (SECTOR - at % SECTOR).min(bytes.len() as u64) as usize;
    let (head, rest) = bytes.split_at(first);
    let rest_at = at + first as u64;
    let rest = rest.chunks(SECTOR as usize).enumerate();
    std::iter::once((at, head)).chain(rest.map(move |(number, part)| (rest_at + number as u64 * SECTOR, part)))
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            // Nothing written does not move the end either.
            Self::Write { bytes, .. } if bytes.is_empty() => {}
            Self::Write { at, bytes } => {
                let (at, end) = (*at as usize, *at as usize + bytes.len());
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[at..end].copy_from_slice(bytes);
            }
            Self::Resize { size } => content.resize(*size as usize, 0),
        }
    }
}
