//! Taking back what a job has done, trying that first, and taking that back; stopping a job; following it.

use serde_json::{Value, json};

use super::{App, JOB, came, taken};

impl App {
    /// One action with all coupons of a pool.
    async fn all(&self, action: &str, pool: &str, more: Value) -> Value {
        let mut input = json!({ "action": action, "poolId": pool, "filter": {} });
        input.as_object_mut().expect("fields").extend(more.as_object().cloned().unwrap_or_default());
        self.job("couponsBulk", input).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_action_is_taken_back_where_nothing_has_changed_since() {
    let app = App::start().await;
    let codes: Vec<String> = (0..600).map(|number| format!("U-{number:04}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let input = json!({ "type": "PERCENTAGE", "value": "10", "restrictions": { "expirationPeriod": "P1M" } });
    let pool = app.pool(input, &codes).await;
    app.ok("customerUpsert", json!({ "customerId": "eve" })).await;
    let customers: Vec<String> = (0..600).map(|number| format!("c-{number}")).collect();
    let claimed = app.job("couponsBulk", json!({ "action": "CLAIM", "poolId": pool, "customerIds": customers })).await;
    let first = app.by_code("U-0000").await;
    for (action, more, status) in [
        ("UNASSIGN", json!({}), "unassigned"),
        ("REDEEM", json!({}), "redeemed"),
        ("TRANSFER", json!({ "toCustomerId": "eve" }), "claimed"),
        ("INVALIDATE", json!({}), "invalid"),
    ] {
        app.set_clock("2026-02-10T00:00:00Z");
        let job = app.all(action, &pool, more).await;
        assert_eq!((came(&job).2, &job["undoable"]), ([600, 0, 0], &json!(true)), "{action} {job}");
        assert_eq!(app.stats(&pool).await[status], 600, "{action}");
        let tried = app.undone(&job, true).await;
        assert_eq!(app.stats(&pool).await[status], 600, "{action} is only tried");
        let undone = app.undone(&job, false).await;
        assert_eq!((came(&tried).2, came(&undone).2), ([600, 0, 0], [600, 0, 0]), "{action} {undone}");
        assert_eq!(undone["undoes"]["id"], job["id"]);
        let mut now = app.by_code("U-0000").await;
        for name in ["version", "transfers", "redeemedAt"] {
            now[name] = first[name].clone();
        }
        assert_eq!(now, first, "after {action} and back");
        assert_eq!(app.undo(&job, false).await.1, ["VALUE_INVALID id"], "it was taken back already");
        let redone = app.undone(&undone, false).await;
        assert_eq!((came(&redone).2, &app.stats(&pool).await[status]), ([600, 0, 0], &json!(600)), "{action} again");
        assert_eq!(came(&app.undone(&redone, false).await).2, [600, 0, 0], "{action} taken back again");
    }
    // Each of them has changed since it was claimed.
    let undone = app.undone(&claimed, false).await;
    assert_eq!(came(&undone), ("SUCCEEDED".to_owned(), "NONE".to_owned(), [0, 0, 600]), "{undone}");
    assert_eq!(undone["sample"][0]["reason"]["code"], "VERSION_MISMATCH");
    assert_eq!(app.read_job(claimed["id"].as_str().expect("an id")).await["undoable"], true, "nothing was taken back");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_changed_since_is_told() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "GIFT_CARD", "value": "50", "currency": "EUR" }), &["A", "B", "C"]).await;
    for customer in ["ann", "ben", "cyd"] {
        app.ok("customerUpsert", json!({ "customerId": customer, "currency": "EUR" })).await;
        app.claim(&pool, customer).await;
    }
    app.ok("giftCardAdjust", json!({ "coupon": { "code": "C" }, "amount": "5", "reason": "sorry" })).await;
    let job = app.all("UNASSIGN", &pool, json!({})).await;
    assert_eq!(came(&job).2, [3, 0, 0], "{job}");
    app.ok("customerUpsert", json!({ "customerId": "dan", "currency": "EUR" })).await;
    assert_eq!(app.claim(&pool, "dan").await["code"], "A");
    let undone = app.undone(&job, false).await;
    assert_eq!(came(&undone).2, [2, 0, 1], "{undone}");
    assert_eq!((&undone["sample"][0]["code"], &undone["sample"][0]["coupon"]["code"]), (&json!("A"), &json!("A")));
    let card = app.by_code("C").await;
    assert_eq!((&card["balance"], &card["customer"]["externalId"]), (&json!("55.00"), &json!("cyd")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_stopped_within_one_of_its_steps() {
    let app = App::start().await;
    let pool = app.bulk("S-#######", 60_000).await;
    // Of all of its codes by their beginning, so that they are looked at one by one.
    let input = json!({ "action": "INVALIDATE", "poolId": pool, "filter": { "codePrefix": "S-" } });
    let (job, _) = app.job_asked("couponsBulk", input).await;
    let query = format!(
        "mutation($id: ID!) {{ jobCancel(id: $id) {{ job {{ {JOB} }} userErrors {{ code field message }} }} }}"
    );
    let (cancelled, refused) = taken(app.data(&query, json!({ "id": job["id"] })).await, "jobCancel");
    assert_eq!((refused, &cancelled["status"]), (Vec::new(), &json!("CANCELLED")));
    let done = came(&cancelled).2[0];
    let ended = app.ended(&job).await;
    assert_eq!(came(&ended).2[0], done, "nothing is done after it was stopped");
    let invalid = app.read_pool(&pool).await["stats"]["invalid"].as_u64().expect("a count");
    assert_eq!(invalid, done, "what is told is what was done");
    let (_, refused) = taken(app.data(&query, json!({ "id": job["id"] })).await, "jobCancel");
    assert_eq!(refused, ["VALUE_INVALID id"]);
    app.finish().await;
}
