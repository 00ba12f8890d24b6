//! The list of ends: whatever gives coupons an end, takes it back or lets it pass, each stands there once and is counted once.

use scrip::http::Options;
use serde_json::json;

use super::{
    App, came,
    updates::{kept, of, update},
};
use crate::support::{disk, new_folder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_end_is_in_the_list_once() {
    let folder = new_folder();
    let address = disk(folder.path());
    let app = App::on(&address, Options::default()).await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["A", "B", "C", "D", "E"]).await;
    for _ in 0..4 {
        app.claim(&pool, "ann").await;
    }
    let (period, end) = (json!({ "restrictions": { "expirationPeriod": "P1M" } }), "2026-02-28T10:00:00.000Z");
    let job = update(&app, &pool, "ALL", period.clone()).await["job"].clone();
    kept(&app, &pool).await;
    assert_eq!(app.by_code("A").await["expiresAt"], end);
    assert_eq!(came(&app.undone(&job, false).await).2[0], 5);
    assert_eq!(app.by_code("A").await["expiresAt"], json!(null));
    update(&app, &pool, "ALL", json!({ "restrictions": { "expirationPeriod": "P2M" } })).await;
    update(&app, &pool, "ALL", period).await;
    kept(&app, &pool).await;
    // There and back.
    for until in ["2027-01-01T00:00:00Z", end] {
        app.ok("couponExtend", json!({ "coupon": { "code": "A" }, "expiresAt": until })).await;
    }
    app.ok("couponInvalidate", of("B")).await;
    app.ok("couponReinstate", of("B")).await;
    app.ok("couponUnassign", of("C")).await;
    app.claim(&pool, "ben").await;
    for transaction in ["t-1", "t-2"] {
        let order = json!({
            "transactionId": transaction, "customerId": "ann", "coupons": [{ "code": "D" }],
            "basket": { "currency": "EUR", "lines": [{ "productId": "a", "quantity": 1, "unitPrice": "9" }] },
        });
        app.ok("checkoutHold", order).await;
        let release =
            format!("mutation {{ checkoutRelease(transactionId: \"{transaction}\") {{ userErrors {{ code }} }} }}");
        assert_eq!(app.data(&release, json!({})).await["checkoutRelease"]["userErrors"], json!([]));
    }
    app.ok("couponRedeem", of("D")).await;
    app.set_clock("2026-03-01T10:00:00Z");
    for code in ["A", "B", "C"] {
        assert_eq!(app.by_code(code).await["status"], "EXPIRED", "{code}");
    }
    app.finish().await;
    let checked = scrip::storage::check(&address, |fault| panic!("{fault}")).await;
    checked.expect("an answer");
}
