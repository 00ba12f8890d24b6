//! A pool's own checks: plugins that say who may use its coupons.

use serde_json::{Value, json};

use super::{
    App,
    app::{VERDICT, operator, text},
};

const FIRST: &str = "first-purchase";

fn check(more: Value) -> Value {
    let mut check = json!({ "plugin": FIRST, "config": { "attribute": "purchases" } });
    check.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    check
}

fn basket() -> Value {
    json!({ "currency": "EUR", "shipping": "4.95", "lines": [{ "productId": "mug", "quantity": 2, "unitPrice": "10.00" }] })
}

async fn preview(app: &App, customer: &str, codes: &[&str]) -> Value {
    let coupons: Vec<_> = codes.iter().map(|code| json!({ "code": code })).collect();
    let input = json!({ "transactionId": "t", "customerId": customer, "basket": basket(), "coupons": coupons });
    let query = format!("query($input: CheckoutInput!) {{ checkoutPreview(input: $input) {{ {VERDICT} }} }}");
    app.data(&query, json!({ "input": input })).await["checkoutPreview"].clone()
}

/// How often a plugin was asked.
async fn calls(app: &App, plugin: &str) -> u64 {
    let found = app.data("{ plugins { id calls { total } } }", json!({})).await;
    let plugins = found["plugins"].as_array().expect("plugins").clone();
    let one = plugins.iter().find(|one| one["id"] == plugin).expect("the plugin");
    text(&one["calls"]["total"]).parse().expect("a number")
}

async fn customer(app: &App, id: &str, purchases: Value) {
    app.ok("customerUpsert", json!({ "customerId": id, "attributes": { "purchases": purchases } })).await;
}

#[tokio::test]
async fn a_check_refuses_at_preview_checkout_and_redemption() {
    let app = App::with_plugins(operator(FIRST, "")).await;
    let pool = json!({ "type": "PERCENTAGE", "value": "10", "checks": [check(json!({}))] });
    app.pool(pool, &["ONE", "TWO", "THREE"]).await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    customer(&app, "old", json!(3)).await;
    customer(&app, "new", json!(0)).await;
    let before = calls(&app, FIRST).await;
    let verdict = preview(&app, "old", &["ONE", "TWO", "nothing"]).await;
    assert_eq!(calls(&app, FIRST).await, before + 1, "once for all of a pool's coupons");
    for place in [0, 1] {
        assert_eq!(verdict["coupons"][place]["redeemable"], false);
        assert_eq!(verdict["coupons"][place]["reasons"][0]["code"], "CHECK_REFUSED");
        assert_eq!(verdict["coupons"][place]["reasons"][0]["message"], "only for a first purchase");
    }
    assert_eq!(verdict["discount"], "0.00");
    let verdict = preview(&app, "new", &["ONE"]).await;
    let trace = verdict["coupons"][0]["trace"].as_array().expect("a trace").clone();
    assert!(trace.contains(&json!({ "check": "plugin first-purchase", "passed": true, "detail": null })), "{trace:?}");
    assert_eq!(verdict["discount"], "2.00");

    let checkout = |customer: &str, transaction: &str| json!({ "transactionId": transaction, "customerId": customer, "basket": basket(), "coupons": [{ "code": "ONE" }] });
    let refused = app.ok("checkoutComplete", checkout("old", "t-1")).await;
    assert_eq!(refused["coupons"][0]["redeemed"], false);
    let redeemed = app.ok("checkoutComplete", checkout("new", "t-2")).await;
    assert_eq!(redeemed["coupons"][0]["redeemed"], true);

    let redeem = |customer: &str| json!({ "coupon": { "code": "TWO" }, "customerId": customer });
    app.refused("couponRedeem", redeem("old"), "CHECK_REFUSED", "").await;
    assert_eq!(app.by_code("TWO").await["status"], "UNASSIGNED", "nothing is half done");
    app.ok("couponRedeem", redeem("new")).await;
    app.finish().await;
}

#[tokio::test]
async fn a_coupon_is_asked_for_that_takes_nothing_until_another_is_refused() {
    let app = App::with_plugins(operator(FIRST, "")).await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    for (value, codes) in [("100", ["ALL"]), ("10", ["PART"])] {
        let pool = json!({ "type": "PERCENTAGE", "value": value, "checks": [check(json!({}))] });
        app.pool(pool, &codes).await;
    }
    customer(&app, "old", json!(3)).await;
    customer(&app, "new", json!(0)).await;
    for (who, reasons, payable) in [
        ("old", [&["CHECK_REFUSED"][..], &["CHECK_REFUSED"]], "24.95"),
        ("new", [&[], &["NOTHING_TO_DISCOUNT"]], "4.95"),
    ] {
        let input = json!({ "transactionId": who, "customerId": who, "basket": basket(), "coupons": [{ "code": "ALL" }, { "code": "PART" }] });
        let verdict = app.ok("checkoutComplete", input).await;
        assert_eq!(verdict["payable"], payable, "{who}");
        for (coupon, reasons) in verdict["coupons"].as_array().expect("coupons").iter().zip(reasons) {
            assert_eq!(
                super::field(coupon["reasons"].as_array().expect("reasons"), "code"),
                reasons,
                "{who}: {coupon}"
            );
        }
    }
    assert_eq!(app.by_code("PART").await["status"], "UNASSIGNED");
    app.finish().await;
}

#[tokio::test]
async fn a_claim_asks_where_the_binding_says_so() {
    let app = App::with_plugins(operator(FIRST, "")).await;
    customer(&app, "old", json!(3)).await;
    for (at_claim, refused) in [(true, true), (false, false)] {
        let pool = json!({ "type": "FREE_SHIPPING", "checks": [check(json!({ "atClaim": at_claim }))] });
        let code = format!("CLAIM-{at_claim}");
        let pool = app.pool(pool, &[&code]).await;
        let claim = json!({ "poolId": pool, "customerId": "old" });
        if refused {
            app.refused("couponClaim", claim, "CHECK_REFUSED", "").await;
            assert_eq!(app.stats(&pool).await, json!({ "total": 1, "unassigned": 1 }));
            app.claim(&pool, "somebody new").await;
        } else {
            app.ok("couponClaim", claim).await;
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_check_that_fails_refuses_unless_the_binding_allows() {
    let app = App::with_plugins(operator(FIRST, "")).await;
    // The plugin cannot read this attribute: it cannot decide.
    customer(&app, "odd", json!("many")).await;
    for (on_failure, code) in [("REFUSE", "STRICT"), ("ALLOW", "LENIENT")] {
        let pool = json!({ "type": "FREE_SHIPPING", "checks": [check(json!({ "onFailure": on_failure }))] });
        app.pool(pool, &[code]).await;
    }
    let redeem = |code: &str| json!({ "coupon": { "code": code }, "customerId": "odd" });
    let verdict = preview(&app, "odd", &["STRICT", "LENIENT"]).await;
    assert_eq!(verdict["coupons"][0]["reasons"][0]["code"], "CHECK_UNAVAILABLE");
    assert_eq!(verdict["coupons"][1]["redeemable"], true);
    let trace = verdict["coupons"][1]["trace"].as_array().expect("a trace").clone();
    let told = trace.iter().find(|check| check["check"] == "plugin first-purchase").expect("the check");
    assert_eq!(told["passed"], true);
    assert!(text(&told["detail"]).contains("allowed although the check failed"), "{told}");
    let mut keyed = redeem("STRICT");
    keyed["idempotencyKey"] = json!("k");
    app.refused("couponRedeem", keyed.clone(), "CHECK_UNAVAILABLE", "").await;
    app.ok("couponRedeem", redeem("LENIENT")).await;
    // Nothing was decided: the same key works once the check can be asked.
    customer(&app, "odd", json!(0)).await;
    let redeemed = app.ok("couponRedeem", keyed.clone()).await;
    customer(&app, "odd", json!("many")).await;
    assert_eq!(app.ok("couponRedeem", keyed).await, redeemed);
    app.finish().await;
}

/// What a plugin's failure was is for staff; a customer is told that it cannot be checked, and a verdict's text.
#[tokio::test]
async fn a_customer_reads_nothing_of_a_plugins_failure() {
    let app = App::with_plugins(operator(FIRST, "")).await;
    customer(&app, "odd", json!("many")).await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING", "checks": [check(json!({}))] }), &["STRICT"]).await;
    app.claim(&pool, "odd").await;
    let create = "mutation { customerTokenCreate(input: { customerId: \"odd\" }) { token } }";
    let token = text(&app.data(create, json!({})).await["customerTokenCreate"]["token"]);
    let preview = "query($input: CheckoutInput!) { checkoutPreview(input: $input) { coupons { reasons { code message } \
                   trace { check detail } } } }";
    let basket = json!({ "currency": "EUR", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": "30" }] });
    let order =
        json!({ "transactionId": "t", "customerId": "odd", "basket": basket, "coupons": [{ "code": "STRICT" }] });
    let redeem = "mutation { couponRedeem(input: { coupon: { code: \"STRICT\" } }) { userErrors { code message } } }";
    let answers = async |key: &str| {
        let previewed = app.send(key, preview, json!({ "input": order })).await["data"]["checkoutPreview"].clone();
        let redeemed = app.send(key, redeem, json!({})).await["data"]["couponRedeem"]["userErrors"][0].clone();
        (previewed["coupons"][0]["reasons"][0].clone(), redeemed, previewed.to_string())
    };
    let (reason, redeemed, whole) = answers(&app.key).await;
    for told in [reason, redeemed] {
        assert_eq!(told["code"], "CHECK_UNAVAILABLE");
        assert!(text(&told["message"]).contains("first-purchase"), "{told}");
    }
    assert!(whole.contains("plugin first-purchase"), "{whole}");
    let (reason, redeemed, whole) = answers(&token).await;
    let plain = "whether this coupon may be used cannot be checked at the moment: try again later";
    let expected = json!({ "code": "CHECK_UNAVAILABLE", "message": plain });
    assert_eq!((&reason, &redeemed), (&expected, &expected));
    assert!(!whole.contains("first-purchase") && !whole.contains("purchases"), "{whole}");
    // A verdict is for people: its text is told, and not which plugin it was.
    customer(&app, "odd", json!(3)).await;
    let (reason, redeemed, whole) = answers(&token).await;
    assert_eq!((&reason["code"], &reason), (&json!("CHECK_REFUSED"), &redeemed));
    assert!(!whole.contains("first-purchase"), "{whole}");
    app.finish().await;
}

#[tokio::test]
async fn an_edit_of_the_checks_counts_at_once() {
    let app = App::with_plugins(operator(FIRST, "")).await;
    customer(&app, "old", json!(true)).await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &["CODE"]).await;
    assert_eq!(preview(&app, "old", &["CODE"]).await["coupons"][0]["redeemable"], true);
    let edit = |checks: Value| json!({ "id": pool, "apply": "NONE", "checks": checks });
    app.ok("poolUpdate", edit(json!([check(json!({}))]))).await;
    assert_eq!(preview(&app, "old", &["CODE"]).await["coupons"][0]["redeemable"], false);
    let query = "query($id: ID!) { pool(id: $id) { checks { plugin config onFailure atClaim } } }";
    let found = app.data(query, json!({ "id": pool })).await;
    let expected =
        json!([{ "plugin": FIRST, "config": { "attribute": "purchases" }, "onFailure": "REFUSE", "atClaim": false }]);
    assert_eq!(found["pool"]["checks"], expected);
    let wrong = json!([check(json!({ "config": { "attribute": 5 } })), { "plugin": "nothing" }]);
    let found = app.refusals("poolUpdate", edit(wrong)).await;
    let fields: Vec<_> = found.iter().map(|(code, field)| (code.as_str(), field.as_str())).collect();
    assert_eq!(fields, [("VALUE_INVALID", "checks.0.config.attribute"), ("VALUE_INVALID", "checks.1.plugin")]);
    let many = vec![check(json!({})); 11];
    app.refused("poolUpdate", edit(json!(many)), "LIMIT_EXCEEDED", "checks").await;
    app.ok("poolUpdate", edit(json!([]))).await;
    assert_eq!(preview(&app, "old", &["CODE"]).await["coupons"][0]["redeemable"], true);
    app.finish().await;
}

#[tokio::test]
async fn staff_see_what_is_loaded_and_try_it() {
    let app = App::with_plugins(operator(FIRST, "")).await;
    let query = "{ plugins { id problem paused calls { total failed turnedAway medianMicros p99Micros longestMicros }
        build { name kind version contract digest size hosts secrets configSchema limits { cpuMillis memoryMebibytes } } } }";
    let found = app.data(query, json!({})).await;
    let ids: Vec<_> = found["plugins"].as_array().expect("plugins").iter().map(|plugin| text(&plugin["id"])).collect();
    assert_eq!(ids, ["customer-segment", "first-purchase", "http-callback", "weekdays-and-hours"]);
    assert_eq!(found["plugins"][1]["problem"], Value::Null);
    assert_eq!(found["plugins"][1]["build"]["kind"], "RESTRICTION");
    assert_eq!(found["plugins"][2]["build"]["secrets"], json!(["api_key"]));

    let document = "mutation($input: PluginTestInput!) { pluginTest(input: $input) { userErrors { code field message }
        result { failure verdicts { allowed reason } issued { code } log { level message } usage { timeMicros memoryBytes }
        requests { method url body error } } } }";
    let tried = |input: Value| {
        let app = &app;
        async move { app.data(document, json!({ "input": input })).await["pluginTest"].clone() }
    };
    let sample = json!({ "customer": { "id": "ann", "attributes": { "purchases": 1 } } });
    let config = json!({ "attribute": "purchases" });
    let payload = tried(json!({ "plugin": FIRST, "config": config, "sample": sample })).await;
    let verdicts = json!([{ "allowed": false, "reason": "only for a first purchase" }]);
    assert_eq!(payload["result"]["verdicts"], verdicts);
    assert!(payload["result"]["usage"]["memoryBytes"].as_i64().expect("a number") > 0);
    let payload = tried(json!({ "plugin": "http-callback", "config": { "url": "https://a.example/" } })).await;
    let request = &payload["result"]["requests"][0];
    assert_eq!((&request["method"], &request["url"]), (&json!("POST"), &json!("https://a.example/")));
    assert!(text(&request["body"]).contains("{{secret.api_key}}"), "{request}");
    // Nothing is sent, and what the gateway would refuse is told all the same.
    assert!(text(&request["error"]).contains("host a.example is not allowed"), "{request}");
    for (input, code, field) in [
        (json!({ "plugin": "nothing" }), "NOT_FOUND", json!(["plugin"])),
        (json!({ "plugin": FIRST }), "VALUE_INVALID", json!(["config"])),
        (json!({ "plugin": FIRST, "config": config, "sample": { "custmer": {} } }), "VALUE_INVALID", json!(["sample"])),
    ] {
        let error = tried(input).await["userErrors"][0].clone();
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &field), "{error}");
    }
    let document = "mutation($id: ID!) { pluginReload(id: $id) { plugin { id } userErrors { code } } }";
    let reloaded = app.data(document, json!({ "id": FIRST })).await["pluginReload"].clone();
    assert_eq!(reloaded, json!({ "plugin": { "id": FIRST }, "userErrors": [] }));
    let unknown = app.data(document, json!({ "id": "nothing" })).await["pluginReload"].clone();
    assert_eq!(unknown["userErrors"], json!([{ "code": "NOT_FOUND" }]));
    app.finish().await;
}
