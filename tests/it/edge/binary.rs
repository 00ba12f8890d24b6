//! The binary itself: what it says when it cannot start, and how it stops and starts again.

use std::{path::Path, process::Stdio};

use scrip::{
    service::{Clock, Scrip},
    storage::Address,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStderr, Command},
};

/// The binary in a folder, without settings from this test's own environment.
pub(crate) fn scrip(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrip"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SCRIP_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).args(arguments).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A gateway that listens.
pub(crate) struct Gateway {
    pub(crate) url: String,
    /// What it said until it listened.
    pub(crate) said: String,
    /// None once nobody reads what it says.
    lines: Option<Lines<BufReader<ChildStderr>>>,
    child: Child,
}

impl Gateway {
    /// Starts one and waits until it listens.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let mut said = String::new();
        loop {
            let line = lines.next_line().await.expect("text").unwrap_or_else(|| panic!("it ended early: {said}"));
            said.push_str(&line);
            said.push('\n');
            if let Some(rest) = line.strip_prefix("Scrip listens on ") {
                let url = rest.split(' ').next().expect("an address").to_owned();
                return Self { url, said, lines: Some(lines), child };
            }
        }
    }

    /// The key that a first start shows.
    pub(crate) fn shown_key(&self) -> Option<String> {
        let (_, rest) = self.said.split_once("#key=")?;
        Some(rest.lines().next()?.trim().to_owned())
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    /// Waits for its end; its exit code, and what it said since it listened.
    pub(super) async fn ended(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        while let Some(line) = self.next_line().await {
            said.push_str(&line);
            said.push('\n');
        }
        (self.child.wait().await.expect("an end").code(), said)
    }

    /// The next line that it says.
    pub(super) async fn next_line(&mut self) -> Option<String> {
        self.lines.as_mut()?.next_line().await.expect("text")
    }

    /// Closes the end of what it says.
    pub(super) fn stop_reading(&mut self) {
        self.lines = None;
    }

    /// Stops it without reading what it says; its exit code.
    pub(super) async fn stop_unread(mut self) -> Option<i32> {
        self.signal("TERM").await;
        self.child.wait().await.expect("an end").code()
    }

    /// Kills it.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("an end");
    }

    pub(super) async fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().await.expect("kill");
        assert!(status.success());
    }

    pub(crate) async fn wait_for(&mut self, text: &str) {
        while let Some(line) = self.next_line().await {
            if line.contains(text) {
                return;
            }
        }
        panic!("it ended without saying {text:?}");
    }

    /// Stops it as a service manager does, and waits for its end.
    pub(crate) async fn stop(mut self) {
        self.signal("TERM").await;
        while self.next_line().await.is_some() {}
        assert_eq!(self.child.wait().await.expect("an end").code(), Some(0));
    }
}

pub(crate) async fn viewer(url: &str, key: &str) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{url}/graphql")).bearer_auth(key);
    let response = request.json(&json!({ "query": "{ viewer { name } }" })).send().await.expect("an answer");
    let status = response.status().as_u16();
    let answer: Value = response.json().await.expect("JSON");
    (status, answer["data"].clone())
}

/// Runs a command that has to fail; the one line that it says.
pub(crate) async fn complaint(mut command: Command) -> String {
    let output = command.output().await.expect("the binary");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "one line: {said}");
    assert!(said.starts_with("scrip: "), "{said}");
    said
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let _held = std::net::TcpListener::bind(&taken);
    std::fs::write(path.join("typo.toml"), "# ours\n\nlisen = \"127.0.0.1:0\"\n").expect("a file");
    std::fs::write(path.join("type.toml"), "listen = 8080\n").expect("a file");
    std::fs::write(path.join("broken.toml"), "listen = \n").expect("a file");
    for (folder, file, text) in
        [("documents", "who.graphql", "query Who {\n  viewer { nam }\n}"), ("none", "who.txt", "")]
    {
        std::fs::create_dir(path.join(folder)).expect("a folder");
        std::fs::write(path.join(folder).join(file), text).expect("a file");
    }
    for (arguments, words) in [
        (&["--config", "typo.toml"][..], &["typo.toml", "line 3", "lisen", "listen"][..]),
        (&["--config", "type.toml"], &["type.toml", "line 1", "string"]),
        (&["--config", "broken.toml"], &["broken.toml", "line 1"]),
        (&["--config", "absent.toml"], &["absent.toml"]),
        (&["--listen", "8080"], &["listen", "127.0.0.1:8080"]),
        (&["--listen", "nowhere.invalid:8080", "--database", "mem://"], &["nowhere.invalid", "not known"]),
        (&["--log-format", "xml"], &["log_format", "text or json"]),
        (&["--introspection", "maybe"], &["introspection", "on or off"]),
        (&["--documents-only"], &["documents_only", "folder"]),
        (
            &["--listen", "127.0.0.1:0", "--database", "mem://", "--documents", "documents"],
            &["who.graphql:2:12", "nam"],
        ),
        (&["--listen", "127.0.0.1:0", "--database", "mem://", "--documents", "none"], &["none", ".graphql"]),
        (&["--listen", "127.0.0.1:0", "--database", "mem://", "--documents", "absent"], &["absent"]),
        (&["--listen", "127.0.0.1:0", "--database", "postgres://x"], &["postgres://x", "surrealkv://"]),
        (&["--listen", "127.0.0.1:0", "--database", "surrealkv://d?sink=every"], &["sink", "sync"]),
        (&["--listen", "127.0.0.1:0", "--database", "surrealkv://typo.toml/below"], &["typo.toml/below"]),
        (&["--listen", "127.0.0.1:0", "--database", "mem://", "--log", "scrip=loud"], &["log"]),
    ] {
        let said = complaint(scrip(path, arguments)).await;
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {word:?} is not in {said:?}");
        }
    }
    let mut command = scrip(path, &["--listen", "127.0.0.1:0", "--database", "mem://"]);
    command.env("SCRIP_ADMIN_KEY", "short");
    assert!(complaint(command).await.contains("SCRIP_ADMIN_KEY"));
    assert_eq!(std::fs::read_dir(path).expect("a folder").count(), 5, "nothing was written beside what was there");
}

#[tokio::test]
async fn a_port_or_a_folder_in_use_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = ["--listen", "127.0.0.1:0", "--database", "surrealkv://data"];
    let first = Gateway::start(scrip(folder.path(), &start)).await;
    let said = complaint(scrip(folder.path(), &start)).await;
    assert!(said.contains("data") && said.contains("in use"), "{said}");
    let said = complaint(scrip(folder.path(), &["key", "create", "--database", "surrealkv://data"])).await;
    assert!(said.contains("in use"), "{said}");
    let said = complaint(scrip(folder.path(), &["upgrade", "--database", "surrealkv://data"])).await;
    assert!(said.contains("in use"), "{said}");
    let address = first.url.trim_start_matches("http://");
    let said = complaint(scrip(folder.path(), &["--listen", address, "--database", "surrealkv://other"])).await;
    assert!(said.contains(address) && said.contains("in use"), "{said}");
    assert!(!folder.path().join("other").exists());
    let key = first.shown_key().expect("a key");
    assert_eq!(viewer(&first.url, &key).await.0, 200, "the first goes on serving");
    first.stop().await;
}

#[tokio::test]
async fn the_first_start_shows_a_key_that_lasts() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || scrip(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--database", "surrealkv://data"]);
    let first = Gateway::start(start()).await;
    let key = first.shown_key().expect("the first start shows a key");
    assert_eq!(viewer(&first.url, &key).await, (200, json!({ "viewer": { "name": "admin" } })));
    assert_eq!(viewer(&first.url, "wrong").await.0, 401);
    first.stop().await;

    let made = scrip(folder.path(), &["key", "create", "--name", "till", "--database", "surrealkv://data"])
        .output()
        .await
        .expect("the binary");
    assert!(made.status.success());
    let another = String::from_utf8(made.stdout).expect("text").trim().to_owned();

    let second = Gateway::start(start()).await;
    assert_eq!(second.shown_key(), None);
    assert!(!second.said.contains(&key) && !second.said.contains(&another), "{}", second.said);
    assert_eq!(viewer(&second.url, &key).await.0, 200);
    assert_eq!(viewer(&second.url, &another).await, (200, json!({ "viewer": { "name": "till" } })));
    second.stop().await;

    let mut preset = start();
    preset.env("SCRIP_ADMIN_KEY", "preset-by-the-container");
    let third = Gateway::start(preset).await;
    assert_eq!(third.shown_key(), None);
    assert_eq!(viewer(&third.url, "preset-by-the-container").await.0, 200);
    third.stop().await;
}

/// The last change was years ago by another machine's clock: that a gateway was stopped for so long is not believed.
#[tokio::test]
async fn a_clock_that_is_years_ahead_is_confirmed_on_the_stopped_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = Address::parse(&format!("surrealkv://{}/data", folder.path().display())).expect("an address");
    let long_ago = Clock::manual("2020-01-01T00:00:00Z".parse().expect("an instant"));
    let scrip_then = Scrip::open(&address, long_ago, None).await.expect("a database");
    let key = scrip_then.operator().create_key(scrip::service::KeyDraft::admin("till")).await.expect("a key").secret;
    scrip_then.close().await;
    let start = || scrip(folder.path(), &["--listen", "127.0.0.1:0", "--database", "surrealkv://data"]);
    let confirm = || scrip(folder.path(), &["clock", "confirm", "--database", "surrealkv://data"]);
    let ready = async |gateway: &Gateway| {
        let answer = reqwest::get(format!("{}/readyz", gateway.url)).await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };

    let first = Gateway::start(start()).await;
    let (status, said) = ready(&first).await;
    assert!(status == 503 && said.contains("2020-01-01T00:00:00Z") && said.contains("scrip clock confirm"), "{said}");
    assert_eq!(viewer(&first.url, &key).await.0, 200, "reads go on");
    assert!(complaint(confirm()).await.contains("in use"));
    first.stop().await;
    for says in ["is believed", "is not doubted"] {
        let output = confirm().output().await.expect("the binary");
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success() && said.contains(says), "{said}");
    }
    let second = Gateway::start(start()).await;
    assert_eq!(ready(&second).await, (200, "ready\n".to_owned()));
    second.stop().await;
}

#[tokio::test]
async fn what_is_in_flight_is_finished() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = scrip(folder.path(), &["--listen", "127.0.0.1:0", "--database", "mem://"]);
    command.env("SCRIP_ADMIN_KEY", "preset-by-the-test");
    let mut gateway = Gateway::start(command).await;
    let address = gateway.url.trim_start_matches("http://").to_owned();
    let body =
        json!({ "query": "mutation { customerUpsert(input: { customerId: \"ann\" }) { customer { externalId } } }" })
            .to_string();
    let mut socket = TcpStream::connect(&address).await.expect("a connection");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer preset-by-the-test\r\nExpect: 100-continue\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("a request's head");
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).await.expect("an interim answer");
    assert_eq!(&go_on[..], b"HTTP/1.1 100 Continue\r\n\r\n", "its handler waits for the body");
    gateway.signal("TERM").await;
    gateway.wait_for("answering what is in flight").await;
    socket.write_all(body.as_bytes()).await.expect("the body");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("{\"externalId\":\"ann\"}"), "{answer}");
    gateway.wait_for("stopped").await;
    assert_eq!(gateway.child.wait().await.expect("an end").code(), Some(0));
    assert!(TcpStream::connect(&address).await.is_err(), "nothing listens any more");
}

#[tokio::test]
async fn the_schema_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = scrip(folder.path(), &["schema"]).output().await.expect("the binary");
    assert!(output.status.success() && output.stderr.is_empty());
    let printed = String::from_utf8(output.stdout).expect("text");
    assert_eq!(printed.trim_end(), scrip::graphql::definition().trim_end());
    assert!(printed.contains("type Mutation"));
}
