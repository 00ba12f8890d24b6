//! Codes that are generated in bulk and not stored: their bounds, and every action of their life.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{App, field, items};

fn codes(page: &Value) -> Vec<String> {
    field(&items(page), "code").iter().map(|code| code.as_str().expect("a code").to_owned()).collect()
}

#[tokio::test]
async fn a_hundred_million_codes_in_a_moment() {
    let app = App::start().await;
    let pool = app.bulk("$$$$$$$$$$", 100_000_000).await;
    assert_eq!(app.stats(&pool).await, json!({ "total": 100_000_000, "unassigned": 100_000_000 }));
    let made = app.read_pool(&pool).await["codes"].clone();
    assert_eq!((&made["combinations"], &made["bulkLimit"]), (&json!("3656158440062976"), &json!(100_000_000)));
    assert_eq!(made["generated"], "100000000");
    let guess = made["guessProbability"].as_f64().expect("a number");
    assert!((guess - 1e8 / 3_656_158_440_062_976.0).abs() < 1e-15, "{guess}");
    let (first, last) = (app.coupons(&pool, "first: 500").await, app.coupons(&pool, "last: 500").await);
    let different: BTreeSet<_> = codes(&first).into_iter().chain(codes(&last)).collect();
    assert_eq!(different.len(), 1_000);
    for code in different.iter().step_by(100) {
        assert_eq!(app.by_code(&format!(" {} ", code.to_lowercase())).await["status"], "UNASSIGNED");
    }
    let one_more = json!({ "poolId": pool, "count": 1 });
    app.refused("couponsGenerate", one_more, "LIMIT_EXCEEDED", "count").await;
    app.finish().await;
}

#[tokio::test]
async fn a_bulk_codes_life() {
    let app = App::start().await;
    let pool = app.bulk("B-#####", 300).await;
    let all = codes(&app.coupons(&pool, "first: 500").await);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 300);
    assert!(all.iter().all(|code| code.starts_with("B-") && code.len() == 7));
    // Taken out of use before anyone claimed it: it is never given out.
    let invalid = app.ok("couponInvalidate", json!({ "coupon": { "code": all[1] } })).await;
    assert_eq!((&invalid["status"], &invalid["code"]), (&json!("INVALID"), &json!(all[1])));
    assert_eq!(app.claim(&pool, "ann").await["code"], all[0]);
    assert_eq!(app.claim(&pool, "ben").await["code"], all[2]);
    // Unlike an uploaded code, a bulk one has to be claimed before it is redeemed.
    let early = json!({ "coupon": { "code": all[3] }, "customerId": "cem" });
    app.refused("couponRedeem", early, "NOT_CLAIMED", "").await;
    let anns = json!({ "coupon": { "code": all[0].to_lowercase() } });
    app.ok("couponUnassign", anns.clone()).await;
    assert_eq!(app.by_code(&all[0]).await["customer"], Value::Null);
    assert_eq!(app.claim(&pool, "cem").await["code"], all[0], "it is given out again");
    assert_eq!(app.ok("couponRedeem", anns).await["status"], "REDEEMED");
    let listed = |page: Value| codes(&page);
    assert_eq!(listed(app.coupons(&pool, "filter: { statuses: [REDEEMED, INVALID] }").await), all[..2]);
    assert_eq!(listed(app.coupons(&pool, "first: 3, filter: { statuses: [UNASSIGNED] }").await), all[3..6]);
    assert_eq!(listed(app.coupons(&pool, "last: 2, filter: { statuses: [UNASSIGNED] }").await), all[298..]);
    let expected = json!({ "total": 300, "unassigned": 297, "claimed": 1, "redeemed": 1, "invalid": 1, "usages": 1 });
    assert_eq!(app.stats(&pool).await, expected);
    // A guess hits what is still to be had: 298 of 100,000.
    assert_eq!(app.read_pool(&pool).await["codes"]["guessProbability"], 0.00298);
    app.finish().await;
}

#[tokio::test]
async fn more_can_be_generated_up_to_the_bound() {
    let app = App::start().await;
    let pool = app.bulk("####", 60).await;
    for (count, code, says) in [
        (41, "LIMIT_EXCEEDED", "at most 40 more codes can be generated, 41 were asked for"),
        (0, "VALUE_INVALID", "at least 1, found 0"),
        (-1, "VALUE_INVALID", "at least 1, found -1"),
        (100_000_001, "LIMIT_EXCEEDED", "at most 40 more"),
    ] {
        let payload = app.mutate("couponsGenerate", json!({ "poolId": pool, "count": count })).await;
        let error = &payload["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(["count"])), "{payload}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(says)), "{error}");
    }
    let keyed = json!({ "poolId": pool, "count": 40, "idempotencyKey": "forty" });
    for _ in 0..2 {
        assert_eq!(app.mutate("couponsGenerate", keyed.clone()).await["generated"], 40, "once, however often asked");
    }
    assert_eq!(app.stats(&pool).await, json!({ "total": 100, "unassigned": 100 }));
    assert_eq!(app.read_pool(&pool).await["codes"]["guessProbability"], 0.01);
    app.refused("couponsGenerate", json!({ "poolId": pool, "count": 1 }), "LIMIT_EXCEEDED", "count").await;
    app.refused("couponsGenerate", json!({ "poolId": pool, "count": 0 }), "VALUE_INVALID", "count").await;
    let uploaded = app.pool(json!({ "type": "FREE_SHIPPING" }), &["ONE"]).await;
    app.refused("couponsGenerate", json!({ "poolId": uploaded, "count": 1 }), "POOL_SOURCE_MISMATCH", "poolId").await;
    app.refused("couponsGenerate", json!({ "poolId": "x", "count": 1 }), "NOT_FOUND", "poolId").await;
    app.refused("couponsAdd", json!({ "poolId": pool, "codes": ["X"] }), "POOL_SOURCE_MISMATCH", "poolId").await;
    app.finish().await;
}

#[tokio::test]
async fn the_pattern_is_frozen_once_codes_exist() {
    let app = App::start().await;
    let input = json!({ "name": "b", "source": "BULK_GENERATED", "type": "FREE_SHIPPING", "pattern": "AB####" });
    let pool = app.ok("poolCreate", input).await["id"].clone();
    let edit = |fields: Value| super::pools::with(&json!({ "id": pool, "apply": "NONE" }), fields);
    let changed = app.ok("poolUpdate", edit(json!({ "pattern": "CD####", "excludedCharacters": ["0"] }))).await;
    assert_eq!((&changed["codes"]["pattern"], &changed["codes"]["combinations"]), (&json!("CD####"), &json!("6561")));
    // The pattern that it had is free again.
    app.bulk("AB####", 1).await;
    app.mutate("couponsGenerate", json!({ "poolId": pool, "count": 5 })).await;
    for (fields, frozen) in [
        (json!({ "pattern": "EF####" }), vec!["pattern"]),
        (json!({ "pattern": "EF#" }), vec!["pattern"]),
        (json!({ "excludedCharacters": [] }), vec!["excludedCharacters"]),
        (json!({ "pattern": "CD####", "excludedPhrases": ["1"] }), vec!["excludedPhrases"]),
        (json!({ "pattern": "EF####", "excludedPhrases": ["1"] }), vec!["pattern", "excludedPhrases"]),
    ] {
        let found = app.refusals("poolUpdate", edit(fields.clone())).await;
        let expected: Vec<_> = frozen.iter().map(|field| ("PATTERN_FROZEN".to_owned(), (*field).to_owned())).collect();
        assert_eq!(found, expected, "{fields}");
    }
    let same = edit(json!({ "name": "new", "pattern": "CD####", "excludedCharacters": ["0"] }));
    assert_eq!(app.ok("poolUpdate", same).await["name"], "new", "what stays the same may be sent along");
    for (pattern, code) in [("A###", "PATTERN_TOO_SMALL"), ("A\\", "PATTERN_INVALID"), ("", "PATTERN_INVALID")] {
        let input = json!({ "name": "b", "source": "BULK_GENERATED", "type": "FREE_SHIPPING", "pattern": pattern });
        app.refused("poolCreate", input, code, "pattern").await;
    }
    app.finish().await;
}

#[tokio::test]
async fn codes_keep_the_terms_that_they_were_generated_with() {
    let app = App::start().await;
    let input = json!({ "name": "b", "source": "BULK_GENERATED", "type": "AMOUNT", "value": "5", "pattern": "T-####" });
    let pool = super::app::text(&app.ok("poolCreate", input).await["id"]);
    app.mutate("couponsGenerate", json!({ "poolId": pool, "count": 2 })).await;
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "value": "7" })).await;
    app.mutate("couponsGenerate", json!({ "poolId": pool, "count": 1 })).await;
    let values = field(&items(&app.coupons(&pool, "first: 10").await), "value");
    assert_eq!(values, [json!("5.00"), json!("5.00"), json!("7.00")]);
    for value in values {
        assert_eq!(app.claim(&pool, "ann").await["value"], value);
    }
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "ann" }), "POOL_EXHAUSTED", "poolId").await;
    app.finish().await;
}
