//! The ids of records: numbers and texts, alone (`pool:7`, `customer:ann`) or in an array (`coupon:[7, 42]`). As part of a
//! key they are written so that the order of their bytes is the order of what they stand for.

use super::{CodecError, REVISION, read::Bytes, write};

/// What a key's part or a number in it begins with.
mod tag {
    pub(super) const NUMBER: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const ARRAY: u8 = 5;
    pub(super) const NUMBER_IN_ARRAY: u8 = 5;
    pub(super) const TEXT_IN_ARRAY: u8 = 6;
    /// The end of a text, a number or an array.
    pub(super) const END: u8 = 0;
    /// Stands before a byte that would be taken for this or for the end.
    pub(super) const ESCAPE: u8 = 1;
    pub(super) const ZERO: u8 = 0x80;
    pub(super) const POSITIVE: u8 = 0xA0;
    /// After a number: it is whole.
    pub(super) const INT: u8 = 2;
}

/// The exponent of a number of one digit, as it is written.
const ONE_DIGIT: u16 = 0x1919;
/// The most parts of an id.
const MOST: usize = 4;

/// One part of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// A number below 2^63.
    Number(u64),
    /// A text.
    Text(&'a str),
}

/// The parts of an id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    parts: [Part<'a>; MOST],
    length: usize,
    /// Whether it is an array, whatever the number of its parts.
    array: bool,
}

impl<'a> Parts<'a> {
    /// One part that is the whole id.
    pub(crate) fn alone(part: Part<'a>) -> Self {
        Self { parts: [part; MOST], length: 1, array: false }
    }

    /// An array of up to four parts.
    pub(crate) fn array<const N: usize>(parts: [Part<'a>; N]) -> Self {
        const { assert!(N <= MOST) };
        let mut all = [Part::Number(0); MOST];
        for (slot, part) in all.iter_mut().zip(parts) {
            *slot = part;
        }
        Self { parts: all, length: N, array: true }
    }

    /// Whether it differs from another id in its last part alone, which is a number that is larger by up to `gap`.
    pub(crate) fn is_after(&self, other: &Self, gap: u64) -> bool {
        let (Some((last, own)), Some((other_last, others))) =
            (self.as_slice().split_last(), other.as_slice().split_last())
        else {
            return false;
        };
        let (Part::Number(last), Part::Number(other_last)) = (last, other_last) else { return false };
        self.array == other.array && own == others && *other_last < *last && last - other_last <= gap
    }

    /// The parts.
    pub(super) fn as_slice(&self) -> &[Part<'a>] {
        self.parts.get(..self.length).unwrap_or_default()
    }
}

/// The bytes of an id as the last part of a key.
pub(crate) fn id_bytes(id: &Parts<'_>, out: &mut Vec<u8>) {
    if !id.array {
        match id.parts[0] {
            Part::Number(number) => {
                out.push(tag::NUMBER);
                // From the smallest to the largest of all signed numbers.
                out.extend_from_slice(&(number | 1 << 63).to_be_bytes());
            }
            Part::Text(text) => {
                out.push(tag::TEXT);
                escaped(text, out);
                out.push(tag::END);
            }
        }
        return;
    }
    part_prefix(id.as_slice(), out);
    out.push(tag::END);
}

/// What the bytes of every id begin with that is an array and has these parts first.
pub(crate) fn part_prefix(parts: &[Part<'_>], out: &mut Vec<u8>) {
    out.push(tag::ARRAY);
    for part in parts {
        match part {
            Part::Number(number) => {
                out.push(tag::NUMBER_IN_ARRAY);
                decimal(*number, out);
            }
            Part::Text(text) => {
                out.push(tag::TEXT_IN_ARRAY);
                escaped(text, out);
                out.push(tag::END);
            }
        }
    }
}

/// What the bytes of every text begin with that begins with this one.
pub(crate) fn text_prefix(start: &str, out: &mut Vec<u8>) {
    out.push(tag::TEXT);
    escaped(start, out);
}

fn escaped(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        if byte <= tag::ESCAPE {
            out.push(tag::ESCAPE);
        }
        out.push(byte);
    }
}

/// A number as the engine orders it: its exponent, and its decimal digits, each raised by one, with an end.
fn decimal(number: u64, out: &mut Vec<u8>) {
    if number == 0 {
        out.push(tag::ZERO);
    } else {
        let digits = number.ilog10();
        out.push(tag::POSITIVE);
        out.extend_from_slice(&(ONE_DIGIT + digits as u16).to_be_bytes());
        let mut half = None;
        for place in (0..=digits).rev() {
            let digit = (number / 10_u64.pow(place) % 10) as u8 + 1;
            match half.take() {
                None => half = Some(digit << 4),
                Some(high) => out.push(high | digit),
            }
        }
        out.push(half.unwrap_or(0x0F));
    }
    // Its own end, which is escaped, the end of its bytes, and that it is whole.
    out.extend_from_slice(&[tag::ESCAPE, 0, tag::END, tag::INT]);
}

/// An id as the payload of a link to its record.
pub(super) fn link_bytes(table: &str, id: &Parts<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
    out.push(1);
    write::bytes(out, table.as_bytes());
    out.push(1);
    if !id.array {
        match id.parts[0] {
            Part::Number(number) => {
                out.push(0);
                write::signed(out, number as i64);
            }
            Part::Text(text) => {
                out.push(1);
                write::bytes(out, text.as_bytes());
            }
        }
        return Ok(());
    }
    out.push(3);
    write::inner(out, |out| {
        out.push(0);
        write::varint(out, id.length as u64);
        for part in id.as_slice() {
            match part {
                Part::Number(number) => write::value(number, out)?,
                Part::Text(text) => write::value(text, out)?,
            }
        }
        Ok(())
    })
}

/// The parts of an id that are still to be read.
pub(crate) struct PartsReader<'de> {
    bytes: Bytes<'de>,
    form: Form,
}

#[derive(PartialEq, Eq)]
enum Form {
    /// The last part of a key; an array of parts or one alone.
    KeyArray,
    KeyAlone,
    /// The payload of a link; the same.
    LinkArray,
    LinkAlone,
}

impl<'de> PartsReader<'de> {
    /// The parts of an id that is the last part of a key.
    pub(crate) fn of_key(bytes: &'de [u8]) -> Self {
        match bytes.split_first() {
            Some((&tag::ARRAY, rest)) => Self { bytes: Bytes(rest), form: Form::KeyArray },
            _ => Self { bytes: Bytes(bytes), form: Form::KeyAlone },
        }
    }

    /// The parts of the id that a link to a table's record has.
    pub(super) fn of_link(payload: &'de [u8], table: &str) -> Result<Self, CodecError> {
        let mut bytes = Bytes(payload);
        bytes.expect(1, "a link of another revision")?;
        let found = bytes.text()?;
        if found != table {
            return Err(CodecError::new(format!("expected a link to a record of {table}, found one of {found}")));
        }
        bytes.expect(1, "a link of another revision")?;
        if bytes.0.first() != Some(&3) {
            return Ok(Self { bytes, form: Form::LinkAlone });
        }
        bytes.byte()?;
        bytes.expect(REVISION, "an array of another revision")?;
        let mut bytes = bytes.sized()?;
        bytes.byte()?;
        bytes.varint()?;
        Ok(Self { bytes, form: Form::LinkArray })
    }

    /// The next part, a number.
    pub(crate) fn number(&mut self) -> Option<u64> {
        let bytes = &mut self.bytes;
        match self.form {
            Form::KeyArray => {
                (bytes.byte().ok()? == tag::NUMBER_IN_ARRAY).then_some(())?;
                read_decimal(bytes)
            }
            Form::KeyAlone => {
                (bytes.byte().ok()? == tag::NUMBER).then_some(())?;
                let number = u64::from_be_bytes(*bytes.take(8).ok()?.first_chunk()?);
                (number >> 63 == 1).then_some(number & !(1 << 63))
            }
            Form::LinkArray => u64::try_from(bytes.one::<i64>().ok()?).ok(),
            Form::LinkAlone => {
                (bytes.byte().ok()? == 0).then_some(())?;
                u64::try_from(bytes.signed().ok()?).ok()
            }
        }
    }

    /// The next part, a number of up to 32 bits.
    pub(crate) fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    /// The next part, a text.
    pub(crate) fn text(&mut self) -> Option<String> {
        let bytes = &mut self.bytes;
        match self.form {
            Form::KeyArray | Form::KeyAlone => {
                let expected = if self.form == Form::KeyArray { tag::TEXT_IN_ARRAY } else { tag::TEXT };
                (bytes.byte().ok()? == expected).then_some(())?;
                read_escaped(bytes)
            }
            Form::LinkArray => bytes.one::<String>().ok(),
            Form::LinkAlone => {
                (bytes.byte().ok()? == 1).then_some(())?;
                bytes.text().ok().map(str::to_owned)
            }
        }
    }

    /// The next part, whatever it is, as people read it.
    fn any(&mut self) -> Option<String> {
        match self.bytes.0.first()? {
            &(tag::NUMBER | tag::NUMBER_IN_ARRAY) => self.number().map(|number| number.to_string()),
            _ => self.text().map(|text| text.escape_debug().to_string()),
        }
    }

    /// Whether another part follows.
    pub(crate) fn has_more(&self) -> bool {
        match self.form {
            Form::KeyArray => self.bytes.0.first().is_some_and(|byte| *byte != tag::END),
            _ => !self.bytes.0.is_empty(),
        }
    }

    /// Whether all of it has been read.
    pub(crate) fn is_done(&self) -> bool {
        match self.form {
            Form::KeyArray => self.bytes.0 == [tag::END],
            _ => self.bytes.0.is_empty(),
        }
    }
}

/// An id, which is the last part of a key, as people read it: `7`, `ann` or `[7, 42]`. Its bytes where they are of no id.
pub(crate) fn id_text(id: &[u8]) -> String {
    let mut parts = PartsReader::of_key(id);
    let is_array = parts.form == Form::KeyArray;
    let mut texts = Vec::new();
    while !parts.is_done() {
        match parts.any() {
            Some(text) => texts.push(text),
            None => return id.escape_ascii().to_string(),
        }
    }
    let text = texts.join(", ");
    if is_array { format!("[{text}]") } else { text }
}

fn read_escaped(bytes: &mut Bytes<'_>) -> Option<String> {
    let end = bytes.0.iter().position(|byte| *byte <= tag::ESCAPE)?;
    let mut text = bytes.take(end).ok()?.to_vec();
    loop {
        match bytes.byte().ok()? {
            tag::END => return String::from_utf8(text).ok(),
            tag::ESCAPE => text.push(bytes.byte().ok()?),
            byte => text.push(byte),
        }
    }
}

fn read_decimal(bytes: &mut Bytes<'_>) -> Option<u64> {
    let mut number = 0_u64;
    match bytes.byte().ok()? {
        tag::ZERO => {}
        tag::POSITIVE => {
            let exponent = u16::from_be_bytes(*bytes.take(2).ok()?.first_chunk()?);
            let mut digits = exponent.checked_sub(ONE_DIGIT)? + 1;
            'all: loop {
                let byte = bytes.byte().ok()?;
                for half in [byte >> 4, byte & 0x0F] {
                    let Some(left) = digits.checked_sub(1) else { break 'all };
                    let digit = half.checked_sub(1).filter(|digit| *digit < 10)?;
                    number = number.checked_mul(10)?.checked_add(digit.into())?;
                    digits = left;
                }
            }
        }
        _ => return None,
    }
    (bytes.take(4).ok()? == [tag::ESCAPE, 0, tag::END, tag::INT]).then_some(number)
}
