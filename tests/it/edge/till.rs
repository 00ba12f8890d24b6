//! The till: every minor unit is on its line, no coupon is used up for nothing, and the price that was agreed is the
//! price that is paid.

use serde_json::{Value, json};

use super::{
    App,
    app::{VERDICT, text},
    field,
};

/// A checkout of ann's: lines as (product, unit price), shipping, codes.
fn order(transaction: &str, lines: &[(&str, &str)], shipping: &str, codes: &[&str]) -> Value {
    let line = |(product, price): &(&str, &str)| json!({ "productId": product, "quantity": 1, "unitPrice": price });
    json!({
        "transactionId": transaction, "customerId": "ann",
        "basket": { "currency": "EUR", "shipping": shipping, "lines": lines.iter().map(line).collect::<Vec<_>>() },
        "coupons": codes.iter().map(|code| json!({ "code": code })).collect::<Vec<_>>(),
    })
}

async fn preview(app: &App, input: &Value) -> Value {
    let query = format!("query($input: CheckoutInput!) {{ checkoutPreview(input: $input) {{ {VERDICT} }} }}");
    app.data(&query, json!({ "input": input })).await["checkoutPreview"].clone()
}

fn codes(coupon: &Value) -> Vec<Value> {
    field(coupon["reasons"].as_array().expect("reasons"), "code")
}

/// Allocations as text: "TEN 0 3.34".
fn laid(allocations: &Value) -> Vec<String> {
    let of = |one: &Value| format!("{} {} {}", text(&one["code"]), one["line"], text(&one["amount"]));
    allocations.as_array().expect("allocations").iter().map(of).collect()
}

#[tokio::test]
async fn every_discount_is_told_where_it_lies() {
    let app = App::start().await;
    let for_one =
        |kind: &str, value: &str| json!({ "type": kind, "value": value, "restrictions": { "products": ["one"] } });
    app.pool(for_one("AMOUNT", "10"), &["TEN-A", "TEN-B"]).await;
    app.pool(for_one("PERCENTAGE", "60"), &["SIXTY-A", "SIXTY-B"]).await;
    app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["ALL"]).await;
    app.pool(json!({ "type": "FREE_SHIPPING" }), &["SHIP"]).await;
    let book = json!({ "type": "GIFT_CARD", "value": "100", "restrictions": { "products": ["book"] } });
    let cards = app.pool(book, &["CARD"]).await;
    app.claim(&cards, "ann").await;
    let two = [("one", "10.00"), ("two", "90.00")];
    let thirds = [("one", "10"), ("two", "10"), ("three", "10")];
    for (lines, shipping, given, payable, expected) in [
        (&two[..], "0", &["TEN-A", "TEN-B"][..], "90.00", [&["TEN-A 0 10.00"][..], &[]]),
        (&two, "0", &["SIXTY-A", "SIXTY-B"], "90.00", [&["SIXTY-A 0 6.00"], &["SIXTY-B 0 4.00"]]),
        (&[("book", "10"), ("sofa", "90")], "5", &["CARD", "SHIP"], "90.00", [&["CARD 0 10.00"], &["SHIP null 5.00"]]),
        (
            &thirds,
            "4.95",
            &["all", "ship"],
            "20.00",
            [&["all 0 3.34", "all 1 3.33", "all 2 3.33"], &["ship null 4.95"]],
        ),
    ] {
        let verdict = preview(&app, &order("t", lines, shipping, given)).await;
        assert_eq!(verdict["payable"], payable, "{given:?}");
        let coupons = verdict["coupons"].as_array().expect("coupons");
        let found: Vec<Vec<String>> = coupons.iter().map(|coupon| laid(&coupon["allocations"])).collect();
        assert_eq!(found, expected, "{given:?}");
        // The lines tell the same, and add up.
        let mut by_line: Vec<String> = verdict["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .chain([&verdict["shipping"]])
            .flat_map(|line| laid(&line["allocations"]))
            .collect();
        let mut by_coupon: Vec<String> = found.concat();
        by_line.sort();
        by_coupon.sort();
        assert_eq!(by_line, by_coupon, "{given:?}");
    }
    let verdict = preview(&app, &order("t", &thirds, "4.95", &["ALL", "SHIP"])).await;
    let lines = verdict["lines"].as_array().expect("lines");
    assert_eq!(field(lines, "total"), ["10.00"; 3]);
    assert_eq!(field(lines, "discount"), ["3.34", "3.33", "3.33"]);
    assert_eq!(field(lines, "payable"), ["6.66", "6.67", "6.67"]);
    let shipping = &verdict["shipping"];
    assert_eq!((&shipping["total"], &shipping["payable"]), (&json!("4.95"), &json!("0.00")));
    app.finish().await;
}

#[tokio::test]
async fn a_card_pays_for_the_shipping_where_its_pool_says_so() {
    let app = App::start().await;
    let card = |pays: Value| json!({ "type": "GIFT_CARD", "value": "100", "paysShipping": pays });
    let (silent, pays) = (app.pool(card(Value::Null), &["SILENT"]).await, app.pool(card(json!(true)), &["PAYS"]).await);
    let said = async |pool: &str| {
        let query = "query($id: ID!) { pool(id: $id) { paysShipping } }";
        app.data(query, json!({ "id": pool })).await["pool"]["paysShipping"].clone()
    };
    assert_eq!((said(&silent).await, said(&pays).await), (json!(false), json!(true)));
    let payable = async |code: &str| preview(&app, &order("t", &[("p", "10")], "5", &[code])).await["payable"].clone();
    assert_eq!((payable("SILENT").await, payable("PAYS").await), (json!("5.00"), json!("0.00")));
    app.ok("poolUpdate", json!({ "id": silent, "apply": "NONE", "paysShipping": true })).await;
    assert_eq!(payable("SILENT").await, "0.00", "cards that exist follow their pool");
    let plain = json!({ "name": "p", "source": "UPLOADED", "type": "AMOUNT", "value": "5" });
    let plain_id = app.ok("poolCreate", plain.clone()).await["id"].clone();
    assert_eq!(said(&text(&plain_id)).await, Value::Null);
    let mut wrong = plain;
    wrong["paysShipping"] = json!(true);
    app.refused("poolCreate", wrong, "FIELD_NOT_APPLICABLE", "paysShipping").await;
    let edit = json!({ "id": plain_id, "apply": "NONE", "paysShipping": false });
    app.refused("poolUpdate", edit, "FIELD_NOT_APPLICABLE", "paysShipping").await;
    app.finish().await;
}

#[tokio::test]
async fn a_redemption_beside_a_checkout_takes_at_most_what_is_payable() {
    let app = App::start().await;
    app.pool(json!({ "type": "GIFT_CARD", "value": "100" }), &["CARD"]).await;
    app.pool(json!({ "type": "FREE_SHIPPING" }), &["SHIP"]).await;
    let basket = |price: &str| json!({ "currency": "EUR", "shipping": "0", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": price }] });
    let pay = |amount: &str, price: &str| json!({ "coupon": { "code": "CARD" }, "customerId": "ann", "amount": amount, "basket": basket(price) });
    let payload = app.mutate("couponRedeem", pay("20", "5")).await;
    assert_eq!(payload["userErrors"][0]["code"], "VALUE_INVALID");
    let message = "at most 5.00 of this basket can be paid with this gift card";
    assert_eq!(payload["userErrors"][0]["message"], message);
    app.refused("couponRedeem", pay("20", "5"), "VALUE_INVALID", "amount").await;
    app.refused("couponRedeem", pay("1", "0"), "NOTHING_TO_DISCOUNT", "basket").await;
    assert_eq!(app.by_code("CARD").await["status"], "UNASSIGNED");
    assert_eq!(app.ok("couponRedeem", pay("5", "5")).await["balance"], "95.00");
    let ship = json!({ "coupon": { "code": "SHIP" }, "customerId": "ann", "basket": basket("5") });
    app.refused("couponRedeem", ship, "NOTHING_TO_DISCOUNT", "basket").await;
    app.finish().await;
}

#[tokio::test]
async fn no_coupon_is_used_up_for_nothing() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    app.pool(json!({ "type": "FREE_SHIPPING" }), &["SHIP-A", "SHIP-B"]).await;
    app.pool(json!({ "type": "PERCENTAGE", "value": "100" }), &["WHOLE"]).await;
    app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["FIVE"]).await;
    app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["TENTH"]).await;
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    app.claim(&cards, "ann").await;
    let bought = [("p", "10")];
    for (number, (lines, shipping, given, refused)) in [
        (&bought[..], "0", &["SHIP-A"][..], &["SHIP-A"][..]),
        (&[], "0", &["FIVE", "CARD"], &["FIVE", "CARD"]),
        (&[("p", "0.04")], "0", &["TENTH"], &["TENTH"]),
        (&bought, "5", &["SHIP-A", "SHIP-B", "CARD", "WHOLE", "FIVE"], &["SHIP-B", "CARD", "FIVE"]),
    ]
    .into_iter()
    .enumerate()
    {
        let verdict = app.ok("checkoutComplete", order(&format!("t-{number}"), lines, shipping, given)).await;
        for coupon in verdict["coupons"].as_array().expect("coupons") {
            let code = text(&coupon["code"]);
            let is_refused = refused.contains(&code.as_str());
            let expected = if is_refused { vec![json!("NOTHING_TO_DISCOUNT")] } else { Vec::new() };
            assert_eq!((codes(coupon), &coupon["redeemed"]), (expected, &json!(!is_refused)), "{coupon}");
        }
    }
    for (code, status) in
        [("SHIP-A", "REDEEMED"), ("SHIP-B", "UNASSIGNED"), ("FIVE", "UNASSIGNED"), ("CARD", "CLAIMED")]
    {
        assert_eq!(app.by_code(code).await["status"], status, "{code}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_price_that_was_agreed_is_paid_or_nothing_is_recorded() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["TEN"]).await;
    let ten = app.claim(&pool, "ann").await;
    let expecting = |payable: &str| {
        let mut input = order("t-1", &[("p", "50")], "5", &["TEN"]);
        input["expectedPayable"] = json!(payable);
        input
    };
    assert_eq!(preview(&app, &expecting("1")).await["payable"], "45.00", "a preview tells what it comes to");
    for wrong in ["44.99", "45.01", "0"] {
        let payload = app.mutate("checkoutComplete", expecting(wrong)).await;
        let error = &payload["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!("PRICE_CHANGED"), &json!(["expectedPayable"])));
        assert!(text(&error["message"]).starts_with("45.00 is to be paid"), "{error}");
        let verdict = &payload["verdict"];
        assert_eq!((&verdict["payable"], &verdict["coupons"][0]["redeemed"]), (&json!("45.00"), &json!(false)));
    }
    for (wrong, code) in [("x", "VALUE_INVALID"), ("1.001", "VALUE_INVALID")] {
        app.refused("checkoutComplete", expecting(wrong), code, "expectedPayable").await;
    }
    // Nothing was recorded: neither the customer's use nor the transaction.
    assert_eq!(app.by_code("TEN").await, ten);
    // A coupon that no longer passes is another price.
    app.ok("couponInvalidate", json!({ "coupon": { "code": "TEN" } })).await;
    let mut keyed = expecting("45");
    keyed["idempotencyKey"] = json!("k");
    let refused = app.mutate("checkoutComplete", keyed.clone()).await;
    assert_eq!(
        (&refused["userErrors"][0]["code"], &refused["verdict"]["payable"]),
        (&json!("PRICE_CHANGED"), &json!("55.00"))
    );
    app.ok("couponReinstate", json!({ "coupon": { "code": "TEN" } })).await;
    assert_eq!(app.mutate("checkoutComplete", keyed.clone()).await, refused, "the same key has the first answer");
    keyed["expectedPayable"] = json!("45.01");
    app.refused("checkoutComplete", keyed, "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    let verdict = app.ok("checkoutComplete", expecting("45.000")).await;
    assert_eq!((&verdict["payable"], &verdict["coupons"][0]["redeemed"]), (&json!("45.00"), &json!(true)));
    app.finish().await;
}

#[tokio::test]
async fn what_is_refused_says_what_stands_in_the_way() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    app.pool(json!({ "type": "AMOUNT", "value": "10" }), &["TEN"]).await;
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    app.claim(&cards, "ann").await;
    let nothing = json!({ "currency": "EUR", "lines": [] });
    let redeem = |basket: &Value| json!({ "coupon": { "code": "TEN" }, "customerId": "ann", "basket": basket });
    app.refused("couponRedeem", redeem(&nothing), "NOTHING_TO_DISCOUNT", "basket").await;
    app.ok("couponRedeem", json!({ "coupon": { "code": "TEN" }, "customerId": "ann" })).await;
    app.refused("couponRedeem", redeem(&nothing), "ALREADY_REDEEMED", "").await;
    // A purchase redeems a coupon once, also where that was taken back; a preview tells it as completing it does.
    let pay = json!({ "coupon": { "code": "CARD" }, "amount": "5", "transactionId": "t-1" });
    let entry = app.mutate("couponRedeem", pay).await["ledgerEntry"]["id"].clone();
    app.ok("couponUnredeem", json!({ "coupon": { "code": "CARD" }, "ledgerEntryId": entry })).await;
    let again = order("t-1", &[("p", "20")], "0", &["CARD"]);
    app.refused("checkoutComplete", again.clone(), "TRANSACTION_ALREADY_USED", "transactionId").await;
    let query = "query($input: CheckoutInput!) { checkoutPreview(input: $input) { payable } }";
    let told = app.gql(query, json!({ "input": again })).await;
    assert_eq!(told["errors"][0]["extensions"]["code"], "TRANSACTION_ALREADY_USED", "{told}");
    // A sum may be more than one amount may be.
    let lines = vec![("p", "1000000000000"); 3];
    let mut large = order("t-2", &lines, "0", &[]);
    large["expectedPayable"] = json!("3000000000000.00");
    assert_eq!(app.ok("checkoutComplete", large).await["payable"], "3000000000000.00");
    let mut many = order("t-3", &[("p", "1")], "0", &[]);
    many["basket"]["lines"][0]["quantity"] = json!(2_147_483_648_i64);
    let told = app.gql(query, json!({ "input": many })).await;
    let message = told["errors"][0]["message"].as_str().expect("a message");
    assert_eq!(
        (message, &told["errors"][0]["extensions"]["code"]),
        ("Only integers from -2147483648 to 2147483647 are accepted (in BasketLineInput)", &json!("VALUE_INVALID"))
    );
    app.finish().await;
}

#[tokio::test]
async fn one_answer_for_a_coupon_and_the_entry_of_a_card() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let cards = app.pool(json!({ "type": "GIFT_CARD", "value": "50" }), &["CARD"]).await;
    let card = app.claim(&cards, "ann").await;
    let verdict = app.ok("checkoutComplete", order("t-1", &[("p", "20")], "0", &["CARD", "card"])).await;
    let coupons = verdict["coupons"].as_array().expect("coupons");
    assert_eq!(codes(&coupons[1]), ["DUPLICATE"]);
    assert_eq!(coupons[0]["coupon"], coupons[1]["coupon"], "both tell the coupon as it is after the checkout");
    assert_eq!(coupons[1]["coupon"]["balance"], "30.00");
    assert_eq!(coupons[0]["ledgerEntry"], app.ledger(&card).await[1]);
    assert_eq!(coupons[1]["ledgerEntry"], Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn the_largest_checkout_is_told_in_full() {
    let app = App::start().await;
    let codes: Vec<String> = (0..50).map(|number| format!("C-{number:02}")).collect();
    let given: Vec<&str> = codes.iter().map(String::as_str).collect();
    app.pool(json!({ "type": "AMOUNT", "value": "1000" }), &given).await;
    let lines = vec![("p", "1000"); 1_000];
    let query = "query($input: CheckoutInput!) { checkoutPreview(input: $input) { total discount payable
        coupons { code redeemable discount reasons { code } allocations { line amount } }
        lines { total discount payable allocations { code line amount } } shipping { payable allocations { code } } } }";
    let verdict = app.data(query, json!({ "input": order("t", &lines, "5", &given) })).await["checkoutPreview"].clone();
    assert_eq!((&verdict["discount"], &verdict["payable"]), (&json!("50000.00"), &json!("950005.00")));
    let of = |name: &str| verdict[name].as_array().expect("a list").clone();
    assert!(of("coupons").iter().all(|one| one["allocations"].as_array().is_some_and(|laid| laid.len() == 1_000)));
    assert!(of("lines").iter().all(|one| one["allocations"].as_array().is_some_and(|laid| laid.len() == 50)));
    assert!(of("lines").iter().all(|one| one["discount"] == "50.00" && one["payable"] == "950.00"));
    app.finish().await;
}
