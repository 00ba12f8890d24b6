//! What a document may cost before anything is done with it. Validation expands fragments without a memory of
//! those it has seen, so nine fragments that each spread the next eight times (700 bytes) would keep a core busy
//! for minutes: here each is counted once, and what is too much is refused unread.

use async_graphql::{
    ErrorExtensionValues, Request, ServerError,
    parser::types::{ExecutableDocument, OperationDefinition},
};

use super::count;

/// The longest document, in bytes. Lists of codes belong into variables.
const MAX_BYTES: usize = 512 * 1024;
/// The most tokens (names, values, punctuators) of a document: 10,000 codes as literals fit.
const MAX_TOKENS: usize = 40_000;
/// How deep brackets may nest.
const MAX_NESTING: usize = 60;
/// The most fragments.
const MAX_FRAGMENTS: usize = 200;

/// Reads a request's document and refuses one that costs too much.
pub fn read(request: &mut Request) -> Result<&ExecutableDocument, ServerError> {
    if request.query.len() > MAX_BYTES {
        return Err(exceeded(&format!("the document has {} bytes", request.query.len()), MAX_BYTES as u64));
    }
    scan(&request.query)?;
    let document = request.parsed_query()?;
    if document.fragments.len() > MAX_FRAGMENTS {
        let found = format!("the document has {} fragments", document.fragments.len());
        return Err(exceeded(&found, MAX_FRAGMENTS as u64));
    }
    count::check(document)?;
    request.parsed_query()
}

/// The operation that a request runs; none where it names none that there is.
#[must_use]
pub fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    match name {
        Some(name) => operations.find(|(found, _)| found.is_some_and(|found| found.as_str() == name)),
        None => operations.next().filter(|_| operations.next().is_none()),
    }
    .map(|(_, operation)| &operation.node)
}

/// The error of what is more than is possible.
pub fn exceeded(found: &str, limit: u64) -> ServerError {
    with_code(&format!("{found}: at most {limit} are possible"), "LIMIT_EXCEEDED")
}

/// An error of a whole request, with its code.
pub fn with_code(message: &str, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    error.extensions = Some(extensions);
    error
}

/// Counts tokens and nesting without building anything (GraphQL specification, section 2.1).
fn scan(text: &str) -> Result<(), ServerError> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut nesting) = (0, 0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' => string(&bytes[at..]),
            b'{' | b'(' | b'[' => {
                nesting += 1;
                1
            }
            b'}' | b')' | b']' => {
                nesting = nesting.saturating_sub(1);
                1
            }
            byte if is_word(*byte) => bytes[at..].iter().take_while(|byte| is_word(**byte)).count(),
            _ => 1,
        };
        at += length;
        tokens += 1;
        if tokens > MAX_TOKENS {
            return Err(exceeded("the document has too many tokens", MAX_TOKENS as u64));
        }
        if nesting > MAX_NESTING {
            return Err(exceeded("the document nests too deep", MAX_NESTING as u64));
        }
    }
    Ok(())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+') || byte >= 0x80
}

/// The length of the string that a text begins with; to the end where it has none.
fn string(bytes: &[u8]) -> usize {
    let (quote, start) = if bytes.starts_with(b"\"\"\"") { (&b"\"\"\""[..], 3) } else { (&b"\""[..], 1) };
    // In a block string only its own end can be escaped; elsewhere a backslash escapes any character.
    let (escape, escaped) = if start == 3 { (&b"\\\"\"\""[..], 4) } else { (&b"\\"[..], 2) };
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(quote) {
            return at + quote.len();
        }
        at += if bytes[at..].starts_with(escape) { escaped } else { 1 };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use async_graphql::parser::types::OperationType;

    use super::*;

    fn refusal(document: &str) -> Option<String> {
        read(&mut Request::new(document)).err().map(|error| error.message)
    }

    #[test]
    fn what_is_ordinary_is_let_through() {
        for document in [
            "{ a }",
            "query A { a(b: \"}}}}\", c: \"\"\"{{{ \\\"\"\" \"\"\") @skip(if: false) { ...F } } fragment F on T { b ... on U { c } }",
            "# {{{{{{{\n{ a }",
        ] {
            assert_eq!(refusal(document), None, "{document}");
        }
        let codes: Vec<String> = (0..10_000).map(|code| format!("\"CODE-{code}\"")).collect();
        assert_eq!(refusal(&format!("mutation {{ add(codes: [{}]) {{ id }} }}", codes.join(", "))), None);
    }

    #[test]
    fn what_costs_too_much_is_refused_at_once() {
        let mut bomb = "{ a { ...F0 } } ".to_owned();
        for number in 0..30 {
            let spreads = format!("...F{} ", number + 1).repeat(8);
            write!(bomb, "fragment F{number} on T {{ {spreads} }} ").expect("text");
        }
        bomb.push_str("fragment F30 on T { a }");
        let unused = bomb.replace("...F0 ", "b ");
        let fields = format!("{{ {} }}", "a ".repeat(10_001));
        // Each of these goes nowhere but deeper: what followed it would leave its stack.
        let deep = |number: usize| {
            let inner = |number| format!("{}...D{} {}", "... { ".repeat(20), number + 1, "} ".repeat(20));
            let fragments = |number| format!("fragment D{number} on T {{ {} }} ", inner(number));
            let chain: String = (0..number).map(fragments).collect();
            format!("{{ ...D0 }} {chain} fragment D{number} on T {{ a }}")
        };
        let aliases = |most| (0..most).map(|number| format!("a{number}: b ")).collect::<String>();
        let fragments: String = (0..201).map(|number| format!("fragment F{number} on T {{ a }} ")).collect();
        for (document, says) in [
            (bomb, "selects too much"),
            (unused, "selects too much"),
            (fields, "selects too much"),
            (format!("{{ {} }}", aliases(501)), "aliases"),
            (format!("{{ a {{ ...F ...F }} }} fragment F on T {{ {} }}", aliases(300)), "aliases"),
            (deep(190), "nests its selections"),
            (format!("{{ {}a{} }}", "a { ".repeat(20), " }".repeat(20)), "nests its fields"),
            (format!("{{ {}a{} }}", "a { ".repeat(50_000), " }".repeat(50_000)), "nests too deep"),
            (format!("{{ a(b: {}{}) }}", "[".repeat(50_000), "]".repeat(50_000)), "nests too deep"),
            (format!("{{ a {} }}", "@b ".repeat(20_001)), "too many tokens"),
            (format!("{{ {} }}", "a".repeat(MAX_BYTES)), "bytes"),
            (format!("{{ a }} {fragments}"), "fragments"),
            ("{ ...F } fragment F on T { a ...G } fragment G on T { b ...F }".to_owned(), "spreads itself"),
        ] {
            let found = refusal(&document).unwrap_or_default();
            assert!(found.contains(says), "{says}: {found}");
        }
    }

    #[test]
    fn strings_end_where_the_parser_ends_them() {
        for (text, length) in [(r#""a\\" {"#, 5), (r#""a\"b" {"#, 6), (r#""" {"#, 2)] {
            assert_eq!(string(text.as_bytes()), length, "{text}");
        }
        let (block, hidden) = ("\"\"\" \\\"\"\"\" \"\"\" ", "{ ".repeat(MAX_NESTING + 1));
        assert_eq!(string(block.as_bytes()), block.len() - 1);
        assert!(scan(&format!("{{ a(b: {block}) {hidden}")).is_err(), "what follows a string is not part of it");
    }

    #[test]
    fn the_operation_that_runs() {
        let mut request = Request::new("query A { a } mutation B { b }");
        let document = read(&mut request).expect("a document");
        let kind = |name| operation(document, name).map(|operation| operation.ty);
        assert_eq!(kind(Some("A")), Some(OperationType::Query));
        assert_eq!(kind(Some("B")), Some(OperationType::Mutation));
        assert_eq!(kind(Some("C")), None);
        assert_eq!(kind(None), None);
    }
}
