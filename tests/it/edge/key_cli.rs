//! `scrip key` on a running gateway, over a real socket, and on its folder once it is stopped: the same keys by the same
//! ids.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use super::binary::{Gateway, complaint, scrip, viewer};

const DATABASE: [&str; 2] = ["--database", "surrealkv://data"];

/// Runs a command that has to succeed; what it says on standard output.
async fn said(mut command: Command) -> String {
    let output = command.output().await.expect("the binary");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The line of the key with a name, and its id.
fn line_of<'a>(listed: &'a str, name: &str) -> (&'a str, &'a str) {
    let words = format!("  {name}  ");
    let line = listed.lines().find(|line| line.contains(&words)).unwrap_or_else(|| panic!("no {name} in {listed}"));
    (line, line.split_whitespace().next().expect("an id"))
}

fn on_gateway(folder: &Path, gateway: &Gateway, key: &str, arguments: &[&str]) -> Command {
    let mut command = scrip(folder, arguments);
    command.env("SCRIP_URL", &gateway.url).env("SCRIP_KEY", key);
    command
}

async fn asked(gateway: &Gateway, key: &str, query: &str) -> Value {
    let request = reqwest::Client::new().post(format!("{}/graphql", gateway.url)).bearer_auth(key);
    let request = request.json(&json!({ "query": query }));
    request.send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_managed_on_a_running_gateway() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let gateway = Gateway::start(scrip(path, &["--listen", "127.0.0.1:0", DATABASE[0], DATABASE[1]])).await;
    let admin = gateway.shown_key().expect("a key");
    let run = |arguments: &[&str]| said(on_gateway(path, &gateway, &admin, arguments));
    let made =
        asked(&gateway, &admin, "mutation { userGroupCreate(input: {name: \"north\"}) { userGroup { id } } }").await;
    assert!(made["data"]["userGroupCreate"]["userGroup"]["id"].is_string(), "{made}");

    let create = ["key", "create", "--name", "till", "--role", "service", "--group", "north"];
    let more = ["--expires", "2100-01-01T00:00:00Z", "--requests", "600"];
    let till = run(&[&create[..], &more].concat()).await.trim().to_owned();
    assert_eq!(viewer(&gateway.url, &till).await, (200, json!({ "viewer": { "name": "till" } })));
    let groups = asked(&gateway, &till, "{ viewer { role groups { name } } }").await;
    assert_eq!(groups["data"]["viewer"], json!({ "role": "SERVICE", "groups": [{ "name": "north" }] }));
    let listed = run(&["key", "list"]).await;
    let (line, id) = line_of(&listed, "till");
    assert!(line.contains("  SERVICE  ") && line.contains("until 2100-01-01T00:00:00.000Z"), "{listed}");
    assert!(line.contains("600 requests a minute") && !line.contains("cost"), "{listed}");
    assert!(line.ends_with(&till[..10]) && !listed.contains(&till), "{listed}");

    // Both are good for a while, unless it is none.
    let second = run(&["key", "rotate", id, "--minutes", "60"]).await.trim().to_owned();
    assert_eq!((viewer(&gateway.url, &till).await.0, viewer(&gateway.url, &second).await.0), (200, 200));
    run(&["key", "revoke", id]).await;
    assert_eq!((viewer(&gateway.url, &till).await.0, viewer(&gateway.url, &second).await.0), (401, 200));

    for (arguments, says) in [
        (&["key", "revoke", "none"][..], "no key"),
        (&["key", "rotate", id], "revoked"),
        (&["key", "rotate", line_of(&listed, "admin").1, "--minutes", "43201"], "0 to 43200 minutes"),
        (&["key", "create", "--group", "south"], "no user group is called \"south\""),
        (&["key", "create", "--cost", "0"], "at least 1 a minute"),
        (&["key", "create", "--name", "  "], "the key's name is invalid"),
        (&["key", "create", "--expires", "2020-01-01T00:00:00Z"], "in the future"),
        (&["key", "revoke", line_of(&listed, "admin").1], "the last key of an ADMIN"),
    ] {
        let complained = complaint(on_gateway(path, &gateway, &admin, arguments)).await;
        assert!(complained.contains(says), "{arguments:?}: {complained}");
    }
    let by_service = complaint(on_gateway(path, &gateway, &second, &["key", "list"])).await;
    assert!(by_service.contains("MANAGE_KEYS"), "{by_service}");
    let by_nobody = complaint(on_gateway(path, &gateway, "wrong", &["key", "list"])).await;
    assert!(by_nobody.contains("does not know the key in SCRIP_KEY"), "{by_nobody}");
    let by_flag = ["key", "list", "--url", &gateway.url];
    assert!(complaint(scrip(path, &by_flag)).await.contains("SCRIP_KEY is not set"));

    // Whoever names a folder means it.
    let of_folder = on_gateway(path, &gateway, &admin, &["key", "list", DATABASE[0], DATABASE[1]]);
    assert!(complaint(of_folder).await.contains("in use"));
    let running = run(&["key", "list"]).await;
    gateway.stop().await;
    let stopped = said(scrip(path, &["key", "list", DATABASE[0], DATABASE[1]])).await;
    let ids =
        |listed: &str| listed.lines().filter_map(|line| line.split("  ").next().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!((ids(&stopped), ids(&stopped).len()), (ids(&running), 3), "{stopped}");
    assert!(line_of(&stopped, "till").0.contains("revoked"), "{stopped}");
}
