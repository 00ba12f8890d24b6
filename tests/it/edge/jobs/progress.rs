//! Following a job over the schema's subscription, what a viewer sees, and what time removes.

use futures_util::StreamExt;
use scrip::{
    domain::access::Role,
    graphql::{Rules, asked_by},
    service::{Caller, Rights},
};
use serde_json::{Value, json};

use super::{App, came};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_followed_until_it_has_ended() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await;
    let found = app.upload((0..30_000).map(|number| format!("F-{number}\n")).collect::<String>()).await;
    let (job, _) = app.job_asked("importStart", json!({ "uploadId": found["id"], "poolId": pool })).await;
    let begun = std::time::Instant::now();
    let document = format!("subscription {{ jobProgress(id: {}) {{ status done total perSecond }} }}", job["id"]);
    let session = app.scrip().session(Caller::admin("some", "some"));
    let request = asked_by(async_graphql::Request::new(document), session);
    let told: Vec<Value> = scrip::graphql::schema(&Rules::default())
        .execute_stream(request)
        .map(|answer| serde_json::to_value(&answer).expect("JSON")["data"]["jobProgress"].clone())
        .collect()
        .await;
    let number = |value: &Value| value["done"].as_str().expect("a number").parse::<u64>().expect("a number");
    assert!(told.iter().is_sorted_by_key(number), "{told:?}");
    let last = told.last().expect("it was told");
    assert_eq!((&last["status"], number(last), &last["total"]), (&json!("SUCCEEDED"), 30_000, &json!("30000")));
    let most = begun.elapsed().as_millis() / 250 + 2;
    assert!(told.len() as u128 <= most, "{} in {:?}", told.len(), begun.elapsed());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_is_told_no_codes() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await;
    let found = app.upload("code,status\nSECRET-CODE-1234,WRONG\n").await;
    let job = app.job("importStart", json!({ "uploadId": found["id"], "poolId": pool })).await;
    assert_eq!(job["sample"][0]["code"], "SECRET-CODE-1234");
    let caller = Caller { role: Role::Viewer, rights: Rights::of(Role::Viewer), ..Caller::admin("v", "v") };
    let document = "{ jobs { edges { node { sample { code } } } } }";
    let request = asked_by(async_graphql::Request::new(document), app.scrip().session(caller));
    let answer = scrip::graphql::schema(&Rules::default()).execute(request).await;
    let text = serde_json::to_string(&answer).expect("JSON");
    assert!(text.contains("****1234") && !text.contains("SECRET"), "{text}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_kept_for_a_month() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &["A", "B"]).await;
    let input = json!({ "action": "INVALIDATE", "poolId": pool, "filter": {} });
    let job = app.job("couponsBulk", input).await;
    assert_eq!(came(&job).2, [2, 0, 0]);
    for (now, kept) in [("2026-03-02T09:59:59Z", true), ("2026-03-02T10:00:01Z", false)] {
        app.set_clock(now);
        app.scrip().operator().forget_old_jobs().await.expect("an answer");
        assert_eq!(!app.read_job(job["id"].as_str().expect("an id")).await.is_null(), kept, "{now}");
    }
    app.finish().await;
}
