//! What can be wrong with a database, in words for the operator.

use std::fmt;

use scrip_domain::period::instant_of;

/// A batch, by its number and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Its number.
    pub number: u64,
    /// Its time, in milliseconds since 1970.
    pub at: i64,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match instant_of(self.at) {
            Some(_) if self.number == 0 => f.write_str("no batch"),
            Some(at) => write!(f, "batch {} of {at}", self.number),
            None => write!(f, "batch {}", self.number),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The engine does not open the files.
    Unopened {
        /// The engine's reason.
        reason: String,
    },
    /// Something below the folder is a symbolic link.
    Link {
        /// Its path in the folder.
        file: String,
    },
    /// Something is in the folder that the engine has not put there.
    Foreign {
        /// Its path in the folder.
        file: String,
    },
    /// A segment of the log does not follow what is before it.
    Segment {
        /// Its path in the folder.
        file: String,
        /// Where it begins or ends, and what is before it.
        reason: String,
    },
    /// A table file cannot be read.
    Table {
        /// Its file.
        file: String,
        /// The engine's reason.
        reason: String,
    },
    /// Table files are not in the engine's own list of them.
    Unlisted {
        /// How many.
        tables: usize,
    },
    /// The mark cannot be read.
    Mark {
        /// Its file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The database ends before what was told.
    Short {
        /// The last batch that was told.
        told: Moment,
        /// The last one in the database.
        last: Moment,
    },
    /// The engine gave another end when it opened the folder itself.
    Changed {
        /// The last batch of the copy.
        was: Moment,
        /// That of the folder.
        is: Moment,
    },
    /// The batch that was told last is another one in the database.
    Other {
        /// The batch that was told.
        told: Moment,
    },
    /// Batches are missing before others.
    Gap {
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
        /// The one before them, if it is known.
        before: Option<Moment>,
        /// The one after them.
        after: Moment,
    },
    /// A batch does not follow the one before it: they are of two histories.
    Broken {
        /// The batch.
        link: Moment,
    },
    /// A row cannot be read.
    Row {
        /// Its table.
        table: &'static str,
        /// Its id.
        id: String,
        /// Why.
        reason: String,
    },
    /// The engine does not give a part of a table.
    Unreadable {
        /// The table.
        table: &'static str,
        /// The last id before it; none where it is the table's start.
        after: Option<String>,
        /// The first id after it; none where it is the table's end.
        before: Option<String>,
        /// The engine's reason.
        reason: String,
    },
    /// Events are missing in the log.
    Events {
        /// The stream.
        stream: u32,
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
    },
    /// What is kept twice does not agree.
    Books {
        /// What does not, with its id.
        what: String,
    },
    /// An event is in the log twice.
    Twice {
        /// The stream.
        stream: u32,
        /// Its place.
        sequence: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unopened { reason } => write!(f, "the database's engine does not open the files: {reason}"),
            Self::Link { file } => write!(
                f,
                "{file} is a symbolic link: put what it leads to in its place (the whole database folder may be a link, \
                 nothing in it)"
            ),
            Self::Foreign { file } => write!(f, "{file} is no file of the database: move it away"),
            Self::Segment { file, reason } => write!(
                f,
                "log segment {file} does not follow what is before it, so it is an older one under another number: \
                 {reason}; put the right files back"
            ),
            Self::Table { file, reason } => {
                write!(f, "table file {file} cannot be read: {reason}; put the right file back")
            }
            Self::Unlisted { tables } => {
                write!(f, "{tables} table files are not in the manifest: a file of another moment is in its place")
            }
            Self::Mark { file, reason } => write!(f, "the mark {file} cannot be read: {reason}"),
            Self::Short { told, last } => {
                let (first, end) = (last.number + 1, told.number);
                write!(
                    f,
                    "batches {first} to {end}, which were told, are missing at the end: {told} was told, as its mark says, \
                     and {last} is the last"
                )?;
                if last.number == 0 {
                    f.write_str(" (to begin anew, remove the mark as well)")?;
                }
                Ok(())
            }
            Self::Changed { was, is } => {
                write!(
                    f,
                    "{is} is the last, and in a copy of the same files it was {was}: a fault of the engine or the disk"
                )
            }
            Self::Other { told } => {
                write!(f, "{told} was told, and is another in the database: it is another copy or another history")
            }
            Self::Gap { first, last, before, after } => {
                write!(f, "batches {first} to {last} are missing")?;
                match before {
                    Some(before) => write!(f, " between {before} and {after}"),
                    None => write!(f, " before {after}"),
                }
            }
            Self::Broken { link } => {
                write!(f, "{link} does not follow the one before it: files of two moments are mixed")
            }
            Self::Row { table, id, reason } => write!(f, "{table}:{id} cannot be read: {reason}"),
            Self::Unreadable { table, after, before, reason } => {
                let after = after.as_deref().unwrap_or("the start");
                let before = before.as_deref().unwrap_or("the end");
                write!(f, "{table} rows between {after} and {before} cannot be read: {reason}")
            }
            Self::Events { stream, first, last } => {
                write!(f, "events {first} to {last} of stream {stream} are missing")
            }
            Self::Books { what } => f.write_str(what),
            Self::Twice { stream, sequence } => {
                write!(f, "event {sequence} of stream {stream} is in the log twice")
            }
        }
    }
}

/// Faults as one line: the first ones, and how many more there are.
pub(super) fn in_a_line(faults: &[Fault]) -> String {
    const SHOWN: usize = 3;
    let mut text = faults.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if faults.len() > SHOWN {
        text.push_str(&format!("; and {} more", faults.len() - SHOWN));
    }
    text
}
