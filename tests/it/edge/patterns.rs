//! What is shown of a pattern while it is drafted, and what is wrong with one, at the character.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{App, app::text};

const PREVIEW: &str =
    "query($input: PatternInput!) { patternPreview(input: $input) { combinations bulkLimit placeholders
    caseSensitive exclusionCosts { exclusion cost } samples position userErrors { code field message } } }";

async fn preview(app: &App, input: Value) -> Value {
    app.data(PREVIEW, json!({ "input": input })).await["patternPreview"].clone()
}

#[tokio::test]
async fn a_draft_is_counted_exactly() {
    let app = App::start().await;
    let shown =
        preview(&app, json!({ "pattern": "A-##@", "excludedCharacters": ["0"], "excludedPhrases": ["11"] })).await;
    // 9 * 9 * 26, without 11 and any letter.
    assert_eq!((&shown["combinations"], &shown["bulkLimit"]), (&json!("2080"), &json!(20)));
    assert_eq!((&shown["placeholders"], &shown["caseSensitive"]), (&json!(3), &json!(false)));
    let costs = json!([{ "exclusion": "0", "cost": "494" }, { "exclusion": "11", "cost": "26" }]);
    assert_eq!((&shown["exclusionCosts"], &shown["userErrors"]), (&costs, &json!([])));
    let samples: BTreeSet<_> = shown["samples"].as_array().expect("a list").iter().map(text).collect();
    assert_eq!(samples.len(), 10);
    assert!(samples.iter().all(|code| code.len() == 5 && code.starts_with("A-") && !code.contains('0')), "{samples:?}");
    let huge = preview(&app, json!({ "pattern": "*".repeat(64) })).await;
    assert_eq!(
        huge["combinations"],
        "5164973859965249179065154939717494269947658426266553960878244596268481614842987330263563657801857314603738370932736"
    );
    assert_eq!((&huge["bulkLimit"], &huge["caseSensitive"]), (&json!(100_000_000), &json!(true)));
    app.finish().await;
}

#[tokio::test]
async fn samples_are_no_codes_of_any_pool() {
    let app = App::start().await;
    let input = json!({ "name": "p", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "S-#" });
    let pool = app.ok("poolCreate", input).await["id"].clone();
    let mut made = BTreeSet::new();
    for number in 0..6 {
        made.insert(text(&app.claim(&text(&pool), &format!("{number}")).await["code"]));
    }
    let shown = preview(&app, json!({ "pattern": "S-#" })).await;
    let samples: BTreeSet<_> = shown["samples"].as_array().expect("a list").iter().map(text).collect();
    assert!(samples.len() == 4 && samples.is_disjoint(&made), "{samples:?} {made:?}");
    assert_eq!(shown["userErrors"][0]["code"], "PATTERN_NOT_UNIQUE", "another pool would be refused: {shown}");
    let own = preview(&app, json!({ "pattern": "S-#", "poolId": pool })).await;
    assert_eq!(own["userErrors"], json!([]), "an edit of the pool itself would not");
    app.finish().await;
}

/// What a preview finds wrong: codes and fields.
async fn wrong(app: &App, input: Value) -> Vec<(String, String)> {
    let shown = preview(app, input).await;
    let errors = shown["userErrors"].as_array().expect("errors");
    errors.iter().map(|error| (text(&error["code"]), text(&error["field"][0]))).collect()
}

#[tokio::test]
async fn a_preview_shows_what_making_the_pool_is_refused_with() {
    let app = App::start().await;
    let pool = |source: &str, input: &Value| {
        let fields = json!({ "name": "p", "source": source, "type": "FREE_SHIPPING" });
        super::pools::with(&fields, input.clone())
    };
    app.pool(json!({ "type": "FREE_SHIPPING" }), &["UP-1234", "GENERIC"]).await;
    app.ok("poolCreate", pool("GENERATED", &json!({ "pattern": "TAKEN-##" }))).await;
    let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    for input in [
        json!({ "pattern": "UP-####" }),
        json!({ "pattern": "generic" }),
        json!({ "pattern": "TAKEN-1#" }),
        json!({ "pattern": "TAKEN-11" }),
        json!({ "pattern": "A###" }),
        json!({ "pattern": "A####", "excludedCharacters": digits }),
        json!({ "pattern": "A####", "excludedPhrases": digits }),
        json!({ "pattern": "B####", "excludedCharacters": digits[1..] }),
        json!({ "pattern": "NAME", "excludedPhrases": ["am"] }),
        json!({ "pattern": "A\\" }),
        json!({ "pattern": "FINE-####" }),
    ] {
        for source in ["GENERATED", "BULK_GENERATED"] {
            let shown = wrong(&app, super::pools::with(&input, json!({ "source": source }))).await;
            let payload = app.mutate("poolCreate", pool(source, &input)).await;
            let errors = payload["userErrors"].as_array().expect("errors");
            let refused: Vec<_> = errors.iter().map(|error| (text(&error["code"]), text(&error["field"][0]))).collect();
            assert_eq!(shown, refused, "{source} {input}");
            if let Some(id) = payload["pool"]["id"].as_str() {
                assert_eq!(
                    wrong(&app, super::pools::with(&input, json!({ "poolId": id }))).await,
                    Vec::new(),
                    "its own"
                );
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_preview_of_an_edit_shows_what_the_edit_is_refused_with() {
    let app = App::start().await;
    let frozen = app.bulk("FROZEN-####", 1).await;
    let open = json!({ "name": "p", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "OPEN-##" });
    let open = text(&app.ok("poolCreate", open).await["id"]);
    let uploaded = app.pool(json!({ "type": "FREE_SHIPPING" }), &["ONE"]).await;
    for (pool, input) in [
        (&frozen, json!({ "pattern": "OTHER-####" })),
        (&frozen, json!({ "pattern": "FROZEN-####", "excludedCharacters": ["0"] })),
        (&frozen, json!({ "pattern": "FROZEN-####" })),
        (&open, json!({ "pattern": "FROZEN-##1#" })),
        (&open, json!({ "pattern": "MIXED-**" })),
        (&open, json!({ "pattern": "OPEN-###" })),
        (&uploaded, json!({ "pattern": "ANY-###" })),
    ] {
        let shown = wrong(&app, super::pools::with(&input, json!({ "poolId": pool }))).await;
        let edit = json!({ "id": pool, "apply": "NONE", "dryRun": true });
        let payload = app.mutate("poolUpdate", super::pools::with(&edit, input.clone())).await;
        let errors = payload["userErrors"].as_array().expect("errors");
        let refused: Vec<_> = errors.iter().map(|error| (text(&error["code"]), text(&error["field"][0]))).collect();
        assert_eq!(shown, refused, "{input}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_at_the_character() {
    let app = App::start().await;
    let phrases: Vec<String> = (0..1_001).map(|number| format!("p{number}")).collect();
    let characters: Vec<String> =
        (0..257).map(|number| char::from_u32(0x4E00 + number).expect("one").to_string()).collect();
    let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    for (input, field, position, says) in [
        (json!({ "pattern": "" }), "pattern", Value::Null, "empty"),
        (json!({ "pattern": "AB#\\" }), "pattern", json!(3), "escapes nothing"),
        (json!({ "pattern": "#".repeat(65) }), "pattern", json!(64), "past 64 characters"),
        (json!({ "pattern": "A#e\u{301}" }), "pattern", json!(3), "changes under Unicode normalisation"),
        (json!({ "pattern": "A\u{7}#" }), "pattern", json!(1), "cannot be seen"),
        (json!({ "pattern": " A#" }), "pattern", json!(0), "white space"),
        (json!({ "pattern": "A\u{FF03}" }), "pattern", json!(1), "is no placeholder"),
        (json!({ "pattern": "###", "excludedCharacters": ["12"] }), "excludedCharacters", Value::Null, "one character"),
        (json!({ "pattern": "###", "excludedCharacters": [""] }), "excludedCharacters", Value::Null, "one character"),
        (
            json!({ "pattern": "###", "excludedCharacters": characters }),
            "excludedCharacters",
            Value::Null,
            "at most 256",
        ),
        (json!({ "pattern": "###", "excludedPhrases": [""] }), "excludedPhrases", Value::Null, "empty"),
        (
            json!({ "pattern": "###", "excludedPhrases": ["x".repeat(65)] }),
            "excludedPhrases",
            Value::Null,
            "at most 64",
        ),
        (json!({ "pattern": "###", "excludedPhrases": phrases }), "excludedPhrases", Value::Null, "at most 1000"),
    ] {
        let shown = preview(&app, input.clone()).await;
        let error = &shown["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!("PATTERN_INVALID"), &json!([field])), "{input}: {shown}");
        assert_eq!(shown["position"], position, "{input}: {shown}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(says)), "{error}");
        let pool = super::pools::with(&json!({ "name": "p", "source": "GENERATED", "type": "FREE_SHIPPING" }), input);
        app.refused("poolCreate", pool, "PATTERN_INVALID", field).await;
    }
    let nothing = json!({ "name": "p", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "A#", "excludedCharacters": digits });
    app.refused("poolCreate", nothing, "PATTERN_INVALID", "excludedCharacters").await;
    let named = json!({ "name": "p", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "DAMN-#", "excludedPhrases": ["amn"] });
    app.refused("poolCreate", named, "PATTERN_INVALID", "excludedPhrases").await;
    // What normalises to itself may be in a pattern, and is found however it was typed.
    let composed = json!({ "name": "p", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "É-#" });
    let pool = text(&app.ok("poolCreate", composed).await["id"]);
    let code = text(&app.claim(&pool, "ann").await["code"]);
    let typed = format!(" e\u{301}{}", &code["É".len()..]);
    assert_eq!(app.by_code(&typed).await["code"], code);
    app.finish().await;
}

/// So many words of so many letters, no two of which begin alike for long.
fn words(number: u64, letters: usize) -> Vec<String> {
    let mut state = 7_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 33) % 26).expect("a letter"))
    };
    (0..number).map(|_| (0..letters).map(|_| letter()).collect()).collect()
}

#[tokio::test]
async fn phrases_that_need_too_large_tables_are_refused() {
    let app = App::start().await;
    let pool = |name: &str, pattern: &str, phrases: Vec<String>| {
        json!({ "name": name, "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": pattern,
            "excludedPhrases": phrases })
    };
    let places = "$".repeat(62);
    let large = pool("p", &format!("A-{places}"), words(1_000, 12));
    let payload = app.mutate("poolCreate", large.clone()).await;
    let error = &payload["userErrors"][0];
    assert_eq!((&error["code"], &error["field"]), (&json!("LIMIT_EXCEEDED"), &json!(["excludedPhrases"])), "{payload}");
    let said = text(&error["message"]);
    assert!(said.contains("at most 4 MiB are possible; exclude fewer or shorter phrases"), "{said}");
    let drafted = json!({ "pattern": large["pattern"], "excludedPhrases": large["excludedPhrases"] });
    let refused = [("LIMIT_EXCEEDED".to_owned(), "excludedPhrases".to_owned())];
    assert_eq!(wrong(&app, drafted).await, refused);
    // What shops do fits.
    let ordinary = pool("q", &"$".repeat(12), words(1_000, 5));
    let id = text(&app.ok("poolCreate", ordinary).await["id"]);
    app.claim(&id, "ann").await;
    // Each of these fits by itself; together they do not.
    let mut edits = 0;
    let end = loop {
        let edit = json!({ "id": id, "apply": "NONE", "pattern": format!("B-{places}"),
            "excludedPhrases": words(150 + edits, 7) });
        let payload = app.mutate("poolUpdate", edit.clone()).await;
        if payload["userErrors"] != json!([]) {
            break (edit, payload);
        }
        app.claim(&id, "ann").await;
        edits += 1;
        assert!(edits < 20, "there is a bound");
    };
    assert!(edits > 2, "{edits}");
    assert_eq!(end.1["userErrors"][0]["code"], "LIMIT_EXCEEDED", "{}", end.1);
    let drafted = json!({ "pattern": end.0["pattern"], "excludedPhrases": end.0["excludedPhrases"], "poolId": id });
    assert_eq!(wrong(&app, drafted).await, refused);
    app.ok("poolUpdate", json!({ "id": id, "apply": "NONE", "pattern": "C-########", "excludedPhrases": [] })).await;
    app.finish().await;
}
