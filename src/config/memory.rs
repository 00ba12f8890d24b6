//! How much memory a gateway may take, as one number that an operator sets, and how it is shared out. Everything that
//! callers can make grow has its part; docs/bounds.md has the table.

use std::fs;

/// The least that can be set: what is of one size whatever the whole, and the process, would not fit into less.
pub(super) const LEAST: u64 = 768 << 20;
/// What the database's memtables, the committer's rows, the documents that were read before and the tables of patterns
/// take, whatever the whole.
#[cfg(test)]
const FIXED: u64 = (64 + 64 + 50 + 64) << 20;
/// The most that is taken where nothing is set, and the least.
const UNSET: (u64, u64) = (LEAST, 4 << 30);
/// The most bytes of an answer, however much memory there is.
const ANSWER: u64 = 16 << 20;
/// What a silent socket or stream takes, in bytes (measured, benches/streams.rs).
const STREAM: u64 = 16 << 10;
/// Of how many bytes of memory one is for a connection that says little.
const CONNECTION: u64 = 128 << 10;
/// The most sockets and streams, whatever the memory.
const STREAMS: u64 = 20_000;
/// How much memory a large answer takes for each of its bytes while it is made and written.
const IN_MEMORY: u64 = 6;

/// The parts, in bytes unless they are numbers of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// All of it.
    pub total: u64,
    /// The database's cache of blocks.
    pub block_cache: u64,
    /// What all calls of plugins may take together.
    pub plugins: u64,
    /// The most bytes of an answer.
    pub answer: usize,
    /// How many requests may compute or read for long at once, each with an answer in memory.
    pub far_places: usize,
    /// How many sockets and streams may be open.
    pub streams: usize,
    /// How many connections may be open, whatever the descriptors: each has some of a head in memory.
    pub connections: usize,
    /// About how much of long bodies that wait, and of answers that are not read yet, may be in memory.
    pub held: usize,
}

impl Budget {
    /// The parts of so many bytes.
    #[must_use]
    pub fn of(total: u64) -> Self {
        let total = total.max(LEAST);
        let answer = (total / 64).min(ANSWER);
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            total,
            block_cache: total / 8,
            plugins: total / 8,
            answer: number(answer),
            far_places: number((total / 4 / (answer * IN_MEMORY)).clamp(2, 16)),
            streams: number((total / 16 / STREAM).min(STREAMS)),
            connections: number(total / CONNECTION),
            held: number(total / 32),
        }
    }

    /// The parts of half of what the process may have, as the system or its container says, where nothing is set.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let limits = [container(), machine()].into_iter().flatten().min();
        Self::of(limits.map_or(UNSET.0, |limit| limit / 2).clamp(UNSET.0, UNSET.1))
    }
}

/// A number of bytes such as 536870912, 512MiB, 1GiB or 2GB.
#[must_use]
pub(super) fn bytes(text: &str) -> Option<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)].map(|(unit, shift)| (unit, 1_u64 << shift));
    let units = units.into_iter().chain([("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)]);
    let with_unit = units.into_iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
    let (number, bytes) = with_unit.unwrap_or((text, 1));
    let number = number.trim_end();
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse::<u64>().ok())??.checked_mul(bytes)
}

/// What the container may have (cgroup v2).
fn container() -> Option<u64> {
    fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()
}

/// What the machine has, where the system tells it.
fn machine() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_no_more_than_the_whole() {
        for total in [0, 768 << 20, 900 << 20, 1 << 30, 3 << 30, 64 << 30] {
            let budget = Budget::of(total);
            let answers = budget.far_places as u64 * budget.answer as u64 * IN_MEMORY;
            let sum = budget.block_cache + budget.plugins + answers + budget.streams as u64 * STREAM;
            let sum = sum + budget.held as u64;
            assert!(sum + FIXED <= budget.total, "{budget:?}: {sum}");
            assert!(budget.far_places >= 2 && budget.answer >= 8 << 20, "{budget:?}");
        }
        let one = Budget::of(1 << 30);
        assert_eq!((one.answer, one.streams), (16 << 20, 4_096));
    }

    #[test]
    fn numbers_of_bytes() {
        for (text, expected) in [
            ("1073741824", Some(1 << 30)),
            ("1GiB", Some(1 << 30)),
            ("768 MiB", Some(768 << 20)),
            ("2GB", Some(2_000_000_000)),
            ("", None),
            ("GiB", None),
            ("1.5GiB", None),
            ("-1GiB", None),
            ("1gib", None),
            ("99999999999GiB", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn a_machine_has_memory() {
        let budget = Budget::of_this_machine();
        assert!((UNSET.0..=UNSET.1).contains(&budget.total), "{budget:?}");
    }
}
