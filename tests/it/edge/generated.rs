//! Codes that are made at the claim, and patterns that are edited while codes of them live.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{App, app::text};

async fn generated(app: &App, pattern: &str, fields: Value) -> String {
    let input = json!({ "name": pattern, "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": pattern });
    text(&app.ok("poolCreate", super::pools::with(&input, fields)).await["id"])
}

async fn edit(app: &App, pool: &str, pattern: &str) -> Value {
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "pattern": pattern })).await
}

#[tokio::test]
async fn each_claim_makes_a_code() {
    let app = App::start().await;
    let pool =
        generated(&app, "NEW-^^##", json!({ "excludedCharacters": ["O", "0"], "excludedPhrases": ["A1"] })).await;
    let mut codes = BTreeSet::new();
    for number in 0..50 {
        let coupon = app.claim(&pool, &format!("customer {number}")).await;
        let code = text(&coupon["code"]);
        let made = code.strip_prefix("NEW-").expect("the literal");
        assert!(made.len() == 4 && !made.contains(['O', '0']) && !made.contains("A1"), "{code}");
        assert_eq!(app.by_code(&code.to_lowercase()).await["id"], coupon["id"]);
        codes.insert(code);
    }
    assert_eq!(codes.len(), 50);
    let first = app.by_code(&codes.first().expect("a code")[..]).await;
    app.ok("couponUnassign", json!({ "coupon": { "id": first["id"] } })).await;
    assert_eq!(app.claim(&pool, "again").await["code"], first["code"], "what came back goes first");
    assert_eq!(app.stats(&pool).await, json!({ "total": 50, "claimed": 50 }));
    let codes = app.read_pool(&pool).await["codes"].clone();
    assert_eq!((&codes["generated"], &codes["excludedPhrases"]), (&json!("50"), &json!(["A1"])));
    // 25 letters and 9 digits, without the 25 * 9 that have A1 in the middle.
    assert_eq!(codes["combinations"], (25 * 25 * 9 * 9 - 25 * 9).to_string());
    app.finish().await;
}

#[tokio::test]
async fn a_small_pattern_runs_out_and_can_be_edited() {
    let app = App::start().await;
    let pool = generated(&app, "S-#", json!({})).await;
    let mut old = BTreeSet::new();
    for number in 0..10 {
        old.insert(text(&app.claim(&pool, &format!("{number}")).await["code"]));
    }
    assert_eq!(old.len(), 10);
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "x" }), "POOL_EXHAUSTED", "poolId").await;
    // A pattern of which half is out already is no use, and says what would be.
    let same = json!({ "id": pool, "apply": "NONE", "pattern": "S-\\#\\#" });
    app.ok("poolUpdate", same).await;
    let again = json!({ "id": pool, "apply": "NONE", "pattern": "S-#" });
    app.refused("poolUpdate", again, "PATTERN_TOO_SMALL", "pattern").await;
    // The new pattern can make the old codes too: those that are out are passed over.
    assert_eq!(edit(&app, &pool, "S-$").await["codes"]["combinations"], "36");
    let mut new = BTreeSet::new();
    for number in 0..26 {
        new.insert(text(&app.claim(&pool, &format!("{number}")).await["code"]));
    }
    assert!(new.len() == 26 && new.is_disjoint(&old), "{new:?}");
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "x" }), "POOL_EXHAUSTED", "poolId").await;
    for code in old.iter().chain(&new) {
        let redeemed = app.ok("couponRedeem", json!({ "coupon": { "code": code } })).await;
        assert_eq!((&redeemed["code"], &redeemed["status"]), (&json!(code), &json!("REDEEMED")));
    }
    assert_eq!(app.stats(&pool).await, json!({ "total": 36, "redeemed": 36, "usages": 36 }));
    app.finish().await;
}

#[tokio::test]
async fn a_generic_code_and_a_pattern_take_turns() {
    let app = App::start().await;
    let pool = generated(&app, "SALE1", json!({})).await;
    assert_eq!(app.claim(&pool, "ann").await["code"], "SALE1");
    edit(&app, &pool, "SALE#").await;
    let mut made = BTreeSet::new();
    for number in 0..9 {
        made.insert(text(&app.claim(&pool, &format!("{number}")).await["code"]));
    }
    assert!(!made.contains("SALE1") && made.len() == 9, "the generic code is out: {made:?}");
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "x" }), "POOL_EXHAUSTED", "poolId").await;
    let named = json!({ "id": pool, "apply": "NONE", "pattern": "sale7" });
    app.refused("poolUpdate", named, "PATTERN_NOT_UNIQUE", "pattern").await;
    edit(&app, &pool, "FINAL").await;
    assert_eq!(app.claim(&pool, "ann").await["code"], "FINAL");
    let anns = json!({ "coupon": { "code": "sale1" }, "customerId": "ann" });
    assert_eq!(app.ok("couponRedeem", anns).await["code"], "SALE1", "the old code is still good");
    assert_eq!(app.by_code("FINAL").await["status"], "CLAIMED");
    app.finish().await;
}

#[tokio::test]
async fn case_is_as_the_pattern_and_the_pool_say() {
    let app = App::start().await;
    let mixed = generated(&app, "M-****", json!({})).await;
    assert_eq!(app.read_pool(&mixed).await["caseSensitive"], true, "one place of both cases forces it");
    let forced = generated(&app, "F-*", json!({ "caseSensitive": false })).await;
    assert_eq!(app.read_pool(&forced).await["caseSensitive"], true);
    let code = text(&app.claim(&mixed, "ann").await["code"]);
    let other: String =
        code.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
    assert_eq!(app.by_code(&code).await["code"], code);
    let wrong = json!({ "coupon": { "code": other } });
    app.refused("couponRedeem", wrong, "NOT_FOUND", "coupon.code").await;
    let plain = generated(&app, "P-^^", json!({})).await;
    let mixing = json!({ "id": plain, "apply": "NONE", "pattern": "P-*" });
    app.refused("poolUpdate", mixing, "PATTERN_INVALID", "pattern").await;
    app.finish().await;
}

#[tokio::test]
async fn a_pool_that_is_edited_meanwhile_is_not_overwritten() {
    let app = App::start().await;
    let pool = generated(&app, "V-##", json!({})).await;
    let stale = json!({ "id": pool, "apply": "NONE", "pattern": "W-##", "expectedVersion": 7 });
    app.refused("poolUpdate", stale, "VERSION_MISMATCH", "expectedVersion").await;
    let dry = json!({ "id": pool, "apply": "NONE", "pattern": "W-##", "dryRun": true });
    assert_eq!(app.ok("poolUpdate", dry).await["codes"]["pattern"], "W-##");
    assert_eq!(app.read_pool(&pool).await["codes"]["pattern"], "V-##");
    app.finish().await;
}
