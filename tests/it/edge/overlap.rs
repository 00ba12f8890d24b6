//! No code is in two pools: patterns against patterns, lists against patterns, patterns against lists.

use serde_json::{Value, json};

use super::App;

fn pool(pattern: &str, fields: Value) -> Value {
    let input = json!({ "name": pattern, "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": pattern });
    super::pools::with(&input, fields)
}

/// The message of the one refusal of a mutation.
async fn refusal(app: &App, mutation: &str, input: Value, code: &str) -> String {
    let payload = app.mutate(mutation, input).await;
    assert_eq!(payload["userErrors"][0]["code"], code, "{payload}");
    super::app::text(&payload["userErrors"][0]["message"])
}

#[tokio::test]
async fn patterns_that_overlap_are_refused_with_an_example() {
    let app = App::start().await;
    app.ok("poolCreate", pool("AB-##", json!({ "excludedPhrases": ["7"] }))).await;
    let message = refusal(&app, "poolCreate", pool("A^-#5", json!({})), "PATTERN_NOT_UNIQUE").await;
    assert!(message.contains("pool AB-## ") && message.contains("AB-05"), "{message}");
    for (pattern, fields) in [
        ("ab-##", json!({})),
        ("@@-##", json!({ "caseSensitive": true })),
        ("AB-12", json!({})),
        ("*****", json!({ "excludedCharacters": ["x"] })),
    ] {
        let meets = pattern != "*****";
        match meets {
            true => drop(refusal(&app, "poolCreate", pool(pattern, fields), "PATTERN_NOT_UNIQUE").await),
            false => drop(app.ok("poolCreate", pool(pattern, fields)).await),
        }
    }
    // Only the phrase keeps them apart.
    app.ok("poolCreate", pool("AB-7#", json!({}))).await;
    let other = app.ok("poolCreate", pool("CD-##", json!({}))).await;
    let edit = json!({ "id": other["id"], "apply": "NONE", "pattern": "AB-7#" });
    refusal(&app, "poolUpdate", edit, "PATTERN_NOT_UNIQUE").await;
    app.finish().await;
}

#[tokio::test]
async fn an_uploaded_code_that_a_pool_can_make_is_skipped() {
    let app = App::start().await;
    app.ok("poolCreate", pool("AB-##", json!({}))).await;
    app.ok("poolCreate", pool("GENERIC", json!({}))).await;
    app.ok("poolCreate", pool("Cc-@", json!({ "caseSensitive": true }))).await;
    let list = app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await;
    let codes = json!(["ab-12", "AB-1", "generic", "AB-1X", "cc-x", "CC-1"]);
    let payload = app.mutate("couponsAdd", json!({ "poolId": list, "codes": codes })).await;
    assert_eq!(payload["added"], 3, "{payload}");
    let skipped = payload["skipped"].as_array().expect("a list");
    assert_eq!(super::field(skipped, "code"), ["ab-12", "generic", "cc-x"]);
    for (skipped, name) in skipped.iter().zip(["AB-##", "GENERIC", "Cc-@"]) {
        assert_eq!(skipped["reason"]["code"], "DUPLICATE");
        let expected = format!("pool {name} can make this code itself");
        assert_eq!(skipped["reason"]["message"], expected.as_str());
    }
    let exact = app.pool(json!({ "type": "FREE_SHIPPING", "caseSensitive": true }), &["CC-x", "cc-y"]).await;
    assert_eq!(app.stats(&exact).await["total"], 2, "both pools tell case apart");
    app.finish().await;
}

#[tokio::test]
async fn a_pattern_that_can_make_an_uploaded_code_is_refused() {
    let app = App::start().await;
    let listed: Vec<String> = (0..3_000).map(|number| format!("{number:04}-{:02}", number % 97)).collect();
    let list = app.pool(json!({ "name": "the list", "type": "FREE_SHIPPING" }), &[]).await;
    let payload = app.mutate("couponsAdd", json!({ "poolId": list, "codes": listed })).await;
    assert_eq!(payload["added"], 3_000);
    for (pattern, example) in
        [("####-##", "0000-00"), ("29##-89", "2902-89"), ("2999-89", "2999-89"), ("#*##-#1", "0001-01")]
    {
        let message = refusal(&app, "poolCreate", pool(pattern, json!({})), "PATTERN_NOT_UNIQUE").await;
        assert!(message.contains("pool the list ") && message.contains(example), "{pattern}: {message}");
    }
    for pattern in ["####-98", "####-^#", "3###-97", "####-###", "29##-8^"] {
        app.ok("poolCreate", pool(pattern, json!({}))).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn codes_that_are_added_while_a_pattern_is_made_are_in_one_pool_only() {
    let app = App::start().await;
    let list = app.pool(json!({ "type": "FREE_SHIPPING" }), &["######"]).await;
    for round in 0..10 {
        let add = async {
            let mut added = 0;
            for part in 0..10 {
                let codes: Vec<String> = (0..20).map(|code| format!("R{round}-{:03}", part * 20 + code)).collect();
                let payload = app.mutate("couponsAdd", json!({ "poolId": list, "codes": codes })).await;
                added += payload["added"].as_u64().expect("a count");
            }
            added
        };
        let make = app.mutate("poolCreate", pool(&format!("R{round}-###"), json!({})));
        let (added, made) = tokio::join!(add, make);
        // Whichever came first, the other was refused: all of the codes, or the pattern.
        let made = made["userErrors"].as_array().is_some_and(Vec::is_empty);
        assert!(made == (added == 0), "round {round}: made {made}, added {added}");
    }
    app.finish().await;
}
