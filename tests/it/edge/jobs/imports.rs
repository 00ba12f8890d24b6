//! Imports: codes, values, customers, coupons that come from another system, duplicates, and what is only tried.

use serde_json::{Value, json};

use super::{App, came};
use crate::edge::{
    app::{items, text},
    field,
};

fn percentage() -> serde_json::Value {
    json!({ "type": "PERCENTAGE", "value": "10" })
}

fn card() -> serde_json::Value {
    json!({ "type": "GIFT_CARD", "value": "50", "currency": "EUR" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_are_added_once() {
    let app = App::start().await;
    let pool = app.pool(percentage(), &["OLD-1"]).await;
    let codes: String = (0..5_000).map(|number| format!("NEW-{number:05}\n")).collect();
    let found = app.upload(format!("code\n{codes}OLD-1\nold-1\n\"bad\u{7}\"\n")).await;
    assert_eq!((&found["rows"], &found["header"], &found["encoding"]), (&json!(5_003), &json!(true), &json!("UTF-8")));
    assert_eq!(found["sample"][0], json!(["NEW-00000"]));
    let input = json!({ "uploadId": found["id"], "poolId": pool });
    let tried = app.job("importStart", json!({ "uploadId": found["id"], "poolId": pool, "dryRun": true })).await;
    assert_eq!(app.stats(&pool).await, json!({ "total": 1, "unassigned": 1 }), "nothing was changed");
    let done = app.job("importStart", input.clone()).await;
    let expected = ("SUCCEEDED".to_owned(), "SOME".to_owned(), [5_000, 2, 1]);
    assert_eq!((came(&tried), came(&done)), (expected.clone(), expected), "{done}");
    assert_eq!(tried["sample"], done["sample"]);
    assert_eq!((&done["sample"][0]["line"], &done["undoable"]), (&json!(5_004), &json!(false)));
    assert_eq!(app.stats(&pool).await, json!({ "total": 5_001, "unassigned": 5_001 }));
    let again = app.job("importStart", input).await;
    assert_eq!(came(&again).2, [0, 5_002, 1], "all are skipped");
    let csv = app.refusals_csv(&done).await;
    assert!(csv.starts_with("code,line,refusal,reason\r\nbad\u{7},5004,VALUE_INVALID,"), "{csv}");
    let listed =
        items(&app.data("{ jobs(filter: {kinds: [IMPORT]}) { edges { node { id } } } }", json!({})).await["jobs"]);
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0]["id"], again["id"], "the latest first");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_our_export_made_safe_comes_back_as_it_was() {
    let app = App::start().await;
    let codes = ["=1+1", "'quoted", "a,b", "a;=b", "x\"y"];
    let pool = app.pool(percentage(), &codes).await;
    let url = format!("{}/pools/{pool}/coupons.csv?bom=true", app.url);
    let exported =
        app.client.get(url).bearer_auth(&app.key).send().await.expect("a file").bytes().await.expect("bytes");
    let other = App::start().await;
    let moved = other.pool(percentage(), &[]).await;
    let found = other.upload(exported.to_vec()).await;
    let job = other.job("importStart", json!({ "uploadId": found["id"], "poolId": moved })).await;
    assert_eq!(came(&job).2, [5, 0, 0], "{job}");
    for code in codes {
        assert_eq!(other.by_code(code).await["status"], "UNASSIGNED", "{code}");
    }
    app.finish().await;
    other.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coupons_have_values_ends_and_customers_of_their_own() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5", "currency": "EUR" }), &[]).await;
    app.ok("customerUpsert", json!({ "customerId": "usa", "currency": "USD" })).await;
    let file = "Code;Kunde;Wert;Currency;expires_at\n\
                A;;7,5;EUR;\n\
                B;;7.50;EUR;2026-03-01T00:00:00Z\n\
                C;ann;9;;\n\
                D;usa;;;\n\
                E;;;USD;\n\
                F;;1,000.00;;\n\
                G;ben;;;2026-01-01T00:00:00Z\n\
                H;;5;;\n\
                I;;;;31.12.2026\n";
    let found = app.upload(file).await;
    assert_eq!(found["delimiter"], ";");
    let columns = json!([{ "field": "CODE", "name": "code" }, { "field": "CUSTOMER", "position": 2 },
        { "field": "VALUE", "name": "Wert" }, { "field": "CURRENCY", "name": "currency" },
        { "field": "EXPIRES_AT", "name": "expires_at" }]);
    let job = app.job("importStart", json!({ "uploadId": found["id"], "poolId": pool, "columns": columns })).await;
    assert_eq!(came(&job).2, [3, 0, 6], "{job}");
    let refused: Vec<_> = job["sample"]
        .as_array()
        .expect("a sample")
        .iter()
        .map(|one| format!("{} {} {}", one["line"], text(&one["code"]), text(&one["reason"]["code"])))
        .collect();
    let expected = [
        "2 A VALUE_INVALID",
        "5 D CURRENCY_MISMATCH",
        "6 E CURRENCY_MISMATCH",
        "7 F VALUE_INVALID",
        "8 G EXPIRED",
        "10 I VALUE_INVALID",
    ];
    assert_eq!(refused, expected);
    let b = app.by_code("B").await;
    assert_eq!((&b["value"], &b["status"]), (&json!("7.50"), &json!("UNASSIGNED")));
    let c = app.by_code("C").await;
    assert_eq!(
        (&c["value"], &c["status"], &c["customer"]["externalId"]),
        (&json!("9.00"), &json!("CLAIMED"), &json!("ann"))
    );
    assert_eq!(app.by_code("H").await["value"], "5.00");
    // What comes later has the pool's own value, and a coupon keeps the end that it came with.
    app.mutate("couponsAdd", json!({ "poolId": pool, "codes": ["LATER"] })).await;
    assert_eq!(app.by_code("LATER").await["value"], "5.00");
    let claimed = app.claim(&pool, "eve").await;
    assert_eq!((&claimed["code"], &claimed["expiresAt"]), (&json!("B"), &json!("2026-03-01T00:00:00.000Z")));
    assert_eq!(app.claim(&pool, "eve").await["value"], "5.00");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coupons_that_are_out_come_as_they_were() {
    let app = App::start().await;
    let (cards, plain) = (app.pool(card(), &[]).await, app.pool(percentage(), &[]).await);
    app.ok("customerUpsert", json!({ "customerId": "ann", "currency": "EUR" })).await;
    let (then, past) = ("2025-06-01T00:00:00Z", "2025-12-31T00:00:00Z");
    let file = format!(
        "code,customer,status,claimed_at,expires_at,usages,redeemed_at,balance\n\
         A,ann,CLAIMED,{then},,,,\n\
         B,ann,PARTIALLY_REDEEMED,{then},,2,{past},12.50\n\
         C,ann,REDEEMED,{then},,1,{past},\n\
         D,ann,EXPIRED,{then},{past},,,50\n\
         E,,INVALID,,,,,\n\
         F,ann,CLAIMED,{then},{past},,,\n\
         G,ann,PARTIALLY_REDEEMED,{then},,1,{past},60\n\
         H,ann,REDEEMED,{then},,0,{past},\n\
         I,,CLAIMED,{then},,,,\n\
         J,ann,CLAIMED,2030-01-01T00:00:00Z,,,,\n\
         K,ann,CLAIMED,{then},,,,20\n\
         L,ann,UNASSIGNED,,,,,\n\
         M,ann,REDEEMED,{past},,1,{then},\n"
    );
    let found = app.upload(file).await;
    let job = app.job("importStart", json!({ "uploadId": found["id"], "poolId": cards })).await;
    assert_eq!(came(&job).2, [6, 0, 7], "{job}");
    let b = app.by_code("B").await;
    assert_eq!((&b["status"], &b["balance"], &b["usages"]), (&json!("PARTIALLY_REDEEMED"), &json!("12.50"), &json!(2)));
    let ledger = app.ledger(&b).await;
    assert_eq!((ledger.len(), &ledger[0]["kind"], &ledger[0]["amount"]), (1, &json!("ISSUE"), &json!("12.50")));
    let events = app.events(&b).await;
    assert_eq!(
        (events.len(), &events[0]["type"], &events[0]["statusAfter"]),
        (1, &json!("COUPON_IMPORT"), &json!("PARTIALLY_REDEEMED"))
    );
    for (code, status) in [("A", "CLAIMED"), ("C", "REDEEMED"), ("D", "EXPIRED"), ("E", "INVALID"), ("F", "EXPIRED")] {
        assert_eq!(app.by_code(code).await["status"], status, "{code}");
    }
    app.ok("couponRedeem", json!({ "coupon": { "code": "B" }, "amount": "2.50" })).await;
    assert_eq!(app.by_code("B").await["balance"], "10.00");
    let file = format!(
        "code,customer,status,usages,redeemed_at,balance\nP,ann,REDEEMED,1,{past},\nQ,ann,CLAIMED,,,5\nR,ann,PARTIALLY_REDEEMED,1,,\n"
    );
    let found = app.upload(file).await;
    let job = app.job("importStart", json!({ "uploadId": found["id"], "poolId": plain })).await;
    assert_eq!(came(&job).2, [1, 0, 2], "{job}");
    app.ok("couponUnredeem", json!({ "coupon": { "code": "P" } })).await;
    assert_eq!(app.by_code("P").await["status"], "CLAIMED");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unassigned_duplicates_are_updated_where_that_is_asked_for() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B", "C"]).await;
    let claimed = app.claim(&pool, "ann").await;
    assert_eq!(claimed["code"], "A");
    let found = app.upload("code,value\nA,6\nB,6\nB,6\nC,\nD,7\n").await;
    let input =
        |dry| json!({ "uploadId": found["id"], "poolId": pool, "onDuplicate": "UPDATE_UNASSIGNED", "dryRun": dry });
    let tried = app.job("importStart", input(true)).await;
    let done = app.job("importStart", input(false)).await;
    assert_eq!(came(&done).2, [2, 2, 1], "{done}");
    assert_eq!(came(&tried).2, [2, 2, 1], "{tried}");
    for (code, value) in [("A", "5.00"), ("B", "6.00"), ("C", "5.00"), ("D", "7.00")] {
        assert_eq!(app.by_code(code).await["value"], value, "{code}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_follows_a_coupon_is_told_of_its_update() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B"]).await;
    let coupon = app.claim(&pool, "ann").await;
    app.ok("couponUnassign", json!({ "coupon": { "id": coupon["id"] } })).await;
    let past = app.upload("code,value,expires_at\nA,6,2026-01-01T00:00:00Z\nB,6,2026-01-01T00:00:00Z\n").await;
    let input = |found: &Value| json!({ "uploadId": found["id"], "poolId": pool, "onDuplicate": "UPDATE_UNASSIGNED" });
    let refused = app.job("importStart", input(&past)).await;
    assert_eq!(came(&refused).2, [0, 0, 2], "{refused}");
    let found = app.upload("code,value,expires_at\nA,6,2027-01-01T00:00:00Z\nB,6,2027-01-01T00:00:00Z\n").await;
    let done = app.job("importStart", input(&found)).await;
    assert_eq!(came(&done).2, [2, 0, 0], "{done}");
    for code in ["A", "B"] {
        let coupon = app.by_code(code).await;
        assert_eq!((&coupon["value"], &coupon["expiresAt"]), (&json!("6.00"), &json!("2027-01-01T00:00:00.000Z")));
    }
    assert_eq!(field(&app.events(&coupon).await, "type"), ["COUPON_CLAIM", "COUPON_UNASSIGN", "COUPON_UPDATE"]);
    assert_eq!(app.events(&app.by_code("B").await).await, [json!(null); 0], "nobody has touched it");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_name_their_pools() {
    let app = App::start().await;
    let one = app.pool(json!({ "type": "FREE_SHIPPING", "externalId": "pool-one" }), &[]).await;
    let two = app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await;
    let bulk = app.bulk("Z-#####", 10).await;
    let found = app.upload(format!("code,pool\nA,pool-one\nB,{two}\nC,none\nD,{bulk}\nE,\n")).await;
    let (_, refused) = app
        .job_asked("importStart", json!({ "uploadId": found["id"], "columns": [{ "field": "CODE", "position": 1 }] }))
        .await;
    assert_eq!(refused, ["REQUIRED poolId"]);
    let job = app.job("importStart", json!({ "uploadId": found["id"] })).await;
    assert_eq!(came(&job).2, [2, 0, 3], "{job}");
    assert_eq!(app.by_code("A").await["pool"]["id"], one);
    assert_eq!(app.by_code("B").await["pool"]["id"], two);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_starts_a_job_once() {
    let app = App::start().await;
    let pool = app.pool(percentage(), &[]).await;
    let found = app.upload("A\nB\n").await;
    let input = json!({ "uploadId": found["id"], "poolId": pool, "idempotencyKey": "k" });
    let (first, _) = app.job_asked("importStart", input.clone()).await;
    app.ended(&first).await;
    let (again, _) = app.job_asked("importStart", input).await;
    assert_eq!(again["id"], first["id"]);
    let other = json!({ "uploadId": found["id"], "poolId": pool, "idempotencyKey": "k", "dryRun": true });
    assert_eq!(app.job_asked("importStart", other).await.1, ["IDEMPOTENCY_MISMATCH idempotencyKey"]);
    app.finish().await;
}
