//! What toolchains make that import WASI whether they need it or not: as it is it is refused, and the refusal lists
//! what it imports and names the command that mends it; packed, it gets what is harmless, and nothing else.

use scrip::plugins::{CheckRequest, CheckVerdict, LogLevel, PluginFailure, PluginKind, PluginPool, pack};
use wit_component::ComponentEncoder;

use super::{
    Host,
    guest::{Guest, refusing},
};

const ID: &str = "packed";

/// What modules import of preview 1, as far as it is asked for here.
const IMPORTS: &str = r#"
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
"#;

/// A restriction of this body, which answers at 16 and may use what is above.
fn guest(body: &str) -> Guest {
    Guest::check(body).importing(IMPORTS)
}

/// Allows the one coupon where the word at 1024 is 0, and refuses it where it is not.
const ANSWER: &str = "(i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1))
    (i32.store8 (i32.const 32) (i32.ne (i32.load (i32.const 1024)) (i32.const 0)))
    (i32.store (i32.const 36) (i32.const 64)) (i32.store (i32.const 40) (i32.const 0))
    (i32.const 16)";

/// A guest packed in both ways: as the core module that it is, and as the component of WASI 0.2 that toolchains make of it.
fn packed(guest: &Guest) -> [Vec<u8>; 2] {
    let module = guest.restriction();
    let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    let encoder = ComponentEncoder::default().module(&module).expect("a module");
    let component =
        encoder.adapter("wasi_snapshot_preview1", adapter).expect("an adapter").encode().expect("a component");
    let ways = [(module, "wasi_snapshot_preview1.clock_time_get"), (component, "wasi:clocks/wall-clock@0.2.")];
    ways.map(|(code, stubs)| {
        let packed = pack(&code, PluginKind::Restriction).expect("packed");
        assert!(packed.stubbed.iter().any(|name| name.starts_with(stubs)), "{stubs}: {:?}", packed.stubbed);
        packed.component
    })
}

/// Hosts of a guest of this body, packed in both ways.
async fn hosts(body: &str) -> [Host; 2] {
    let [module, component] = packed(&guest(&format!("{body} {ANSWER}")));
    let hosts = [Host::restriction(ID, "", &module).await, Host::restriction(ID, "", &component).await];
    hosts.iter().for_each(|host| assert_eq!(host.plugin(ID).problem(), None));
    hosts
}

async fn allows(what: &str, body: &str) {
    for host in hosts(body).await {
        assert_eq!(host.check(ID).await, Ok(vec![CheckVerdict::Allow]), "{what}");
        host.good().await;
    }
}

/// The lines that a trial logs.
async fn lines(host: &Host, request: &CheckRequest) -> Vec<(LogLevel, String)> {
    host.plugins.try_check(ID, request).await.expect("a place").lines
}

#[tokio::test]
async fn as_it_is_it_is_refused_with_every_import() {
    let host = Host::restriction(ID, "", &guest(ANSWER).restriction()).await;
    let problem = host.problem(ID);
    for says in
        ["wasi_snapshot_preview1.clock_time_get", "wasi_snapshot_preview1.proc_exit", "scrip plugin pack FILE.wasm"]
    {
        assert!(problem.contains(says), "{says}: {problem}");
    }
    let component = "(component
        (import \"wasi:cli/environment@0.2.3\" (instance)) (import \"wasi:io/poll@0.2.3\" (instance)))";
    let host = Host::restriction(ID, "", &wat::parse_str(component).expect("a component")).await;
    let problem = host.problem(ID);
    for says in ["it imports wasi:cli/environment@0.2.3, wasi:io/poll@0.2.3, which", "scrip plugin pack FILE.wasm"] {
        assert!(problem.contains(says), "{says}: {problem}");
    }
}

#[tokio::test]
async fn its_clock_is_the_requests() {
    // 2026-01-15T12:00:00Z, which the sample has.
    allows(
        "the time",
        "(drop (call $clock (i32.const 0) (i64.const 0) (i32.const 1032)))
        (i32.store (i32.const 1024) (i64.ne (i64.load (i32.const 1032)) (i64.const 1768478400000000000)))",
    )
    .await;
    // A relative sleep of an hour takes none, and moves the clock on.
    allows(
        "sleeping",
        "(i64.store (i32.const 2048) (i64.const 7)) (i32.store8 (i32.const 2056) (i32.const 0))
        (i32.store (i32.const 2064) (i32.const 1)) (i64.store (i32.const 2072) (i64.const 3600000000000))
        (drop (call $poll (i32.const 2048) (i32.const 3072) (i32.const 1) (i32.const 1040)))
        (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 1032)))
        (i32.store (i32.const 1024) (i64.lt_u (i64.load (i32.const 1032)) (i64.const 1768482000000000000)))",
    )
    .await;
}

#[tokio::test]
async fn there_is_no_environment_and_no_file() {
    allows(
        "the environment and arguments",
        "(drop (call $environ (i32.const 1024) (i32.const 1028)))
        (drop (call $args (i32.const 1032) (i32.const 1036)))
        (i32.store (i32.const 1024) (i32.or (i32.load (i32.const 1024)) (i32.load (i32.const 1032))))",
    )
    .await;
    // 8 is EBADF: there is no folder to open a file in.
    allows(
        "a file",
        "(i32.store (i32.const 1024) (i32.ne (i32.const 8)
        (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0) (i64.const 0) (i64.const 0)
            (i32.const 0) (i32.const 1032))))",
    )
    .await;
}

#[tokio::test]
async fn random_numbers_follow_from_the_request() {
    // Eight letters of random bytes, logged.
    let hosts = hosts(
        "(drop (call $random (i32.const 1040) (i32.const 8)))
        (i64.store (i32.const 1040) (i64.add (i64.const 0x6161616161616161)
            (i64.and (i64.load (i32.const 1040)) (i64.const 0x0f0f0f0f0f0f0f0f))))
        (call $log (i32.const 1) (i32.const 1040) (i32.const 8))",
    )
    .await;
    let of = |pool: &str| CheckRequest {
        pool: PluginPool { id: pool.to_owned(), ..PluginPool::default() },
        ..CheckRequest::default()
    };
    for host in hosts {
        let (first, again, other) =
            (lines(&host, &of("a")).await, lines(&host, &of("a")).await, lines(&host, &of("b")).await);
        assert_eq!((first.len(), &first), (1, &again));
        assert_ne!(first, other);
    }
}

#[tokio::test]
async fn what_it_prints_is_its_log() {
    // "one\ntwo" to standard output, "three" to standard error: lines at 2048, their places at 2000.
    let guest = guest(&format!(
        "(i32.store (i32.const 2000) (i32.const 2048)) (i32.store (i32.const 2004) (i32.const 9))
         (drop (call $write (i32.const 1) (i32.const 2000) (i32.const 1) (i32.const 1040)))
         (i32.store (i32.const 2000) (i32.const 2057)) (i32.store (i32.const 2004) (i32.const 6))
         (drop (call $write (i32.const 2) (i32.const 2000) (i32.const 1) (i32.const 1040))) {ANSWER}"
    ))
    .data(2048, b"one\ntwo \xffthree\n");
    let line = |level, text: &str| (level, text.to_owned());
    let expected = [line(LogLevel::Info, "one"), line(LogLevel::Warn, "three"), line(LogLevel::Info, "two \u{fffd}")];
    for component in packed(&guest) {
        let host = Host::restriction(ID, "", &component).await;
        assert_eq!(lines(&host, &CheckRequest::default()).await, expected);
    }
}

#[tokio::test]
async fn leaving_costs_the_call_and_says_so() {
    let hosts = hosts("(call $exit (i32.const 0)) unreachable").await;
    for (host, what) in hosts.into_iter().zip(["wasi_snapshot_preview1 proc_exit", "wasi:cli/exit exit"]) {
        let failure = host.check(ID).await.expect_err("a failure");
        assert_eq!(failure, PluginFailure::NoSuchThing { plugin: ID.to_owned(), what: what.to_owned() });
        host.good().await;
    }
}

#[test]
fn what_is_no_plugin_is_not_packed() {
    let import = "(import \"env\" \"system\" (func))";
    for (code, says) in [
        (Vec::new(), "expected a WebAssembly component or core module"),
        (b"text".to_vec(), "expected a WebAssembly component or core module"),
        (wat::parse_str("(module)").expect("a module"), "does not fit the contract"),
        (refusing("no").importing(import).restriction(), "env"),
    ] {
        let found = pack(&code, PluginKind::Restriction).expect_err(says);
        assert!(found.contains(says), "{says}: {found}");
    }
}
