//! Codes: added, skipped and found again.

use serde_json::{Value, json};

use super::{App, app::text, field, items};

async fn add(app: &App, pool: &str, codes: &[&str]) -> (Value, Vec<(String, String)>) {
    let payload = app.mutate("couponsAdd", json!({ "poolId": pool, "codes": codes })).await;
    assert_eq!(payload["userErrors"], json!([]));
    let skipped = payload["skipped"].as_array().expect("skipped codes");
    let told = |one: &Value| (super::app::text(&one["code"]), super::app::text(&one["reason"]["code"]));
    (payload["added"].clone(), skipped.iter().map(told).collect())
}

fn skipped(codes: &[(&str, &str)]) -> Vec<(String, String)> {
    codes.iter().map(|(code, reason)| ((*code).to_owned(), (*reason).to_owned())).collect()
}

#[tokio::test]
async fn a_duplicate_is_skipped_and_told() {
    let app = App::start().await;
    let shop = app.pool(json!({ "type": "FREE_SHIPPING" }), &["TAKEN"]).await;
    let exact = app.pool(json!({ "type": "FREE_SHIPPING", "caseSensitive": true }), &["Exact"]).await;
    let generic = json!({ "name": "g", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "Everyone" });
    app.ok("poolCreate", generic).await;
    let long = "x".repeat(65);
    for (pool, codes, added, reasons) in [
        (&shop, &["ONE", "TWO", "ONE"][..], 2, &[("ONE", "DUPLICATE")][..]),
        (&shop, &["one", "Three"], 1, &[("one", "DUPLICATE")]),
        (&shop, &["  FOUR  ", "four"], 1, &[("four", "DUPLICATE")]),
        (&shop, &["EXACT", "everyone"], 0, &[("EXACT", "DUPLICATE"), ("everyone", "DUPLICATE")]),
        (&exact, &["taken", "exact", "EXACT", "Exact"], 2, &[("taken", "DUPLICATE"), ("Exact", "DUPLICATE")]),
        (
            &shop,
            &["", "   ", "a\tb", long.as_str(), "Käse 1"],
            1,
            &[
                ("", "VALUE_INVALID"),
                ("   ", "VALUE_INVALID"),
                ("a\tb", "VALUE_INVALID"),
                (long.as_str(), "VALUE_INVALID"),
            ],
        ),
    ] {
        assert_eq!(add(&app, pool, codes).await, (json!(added), skipped(reasons)), "{codes:?}");
    }
    assert_eq!(app.stats(&shop).await, json!({ "total": 6, "unassigned": 6 }));
    assert_eq!(app.stats(&exact).await, json!({ "total": 3, "unassigned": 3 }));
    app.finish().await;
}

#[tokio::test]
async fn a_list_has_bounds_and_a_pool_that_takes_it() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await;
    let codes = |number: usize| (0..number).map(|n| format!("CODE-{n}")).collect::<Vec<_>>();
    let input = |codes: Vec<String>| json!({ "poolId": pool, "codes": codes });
    app.refused("couponsAdd", input(codes(10_001)), "LIMIT_EXCEEDED", "codes").await;
    app.refused("couponsAdd", input(Vec::new()), "REQUIRED", "codes").await;
    app.refused("couponsAdd", json!({ "poolId": "nonsense", "codes": ["A"] }), "NOT_FOUND", "poolId").await;
    let generic = json!({ "name": "g", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "ALL" });
    let generic = app.ok("poolCreate", generic).await;
    app.refused("couponsAdd", json!({ "poolId": generic["id"], "codes": ["A"] }), "POOL_SOURCE_MISMATCH", "poolId")
        .await;
    assert_eq!(app.stats(&pool).await, json!({}));
    assert_eq!(app.mutate("couponsAdd", input(codes(10_000))).await["added"], 10_000);
    assert_eq!(app.stats(&pool).await, json!({ "total": 10_000, "unassigned": 10_000 }));
    assert_eq!(app.by_code("code-9999").await["status"], "UNASSIGNED");
    app.finish().await;
}

#[tokio::test]
async fn a_code_is_found_as_people_type_it() {
    let app = App::start().await;
    let shop = app.pool(json!({ "type": "FREE_SHIPPING" }), &["Summer-1", "Grüße", "a code"]).await;
    let exact = app.pool(json!({ "type": "FREE_SHIPPING", "caseSensitive": true }), &["Exact", "EXACT"]).await;
    for (typed, code, pool) in [
        ("Summer-1", "Summer-1", &shop),
        ("  sUMMER-1\t", "Summer-1", &shop),
        ("GRÜSSE", "", &shop),
        ("GRÜßE", "Grüße", &shop),
        ("A CODE", "a code", &shop),
        ("Exact", "Exact", &exact),
        (" EXACT ", "EXACT", &exact),
        ("exact", "", &exact),
        ("Summer", "", &shop),
        ("", "", &shop),
        ("a\u{0}b", "", &shop),
        (&"x".repeat(1_000), "", &shop),
    ] {
        let query = "query($code: String!) { couponsByCode(code: $code) { edges { node { code pool { id } } } } }";
        let found = items(&app.data(query, json!({ "code": typed })).await["couponsByCode"]);
        if code.is_empty() {
            assert_eq!(found, Vec::<Value>::new(), "{typed:?}");
        } else {
            assert_eq!(found, [json!({ "code": code, "pool": { "id": pool } })], "{typed:?}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_code_has_one_page() {
    let app = App::start().await;
    app.pool(json!({ "type": "FREE_SHIPPING" }), &["ONLY"]).await;
    let query = "query($after: Cursor) { couponsByCode(code: \"only\", after: $after) { edges { node { code } } pageInfo { hasNextPage endCursor } } }";
    let page = app.data(query, json!({})).await["couponsByCode"].clone();
    assert_eq!(field(&items(&page), "code"), ["ONLY"]);
    assert_eq!(page["pageInfo"]["hasNextPage"], false);
    let next = app.data(query, json!({ "after": page["pageInfo"]["endCursor"] })).await;
    assert_eq!(next["couponsByCode"]["edges"], json!([]), "nothing comes after the only one");
    app.finish().await;
}

#[tokio::test]
async fn what_people_type_finds_the_code_where_one_fits() {
    let app = App::start().await;
    app.pool(json!({ "type": "FREE_SHIPPING" }), &["SPRING-10", "INDIRIM20", "ＷＩＤＥ", "A-12", "A1-2"]).await;
    let bulk = app.bulk("$$$$-$$$$-$$$$-$$$$", 10).await;
    let made = app.claim(&bulk, "ann").await["code"].as_str().expect("a code").to_owned();
    let generic = json!({ "name": "g", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "HELLO WORLD", "claimOnUse": true });
    let generic = app.ok("poolCreate", generic).await["id"].as_str().expect("an id").to_owned();
    let bare = made.replace('-', "");
    for (typed, code) in [
        (bare.to_lowercase(), made.as_str()),
        (made.replace('-', " - "), &made),
        (bare.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("full width")).collect(), &made),
        ("SPRING–10".to_owned(), "SPRING-10"),
        ("spring 10".to_owned(), "SPRING-10"),
        ("ＳＰＲＩＮＧ－１０".to_owned(), "SPRING-10"),
        ("SPR\u{200b}ING-10\u{feff}".to_owned(), "SPRING-10"),
        ("ındırım20".to_owned(), "INDIRIM20"),
        ("İNDİRİM 20".to_owned(), "INDIRIM20"),
        ("wide".to_owned(), "ＷＩＤＥ"),
        ("a12".to_owned(), ""),
        ("a-12".to_owned(), "A-12"),
        ("--".to_owned(), ""),
        (bare[1..].to_owned(), ""),
    ] {
        let query = "query($code: String!) { couponsByCode(code: $code) { edges { node { code } } } }";
        let found = items(&app.data(query, json!({ "code": typed })).await["couponsByCode"]);
        let expected: Vec<_> =
            [code].into_iter().filter(|code| !code.is_empty()).map(|code| json!({ "code": code })).collect();
        assert_eq!(found, expected, "{typed:?}");
        // The same where it is acted upon.
        let input = json!({ "coupon": { "code": typed }, "customerId": "ann" });
        if code.is_empty() {
            app.refused("couponRedeem", input, "NOT_FOUND", "coupon.code").await;
        } else if code != "ＷＩＤＥ" {
            app.mutate("couponRedeem", input).await;
            assert_eq!(app.by_code(code).await["status"], "REDEEMED", "{typed:?}");
        }
    }
    let open = json!({ "coupon": { "code": "hello–world" }, "customerId": "ann" });
    assert_eq!(app.ok("couponRedeem", open).await["pool"]["id"], json!(generic));
    // Of two, none is meant; each is found as it is written.
    app.pool(json!({ "type": "FREE_SHIPPING" }), &["SPRING1-0"]).await;
    let input = |code: &str| json!({ "coupon": { "code": code }, "customerId": "ann" });
    app.refused("couponRedeem", input("spring10"), "NOT_FOUND", "coupon.code").await;
    assert_eq!(app.ok("couponRedeem", input("spring1-0")).await["code"], "SPRING1-0");
    app.finish().await;
}

#[tokio::test]
async fn what_prints_nothing_is_not_kept() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await;
    for hidden in ['\u{200b}', '\u{feff}', '\u{202e}', '\u{ad}'] {
        let text = format!("SPR{hidden}ING");
        let (added, skipped) = add(&app, &pool, &[&text]).await;
        assert_eq!((added, skipped[0].1.as_str()), (json!(0), "VALUE_INVALID"), "{hidden:?}");
        app.refused("couponClaim", json!({ "poolId": pool, "customerId": text }), "VALUE_INVALID", "customerId").await;
        app.refused("customerUpsert", json!({ "customerId": text }), "VALUE_INVALID", "customerId").await;
        app.refused("poolUpdate", json!({ "id": pool, "name": text, "apply": "NONE" }), "VALUE_INVALID", "name").await;
    }
    app.finish().await;
}

/// Staff give a particular coupon to a particular customer.
#[tokio::test]
async fn a_particular_coupon_is_claimed_by_its_code() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["A-1", "A-2", "A-3", "A-4"]).await;
    let by = |pool: &str, code: &str, customer: &str| json!({ "poolId": pool, "code": code, "customerId": customer });
    let claimed = app.ok("couponClaim", by(&pool, "a 3", "ann")).await;
    assert_eq!((&claimed["code"], &claimed["customer"]["externalId"]), (&json!("A-3"), &json!("ann")));
    app.refused("couponClaim", by(&pool, "A-3", "ben"), "ALREADY_CLAIMED", "code").await;
    app.refused("couponClaim", by(&pool, "A-9", "ben"), "NOT_FOUND", "code").await;
    // Those that are claimed in turn pass it over, and one that came back can be had by name too.
    for code in ["A-1", "A-2"] {
        assert_eq!(app.claim(&pool, "ben").await["code"], code);
    }
    app.ok("couponUnassign", json!({ "coupon": { "code": "A-1" } })).await;
    app.ok("couponInvalidate", json!({ "coupon": { "code": "A-2" } })).await;
    app.refused("couponClaim", by(&pool, "A-2", "ben"), "INVALIDATED", "code").await;
    assert_eq!(app.ok("couponClaim", by(&pool, "A-1", "cy")).await["claims"], 1);
    assert_eq!(app.claim(&pool, "ben").await["code"], "A-4");
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "ben" }), "POOL_EXHAUSTED", "poolId").await;
    // The same key and input gives the first answer; with another code it is another input.
    let other = app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["B-1", "B-2"]).await;
    let keyed = |code: &str| {
        let mut input = by(&other, code, "ann");
        input["idempotencyKey"] = json!("k");
        input
    };
    let first = app.ok("couponClaim", keyed("B-1")).await;
    assert_eq!(app.ok("couponClaim", keyed("B-1")).await, first);
    app.refused("couponClaim", keyed("B-2"), "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    // Of another pool it is not, and a pool that makes codes at the claim has none to choose.
    app.refused("couponClaim", by(&pool, "B-2", "ann"), "NOT_FOUND", "code").await;
    let bulk = app.bulk("C-######", 20).await;
    let code = text(&app.coupons(&bulk, "first: 7").await["edges"][6]["node"]["code"]);
    assert_eq!(app.ok("couponClaim", by(&bulk, &code, "ann")).await["code"], code.as_str());
    let made = json!({ "name": "made", "source": "GENERATED", "type": "AMOUNT", "value": "1", "pattern": "D-######" });
    let made = text(&app.ok("poolCreate", made).await["id"]);
    app.refused("couponClaim", by(&made, "D-123456", "ann"), "POOL_SOURCE_MISMATCH", "code").await;
    app.finish().await;
}
