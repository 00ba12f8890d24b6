//! Memory is given back: thousands of calls that hoard, loop and break leave the process as large as some hundred
//! did. It is a process of its own, because other tests need memory too.

use scrip::plugins::{CheckRequest, PluginKind};

use super::{Setup, computing::guests};
use crate::support::process::{TestChild, tell};

const CHILD: &str = "SCRIP_PLUGINS_MEMORY";

/// The resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// Does nothing unless it is the child.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let mut setup = Setup::new();
    // Those that hoard, break and say nothing: the others would take a minute.
    let quick: Vec<_> =
        guests().into_iter().filter(|(_, _, _, expected)| !expected.to_string().contains("cpu_ms")).collect();
    for (number, (_, guest, more, _)) in quick.iter().enumerate() {
        setup = setup.with(&format!("bad-{number}"), PluginKind::Restriction, more, &guest.restriction());
    }
    let host = setup.open().await;
    let request = CheckRequest::default();
    for round in 0..6_000 {
        let id = format!("bad-{}", round % quick.len());
        let report = host.plugins.try_check(&id, &request).await.expect("a place");
        assert!(report.answer.is_err());
        if round == 1_000 {
            tell(&resident().to_string());
        }
    }
    host.good().await;
    tell(&resident().to_string());
}

#[test]
fn memory_is_given_back() {
    let mut child = TestChild::start("plugins::memory::child", &[(CHILD, "1")]);
    let mut told = || -> u64 { child.line().expect("a line").parse().expect("a number") };
    let (after_some, after_many) = (told(), told());
    child.finish();
    let allowed = after_some + 32 * 1_024;
    assert!(after_many < allowed, "{after_some} KiB after a thousand calls, {after_many} KiB after six thousand");
}
