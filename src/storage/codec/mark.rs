//! The two kinds of values that the engine has and serde has not: times, and links to other records.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

use super::{
    CodecError, LINK,
    id::{Parts, PartsReader, link_bytes},
};

/// A time in milliseconds since 1970, kept as a datetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
// An attribute takes no constant: this is `DATETIME`.
#[serde(rename = "$datetime")]
pub(crate) struct At(pub(crate) i64);

/// A link to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link<'a>(Cow<'a, [u8]>);

impl Link<'_> {
    /// To the record of a table with an id.
    pub(crate) fn to(table: &str, id: &Parts<'_>) -> Link<'static> {
        let mut payload = Vec::with_capacity(48);
        // Only an array of 4 GiB cannot be written.
        link_bytes(table, id, &mut payload).unwrap_or_default();
        Link(Cow::Owned(payload))
    }

    /// The parts of its id, which is one of a table.
    pub(crate) fn parts(&self, table: &str) -> Result<PartsReader<'_>, CodecError> {
        PartsReader::of_link(&self.0, table)
    }
}

impl Serialize for Link<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Payload<'a>(&'a [u8]);
        impl Serialize for Payload<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.0)
            }
        }
        serializer.serialize_newtype_struct(LINK, &Payload(&self.0))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Link<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Payload;
        impl<'de> Visitor<'de> for Payload {
            type Value = &'de [u8];

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a link to a record")
            }

            fn visit_borrowed_bytes<E: Error>(self, payload: &'de [u8]) -> Result<Self::Value, E> {
                Ok(payload)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_bytes(self)
            }
        }
        deserializer.deserialize_newtype_struct(LINK, Payload).map(|payload| Self(Cow::Borrowed(payload)))
    }
}
