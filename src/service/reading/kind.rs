//! What a file is that is no text of rows: told by its first bytes, with what to do instead.

/// What to do with a spreadsheet.
const SAVE_AS: &str = "open it in the spreadsheet program, save it as \"CSV UTF-8\", and upload that";

/// How files begin that are no text, what they are and what to do.
const KINDS: [(&[u8], &str, &str); 15] = [
    (b"PK\x03\x04", "a spreadsheet (XLSX, ODS) or another ZIP archive", SAVE_AS),
    (b"PK\x05\x06", "an empty ZIP archive", SAVE_AS),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet of an old form (XLS)", SAVE_AS),
    (b"%PDF", "a PDF", "export the rows as CSV from the program that made it"),
    (b"\x89PNG", "a picture (PNG)", "upload the rows as CSV"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "upload the rows as CSV"),
    (b"GIF8", "a picture (GIF)", "upload the rows as CSV"),
    (b"RIFF", "a picture or a sound", "upload the rows as CSV"),
    (b"\x1f\x8b", "compressed (gzip)", "unpack it, and upload what is in it"),
    (b"7z\xbc\xaf", "compressed (7z)", "unpack it, and upload what is in it"),
    (b"Rar!", "compressed (RAR)", "unpack it, and upload what is in it"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)", "unpack it, and upload what is in it"),
    (b"{\\rtf", "a document (RTF)", "upload the rows as CSV"),
    (b"<!DOCTYPE", "a page (HTML)", "upload the rows as CSV"),
    (b"<html", "a page (HTML)", "upload the rows as CSV"),
];

/// What is wrong with a file that begins so and is no text of rows.
pub(crate) fn no_text(head: &[u8]) -> Option<String> {
    let begins = |start: &[u8]| head.len() >= start.len() && head[..start.len()].eq_ignore_ascii_case(start);
    let (_, what, instead) = KINDS.iter().find(|(start, ..)| begins(start))?;
    Some(format!("expected CSV, and the file is {what}: {instead}"))
}
