//! The codec against the engine: what it writes is what the engine writes for the same values, and what either writes is
//! read back; and nothing that is cut or changed is read as something else than an error or a document.

use std::borrow::Cow;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use surrealdb_datastore::{
    catalog::{DatabaseId, NamespaceId, Record},
    key::schema::RecordKey,
    val::{Array, Bytes, Datetime, Number, Object, RecordId, RecordIdKey, Strand, TableName, Value},
};
use surrealdb_kvs::{key::KVKey, value::KVValue};

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sample {
    text: String,
    number: i64,
    float: f64,
    flag: bool,
    at: At,
    bytes: ByteBuf,
    list: Vec<u64>,
    pair: (u32, String),
    absent: Option<String>,
    given: Option<i64>,
    inner: Vec<Inner>,
    kind: Kind,
    anything: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Inner {
    a_name_that_is_long: bool,
    b: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    With(i64),
}

fn text(random: &mut StdRng) -> String {
    let longest = if random.random_bool(0.1) { 400 } else { 12 };
    let length = random.random_range(0..longest);
    (0..length)
        .map(|_| *['a', '\u{0}', '\u{1}', 'é', '\u{10FFFF}', '9'].get(random.random_range(0..6)).unwrap_or(&'b'))
        .collect()
}

fn number(random: &mut StdRng) -> i64 {
    let all: i64 = random.random();
    all >> random.random_range(0..64)
}

fn sample(random: &mut StdRng) -> Sample {
    Sample {
        text: text(random),
        number: number(random),
        float: number(random) as f64 / 8.0,
        flag: random.random(),
        at: At(number(random) >> 18),
        bytes: ByteBuf::from(text(random).into_bytes()),
        list: (0..random.random_range(0..20)).map(|_| number(random).unsigned_abs() >> 1).collect(),
        pair: (random.random(), text(random)),
        absent: None,
        given: random.random_bool(0.5).then(|| number(random)),
        inner: (0..random.random_range(0..10))
            .map(|_| Inner { a_name_that_is_long: random.random(), b: text(random) })
            .collect(),
        kind: if random.random() { Kind::Plain } else { Kind::With(number(random)) },
        anything: serde_json::json!({ "z": [1, -5, 2.5, null, true, "x"], "aa": { "b": {} }, "b": [] }),
    }
}

fn of_text(text: &str) -> Value {
    Value::String(Strand::from(text.to_owned()))
}

fn of_number(number: i64) -> Value {
    Value::Number(Number::Int(number))
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let mut object = Object::default();
    for (name, value) in fields {
        object.insert(Strand::from(name.to_owned()), value);
    }
    Value::Object(object)
}

fn of_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => of_number(number),
            None => Value::Number(Number::Float(number.as_f64().expect("a number"))),
        },
        serde_json::Value::String(text) => of_text(text),
        serde_json::Value::Array(values) => Value::Array(Array(values.iter().map(of_json).collect())),
        serde_json::Value::Object(fields) => {
            object(fields.iter().map(|(name, value)| (name.as_str(), of_json(value))).collect())
        }
    }
}

/// The same document as the engine's own value.
fn value_of(sample: &Sample) -> Vec<(&str, Value)> {
    let inner = |inner: &Inner| {
        object(vec![("a_name_that_is_long", Value::Bool(inner.a_name_that_is_long)), ("b", of_text(&inner.b))])
    };
    let list = sample.list.iter().map(|number| of_number(i64::try_from(*number).expect("small")));
    let at = jiff::Timestamp::from_millisecond(sample.at.0).expect("a time").to_string();
    let mut fields = vec![
        ("text", of_text(&sample.text)),
        ("number", of_number(sample.number)),
        ("float", Value::Number(Number::Float(sample.float))),
        ("flag", Value::Bool(sample.flag)),
        ("at", Value::Datetime(Datetime(at.parse().expect("a time")))),
        ("bytes", Value::Bytes(Bytes::from(sample.bytes.to_vec()))),
        ("list", Value::Array(Array(list.collect()))),
        ("pair", Value::Array(Array(vec![of_number(sample.pair.0.into()), of_text(&sample.pair.1)]))),
        ("inner", Value::Array(Array(sample.inner.iter().map(inner).collect()))),
        ("anything", of_json(&sample.anything)),
    ];
    fields.extend(sample.given.map(|number| ("given", of_number(number))));
    fields.push(match sample.kind {
        Kind::Plain => ("kind", of_text("Plain")),
        Kind::With(number) => ("kind", object(vec![("With", of_number(number))])),
    });
    fields
}

/// Ids with what the engine makes of them.
fn ids<'a>(texts: &'a [String], random: &mut StdRng) -> Vec<(Parts<'a>, RecordIdKey)> {
    let mut ids = Vec::new();
    for text in texts {
        let number = number(random).unsigned_abs() >> 1;
        let (of_this, signed) = (of_text(text), i64::try_from(number).expect("small"));
        ids.push((Parts::alone(Part::Text(text)), RecordIdKey::String(Strand::from(text.clone()))));
        ids.push((Parts::alone(Part::Number(number)), RecordIdKey::Number(signed)));
        let parts = [Part::Number(number), Part::Text(text), Part::Number(10_u64.pow(random.random_range(0..19)))];
        let Part::Number(last) = parts[2] else { unreachable!("a number") };
        let last = of_number(i64::try_from(last).expect("small"));
        ids.push((Parts::array(parts), RecordIdKey::Array(Array(vec![of_number(signed), of_this.clone(), last]))));
        ids.push((Parts::array([parts[1]]), RecordIdKey::Array(Array(vec![of_this]))));
    }
    for number in [0, 1, 9, 10, 99, 100, 1_000_000, i64::MAX as u64] {
        let signed = i64::try_from(number).expect("small");
        ids.push((Parts::array([Part::Number(number)]), RecordIdKey::Array(Array(vec![of_number(signed)]))));
    }
    ids
}

fn key_bytes(id: RecordIdKey) -> Vec<u8> {
    let (ns, db, tb) = (NamespaceId(1), DatabaseId(2), Cow::Owned(TableName::new("t")));
    let key = RecordKey { ns, db, tb, id: Cow::Owned(id) };
    let bytes = key.encode_key().expect("a key").to_vec();
    let prefix = b"/*\0\0\0\x01*\0\0\0\x02*t\0*";
    bytes.strip_prefix(prefix).expect("a table's key").to_vec()
}

#[test]
fn a_record_is_what_the_engine_writes_and_is_read_back() {
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..500 {
        let sample = sample(&mut random);
        let texts = [text(&mut random)];
        for (parts, id) in ids(&texts, &mut random) {
            let ours = encode("t", &parts, &sample).expect("written");
            let mut fields = value_of(&sample);
            fields.push(("id", Value::RecordId(RecordId::new(TableName::new("t"), id))));
            let theirs = Record::new(object(fields)).kv_encode_value().expect("written");
            assert!(ours == theirs, "{sample:?}");
            assert_eq!(decode::<Sample>(&theirs).expect("read"), sample);
        }
    }
}

#[test]
fn an_id_is_what_the_engine_writes_and_is_read_back() {
    let mut random = StdRng::seed_from_u64(2);
    let texts: Vec<String> = (0..200).map(|_| text(&mut random)).collect();
    for (parts, id) in ids(&texts, &mut random) {
        let mut bytes = Vec::new();
        id_bytes(&parts, &mut bytes);
        assert_eq!(bytes, key_bytes(id.clone()), "{id:?}");
        let link = Link::to("t", &parts);
        for mut read in [PartsReader::of_key(&bytes), link.parts("t").expect("a link")] {
            for part in parts.as_slice() {
                match part {
                    Part::Number(number) => assert_eq!(read.number(), Some(*number)),
                    Part::Text(text) => assert_eq!(read.text().as_deref(), Some(*text)),
                }
            }
            assert!(read.is_done() && !read.has_more());
        }
        assert!(link.parts("another").is_err());
    }
}

#[test]
fn the_order_of_ids_is_that_of_their_parts() {
    let mut random = StdRng::seed_from_u64(3);
    let mut all: Vec<(u64, String, u64)> = (0..300)
        .map(|_| {
            (number(&mut random).unsigned_abs() >> 1 & 0xFF, text(&mut random), number(&mut random).unsigned_abs() >> 1)
        })
        .collect();
    let bytes = |(one, text, other): &(u64, String, u64)| {
        let mut bytes = Vec::new();
        id_bytes(&Parts::array([Part::Number(*one), Part::Text(text), Part::Number(*other)]), &mut bytes);
        bytes
    };
    all.sort_by_key(&bytes);
    assert!(all.is_sorted());
}

#[test]
fn bytes_that_are_cut_or_changed_are_read_as_an_error_or_a_document() {
    let mut random = StdRng::seed_from_u64(4);
    let record = encode("t", &Parts::alone(Part::Number(1)), &sample(&mut random)).expect("written");
    for end in 0..record.len() {
        assert!(decode::<Sample>(&record[..end]).is_err(), "cut at {end}");
    }
    for _ in 0..50_000 {
        let mut changed = record.clone();
        for _ in 0..random.random_range(1..4) {
            let place = random.random_range(0..changed.len());
            changed[place] = random.random();
        }
        drop(decode::<Sample>(&changed));
        drop(decode::<serde_json::Value>(&changed));
        let mut parts = PartsReader::of_key(&changed[14..]);
        drop((parts.number(), parts.text(), parts.small()));
    }
}

#[test]
fn what_cannot_be_kept_is_told() {
    let id = Parts::alone(Part::Number(1));
    assert!(encode("t", &id, &5).is_err(), "a document has fields");
    assert!(encode("t", &id, &serde_json::json!({ "large": u64::MAX })).is_err());
}
