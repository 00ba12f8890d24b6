//! Purchases, and what comes back of them: cards get what they paid, coupons are given back where their pool says so, and
//! never more comes back than was taken.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    App,
    app::{PURCHASE, VERDICT, items, text},
    field,
};

/// A checkout of ann's: lines as (product, quantity, unit price), shipping, codes.
fn order(transaction: &str, lines: &[(&str, i32, &str)], shipping: &str, codes: &[&str]) -> Value {
    let line = |(product, quantity, price): &(&str, i32, &str)| json!({ "productId": product, "quantity": quantity, "unitPrice": price });
    json!({
        "transactionId": transaction, "customerId": "ann",
        "basket": { "currency": "EUR", "shipping": shipping, "lines": lines.iter().map(line).collect::<Vec<_>>() },
        "coupons": codes.iter().map(|code| json!({ "code": code })).collect::<Vec<_>>(),
    })
}

/// A shop where checkouts redeem: a card CARD of 50.00 that ann holds, BACK and KEPT (5.00 off `a`), of which BACK is given
/// back, SHIP (free shipping, given back).
async fn shop() -> App {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    app.claim(&cards, "ann").await;
    let off = |returnable: Value| json!({ "type": "AMOUNT", "value": "5", "returnable": returnable, "restrictions": { "products": ["a"] } });
    app.pool(off(json!(true)), &["BACK", "BACK-2"]).await;
    app.pool(off(Value::Null), &["KEPT"]).await;
    app.pool(json!({ "type": "FREE_SHIPPING", "returnable": true }), &["SHIP"]).await;
    app
}

async fn purchase(app: &App, transaction: &str) -> Value {
    let query = format!("query($id: String!) {{ purchase(transactionId: $id) {{ {PURCHASE} }} }}");
    app.data(&query, json!({ "id": transaction })).await["purchase"].clone()
}

fn whole(transaction: &str) -> Value {
    json!({ "transactionId": transaction })
}

fn lines(transaction: &str, lines: Value) -> Value {
    json!({ "transactionId": transaction, "lines": lines })
}

#[tokio::test]
async fn a_recorded_checkout_is_an_object() {
    let app = shop().await;
    assert_eq!(purchase(&app, "t-1").await, Value::Null);
    let verdict =
        app.ok("checkoutComplete", order("t-1", &[("a", 2, "10"), ("b", 1, "5")], "4", &["CARD", "BACK"])).await;
    let bought = purchase(&app, "t-1").await;
    assert_eq!((&bought["transactionId"], &bought["customer"]["externalId"]), (&json!("t-1"), &json!("ann")));
    assert_eq!((&bought["at"], &bought["returned"]), (&json!("2026-01-31T10:00:00.000Z"), &json!(false)));
    assert_eq!(bought["returns"], json!([]));
    let told = items(&bought["events"]);
    assert_eq!(field(&told, "type"), ["COUPON_REDEEM"; 2]);
    assert_eq!(told[1]["coupon"]["code"], "BACK");
    let query = format!("query {{ purchase(transactionId: \"t-1\") {{ verdict {{ {VERDICT} }} }} }}");
    assert_eq!(app.data(&query, json!({})).await["purchase"]["verdict"], verdict, "as it was told");
    // The log has them too, and those of redemptions beside checkouts.
    app.ok("couponRedeem", json!({ "coupon": { "code": "KEPT" }, "customerId": "ann", "transactionId": "t-1" })).await;
    let query = "query($filter: EventFilter!, $after: Cursor) { events(first: 2, after: $after, filter: $filter) {
        edges { node { type coupon { code } } } pageInfo { hasNextPage endCursor } } }";
    let page = app.data(query, json!({ "filter": { "transactionId": "t-1" } })).await["events"].clone();
    assert_eq!((items(&page).len(), &page["pageInfo"]["hasNextPage"]), (2, &json!(true)));
    let after = &page["pageInfo"]["endCursor"];
    let rest = app.data(query, json!({ "filter": { "transactionId": "t-1" }, "after": after })).await["events"].clone();
    assert_eq!((items(&rest)[0]["coupon"]["code"].clone(), items(&rest).len()), (json!("KEPT"), 1));
    for (filter, number) in [
        (json!({ "transactionId": "t-2" }), 0),
        (json!({ "transactionId": "t-1", "types": ["COUPON_CLAIM"] }), 0),
        (json!({ "transactionId": "t-1", "customerId": "ben" }), 0),
        (json!({ "transactionId": "t-1", "customerId": "ann", "couponId": app.by_code("KEPT").await["id"] }), 1),
    ] {
        assert_eq!(items(&app.data(query, json!({ "filter": filter })).await["events"]).len(), number, "{filter}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_whole_return_leaves_all_as_it_was_and_frees_the_id() {
    let app = shop().await;
    let input = order("t-1", &[("a", 2, "10"), ("b", 1, "5")], "4", &["CARD", "BACK", "KEPT", "SHIP"]);
    for round in 0..2 {
        let verdict = app.ok("checkoutComplete", input.clone()).await;
        let redeemed = field(verdict["coupons"].as_array().expect("coupons"), "redeemed");
        assert_eq!(redeemed, [true, true, round == 0, true], "KEPT is not given back");
        app.refused("checkoutComplete", input.clone(), "TRANSACTION_ALREADY_USED", "transactionId").await;
        app.set_clock(&format!("2026-02-0{}T10:00:00Z", round + 1));
        let mut asked = whole("t-1");
        asked["reason"] = json!("it does not fit");
        asked["idempotencyKey"] = json!(format!("key {round}"));
        let bought = app.ok("checkoutReturn", asked.clone()).await;
        assert_eq!(app.ok("checkoutReturn", asked).await, bought, "the same key has the same answer");
        assert_eq!(bought["returned"], true);
        let back = &bought["returns"][0];
        assert_eq!(
            (&back["total"], &back["shipping"], &back["reason"]),
            (&json!("29.00"), &json!("4.00"), &json!("it does not fit"))
        );
        assert_eq!(back["refund"], verdict["payable"]);
        let coupons = back["coupons"].as_array().expect("coupons");
        assert_eq!(field(coupons, "code"), ["CARD", "BACK", "SHIP"]);
        assert_eq!(coupons[0]["ledgerEntry"]["kind"], "REVERSE");
        assert_eq!((&coupons[0]["amount"], &coupons[1]["amount"]), (&verdict["coupons"][0]["discount"], &Value::Null));
        let told = items(&bought["events"]);
        assert_eq!(told.len(), if round == 0 { 7 } else { 6 }, "of this purchase alone: {told:?}");
        app.refused("checkoutReturn", whole("t-1"), "ALREADY_RETURNED", "transactionId").await;
        let card = app.by_code("CARD").await;
        assert_eq!(
            (&card["status"], &card["balance"], &card["usages"]),
            (&json!("CLAIMED"), &json!("50.00"), &json!(0))
        );
        for code in ["BACK", "SHIP"] {
            let coupon = app.by_code(code).await;
            assert_eq!((&coupon["status"], &coupon["usages"]), (&json!("UNASSIGNED"), &json!(0)), "{code}");
        }
        assert_eq!(app.by_code("KEPT").await["status"], "REDEEMED");
    }
    app.finish().await;
}

#[tokio::test]
async fn parts_bring_back_what_they_carried() {
    let app = shop().await;
    // BACK takes 5.00 of a, the card pays the rest.
    app.ok("checkoutComplete", order("t-1", &[("a", 4, "5"), ("b", 1, "30")], "0", &["CARD", "BACK"])).await;
    let balance = async || text(&app.by_code("CARD").await["balance"]);
    assert_eq!(balance().await, "5.00");
    let first = app.ok("checkoutReturn", lines("t-1", json!([{ "line": 0, "quantity": 1 }]))).await;
    let back = &first["returns"][0];
    assert_eq!(back["lines"], json!([{ "line": 0, "quantity": 1, "amount": "5.00" }]));
    assert_eq!(
        (&back["coupons"][0]["amount"], &back["refund"], balance().await),
        (&json!("3.75"), &json!("0.00"), "8.75".to_owned())
    );
    assert_eq!(app.by_code("BACK").await["status"], "REDEEMED", "three are not back yet");
    // What staff took back by hand counts: the card never gets more than it paid.
    let entry = app.ledger(&app.by_code("CARD").await).await[1]["id"].clone();
    app.ok("couponUnredeem", json!({ "coupon": { "code": "CARD" }, "ledgerEntryId": entry, "amount": "1" })).await;
    app.ok("checkoutReturn", lines("t-1", json!([{ "line": 1, "amount": "10" }]))).await;
    assert_eq!(balance().await, "18.75", "3.75 and 10.00 of it by now");
    let third = app.ok("checkoutReturn", lines("t-1", json!([{ "line": 0 }]))).await;
    let back = &third["returns"][2];
    assert_eq!(back["lines"], json!([{ "line": 0, "quantity": 3, "amount": "15.00" }]));
    assert_eq!(field(back["coupons"].as_array().expect("coupons"), "code"), ["CARD", "BACK"]);
    assert_eq!((app.by_code("BACK").await["status"].clone(), &third["returned"]), (json!("UNASSIGNED"), &json!(false)));
    let again = order("t-1", &[("a", 1, "5")], "0", &[]);
    app.refused("checkoutComplete", again.clone(), "TRANSACTION_ALREADY_USED", "transactionId").await;
    let last = app.ok("checkoutReturn", whole("t-1")).await;
    assert_eq!((&last["returned"], balance().await), (&json!(true), "50.00".to_owned()));
    assert_eq!(last["returns"].as_array().expect("returns").len(), 4);
    app.ok("checkoutComplete", again).await;
    assert_eq!(purchase(&app, "t-1").await["returns"], json!([]), "another purchase");
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_come_back_is_refused_and_changes_nothing() {
    let app = shop().await;
    app.ok("checkoutComplete", order("t-1", &[("a", 2, "10")], "4", &["CARD"])).await;
    let before = app.by_code("CARD").await;
    for (input, code, at) in [
        (whole("t-2"), "NOT_FOUND", "transactionId"),
        (whole(""), "VALUE_INVALID", "transactionId"),
        (whole(&"x".repeat(129)), "VALUE_INVALID", "transactionId"),
        (lines("t-1", json!([{ "line": 0, "quantity": 3 }])), "VALUE_INVALID", "lines.0.quantity"),
        (lines("t-1", json!([{ "line": 0, "quantity": 0 }])), "VALUE_INVALID", "lines.0.quantity"),
        (lines("t-1", json!([{ "line": 0, "quantity": -1 }])), "VALUE_INVALID", "lines.0.quantity"),
        (lines("t-1", json!([{ "line": 0, "amount": "20.01" }])), "VALUE_INVALID", "lines.0.amount"),
        (lines("t-1", json!([{ "line": 0, "amount": "-1" }])), "VALUE_INVALID", "lines.0.amount"),
        (lines("t-1", json!([{ "line": 1 }])), "VALUE_INVALID", "lines.0.line"),
        (lines("t-1", json!([{ "line": 0 }, { "line": -1 }])), "VALUE_INVALID", "lines.1.line"),
        (lines("t-1", json!([{ "line": 0 }, { "line": 0 }])), "VALUE_INVALID", "lines.1.line"),
        (lines("t-1", json!([])), "REQUIRED", ""),
        (json!({ "transactionId": "t-1", "shipping": false }), "REQUIRED", ""),
        (lines("t-1", json!(vec![json!({ "line": 0 }); 1_001])), "LIMIT_EXCEEDED", "lines"),
        (json!({ "transactionId": "t-1", "reason": "x".repeat(501) }), "VALUE_INVALID", "reason"),
    ] {
        app.refused("checkoutReturn", input, code, at).await;
    }
    assert_eq!(app.by_code("CARD").await, before);
    assert_eq!(purchase(&app, "t-1").await["returns"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn many_returns_at_once_give_back_once() {
    let app = shop().await;
    app.ok("checkoutComplete", order("t-1", &[("a", 10, "4"), ("b", 1, "1")], "0", &["CARD"])).await;
    let one = lines("t-1", json!([{ "line": 0, "quantity": 1 }]));
    let answers = join_all((0..30).map(|_| app.mutate("checkoutReturn", one.clone()))).await;
    let done = answers.iter().filter(|payload| payload["userErrors"] == json!([])).count();
    assert_eq!((done, text(&app.by_code("CARD").await["balance"])), (10, "49.00".to_owned()));
    let answers = join_all((0..10).map(|_| app.mutate("checkoutReturn", whole("t-1")))).await;
    let codes: Vec<_> =
        answers.iter().flat_map(|payload| payload["userErrors"].as_array().expect("errors").clone()).collect();
    assert_eq!(field(&codes, "code"), ["ALREADY_RETURNED"; 9]);
    assert_eq!(text(&app.by_code("CARD").await["balance"]), "50.00");
    app.finish().await;
}

#[tokio::test]
async fn a_purchase_has_so_many_returns_and_one_of_all_that_is_left() {
    let app = shop().await;
    app.ok("checkoutComplete", order("t-1", &[("a", 1, "40")], "0", &["CARD"])).await;
    let cent = lines("t-1", json!([{ "line": 0, "amount": "0.01" }]));
    for _ in 0..100 {
        app.ok("checkoutReturn", cent.clone()).await;
    }
    app.refused("checkoutReturn", cent, "LIMIT_EXCEEDED", "lines").await;
    let last = app.ok("checkoutReturn", whole("t-1")).await;
    assert_eq!((last["returns"].as_array().expect("returns").len(), &last["returned"]), (101, &json!(true)));
    assert_eq!(text(&app.by_code("CARD").await["balance"]), "50.00");
    app.finish().await;
}

#[tokio::test]
async fn what_was_redeemed_by_hand_under_a_recorded_checkout_comes_back_too() {
    let app = shop().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": false })).await;
    app.ok("checkoutComplete", order("t-1", &[("a", 1, "20")], "0", &["CARD", "BACK"])).await;
    let by_hand = |code: &str| json!({ "coupon": { "code": code }, "customerId": "ann", "transactionId": "t-1" });
    let mut card = by_hand("CARD");
    card["amount"] = json!("15");
    app.ok("couponRedeem", card).await;
    app.ok("couponRedeem", by_hand("BACK")).await;
    let back = app.ok("checkoutReturn", whole("t-1")).await;
    assert_eq!(field(back["returns"][0]["coupons"].as_array().expect("coupons"), "code"), ["CARD", "BACK"]);
    assert_eq!(
        (text(&app.by_code("CARD").await["balance"]), app.by_code("BACK").await["status"].clone()),
        ("50.00".to_owned(), json!("CLAIMED"))
    );
    // Nothing was redeemed: nothing goes back, and it is as returned as any other.
    app.ok("checkoutComplete", order("t-2", &[("a", 1, "20")], "0", &["CARD", "BACK"])).await;
    let back = app.ok("checkoutReturn", whole("t-2")).await;
    assert_eq!((&back["returns"][0]["coupons"], &back["returned"]), (&json!([]), &json!(true)));
    app.finish().await;
}

#[tokio::test]
async fn money_comes_back_to_cards_whatever_became_of_them() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let restrictions = json!({ "minimumValue": "10", "expirationPeriod": "P1M" });
    let cards =
        app.pool(json!({ "type": "GIFT_CARD", "value": "50", "restrictions": restrictions }), &["A", "B"]).await;
    app.claim(&cards, "ann").await;
    app.claim(&cards, "ann").await;
    app.ok("checkoutComplete", order("t-1", &[("a", 1, "45")], "0", &["A"])).await;
    assert_eq!(app.by_code("A").await["status"], "INVALID", "voided");
    app.ok("checkoutReturn", lines("t-1", json!([{ "line": 0, "amount": "4" }]))).await;
    assert_eq!(app.by_code("A").await["status"], "INVALID", "9.00 is less than its minimum");
    app.ok("checkoutReturn", whole("t-1")).await;
    let card = app.by_code("A").await;
    assert_eq!((&card["status"], &card["balance"]), (&json!("CLAIMED"), &json!("50.00")));
    app.ok("checkoutComplete", order("t-2", &[("a", 1, "20")], "0", &["B"])).await;
    app.set_clock("2026-06-01T00:00:00Z");
    app.ok("checkoutReturn", whole("t-2")).await;
    let card = app.by_code("B").await;
    assert_eq!((&card["status"], &card["balance"]), (&json!("EXPIRED"), &json!("50.00")));
    app.finish().await;
}

#[tokio::test]
async fn the_largest_purchase_comes_back() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let codes: Vec<String> = (0..50).map(|number| format!("C-{number}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    app.pool(json!({ "type": "AMOUNT", "value": "1", "returnable": true }), &codes).await;
    let bought: Vec<_> = (0..1_000).map(|_| ("a", 2, "3.33")).collect();
    let complete = "mutation($input: CheckoutInput!) { checkoutComplete(input: $input) { userErrors { code } } }";
    let completed = app.data(complete, json!({ "input": order("t-1", &bought, "5", &codes) })).await;
    assert_eq!(completed["checkoutComplete"]["userErrors"], json!([]));
    let halves: Vec<_> = (0..1_000).map(|line| json!({ "line": line, "quantity": 1 })).collect();
    let back = app.ok("checkoutReturn", lines("t-1", json!(halves))).await;
    assert_eq!((&back["returns"][0]["total"], &back["returns"][0]["coupons"]), (&json!("3330.00"), &json!([])));
    let back = app.ok("checkoutReturn", whole("t-1")).await;
    assert_eq!(back["returns"][1]["coupons"].as_array().expect("coupons").len(), 50);
    let refunds: i64 = (0..2)
        .map(|place| text(&back["returns"][place]["refund"]).replace('.', "").parse::<i64>().expect("cents"))
        .sum();
    assert_eq!(refunds, 666_000 + 500 - 5_000);
    app.finish().await;
}

#[tokio::test]
async fn whoever_looks_at_a_purchase_sees_the_end_of_its_codes() {
    let app = shop().await;
    app.ok("checkoutComplete", order("t-1", &[("a", 1, "10")], "0", &["CARD", "BACK"])).await;
    app.ok("checkoutReturn", whole("t-1")).await;
    let (viewer, _) = app.key_of("VIEWER").await;
    let query = "{ purchase(transactionId: \"t-1\") { verdict { coupons { code allocations { code } } }
        returns { coupons { code } } } }";
    let seen = app.send(&viewer, query, json!({})).await["data"].to_string();
    assert!(seen.contains("returns") && !seen.contains("CARD") && !seen.contains("BACK"), "{seen}");
    let back = "mutation { checkoutReturn(input: { transactionId: \"t-1\" }) { userErrors { code } } }";
    assert!(app.send(&viewer, back, json!({})).await.to_string().contains("FORBIDDEN"));
    app.finish().await;
}
