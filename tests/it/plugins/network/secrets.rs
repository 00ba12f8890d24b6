//! Secrets: they reach the host that they are bound to and nobody else, not even the plugin that asks for them.

use scrip::plugins::{Environment, HttpError, OperatorSettings, PluginKind, SecretSettings};

use super::{
    ID, Sent, host,
    server::{Server, with_secret},
    setup,
};
use crate::plugins::{Setup, guest::asking, manifest, write_plugin};

const SECRET: &str = "s3cr3t/\"+&<x y";

fn more(server: &Server) -> String {
    format!("hosts = ['{}']\n[secrets]\napi_key = ''", server.host())
}

/// A request that has the secret wherever one may be.
fn everywhere(url: &str) -> Sent {
    Sent::get(&format!("{url}?key={{{{secret.api_key}}}}&a=b"))
        .header("authorization", "Bearer {{secret.api_key}}")
        .json("{\"deep\":[{\"key\":\"{{secret.api_key}}\"}],\"n\":1}")
}

#[tokio::test]
async fn a_secret_is_filled_in_on_the_way_out() {
    let server = Server::start().await;
    let host =
        host(&everywhere(&server.url("/ok")), 1, &more(&server), with_secret(&server, Some(SECRET), &server.host()))
            .await;
    let report = host.asks().await;
    assert_eq!(report.asked[0].answer.as_ref().map(|answer| answer.status), Ok(200));
    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/ok?key=s3cr3t%2F%22%2B%26%3Cx+y&a=b");
    assert_eq!(asked.headers["authorization"], format!("Bearer {SECRET}"));
    let body: serde_json::Value = serde_json::from_slice(&asked.body).expect("JSON");
    assert_eq!(body, serde_json::json!({ "deep": [{ "key": SECRET }], "n": 1 }));
    // What is shown of it has the place, not the secret.
    assert!(!format!("{report:?}").contains("s3cr3t"), "{report:?}");
    assert!(report.asked[0].request.url.contains("{{secret.api_key}}"));
}

#[tokio::test]
async fn a_secret_that_is_echoed_is_hidden() {
    let server = Server::start().await;
    let host =
        host(&everywhere(&server.url("/echo")), 1, &more(&server), with_secret(&server, Some(SECRET), &server.host()))
            .await;
    let report = host.asks().await;
    let answer = report.asked[0].answer.as_ref().expect("an answer");
    let header = |name: &str| answer.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    assert_eq!(header("x-echo-authorization"), Some("Bearer [secret]"));
    assert_eq!(header("x-path"), Some("/echo?key=[secret]&a=b"));
    let body = String::from_utf8_lossy(&answer.body);
    assert!(
        body.contains("Bearer [secret]") && body.contains("\"key\":\"[secret]\"") && body.contains("key=[secret]&"),
        "{body}"
    );
    // The guest logs what it was given, and gives it as its code.
    let logged = &report.lines.first().expect("a line").1;
    assert!(logged.contains("[secret]"), "{logged}");
    let issued = report.answer.as_ref().expect("an answer").as_ref().expect("a code");
    assert!(issued.code.contains("[secret]"));
    assert!(!format!("{report:?}").contains("s3cr3t"), "{report:?}");
    assert!(String::from_utf8_lossy(&server.asked()[0].body).contains("s3cr3t"), "it was sent");
}

#[tokio::test]
async fn a_secret_goes_nowhere_else() {
    let (server, other) = (Server::start().await, Server::start().await);
    let bound = |value: Option<&str>, host: Option<String>| OperatorSettings {
        hosts: vec![server.host(), other.host()],
        secrets: [("api_key".to_owned(), SecretSettings { value: value.map(str::to_owned), host })].into(),
        ..with_secret(&server, None, "")
    };
    let more = "hosts = ['*']\n[secrets]\napi_key = ''".to_owned();
    let table = "[plugin.partner.secrets.api_key] of Scrip's configuration file";
    let named = |name: &str| Sent::get(&server.url("/ok")).header("x-key", &format!("{{{{secret.{name}}}}}"));
    for (sent, operator, expected) in [
        (
            everywhere(&other.url("/ok")),
            bound(Some(SECRET), Some(server.host())),
            HttpError::Denied(format!(
                "secret api_key is bound to {}: it is not sent to {}",
                server.host(),
                other.host()
            )),
        ),
        // A name alone is good with encryption only.
        (
            named("api_key"),
            bound(Some(SECRET), Some("127.0.0.1".to_owned())),
            HttpError::Denied(format!("secret api_key is bound to 127.0.0.1: it is not sent to {}", server.host())),
        ),
        (
            named("api_key"),
            bound(Some(SECRET), None),
            HttpError::Denied(format!("secret api_key is bound to no host: set host in {table}")),
        ),
        (
            named("api_key"),
            bound(None, Some(server.host())),
            HttpError::Denied(format!(
                "secret api_key has no value: set value in {table}, or SCRIP_SECRET_PARTNER_API_KEY"
            )),
        ),
        (
            named("other"),
            bound(Some(SECRET), Some(server.host())),
            HttpError::Invalid("secret other is not named: add it to [secrets] in plugin.toml".to_owned()),
        ),
        (
            named("api_key"),
            bound(Some("s3cr3t\r\nx-injected: 1"), Some(server.host())),
            HttpError::Invalid("expected values of headers".to_owned()),
        ),
        (
            Sent {
                body: Some("key={{secret.api_key}}".to_owned()),
                method: "POST".to_owned(),
                ..Sent::get(&server.url("/ok"))
            },
            bound(Some(SECRET), Some(server.host())),
            HttpError::Invalid("a body with a secret has to be JSON".to_owned()),
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
    let mut setup = setup(&sent, 1, &more(&server), with_secret(&server, None, &server.host()));
    let variables = |name: &str| Environment([(name.to_owned(), "from-the-environment".to_owned())].into());
    setup.settings.environment = variables("SCRIP_SECRET_PARTNER_API_KEY");
    let host = setup.open().await;
    host.answer().await.expect("an answer");
    assert_eq!(server.asked()[0].headers["x-key"], "from-the-environment");
    // Another plugin whose id and secret make the same variable would get it, and send it where it likes.
    let mut setup = Setup::new();
    let code = asking(&sent, 1).source();
    for (id, name) in [("partner-api", "key"), (ID, "api_key")] {
        let text = manifest(id, PluginKind::Source, &format!("hosts = ['*']\n[secrets]\n{name} = 'thief.example'"));
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
