//! Which changes a segment of the engine's log holds, by their numbers.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::frame::{BLOCK, COMPRESSION, FIRST, FULL, HEADER, LAST, MIDDLE, checksum};

/// How far the segment was synced.
const SYNCED: u8 = 11;

/// As much of a record as says which changes it holds: a byte and two numbers of at most 10 bytes.
const START: usize = 21;

/// The changes of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The number of the first.
    pub(super) first: u64,
    /// That of the last.
    pub(super) last: u64,
}

/// What is read of a segment.
#[derive(Default)]
struct Reading {
    span: Option<Span>,
    /// The start of a record that is split; none between records.
    record: Option<Vec<u8>>,
}

/// The changes of a segment up to the first frame that is not whole; none where there is no whole record.
pub(super) fn span(path: &Path) -> io::Result<Option<Span>> {
    let mut file = File::open(path)?;
    let mut reading = Reading::default();
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        block.clear();
        file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        let whole = reading.block(&block).is_some();
        if !whole || block.len() < BLOCK {
            return Ok(reading.span);
        }
    }
}

impl Reading {
    /// Reads a block; none where a frame is not whole.
    fn block(&mut self, mut block: &[u8]) -> Option<()> {
        while let Some((header, rest)) = block.split_first_chunk::<HEADER>() {
            let &[c0, c1, c2, c3, l0, l1, kind] = header;
            if kind == 0 {
                // Padding to the end of the block.
                return block.iter().all(|byte| *byte == 0).then_some(());
            }
            let (content, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
            match kind {
                SYNCED => {}
                COMPRESSION if content.first() == Some(&0) => {}
                FULL | FIRST | MIDDLE | LAST => {
                    (checksum(kind, content) == u32::from_be_bytes([c0, c1, c2, c3])).then_some(())?;
                    self.frame(kind, content)?;
                }
                _ => return None,
            }
            block = after;
        }
        Some(())
    }

    fn frame(&mut self, kind: u8, content: &[u8]) -> Option<()> {
        let begins = matches!(kind, FULL | FIRST);
        let mut record = match (begins, self.record.take()) {
            (true, None) => Vec::with_capacity(START),
            (false, Some(record)) => record,
            _ => return None,
        };
        let lacks = START.saturating_sub(record.len()).min(content.len());
        record.extend_from_slice(content.get(..lacks)?);
        if matches!(kind, FULL | LAST) {
            let changes = changes(&record)?;
            let Span { first, last } = self.span.unwrap_or(changes);
            self.span = Some(Span { first, last: last.max(changes.last) });
        } else {
            self.record = Some(record);
        }
        Some(())
    }
}

/// The changes of a record: its version, the number of the first, how many they are.
fn changes(record: &[u8]) -> Option<Span> {
    let (_, rest) = record.split_first()?;
    let (first, rest) = number(rest)?;
    let (count, _) = number(rest)?;
    Some(Span { first, last: first.checked_add(count.saturating_sub(1))? })
}

/// A number in groups of seven bits, the lowest first, and what follows it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(10).position(|byte| *byte < 0x80)? + 1;
    let (groups, rest) = bytes.split_at_checked(length)?;
    let number = groups.iter().rev().fold(0_u64, |number, group| (number << 7) | u64::from(group & 0x7f));
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A frame of a segment.
    fn frame(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("below a block");
        [&checksum(kind, content).to_be_bytes()[..], &length.to_be_bytes(), &[kind], content].concat()
    }

    #[test]
    fn the_changes_of_a_segment() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let (one, other) = (frame(FULL, &[1, 5, 3, 0, 0]), frame(FULL, &[1, 0x88, 1, 1]));
        let long = [frame(FIRST, &[1, 0x89]), frame(MIDDLE, &[]), frame(LAST, &[1, 2, 9])].concat();
        let broken = [&one[..8], &[9], &one[9..]].concat();
        let span = |first, last| Some(Span { first, last });
        for (parts, expected) in [
            (vec![], None),
            (vec![vec![0; 100]], None),
            (vec![one.clone()], span(5, 7)),
            (vec![one.clone(), other.clone()], span(5, 136)),
            (vec![one.clone(), other.clone(), vec![0; 40_000]], span(5, 136)),
            (vec![one.clone(), other, long.clone()], span(5, 138)),
            (vec![one.clone(), long[..long.len() - 1].to_vec()], span(5, 7)),
            (vec![frame(COMPRESSION, &[0]), frame(SYNCED, &[0; 8]), one.clone()], span(5, 7)),
            (vec![broken, one], None),
        ] {
            fs::write(&path, parts.concat()).expect("written");
            assert_eq!(super::span(&path).expect("readable"), expected, "{parts:?}");
        }
    }
}
