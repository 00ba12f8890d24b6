//! Jobs and groups of users: a job works on the pools that exist for who has started it, and others do not see it.

use serde_json::{Value, json};

use super::{App, JOB, came};
use crate::edge::app::text;

/// A group's pool with codes, and a manager's key of the group.
async fn group(app: &App, name: &str, codes: &[&str]) -> (String, String) {
    let made = "mutation($name: String!) { userGroupCreate(input: { name: $name }) { userGroup { id } } }";
    let group = text(&app.data(made, json!({ "name": name })).await["userGroupCreate"]["userGroup"]["id"]);
    let pool = json!({ "name": name, "externalId": format!("{name}-pool"), "type": "AMOUNT", "value": "5", "userGroupId": group });
    let pool = app.pool(pool, codes).await;
    let made = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret userErrors { code } } }";
    let input = json!({ "name": name, "role": "MANAGER", "groupIds": [group] });
    (pool, text(&app.data(made, json!({ "input": input })).await["apiKeyCreate"]["secret"]))
}

/// What is answered to a key that asks for a job.
async fn asked(app: &App, key: &str, mutation: &str, input: Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query =
        format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ job {{ id }} userErrors {{ code }} }} }}");
    app.send(key, &query, json!({ "input": input })).await["data"][mutation].clone()
}

/// Starts a job with a key and waits until it has ended; it, as an admin sees it.
async fn job(app: &App, key: &str, mutation: &str, input: Value) -> Value {
    let payload = asked(app, key, mutation, input).await;
    assert!(payload["job"]["id"].is_string(), "{payload}");
    app.ended(&payload["job"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_works_on_the_pools_of_who_has_started_it() {
    let app = App::start().await;
    let (north, of_north) = group(&app, "northern", &["NORTH-1", "NORTH-2"]).await;
    let (_, of_south) = group(&app, "southern", &["SOUTH-1", "SOUTH-2"]).await;
    for pool in [&north] {
        app.claim(pool, "ann").await;
    }
    let id = app.by_code("NORTH-2").await["id"].clone();
    let codes = json!([{ "code": "NORTH-1" }, { "code": "SOUTH-1" }, { "code": "NORTH-9" }]);
    let done = job(&app, &of_south, "couponsBulk", json!({ "action": "INVALIDATE", "codes": codes })).await;
    assert_eq!(came(&done).2, [1, 0, 2], "{done}");
    for refusal in done["sample"].as_array().expect("a sample") {
        assert_eq!(refusal["reason"]["code"], "NOT_FOUND");
    }
    let done = job(&app, &of_south, "couponsBulk", json!({ "action": "INVALIDATE", "couponIds": [id] })).await;
    assert_eq!((came(&done).2, &done["sample"][0]["code"]), ([0, 0, 1], &Value::Null), "{done}");
    let held = json!({ "action": "UNASSIGN", "filter": { "customerId": "ann" } });
    assert_eq!(came(&job(&app, &of_south, "couponsBulk", held).await).1, "NOTHING_TO_DO");
    // A file whose rows name the pool.
    let request = app.client.post(format!("{}/uploads", app.url)).bearer_auth(&of_south);
    let sent = request.header("content-type", "text/csv").body("code,pool\nNEW-1,northern-pool\nNEW-2,southern-pool\n");
    let found: Value = sent.send().await.expect("an answer").json().await.expect("JSON");
    let done = job(&app, &of_south, "importStart", json!({ "uploadId": found["id"] })).await;
    assert_eq!((came(&done).2, &done["sample"][0]["reason"]["code"]), ([1, 0, 1], &json!("NOT_FOUND")), "{done}");
    // Its own pool, named, does not exist.
    for (mutation, input) in [
        ("couponsBulk", json!({ "action": "INVALIDATE", "poolId": north, "filter": {} })),
        ("importStart", json!({ "uploadId": found["id"], "poolId": north })),
    ] {
        let answer = asked(&app, &of_south, mutation, input).await;
        assert_eq!(answer["userErrors"][0]["code"], "NOT_FOUND", "{answer}");
    }
    assert_eq!(app.by_code("NORTH-2").await["status"], "UNASSIGNED");

    let noted = app
        .data(
            "query($job: ID!) { auditLog(filter: { target: $job }) { edges { node { action target actor } } } }",
            json!({ "job": done["id"] }),
        )
        .await;
    let expected = json!([{ "node": { "action": "JOB_START", "target": done["id"], "actor": "southern" } }]);
    assert_eq!(noted["auditLog"]["edges"], expected);

    // What one has started the others do not see.
    let done =
        job(&app, &of_north, "couponsBulk", json!({ "action": "INVALIDATE", "poolId": north, "filter": {} })).await;
    assert_eq!(came(&done).2, [2, 0, 0], "{done}");
    let (id, all) = (&done["id"], format!("{{ jobs {{ edges {{ node {{ {JOB} }} }} }} }}"));
    let told = app.send(&of_south, &all, json!({})).await.to_string();
    assert!(!told.contains(id.as_str().expect("an id")) && !told.contains(&north), "{told}");
    assert_eq!(
        app.send(&of_south, "query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await["data"]["node"],
        Value::Null
    );
    for mutation in ["jobCancel", "jobUndo"] {
        let query = format!("mutation($id: ID!) {{ {mutation}(id: $id) {{ job {{ id }} userErrors {{ code }} }} }}");
        let answer = app.send(&of_south, &query, json!({ "id": id })).await;
        assert_eq!(answer["data"][mutation]["userErrors"][0]["code"], "NOT_FOUND", "{answer}");
    }
    let url = format!("{}/jobs/{}/refusals.csv", app.url, id.as_str().expect("an id"));
    for (key, status) in [(&of_south, 404), (&of_north, 200)] {
        let answer = app.client.get(&url).bearer_auth(key).send().await.expect("an answer");
        assert_eq!(answer.status(), status);
    }
    app.finish().await;
}
