//! Reads a backup frame by frame, and gives nothing of a frame before its checksums are right. A file is whole once its
//! end was read.

use std::{
    collections::BTreeMap,
    io::{ErrorKind, Read},
};

use super::{
    error::BackupFault,
    format::{End, HEAD, Header, Kind, MAGIC, MOST, SUM, Sums, VERSION, tables},
};
use crate::format::FORMAT;

/// A backup that is being read.
pub(super) struct Reader<R> {
    source: R,
    /// How many bytes were read.
    at: u64,
    sums: Sums,
    header: Header,
    rows: BTreeMap<String, u64>,
    /// The last row: its table's place among all tables, and its id.
    last: (usize, Vec<u8>),
}

/// Rows of one table, in their order.
pub(super) struct Frame {
    table: &'static str,
    content: Vec<u8>,
}

impl Frame {
    /// The table.
    pub(super) fn table(&self) -> &'static str {
        self.table
    }

    /// The rows as they are in the file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.content[1 + self.table.len()..]
    }

    /// The rows, each as its id and value.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = self.bytes();
        std::iter::from_fn(move || row(&mut rest))
    }
}

/// Takes a row from the start of some bytes; none where they do not hold a whole one.
fn row<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (id, after) = rest.split_first_chunk()?;
    let (value, after) = after.split_first_chunk()?;
    let (id, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*id)).ok()?)?;
    let (value, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*value)).ok()?)?;
    *rest = after;
    Some((id, value))
}

impl<R: Read> Reader<R> {
    /// Begins to read a backup, up to its header.
    pub(super) fn open(mut source: R) -> Result<Self, BackupFault> {
        let mut beginning = Vec::new();
        let length = (MAGIC.len() + 4) as u64;
        source.by_ref().take(length).read_to_end(&mut beginning).map_err(BackupFault::Unreadable)?;
        let at = beginning.len() as u64;
        let Some(version) = beginning.strip_prefix(&MAGIC) else {
            let begun = !beginning.is_empty() && MAGIC.starts_with(&beginning);
            return Err(if begun { BackupFault::Cut { at } } else { BackupFault::Foreign });
        };
        let version = version.try_into().map(u32::from_le_bytes).map_err(|_| BackupFault::Cut { at })?;
        if version > VERSION {
            return Err(BackupFault::Later { what: "version", found: version, known: VERSION });
        }
        let none = Header { scrip: String::new(), format: 0, taken: 0, batch: 0, at: 0 };
        let sums = Sums::new(&beginning);
        let mut reader = Self { source, at, sums, header: none, rows: BTreeMap::new(), last: (0, Vec::new()) };
        let (Kind::Header, header) = reader.frame()? else { return Err(reader.damaged("it has no header")) };
        reader.header = serde_json::from_slice(&header).map_err(|error| reader.damaged(&error.to_string()))?;
        let known = FORMAT;
        match reader.header.format {
            found if found > known => Err(BackupFault::Later { what: "format", found, known }),
            _ => Ok(reader),
        }
    }

    /// What it is a backup of.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next rows; none at its end, when all of it was found to be right.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, BackupFault> {
        let digest = self.sums.digest();
        match self.frame()? {
            (Kind::Rows, content) => self.checked(content).map(Some),
            (Kind::Header, _) => Err(self.damaged("it has a second header")),
            (Kind::End, content) => {
                let end: End = serde_json::from_slice(&content).map_err(|error| self.damaged(&error.to_string()))?;
                if end.digest != digest || end.rows != self.rows {
                    return Err(self.damaged("its end does not fit what is before it"));
                }
                match self.source.read(&mut [0]) {
                    Ok(0) => Ok(None),
                    Ok(_) => Err(self.damaged("something follows its end")),
                    Err(error) => Err(BackupFault::Unreadable(error)),
                }
            }
        }
    }

    /// Rows that are whole, of a table that is known, and in their order.
    fn checked(&mut self, content: Vec<u8>) -> Result<Frame, BackupFault> {
        let named = content.split_first().and_then(|(length, rest)| rest.get(..usize::from(*length)));
        let mut tables = tables().into_iter().enumerate();
        let Some((place, table)) = tables.find(|(_, table)| named == Some(table.as_bytes())) else {
            return Err(self.damaged("it has rows of a table that is not known"));
        };
        let frame = Frame { table, content };
        let (mut number, mut bytes) = (0, 1 + table.len());
        let mut last = std::mem::take(&mut self.last);
        for (id, value) in frame.rows() {
            let begins = number == 0 && last.0 < place;
            if !begins && (last.0 != place || last.1.as_slice() >= id) {
                return Err(self.damaged("its rows are out of order"));
            }
            last.0 = place;
            last.1.clear();
            last.1.extend_from_slice(id);
            number += 1;
            bytes += 8 + id.len() + value.len();
        }
        self.last = last;
        if bytes != frame.content.len() {
            return Err(self.damaged("it ends in the middle of a row"));
        }
        *self.rows.entry(table.to_owned()).or_default() += number;
        Ok(frame)
    }

    fn frame(&mut self) -> Result<(Kind, Vec<u8>), BackupFault> {
        let head = self.summed(HEAD)?;
        let number = |from: usize| {
            let bytes = head.get(from..from + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
            bytes.filter(|length| *length <= MOST).and_then(|length| usize::try_from(length).ok())
        };
        let kind = head.first().and_then(|byte| Kind::parse(*byte));
        let (Some(kind), Some(stored), Some(length)) = (kind, number(1), number(5)) else {
            return Err(self.damaged("it has a frame that is not known"));
        };
        let stored = self.summed(stored)?;
        let content = zstd::bulk::decompress(&stored, length).map_err(|error| self.damaged(&error.to_string()))?;
        if content.len() != length {
            return Err(self.damaged("a frame is shorter than it says"));
        }
        Ok((kind, content))
    }

    /// So many bytes, and whether their checksum is right.
    fn summed(&mut self, length: usize) -> Result<Vec<u8>, BackupFault> {
        let bytes = self.bytes(length)?;
        let sum = self.bytes(SUM)?;
        if self.sums.add(&bytes) != sum.as_slice() {
            return Err(self.damaged("a checksum is wrong"));
        }
        Ok(bytes)
    }

    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, BackupFault> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.source.read(&mut bytes[filled..]) {
                Ok(0) => return Err(BackupFault::Cut { at: self.at }),
                Ok(read) => {
                    filled += read;
                    self.at += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(BackupFault::Unreadable(error)),
            }
        }
        Ok(bytes)
    }

    fn damaged(&self, reason: &str) -> BackupFault {
        BackupFault::Damaged { at: self.at, reason: reason.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::format::{Encoder, Rows};

    fn header(format: u32) -> Header {
        Header { scrip: "1.0.0".to_owned(), format, taken: 0, batch: 7, at: 0 }
    }

    /// The parts of a backup with these rows.
    fn parts(batch: u64, rows: &[(&'static str, &[&str])]) -> Vec<Vec<u8>> {
        let (mut encoder, beginning) = Encoder::begin(&Header { batch, ..header(1) }).expect("a beginning");
        let mut parts = vec![beginning];
        for (table, ids) in rows {
            let mut rows = Rows::new(table);
            ids.iter().for_each(|id| rows.add(id.as_bytes(), b"value"));
            parts.push(encoder.rows(&rows).expect("a frame"));
        }
        parts.push(encoder.end().expect("an end"));
        parts
    }

    /// The rows of a backup, each as its table and id.
    fn read(bytes: &[u8]) -> Result<Vec<(&'static str, String)>, String> {
        let mut reader = Reader::open(bytes).map_err(|fault| fault.to_string())?;
        let mut found = Vec::new();
        while let Some(frame) = reader.next().map_err(|fault| fault.to_string())? {
            found.extend(frame.rows().map(|(id, _)| (frame.table(), String::from_utf8_lossy(id).into_owned())));
        }
        Ok(found)
    }

    #[test]
    fn what_was_written_is_read() {
        let rows: [(&str, &[&str]); 3] = [("code", &["", "a"]), ("code", &["b"]), ("pool", &["a"])];
        let found = read(&parts(1, &rows).concat()).expect("rows");
        let expected = [("code", ""), ("code", "a"), ("code", "b"), ("pool", "a")];
        assert!(found.iter().map(|(table, id)| (*table, id.as_str())).eq(expected), "{found:?}");
        assert_eq!(read(&parts(1, &[]).concat()), Ok(Vec::new()));
    }

    #[test]
    fn no_frame_is_left_out_moved_or_of_another_backup() {
        let rows: [(&str, &[&str]); 3] = [("code", &["a"]), ("code", &["b"]), ("code", &["c"])];
        let (whole, other) = (parts(1, &rows), parts(2, &rows));
        for (wrong, name) in [
            ([&whole[..2], &whole[3..]].concat(), "left out"),
            ([&whole[..1], &whole[2..3], &whole[1..2], &whole[3..]].concat(), "moved"),
            ([&whole[..2], &whole[1..]].concat(), "twice"),
            ([&whole[..2], &other[2..]].concat(), "of another"),
            ([&whole[..4], &other[4..]].concat(), "the end of another"),
        ] {
            let said = read(&wrong.concat()).expect_err(name);
            assert!(said.contains("a checksum is wrong"), "{name}: {said}");
        }
    }

    #[test]
    fn rows_are_in_order_and_of_tables_that_are_known() {
        let refused = |rows: &[(&'static str, &[&str])]| read(&parts(1, rows).concat()).expect_err("a fault");
        for rows in [
            &[("code", &["b", "a"][..])][..],
            &[("code", &["a", "a"])],
            &[("code", &["b"]), ("code", &["a"])],
            &[("pool", &["a"]), ("code", &["a"])],
        ] {
            assert!(refused(rows).contains("out of order"), "{rows:?}");
        }
        assert!(refused(&[("nothing", &["a"])]).contains("not known"));
    }

    #[test]
    fn a_later_format_is_refused() {
        let newest = FORMAT;
        for (format, refused) in [(0, false), (newest, false), (newest + 1, true), (u32::MAX, true)] {
            let (encoder, beginning) = Encoder::begin(&header(format)).expect("a beginning");
            let read = read(&[beginning, encoder.end().expect("an end")].concat());
            assert_eq!(read.is_err_and(|said| said.contains("a later Scrip has made it (its format is")), refused);
        }
    }
}
