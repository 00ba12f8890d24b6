//! The shipped plugin http-callback against a real server: exactly the request and the answer of the manual's
//! remote source.

use scrip::plugins::{CodeRequest, IssuedCode, PluginPool, PluginValue, SourceRefusal};
use serde_json::{Value, json};

use super::server::{Server, with_secret};
use crate::plugins::{Host, Setup};

const ID: &str = "http-callback";
const KEY: &str = "DEMODEMODEMOSDJDSIFDKDF";

async fn host(server: &Server) -> Host {
    Setup::new().with_shipped(ID).operator(ID, with_secret(server, Some(KEY), &server.host())).open().await
}

fn request(server: &Server, path: &str, value: PluginValue, fields: Option<Value>) -> CodeRequest {
    let mut config = json!({ "url": server.url(path) });
    if let Some(fields) = fields {
        config["fields"] = fields;
    }
    let mut request = CodeRequest { idempotency_key: "claim-1".to_owned(), config, ..CodeRequest::default() };
    request.pool = PluginPool { value, ..request.pool };
    request.customer.id = "53626328374843843".to_owned();
    request
}

#[tokio::test]
async fn it_asks_as_the_manual_says() {
    let server = Server::start().await;
    let host = host(&server).await;
    let amount = |text: &str| PluginValue::Amount { amount: text.to_owned(), currency: Some("EUR".to_owned()) };
    for (value, fields, kind, percentage, worth) in [
        (PluginValue::Percentage { percentage: "20".to_owned() }, None, "percentage", json!("20"), json!("20")),
        (amount("12.50"), None, "amount", json!("0"), json!("12.50")),
        (PluginValue::FreeShipping, None, "free_shipping", json!("0"), json!("0")),
        (
            PluginValue::GiftCard { amount: "50.00".to_owned(), currency: None },
            None,
            "gift_card",
            json!("0"),
            json!("50.00"),
        ),
        (
            PluginValue::FreeShipping,
            Some(json!({ "campaign": "spring", "n": [1] })),
            "free_shipping",
            json!("0"),
            json!("0"),
        ),
    ] {
        let mut expected = json!({
            "api_key": KEY, "coupon_percentage": percentage, "value": worth, "customer": "53626328374843843", "type": kind,
        });
        if kind == "amount" {
            expected["currency"] = json!("EUR");
        }
        if let Some(fields) = fields.as_ref().and_then(Value::as_object) {
            expected.as_object_mut().expect("an object").extend(fields.clone());
        }
        let answer = host.plugins.issue(ID, &request(&server, "/issue", value, fields)).await;
        assert_eq!(answer, Ok(Ok(IssuedCode { code: "FROM-PARTNER".to_owned(), expires_at: None })));
        let asked = server.asked();
        assert_eq!(asked.len(), 1);
        let arrived = &asked[0];
        assert_eq!((arrived.method.as_str(), arrived.path.as_str()), ("POST", "/issue"));
        assert_eq!(arrived.headers["content-type"], "application/json");
        assert_eq!(arrived.headers["idempotency-key"], "claim-1");
        assert_eq!(arrived.headers["user-agent"], "scrip-plugin/http-callback");
        assert_eq!(serde_json::from_slice::<Value>(&arrived.body).expect("JSON"), expected);
    }
}

#[tokio::test]
async fn what_is_no_code_is_told_without_the_key() {
    let server = Server::start().await;
    let host = host(&server).await;
    for path in ["/broken", "/echo", "/redirect", "/large", "/packed"] {
        let answer = host.plugins.issue(ID, &request(&server, path, PluginValue::FreeShipping, None)).await;
        let text = format!("{answer:?}");
        assert!(
            matches!(answer, Ok(Err(SourceRefusal::Unavailable(_) | SourceRefusal::Misconfigured(_)))),
            "{path}: {text}"
        );
        assert!(!text.contains(KEY), "{path}: {text}");
        host.plugins.reload(ID).await.expect("known");
    }
}
