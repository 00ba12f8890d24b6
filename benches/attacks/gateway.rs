//! The gateway under attack: the real binary, and what its process takes.

use std::{fs, path::Path, process::Stdio};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The key that whoever claims has.
const KEY: &str = "scrip-of-the-bench-0123456789abcdef";
/// What it is told that it may take, the least that can be set.
const MEMORY: &str = "768MiB";

pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) address: String,
    /// The key of whoever claims, and that of whoever attacks.
    pub(crate) key: String,
    pub(crate) hostile: String,
    child: Child,
}

impl Gateway {
    /// Starts one with an empty database in a folder.
    pub(crate) async fn start(folder: &Path) -> Self {
        let hostile = Self::key_of(folder).await;
        let mut command = Self::command(folder);
        command.args(["--listen", "127.0.0.1:0", "--plugins", "none"]).env("SCRIP_ADMIN_KEY", KEY);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the binary");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let mut said = String::new();
        loop {
            let line = lines.next_line().await.expect("text").unwrap_or_else(|| panic!("it ended early: {said}"));
            if let Some(rest) = line.strip_prefix("Scrip listens on ") {
                let url = rest.split(' ').next().expect("an address").to_owned();
                let address = url.trim_start_matches("http://").to_owned();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Self { url, address, key: KEY.to_owned(), hostile, child };
            }
            said.push_str(&line);
        }
    }

    fn command(folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scrip"));
        command.current_dir(folder).env("SCRIP_DATABASE", "surrealkv://data").env("SCRIP_MEMORY", MEMORY);
        command.kill_on_drop(true);
        command
    }

    /// A second key: who attacks is somebody else than who claims.
    async fn key_of(folder: &Path) -> String {
        fs::create_dir_all(folder.join("none")).expect("a folder");
        let mut command = Self::command(folder);
        // The database is made by a start, which is ended as soon as it listens.
        let mut first = command.args(["--listen", "127.0.0.1:0", "--plugins", "none"]).env("SCRIP_ADMIN_KEY", KEY);
        first = first.stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = first.spawn().expect("the binary");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        while let Some(line) = lines.next_line().await.expect("text") {
            if line.starts_with("Scrip listens on ") {
                break;
            }
        }
        child.kill().await.expect("an end");
        let made = Self::command(folder).args(["key", "create", "--name", "attacker"]).output().await.expect("a key");
        let said = String::from_utf8_lossy(&made.stdout).into_owned() + &String::from_utf8_lossy(&made.stderr);
        let key = said.split_whitespace().find(|word| word.starts_with("scrip_")).map(str::to_owned);
        key.unwrap_or_else(|| panic!("no key: {said}"))
    }

    /// Asks as whoever claims, and expects an answer without errors.
    pub(crate) async fn ask(&self, client: &Client, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = client.post(format!("{}/graphql", self.url)).bearer_auth(&self.key).json(&body);
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        assert!(answer["errors"].is_null(), "{query}: {answer}");
        answer["data"].clone()
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    /// What the process's status says of its memory, in MiB.
    fn status(&self, name: &str) -> u64 {
        let id = self.id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or_default() >> 10
    }

    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most that it had since the peak was forgotten.
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak(&self) {
        let id = self.id();
        // Where this is not allowed, the peak is that of the whole run.
        drop(fs::write(format!("/proc/{id}/clear_refs"), "5"));
    }
}
