//! One action with many coupons: on ids, codes, customers, or what a filter admits when it begins.

use serde_json::{Value, json};

use super::{App, came};
use crate::edge::app::text;

async fn stocked(app: &App, number: usize) -> String {
    let codes: Vec<String> = (0..number).map(|number| format!("B-{number:04}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &codes).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_goes_through_the_decision_of_the_single_action() {
    let app = App::start().await;
    let pool = stocked(&app, 1_200).await;
    let customers: Vec<String> = (0..1_000).map(|number| format!("c-{number}")).collect();
    let input = json!({ "action": "CLAIM", "poolId": pool, "customerIds": customers, "reason": "welcome" });
    let mut tried = input.clone();
    tried["dryRun"] = json!(true);
    assert_eq!(came(&app.job("couponsBulk", tried).await).2, [1_000, 0, 0]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 1_200, "unassigned": 1_200 }));
    let claimed = app.job("couponsBulk", input).await;
    assert_eq!((came(&claimed).2, &claimed["startedBy"]), ([1_000, 0, 0], &json!("till")), "{claimed}");
    assert_eq!(app.stats(&pool).await, json!({ "total": 1_200, "unassigned": 200, "claimed": 1_000 }));
    let coupon = app.by_code("B-0007").await;
    let events = app.events(&coupon).await;
    assert_eq!(
        (&events[0]["type"], &events[0]["reason"], &events[0]["actor"]),
        (&json!("COUPON_CLAIM"), &json!("welcome"), &json!("till"))
    );
    app.ok("couponRedeem", json!({ "coupon": { "code": "B-0000" } })).await;
    let filter = json!({ "statuses": ["CLAIMED", "REDEEMED"] });
    let job = app.job("couponsBulk", json!({ "action": "INVALIDATE", "poolId": pool, "filter": filter })).await;
    assert_eq!(came(&job), ("SUCCEEDED".to_owned(), "SOME".to_owned(), [999, 0, 1]), "{job}");
    let refused = &job["sample"][0];
    assert_eq!((&refused["code"], &refused["reason"]["code"]), (&json!("B-0000"), &json!("ALREADY_REDEEMED")));
    assert!(app.refusals_csv(&job).await.starts_with("code,line,refusal,reason\r\nB-0000,"));
    assert_eq!(
        app.stats(&pool).await,
        json!({ "total": 1_200, "unassigned": 200, "redeemed": 1, "invalid": 999, "usages": 1 })
    );
    let nothing = json!({ "action": "UNASSIGN", "poolId": pool, "filter": { "statuses": ["CLAIMED"] } });
    assert_eq!(came(&app.job("couponsBulk", nothing).await).1, "NOTHING_TO_DO");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actions_on_codes_and_ids() {
    let app = App::start().await;
    let pool = stocked(&app, 4).await;
    app.ok("customerUpsert", json!({ "customerId": "eve" })).await;
    let mut ids = Vec::new();
    for customer in ["ann", "ben", "cyd"] {
        ids.push(app.claim(&pool, customer).await["id"].clone());
    }
    let codes = json!([{ "code": "b-0000" }, { "code": "B-0001", "customerId": "ann" }, { "code": "none" }]);
    let job = app.job("couponsBulk", json!({ "action": "REDEEM", "codes": codes })).await;
    assert_eq!(came(&job).2, [1, 0, 2], "{job}");
    let reasons: Vec<_> =
        job["sample"].as_array().expect("a sample").iter().map(|one| text(&one["reason"]["code"])).collect();
    assert_eq!(reasons, ["NOT_OWNER", "NOT_FOUND"]);
    let unredeemed = app.job("couponsBulk", json!({ "action": "UNREDEEM", "couponIds": [ids[0], ids[1]] })).await;
    assert_eq!(came(&unredeemed).2, [1, 0, 1]);
    let given = app.job("couponsBulk", json!({ "action": "TRANSFER", "couponIds": ids, "toCustomerId": "eve" })).await;
    assert_eq!(came(&given).2, [3, 0, 0], "{given}");
    assert_eq!(app.by_code("B-0002").await["customer"]["externalId"], "eve");
    let held = json!({ "action": "UNASSIGN", "filter": { "customerId": "eve" } });
    assert_eq!(came(&app.job("couponsBulk", held).await).2, [3, 0, 0]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 4, "unassigned": 4 }));
    // A code's own letters, and what nobody has touched.
    let prefixed = json!({ "action": "INVALIDATE", "poolId": pool, "filter": { "codePrefix": "B-000" } });
    assert_eq!(came(&app.job("couponsBulk", prefixed).await).2, [4, 0, 0]);
    let bulk = app.bulk("T-######", 2_500).await;
    let untouched = json!({ "action": "INVALIDATE", "poolId": bulk, "filter": { "statuses": ["UNASSIGNED"] } });
    assert_eq!(came(&app.job("couponsBulk", untouched).await).2, [2_500, 0, 0]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_of_a_file_claim() {
    let app = App::start().await;
    let pool = stocked(&app, 3).await;
    let found = app.upload("name;Customer\nAnn;ann\nNobody;\nBen;ben\nCyd;cyd\nDan;dan\n").await;
    let job = app.job("couponsBulk", json!({ "action": "CLAIM", "poolId": pool, "uploadId": found["id"] })).await;
    assert_eq!(came(&job), ("SUCCEEDED".to_owned(), "SOME".to_owned(), [3, 0, 2]), "{job}");
    let csv = app.refusals_csv(&job).await;
    assert!(csv.contains("Nobody,,3,VALUE_INVALID,") && csv.contains("Dan,dan,6,POOL_EXHAUSTED,"), "{csv}");
    assert_eq!(app.by_code("B-0002").await["customer"]["externalId"], "cyd");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_is_told_at_once() {
    let app = App::start().await;
    let pool = stocked(&app, 1).await;
    let table: [(Value, &str); 9] = [
        (json!({ "action": "INVALIDATE" }), "VALUE_INVALID couponIds"),
        (json!({ "action": "INVALIDATE", "codes": [], "filter": {} }), "VALUE_INVALID couponIds"),
        (json!({ "action": "CLAIM", "poolId": pool, "codes": [] }), "VALUE_INVALID customerIds"),
        (json!({ "action": "CLAIM", "customerIds": ["ann"] }), "REQUIRED poolId"),
        (json!({ "action": "REDEEM", "customerIds": ["ann"] }), "VALUE_INVALID customerIds"),
        (json!({ "action": "TRANSFER", "codes": [] }), "REQUIRED toCustomerId"),
        (json!({ "action": "UNASSIGN", "codes": [], "toCustomerId": "ann" }), "VALUE_INVALID toCustomerId"),
        (json!({ "action": "UNASSIGN", "filter": { "statuses": ["CLAIMED"] } }), "REQUIRED filter"),
        (json!({ "action": "UNASSIGN", "couponIds": ["none"] }), "NOT_FOUND couponIds.0"),
    ];
    for (input, expected) in table {
        assert_eq!(app.job_asked("couponsBulk", input.clone()).await.1, [expected], "{input}");
    }
    let many: Vec<Value> = (0..10_001).map(|number| json!({ "code": format!("{number}") })).collect();
    let refused = app.job_asked("couponsBulk", json!({ "action": "UNASSIGN", "codes": many })).await.1;
    assert_eq!(refused, ["LIMIT_EXCEEDED codes"]);
    app.finish().await;
}

/// What nobody has touched of a bulk pool is taken out of use at once, and given back, however many they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_million_are_invalidated_at_once() {
    let app = App::start().await;
    let pool = app.bulk("H-$$$$$$$$$$$$", 100_000_000).await;
    app.claim(&pool, "ann").await;
    let back = app.claim(&pool, "ann").await;
    app.ok("couponUnassign", json!({ "coupon": { "id": back["id"] } })).await;
    let input =
        json!({ "action": "INVALIDATE", "poolId": pool, "filter": { "statuses": ["UNASSIGNED"] }, "reason": "leaked" });
    let mut tried = input.clone();
    tried["dryRun"] = json!(true);
    assert_eq!(
        came(&app.job("couponsBulk", tried).await),
        ("SUCCEEDED".to_owned(), "ALL".to_owned(), [99_999_999, 0, 0])
    );
    let stats = app.stats(&pool).await;
    assert_eq!(stats, json!({ "total": 100_000_000, "unassigned": 99_999_999, "claimed": 1 }), "nothing is changed");
    let job = app.job("couponsBulk", input).await;
    assert_eq!((came(&job).2, &job["total"]), ([99_999_999, 0, 0], &json!("99999999")), "{job}");
    assert_eq!(app.stats(&pool).await, json!({ "total": 100_000_000, "claimed": 1, "invalid": 99_999_999 }));
    // The one that had come back has its event; the others have none.
    assert_eq!(app.events(&back).await.last().expect("an event")["reason"], "leaked");
    let (undone, refused) = app.undo(&job, false).await;
    assert_eq!(refused, [] as [String; 0]);
    let undone = app.ended(&undone).await;
    assert_eq!(came(&undone).2, [99_999_999, 0, 0], "{undone}");
    assert_eq!(app.stats(&pool).await, stats);
    let (again, _) = app.undo(&undone, false).await;
    assert_eq!(came(&app.ended(&again).await).2, [99_999_999, 0, 0]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 100_000_000, "claimed": 1, "invalid": 99_999_999 }));
    app.stop().await;
}
