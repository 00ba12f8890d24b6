//! An answer is for one instant: what a filter admits and what a field then tells agree, and of a coupon that changes
//! meanwhile a list has exactly one.

use serde_json::json;

use super::{App, field, items};

/// The clock goes on with every look at it, so that an instant that is looked at twice in an answer is two.
#[tokio::test]
async fn a_list_and_its_fields_are_of_one_instant() {
    let app = App::start().await;
    let restrictions = json!({ "expirationPeriod": "PT1H" });
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "1", "restrictions": restrictions }), &["A"]).await;
    let coupon = app.claim(&pool, "ann").await;
    let query = "query($pool: ID!) { pool(id: $pool) {
        live: coupons(filter: { statuses: [CLAIMED] }) { edges { node { status } } }
        both: coupons(filter: { statuses: [CLAIMED, EXPIRED] }) { edges { node { status } } }
        over: coupons(filter: { statuses: [EXPIRED] }) { edges { node { status } } } } }";
    app.set_clock("2026-01-31T10:59:59.900Z");
    app.clock.set_ticking(1);
    let mut seen = false;
    while !seen {
        let found = app.data(query, json!({ "pool": pool })).await["pool"].clone();
        let statuses = |list: &str| field(&items(&found[list]), "status");
        let (live, both, over) = (statuses("live"), statuses("both"), statuses("over"));
        assert!(live.iter().all(|status| *status == "CLAIMED"), "{found}");
        assert!(over.iter().all(|status| *status == "EXPIRED"), "{found}");
        assert_eq!(both.len(), 1, "{found}");
        assert!(!live.is_empty() || !over.is_empty(), "it is in one of the lists: {found}");
        seen = live.is_empty();
    }
    app.clock.set_ticking(0);
    assert_eq!(app.events(&coupon).await.len(), 2);
    app.finish().await;
}
