//! The examples, run as a newcomer runs them: bash and curl against the real server.

use std::path::Path;

use tokio::process::Command;

use crate::edge::binary::{Gateway, scrip};

/// The script of an example, in a folder and over a gateway.
async fn run(example: &str, folder: &Path, gateway: &Gateway, key: &str) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example).join("run.sh");
    let mut command = Command::new("bash");
    command.arg(script).current_dir(folder).env("SCRIP_URL", &gateway.url).env("SCRIP_KEY", key);
    let output = command.output().await;
    let output = output.expect("bash starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

#[tokio::test]
async fn a_first_day() {
    for tool in ["bash", "curl", "awk", "sed"] {
        let found = Command::new(tool).arg("--version").output().await;
        assert!(found.is_ok(), "the quickstart needs {tool}: install it (apt-get install {tool})");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start(scrip(folder.path(), &["--listen", "127.0.0.1:0", "--database", "mem://"])).await;
    let key = gateway.shown_key().expect("a key");
    let (failed, said) = run("quickstart", folder.path(), &gateway, "not-the-key").await;
    assert!(!failed && said.contains("401"), "a wrong key ends it: {said}");
    let (good, said) = run("quickstart", folder.path(), &gateway, &key).await;
    assert!(good, "{said}");
    assert!(said.contains("That was the first day."), "{said}");
    let (again, said) = run("quickstart", folder.path(), &gateway, &key).await;
    assert!(!again && said.contains("has run here before"), "a second day on the same database: {said}");
    gateway.stop().await;
}

/// What a page tells its reader to ask, in its order.
fn told(page: &str) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect("a page");
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block);
    blocks.filter(|block| block.contains("ask '")).collect()
}

/// The same as a script for another gateway. What a reader copies, the key and the id of a pool, is filled in.
fn as_a_script(told: &str, url: &str) -> String {
    let mut script = "set -euo pipefail\n".to_owned();
    for line in told.replace("http://127.0.0.1:8080", url).lines() {
        if line.starts_with("POOL=") {
            script.push_str("POOL=$(grep -o '\"id[.][^\"]*' said | tail -n 1 | tr -d '\"')");
        } else if line.starts_with("ask '") {
            script.push_str(line);
            script.push_str(" | tee -a said");
        } else if !line.starts_with("export KEY=") {
            script.push_str(line);
        }
        script.push('\n');
    }
    script
}

#[tokio::test]
async fn what_pages_tell_to_ask_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let plugin = folder.path().join("plugins/first-purchase");
    std::fs::create_dir_all(&plugin).expect("a folder");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/first-purchase");
    for file in ["plugin.toml", "first-purchase.wasm"] {
        std::fs::copy(shipped.join(file), plugin.join(file)).expect("a copy");
    }
    let gateway = Gateway::start(scrip(folder.path(), &["--listen", "127.0.0.1:0", "--database", "mem://"])).await;
    let key = gateway.shown_key().expect("a key");
    let asked: String = ["README.md", "docs/codes.md", "docs/plugins.md"].into_iter().map(told).collect();
    let script = as_a_script(&asked, &gateway.url);
    let mut command = Command::new("bash");
    let output = command.args(["-c", &script]).current_dir(folder.path()).env("KEY", &key).output().await;
    let output = output.expect("bash starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("\"errors\"") && !said.contains("\"userErrors\":[{"), "{said}");
    for expected in ["\"CLAIMED\"", "\"payable\":\"17.91\"", "\"REDEEMED\"", "\"bulkLimit\"", "\"allowed\":false"] {
        assert!(said.contains(expected), "{expected} is in no answer: {said}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_hundred_million_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start(scrip(folder.path(), &["--listen", "127.0.0.1:0", "--database", "mem://"])).await;
    let key = gateway.shown_key().expect("a key");
    let (good, said) = run("bulk", folder.path(), &gateway, &key).await;
    assert!(good && said.contains("\"total\":100000000"), "{said}");
    let file = std::fs::read_to_string(folder.path().join("claimed.csv")).expect("a file");
    assert_eq!(file.lines().count(), 3, "a header, the claimed one and the invalid one: {file}");
    let (again, said) = run("bulk", folder.path(), &gateway, &key).await;
    assert!(!again && said.contains("PATTERN_NOT_UNIQUE"), "a second pool of the same pattern: {said}");
    gateway.stop().await;
}
