//! Secrets: they reach the host that they are bound to and nobody else, not even the plugin that asks for them.

use scrip::plugins::{CodeRequest, Environment, HttpError, OperatorSettings, PluginKind, SecretSettings};

use serde_json::json;

use super::{
    ID, Sent, host,
    server::{Server, with_secret},
    setup,
};
use crate::plugins::{Setup, guest::asking, manifest, write_plugin};

const SECRET: &str = "s3cr3t/\"+&<x y";

/// The places where a secret may be.
const PLACES: [&str; 3] = ["header:authorization", "query:key", "json:/deep/0/key"];

fn more(server: &Server, place: &str) -> String {
    format!("hosts = ['{}']\n[secrets.api_key]\nin = '{place}'", server.host())
}

/// A request that has what stands for the secret wherever one may be.
fn everywhere(url: &str) -> Sent {
    Sent::get(&format!("{url}?key={{{{secret.api_key}}}}&a=b"))
        .header("authorization", "Bearer {{secret.api_key}}")
        .json("{\"deep\":[{\"key\":\"{{secret.api_key}}\"}],\"n\":1}")
}

#[tokio::test]
async fn a_secret_is_filled_in_where_the_manifest_says_and_nowhere_else() {
    let server = Server::start().await;
    for place in PLACES {
        let operator = with_secret(&server, Some(SECRET), &server.host());
        let host = host(&everywhere(&server.url("/ok")), 1, &more(&server, place), operator).await;
        let report = host.asks().await;
        assert_eq!(report.asked[0].answer.as_ref().map(|answer| answer.status), Ok(200));
        let asked = &server.asked()[0];
        let mark = "{{secret.api_key}}";
        let at = |own: &str| if own == place { SECRET } else { mark };
        let query = if place == "query:key" { "s3cr3t%2F%22%2B%26%3Cx+y" } else { mark };
        assert_eq!(asked.path, format!("/ok?key={query}&a=b"), "{place}");
        assert_eq!(asked.headers["authorization"], format!("Bearer {}", at("header:authorization")), "{place}");
        let body: serde_json::Value = serde_json::from_slice(&asked.body).expect("JSON");
        assert_eq!(body, json!({ "deep": [{ "key": at("json:/deep/0/key") }], "n": 1 }), "{place}");
        // What is shown of it has the mark, not the secret; what stands elsewhere is told to whoever tries it.
        assert!(!format!("{report:?}").contains("s3cr3t"), "{report:?}");
        assert!(report.asked[0].request.url.contains(mark));
        let strays = report.lines.iter().filter(|(_, line)| line.contains("is sent as it stands")).count();
        assert_eq!(strays, 2, "{place}: {:?}", report.lines);
    }
}

#[tokio::test]
async fn a_secret_that_comes_back_is_hidden_and_is_no_code() {
    let server = Server::start().await;
    for place in PLACES {
        let operator = with_secret(&server, Some(SECRET), &server.host());
        let host = host(&everywhere(&server.url("/echo")), 1, &more(&server, place), operator).await;
        let report = host.asks().await;
        let answer = report.asked[0].answer.as_ref().expect("an answer");
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(body.contains("[secret]"), "{place}: {body}");
        let in_header = answer.headers.iter().any(|(_, value)| value.contains("[secret]"));
        assert!(in_header || place.starts_with("json"), "{place}: {answer:?}");
        // The guest logs what it was given, and gives it as its code: that is none.
        let logged = &report.lines.last().expect("a line").1;
        assert!(logged.contains("[secret]"), "{logged}");
        let failure = report.answer.as_ref().expect_err("no code").to_string();
        assert_eq!(failure, "plugin partner gave an answer that does not fit: its code contains a secret");
        assert!(!format!("{report:?}").contains("s3cr3t"), "{report:?}");
        let asked = &server.asked()[0];
        let sent = format!("{} {:?} {}", asked.path, asked.headers, String::from_utf8_lossy(&asked.body));
        assert!(sent.contains("s3cr3t"), "it was sent: {sent}");
    }
}

/// A redirect that repeats the request is not followed, and shows no secret either.
#[tokio::test]
async fn a_redirect_shows_no_secret() {
    let server = Server::start().await;
    let operator = with_secret(&server, Some(SECRET), &server.host());
    let sent = Sent::get(&format!("{}?key={{{{secret.api_key}}}}", server.url("/back")));
    let host = host(&sent, 1, &more(&server, "query:key"), operator).await;
    let answer = host.answer().await.expect("an answer");
    assert_eq!(answer.status, 302);
    let location = answer.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.as_str());
    assert_eq!(location, Some("/back?key=[secret]"));
    assert_eq!(server.asked().len(), 1);
}

/// What callers write is sent as it stands, whatever it looks like.
#[tokio::test]
async fn a_customer_who_is_called_like_a_secret_gets_none() {
    let server = Server::start().await;
    let id = "http-callback";
    let operator = with_secret(&server, Some(SECRET), &server.host());
    let host = Setup::new().with_shipped(id).operator(id, operator).open().await;
    for name in ["a{{secret.api_key}}", "{{secret.", "{{secret.api_key}}", "{{secret.none}}"] {
        let mut request = CodeRequest { config: json!({ "url": server.url("/issue") }), ..CodeRequest::default() };
        request.customer.id = name.to_owned();
        assert!(host.plugins.issue(id, &request).await.is_ok_and(|issued| issued.is_ok()), "{name}");
        let body: serde_json::Value = serde_json::from_slice(&server.asked()[0].body).expect("JSON");
        assert_eq!((&body["customer"], &body["api_key"]), (&json!(name), &json!(SECRET)));
    }
}

#[tokio::test]
async fn a_secret_goes_nowhere_else() {
    let (server, other) = (Server::start().await, Server::start().await);
    let bound = |value: Option<&str>, host: Option<String>| OperatorSettings {
        hosts: vec![server.host(), other.host()],
        secrets: [("api_key".to_owned(), SecretSettings { value: value.map(str::to_owned), host })].into(),
        ..with_secret(&server, None, "")
    };
    let more = "hosts = ['*']\n[secrets.api_key]\nin = 'header:x-key'".to_owned();
    let table = "[plugin.partner.secrets.api_key] of Scrip's configuration file";
    let at = |server: &Server| Sent::get(&server.url("/ok")).header("x-key", "{{secret.api_key}}");
    let named = || at(&server);
    for (sent, operator, expected) in [
        (
            at(&other),
            bound(Some(SECRET), Some(server.host())),
            HttpError::Denied(format!(
                "secret api_key is bound to {}: it is not sent to {}",
                server.host(),
                other.host()
            )),
        ),
        // A name alone is good with encryption only.
        (
            named(),
            bound(Some(SECRET), Some("127.0.0.1".to_owned())),
            HttpError::Denied(format!("secret api_key is bound to 127.0.0.1: it is not sent to {}", server.host())),
        ),
        (
            named(),
            bound(Some(SECRET), None),
            HttpError::Denied(format!("secret api_key is bound to no host: set host in {table}")),
        ),
        (
            named(),
            bound(None, Some(server.host())),
            HttpError::Denied(format!(
                "secret api_key has no value: set value in {table}, or SCRIP_SECRET_PARTNER_API_KEY"
            )),
        ),
        (
            named(),
            bound(Some("s3cr3t\r\nx-injected: 1"), Some(server.host())),
            HttpError::Invalid("expected values of headers".to_owned()),
        ),
    ] {
        let host = host(&sent, 1, &more, operator).await;
        let report = host.asks().await;
        assert_eq!(report.asked[0].answer, Err(expected));
        assert!(!format!("{report:?}").contains("s3cr3t"));
    }
    assert!(server.asked().is_empty() && other.asked().is_empty());
}

#[tokio::test]
async fn a_secret_of_the_environment_is_one_plugins() {
    let server = Server::start().await;
    let sent = Sent::get(&server.url("/ok")).header("x-key", "{{secret.api_key}}");
    let mut setup = setup(&sent, 1, &more(&server, "header:x-key"), with_secret(&server, None, &server.host()));
    let variables = |name: &str| Environment([(name.to_owned(), "from-the-environment".to_owned())].into());
    setup.settings.environment = variables("SCRIP_SECRET_PARTNER_API_KEY");
    let host = setup.open().await;
    host.answer().await.expect("an answer");
    assert_eq!(server.asked()[0].headers["x-key"], "from-the-environment");
    // Another plugin whose id and secret make the same variable would get it, and send it where it likes.
    let mut setup = Setup::new();
    let code = asking(&sent, 1).source();
    for (id, name) in [("partner-api", "key"), (ID, "api_key")] {
        let text = manifest(
            id,
            PluginKind::Source,
            &format!("hosts = ['*']\n[secrets.{name}]\nin = 'header:x-key'\nhost = 'thief.example'"),
        );
        write_plugin(&setup.folder.path().join(id), &text, &code);
    }
    setup.settings.environment = variables("SCRIP_SECRET_PARTNER_API_KEY");
    let host = setup.open().await;
    for id in ["partner-api", ID] {
        let problem = host.problem(id);
        assert!(problem.starts_with("SCRIP_SECRET_PARTNER_API_KEY is the variable of a secret of"), "{problem}");
        assert!(!problem.contains("from-the-environment"));
    }
    host.good().await;
}
