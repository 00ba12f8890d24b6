//! Files as nobody should write them: each has a clear answer, in bounded memory, and nothing half done.

use serde_json::{Value, json};

use super::{App, came};
use crate::edge::app::text;

async fn pool(app: &App) -> String {
    app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await
}

/// Imports a file whose first column is the code; the job.
async fn imported(app: &App, pool: &str, body: impl Into<Vec<u8>>) -> Value {
    let found = app.upload(body).await;
    app.job("importStart", json!({ "uploadId": found["id"], "poolId": pool })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_file_of_rows_is_refused_with_what_to_do() {
    let app = App::start().await;
    for (body, status, told) in [
        (Vec::new(), 422, "empty"),
        (b"PK\x03\x04rest".to_vec(), 422, "CSV UTF-8"),
        (b"%PDF-1.7".to_vec(), 422, "a PDF"),
        (b"\x89PNG\r\n\x1a\n".to_vec(), 422, "picture"),
        (b"code\nA\0B\n".to_vec(), 422, "NUL"),
    ] {
        let (found, answer) = app.send_file(body.clone()).await;
        let message = text(&answer["errors"][0]["message"]);
        assert!(found == status && message.contains(told), "{found} {message}: {body:?}");
    }
    app.scrip().limit_jobs(2, 1_000);
    assert_eq!(app.send_file(vec![b'A'; 1_001]).await.0, 413);
    let request = app.client.post(format!("{}/uploads", app.url)).bearer_auth(&app.key);
    let parts = futures_util::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![b'A'; 100])));
    let response = request.body(reqwest::Body::wrap_stream(parts)).send().await.expect("an answer");
    assert_eq!(response.status(), 413, "of one that does not say how long it is");
    let request = app.client.post(format!("{}/uploads", app.url)).bearer_auth(&app.key);
    let request = request.header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(request.body("--x--").send().await.expect("an answer").status(), 415);
    assert_eq!(app.client.post(format!("{}/uploads", app.url)).send().await.expect("an answer").status(), 401);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let app = App::start().await;
    let request = app.client.post(format!("{}/uploads", app.url)).bearer_auth(&app.key);
    let cut = [Ok(b"A\n".to_vec()), Err(std::io::Error::other("gone"))];
    let sent = request.body(reqwest::Body::wrap_stream(futures_util::stream::iter(cut))).send().await;
    assert!(sent.is_err() || sent.is_ok_and(|answer| answer.status() == 400));
    let found = app.upload("A\n").await;
    let pool = pool(&app).await;
    for id in ["none", "../../etc/passwd", "0123456789abcdef0123456789abcdef"] {
        let (_, refused) = app.job_asked("importStart", json!({ "uploadId": id, "poolId": pool })).await;
        assert_eq!(refused, ["NOT_FOUND uploadId"], "{id}");
    }
    let bulk = app.bulk("Q-#####", 10).await;
    let (_, refused) = app.job_asked("importStart", json!({ "uploadId": found["id"], "poolId": bulk })).await;
    assert_eq!(refused, ["POOL_SOURCE_MISMATCH poolId"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_wrong_are_told_with_their_lines() {
    let app = App::start().await;
    let pool = pool(&app).await;
    let long = "L".repeat(65);
    let huge = "H".repeat(200_000);
    let file = format!(
        "code,note\r\nA,1\r\nB\r\nC,1,2\r\n\r\ncode,note\r\n{long},1\r\n\"D\u{200d}\",1\r\n{huge},1\r\n,1\r\nE,1\r\n\"F,1\r\nG,1\r\n"
    );
    let job = imported(&app, &pool, file).await;
    assert_eq!(came(&job), ("SUCCEEDED".to_owned(), "SOME".to_owned(), [2, 0, 8]), "{job}");
    let lines: Vec<_> = job["sample"].as_array().expect("a sample").iter().map(|one| one["line"].clone()).collect();
    assert_eq!(lines, [3, 4, 6, 7, 8, 9, 10, 12]);
    let csv = app.refusals_csv(&job).await;
    assert!(csv.starts_with("code,note,line,refusal,reason\r\n") && csv.contains("\"F,1\r\nG,1\r\n\",,12,"), "{csv}");
    for (body, expected) in [
        ("code\n", ("NOTHING_TO_DO", [0, 0, 0])),
        ("code,code2\ncode,code2\n", ("NONE", [0, 0, 1])),
        ("\n\n\nX\n", ("ALL", [1, 0, 0])),
    ] {
        let (_, outcome, counted) = came(&imported(&app, &pool, body).await);
        assert_eq!((outcome.as_str(), counted), expected, "{body:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encodings_and_delimiters_are_found_or_said() {
    let app = App::start().await;
    let pool = pool(&app).await;
    let utf16: Vec<u8> = "\u{feff}code\tname\nÄ-1\tx\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(came(&imported(&app, &pool, utf16).await).2, [1, 0, 0]);
    assert_eq!(came(&imported(&app, &pool, b"code;name\n\xd6-1;y\n".to_vec()).await).2, [1, 0, 0]);
    for code in ["Ä-1", "Ö-1"] {
        assert_eq!(app.by_code(code).await["status"], "UNASSIGNED");
    }
    let found = app.upload("P;1,code\nP;2,x\n").await;
    let input = json!({ "uploadId": found["id"], "poolId": pool, "delimiter": ",", "header": false,
        "columns": [{ "field": "CODE", "position": 1 }] });
    assert_eq!(came(&app.job("importStart", input).await).2, [2, 0, 0]);
    assert_eq!(app.by_code("P;1").await["status"], "UNASSIGNED");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousands_of_one_code_are_one() {
    let app = App::start().await;
    let pool = pool(&app).await;
    let file = "SAME\n".repeat(100_000);
    let found = app.upload(file).await;
    for dry_run in [true, false] {
        let input = json!({ "uploadId": found["id"], "poolId": pool, "dryRun": dry_run });
        assert_eq!(came(&app.job("importStart", input).await).2, [1, 99_999, 0], "{dry_run}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_of_two_at_once_is_refused_and_an_archived_pool_takes_codes_but_no_customers() {
    let app = App::start().await;
    let pool = pool(&app).await;
    let found = app.upload((0..20_000).map(|number| format!("T-{number}\n")).collect::<String>()).await;
    let input = json!({ "uploadId": found["id"], "poolId": pool });
    let (first, _) = app.job_asked("importStart", input.clone()).await;
    let (second, refused) = app.job_asked("importStart", input).await;
    if !second.is_null() {
        // The first had ended.
        assert_eq!(came(&app.ended(&second).await).2, [0, 20_000, 0]);
    } else {
        assert_eq!(refused, ["DUPLICATE uploadId"]);
    }
    assert_eq!(came(&app.ended(&first).await).2, [20_000, 0, 0]);
    app.ok("poolArchive", json!({ "id": pool, "archived": true })).await;
    let job = imported(&app, &pool, "code,customer\nX,ann\nY,\n").await;
    assert_eq!(came(&job).2, [1, 0, 1], "{job}");
    assert_eq!(job["sample"][0]["reason"]["code"], "POOL_ARCHIVED");
    app.finish().await;
}
