//! What a file is found to be, before anybody has said what it is.

use std::io;

use serde::{Deserialize, Serialize};

use super::{Encoding, Read, Record, Records, delimiter::delimiter};
use scrip_domain::job::Field;

/// How much of a file its delimiter is told by, in bytes.
const HEAD: usize = 64 * 1024;
/// How many rows are told.
const SAMPLE: usize = 5;
/// The longest cell that is told, in characters.
const SHOWN: usize = 128;

/// What a file is found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// How many bytes it has.
    pub bytes: u64,
    /// What its text is in.
    pub encoding: Encoding,
    /// What parts its cells.
    pub delimiter: char,
    /// Whether its first row names its columns.
    pub header: bool,
    /// Its columns by name, or by place (1, 2 and so on) where it has no header.
    pub columns: Vec<String>,
    /// Its first row, as it was read.
    pub first_row: Vec<String>,
    /// How many rows it has, without the header.
    pub rows: u64,
    /// Its first rows.
    pub sample: Vec<Vec<String>>,
}

/// What a text in UTF-8 is found to be; `bytes` and `encoding` are those of the file that it is of, and what parts its
/// cells may be said.
pub(crate) fn facts(mut from: Read, bytes: u64, encoding: Encoding, parted_by: Option<char>) -> io::Result<FileFacts> {
    let mut head = vec![0; HEAD];
    let mut length = 0;
    while length < HEAD {
        match from.read(&mut head[length..])? {
            0 => break,
            read => length += read,
        }
    }
    head.truncate(length);
    let delimiter = parted_by.unwrap_or_else(|| delimiter(&String::from_utf8_lossy(&head)));
    let all: Read = Box::new(io::Read::chain(io::Cursor::new(head), from));
    let mut records = Records::new(all, delimiter, 0, 0);
    let (mut first, mut sample, mut rows) = (Vec::new(), Vec::new(), 0_u64);
    while let Some(Record { cells, .. }) = records.next()? {
        if rows == 0 {
            first = cells.clone().unwrap_or_default();
        }
        if sample.len() <= SAMPLE {
            sample.extend(cells.ok());
        }
        rows += 1;
    }
    let header = is_header(&first);
    if header {
        rows -= 1;
        sample.remove(0);
    }
    sample.truncate(SAMPLE);
    let first_row = first.clone();
    let columns = if header { first } else { (1..=first.len()).map(|place| place.to_string()).collect() };
    let shown = |cell: String| cell.chars().take(SHOWN).collect::<String>();
    Ok(FileFacts {
        bytes,
        encoding,
        delimiter,
        header,
        columns: columns.into_iter().map(shown).collect(),
        first_row,
        rows,
        sample: sample.into_iter().map(|row| row.into_iter().map(shown).collect()).collect(),
    })
}

/// Whether a row names columns: one of them is called as a field is.
fn is_header(row: &[String]) -> bool {
    row.iter().any(|cell| Field::named(cell).is_some())
}
