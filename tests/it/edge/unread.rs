//! Logs that nobody reads or takes: they cost lines, and nothing else.

use std::{fs::File, process::Stdio, time::Duration};

use serde_json::json;
use tokio::time::timeout;

use super::binary::{Gateway, scrip};
use crate::support::process::TestChild;

const KEY: &str = "preset-by-the-test";
/// How many requests are made: their lines are more than a pipe and the buffer hold.
const REQUESTS: u64 = 4_000;
/// A line of the log that says what was asked for: a long one.
const PATH: usize = 400;
/// How long anything may take that nothing holds up.
const SOON: Duration = Duration::from_secs(40);

async fn gateway(folder: &std::path::Path) -> Gateway {
    let mut command = scrip(folder, &["--listen", "127.0.0.1:0", "--database", "surrealkv://data"]);
    command.env("SCRIP_ADMIN_KEY", KEY);
    Gateway::start(command).await
}

/// Asks much, and changes something at last.
async fn ask(url: &str) {
    let client = reqwest::Client::new();
    let path = "x".repeat(PATH);
    for number in 0..REQUESTS / 4 {
        let asked = (0..4).map(|part| client.get(format!("{url}/{path}-{number}-{part}")).send());
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer.expect("an answer").status().as_u16(), 404);
        }
    }
    let query = r#"mutation { customerUpsert(input: { customerId: "ann" }) { userErrors { message } } }"#;
    let asked = client.post(format!("{url}/graphql")).bearer_auth(KEY).json(&json!({ "query": query }));
    let answer: serde_json::Value = asked.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["data"]["customerUpsert"]["userErrors"], json!([]), "{answer}");
    let health = reqwest::get(format!("{url}/healthz")).await.expect("an answer");
    assert_eq!(health.status().as_u16(), 200);
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = gateway(folder.path()).await;
    timeout(4 * SOON, ask(&gateway.url)).await.expect("answers");
    let code = timeout(SOON, gateway.stop_unread()).await.expect("an end");
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn a_log_whose_reader_is_gone_ends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut gateway = gateway(folder.path()).await;
    gateway.stop_reading();
    timeout(4 * SOON, ask(&gateway.url)).await.expect("answers");
    let code = timeout(SOON, gateway.stop_unread()).await.expect("an end");
    assert_eq!(code, Some(0));
}

/// Exit code 1 is a failure in its own words; 101 would be a panic.
#[tokio::test]
async fn without_a_place_for_its_words_it_fails_as_with_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["check"][..], &["--listen", "127.0.0.1:0", "--database", "surrealkv://none.toml/below"]] {
        std::fs::write(folder.path().join("none.toml"), "").expect("a file");
        let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("it is there"));
        let mut command = scrip(folder.path(), arguments);
        command.stdout(full()).stderr(full());
        let status = timeout(SOON, command.status()).await.expect("an end").expect("the binary");
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn a_thread_that_it_cannot_do_without_ends_the_process() {
    let mut child = TestChild::start("edge::unread::dying", &[("SCRIP_DYING", "yes")]);
    assert_eq!(child.wait().code(), Some(74));
}

/// The process of the test above.
#[test]
fn dying() {
    if std::env::var_os("SCRIP_DYING").is_none() {
        return;
    }
    scrip::service::start_vital("committer", || panic!("a fault that a test makes")).expect("a thread");
    std::thread::sleep(SOON);
}
