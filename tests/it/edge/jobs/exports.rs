//! Exports as files: what a job writes is what the stream has, is kept for a day, and is for whom it may be.

use serde_json::{Value, json};

use super::{App, JOB, came};
use crate::edge::app::text;

impl App {
    /// The file of a job: the status, the length that was told, and the body.
    async fn job_file(&self, job: &Value, key: &str) -> (u16, Option<u64>, String) {
        let url = format!("{}/jobs/{}/file", self.url, text(&job["id"]));
        let response = self.client.get(url).bearer_auth(key).send().await.expect("an answer");
        let (status, length) = (response.status().as_u16(), response.content_length());
        (status, length, response.text().await.expect("a body"))
    }

    async fn file_url(&self, job: &Value) -> Value {
        let query = "query($id: ID!) { node(id: $id) { ... on Job { fileUrl } } }";
        self.data(query, json!({ "id": job["id"] })).await["node"]["fileUrl"].clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_has_what_the_stream_has() {
    let app = App::start().await;
    let pool = app.bulk("E-########", 60_000).await;
    for _ in 0..30 {
        app.claim(&pool, "=ann").await;
    }
    let filter = json!({ "statuses": ["CLAIMED"] });
    for (input, file, done) in [
        (json!({ "poolId": pool }), "coupons.csv", 60_000),
        (json!({ "poolId": pool, "format": "CSV", "byteOrderMark": true }), "coupons.csv?bom=true", 60_000),
        (json!({ "poolId": pool, "format": "JSON_LINES", "filter": filter }), "coupons.jsonl?statuses=CLAIMED", 30),
    ] {
        let job = app.job("exportStart", input.clone()).await;
        assert_eq!(came(&job), ("SUCCEEDED".to_owned(), "ALL".to_owned(), [done, 60_000 - done, 0]), "{input}");
        assert_eq!((&job["kind"], &job["undoable"]), (&json!("EXPORT"), &json!(false)));
        assert_eq!(app.file_url(&job).await, format!("/jobs/{}/file", text(&job["id"])));
        let (status, length, body) = app.job_file(&job, &app.key).await;
        assert_eq!((status, length), (200, Some(body.len() as u64)));
        let (_, lines) = app.file(&pool, file).await;
        assert!(body.lines().eq(lines.iter().map(String::as_str)), "{input}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_kept_for_a_day() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &["K-1", "K-2"]).await;
    let job = app.job("exportStart", json!({ "poolId": pool })).await;
    app.set_clock("2026-02-01T09:59:59Z");
    assert_eq!(app.job_file(&job, &app.key).await.0, 200);
    app.set_clock("2026-02-01T10:00:01Z");
    assert_eq!(app.file_url(&job).await, Value::Null);
    let (status, _, body) = app.job_file(&job, &app.key).await;
    assert_eq!(status, 404);
    assert!(body.contains("a day after its end"), "{body}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_is_told() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &["K-1"]).await;
    let other = app.pool(json!({ "type": "FREE_SHIPPING" }), &["L-1"]).await;
    for (input, expected) in [
        (json!({ "poolId": "none" }), "NOT_FOUND poolId"),
        (json!({ "poolId": pool, "filter": { "poolId": other } }), "VALUE_INVALID filter.poolId"),
        (json!({ "poolId": pool, "format": "JSON_LINES", "byteOrderMark": true }), "VALUE_INVALID byteOrderMark"),
        (json!({ "poolId": pool, "filter": { "customerId": " " } }), "VALUE_INVALID filter.customerId"),
    ] {
        assert_eq!(app.job_asked("exportStart", input.clone()).await.1, [expected], "{input}");
    }
    // A job that writes no file has none, and no other has one.
    let job = app.job("couponsBulk", json!({ "action": "INVALIDATE", "codes": [{ "code": "K-1" }] })).await;
    assert_eq!((app.job_file(&job, &app.key).await.0, app.file_url(&job).await), (404, Value::Null));
    assert_eq!(app.job_file(&json!({ "id": "none" }), &app.key).await.0, 404);
    // Who reads coupons by their last characters has no part in it.
    let made = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret } }";
    let viewer = app.data(made, json!({ "input": { "name": "viewer", "role": "VIEWER" } })).await;
    let viewer = text(&viewer["apiKeyCreate"]["secret"]);
    let job = app.job("exportStart", json!({ "poolId": pool })).await;
    assert_eq!(app.job_file(&job, &viewer).await.0, 404, "what an admin has started does not exist");
    let query = format!(
        "mutation($input: ExportStartInput!) {{ exportStart(input: $input) {{ job {{ {JOB} }} userErrors {{ code }} }} }}"
    );
    let refused = app.send(&viewer, &query, json!({ "input": { "poolId": pool } })).await;
    assert_eq!(refused["data"]["exportStart"]["userErrors"][0]["code"], "FORBIDDEN", "{refused}");
    app.finish().await;
}
