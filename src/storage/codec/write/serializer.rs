//! What serde asks of a serializer, in the words of the engine's values.

use serde::{
    Serialize, Serializer,
    ser::{self, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct},
};

use super::{Elements, Fields, Name, Writer, bytes};
use crate::codec::{CodecError, DATETIME, LINK, REVISION, kind};

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = CodecError;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = ser::Impossible<(), CodecError>;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = ser::Impossible<(), CodecError>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, v: bool) -> Result<(), CodecError> {
        self.out.extend_from_slice(&[REVISION, kind::FIXED | kind::BOOL, u8::from(v)]);
        Ok(())
    }

    fn serialize_i8(self, v: i8) -> Result<(), CodecError> {
        self.int(v.into())
    }

    fn serialize_i16(self, v: i16) -> Result<(), CodecError> {
        self.int(v.into())
    }

    fn serialize_i32(self, v: i32) -> Result<(), CodecError> {
        self.int(v.into())
    }

    fn serialize_i64(self, v: i64) -> Result<(), CodecError> {
        self.int(v)
    }

    fn serialize_u8(self, v: u8) -> Result<(), CodecError> {
        self.int(v.into())
    }

    fn serialize_u16(self, v: u16) -> Result<(), CodecError> {
        self.int(v.into())
    }

    fn serialize_u32(self, v: u32) -> Result<(), CodecError> {
        self.int(v.into())
    }

    fn serialize_u64(self, v: u64) -> Result<(), CodecError> {
        self.int(i64::try_from(v).map_err(|_| CodecError::new("a number above 2^63"))?)
    }

    fn serialize_f32(self, v: f32) -> Result<(), CodecError> {
        self.serialize_f64(v.into())
    }

    fn serialize_f64(self, v: f64) -> Result<(), CodecError> {
        self.varying(kind::NUMBER, |out| {
            out.extend_from_slice(&[1, kind::FLOAT]);
            out.extend_from_slice(&v.to_le_bytes());
        })
    }

    fn serialize_char(self, v: char) -> Result<(), CodecError> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, v: &str) -> Result<(), CodecError> {
        self.varying(kind::STRING, |out| bytes(out, v.as_bytes()))
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<(), CodecError> {
        self.varying(kind::BYTES, |out| {
            out.push(1);
            bytes(out, v);
        })
    }

    fn serialize_none(self) -> Result<(), CodecError> {
        self.out.extend_from_slice(&[REVISION, kind::NONE]);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CodecError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), CodecError> {
        self.out.extend_from_slice(&[REVISION, kind::NULL]);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), CodecError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), CodecError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), CodecError> {
        match name {
            DATETIME => self.datetime(value),
            LINK => self.link(value),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), CodecError> {
        let mut fields = self.object()?;
        fields.field(Name::Known(variant), value)?;
        fields.end()
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Elements<'a>, CodecError> {
        Ok(self.array(len.ok_or_else(|| CodecError::new("an array of unknown length"))?))
    }

    fn serialize_tuple(self, len: usize) -> Result<Elements<'a>, CodecError> {
        Ok(self.array(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Elements<'a>, CodecError> {
        Ok(self.array(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, CodecError> {
        Err(CodecError::new("a variant with several values"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a>, CodecError> {
        self.object()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, CodecError> {
        self.object()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, CodecError> {
        Err(CodecError::new("a variant with fields"))
    }
}

/// What is in order is an array, whatever serde calls it.
macro_rules! in_order {
    ($($of:ident :: $one:ident),*) => {$(
        impl $of for Elements<'_> {
            type Ok = ();
            type Error = CodecError;

            fn $one<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
                self.element(value)
            }

            fn end(self) -> Result<(), CodecError> {
                Elements::end(self)
            }
        }
    )*};
}

in_order!(SerializeSeq::serialize_element, SerializeTuple::serialize_element, SerializeTupleStruct::serialize_field);

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = CodecError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), CodecError> {
        self.field(Name::Known(name), value)
    }

    fn end(self) -> Result<(), CodecError> {
        Fields::end(self)
    }
}

impl SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = CodecError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CodecError> {
        // A key is a text; serde_json knows how to make one of whatever is.
        let key = serde_json::to_value(key).map_err(|error| CodecError::new(error.to_string()))?;
        let text = key.as_str().ok_or_else(|| CodecError::new("a key that is no text"))?;
        self.key = Some(text.to_owned());
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        let key = self.key.take().ok_or_else(|| CodecError::new("a value without a key"))?;
        self.field(Name::Read(key), value)
    }

    fn end(self) -> Result<(), CodecError> {
        Fields::end(self)
    }
}
