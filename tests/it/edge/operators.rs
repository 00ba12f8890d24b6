//! What operators meet: signals, names to listen on, variables of others, the log in both formats, and who may read the
//! files.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use super::binary::{Gateway, complaint, scrip, viewer};

const KEY: &str = "preset-by-the-test";

fn in_memory(folder: &Path, listen: &str) -> Command {
    let mut command = scrip(folder, &["--listen", listen, "--database", "mem://"]);
    command.env("SCRIP_ADMIN_KEY", KEY);
    command
}

#[tokio::test]
async fn a_hangup_ends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut gateway = Gateway::start(in_memory(folder.path(), "127.0.0.1:0")).await;
    for _ in 0..2 {
        gateway.signal("HUP").await;
        gateway.wait_for("SIGHUP is ignored").await;
    }
    assert_eq!(viewer(&gateway.url, KEY).await.0, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn a_name_is_listened_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start(in_memory(folder.path(), "localhost:0")).await;
    assert!(gateway.url.starts_with("http://127.0.0.1:"), "{}", gateway.url);
    let port = gateway.url.rsplit(':').next().expect("a port");
    assert_eq!(viewer(&format!("http://localhost:{port}"), KEY).await.0, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn variables_of_others_are_told_and_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = in_memory(folder.path(), "127.0.0.1:0");
    for (name, value) in [("SCRIP_SERVICE_HOST", "10.0.0.1"), ("SCRIP_PORT", "tcp://10.0.0.1:80"), ("SCRIP_LISTN", "x")]
    {
        command.env(name, value);
    }
    let gateway = Gateway::start(command).await;
    for text in ["SCRIP_SERVICE_HOST is not known", "SCRIP_PORT is not known", "did you mean SCRIP_LISTEN?"] {
        assert!(gateway.said.contains(text), "{text}: {}", gateway.said);
    }
    assert!(!gateway.said.contains("10.0.0.1"), "what is in them is nobody's business: {}", gateway.said);
    gateway.stop().await;
}

#[tokio::test]
async fn a_key_makes_no_database() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    for (database, words) in [
        ("surrealkv://nowhere/data", &["nowhere/data", "--database"][..]),
        ("surrealkv://empty", &["empty", "--database"]),
        ("mem://", &["mem://"]),
    ] {
        let said = complaint(scrip(folder.path(), &["key", "create", "--database", database])).await;
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "nothing was made: {left:?}");
    assert_eq!(std::fs::read_dir(folder.path().join("empty")).expect("a folder").count(), 0);
}

/// The next line about a request for a path that contains a text.
async fn line_of(gateway: &mut Gateway, text: &str) -> String {
    loop {
        let line = gateway.next_line().await.expect("a line");
        if line.contains("scrip::request") && line.contains(text) {
            return line;
        }
    }
}

#[tokio::test]
async fn a_line_tells_what_was_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut gateway = Gateway::start(in_memory(folder.path(), "127.0.0.1:0")).await;
    let (client, url) = (reqwest::Client::new(), format!("{}/graphql", gateway.url));
    let post = |query: &str| client.post(&url).bearer_auth(KEY).json(&json!({ "query": query }));
    let answer = post("query Who { viewer { name } }").send().await.expect("an answer").bytes().await.expect("it");
    let line = line_of(&mut gateway, "/graphql").await;
    for field in ["key=\"admin\"", "kind=\"query\"", "operation=\"Who\"", "cost=", "status=200"] {
        assert!(line.contains(field), "{field}: {line}");
    }
    assert!(line.contains(&format!("bytes={}", answer.len())), "{line}");
    let millis = line.split_once("millis=").and_then(|(_, rest)| rest.split(' ').next()).expect("milliseconds");
    assert!(millis.parse::<f64>().is_ok() && millis.split('.').nth(1).is_some_and(|part| part.len() <= 3), "{millis}");

    let refused = post("{ viewer { name } }").header("origin", "https://evil.example").send().await.expect("an answer");
    assert_eq!(refused.status(), 403);
    let line = line_of(&mut gateway, "/graphql").await;
    assert!(line.contains("refused_origin=\"https://evil.example\"") && !line.contains("key="), "{line}");

    let long = client.get(format!("{}/{}", gateway.url, "x".repeat(5_000))).send().await.expect("an answer");
    assert_eq!(long.status(), 404);
    let line = line_of(&mut gateway, "/xxx").await;
    assert_eq!(line.matches('x').count(), 199, "{line}");
    gateway.stop().await;
}

#[tokio::test]
async fn the_log_is_json_where_it_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scrip.toml");
    std::fs::write(&file, "log_format = 'json'\n").expect("a file");
    for by in ["flag", "environment", "file"] {
        let mut command = in_memory(folder.path(), "127.0.0.1:0");
        match by {
            "flag" => command.args(["--log-format", "json"]),
            "environment" => command.env("SCRIP_LOG_FORMAT", "json"),
            _ => command.arg("--config").arg(&file),
        };
        command.env("SCRIP_SERVICE_HOST", "x").env_remove("SCRIP_ADMIN_KEY");
        let mut child = command.spawn().expect("the binary");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let mut objects: Vec<Value> = Vec::new();
        let url = loop {
            let line = lines.next_line().await.expect("text").expect("it listens");
            objects.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")));
            let told = objects.last().and_then(|object| object["message"].as_str()).unwrap_or_default();
            if let Some((_, rest)) = told.split_once("Scrip listens on ") {
                break rest.split(' ').next().expect("an address").to_owned();
            }
        };
        assert!(objects.iter().any(|object| object["level"] == "WARN"), "{objects:?}");
        assert!(objects.iter().all(|object| object["timestamp"].is_string()), "{objects:?}");
        assert_eq!(viewer(&url, "wrong").await.0, 401);
        let line = loop {
            let line = lines.next_line().await.expect("text").expect("a line of the request");
            let object: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if object["target"] == "scrip::request" {
                break object;
            }
        };
        assert_eq!(
            (&line["status"], &line["path"], &line["method"]),
            (&json!(401), &json!("/graphql"), &json!("POST"))
        );
        assert!(line["millis"].is_number() && line["bytes"].is_number() && line.get("key").is_none(), "{line}");
        child.kill().await.expect("an end");
    }
}

/// Every file and folder below this one, with its mode.
fn modes(folder: &Path) -> Vec<(String, bool, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let about = entry.metadata().expect("a file");
        found.push((entry.path().display().to_string(), about.is_dir(), about.permissions().mode() & 0o777));
        if about.is_dir() {
            found.extend(modes(&entry.path()));
        }
    }
    found
}

#[tokio::test]
async fn files_are_their_owners_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |arguments: &str| {
        let mut command = Command::new("sh");
        let script = format!("umask 0; exec \"$0\" {arguments} --database surrealkv://deep/data");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_scrip")]).current_dir(folder.path());
        command.env("SCRIP_ADMIN_KEY", KEY).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let gateway = Gateway::start(open("--listen 127.0.0.1:0 --backup-folder backups")).await;
    let client = reqwest::Client::new().post(format!("{}/graphql", gateway.url)).bearer_auth(KEY);
    let query = "mutation { poolCreate(input: { name: \"a\", externalId: \"the-pool\", source: UPLOADED, type: FREE_SHIPPING }) \
                 { userErrors { message } } }";
    let answer: Value =
        client.json(&json!({ "query": query })).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["data"]["poolCreate"]["userErrors"], json!([]), "{answer}");
    gateway.stop().await;
    for arguments in ["backup a.backup", "restore a.backup restored", "salvage saved", "export the-pool --output a.csv"]
    {
        let output = open(arguments).output().await.expect("the binary");
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let found = modes(folder.path());
    assert!(found.len() > 20, "{found:?}");
    for (path, is_folder, mode) in found {
        assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "{path}: {mode:o}");
    }
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_on_a_stopped_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = ["--database", "surrealkv://data"];
    let gateway = Gateway::start(scrip(folder.path(), &["--listen", "127.0.0.1:0", database[0], database[1]])).await;
    gateway.stop().await;
    let run = async |arguments: &[&str]| {
        let output = scrip(folder.path(), arguments).args(database).output().await.expect("an end");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    let (_, said) = run(&["key", "create", "--name", "eye", "--role", "viewer"]).await;
    let secret = said.split_whitespace().find(|word| word.starts_with("scrip_")).expect("a key").to_owned();
    let (_, listed) = run(&["key", "list"]).await;
    let of = |name: &str, listed: &str| listed.lines().find(|line| line.contains(name)).expect("a line").to_owned();
    let line = of("eye", &listed);
    assert!(line.contains("VIEWER") && line.ends_with(&secret[..10]) && line.contains("good"), "{listed}");
    let id = line.split_whitespace().next().expect("an id");
    assert!(run(&["key", "revoke", id]).await.0);
    assert!(of("eye", &run(&["key", "list"]).await.1).contains("revoked"));
    let admin = of("admin", &listed);
    let (done, said) = run(&["key", "revoke", admin.split_whitespace().next().expect("an id")]).await;
    assert!(!done && said.contains("the last key of an ADMIN"), "{said}");
    let (done, said) = run(&["key", "create", "--expires", "2020-01-01T00:00:00Z"]).await;
    assert!(!done && said.contains("in the future"), "{said}");
}
