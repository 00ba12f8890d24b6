//! What strangers send: each is answered at once, in the shape that the specification wants, and disturbs
//! nothing else.

use std::time::Duration;

use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, ALLOW, CONTENT_TYPE},
};
use serde_json::{Value, json};

use super::App;

/// No answer of these takes as long; it is a bound of the test's patience, not a measurement.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) const RESPONSE: &str = "application/graphql-response+json";

impl App {
    /// Nothing is disturbed: the next query is answered.
    pub(super) async fn is_well(&self) {
        assert_eq!(self.data("{ viewer { name } }", json!({})).await["viewer"]["name"], "till");
    }

    pub(super) async fn post(&self, accept: &str, body: String) -> (StatusCode, String, Value) {
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(&self.key).timeout(PATIENCE);
        let request = request.header(CONTENT_TYPE, "application/json").header(ACCEPT, accept).body(body);
        let response = request.send().await.expect("an answer in time");
        let media = response.headers()[CONTENT_TYPE].to_str().expect("text").to_owned();
        (response.status(), media, response.json().await.expect("JSON"))
    }
}

#[tokio::test]
async fn documents_that_cost_too_much_are_refused() {
    let app = App::start().await;
    let mut bomb = "{ viewer { ...F0 } } ".to_owned();
    for number in 0..20 {
        bomb.push_str(&format!("fragment F{number} on Viewer {{ {} }} ", format!("...F{} ", number + 1).repeat(8)));
    }
    bomb.push_str("fragment F20 on Viewer { name }");
    let several: String = (0..50).map(|number| format!("query Q{number} {{ viewer {{ ...F0 }} }} ")).collect();
    let several = bomb.replace("{ viewer { ...F0 } } ", &several);
    let aliases = |number: usize| (0..number).map(|alias| format!("a{alias}: viewer {{ name }} ")).collect::<String>();
    let page = |of: &str, inner: &str| format!("{of}(first: 2147483647) {{ edges {{ node {{ {inner} }} }} }}");
    let pages = page("pools", &page("coupons", &page("events", "id")));
    for (name, document, code) in [
        ("a fragment bomb", bomb, "LIMIT_EXCEEDED"),
        ("one through several operations", several, "LIMIT_EXCEEDED"),
        ("fields 50,000 deep", format!("{{ {}a{} }}", "a { ".repeat(50_000), " }".repeat(50_000)), "LIMIT_EXCEEDED"),
        (
            "lists 50,000 deep",
            format!("{{ nodes(ids: {}{}) }}", "[".repeat(50_000), "]".repeat(50_000)),
            "LIMIT_EXCEEDED",
        ),
        (
            "types 50,000 deep",
            format!("query($a: {}ID{}) {{ viewer {{ id }} }}", "[".repeat(50_000), "]".repeat(50_000)),
            "LIMIT_EXCEEDED",
        ),
        ("1,000 aliases", format!("{{ {} }}", aliases(1_000)), "LIMIT_EXCEEDED"),
        ("20,000 directives", format!("{{ viewer {{ name {} }} }}", "@nope ".repeat(20_000)), "LIMIT_EXCEEDED"),
        ("an unknown directive", "{ viewer { name @nope } }".to_owned(), "DOCUMENT_INVALID"),
        (
            "a fragment that spreads itself",
            "{ viewer { ...F } } fragment F on Viewer { ...F }".to_owned(),
            "DOCUMENT_INVALID",
        ),
        ("a name of a megabyte", format!("{{ {} }}", "a".repeat(1_000_000)), "LIMIT_EXCEEDED"),
        ("huge pages, three deep", format!("{{ {pages} }}"), "LIMIT_EXCEEDED"),
        (
            "huge pages by a variable",
            format!("query($n: Int = 2147483647) {{ {} }}", pages.replace("2147483647", "$n")),
            "LIMIT_EXCEEDED",
        ),
        (
            "a schema that goes round",
            format!("{{ __schema {{ types {{ {}name{} }} }} }}", "fields { type { ".repeat(8), " } }".repeat(8)),
            "LIMIT_EXCEEDED",
        ),
    ] {
        let (status, _, answer) = app.post(RESPONSE, json!({ "query": document }).to_string()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{name}: {answer:.300}");
        assert_eq!((status, answer.get("data")), (StatusCode::BAD_REQUEST, None), "{name}");
        app.is_well().await;
    }
    let fields = format!("{{ viewer {{ {} }} }}", "name ".repeat(500));
    let (status, _, answer) = app.post(RESPONSE, json!({ "query": fields }).to_string()).await;
    assert_eq!(
        (status, &answer["data"]["viewer"]["name"]),
        (StatusCode::OK, &json!("till")),
        "500 times the same field"
    );
    app.finish().await;
}

#[tokio::test]
async fn answers_are_what_the_client_accepts() {
    let app = App::start().await;
    let good = json!({ "query": "{ viewer { name } }" }).to_string();
    let wrong = json!({ "query": "{ nothing }" }).to_string();
    for (accept, body, status, media, has_data) in [
        ("*/*", &good, 200, "application/json; charset=utf-8", true),
        ("application/json", &wrong, 200, "application/json; charset=utf-8", false),
        (RESPONSE, &good, 200, "application/graphql-response+json; charset=utf-8", true),
        (RESPONSE, &wrong, 400, "application/graphql-response+json; charset=utf-8", false),
        ("text/html", &good, 406, "application/json", false),
    ] {
        let (found, kind, answer) = app.post(accept, body.clone()).await;
        assert_eq!((found.as_u16(), kind.as_str()), (status, media), "{accept} {body}");
        assert_eq!((answer.get("data").is_some(), answer.get("errors").is_none()), (has_data, has_data), "{answer}");
    }
    let (status, _, answer) = app.post(RESPONSE, "[{\"query\":\"{ viewer { name } }\"}]".to_owned()).await;
    assert_eq!(status, 400, "no batches: {answer}");
    app.finish().await;
}

#[tokio::test]
async fn a_get_only_reads() {
    let app = App::start().await;
    let get = async |query: &str, accept: &str| {
        let request =
            app.client.get(format!("{}/graphql?{query}", app.url)).bearer_auth(&app.key).header(ACCEPT, accept);
        let response = request.send().await.expect("an answer");
        let allow = response.headers().get(ALLOW).map(|allow| allow.to_str().expect("text").to_owned());
        (response.status().as_u16(), allow, response.text().await.expect("text"))
    };
    let json = "application/json";
    let (status, _, text) = get("query=%7Bviewer%7Bname%7D%7D", json).await;
    assert!(status == 200 && text.contains("\"till\""), "{text}");
    let named = "query=query%20A(%24c%3A%20String!)%7BcouponsByCode(code%3A%20%24c)%7Bedges%7Bcursor%7D%7D%7D&operationName=A&variables=%7B%22c%22%3A%22x%22%7D";
    assert_eq!(get(named, json).await.0, 200);
    let mutation = "query=mutation%7BsettingsUpdate(input%3A%7BautoRedeem%3Atrue%7D)%7Bsettings%7BautoRedeem%7D%7D%7D";
    let (status, allow, _) = get(mutation, json).await;
    assert_eq!((status, allow.as_deref()), (405, Some("POST")));
    let settings = app.data("{ settings { autoRedeem } }", json!({})).await;
    assert_eq!(settings["settings"]["autoRedeem"], false, "nothing was changed");
    for (query, status) in [("", 400), ("query=%7Bviewer%7Bname%7D%7D&variables=nonsense", 400), ("query=%7B", 200)] {
        assert_eq!(get(query, json).await.0, status, "{query}");
    }
    assert!(get("", "text/html,*/*").await.2.contains("<html"), "a browser gets the explorer");
    let put = app.client.request(Method::PUT, format!("{}/graphql", app.url)).send().await.expect("an answer");
    let allow = put.headers()[ALLOW].to_str().expect("text").to_owned();
    assert!(put.status() == 405 && allow.contains("GET") && allow.contains("POST"), "{allow}");
    app.finish().await;
}
