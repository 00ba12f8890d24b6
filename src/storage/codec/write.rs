//! Documents as the engine keeps them: a serializer that writes, byte for byte, what SurrealDB stores for the same
//! values, without its trees of values between. Absent fields (`None`) are left out.

mod serializer;

use serde::Serialize;

use super::{CodecError, INDEXED_FROM, Link, REVISION, kind, read};

/// The fields of a document, and the id of its record as one more.
pub(super) fn record<T: Serialize>(document: &T, id: &Link<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let start = out.len();
    document.serialize(Writer { out, id: Some(id) })?;
    match out.get(start + 1) {
        Some(tag) if *tag == kind::VARYING | kind::OBJECT => Ok(()),
        _ => Err(CodecError::new("a document without fields")),
    }
}

/// A value of the engine.
pub(super) fn value<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    value.serialize(Writer { out, id: None })
}

/// A number as the engine's codec has it: short where it is small.
pub(super) fn varint(out: &mut Vec<u8>, number: u64) {
    match short(number) {
        ([digit, ..], 1) => out.push(digit),
        (digits, length) => out.extend_from_slice(&digits[..length]),
    }
}

/// A signed number: even numbers are those from 0 up.
pub(super) fn signed(out: &mut Vec<u8>, number: i64) {
    varint(out, zigzag(number));
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// The most bytes that a number takes.
const LONGEST: usize = 9;

/// The bytes of a number, and how many of them it takes.
fn short(number: u64) -> ([u8; LONGEST], usize) {
    let mut digits = [0; LONGEST];
    let tag = match number {
        0..=250 => {
            digits[0] = number as u8;
            return (digits, 1);
        }
        251..=0xFFFF => 251,
        0x1_0000..=0xFFFF_FFFF => 252,
        _ => 253,
    };
    digits[0] = tag;
    digits[1..].copy_from_slice(&number.to_le_bytes());
    (digits, 1 + (2 << (tag - 251)))
}

/// A text or bytes with their length.
pub(super) fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The envelope of an array or object, with what `body` writes in it.
pub(super) fn inner(
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    let start = open_inner(out);
    body(out)?;
    close(out, start)
}

/// Begins a value of varying length; gives where its length is to be written.
fn open(out: &mut Vec<u8>, kind: u8) -> usize {
    out.extend_from_slice(&[REVISION, kind::VARYING | kind, 0, 0, 0, 0]);
    out.len() - 4
}

/// Begins the envelope of an array or object; gives where its length is to be written.
fn open_inner(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[REVISION, 0, 0, 0, 0]);
    out.len() - 4
}

/// Writes the length of what began at `start`.
fn close(out: &mut [u8], start: usize) -> Result<(), CodecError> {
    let length = u32::try_from(out.len() - start - 4).map_err(|_| CodecError::new("a value of 4 GiB"))?;
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

fn offset(of: usize) -> Result<[u8; 4], CodecError> {
    Ok(u32::try_from(of).map_err(|_| CodecError::new("a value of 4 GiB"))?.to_le_bytes())
}

/// Writes one value at the end of `out`.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Of a record's document, its id.
    id: Option<&'a Link<'a>>,
}

impl<'a> Writer<'a> {
    fn varying(self, kind: u8, body: impl FnOnce(&mut Vec<u8>)) -> Result<(), CodecError> {
        let start = open(self.out, kind);
        body(self.out);
        close(self.out, start)
    }

    /// Most values of a coupon are numbers, so each is written at once.
    fn int(self, number: i64) -> Result<(), CodecError> {
        let (digits, length) = short(zigzag(number));
        let mut value = [0; 8 + LONGEST];
        value[..8].copy_from_slice(&[REVISION, kind::VARYING | kind::NUMBER, 2 + length as u8, 0, 0, 0, 1, kind::INT]);
        value[8..].copy_from_slice(&digits);
        self.out.extend_from_slice(&value[..8 + length]);
        Ok(())
    }

    fn array(self, length: usize) -> Elements<'a> {
        let start = open(self.out, kind::ARRAY);
        let inner = open_inner(self.out);
        let indexed = length >= INDEXED_FROM;
        self.out.push(u8::from(indexed));
        varint(self.out, length as u64);
        let table = self.out.len();
        if indexed {
            self.out.resize(table + 4 * length, 0);
        }
        let elements = self.out.len();
        Elements { out: self.out, start, inner, indexed, table, elements, left: length }
    }

    fn object(self) -> Result<Fields<'a>, CodecError> {
        let values = self.out.len();
        let mut fields = Fields { out: self.out, values, fields: Vec::with_capacity(16), key: None };
        if let Some(id) = self.id {
            fields.field(Name::Known("id"), id)?;
        }
        Ok(fields)
    }

    /// What was written as a number becomes a time.
    fn datetime<T: Serialize + ?Sized>(self, millis: &T) -> Result<(), CodecError> {
        let start = self.out.len();
        value(millis, self.out)?;
        let millis: i64 = read::value(self.out.get(start..).unwrap_or_default())?;
        self.out.truncate(start);
        self.varying(kind::DATETIME, |out| {
            out.push(1);
            signed(out, millis.div_euclid(1_000));
            varint(out, millis.rem_euclid(1_000) as u64 * 1_000_000);
        })
    }

    /// What was written as bytes becomes a link.
    fn link<T: Serialize + ?Sized>(self, payload: &T) -> Result<(), CodecError> {
        let start = self.out.len();
        value(payload, self.out)?;
        let payload = read::bytes(self.out.get(start..).unwrap_or_default())?.len();
        let end = self.out.len();
        self.out.copy_within(end - payload..end, start + 6);
        self.out.truncate(start + 6 + payload);
        if let Some(tag) = self.out.get_mut(start + 1) {
            *tag = kind::VARYING | kind::RECORD;
        }
        close(self.out, start + 2)
    }
}

/// An array that is being written.
struct Elements<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    inner: usize,
    indexed: bool,
    /// Where the offset of the next element is written.
    table: usize,
    elements: usize,
    left: usize,
}

impl Elements<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), CodecError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| CodecError::new("more elements than were announced"))?;
        if self.indexed {
            let place = offset(self.out.len() - self.elements)?;
            if let Some(slot) = self.out.get_mut(self.table..self.table + 4) {
                slot.copy_from_slice(&place);
            }
            self.table += 4;
        }
        value(element, self.out)
    }

    fn end(self) -> Result<(), CodecError> {
        if self.left > 0 {
            return Err(CodecError::new("fewer elements than were announced"));
        }
        close(self.out, self.inner)?;
        close(self.out, self.start)
    }
}

/// An object that is being written: its values one after the other, until their order is known.
struct Fields<'a> {
    out: &'a mut Vec<u8>,
    /// Where its values begin.
    values: usize,
    /// Each field's name, and where its value begins and ends.
    fields: Vec<(Name, usize, usize)>,
    /// The key whose value comes next.
    key: Option<String>,
}

/// A field's name.
enum Name {
    Known(&'static str),
    Read(String),
}

impl Name {
    fn text(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Read(name) => name,
        }
    }
}

impl Fields<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, name: Name, field: &T) -> Result<(), CodecError> {
        let start = self.out.len();
        value(field, self.out)?;
        if self.out.get(start..) == Some(&[REVISION, kind::NONE]) {
            self.out.truncate(start);
            return Ok(());
        }
        self.fields.push((name, start, self.out.len()));
        Ok(())
    }

    fn end(self) -> Result<(), CodecError> {
        let Self { out, values, mut fields, .. } = self;
        let written = out.split_off(values);
        // The engine looks fields up by the order of their bytes, and the length comes first in them.
        fields.sort_unstable_by(|(one, ..), (other, ..)| {
            let (one, other) = (one.text(), other.text());
            (one.len(), one).cmp(&(other.len(), other))
        });
        let start = open(out, kind::OBJECT);
        let inner = open_inner(out);
        let of = |from: usize, to: usize| written.get(from - values..to - values).unwrap_or_default();
        if fields.len() < INDEXED_FROM {
            out.push(0);
            varint(out, fields.len() as u64);
            for (name, from, to) in &fields {
                bytes(out, name.text().as_bytes());
                out.extend_from_slice(of(*from, *to));
            }
        } else {
            out.push(1);
            varint(out, fields.len() as u64);
            let (mut key, mut place) = (0, 0);
            for (name, from, to) in &fields {
                out.extend_from_slice(&offset(key)?);
                out.extend_from_slice(&offset(place)?);
                // Names are shorter than 251 bytes, or their length takes more than a byte.
                key += name.text().len() + if name.text().len() < 251 { 1 } else { 3 };
                place += to - from;
            }
            out.extend_from_slice(&offset(key)?);
            out.extend_from_slice(&offset(place)?);
            for (name, ..) in &fields {
                bytes(out, name.text().as_bytes());
            }
            for (_, from, to) in &fields {
                out.extend_from_slice(of(*from, *to));
            }
        }
        close(out, inner)?;
        close(out, start)
    }
}
