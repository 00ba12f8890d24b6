//! The records of a log segment of SurrealKV 0.21, by their frames alone: how many are whole, where they end, and
//! whether any follow what is not.

use std::ops::Range;

use crate::files::frame::{BLOCK, COMPRESSION, FIRST, FULL, HEADER, LAST, MIDDLE, checksum};

/// What is in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    /// How many records are whole, from its beginning.
    pub(super) records: usize,
    /// Where they end.
    pub(super) end: usize,
    /// Whether something follows that is not a whole record.
    pub(super) torn: bool,
    /// Whether whole records follow that.
    pub(super) followed: bool,
}

/// A frame: a record or a part of one.
struct Frame {
    kind: u8,
    end: usize,
}

/// Looks at a segment.
pub(super) fn look(bytes: &[u8]) -> Segment {
    let (mut records, mut end, mut place) = (0, 0, 0);
    let mut inside = false;
    while let Some(frame) = next(bytes, place) {
        let fits = match frame.kind {
            FULL | FIRST | COMPRESSION => !inside,
            MIDDLE | LAST => inside,
            _ => false,
        };
        if !fits {
            break;
        }
        place = frame.end;
        inside = matches!(frame.kind, FIRST | MIDDLE);
        if matches!(frame.kind, FULL | LAST) {
            records += 1;
        }
        if !inside {
            end = place;
        }
    }
    let torn = bytes[end..].iter().any(|byte| *byte != 0);
    // From where the frames stopped, not from where the records did: the beginning of the torn record is whole frames.
    let followed = torn && begins_a_record(bytes, place..bytes.len());
    Segment { records, end, torn, followed }
}

/// The frame at a place, or after the padding there.
fn next(bytes: &[u8], mut place: usize) -> Option<Frame> {
    loop {
        let rest = BLOCK - place % BLOCK;
        let padding = bytes.get(place..(place + rest).min(bytes.len()))?;
        if padding.is_empty() {
            return None;
        }
        // No kind is 0, so a block that goes on with zeros holds nothing more.
        if rest < HEADER || padding.iter().all(|byte| *byte == 0) {
            place += rest;
            continue;
        }
        return frame(bytes, place);
    }
}

/// The frame whose header is exactly here, if its checksum holds.
fn frame(bytes: &[u8], place: usize) -> Option<Frame> {
    let header = bytes.get(place..place + HEADER)?;
    let &[c0, c1, c2, c3, l0, l1, kind] = header else { return None };
    let (sum, length) = (u32::from_be_bytes([c0, c1, c2, c3]), usize::from(u16::from_be_bytes([l0, l1])));
    let end = place + HEADER + length;
    let content = bytes.get(place + HEADER..end)?;
    let whole = place % BLOCK + HEADER + length <= BLOCK && (kind == COMPRESSION || checksum(kind, content) == sum);
    whole.then_some(Frame { kind, end })
}

/// Whether a record begins anywhere in here.
fn begins_a_record(bytes: &[u8], mut places: Range<usize>) -> bool {
    places.any(|place| {
        let kind = bytes.get(place + HEADER - 1);
        matches!(kind, Some(&(FULL | FIRST))) && frame(bytes, place).is_some_and(|frame| frame.end > place + HEADER)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment of records of these lengths.
    fn segment(lengths: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, length) in lengths.iter().enumerate() {
            let content = vec![u8::try_from(number).expect("few") + 1; *length];
            append(&mut bytes, &content);
        }
        bytes
    }

    fn append(bytes: &mut Vec<u8>, mut content: &[u8]) {
        let mut first = true;
        loop {
            let rest = BLOCK - bytes.len() % BLOCK;
            if rest < HEADER {
                bytes.resize(bytes.len() + rest, 0);
                continue;
            }
            let part = content.len().min(rest - HEADER);
            let kind = match (first, part == content.len()) {
                (true, true) => FULL,
                (true, false) => FIRST,
                (false, true) => LAST,
                (false, false) => MIDDLE,
            };
            bytes.extend(checksum(kind, &content[..part]).to_be_bytes());
            bytes.extend(u16::try_from(part).expect("below a block").to_be_bytes());
            bytes.push(kind);
            bytes.extend(&content[..part]);
            content = &content[part..];
            first = false;
            if content.is_empty() {
                return;
            }
        }
    }

    #[test]
    fn whole_segments() {
        for lengths in [&[][..], &[1], &[100, 200], &[40_000, 5], &[BLOCK - HEADER, 5], &[BLOCK - HEADER - 3, 5]] {
            let mut bytes = segment(lengths);
            let expected = Segment { records: lengths.len(), end: bytes.len(), torn: false, followed: false };
            assert_eq!(look(&bytes), expected, "{lengths:?}");
            bytes.resize(bytes.len() + 3 * BLOCK, 0);
            assert_eq!(look(&bytes), expected, "{lengths:?} with zeros behind");
        }
    }

    #[test]
    fn a_segment_cut_anywhere_ends_with_its_last_whole_record() {
        for lengths in [&[100, 200][..], &[100, 70_000], &[BLOCK - HEADER - 107 - 3, 100]] {
            let bytes = segment(lengths);
            let end = segment(&lengths[..1]).len();
            for cut in (end..bytes.len()).step_by(13).chain([end + 1, bytes.len() - 1]) {
                let found = look(&bytes[..cut]);
                let torn = bytes[end..cut].iter().any(|byte| *byte != 0);
                assert_eq!(found, Segment { records: 1, end, torn, followed: false }, "{lengths:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_follows_a_torn_record_is_found() {
        for (torn, cut) in [(200, 3), (200, 50), (70_000, 50_000), (70_000, BLOCK - 107)] {
            let mut bytes = segment(&[100]);
            let end = bytes.len();
            append(&mut bytes, &vec![9; torn]);
            bytes.truncate(end + cut);
            append(&mut bytes, &[7; 40]);
            let expected = Segment { records: 1, end, torn: true, followed: true };
            assert_eq!(look(&bytes), expected, "a record of {torn} cut after {cut}");
        }
    }
}
