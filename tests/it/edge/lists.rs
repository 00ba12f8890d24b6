//! Connections: through all pages in both directions, and cursors and sizes that are refused.

use serde_json::{Value, json};

use super::{App, app::text, field, items};

#[expect(clippy::too_many_lines, reason = "one table")]
/// Every list: its document with `$first $after $last $before`, where its connection is, what names
/// an item, and whether it can be read backwards.
fn lists(pool: &str, card: &str) -> Vec<(String, Vec<&'static str>, &'static str, bool)> {
    let both = "$first: Int, $after: Cursor, $last: Int, $before: Cursor";
    let one = "$first: Int, $after: Cursor";
    let (args, forwards) =
        ("first: $first, after: $after, last: $last, before: $before", "first: $first, after: $after");
    let page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
    let list = |select: &str| format!("{{ edges {{ cursor node {{ {select} }} }} {page} }}");
    vec![
        (format!("query({both}) {{ pools({args}) {} }}", list("name")), vec!["pools"], "name", true),
        (
            format!("query({both}) {{ pools({args}, orderBy: NAME, filter: {{ archived: false }}) {} }}", list("name")),
            vec!["pools"],
            "name",
            true,
        ),
        (
            format!("query({both}) {{ pool(id: \"{pool}\") {{ coupons({args}) {} }} }}", list("code")),
            vec!["pool", "coupons"],
            "code",
            true,
        ),
        (
            format!(
                "query({both}) {{ pool(id: \"{pool}\") {{ coupons({args}, orderBy: POSITION_DESCENDING) {} }} }}",
                list("code")
            ),
            vec!["pool", "coupons"],
            "code",
            true,
        ),
        (
            format!(
                "query({both}) {{ pool(id: \"{pool}\") {{ coupons({args}, filter: {{ statuses: [CLAIMED] }}) {} }} }}",
                list("code")
            ),
            vec!["pool", "coupons"],
            "code",
            true,
        ),
        (
            format!(
                "query({both}) {{ pool(id: \"{pool}\") {{ coupons({args}, filter: {{ statuses: [UNASSIGNED, REDEEMED] }}) {} }} }}",
                list("code")
            ),
            vec!["pool", "coupons"],
            "code",
            true,
        ),
        (
            format!("query({both}) {{ customers({args}) {} }}", list("externalId")),
            vec!["customers"],
            "externalId",
            true,
        ),
        (
            format!("query({both}) {{ customers({args}, filter: {{ idPrefix: \"c-1\" }}) {} }}", list("externalId")),
            vec!["customers"],
            "externalId",
            true,
        ),
        (
            format!("query({both}) {{ customer(id: \"ann\") {{ coupons({args}) {} }} }}", list("code")),
            vec!["customer", "coupons"],
            "code",
            true,
        ),
        (
            format!("query({one}) {{ customer(id: \"ann\") {{ events({forwards}) {} }} }}", list("id")),
            vec!["customer", "events"],
            "id",
            false,
        ),
        (format!("query({one}) {{ events({forwards}) {} }}", list("id")), vec!["events"], "id", false),
        (
            format!("query({one}) {{ events({forwards}, filter: {{ types: [COUPON_REDEEM] }}) {} }}", list("id")),
            vec!["events"],
            "id",
            false,
        ),
        (
            format!("query({one}) {{ coupon(id: \"{card}\") {{ events({forwards}) {} }} }}", list("id")),
            vec!["coupon", "events"],
            "id",
            false,
        ),
        (
            format!("query({one}) {{ coupon(id: \"{card}\") {{ ledger({forwards}) {} }} }}", list("id")),
            vec!["coupon", "ledger"],
            "id",
            false,
        ),
        (
            format!("query({one}) {{ couponsByCode(code: \"ALL\", {forwards}) {} }}", list("id")),
            vec!["couponsByCode"],
            "id",
            false,
        ),
    ]
}

/// Something in every list: 12 pools, 150 codes of which ann holds every fifth, 20 customers, a card.
async fn filled() -> (App, String, String) {
    let app = App::start().await;
    for number in 0..9 {
        let name = format!("pool {}", (number * 7) % 9);
        app.pool(json!({ "name": name, "type": "FREE_SHIPPING" }), &[]).await;
    }
    let codes: Vec<String> = (0..150).map(|number| format!("N-{number:03}")).collect();
    let pool = app
        .pool(
            json!({ "name": "codes", "type": "AMOUNT", "value": "5" }),
            &codes.iter().map(String::as_str).collect::<Vec<_>>(),
        )
        .await;
    for number in 0..20 {
        let customer = if number % 5 == 0 { "ann".to_owned() } else { format!("c-{number:02}") };
        let coupon = app.claim(&pool, &customer).await;
        if number % 3 == 0 {
            app.ok("couponRedeem", json!({ "coupon": { "id": coupon["id"] } })).await;
        }
    }
    app.ok("couponRedeem", json!({ "coupon": { "code": "N-100" }, "customerId": "ann" })).await;
    app.ok("couponUnassign", json!({ "coupon": { "code": "N-010" } })).await;
    let cards = app.pool(json!({ "name": "cards", "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    let card = app.claim(&cards, "ann").await;
    for _ in 0..40 {
        app.ok("couponRedeem", json!({ "coupon": { "id": card["id"] }, "amount": "1" })).await;
    }
    let generic = json!({ "name": "all", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "ALL" });
    let generic = text(&app.ok("poolCreate", generic).await["id"]);
    for customer in ["ann", "ben", "c-01", "c-02", "c-03"] {
        app.claim(&generic, customer).await;
    }
    (app, pool, text(&card["id"]))
}

/// The connection at a place in a document's data.
async fn read(app: &App, list: &(String, Vec<&'static str>, &'static str, bool), variables: Value) -> Value {
    let data = app.data(&list.0, variables).await;
    list.1.iter().fold(data, |data, name| data[*name].clone())
}

#[tokio::test]
async fn all_pages_in_both_directions_are_the_whole_list() {
    let (app, pool, card) = filled().await;
    for list in lists(&pool, &card) {
        let whole = read(&app, &list, json!({ "first": 500 })).await;
        let expected = field(&items(&whole), list.2);
        assert!(expected.len() >= 3, "{}: {expected:?}", list.0);
        assert_eq!(
            (&whole["pageInfo"]["hasNextPage"], &whole["pageInfo"]["hasPreviousPage"]),
            (&json!(false), &json!(false))
        );
        for size in [1, 3, expected.len() as i32] {
            if size == 1 && expected.len() > 60 {
                continue;
            }
            let (mut found, mut after) = (Vec::new(), Value::Null);
            loop {
                let page = read(&app, &list, json!({ "first": size, "after": after })).await;
                let info = &page["pageInfo"];
                assert!(found.len() < expected.len(), "{} has no end", list.0);
                found.extend(field(&items(&page), list.2));
                assert_eq!(
                    info["endCursor"],
                    page["edges"].as_array().and_then(|edges| edges.last()).expect("an edge")["cursor"]
                );
                if info["hasNextPage"] == false {
                    break;
                }
                after = info["endCursor"].clone();
            }
            assert_eq!(found, expected, "{} by {size}", list.0);
            if !list.3 {
                continue;
            }
            let (mut found, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = read(&app, &list, json!({ "last": size, "before": before })).await;
                let mut nodes = field(&items(&page), list.2);
                nodes.extend(found);
                found = nodes;
                assert!(found.len() <= expected.len(), "{} has no start", list.0);
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
                before = page["pageInfo"]["startCursor"].clone();
            }
            assert_eq!(found, expected, "{} backwards by {size}", list.0);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_page_lies_between_two_cursors() {
    let (app, pool, card) = filled().await;
    for list in lists(&pool, &card).iter().filter(|list| list.3) {
        let whole = read(&app, list, json!({ "first": 500 })).await;
        let edges = whole["edges"].as_array().expect("edges");
        let (after, before) = (&edges[0]["cursor"], &edges[edges.len() - 1]["cursor"]);
        let expected: Vec<_> = edges[1..edges.len() - 1].iter().map(|edge| edge["node"][list.2].clone()).collect();
        for end in ["first", "last"] {
            let between = read(&app, list, json!({ "after": after, "before": before, end: 400 })).await;
            assert_eq!(field(&items(&between), list.2), expected, "{} {end}", list.0);
            let nothing = read(&app, list, json!({ "after": before, "before": after, end: 400 })).await;
            assert_eq!(nothing["edges"], json!([]), "{} {end}", list.0);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn sizes_and_cursors_that_are_refused() {
    let (app, pool, card) = filled().await;
    let lists = lists(&pool, &card);
    let mut cursors = Vec::new();
    for list in &lists {
        let page = read(&app, list, json!({ "first": 1 })).await;
        cursors.push((list.1.clone(), page["edges"][0]["cursor"].clone()));
    }
    let other = app.pool(json!({ "type": "FREE_SHIPPING" }), &["OTHER"]).await;
    let other = app
        .data("query($id: ID!) { pool(id: $id) { coupons { pageInfo { endCursor } } } }", json!({ "id": other }))
        .await;
    cursors.push((vec!["another pool's"], other["pool"]["coupons"]["pageInfo"]["endCursor"].clone()));
    for list in &lists {
        let refused = |variables: Value| app.query_refused(&list.0, variables);
        let invalid = |field: &str| ("VALUE_INVALID".to_owned(), field.to_owned());
        for size in [0, -1, 501, 10_000, i32::MAX] {
            assert_eq!(refused(json!({ "first": size })).await, invalid("first"), "{} {size}", list.0);
            if list.3 {
                assert_eq!(refused(json!({ "last": size })).await, invalid("last"), "{} {size}", list.0);
            }
        }
        if list.3 {
            assert_eq!(refused(json!({ "first": 1, "last": 1 })).await, invalid("last"));
        }
        let long = "A".repeat(5_000);
        for broken in ["", "x", "!!!", "cDE=", "AAAA", "\u{0}", long.as_str()] {
            assert_eq!(refused(json!({ "after": broken })).await, invalid("after"), "{} {broken:?}", list.0);
            if list.3 {
                assert_eq!(refused(json!({ "before": broken })).await, invalid("before"), "{} {broken:?}", list.0);
            }
        }
        // Places in the log are the same in all lists of events.
        let alike = |one: &[&str], other: &[&str]| {
            one == other || (one.last() == Some(&"events") && other.last() == Some(&"events"))
        };
        for (from, cursor) in cursors.iter().filter(|(from, _)| !alike(from, &list.1)) {
            assert_eq!(refused(json!({ "after": cursor })).await, invalid("after"), "{} of {from:?}", list.0);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_outlives_its_pool_in_the_filter() {
    let (app, _, _) = filled().await;
    for order in ["CREATED", "NAME"] {
        let query = format!("query($after: Cursor, $before: Cursor) {{ pools(first: 4, after: $after, before: $before, orderBy: {order},
            filter: {{ archived: false }}) {{ edges {{ cursor node {{ id name }} }} }} }}");
        let page = app.data(&query, json!({})).await["pools"].clone();
        let rest = app.data(&query, json!({ "after": page["edges"][3]["cursor"] })).await["pools"].clone();
        let id = page["edges"][3]["node"]["id"].clone();
        app.ok("poolArchive", json!({ "id": id })).await;
        let after = app.data(&query, json!({ "after": page["edges"][3]["cursor"] })).await["pools"].clone();
        assert_eq!(after, rest, "the list goes on, it does not begin again");
        let before = app.data(&query, json!({ "before": page["edges"][3]["cursor"] })).await["pools"].clone();
        assert_eq!(items(&before), items(&page)[..3]);
        app.ok("poolArchive", json!({ "id": id, "archived": false })).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_renamed_pool_takes_no_other_from_the_next_page() {
    let app = App::start().await;
    let mut ids = Vec::new();
    for name in ["Äpfel", "birnen", "Zitronen", "Apfel", "Birnen", "éclairs", "Eclairs", "apfel"] {
        ids.push(app.pool(json!({ "name": name, "type": "FREE_SHIPPING" }), &[]).await);
    }
    let query = "query($first: Int, $after: Cursor, $last: Int, $before: Cursor) { pools(first: $first, after: $after, last: $last,
        before: $before, orderBy: NAME) { edges { cursor node { id name } } pageInfo { endCursor } } }";
    let sorted = ["Apfel", "apfel", "Äpfel", "Birnen", "birnen", "Eclairs", "éclairs", "Zitronen"];
    let all = app.data(query, json!({})).await["pools"].clone();
    assert_eq!(field(&items(&all), "name"), sorted);
    let first = app.data(query, json!({ "first": 2 })).await["pools"].clone();
    let rename = async |id: &Value, name: &str| {
        app.ok("poolUpdate", json!({ "id": id, "apply": "NONE", "name": name })).await;
    };
    // The last one of the page goes to the end of the list, and its place stays where it was.
    rename(&first["edges"][1]["node"]["id"], "zz").await;
    let next = app.data(query, json!({ "after": first["pageInfo"]["endCursor"] })).await["pools"].clone();
    assert_eq!(field(&items(&next), "name"), [&sorted[2..], &["zz"][..]].concat());
    let before = app.data(query, json!({ "last": 5, "before": first["edges"][1]["cursor"] })).await["pools"].clone();
    assert_eq!(field(&items(&before), "name"), ["Apfel"]);
    // The longest name has a cursor, too.
    rename(&json!(ids[0]), &"\u{1D306}".repeat(200)).await;
    let end = app.data(query, json!({ "last": 1 })).await["pools"].clone();
    let after = app.data(query, json!({ "after": end["pageInfo"]["endCursor"] })).await["pools"].clone();
    assert_eq!((items(&end)[0]["id"].clone(), items(&after)), (json!(ids[0]), Vec::new()));
    // A cursor of the other order is of another list; so are those that named a pool in this one.
    let created = app.data("{ pools(first: 1) { pageInfo { endCursor } } }", json!({})).await["pools"].clone();
    let refused = app.query_refused(query, json!({ "after": created["pageInfo"]["endCursor"] })).await;
    assert_eq!(refused, ("VALUE_INVALID".to_owned(), "after".to_owned()));
    let other = "query($after: Cursor) { pools(after: $after) { edges { node { id } } } }";
    let refused = app.query_refused(other, json!({ "after": end["pageInfo"]["endCursor"] })).await;
    assert_eq!(refused, ("VALUE_INVALID".to_owned(), "after".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn events_are_filtered() {
    let (app, pool, card) = filled().await;
    let count = async |filter: Value| {
        let query = "query($filter: EventFilter) { events(first: 500, filter: $filter) { edges { node { id } } } }";
        items(&app.data(query, json!({ "filter": filter })).await["events"]).len()
    };
    for (filter, expected) in [
        (json!({ "couponId": card }), 41),
        (json!({ "couponId": card, "types": ["COUPON_CLAIM"] }), 1),
        (json!({ "customerId": "ben" }), 1),
        (json!({ "customerId": "nobody" }), 0),
        (json!({ "types": ["COUPON_UNASSIGN"] }), 1),
        (json!({ "poolId": pool, "types": ["COUPON_REDEEM"] }), 8),
        (json!({ "from": "2026-01-31T10:00:00Z", "to": "2026-01-31T10:00:00.001Z", "types": ["COUPON_UNASSIGN"] }), 1),
        (json!({ "to": "2026-01-31T10:00:00Z" }), 0),
        (json!({ "from": "2026-01-31T10:00:00.001Z" }), 0),
    ] {
        assert_eq!(count(filter.clone()).await, expected, "{filter}");
    }
    let query = "query($filter: EventFilter) { events(filter: $filter) { edges { node { id } } } }";
    for (filter, code, field) in [
        (json!({ "poolId": card }), "NOT_FOUND", "filter.poolId"),
        (json!({ "couponId": pool }), "NOT_FOUND", "filter.couponId"),
        (json!({ "customerId": "" }), "VALUE_INVALID", "filter.customerId"),
    ] {
        assert_eq!(app.query_refused(query, json!({ "filter": filter })).await, (code.to_owned(), field.to_owned()));
    }
    app.finish().await;
}
