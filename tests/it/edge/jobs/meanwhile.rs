//! What happens to a job's pool and its customers while it works: nothing is half done, and each row that could not be
//! done is told.

use serde_json::{Value, json};

use super::{App, came};

const CUSTOMERS: u64 = 6_000;

/// A pool, and a job that claims its coupons for many customers, which has begun to.
async fn claiming(app: &App) -> (String, Value) {
    let pool = app.bulk("M-########", 10_000).await;
    let customers: Vec<String> = (0..CUSTOMERS).map(|number| format!("c-{number}")).collect();
    let input = json!({ "action": "CLAIM", "poolId": pool, "customerIds": customers });
    let (job, refused) = app.job_asked("couponsBulk", input).await;
    assert_eq!(refused, [] as [String; 0]);
    (pool, job)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_archived_gives_out_nothing_more() {
    let app = App::start().await;
    let (pool, job) = claiming(&app).await;
    app.ok("poolArchive", json!({ "id": pool, "archived": true })).await;
    let at_once = app.stats(&pool).await["claimed"].as_u64().unwrap_or_default();
    let ended = app.ended(&job).await;
    let (status, _, [done, skipped, refused]) = came(&ended);
    assert_eq!((status.as_str(), done + refused, skipped), ("SUCCEEDED", CUSTOMERS, 0), "{ended}");
    assert_eq!(done, at_once, "what the archiving met");
    if refused > 0 {
        assert_eq!(ended["sample"][0]["reason"]["code"], "POOL_ARCHIVED");
    }
    if done > 0 {
        // It is taken back all the same.
        assert_eq!(came(&app.undone(&job, false).await).2, [done, 0, 0]);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_is_erased_meanwhile_is_refused_or_erased_with_what_was_claimed() {
    let app = App::start().await;
    app.ok("customerUpsert", json!({ "customerId": "c-5999", "email": "c@shop.example" })).await;
    let (_, job) = claiming(&app).await;
    let erase = "mutation($id: ID!) { customerErase(customerId: $id, force: true) { done userErrors { code } } }";
    let erased = app.data(erase, json!({ "id": "c-5999" })).await;
    assert_eq!(erased["customerErase"]["userErrors"], json!([]), "{erased}");
    let ended = app.ended(&job).await;
    let (status, _, [done, _, refused]) = came(&ended);
    assert_eq!((status.as_str(), done + refused), ("SUCCEEDED", CUSTOMERS), "{ended}");
    assert!(refused <= 1, "{ended}");
    let known = app.data("query($id: ID!) { customer(id: $id) { email } }", json!({ "id": "c-5999" })).await;
    assert_eq!(known["customer"]["email"], Value::Null, "who claims later is somebody new");
    app.finish().await;
}
