//! Files as people's programs write them, and as nobody should.

use super::*;
use scrip_domain::{job::Field, rejection::Code};

fn records(text: &[u8], delimiter: char) -> Vec<Record> {
    let mut records = Records::new(Box::new(std::io::Cursor::new(text.to_vec())), delimiter, 0, 0);
    let mut all = Vec::new();
    while let Some(record) = records.next().expect("memory can be read") {
        all.push(record);
    }
    all
}

fn found(text: &str) -> FileFacts {
    let from: Read = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
    facts(from, text.len() as u64, Encoding::Utf8, None).expect("memory can be read")
}

#[test]
fn records_of_all_forms() {
    for (text, delimiter, expected) in [
        ("a,b\r\nc,d\r\n", ',', vec![(1, vec!["a", "b"]), (2, vec!["c", "d"])]),
        ("a;\"b\r\nb\"\n\n\nc;d", ';', vec![(1, vec!["a", "b\r\nb"]), (5, vec!["c", "d"])]),
        ("\u{feff}a\tb\n", '\t', vec![(1, vec!["a", "b"])]),
        ("\"a\"\"b\",\"c,d\"\n", ',', vec![(1, vec!["a\"b", "c,d"])]),
        ("\n\n", ',', vec![]),
        ("", ',', vec![]),
        ("a\n\"b,c\nd", ',', vec![(1, vec!["a"]), (2, vec!["b,c\nd"])]),
    ] {
        let found: Vec<_> = records(text.as_bytes(), delimiter)
            .into_iter()
            .map(|record| (record.line, record.cells.expect("cells")))
            .collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(line, cells)| (line, cells.into_iter().map(str::to_owned).collect::<Vec<_>>()))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn a_file_is_read_on_from_any_record() {
    let text = "\u{feff}code,who\r\n\"A\r\n1\",x\r\nB,y\r\n\r\nC,z";
    let all = records(text.as_bytes(), ',');
    assert_eq!(all.iter().map(|record| record.line).collect::<Vec<_>>(), [1, 2, 4, 6]);
    for (place, record) in all.iter().enumerate() {
        let rest = text.as_bytes()[usize::try_from(record.end).expect("small")..].to_vec();
        let mut records = Records::new(Box::new(std::io::Cursor::new(rest)), ',', record.end, record.next_line - 1);
        for expected in &all[place + 1..] {
            assert_eq!(records.next().expect("memory").as_ref(), Some(expected), "after record {place}");
        }
    }
}

#[test]
fn what_has_no_end_takes_no_memory() {
    let long = "x".repeat(3 * 1024 * 1024);
    let text = format!("a\n{long}\nb\n\"{long}\nc\nd");
    let found = records(text.as_bytes(), ',');
    assert_eq!(found.len(), 4);
    assert!(found[1].cells.as_ref().is_err_and(|reason| reason.contains("65536")), "{:?}", found[1].line);
    assert_eq!((found[2].line, found[2].cells.clone()), (3, Ok(vec!["b".to_owned()])));
    assert!(found[3].cells.as_ref().is_err_and(|reason| reason.contains("never closed")));
    let many = format!("{}\nb", ",".repeat(100_000));
    let found = records(many.as_bytes(), ',');
    assert!(found[0].cells.as_ref().is_err_and(|reason| reason.contains("256 cells")));
    assert_eq!(found[1].cells, Ok(vec!["b".to_owned()]));
    assert!(records(b"a\xff\nb", ',')[0].cells.as_ref().is_err_and(|reason| reason.contains("UTF-8")));
}

#[test]
fn encodings_are_told_by_all_of_a_file() {
    let text = "code;Käufer\nA-1;Zoë €\n";
    let utf16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let western = b"code;K\xe4ufer\nA-1;Zo\xeb \x80\n".to_vec();
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark.to_vec(), bytes].concat();
    let late = [vec![b'a'; 1_000_000], b"\xe4".to_vec()].concat();
    for (bytes, encoding, told) in [
        (text.as_bytes().to_vec(), Encoding::Utf8, true),
        (marked(b"\xef\xbb\xbf", text.as_bytes().to_vec()), Encoding::Utf8, false),
        (utf16(u16::to_le_bytes), Encoding::Utf16Le, true),
        (utf16(u16::to_be_bytes), Encoding::Utf16Be, true),
        (marked(b"\xff\xfe", utf16(u16::to_le_bytes)), Encoding::Utf16Le, true),
        (marked(b"\xfe\xff", utf16(u16::to_be_bytes)), Encoding::Utf16Be, true),
        (western, Encoding::Windows1252, true),
        (late, Encoding::Windows1252, false),
    ] {
        for size in [1, 7, 4_096] {
            let mut sniffer = Sniffer::default();
            bytes.chunks(size).take(2_000_000).for_each(|part| sniffer.look(part));
            assert_eq!(sniffer.encoding(), encoding, "in parts of {size}");
        }
        if told {
            let mut written = Vec::new();
            transcode(&mut bytes.as_slice(), encoding, &mut written).expect("memory");
            assert_eq!(String::from_utf8(written).expect("UTF-8"), text, "{encoding:?}");
        }
    }
}

#[test]
fn delimiters_are_told_by_what_stands_outside_of_quotes() {
    for (text, expected) in [
        ("code;name\nA;\"x, y, z, 1, 2\"\nB;\"a, b\"\n", ';'),
        ("code,value\nA,\"1;5\"\n", ','),
        ("code\tname\nA\t1,5; 2,5\n", '\t'),
        ("A\nB\nC\n", ','),
        ("A;B", ';'),
        ("", ','),
        ("a,b;c\na;b;c\na;b;c\na;c\n", ';'),
    ] {
        assert_eq!(found(text).delimiter, expected, "{text:?}");
    }
}

#[test]
fn what_a_file_is_found_to_be() {
    let with = found("Code;Kunde\nA;1\nB;2\n");
    assert_eq!((with.header, with.rows, with.columns.clone()), (true, 2, vec!["Code".to_owned(), "Kunde".to_owned()]));
    assert_eq!(with.sample, [["A", "1"], ["B", "2"]]);
    let without = found("A\nB\nC\nD\nE\nF\nG");
    assert_eq!((without.header, without.rows, without.sample.len()), (false, 7, 5));
    assert_eq!(found("code\n").rows, 0);
    assert_eq!(found("").rows, 0);
}

#[test]
fn columns_by_name_and_place() {
    let file = found("Code;Kunde;code2\nA;1;x\n");
    let map = |columns: Vec<(Field, ColumnRef)>| {
        map_columns(&MappingDraft { columns: Some(columns), ..MappingDraft::default() }, &file, Field::Code)
    };
    let name = |name: &str| ColumnRef::Name(name.to_owned());
    let mapped = map_columns(&MappingDraft::default(), &file, Field::Code).expect("columns");
    assert_eq!(mapped.columns, [(Field::Code, 0)]);
    let mapped = map(vec![(Field::Code, name("code2")), (Field::Customer, ColumnRef::Place(2))]).expect("columns");
    assert_eq!(mapped.columns, [(Field::Code, 2), (Field::Customer, 1)]);
    for (columns, field) in [
        (vec![(Field::Code, name("x"))], "columns.0.name"),
        (vec![(Field::Code, ColumnRef::Place(4))], "columns.0.position"),
        (vec![(Field::Code, ColumnRef::Place(0))], "columns.0.position"),
        (vec![(Field::Code, ColumnRef::Place(1)), (Field::Code, ColumnRef::Place(2))], "columns.1.field"),
        (vec![(Field::Customer, ColumnRef::Place(1))], "columns"),
    ] {
        let refused = map(columns).expect_err("a refusal");
        assert_eq!(refused.field.to_string(), field, "{}", refused.message);
        assert!(matches!(refused.code, Code::ValueInvalid | Code::Required));
    }
    let customers = found("Kunde;customer_id\n1;ann\n");
    let mapped = map_columns(&MappingDraft::default(), &customers, Field::Customer).expect("columns");
    assert_eq!(mapped.columns, [(Field::Customer, 1)]);
    let twice = found("code;Coupon\nA;1\n");
    assert!(map_columns(&MappingDraft::default(), &twice, Field::Code).is_err(), "two columns are the code");
    let draft = MappingDraft { delimiter: Some("|".to_owned()), ..MappingDraft::default() };
    assert_eq!(map_columns(&draft, &file, Field::Code).expect_err("a refusal").field.names(), ["delimiter"]);
    let draft = MappingDraft { encoding: Some("latin".to_owned()), ..MappingDraft::default() };
    assert_eq!(map_columns(&draft, &file, Field::Code).expect_err("a refusal").field.names(), ["encoding"]);
}

#[test]
fn what_is_no_text_is_told_with_what_to_do() {
    for (head, told) in [
        (&b"PK\x03\x04rest"[..], Some("spreadsheet")),
        (b"%PDF-1.7", Some("PDF")),
        (b"\x89PNG\r\n", Some("picture")),
        (b"\xd0\xcf\x11\xe0", Some("XLS")),
        (b"<!doctype html>", Some("HTML")),
        (b"code\nPK", None),
        (b"P", None),
    ] {
        let found = no_text(head);
        assert_eq!(found.is_some(), told.is_some(), "{head:?}");
        assert!(found.unwrap_or_default().contains(told.unwrap_or_default()), "{head:?}");
    }
}
