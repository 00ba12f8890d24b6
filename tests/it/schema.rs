//! schema.graphql is what the code says, and every part of it is described.

use std::path::Path;

use scrip::domain::rejection::Input;

#[test]
fn the_schema_file_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let code = format!("{}\n", scrip::graphql::definition().trim_end());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &code).expect("schema.graphql can be written");
    }
    let file = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(file == code, "schema.graphql is not what the code says: run UPDATE_SCHEMA=1 cargo test schema");
}

#[test]
fn everything_in_the_schema_is_described() {
    let definition = scrip::graphql::definition();
    let mut described = false;
    let mut bare = Vec::new();
    let mut comment = false;
    for line in definition.lines() {
        let text = line.trim();
        if text.starts_with("\"\"\"") {
            // A block's first and last line, or a block on one line.
            comment = if text.len() > 3 && text.ends_with("\"\"\"") { false } else { !comment };
            described = true;
        } else if !comment && !text.is_empty() && text != "}" && text != ")" && !text.starts_with("directive") {
            let root = ["schema", "query:", "mutation:", "subscription:"].iter().any(|start| text.starts_with(start));
            if !described && !root && !text.starts_with(')') {
                bare.push(text.to_owned());
            }
            described = false;
        }
    }
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}

#[test]
fn every_field_that_a_refusal_can_name_is_there() {
    let definition = scrip::graphql::definition();
    // Whatever else has such a name is no field that is sent.
    let (mut sent, mut input, mut arguments, mut comment) = (Vec::new(), false, false, false);
    for line in definition.lines() {
        let text = line.trim();
        if text.starts_with("\"\"\"") {
            comment = if text.len() > 3 && text.ends_with("\"\"\"") { false } else { !comment };
        } else if !comment {
            input = line.starts_with("input ") || input && line != "}";
            arguments = text.ends_with('(') || arguments && !text.starts_with(')');
            sent.extend(text.split_once(':').filter(|_| input || arguments).map(|(name, _)| name));
        }
    }
    let names = Input::ALL.iter().map(|field| field.name()).filter(|name| !sent.contains(name));
    // Those two are of HTTP.
    assert_eq!(names.collect::<Vec<_>>(), ["pool", "uploads"]);
}
