//! How large a database is, told from what is counted and from a few rows of each table: what it costs does not depend on
//! how many there are.

use std::{fs, io, path::Path};

use super::{
    ReadFrom, Span, StorageError, Store, View, Working,
    tables::{Events, NAMES},
};

/// From how many places of a table rows are read, beside its two ends: from all over it, and from where most rows are.
const FEW: u64 = 4;
const MOST: u64 = 10;
/// How many rows are read from each.
const ROWS: usize = 16;
/// Below and above every id.
const ALL: (&[u8], &[u8]) = (&[], &[0xFF]);

/// How large a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSize {
    /// How many bytes its files have on disk, with the engine's log and what it has not merged yet; none of one in memory.
    pub bytes: Option<u64>,
    /// Each table, by name.
    pub tables: Vec<TableEstimate>,
    /// The time of the oldest event, in milliseconds since 1970.
    pub oldest_event: Option<i64>,
}

/// How large a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableEstimate {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has, exactly; none while they are being counted, once, after an earlier Scrip has written to
    /// the folder.
    pub rows: Option<u64>,
    /// How many bytes their ids and records have: their number times the mean of up to 256 of them. Exact where there are
    /// fewer than 16.
    pub bytes: Option<u64>,
}

impl Store {
    /// How large the database is. What it costs does not depend on how many rows there are.
    pub fn size(&self) -> Working<'_, Result<DatabaseSize, StorageError>> {
        Box::pin(async move {
            let bytes = self.folder.as_deref().map(on_disk);
            let unread =
                |error: io::Error| StorageError::Database(format!("its files cannot be looked at: {error}").into());
            let bytes = bytes.transpose().map_err(unread)?;
            // Before the view: what is counted is then never of more than is read.
            let counted = self.row_counts();
            let mut view = self.view().await?;
            let mut tables = Vec::with_capacity(NAMES.len());
            for (table, name) in NAMES.iter().enumerate() {
                let rows = counted.and_then(|counted| counted.get(table).copied());
                let sample = self.sample(&view, table).await?;
                tables.push(TableEstimate { name, rows, bytes: rows.map(|rows| sample.bytes_of(rows)) });
            }
            tables.sort_unstable_by_key(|table| table.name);
            let first = view.scan(&Span::<Events>::all(), ReadFrom::Start, 1).await?;
            let oldest_event = first.first().and_then(|(_, events)| events.first()).map(|event| event.at);
            Ok(DatabaseSize { bytes, tables, oldest_event })
        })
    }

    /// Some rows of a table: of its ends, and of places between them.
    async fn sample(&self, view: &View<'_>, table: usize) -> Result<Sample, StorageError> {
        let mut sample = Sample::default();
        let transaction = view.transaction();
        let first = self.raw_rows(transaction, table, ALL, ReadFrom::Start, ROWS).await?;
        sample.add(&first);
        if first.len() < ROWS {
            return Ok(sample);
        }
        let last = self.raw_rows(transaction, table, ALL, ReadFrom::End, ROWS).await?;
        sample.add(&last);
        let (Some((first, _)), Some((last, _))) = (first.last(), last.last()) else { return Ok(sample) };
        for from in places(first, last) {
            sample.add(&self.raw_rows(transaction, table, (&from, last), ReadFrom::Start, ROWS).await?);
        }
        Ok(sample)
    }
}

/// How many rows were read, and how many bytes they have.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    rows: u64,
    bytes: u64,
}

impl Sample {
    fn add(&mut self, rows: &[(Vec<u8>, Vec<u8>)]) {
        self.rows += rows.len() as u64;
        self.bytes += rows.iter().map(|(id, record)| (id.len() + record.len()) as u64).sum::<u64>();
    }

    /// How many bytes so many rows have.
    fn bytes_of(&self, rows: u64) -> u64 {
        let bytes = u128::from(self.bytes) * u128::from(rows) / u128::from(self.rows.max(1));
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Ids between two others: some from all over, and most of them among those that begin as the last one does. A number in an
/// id begins with how many digits it has, so nearly all numbers begin so.
fn places(first: &[u8], last: &[u8]) -> Vec<Vec<u8>> {
    let begins = last.get(..common(first, last) + 1).unwrap_or(last);
    let all_over = (1..=FEW).map(|place| between(first, last, place, FEW + 1));
    let most = (0..MOST).map(|place| between(begins, last, place, MOST));
    all_over.chain(most).collect()
}

/// How many bytes two ids begin with in common.
fn common(first: &[u8], last: &[u8]) -> usize {
    first.iter().zip(last).take_while(|(one, other)| one == other).count()
}

/// The id so many parts of the way from one to another, by the bytes after what both begin with.
fn between(first: &[u8], last: &[u8], place: u64, parts: u64) -> Vec<u8> {
    let common = common(first, last);
    let number = |id: &[u8]| {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(id.iter().skip(common)).for_each(|(byte, of)| *byte = *of);
        u64::from_be_bytes(bytes)
    };
    let (start, end) = (number(first), number(last));
    let step = end.saturating_sub(start) / parts;
    [first.get(..common).unwrap_or_default(), &(start + step * place).to_be_bytes()].concat()
}

/// How many bytes the files below a folder have.
fn on_disk(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata().and_then(|metadata| match metadata.is_dir() {
            true => on_disk(&entry.path()),
            false => Ok(metadata.len()),
        });
        match found {
            Ok(found) => bytes += found,
            // The engine removes files and folders all the time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Part, Parts, id_bytes};

    #[test]
    fn places_lie_between_the_first_and_the_last() {
        for (first, last) in [(&b"\x05a"[..], &b"\x05b"[..]), (b"a", b"zzzzzzzzzzzz"), (b"", b"\xFF"), (b"abc", b"abd")]
        {
            let ids = places(first, last);
            // Beyond the last one there is nothing to read.
            assert!(ids.iter().all(|id| first <= id.as_slice()), "{ids:?}");
            assert!(ids.iter().all(|id| id.as_slice() <= last || id.starts_with(last)), "{ids:?}");
        }
    }

    #[test]
    fn most_places_are_where_most_numbers_are() {
        let id = |number: u64| {
            let mut bytes = Vec::new();
            id_bytes(&Parts::array([Part::Number(1), Part::Number(number)]), &mut bytes);
            bytes
        };
        let (first, last) = (id(1), id(99_990));
        let ids = places(&first, &last);
        for tenth in 1..9 {
            let (start, end) = (id(tenth * 10_000), id((tenth + 1) * 10_000));
            assert!(ids.iter().any(|id| start <= *id && *id < end), "none from {}0,000 on", tenth);
        }
    }

    #[test]
    fn a_sample_is_told_for_all() {
        let sample = Sample { rows: 3, bytes: 30 };
        assert_eq!([0, 3, 100].map(|rows| sample.bytes_of(rows)), [0, 30, 1_000]);
        assert_eq!(Sample::default().bytes_of(7), 0);
        assert_eq!(Sample { rows: 1, bytes: u64::MAX }.bytes_of(2), u64::MAX);
    }
}
