//! All that is known of one customer, as a file, and that it goes: over HTTP and from the command line.

use serde_json::{Value, json};

use super::{
    App,
    app::text,
    binary::{Gateway, complaint, scrip},
};
use crate::support::new_folder;

/// The document of a customer's data.
async fn file(app: &App, id: &str) -> Value {
    let url = format!("{}/customers/{id}/data.json", app.url);
    let answer = app.client.get(url).bearer_auth(&app.key).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    answer.json().await.expect("a JSON document")
}

#[tokio::test]
async fn all_that_is_known_of_a_customer_is_one_document() {
    let app = App::start().await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let upsert = json!({ "customerId": "ann", "email": "ann@example.com", "attributes": { "tier": "gold" } });
    let customer = app.ok("customerUpsert", upsert).await;
    // Of whom nothing else is known, the lists are there and empty.
    let empty = file(&app, "ann").await;
    assert_eq!(
        empty["customer"],
        json!({ "customerId": "ann", "email": "ann@example.com", "currency": null,
        "attributes": { "tier": "gold" } })
    );
    assert_eq!((&empty["coupons"], &empty["events"], &empty["purchases"]), (&json!([]), &json!([]), &json!([])));
    let pool = app.pool(json!({ "name": "five", "type": "AMOUNT", "value": "5" }), &["A-1", "A-2", "A-3"]).await;
    app.claim(&pool, "ann").await;
    app.claim(&pool, "ben").await;
    let lines = json!([{ "productId": "shoe", "quantity": 1, "unitPrice": "50" }]);
    let order = |transaction: &str, by: &str, code: &str| {
        json!({ "transactionId": transaction, "customerId": by, "basket": { "currency": "EUR", "lines": lines },
            "coupons": [{ "code": code }] })
    };
    app.ok("checkoutComplete", order("t-1", "ann", "A-1")).await;
    app.ok("checkoutComplete", order("t-2", "ben", "A-2")).await;
    let found = file(&app, "ann").await;
    assert_eq!((&found["coupons"][0]["code"], &found["coupons"][0]["status"]), (&json!("A-1"), &json!("REDEEMED")));
    let events: Vec<_> = found["events"].as_array().expect("events").iter().map(|event| text(&event["type"])).collect();
    assert_eq!(events, ["COUPON_CLAIM", "COUPON_REDEEM"]);
    assert_eq!(found["purchases"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(
        (&found["purchases"][0]["transactionId"], &found["purchases"][0]["payable"]),
        (&json!("t-1"), &json!("45.00"))
    );
    assert!(!found.to_string().contains("ben"), "{found}");
    // By the id of the API as well; and of nobody there is none.
    let id = app.data("{ customer(id: \"ann\") { id } }", json!({})).await["customer"]["id"].clone();
    assert_eq!(file(&app, &text(&id)).await, found);
    assert_eq!(customer["externalId"], "ann");
    let unknown = app.client.get(format!("{}/customers/nobody/data.json", app.url)).bearer_auth(&app.key);
    assert_eq!(unknown.send().await.expect("an answer").status(), 404);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_exports_and_erases() {
    let folder = new_folder();
    let path = folder.path().parent().expect("a parent");
    let data = ["--database", "surrealkv://data"];
    let gateway = Gateway::start(scrip(path, &[&data[..], &["--listen", "127.0.0.1:0"]].concat())).await;
    let key = gateway.shown_key().expect("a key");
    let ask = async |query: &str| {
        let request = reqwest::Client::new().post(format!("{}/graphql", gateway.url)).bearer_auth(&key);
        let answer = request.json(&json!({ "query": query })).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    for id in ["ann/1 \u{e4}", "ben"] {
        ask(&format!("mutation {{ customerUpsert(input: {{customerId: \"{id}\"}}) {{ userErrors {{ code }} }} }}"))
            .await;
    }
    let on_gateway = |arguments: &[&str]| {
        let mut command = scrip(path, &[arguments, &["--url", &gateway.url]].concat());
        command.env("SCRIP_KEY", &key);
        command
    };
    let written = on_gateway(&["customer", "export", "ann/1 \u{e4}"]).output().await.expect("the binary");
    assert!(written.status.success(), "{written:?}");
    let found: Value = serde_json::from_slice(&written.stdout).expect("a JSON document");
    assert_eq!(found["customer"]["customerId"], "ann/1 \u{e4}");
    let erased = on_gateway(&["customer", "erase", "ann/1 \u{e4}"]).output().await.expect("the binary");
    assert!(erased.status.success(), "{erased:?}");
    let again = complaint(on_gateway(&["customer", "erase", "ann/1 \u{e4}"])).await;
    assert!(again.contains("no customer is known by this id"), "{again}");
    let verified = on_gateway(&["audit", "verify"]).output().await.expect("the binary");
    assert!(String::from_utf8_lossy(&verified.stdout).contains("the audit is whole"), "{verified:?}");
    gateway.stop().await;
    // The same of the folder.
    let stopped = |arguments: &[&str]| scrip(path, &[arguments, &data].concat());
    let written = stopped(&["customer", "export", "ben", "--output", "ben.json"]).output().await.expect("the binary");
    assert!(written.status.success(), "{written:?}");
    let text = std::fs::read_to_string(path.join("ben.json")).expect("a file");
    assert!(text.contains("\"customerId\":\"ben\""), "{text}");
    let erased = stopped(&["customer", "erase", "ben"]).output().await.expect("the binary");
    assert!(erased.status.success(), "{erased:?}");
    let gone = complaint(stopped(&["customer", "export", "ben"])).await;
    assert!(gone.contains("no customer is known"), "{gone}");
}
