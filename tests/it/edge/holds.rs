//! Holds: what a checkout holds nobody else gets, and it is taken at the price that was held, or given back.

use serde_json::{Value, json};

use super::{
    App,
    app::{VERDICT, items, text},
    field,
};

/// A checkout of somebody's: one line of a product at a price, and codes.
fn order(transaction: &str, customer: &str, price: &str, codes: &[&str]) -> Value {
    json!({
        "transactionId": transaction, "customerId": customer,
        "basket": { "currency": "EUR", "lines": [{ "productId": "a", "quantity": 1, "unitPrice": price }] },
        "coupons": codes.iter().map(|code| json!({ "code": code })).collect::<Vec<_>>(),
    })
}

fn with(mut input: Value, name: &str, value: Value) -> Value {
    input[name] = value;
    input
}

async fn preview(app: &App, input: &Value) -> Value {
    let query = format!("query($input: CheckoutInput!) {{ checkoutPreview(input: $input) {{ {VERDICT} }} }}");
    app.data(&query, json!({ "input": input })).await["checkoutPreview"].clone()
}

/// Gives back what is held: the codes of the user errors.
async fn release(app: &App, transaction: &str) -> Vec<Value> {
    let query = "mutation($id: String!) { checkoutRelease(transactionId: $id) {
        verdict { payable coupons { coupon { status } } } heldUntil userErrors { code field } } }";
    let payload = app.data(query, json!({ "id": transaction })).await["checkoutRelease"].clone();
    assert_eq!(payload["heldUntil"], Value::Null);
    assert_eq!(payload["verdict"].is_null(), payload["userErrors"] != json!([]), "{payload}");
    field(payload["userErrors"].as_array().expect("errors"), "code")
}

fn reasons(verdict: &Value) -> Vec<Value> {
    let coupons = verdict["coupons"].as_array().expect("coupons");
    coupons.iter().flat_map(|coupon| field(coupon["reasons"].as_array().expect("reasons"), "code")).collect()
}

/// What is told of a coupon that does not change with its history.
async fn facts(app: &App, code: &str) -> Value {
    let mut coupon = app.by_code(code).await;
    let fields = coupon.as_object_mut().expect("a coupon");
    fields.remove("version");
    // Who had it first is never forgotten.
    fields.remove("originalCustomer");
    coupon
}

/// TEN and TEN-2 (10.00 off, nobody's), MINE (10.00 off, ann's), CARD (a card of 50.00 of ann's).
async fn shop() -> App {
    let app = App::start().await;
    app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["TEN", "TEN-2"]).await;
    let mine = app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["MINE"]).await;
    app.claim(&mine, "ann").await;
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    app.claim(&cards, "ann").await;
    app
}

async fn held_until(app: &App, code: &str) -> Value {
    let query = "query($code: String!) { couponsByCode(code: $code) { edges { node { heldUntil heldAmount } } } }";
    items(&app.data(query, json!({ "code": code })).await["couponsByCode"])[0].clone()
}

#[tokio::test]
async fn what_is_held_is_taken_at_the_price_that_was_held() {
    let app = shop().await;
    let input = order("t-1", "ann", "45", &["TEN", "MINE", "CARD", "NOPE"]);
    let shown = preview(&app, &input).await;
    let payload = app.mutate("checkoutHold", input.clone()).await;
    let (held, until) = (&payload["verdict"], &payload["heldUntil"]);
    assert_eq!((&held["payable"], until), (&shown["payable"], &json!("2026-01-31T10:15:00.000Z")));
    assert_eq!(held_until(&app, "CARD").await, json!({ "heldUntil": until, "heldAmount": "25.00" }));
    assert_eq!(held_until(&app, "MINE").await, json!({ "heldUntil": until, "heldAmount": null }));
    assert_eq!(app.by_code("CARD").await["balance"], "50.00", "nothing is paid yet");
    assert_eq!(app.data("{ purchase(transactionId: \"t-1\") { id } }", json!({})).await["purchase"], Value::Null);
    // Whatever happens to the pool and the price meanwhile.
    let pool = app.by_code("TEN").await["pool"]["id"].clone();
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "value": "1" })).await;
    app.ok("poolArchive", json!({ "id": pool })).await;
    assert_eq!(preview(&app, &input).await["payable"], "0.00", "what is held is shown");
    let changed = with(input.clone(), "expectedPayable", json!("1"));
    assert_eq!(app.mutate("checkoutComplete", changed).await["userErrors"][0]["code"], "PRICE_CHANGED");
    let done = app.ok("checkoutComplete", with(input.clone(), "expectedPayable", json!("0"))).await;
    let coupons = done["coupons"].as_array().expect("coupons");
    assert_eq!(field(coupons, "redeemed"), [true, true, true, false], "also where autoRedeem is off");
    assert_eq!(field(coupons, "discount"), ["10.00", "10.00", "25.00", "0.00"]);
    assert_eq!(
        (&coupons[2]["ledgerEntry"]["amount"], &coupons[2]["coupon"]["balance"]),
        (&json!("-25.00"), &json!("25.00"))
    );
    assert_eq!(
        field(&app.events(&app.by_code("TEN").await).await, "type"),
        ["COUPON_CLAIM", "COUPON_HOLD", "COUPON_REDEEM"]
    );
    assert_eq!(held_until(&app, "CARD").await, json!({ "heldUntil": null, "heldAmount": "0.00" }));
    app.refused("checkoutComplete", input.clone(), "TRANSACTION_ALREADY_USED", "transactionId").await;
    app.refused("checkoutHold", input, "TRANSACTION_ALREADY_USED", "transactionId").await;
    assert_eq!(release(&app, "t-1").await, ["NOT_FOUND"]);
    let bought = app.ok("checkoutReturn", json!({ "transactionId": "t-1" })).await;
    let told = items(&bought["events"]);
    assert_eq!(field(&told, "type")[..3], ["COUPON_HOLD"; 3]);
    assert_eq!(app.by_code("CARD").await["balance"], "50.00");
    app.finish().await;
}

#[tokio::test]
async fn what_is_held_is_given_back_by_hand_or_by_time() {
    let app = shop().await;
    let codes = ["TEN", "MINE", "CARD"];
    let mut before = Vec::new();
    for code in codes {
        before.push(facts(&app, code).await);
    }
    for by_hand in [true, false] {
        let input = with(order("t-1", "ann", "45", &codes), "minutes", json!(1_440));
        app.ok("checkoutHold", input.clone()).await;
        assert_eq!(app.by_code("TEN").await["customer"]["externalId"], "ann");
        app.refused("checkoutHold", input, "TRANSACTION_ALREADY_USED", "transactionId").await;
        if by_hand {
            assert_eq!(release(&app, "t-1").await, Vec::<Value>::new());
        } else {
            app.set_clock("2026-02-01T09:59:59.999Z");
            assert_eq!(reasons(&preview(&app, &order("t-2", "ann", "20", &["MINE"])).await), ["HELD"]);
            app.set_clock("2026-02-01T10:00:00Z");
            assert_eq!(reasons(&preview(&app, &order("t-2", "ann", "20", &["MINE"])).await), Vec::<Value>::new());
        }
        let events = app
            .data(
                "{ events(filter: { types: [COUPON_RELEASE] }) { edges { node { actor transactionId } } } }",
                json!({}),
            )
            .await;
        let told = items(&events["events"]);
        assert_eq!(told.len(), if by_hand { 3 } else { 6 });
        assert_eq!(
            (told[told.len() - 1]["actor"] == json!("scrip"), &told[0]["transactionId"]),
            (!by_hand, &json!("t-1"))
        );
        for (code, before) in codes.iter().zip(&before) {
            assert_eq!(&facts(&app, code).await, before, "{code}");
        }
        assert_eq!(release(&app, "t-1").await, ["NOT_FOUND"]);
    }
    app.ok("checkoutComplete", order("t-1", "ann", "45", &codes)).await;
    app.finish().await;
}

#[tokio::test]
async fn a_held_coupon_is_held_for_everybody_else() {
    let app = shop().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    app.ok("checkoutHold", order("t-1", "ann", "20", &["TEN", "MINE"])).await;
    for code in ["TEN", "MINE"] {
        let verdict = app.ok("checkoutComplete", order(&format!("t-{code}"), "ann", "50", &[code])).await;
        assert_eq!(reasons(&verdict), ["HELD"], "{code}");
        let named = json!({ "coupon": { "code": code } });
        app.refused("couponRedeem", named.clone(), "HELD", "").await;
        app.refused("couponRedeem", with(named.clone(), "transactionId", json!("t-1")), "HELD", "").await;
        app.refused("couponUnassign", named.clone(), "HELD", "").await;
        app.refused("couponInvalidate", named.clone(), "HELD", "").await;
        app.ok("customerUpsert", json!({ "customerId": "ben" })).await;
        app.refused("couponTransfer", with(named.clone(), "toCustomerId", json!("ben")), "HELD", "").await;
        app.refused("couponUnredeem", named.clone(), "NOT_REDEEMED", "").await;
        let longer = app.ok("couponExtend", with(named, "expiresAt", json!("2026-02-20T00:00:00Z"))).await;
        assert_eq!(longer["expiresAt"], "2026-02-20T00:00:00.000Z");
        let other = app.ok("checkoutHold", order(&format!("h-{code}"), "ann", "50", &[code])).await;
        assert_eq!(reasons(&other), ["HELD"]);
    }
    // Ben does not even hold them.
    assert_eq!(reasons(&preview(&app, &order("t-9", "ben", "50", &["MINE"])).await), ["HELD", "NOT_OWNER"]);
    let done = app.ok("checkoutComplete", order("t-1", "ann", "20", &["TEN", "MINE"])).await;
    assert_eq!((&done["payable"], reasons(&done)), (&json!("0.00"), Vec::<Value>::new()));
    app.finish().await;
}

#[tokio::test]
async fn what_is_held_of_a_card_is_not_spent_twice() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let restrictions = json!({ "minimumValue": "5", "minimumRedemptionValue": "2" });
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "50", "restrictions": restrictions }), &["CARD"]).await;
    app.claim(&cards, "ann").await;
    let pay = |amount: &str| json!({ "coupon": { "code": "CARD" }, "amount": amount });
    let adjust = |amount: &str| with(pay(amount), "reason", json!("a mistake"));
    app.ok("checkoutHold", order("t-1", "ann", "20", &["CARD"])).await;
    app.refused("couponRedeem", pay("30.01"), "HELD", "amount").await;
    app.refused("couponRedeem", pay("50.01"), "INSUFFICIENT_BALANCE", "amount").await;
    app.refused("giftCardAdjust", adjust("-30.01"), "HELD", "amount").await;
    let verdict = preview(&app, &order("t-2", "ann", "60", &["CARD"])).await;
    assert_eq!(verdict["discount"], "30.00", "what is free");
    let mut asked = order("t-2", "ann", "60", &["CARD"]);
    asked["coupons"][0]["amount"] = json!("40");
    assert_eq!(reasons(&preview(&app, &asked).await), ["HELD"]);
    assert_eq!(app.ok("couponRedeem", pay("20")).await["balance"], "30.00");
    assert_eq!(app.ok("giftCardAdjust", adjust("5")).await["balance"], "35.00");
    // Another checkout holds all but 3.00, which is less than the minimum: either might be paid first.
    app.ok("checkoutHold", order("t-3", "ann", "12", &["CARD"])).await;
    app.refused("couponRedeem", pay("1"), "BELOW_MINIMUM_REDEMPTION", "amount").await;
    assert_eq!(app.ok("couponRedeem", pay("3")).await["balance"], "32.00");
    assert_eq!(reasons(&preview(&app, &order("t-4", "ann", "1", &["CARD"])).await), ["HELD"]);
    app.ok("checkoutComplete", order("t-3", "ann", "12", &["CARD"])).await;
    assert_eq!(app.by_code("CARD").await["balance"], "20.00");
    app.ok("checkoutComplete", order("t-1", "ann", "20", &["CARD"])).await;
    assert_eq!(app.by_code("CARD").await["status"], "REDEEMED");
    app.finish().await;
}

#[tokio::test]
async fn a_card_is_not_voided_before_what_is_held_is_paid() {
    let app = App::start().await;
    for (minimum, code) in [("30", "A"), ("20", "B")] {
        let restrictions = json!({ "minimumValue": minimum });
        let card = json!({ "type": "GIFT_CARD", "value": "50", "restrictions": restrictions });
        app.claim(&app.pool(card, &[code]).await, "ann").await;
        app.ok("checkoutHold", order(&format!("{code}-1"), "ann", "25", &[code])).await;
        let pay = |amount: &str| json!({ "coupon": { "code": code }, "amount": amount });
        app.ok("couponRedeem", pay("15")).await;
        let more = order(&format!("{code}-2"), "ann", "10", &[code]);
        if code == "A" {
            // 25.00 would be left, which is less than its minimum, and all of it held.
            app.refused("couponRedeem", pay("10"), "HELD", "amount").await;
            let less = json!({ "coupon": { "code": code }, "amount": "-6", "reason": "a mistake" });
            app.refused("giftCardAdjust", less, "HELD", "amount").await;
            assert_eq!(reasons(&app.ok("checkoutHold", more).await), ["HELD"]);
        } else {
            // Paid at once it could be; of two holds, the one of 25.00 may be paid first.
            assert_eq!(reasons(&preview(&app, &more).await), Vec::<Value>::new());
            app.refused("checkoutHold", more, "HELD", "coupons.0.code").await;
        }
        app.ok("checkoutComplete", order(&format!("{code}-1"), "ann", "25", &[code])).await;
        let card = app.by_code(code).await;
        assert_eq!(
            (&card["status"], &card["balance"]),
            (&json!("INVALID"), &json!("0.00")),
            "10.00 is below its minimum"
        );
        assert_eq!(field(&app.ledger(&card).await, "kind"), ["ISSUE", "REDEEM", "REDEEM", "VOID"]);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_coupon_that_expires_while_it_is_held_is_still_taken() {
    let app = App::start().await;
    let short = json!({ "expirationPeriod": "PT1H" });
    let coupons =
        app.pool(json!({ "type": "AMOUNT", "value": "10", "restrictions": short }), &["MINE", "BACK", "NEW"]).await;
    app.claim(&coupons, "ann").await;
    app.claim(&coupons, "ann").await;
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "50", "restrictions": short }), &["CARD"]).await;
    app.claim(&cards, "ann").await;
    let hold = |transaction: &str, codes: &[&str]| with(order(transaction, "ann", "30", codes), "minutes", json!(120));
    app.ok("checkoutHold", hold("t-1", &["MINE", "CARD"])).await;
    app.ok("checkoutHold", hold("t-2", &["BACK", "NEW"])).await;
    app.set_clock("2026-01-31T11:30:00Z");
    for code in ["MINE", "CARD", "BACK", "NEW"] {
        assert_eq!(app.by_code(code).await["status"], "EXPIRED", "{code}");
    }
    let done = app.ok("checkoutComplete", order("t-1", "ann", "30", &["MINE", "CARD"])).await;
    assert_eq!((&done["payable"], reasons(&done)), (&json!("0.00"), Vec::<Value>::new()));
    assert_eq!(app.by_code("MINE").await["status"], "REDEEMED");
    let card = app.by_code("CARD").await;
    assert_eq!((&card["status"], &card["balance"]), (&json!("EXPIRED"), &json!("30.00")), "what is left of it");
    assert_eq!(
        field(&app.events(&card).await, "type"),
        ["COUPON_CLAIM", "COUPON_HOLD", "COUPON_EXPIRE", "COUPON_REDEEM"]
    );
    app.set_clock("2026-01-31T12:00:00Z");
    assert_eq!(
        app.stats(&coupons).await,
        json!({ "total": 3, "unassigned": 1, "redeemed": 1, "expired": 1, "usages": 1 })
    );
    assert_eq!(
        (&app.by_code("BACK").await["status"], &app.by_code("NEW").await["status"]),
        (&json!("EXPIRED"), &json!("UNASSIGNED"))
    );
    app.finish().await;
}

#[tokio::test]
async fn holds_that_cannot_be() {
    let app = shop().await;
    for (minutes, ok) in [(0, false), (-1, false), (1_441, false), (1_500, false), (i32::MAX, false), (1, true)] {
        let input = with(order("t-1", "ann", "20", &["MINE"]), "minutes", json!(minutes));
        if ok {
            app.ok("checkoutHold", input).await;
        } else {
            app.refused("checkoutHold", input, "VALUE_INVALID", "minutes").await;
        }
    }
    let own = order("t-1", "ann", "20", &["MINE"]);
    for (input, code, at) in [
        (order("t-1", "ben", "20", &["MINE"]), "CUSTOMER_MISMATCH", "customerId"),
        (order("t-1", "ann", "21", &["MINE"]), "VALUE_INVALID", "basket"),
        (order("t-1", "ann", "20", &["MINE", "TEN"]), "VALUE_INVALID", "basket"),
    ] {
        app.refused("checkoutComplete", input, code, at).await;
    }
    app.refused("checkoutReturn", json!({ "transactionId": "t-1" }), "NOT_FOUND", "transactionId").await;
    for (transaction, code) in [("t-2", "NOT_FOUND"), ("", "VALUE_INVALID")] {
        assert_eq!(release(&app, transaction).await, [code]);
    }
    let price = with(order("t-2", "ann", "20", &["TEN"]), "expectedPayable", json!("9"));
    let payload = app.mutate("checkoutHold", price).await;
    assert_eq!((&payload["userErrors"][0]["code"], &payload["heldUntil"]), (&json!("PRICE_CHANGED"), &Value::Null));
    assert_eq!(app.by_code("TEN").await["status"], "UNASSIGNED", "nothing is held");
    // The same key holds once.
    let keyed = with(order("t-3", "ann", "20", &["TEN"]), "idempotencyKey", json!("k"));
    let first = app.mutate("checkoutHold", keyed.clone()).await;
    assert_eq!(app.mutate("checkoutHold", keyed.clone()).await, first);
    app.refused("checkoutHold", with(keyed, "minutes", json!(3)), "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    // One that holds nothing keeps the id and the price.
    app.ok("checkoutHold", order("t-4", "ann", "20", &["NOPE"])).await;
    assert_eq!(app.ok("checkoutComplete", order("t-4", "ann", "20.00", &["NOPE"])).await["payable"], "20.00");
    app.ok("checkoutComplete", own).await;
    app.finish().await;
}

#[tokio::test]
async fn many_holds_at_once_hold_no_more_than_there_is() {
    let app = shop().await;
    let orders: Vec<Value> =
        (0..40).map(|number| order(&format!("t-{number}"), "ann", "15", &["MINE", "CARD"])).collect();
    let holds = orders.iter().map(|order| app.mutate("checkoutHold", order.clone()));
    let answers = futures_util::future::join_all(holds).await;
    let taken = |code: usize| -> Vec<String> {
        answers
            .iter()
            .map(|payload| text(&payload["verdict"]["coupons"][code]["discount"]))
            .filter(|taken| taken != "0.00")
            .collect()
    };
    assert_eq!(taken(0), ["10.00"]);
    let cents: i64 = taken(1).iter().map(|taken| taken.replace('.', "").parse::<i64>().expect("cents")).sum();
    assert_eq!(cents, 5_000, "{:?}", taken(1));
    let done =
        futures_util::future::join_all(orders.iter().map(|order| app.ok("checkoutComplete", order.clone()))).await;
    assert_eq!(done.len(), 40);
    assert_eq!(
        (&app.by_code("CARD").await["balance"], &app.by_code("MINE").await["status"]),
        (&json!("0.00"), &json!("REDEEMED"))
    );
    app.finish().await;
}

/// A hold of an open code gives its customer a coupon, which counts for the pool's limits while it is held.
#[tokio::test]
async fn an_open_code_is_held_within_its_limits() {
    let app = App::start().await;
    let pool = json!({ "name": "Open", "source": "GENERATED", "pattern": "OPEN", "type": "AMOUNT", "value": "10",
        "claimOnUse": true, "limits": { "total": 1 } });
    app.ok("poolCreate", pool).await;
    let of = |transaction: &str, customer: &str| order(transaction, customer, "45", &["open"]);
    let held = app.mutate("checkoutHold", of("t-1", "ann")).await;
    assert_eq!((&held["userErrors"], &held["verdict"]["payable"]), (&json!([]), &json!("35.00")), "{held}");
    assert_eq!(reasons(&preview(&app, &of("t-2", "bob")).await), ["LIMIT_REACHED"]);
    assert_eq!(reasons(&preview(&app, &of("t-3", "ann")).await), ["HELD"], "another checkout of hers");
    // Given back, it is anybody's again; over, as well.
    assert_eq!(release(&app, "t-1").await, [] as [Value; 0]);
    assert_eq!(preview(&app, &of("t-2", "bob")).await["payable"], "35.00");
    app.mutate("checkoutHold", of("t-2", "bob")).await;
    assert_eq!(reasons(&preview(&app, &of("t-4", "ann")).await), ["LIMIT_REACHED"]);
    app.set_clock("2026-01-31T10:15:00Z");
    // The pool's count follows when that is recorded, which takes a second at most.
    while reasons(&preview(&app, &of("t-4", "ann")).await) == ["LIMIT_REACHED"] {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let done = app.mutate("checkoutHold", of("t-4", "ann")).await;
    assert_eq!((&done["userErrors"], &done["verdict"]["payable"]), (&json!([]), &json!("35.00")), "{done}");
    let done = app.ok("checkoutComplete", of("t-4", "ann")).await;
    assert_eq!((&done["payable"], &done["coupons"][0]["redeemed"]), (&json!("35.00"), &json!(true)));
    assert_eq!(reasons(&preview(&app, &of("t-5", "cid")).await), ["LIMIT_REACHED"]);
    app.finish().await;
}
