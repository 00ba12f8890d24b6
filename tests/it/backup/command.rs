//! The commands, on a folder and on a running gateway: what they do, and the one line that they say where they cannot.

use std::{fs, path::Path, process::Stdio};

use serde_json::json;
use tokio::process::Command;

use super::{backed_up, beside, slow_to_back_up, worked};
use crate::{
    edge::binary::{Gateway, complaint, scrip, viewer},
    support::new_folder,
};

const DATA: [&str; 2] = ["--database", "surrealkv://data"];

/// A command on the database.
fn on_data(folder: &Path, arguments: &[&str]) -> Command {
    scrip(folder, &[arguments, &DATA].concat())
}

/// Runs a command that has to succeed; all that it says.
async fn said(mut command: Command) -> String {
    let output = command.output().await.expect("the binary");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("text");
    assert!(output.status.success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_gateway_is_backed_up_and_restored() {
    let folder = new_folder();
    let path = folder.path().parent().expect("a parent");
    let gateway = Gateway::start(on_data(path, &["--listen", "127.0.0.1:0"])).await;
    let key = gateway.shown_key().expect("a key");
    let held = complaint(on_data(path, &["backup", "file"])).await;
    assert!(held.contains("in use") && held.contains("--url") && held.contains("SCRIP_KEY"), "{held}");
    let with_key = |arguments: &[&str], key: &str| {
        let mut command = scrip(path, arguments);
        command.env("SCRIP_KEY", key);
        command
    };
    let of = ["backup", "file", "--url", &gateway.url];
    for (command, says) in [
        (scrip(path, &of), "SCRIP_KEY is not set"),
        (with_key(&of, "wrong"), "does not know the key"),
        (with_key(&["backup", "file", "--url", "http://127.0.0.1:9"], &key), "does not answer"),
        (with_key(&["backup", "absent/file", "--url", &gateway.url], &key), "absent/file"),
    ] {
        let complained = complaint(command).await;
        assert!(complained.contains(says), "{complained}");
    }
    assert_eq!(beside(folder.path()), ["data", "data.mark"]);
    let told = said(with_key(&["backup", "file", "--url", &gateway.url, "--rate", "50MB"], &key)).await;
    assert!(told.contains("file has") && told.contains("rows"), "{told}");
    // The address of the gateway by the environment as well.
    let mut by_environment = with_key(&["backup", "second"], &key);
    by_environment.env("SCRIP_URL", &gateway.url);
    said(by_environment).await;
    let again = complaint(with_key(&of, &key)).await;
    assert!(again.contains("file exists"), "{again}");
    gateway.stop().await;
    let again = complaint(on_data(path, &["backup", "file"])).await;
    assert!(again.contains("file exists"), "{again}");
    let told = said(scrip(path, &["check", "file"])).await;
    assert!(told.contains("file is a whole backup of 20"), "{told}");
    let told = said(scrip(path, &["check", "file", "--books"])).await;
    assert!(told.contains("file is a whole backup of 20") && told.contains("all is well"), "{told}");
    assert_eq!(beside(folder.path()), ["data", "data.mark", "file", "second"]);
    let told = said(scrip(path, &["restore", "file", "new"])).await;
    assert!(told.contains("surrealkv://new"), "{told}");
    let again = complaint(scrip(path, &["restore", "file", "new"])).await;
    assert!(again.contains("new exists"), "{again}");
    let start = ["--listen", "127.0.0.1:0", "--database", "surrealkv://new"];
    let restored = Gateway::start(scrip(path, &start)).await;
    assert_eq!(viewer(&restored.url, &key).await, (200, json!({ "viewer": { "name": "admin" } })));
    restored.stop().await;
    assert_eq!(beside(folder.path()), ["data", "data.mark", "file", "new", "new.mark", "second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_one_line() {
    let folder = worked().await;
    let path = folder.path().parent().expect("a parent");
    fs::write(path.join("zip"), b"PK\x03\x04 and so on").expect("a file");
    for (command, says) in [
        (scrip(path, &["restore", "zip", "new"]), "not a backup of Scrip"),
        (scrip(path, &["restore", "absent", "new"]), "No such file"),
        (scrip(path, &["check", "zip"]), "not a backup of Scrip"),
        (scrip(path, &["backup", "file", "--database", "surrealkv://absent"]), "absent"),
        (scrip(path, &["backup", "file", "--database", "mem://"]), "surrealkv://FOLDER"),
    ] {
        let complained = complaint(command).await;
        assert!(complained.contains(says), "{complained}");
    }
    assert_eq!(beside(folder.path()), ["data", "data.mark", "zip"]);
}

/// The same, which may write only so many blocks of 512 bytes to a file.
fn limited(plain: &Command, blocks: u32) -> Command {
    let plain = plain.as_std();
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    command.args(["-c", &script, "sh"]).arg(plain.get_program()).args(plain.get_args());
    for (name, _) in plain.get_envs() {
        command.env_remove(name);
    }
    command.current_dir(plain.get_current_dir().expect("a folder"));
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_room_is_told_and_left_as_it_was() {
    let folder = worked().await;
    let parent = folder.path().parent().expect("a parent");
    backed_up(folder.path()).await;
    let before = beside(folder.path());
    // Of the database's copy nothing is written: it has no log.
    let full = complaint(limited(&on_data(parent, &["backup", "another"]), 1)).await;
    assert!(full.contains("another.part") && full.contains("File too large"), "{full}");
    assert_eq!(beside(folder.path()), before);
    for blocks in [1, 8, 20] {
        let full = complaint(limited(&scrip(parent, &["restore", "file", "new"]), blocks)).await;
        assert!(full.contains("new") && full.contains("too large"), "{full}");
        assert_eq!(beside(folder.path()), before);
    }
}

#[tokio::test]
async fn the_route_takes_one_at_a_time_from_whoever_has_a_key() {
    let folder = slow_to_back_up().await;
    let parent = folder.path().parent().expect("a parent");
    let gateway = Gateway::start(on_data(parent, &["--listen", "127.0.0.1:0"])).await;
    let key = gateway.shown_key().expect("a key");
    let client = reqwest::Client::new();
    let get = |path: &str, key: &str| client.get(format!("{}{path}", gateway.url)).bearer_auth(key).send();
    for (path, key, status, says) in [
        ("/backup", "wrong", 401, "a key is needed"),
        ("/backup?rate=0", &key, 400, "at least 65536 bytes a second"),
        ("/backup?rate=65535", &key, 400, "at least 65536 bytes a second, found 65535"),
        ("/backup?rate=fast", &key, 400, "rate"),
        ("/backup?speed=1", &key, 400, "speed"),
    ] {
        let answer = get(path, key).await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        let body = answer.text().await.expect("a body");
        assert!(body.contains(says), "{body}");
    }
    let slow = get("/backup?rate=65536", &key).await.expect("an answer");
    assert_eq!(slow.status(), 200);
    assert!(slow.headers()["content-disposition"].to_str().expect("text").contains("filename=\"scrip-20"));
    let second = get("/backup", &key).await.expect("an answer");
    assert_eq!(second.status(), 409);
    assert!(second.text().await.expect("a body").contains("already"));
    // A stop does not wait for it, and what was sent does not look whole.
    gateway.stop().await;
    assert!(slow.bytes().await.is_err());
}
