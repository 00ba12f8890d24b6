//! The quickstart of examples/quickstart, run as a newcomer runs it: bash and curl against the real
//! server.

use std::path::Path;

use tokio::process::Command;

use crate::edge::binary::{Gateway, scrip};

/// Its script, over a gateway.
async fn run(gateway: &Gateway, key: &str) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/run.sh");
    let output = Command::new("bash").arg(script).env("SCRIP_URL", &gateway.url).env("SCRIP_KEY", key).output().await;
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
    let (failed, said) = run(&gateway, "not-the-key").await;
    assert!(!failed && said.contains("401"), "a wrong key ends it: {said}");
    let (good, said) = run(&gateway, &key).await;
    assert!(good, "{said}");
    assert!(said.contains("That was the first day."), "{said}");
    let (again, said) = run(&gateway, &key).await;
    assert!(!again && said.contains("has run here before"), "a second day on the same database: {said}");
    gateway.stop().await;
}
