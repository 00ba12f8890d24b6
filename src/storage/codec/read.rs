//! Documents read from the engine's own records: a deserializer over their bytes, which borrows their texts.

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{CodecError, DATETIME, LINK, REVISION, kind};

/// The document that is written in these bytes, and nothing after it.
pub(super) fn value<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, CodecError> {
    let mut rest = Bytes(bytes);
    let read = rest.one()?;
    rest.end()?;
    Ok(read)
}

/// The bytes in a value that has no more than them.
pub(super) fn bytes(value: &[u8]) -> Result<&[u8], CodecError> {
    let mut body = Bytes(value).value()?.body;
    body.byte()?;
    body.bytes()
}

/// What is left to be read.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'de>(pub(super) &'de [u8]);

/// One value of the engine: what kind it is, and its bytes.
#[derive(Clone, Copy)]
struct Found<'de> {
    kind: u8,
    body: Bytes<'de>,
}

fn cut() -> CodecError {
    CodecError::new("it ends too soon")
}

impl<'de> Bytes<'de> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'de [u8], CodecError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(cut)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or_else(cut)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, CodecError> {
        Ok(self.array::<1>()?[0])
    }

    /// Whether the next byte is this one, which it has to be.
    pub(super) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), CodecError> {
        if self.byte()? == byte { Ok(()) } else { Err(CodecError::new(what)) }
    }

    pub(super) fn varint(&mut self) -> Result<u64, CodecError> {
        Ok(match self.byte()? {
            251 => u16::from_le_bytes(self.array()?).into(),
            252 => u32::from_le_bytes(self.array()?).into(),
            253 => u64::from_le_bytes(self.array()?),
            254.. => return Err(CodecError::new("a number of more than 64 bits")),
            small => small.into(),
        })
    }

    pub(super) fn signed(&mut self) -> Result<i64, CodecError> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A length of what follows, which cannot be longer than what is there.
    fn length(&mut self) -> Result<usize, CodecError> {
        let length = usize::try_from(self.varint()?).map_err(|_| cut())?;
        if length > self.0.len() { Err(cut()) } else { Ok(length) }
    }

    pub(super) fn bytes(&mut self) -> Result<&'de [u8], CodecError> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<&'de str, CodecError> {
        str::from_utf8(self.bytes()?).map_err(|_| CodecError::new("a text that is not UTF-8"))
    }

    /// What is inside the envelope of an array or an object, or of any other value of varying length.
    pub(super) fn sized(&mut self) -> Result<Self, CodecError> {
        let length = usize::try_from(u32::from_le_bytes(self.array()?)).map_err(|_| cut())?;
        self.take(length).map(Self)
    }

    /// The next value, read as a type.
    pub(super) fn one<T: Deserialize<'de>>(&mut self) -> Result<T, CodecError> {
        T::deserialize(Reader(self.value()?))
    }

    fn value(&mut self) -> Result<Found<'de>, CodecError> {
        self.expect(REVISION, "a value of another revision")?;
        let tag = self.byte()?;
        let (class, kind) = (tag & !kind::MASK, tag & kind::MASK);
        let body = match class {
            0 => Self(&[]),
            kind::FIXED if kind == kind::BOOL => self.take(1).map(Self)?,
            kind::VARYING => self.sized()?,
            _ => return Err(CodecError::new("a value of an unknown kind")),
        };
        Ok(Found { kind, body })
    }

    pub(super) fn end(self) -> Result<(), CodecError> {
        if self.0.is_empty() { Ok(()) } else { Err(CodecError::new("more bytes than it should have")) }
    }
}

/// Reads one value.
struct Reader<'de>(Found<'de>);

impl<'de> Reader<'de> {
    fn number<V: Visitor<'de>>(mut body: Bytes<'de>, visitor: V) -> Result<V::Value, CodecError> {
        body.expect(1, "a number of another revision")?;
        match body.byte()? {
            kind::INT => {
                let number = body.signed()?;
                body.end()?;
                visitor.visit_i64(number)
            }
            kind::FLOAT => visitor.visit_f64(f64::from_le_bytes(body.array()?)),
            _ => Err(CodecError::new("a decimal number, which Scrip does not write")),
        }
    }

    fn elements(mut body: Bytes<'de>) -> Result<Elements<'de>, CodecError> {
        body.expect(REVISION, "an array of another revision")?;
        let mut body = body.sized()?;
        let indexed = body.byte()? == 1;
        let left = body.length()?;
        if indexed {
            body.take(left.checked_mul(4).ok_or_else(cut)?)?;
        }
        Ok(Elements { body, left })
    }

    fn fields(mut body: Bytes<'de>) -> Result<Fields<'de>, CodecError> {
        body.expect(REVISION, "an object of another revision")?;
        let mut body = body.sized()?;
        let indexed = body.byte()? == 1;
        let left = body.length()?;
        if !indexed {
            return Ok(Fields { names: None, body, left, named: false });
        }
        body.take(left.checked_mul(8).ok_or_else(cut)?)?;
        let (names, _values) = (u32::from_le_bytes(body.array()?), u32::from_le_bytes(body.array()?));
        let names = body.take(usize::try_from(names).map_err(|_| cut())?)?;
        Ok(Fields { names: Some(Bytes(names)), body, left, named: false })
    }

    fn datetime(mut body: Bytes<'de>) -> Result<i64, CodecError> {
        body.expect(1, "a time of another revision")?;
        let (seconds, nanos) = (body.signed()?, body.varint()?);
        body.end()?;
        let millis = seconds.checked_mul(1_000).and_then(|millis| millis.checked_add_unsigned(nanos / 1_000_000));
        millis.ok_or_else(|| CodecError::new("a time out of range"))
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = CodecError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        let Found { kind, mut body } = self.0;
        match kind {
            kind::NONE => visitor.visit_none(),
            kind::NULL => visitor.visit_unit(),
            kind::BOOL => visitor.visit_bool(body.byte()? == 1),
            kind::NUMBER => Self::number(body, visitor),
            kind::STRING => visitor.visit_borrowed_str(body.text()?),
            kind::DATETIME => visitor.visit_i64(Self::datetime(body)?),
            kind::BYTES => {
                body.expect(1, "bytes of another revision")?;
                visitor.visit_borrowed_bytes(body.bytes()?)
            }
            kind::RECORD => visitor.visit_borrowed_bytes(body.0),
            kind::ARRAY => visitor.visit_seq(Self::elements(body)?),
            kind::OBJECT => visitor.visit_map(Self::fields(body)?),
            _ => Err(CodecError::new("a value of a kind that Scrip does not write")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        match self.0.kind {
            kind::NONE => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        match (name, self.0.kind) {
            (DATETIME, kind::DATETIME) | (LINK, kind::RECORD) => visitor.visit_newtype_struct(self),
            (DATETIME, _) => Err(CodecError::new("expected a datetime")),
            (LINK, _) => Err(CodecError::new("expected a link to a record")),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        let Found { kind, mut body } = self.0;
        match kind {
            kind::STRING => visitor.visit_enum(body.text()?.into_deserializer()),
            kind::OBJECT => visitor.visit_enum(Self::fields(body)?),
            _ => Err(CodecError::new("expected a text, or an object with one field")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// An array that is being read.
struct Elements<'de> {
    body: Bytes<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = CodecError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, CodecError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(Reader(self.body.value()?)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// An object that is being read.
struct Fields<'de> {
    /// Its names, where they are apart from the values.
    names: Option<Bytes<'de>>,
    body: Bytes<'de>,
    left: usize,
    /// A name was read, and its value comes next.
    named: bool,
}

impl<'de> Fields<'de> {
    fn name(&mut self) -> Result<&'de str, CodecError> {
        self.names.as_mut().unwrap_or(&mut self.body).text()
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, CodecError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        self.named = true;
        seed.deserialize(de::value::BorrowedStrDeserializer::new(self.name()?)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, CodecError> {
        if !std::mem::take(&mut self.named) {
            return Err(CodecError::new("a value without a name"));
        }
        seed.deserialize(Reader(self.body.value()?))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

// A variant with a value: an object with one field.
impl<'de> EnumAccess<'de> for Fields<'de> {
    type Error = CodecError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(mut self, seed: V) -> Result<(V::Value, Self), CodecError> {
        if self.left != 1 {
            return Err(CodecError::new("expected an object with one field"));
        }
        let variant = seed.deserialize(de::value::BorrowedStrDeserializer::new(self.name()?))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Fields<'de> {
    type Error = CodecError;

    fn unit_variant(self) -> Result<(), CodecError> {
        Err(CodecError::new("a value that its variant does not have"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, CodecError> {
        seed.deserialize(Reader(self.body.value()?))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, CodecError> {
        Err(CodecError::new("a variant with several values"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, CodecError> {
        Err(CodecError::new("a variant with fields"))
    }
}
