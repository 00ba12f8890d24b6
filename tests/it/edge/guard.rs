//! What a request is allowed: its cost, the schema, trusted documents alone, and pages of other sites.

use reqwest::{
    Method,
    header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, ORIGIN},
};
use scrip::{
    graphql::{Documents, Rules},
    http::Options,
};
use serde_json::{Value, json};

use super::{App, attacks::RESPONSE};

/// The SHA-256 of a text, as `sha256sum` prints it.
fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl App {
    async fn with_rules(rules: Rules) -> Self {
        Self::with(Options { rules, ..Options::default() }).await
    }

    /// Sends a body; the status, and the answer with its first error's code.
    async fn body(&self, body: Value) -> (u16, Value, String) {
        let (status, _, answer) = self.post(RESPONSE, body.to_string()).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
        (status.as_u16(), answer, code)
    }
}

#[tokio::test]
async fn the_cost_is_told_and_limited() {
    let app = App::with_rules(Rules { max_cost: 200, ..Rules::default() }).await;
    let page = |first: u32| json!({ "query": format!("{{ pools(first: {first}) {{ edges {{ node {{ id }} }} }} }}") });
    let (status, answer, _) = app.body(page(50)).await;
    assert_eq!((status, &answer["extensions"]["cost"]), (200, &json!({ "requested": 160, "limit": 200 })));
    let (status, answer, code) = app.body(page(100)).await;
    assert_eq!((status, code.as_str()), (400, "LIMIT_EXCEEDED"));
    assert_eq!(answer["extensions"]["cost"], json!({ "requested": 310, "limit": 200 }));
    let said = answer["errors"][0]["message"].as_str().expect("text");
    assert!(said.contains("310") && said.contains("200") && said.contains("smaller pages"), "{said}");
    let (_, answer, code) = app.body(json!({ "query": "{ nothing }" })).await;
    assert!(code == "DOCUMENT_INVALID" && answer["extensions"]["cost"]["requested"] == 11, "{answer}");
    app.is_well().await;
    // The books are audited by pages larger than this limit allows.
    app.stop().await;
}

#[tokio::test]
async fn errors_are_not_too_many() {
    let app = App::start().await;
    let wrong: String = (0..70).map(|number| format!("wrong{number} ")).collect();
    let (_, answer, _) = app.body(json!({ "query": format!("{{ viewer {{ {wrong} }} }}") })).await;
    assert_eq!(answer["errors"].as_array().expect("errors").len(), 20);
    assert_eq!(answer["extensions"]["errorsLeftOut"], 50);
    app.finish().await;
}

#[tokio::test]
async fn the_schema_may_be_kept_to_oneself() {
    let questions = [
        "{ __schema { types { name } } }",
        "{ __type(name: \"Coupon\") { name } }",
        "{ ...F } fragment F on Query { __schema { types { name } } }",
    ];
    let open = App::start().await;
    for question in questions {
        assert_eq!(open.body(json!({ "query": question })).await.0, 200, "{question}");
    }
    let said = open.body(json!({ "query": "{ viewe { name } }" })).await.1.to_string();
    assert!(said.contains("Did you mean"), "{said}");
    open.finish().await;
    let app = App::with_rules(Rules { introspection: false, ..Rules::default() }).await;
    for question in questions {
        let (status, answer, code) = app.body(json!({ "query": question })).await;
        assert_eq!((status, code.as_str(), answer.get("data")), (400, "FORBIDDEN", None), "{question}");
        assert!(answer.to_string().contains("introspection is off"), "{answer}");
        app.is_well().await;
    }
    for wrong in ["{ viewe { name } }", "{ coupon(i: 1) { id } }", "{ viewer { nam } }"] {
        let said = app.body(json!({ "query": wrong })).await.1.to_string();
        assert!(!said.contains("Did you mean"), "{said}");
    }
    let named = app.data("{ viewer { __typename } }", json!({})).await;
    assert_eq!(named["viewer"]["__typename"], "Viewer");
    app.finish().await;
}

#[tokio::test]
async fn trusted_documents_are_asked_for_by_hash() {
    let (text, other) = ("query Who { viewer { name } }\n", "{ viewer { id } }");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("who.graphql"), text).expect("a file");
    let documents = Documents::load(folder.path()).await.expect("documents");
    let (hash, unknown) = (sha256(text), sha256(other));
    let apollo = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let not_found = "PERSISTED_QUERY_NOT_FOUND";
    let alone = "PERSISTED_QUERY_ID_REQUIRED";
    for (documents_only, cases) in [
        (false, [(json!({ "query": other }), ""), (json!({ "query": other, "extensions": apollo(&unknown) }), "")]),
        (
            true,
            [(json!({ "query": other }), alone), (json!({ "query": other, "extensions": apollo(&unknown) }), alone)],
        ),
    ] {
        let app = App::with_rules(Rules { documents: documents.clone(), documents_only, ..Rules::default() }).await;
        for (body, expected) in [
            (json!({ "documentId": format!("sha256:{hash}") }), ""),
            (json!({ "documentId": format!("sha256:{}", sha256(text.trim())), "operationName": "Who" }), ""),
            (json!({ "extensions": apollo(&hash) }), ""),
            (json!({ "query": text, "extensions": apollo(&hash) }), ""),
            (json!({ "query": text }), ""),
            (json!({ "documentId": format!("sha256:{unknown}") }), not_found),
            (json!({ "documentId": "sha256:nonsense" }), not_found),
            (json!({ "extensions": apollo(&unknown) }), not_found),
        ]
        .into_iter()
        .chain(cases)
        {
            let (status, answer, code) = app.body(body.clone()).await;
            assert_eq!(code, expected, "{body} {documents_only}: {answer}");
            assert_eq!(
                (status, answer.get("data").is_some()),
                if expected.is_empty() { (200, true) } else { (400, false) }
            );
            if expected == not_found {
                assert_eq!(answer["errors"][0]["message"], "PersistedQueryNotFound", "what clients compare with");
            }
        }
        let get = app.client.get(format!("{}/graphql?documentId=sha256%3A{hash}", app.url)).bearer_auth(&app.key);
        let answer: Value =
            get.header("accept", "application/json").send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer["data"]["viewer"]["name"], "till");
        app.stop().await;
    }
    let app = App::start().await;
    let (_, _, code) = app.body(json!({ "extensions": apollo(&hash) })).await;
    assert_eq!(code, "PERSISTED_QUERY_NOT_SUPPORTED", "what lets clients give up hashes");
    let (_, _, code) = app.body(json!({ "query": other, "extensions": apollo(&hash) })).await;
    assert_eq!(code, "PERSISTED_QUERY_MISMATCH");
    app.finish().await;
}

#[tokio::test]
async fn pages_of_other_sites_do_not_ask() {
    let shop = "https://shop.example";
    let app = App::with(Options { origins: vec![shop.to_owned()], ..Options::default() }).await;
    let (graphql, export) = (format!("{}/graphql", app.url), format!("{}/pools/none/coupons.csv", app.url));
    let send = async |method: Method, url: &str, headers: &[(&str, &str)]| {
        let mut request =
            app.client.request(method.clone(), url).bearer_auth(&app.key).header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == Method::POST {
            request = request.json(&json!({ "query": "{ viewer { name } }" }));
        }
        let response = request.send().await.expect("an answer");
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        (response.status().as_u16(), header("access-control-allow-origin"), header("access-control-allow-headers"))
    };
    let query = format!("{graphql}?query=%7Bviewer%7Bname%7D%7D");
    let own = app.url.clone();
    for (headers, answered, shared) in [
        (&[][..], true, None),
        (&[("origin", own.as_str())], true, None),
        (&[("origin", shop), ("sec-fetch-site", "cross-site")], true, Some(shop.to_owned())),
        (&[("origin", "https://evil.example")], false, None),
        (&[("origin", "null")], false, None),
        (&[("sec-fetch-site", "cross-site")], false, None),
    ] {
        for (method, url, status) in
            [(Method::POST, &graphql, 200), (Method::GET, &query, 200), (Method::GET, &export, 404)]
        {
            let found = send(method.clone(), url, headers).await;
            assert_eq!(found.0, if answered { status } else { 403 }, "{method} {url} {headers:?}");
            assert_eq!(found.1, shared, "{method} {url} {headers:?}");
        }
    }
    let asks =
        [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization,content-type")];
    let preflight =
        async |origin: &str| send(Method::OPTIONS, &graphql, &[&asks[..], &[(ORIGIN.as_str(), origin)]].concat()).await;
    let (status, origin, headers) = preflight(shop).await;
    assert_eq!((status, origin.as_deref(), headers.as_deref()), (200, Some(shop), Some("authorization,content-type")));
    assert_eq!(preflight("https://evil.example").await.1, None);
    app.finish().await;
    let app = App::start().await;
    let answer = app
        .client
        .request(Method::OPTIONS, format!("{}/graphql", app.url))
        .header(ORIGIN, shop)
        .send()
        .await
        .expect("an answer");
    assert!(
        answer.status() == 405 && answer.headers().contains_key(ALLOW),
        "nothing is shared unless it is configured"
    );
    app.finish().await;
}

#[tokio::test]
async fn what_is_sent_in_another_shape_is_refused() {
    let app = App::start().await;
    let good = json!({ "query": "{ viewer { name } }" });
    let one = good.to_string();
    for (kind, encoding, body, status) in [
        (Some("text/plain"), None, one.clone(), 415),
        (Some("application/x-www-form-urlencoded"), None, "query=%7Bviewer%7Bname%7D%7D".to_owned(), 415),
        (Some("multipart/form-data; boundary=x"), None, "--x--".to_owned(), 415),
        (None, None, one.clone(), 415),
        (Some("application/json"), Some("gzip"), one.clone(), 415),
        (Some("application/json"), Some("br, identity"), one.clone(), 415),
        (Some("application/json"), None, json!([good, good]).to_string(), 400),
        (Some("application/json"), None, json!(["{ viewer { name } }"]).to_string(), 400),
        (Some("application/json"), None, json!({ "query": null }).to_string(), 400),
        (Some("application/json"), Some("identity"), one, 200),
    ] {
        let mut request = app.client.post(format!("{}/graphql", app.url)).bearer_auth(&app.key).body(body.clone());
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(encoding) = encoding {
            request = request.header(CONTENT_ENCODING, encoding);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "{kind:?} {encoding:?} {body}");
        let answer: Value = response.json().await.expect("JSON");
        assert_eq!(answer.get("errors").is_none(), status == 200, "{answer}");
        app.is_well().await;
    }
    app.finish().await;
}

#[tokio::test]
async fn what_looks_like_an_upload_is_a_text() {
    let app = App::start().await;
    let marker = "#__graphql_file__:0";
    let customer = app.ok("customerUpsert", json!({ "customerId": marker })).await;
    assert_eq!(customer["externalId"], marker);
    let found = app.data("query($id: ID) { customer(id: $id) { externalId } }", json!({ "id": marker })).await;
    assert_eq!(found["customer"]["externalId"], marker);
    let wrong = app.gql("query($n: Int) { pools(first: $n) { edges { cursor } } }", json!({ "n": marker })).await;
    assert!(wrong["errors"][0]["message"].is_string(), "{wrong}");
    app.is_well().await;
    app.finish().await;
}
