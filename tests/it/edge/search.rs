//! Finding coupons in a pool: by how their code begins, by customer, by when they were claimed, redeemed or
//! end, in both directions and page by page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{App, app::text, field, items};

fn codes(page: &Value) -> Vec<String> {
    field(&items(page), "code").iter().map(text).collect()
}

/// All codes that a filter admits, read page by page, forwards and backwards, in both orders.
async fn all(app: &App, pool: &str, filter: &str, size: usize) -> Vec<String> {
    let mut lists = Vec::new();
    for (order, first) in
        [("POSITION", true), ("POSITION", false), ("POSITION_DESCENDING", true), ("POSITION_DESCENDING", false)]
    {
        let mut list: Vec<String> = Vec::new();
        let mut place = String::new();
        loop {
            let number = if first { "first" } else { "last" };
            let page = app.coupons(pool, &format!("{number}: {size}{place}, filter: {filter}, orderBy: {order}")).await;
            let (more, cursor, side) = if first {
                list.extend(codes(&page));
                ("hasNextPage", "endCursor", "after")
            } else {
                list.splice(0..0, codes(&page));
                ("hasPreviousPage", "startCursor", "before")
            };
            if page["pageInfo"][more] == false {
                break;
            }
            place = format!(", {side}: {}", page["pageInfo"][cursor]);
        }
        if order == "POSITION_DESCENDING" {
            list.reverse();
        }
        lists.push(list);
    }
    assert!(lists.iter().all(|list| list == &lists[0]), "{filter}: {lists:?}");
    lists.swap_remove(0)
}

#[tokio::test]
async fn by_the_beginning_of_a_code_that_a_pool_makes() {
    let app = App::start().await;
    let pool = app.bulk("G-^^^^", 3_000).await;
    let mut listed = Vec::new();
    let mut after = String::new();
    loop {
        let page = app.coupons(&pool, &format!("first: 500{after}")).await;
        listed.extend(codes(&page));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = format!(", after: {}", page["pageInfo"]["endCursor"]);
    }
    assert_eq!(listed.len(), 3_000);
    for prefix in ["G-A", "g-ab", "G-", "", "x", "G-AAAAA", &listed[7][..5], &listed[9][..]] {
        let expected: Vec<_> =
            listed.iter().filter(|code| code.to_lowercase().starts_with(&prefix.to_lowercase())).cloned().collect();
        let size = expected.len() / 3 + 1;
        assert_eq!(
            all(&app, &pool, &format!("{{ codePrefix: \"{prefix}\" }}"), size.min(500)).await,
            expected,
            "{prefix}"
        );
    }
    for number in 0..20 {
        app.claim(&pool, &format!("{number}")).await;
    }
    let some = format!("{{ codePrefix: \"{}\", statuses: [CLAIMED] }}", &listed[3][..3]);
    let expected: Vec<_> = listed[..20].iter().filter(|code| code.starts_with(&listed[3][..3])).cloned().collect();
    assert_eq!(all(&app, &pool, &some, 2).await, expected);
    app.finish().await;
}

#[tokio::test]
async fn by_the_beginning_of_an_uploaded_code() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &["b2", "A1", "a3", "B1", "a2", "C"]).await;
    let other: Vec<String> = (0..1_200).map(|code| format!("AZ{code:04}")).collect();
    let other_pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await;
    app.mutate("couponsAdd", json!({ "poolId": other_pool, "codes": other })).await;
    // In the order of the codes, without regard to case.
    assert_eq!(all(&app, &pool, "{ codePrefix: \"A\" }", 2).await, ["A1", "a2", "a3"]);
    assert_eq!(all(&app, &pool, "{ codePrefix: \"b\" }", 1).await, ["B1", "b2"]);
    assert_eq!(all(&app, &pool, "{ codePrefix: \"az\" }", 1).await, Vec::<String>::new());
    assert_eq!(all(&app, &other_pool, "{ codePrefix: \"az00\" }", 7).await, other[..100]);
    let exact = app.pool(json!({ "type": "FREE_SHIPPING", "caseSensitive": true }), &["Xa", "xb", "XC"]).await;
    assert_eq!(all(&app, &exact, "{ codePrefix: \"X\" }", 1).await, ["Xa", "XC"]);
    app.finish().await;
}

#[tokio::test]
async fn by_customer_and_by_time() {
    let app = App::start().await;
    let pool = app.bulk("T-####", 12).await;
    let other = app.bulk("O-####", 12).await;
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "restrictions": { "expirationPeriod": "P10D" } })).await;
    let mut claimed = Vec::new();
    for day in 1..=9 {
        app.set_clock(&format!("2026-02-0{day}T12:00:00Z"));
        claimed.push(text(&app.claim(&pool, if day % 3 == 0 { "ann" } else { "ben" }).await["code"]));
        app.claim(&other, "ann").await;
    }
    let taken = |places: &[usize]| places.iter().map(|place| claimed[place - 1].clone()).collect::<Vec<_>>();
    assert_eq!(all(&app, &pool, "{ customerId: \"ann\" }", 2).await, taken(&[3, 6, 9]));
    let span = "{ from: \"2026-02-03T12:00:00Z\", to: \"2026-02-06T12:00:00Z\" }";
    assert_eq!(all(&app, &pool, &format!("{{ claimedAt: {span} }}"), 2).await, taken(&[3, 4, 5]));
    assert_eq!(all(&app, &pool, &format!("{{ claimedAt: {span}, customerId: \"ann\" }}"), 1).await, taken(&[3]));
    for place in [2, 5, 8] {
        app.set_clock(&format!("2026-02-10T0{place}:00:00Z"));
        app.ok("couponRedeem", json!({ "coupon": { "code": claimed[place - 1] } })).await;
    }
    let redeemed = "{ redeemedAt: { from: \"2026-02-10T00:00:00Z\" } }";
    assert_eq!(all(&app, &pool, redeemed, 1).await.iter().collect::<BTreeSet<_>>().len(), 3);
    let late = "{ redeemedAt: { from: \"2026-02-10T04:00:00Z\" }, statuses: [REDEEMED] }";
    assert_eq!(all(&app, &pool, late, 1).await, taken(&[5, 8]));
    // Claimed, given back and claimed again: listed once, when it was claimed last.
    app.ok("couponUnassign", json!({ "coupon": { "code": claimed[2] } })).await;
    assert_eq!(all(&app, &pool, &format!("{{ claimedAt: {span} }}"), 1).await, taken(&[4, 5]));
    app.finish().await;
}

#[tokio::test]
async fn by_when_they_end() {
    let app = App::start().await;
    let input = json!({ "name": "e", "source": "BULK_GENERATED", "type": "FREE_SHIPPING", "pattern": "E-####",
        "restrictions": { "expirationPeriod": "P10D" } });
    let pool = text(&app.ok("poolCreate", input).await["id"]);
    app.mutate("couponsGenerate", json!({ "poolId": pool, "count": 20 })).await;
    let mut claimed = Vec::new();
    for day in 1..=5 {
        app.set_clock(&format!("2026-02-0{day}T12:00:00Z"));
        claimed.push(text(&app.claim(&pool, "ann").await["code"]));
    }
    let span = "{ expiresAt: { from: \"2026-02-12T00:00:00Z\", to: \"2026-02-14T00:00:00Z\" } }";
    assert_eq!(all(&app, &pool, span, 1).await, claimed[1..3]);
    app.set_clock("2026-02-12T13:00:00Z");
    let over = "{ expiresAt: { to: \"2026-02-14T00:00:00Z\" }, statuses: [EXPIRED] }";
    assert_eq!(all(&app, &pool, over, 1).await, claimed[..2]);
    let (code, path) = app.query_refused("{ pools(first: 1) { edges { node { coupons(filter: { codePrefix: \"\\u0007\" }) { edges { cursor } } } } } }", json!({})).await;
    assert_eq!((code.as_str(), path.as_str()), ("VALUE_INVALID", "filter.codePrefix"));
    app.finish().await;
}
