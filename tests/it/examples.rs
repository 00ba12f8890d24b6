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
