//! `scrip import` and `scrip job`, on a running gateway and on a stopped one's folder.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    edge::binary::{Gateway, complaint, scrip},
    support::new_folder,
};

/// Runs a command that has to succeed; what it says on standard output.
async fn said(mut command: Command) -> String {
    let output = command.output().await.expect("the binary");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    assert!(output.status.success(), "{text}");
    text
}

/// The first word of what is said, which is a job's id.
fn id_of(said: &str) -> String {
    said.split_whitespace().next().expect("an id").to_owned()
}

async fn make_pool(gateway: &Gateway, key: &str) {
    let query = "mutation { poolCreate(input: {name: \"A\", externalId: \"spring-26\", source: UPLOADED, \
                 type: FREE_SHIPPING}) { userErrors { message } } }";
    let request = reqwest::Client::new().post(format!("{}/graphql", gateway.url)).bearer_auth(key);
    let made: Value =
        request.json(&json!({ "query": query })).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(made["data"]["poolCreate"]["userErrors"], json!([]), "{made}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_imported_from_the_terminal() {
    let folder = new_folder();
    let path: &Path = folder.path();
    let gateway = Gateway::start(scrip(path, &["--listen", "127.0.0.1:0", "--log", "warn"])).await;
    let key = gateway.shown_key().expect("a key");
    make_pool(&gateway, &key).await;
    std::fs::write(path.join("codes.csv"), "Voucher;note\nA-1;x\nA-2;y\nA-1;z\n;w\n").expect("written");
    let url = gateway.url.clone();
    let on_gateway = |arguments: &[&str]| {
        let mut command = scrip(path, &[arguments, &["--url", &url]].concat());
        command.env("SCRIP_KEY", &key);
        command
    };
    let import = ["import", "codes.csv", "--pool", "spring-26", "--header", "true", "--column", "code=voucher"];
    let tried = said(on_gateway(&[&import[..], &["--dry-run"]].concat())).await;
    assert!(tried.contains("(tried)") && tried.contains("2 done, 1 skipped, 1 refused of 4"), "{tried}");
    assert!(tried.contains("line 5") && tried.contains("a code is required"), "{tried}");
    let done = said(on_gateway(&import)).await;
    assert!(done.contains("SUCCEEDED") && done.contains("2 done, 1 skipped, 1 refused of 4"), "{done}");
    let listed = said(on_gateway(&["job", "list"])).await;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let shown = said(on_gateway(&["job", "show", &id_of(&done)])).await;
    assert!(shown.contains("it came to SOME"), "{shown}");
    for (arguments, says) in [
        (&["job", "undo", &id_of(&done)][..], "not taken back"),
        (&["job", "cancel", &id_of(&done)], "has ended"),
        (&["job", "show", "none"], "no job"),
        (&["import", "absent.csv", "--pool", "spring-26"], "absent.csv"),
        (&["import", "codes.csv", "--pool", "none"], "no pool"),
    ] {
        let complained = complaint(on_gateway(arguments)).await;
        assert!(complained.contains(says), "{arguments:?}: {complained}");
    }
    gateway.stop().await;
    std::fs::write(path.join("more.csv"), "B-1\nB-2\nA-1\n").expect("written");
    let here = said(scrip(path, &["import", "more.csv", "--pool", "spring-26"])).await;
    assert!(here.contains("2 done, 1 skipped, 0 refused of 3") && here.contains("by scrip"), "{here}");
    let listed = said(scrip(path, &["job", "list"])).await;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let checked = said(scrip(path, &["check"])).await;
    assert!(checked.contains("job"), "{checked}");
}
