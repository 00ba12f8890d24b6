//! The routes beside the schema's own answers: health, the explorer, request ids, and requests that
//! are not executed.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use super::App;

#[tokio::test]
async fn health_explorer_and_request_ids() {
    let app = App::start().await;
    let get = async |path: &str| {
        let response = app.client.get(format!("{}{path}", app.url)).send().await.expect("an answer");
        let id = response.headers().get("x-request-id").expect("a request id").to_str().expect("text").to_owned();
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().expect("text").to_owned());
        (response.status().as_u16(), id, kind.unwrap_or_default(), response.text().await.expect("text"))
    };
    let mut ids = Vec::new();
    for (path, status, content) in
        [("/healthz", 200, "ok"), ("/readyz", 200, "ready"), ("/", 200, "<html"), ("/graphql", 200, "<html"), ("/nope", 404, "")]
    {
        let (found, id, kind, text) = get(path).await;
        assert_eq!(found, status, "{path}");
        assert!(text.contains(content), "{path}: {text}");
        if content == "<html" {
            assert!(kind.starts_with("text/html"), "{path}: {kind}");
            for elsewhere in ["src=\"http", "href=\"http", "src='http", "//cdn", "@import"] {
                assert!(!text.contains(elsewhere), "the explorer works offline: {elsewhere}");
            }
        }
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "each request has an id of its own");
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_executed_says_why() {
    let app = App::start().await;
    let good = json!({ "query": "mutation { customerUpsert(input: { customerId: \"ann\" }) { customer { id } } }" }).to_string();
    let bearer = format!("Bearer {}", app.key);
    let (json_type, text) = ("application/json", "text/plain");
    let huge = format!("{{\"query\":\"{}\"}}", "a".repeat(10 * 1024 * 1024));
    for (key, kind, body, status) in [
        (None, Some(json_type), good.as_str(), 401),
        (Some("Bearer wrong"), Some(json_type), good.as_str(), 401),
        (Some("Bearer "), Some(json_type), good.as_str(), 401),
        (Some(app.key.as_str()), Some(json_type), good.as_str(), 401),
        (Some("Basic YTpi"), Some(json_type), good.as_str(), 401),
        (None, Some(json_type), huge.as_str(), 401),
        (Some(&bearer), None, good.as_str(), 415),
        (Some(&bearer), Some(text), good.as_str(), 415),
        (Some(&bearer), Some("application/x-www-form-urlencoded"), good.as_str(), 415),
        (Some(&bearer), Some(json_type), "", 400),
        (Some(&bearer), Some(json_type), "nonsense", 400),
        (Some(&bearer), Some(json_type), "[]", 400),
        (Some(&bearer), Some(json_type), "{}", 400),
        (Some(&bearer), Some(json_type), "{\"query\": 5}", 400),
        (Some(&bearer), Some(json_type), "{\"query\": \"{ viewer { id } }\", \"variables\": []}", 400),
        (Some(&bearer), Some(json_type), "{\"query\": \"\u{1}\"}", 400),
        (Some(&bearer), Some(json_type), huge.as_str(), 413),
    ] {
        let mut request = app.client.post(format!("{}/graphql", app.url)).body(body.to_owned());
        request = key.map_or(request.try_clone().expect("a request"), |key| request.header(AUTHORIZATION, key));
        let request = kind.map_or(request.try_clone().expect("a request"), |kind| request.header(CONTENT_TYPE, kind));
        let response = request.send().await.expect("an answer");
        let start: String = body.chars().take(40).collect();
        assert_eq!(response.status(), status, "{key:?} {kind:?} {start}");
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401);
        let answer: Value = response.json().await.expect("JSON");
        assert!(answer["errors"][0]["message"].is_string(), "{answer}");
        assert!(!answer.to_string().contains(&app.key));
    }
    let not_utf8 = app.client.post(format!("{}/graphql", app.url)).bearer_auth(&app.key).header(CONTENT_TYPE, json_type);
    assert_eq!(not_utf8.body(vec![b'"', 0xff, b'"']).send().await.expect("an answer").status(), 400);
    assert_eq!(app.data("{ customer(id: \"ann\") { id } }", json!({})).await["customer"], Value::Null, "nothing was done");
    let with_charset = app.client.post(format!("{}/graphql", app.url)).header(AUTHORIZATION, format!("bearer {}", app.key));
    let with_charset = with_charset.header(CONTENT_TYPE, "Application/JSON; charset=utf-8").body(good);
    assert_eq!(with_charset.send().await.expect("an answer").status(), 200);
    app.finish().await;
}
