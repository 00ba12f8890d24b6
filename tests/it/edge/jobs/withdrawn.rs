//! A hundred million untouched coupons are taken out of use at once: each is invalid for every reader, claims pass them
//! over, and what is done with one makes it a coupon like any other.

use serde_json::{Value, json};

use super::{App, came};
use crate::edge::{
    app::{items, text},
    field,
};

/// Takes all of a pool's coupons out of use that nobody has; the job, and how many they are.
async fn withdraw(app: &App, pool: &str) -> (Value, u64) {
    let filter = json!({ "statuses": ["UNASSIGNED"] });
    let job = app.job("couponsBulk", json!({ "action": "INVALIDATE", "poolId": pool, "filter": filter })).await;
    let done = came(&job).2[0];
    (job, done)
}

/// Takes that back; how many they are.
async fn give_back(app: &App, job: &Value) -> u64 {
    came(&app.undone(job, false).await).2[0]
}

/// A bulk pool, and the code at some places of it.
async fn bulk(app: &App, count: u32) -> String {
    let pool = json!({ "name": "W", "source": "BULK_GENERATED", "type": "AMOUNT", "value": "10", "pattern": "W-$$$$$$$$$$$$" });
    let pool = text(&app.ok("poolCreate", pool).await["id"]);
    app.ok("couponsGenerate", json!({ "poolId": pool, "count": count })).await;
    pool
}

async fn codes(app: &App, pool: &str, arguments: &str) -> Vec<Value> {
    field(&items(&app.coupons(pool, arguments).await), "code")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_at_once_and_for_every_reader() {
    let app = App::start().await;
    let pool = bulk(&app, 100_000_000).await;
    let firsts = codes(&app, &pool, "first: 4").await;
    let claimed = app.claim(&pool, "ann").await;
    app.claim(&pool, "ann").await;
    let (job, moved) = withdraw(&app, &pool).await;
    assert_eq!(moved, 99_999_998);
    app.ok("couponUnassign", json!({ "coupon": { "id": claimed["id"] } })).await;
    let stats = json!({ "total": 100_000_000, "unassigned": 1, "claimed": 1, "invalid": 99_999_998 });
    assert_eq!(app.stats(&pool).await, stats);
    // By code, and by status, from both ends.
    let dead = app.by_code(&text(&firsts[2])).await;
    assert_eq!((&dead["status"], &dead["invalidatedAt"]), (&json!("INVALID"), &json!("2026-01-31T10:00:00.000Z")));
    assert_eq!(codes(&app, &pool, "first: 2, filter: { statuses: [INVALID] }").await, firsts[2..4]);
    assert_eq!(codes(&app, &pool, "first: 9, filter: { statuses: [UNASSIGNED] }").await, firsts[..1]);
    let mixed = "first: 3, filter: { statuses: [UNASSIGNED, INVALID] }";
    assert_eq!(codes(&app, &pool, mixed).await.iter().collect::<Vec<_>>(), [&firsts[0], &firsts[2], &firsts[3]]);
    let lasts = codes(&app, &pool, "last: 2, filter: { statuses: [INVALID] }").await;
    assert_eq!(lasts, codes(&app, &pool, "last: 2").await);
    // At the till, and for a claim of it.
    let by_code = json!({ "coupon": { "code": firsts[2] } });
    app.refused("couponInvalidate", by_code.clone(), "INVALIDATED", "").await;
    let named = json!({ "poolId": pool, "code": firsts[2], "customerId": "ben" });
    app.refused("couponClaim", named, "INVALIDATED", "code").await;
    assert_eq!(app.claim(&pool, "ben").await["code"], firsts[0], "one that came back can be had");
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "ben" }), "POOL_EXHAUSTED", "poolId").await;
    let (nothing, none) = withdraw(&app, &pool).await;
    assert_eq!((none, &nothing["outcome"]), (0, &json!("NOTHING_TO_DO")));
    // One is brought back by itself, and can be claimed.
    let back = app.ok("couponReinstate", by_code).await;
    assert_eq!(
        (&back["status"], field(&app.events(&back).await, "type")),
        (&json!("UNASSIGNED"), vec![json!("COUPON_REINSTATE")])
    );
    assert_eq!(app.claim(&pool, "cy").await["code"], firsts[2]);
    // All others together: claims go on where they were.
    assert_eq!(give_back(&app, &job).await, 99_999_997);
    assert_eq!(app.undo(&job, false).await.1, ["VALUE_INVALID id"], "once");
    assert_eq!(app.claim(&pool, "cy").await["code"], firsts[3]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 100_000_000, "unassigned": 99_999_996, "claimed": 4 }));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_of_several_are_given_back() {
    let app = App::start().await;
    let pool = bulk(&app, 300).await;
    let all = codes(&app, &pool, "first: 300").await;
    for _ in 0..3 {
        app.claim(&pool, "ann").await;
    }
    let (first, moved) = withdraw(&app, &pool).await;
    assert_eq!(moved, 297);
    app.ok("couponsGenerate", json!({ "poolId": pool, "count": 200 })).await;
    let new = app.claim(&pool, "ben").await;
    let later = codes(&app, &pool, "last: 200").await;
    assert_eq!(new["code"], later[0]);
    let (second, moved) = withdraw(&app, &pool).await;
    assert_eq!(moved, 199);
    // The first ones: claims take them, pass over the second ones, and end.
    assert_eq!(give_back(&app, &first).await, 297);
    assert_eq!(codes(&app, &pool, "first: 300, filter: { statuses: [UNASSIGNED] }").await, all[3..]);
    assert_eq!(codes(&app, &pool, "first: 300, filter: { statuses: [INVALID] }").await, later[1..]);
    for code in &all[3..] {
        assert_eq!(app.claim(&pool, "cy").await["code"], *code);
    }
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "ben" }), "POOL_EXHAUSTED", "poolId").await;
    let lines = async |status: &str| {
        let (_, lines) = app.file(&pool, &format!("coupons.csv?statuses={status}")).await;
        lines.into_iter().skip(1).collect::<Vec<_>>()
    };
    let invalid = lines("INVALID").await;
    assert_eq!(invalid.len(), 199);
    let end = ",INVALID,10.00,,,,,,,2026-01-31T10:00:00.000Z,0,0,0";
    assert_eq!(invalid[0].strip_suffix(end), later[1].as_str(), "{}", invalid[0]);
    assert!(lines("UNASSIGNED").await.is_empty());
    // What new terms mean for those that nobody has.
    let edit = json!({ "id": pool, "apply": "UNASSIGNED", "value": "50" });
    app.ok("poolUpdate", edit).await;
    let before = app.by_code(&text(&later[1])).await;
    assert_eq!(give_back(&app, &second).await, 199);
    assert_eq!(app.by_code(&text(&later[1])).await["value"], before["value"]);
    assert_eq!(app.claim(&pool, "cy").await["code"], later[1]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_undo_refuses_is_numbered_after_all_that_was_one_change() {
    let app = App::start().await;
    let pool = bulk(&app, 50).await;
    let (ann, _) = (app.claim(&pool, "ann").await, app.claim(&pool, "ben").await);
    let filter = json!({ "statuses": ["UNASSIGNED", "CLAIMED"] });
    let job = app.job("couponsBulk", json!({ "action": "INVALIDATE", "poolId": pool, "filter": filter })).await;
    assert_eq!(came(&job).2[0], 50);
    app.ok("couponReinstate", json!({ "coupon": { "id": ann["id"] } })).await;
    let undo = app.undone(&job, false).await;
    assert_eq!(came(&undo).2[0], 49);
    let csv = app.refusals_csv(&undo).await;
    // 48 that nobody has touched, and then hers or his: within a step the last is the first.
    let row = csv.lines().nth(1).expect("a row");
    assert!(row.starts_with(&format!("{},50,", text(&ann["code"]))), "{csv}");
    app.finish().await;
}
