//! The records of a file, one after the other (RFC 4180), from any of them on. A record has a bounded length and a bounded
//! number of cells: one that has more is passed over to its end and told, in no more memory than any other.

use std::io;

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::encoding::MARK;

/// The longest record, in bytes: its cells together.
pub(crate) const MAX_RECORD: usize = 64 * 1024;
/// The most cells of a record.
pub(crate) const MAX_CELLS: usize = 256;
/// How many bytes are read at once.
const PART: usize = 64 * 1024;

/// A record, or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// Its cells; or why there are none.
    pub(crate) cells: Result<Vec<String>, String>,
    /// The byte after it, and the line after it.
    pub(crate) end: u64,
    pub(crate) next_line: u64,
}

/// What is read of a file.
pub(crate) type Read = Box<dyn io::Read + Send>;

/// The records of a text in UTF-8.
pub(crate) struct Records {
    from: Read,
    core: csv_core::Reader,
    buffer: Vec<u8>,
    /// What of the buffer was not looked at yet.
    begin: usize,
    end: usize,
    /// Whether there is no more to read.
    all_read: bool,
    /// The place in the file, in bytes, and the line, that is looked at next.
    place: u64,
    line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Records {
    /// From a byte of a file on, before which there are so many lines, and to which it was read.
    pub(crate) fn new(from: Read, delimiter: char, place: u64, lines: u64) -> Self {
        let delimiter = u8::try_from(delimiter).unwrap_or(b',');
        Self {
            from,
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            buffer: vec![0; PART],
            begin: 0,
            end: 0,
            all_read: false,
            place,
            line: lines + 1,
            text: vec![0; MAX_RECORD],
            ends: vec![0; MAX_CELLS],
        }
    }

    /// The next record; none after the last.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        if self.place == 0 {
            self.fill()?;
            if self.buffer[..self.end].starts_with(MARK) {
                (self.begin, self.place) = (MARK.len(), MARK.len() as u64);
            }
        }
        let (mut written, mut cells, mut too_much) = (0, 0, None);
        let mut begun = None;
        loop {
            self.fill()?;
            begun = begun.or_else(|| self.skip_ends());
            let input = &self.buffer[self.begin..self.end];
            let (result, read, out, ended) =
                self.core.read_record(input, &mut self.text[written..], &mut self.ends[cells..]);
            let seen = &self.buffer[self.begin..self.begin + read];
            self.line += memchr::memchr_iter(b'\n', seen).count() as u64;
            self.begin += read;
            self.place += read as u64;
            written += out;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                // Passed over to its end, over what was read of it before.
                ReadRecordResult::OutputFull => {
                    too_much = Some(format!(
                        "the row is longer than {MAX_RECORD} bytes: a quotation mark that is never closed takes in all \
                         that follows"
                    ));
                    written = 0;
                }
                ReadRecordResult::OutputEndsFull => {
                    too_much.get_or_insert_with(|| format!("the row has more than {MAX_CELLS} cells"));
                    (cells, written) = (0, 0);
                }
                ReadRecordResult::Record => {
                    let cells = match too_much {
                        Some(reason) => Err(reason),
                        None => self.cells(cells),
                    };
                    let line = begun.unwrap_or(self.line);
                    return Ok(Some(Record { line, cells, end: self.place, next_line: self.line }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Reads more, where all that was read was looked at.
    fn fill(&mut self) -> io::Result<()> {
        while self.begin == self.end && !self.all_read {
            (self.begin, self.end) = (0, self.from.read(&mut self.buffer)?);
            self.all_read = self.end == 0;
        }
        Ok(())
    }

    /// Passes over the line ends before a record, which belong to the one before or to nothing; gives its line.
    fn skip_ends(&mut self) -> Option<u64> {
        while let Some(byte @ (b'\n' | b'\r')) = self.buffer[self.begin..self.end].first().copied() {
            self.line += u64::from(byte == b'\n');
            self.begin += 1;
            self.place += 1;
        }
        (self.begin < self.end).then_some(self.line)
    }

    fn cells(&self, number: usize) -> Result<Vec<String>, String> {
        let mut cells = Vec::with_capacity(number);
        let mut start = 0;
        for end in &self.ends[..number] {
            let bytes = self.text.get(start..*end).unwrap_or_default();
            let text = std::str::from_utf8(bytes)
                .map_err(|_| "the row is not in UTF-8: name the encoding that the file is in".to_owned())?;
            cells.push(text.to_owned());
            start = *end;
        }
        Ok(cells)
    }
}
