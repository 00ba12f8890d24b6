//! Which column of a file is what, by name or by place.

use super::{DELIMITERS, Encoding, FileFacts};
use scrip_domain::{
    job::Field,
    rejection::{Input, Refusal, Rejection, Step},
};

/// How a column is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnRef {
    /// By its name in the header, in any case.
    Name(String),
    /// By its place, from 1.
    Place(i64),
}

/// What somebody says of a file that is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MappingDraft {
    /// Which column is what; where nothing is said, those whose names are known, or the first is the code.
    pub columns: Option<Vec<(Field, ColumnRef)>>,
    /// Whether its first row names the columns.
    pub header: Option<bool>,
    /// What parts its cells.
    pub delimiter: Option<String>,
    /// What its text is in.
    pub encoding: Option<String>,
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Which column, from 0, is what.
    pub(crate) columns: Vec<(Field, usize)>,
    pub(crate) header: bool,
    pub(crate) delimiter: char,
    pub(crate) encoding: Encoding,
}

/// How a file is read by what was found of it and what is said of it; one of its columns has to be this field, which is the
/// first where nothing tells it.
pub(crate) fn map_columns(draft: &MappingDraft, found: &FileFacts, needed: Field) -> Result<Mapping, Refusal> {
    let header = draft.header.unwrap_or(found.header);
    let delimiter = match draft.delimiter.as_deref() {
        None => found.delimiter,
        Some(text) => named_delimiter(text).ok_or_else(|| {
            let reason = "expected a comma, a semicolon or a tab".to_owned();
            Rejection::ValueInvalid { reason }.at([Input::Delimiter])
        })?,
    };
    let encoding = match draft.encoding.as_deref() {
        None => found.encoding,
        Some(name) => Encoding::named(name).ok_or_else(|| {
            let reason = format!("expected one of {}", Encoding::ALL.map(Encoding::name).join(", "));
            Rejection::ValueInvalid { reason }.at([Input::Encoding])
        })?,
    };
    let names: &[String] = if header { &found.first_row } else { &[] };
    let columns = match &draft.columns {
        Some(columns) => named(columns, header, names, found.first_row.len())?,
        None if header => by_header(names)?,
        None => vec![(needed, 0)],
    };
    if !columns.iter().any(|(field, _)| *field == needed) {
        let reason = format!("expected a column that is called {0}, or that columns names as one", needed.name());
        return Err(Rejection::ValueInvalid { reason }.at([Input::Columns]));
    }
    Ok(Mapping { columns, header, delimiter, encoding })
}

fn named_delimiter(text: &str) -> Option<char> {
    match text {
        "comma" => Some(','),
        "semicolon" => Some(';'),
        "tab" | "\\t" => Some('\t'),
        text => DELIMITERS.into_iter().find(|delimiter| text.chars().eq([*delimiter])),
    }
}

/// The columns whose names are those of fields. Others are passed over.
fn by_header(names: &[String]) -> Result<Vec<(Field, usize)>, Refusal> {
    let mut columns: Vec<(Field, usize)> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let Some(field) = Field::named(name) else { continue };
        if columns.iter().any(|(known, _)| *known == field) {
            let reason = format!("two columns are called {}: say with columns which one it is", field.name());
            return Err(Rejection::ValueInvalid { reason }.at([Input::Columns]));
        }
        columns.push((field, place));
    }
    Ok(columns)
}

fn named(
    columns: &[(Field, ColumnRef)],
    header: bool,
    names: &[String],
    number: usize,
) -> Result<Vec<(Field, usize)>, Refusal> {
    let mut mapped: Vec<(Field, usize)> = Vec::new();
    for (index, (field, column)) in columns.iter().enumerate() {
        let refused = |part: Input, reason: String| {
            Rejection::ValueInvalid { reason }.at([Input::Columns.into(), index.into(), Step::from(part)])
        };
        let place = match column {
            ColumnRef::Name(_) if !header => {
                return Err(refused(Input::Name, "the file has no header: name the column by its position".to_owned()));
            }
            ColumnRef::Name(name) => {
                let same = |known: &&str| known.trim().to_lowercase() == name.trim().to_lowercase();
                let found: Vec<usize> =
                    names.iter().enumerate().filter(|(_, known)| same(&known.as_str())).map(|(at, _)| at).collect();
                match found.as_slice() {
                    [place] => *place,
                    [] => {
                        let reason = format!("expected one of the file's columns: {}", names.join(", "));
                        return Err(refused(Input::Name, reason));
                    }
                    _ => {
                        return Err(refused(
                            Input::Name,
                            "several columns have this name: name it by position".to_owned(),
                        ));
                    }
                }
            }
            ColumnRef::Place(place) => match usize::try_from(*place) {
                Ok(place @ 1..) if place <= number.max(1) => place - 1,
                _ => return Err(refused(Input::Position, format!("expected a position from 1 to {}", number.max(1)))),
            },
        };
        if mapped.iter().any(|(known, _)| known == field) {
            return Err(refused(Input::Field, format!("{} is named twice", field.name())));
        }
        mapped.push((*field, place));
    }
    Ok(mapped)
}
