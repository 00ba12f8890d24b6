//! Plugins that answer too much, or what the contract does not have, and plugins that talk without end.

use scrip::plugins::{CheckRequest, CheckVerdict, PluginFailure, PluginKind, SourceRefusal};

use super::{
    Host, Setup,
    guest::{Guest, refusing},
};

const ID: &str = "hostile";

fn nonsense(reason: &str) -> PluginFailure {
    PluginFailure::Nonsense { plugin: ID.to_owned(), reason: reason.to_owned() }
}

/// Whether an answer was refused for its size, in words that name the limit.
fn is_too_large<T>(answer: &Result<T, PluginFailure>) -> bool {
    let names = ["answers more than limits.output_kib (", "hands over more than 1088 KiB at once: its answer, "];
    let Err(PluginFailure::TooLarge { excess, .. }) = answer else { return false };
    names.iter().any(|name| excess.starts_with(name))
}

/// An answer of these words, at 16.
fn answer(words: &[(u32, i64)]) -> Guest {
    let stores: String =
        words.iter().map(|(at, word)| format!("(i32.store (i32.const {at}) (i32.const {word}))")).collect();
    Guest::check(&format!("{stores} (i32.const 16)"))
}

#[tokio::test]
async fn wrong_answers_are_told_as_such() {
    for (what, guest, expected) in [
        ("no verdict", answer(&[(20, 32), (24, 0)]), nonsense("expected 1 verdicts, found 0")),
        ("two verdicts", answer(&[(20, 32), (24, 2)]), nonsense("expected 1 verdicts, found 2")),
        (
            "a list out of its memory",
            answer(&[(20, 65_530), (24, 10)]),
            nonsense("list pointer/length out of bounds of memory"),
        ),
        (
            "a list without an end",
            answer(&[(20, 32), (24, -1)]),
            nonsense("list pointer/length out of bounds of memory"),
        ),
        ("a list between its places", answer(&[(20, 33), (24, 1)]), nonsense("list pointer is not aligned")),
        ("a case that does not exist", answer(&[(20, 32), (24, 1), (32, 9)]), nonsense("unexpected discriminant: 9")),
        ("a result that does not exist", answer(&[(16, 7)]), nonsense("invalid expected discriminant")),
        (
            "a text out of its memory",
            answer(&[(16, 1), (20, 65_530), (24, 100)]),
            nonsense("string pointer/length out of bounds of memory"),
        ),
        (
            "a text without an end",
            answer(&[(16, 1), (20, 0), (24, -1)]),
            nonsense("string pointer/length out of bounds of memory"),
        ),
        (
            "a text that is no UTF-8",
            answer(&[(16, 1), (20, 64), (24, 2)]).data(64, &[b'a', 0xff]),
            nonsense("invalid utf-8 sequence of 1 bytes from index 1"),
        ),
        ("an answer out of its memory", Guest::check("(i32.const 65532)"), nonsense("pointer out of bounds of memory")),
        ("an answer between its places", Guest::check("(i32.const 17)"), nonsense("pointer not aligned")),
        (
            "a line of log out of its memory",
            Guest::check("(call $log (i32.const 0) (i32.const 65530) (i32.const 100)) (i32.const 16)"),
            nonsense("string pointer/length out of bounds of memory"),
        ),
        (
            "a level that does not exist",
            Guest::check("(call $log (i32.const 9) (i32.const 64) (i32.const 1)) (i32.const 16)"),
            nonsense("unexpected discriminant: 9"),
        ),
    ] {
        let host = Host::restriction(ID, "", &guest.restriction()).await;
        let (bad, ()) = tokio::join!(host.check(ID), host.good());
        match (&bad, &expected) {
            // The words are the engine's own.
            (Err(PluginFailure::Nonsense { reason, .. }), PluginFailure::Nonsense { .. }) => {
                assert!(!reason.is_empty())
            }
            _ => assert_eq!(bad, Err(expected), "{what}"),
        }
        let counted = host.plugin(ID).counted();
        assert_eq!((counted.calls, counted.failures), (1, 1), "{what}");
    }
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_it_may_be() {
    let saying = |length: u32| answer(&[(16, 1), (20, 131_072), (24, i64::from(length))]).memory("64");
    for (more, length, fits) in [
        ("", 64 * 1_024, true),
        ("", 64 * 1_024 + 1, false),
        ("", 2_000_000, false),
        ("[limits]\noutput_kib = 1", 1_024, true),
        ("[limits]\noutput_kib = 1", 1_025, false),
        ("[limits]\noutput_kib = 1024", 1_024 * 1_024, true),
        ("[limits]\noutput_kib = 1024", 1_024 * 1_024 + 1, false),
    ] {
        let host = Host::restriction(ID, more, &saying(length).restriction()).await;
        match host.check(ID).await {
            // It is an error's text of the plugin's own, of which not much is shown.
            Err(PluginFailure::Undecided { reason, .. }) => assert!(fits && reason.len() == 500, "{more} {length}"),
            other => assert!(!fits && is_too_large(&other), "{more} {length}: {other:?}"),
        }
        host.good().await;
    }
    // A million verdicts.
    let host = Host::restriction(ID, "", &answer(&[(20, 32), (24, 1_000_000)]).memory("192").restriction()).await;
    assert!(is_too_large(&host.check(ID).await));
}

#[tokio::test]
async fn control_characters_of_a_text_are_left_out() {
    let text = "a\u{1b}[31m\r\nb";
    let host = Host::restriction(ID, "", &refusing(text).restriction()).await;
    assert_eq!(host.check(ID).await, Ok(vec![CheckVerdict::Refuse(text.to_owned())]));
    let length = text.len();
    let error = answer(&[(16, 1), (20, 64), (24, i64::try_from(length).expect("a length"))]).data(64, text.as_bytes());
    let host = Host::restriction(ID, "", &error.restriction()).await;
    let failure = host.check(ID).await.expect_err("an error");
    assert_eq!(failure.to_string(), "plugin hostile cannot decide: a [31m  b");
}

#[tokio::test]
async fn a_source_answers_within_the_same_bounds() {
    let code = |length: u32| {
        Guest::issue(&format!(
            "(i32.store (i32.const 20) (i32.const 131072)) (i32.store (i32.const 24) (i32.const {length})) (i32.const 16)"
        ))
        .memory("64")
        .data(131_072, b"CODE")
    };
    for (length, fits) in [(4, true), (64 * 1_024, true), (64 * 1_024 + 1, false), (1_500_000, false)] {
        let host = Setup::new().with(ID, PluginKind::Source, "", &code(length).source()).open().await;
        match host.issue(ID).await {
            Ok(Ok(issued)) => assert!(fits && issued.code.len() == usize::try_from(length).expect("a length")),
            other => assert!(!fits && is_too_large(&other), "{length}: {other:?}"),
        }
    }
    let refusing = Guest::issue(
        "(i32.store (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 1)) (i32.store (i32.const 24) (i32.const 64)) (i32.store (i32.const 28) (i32.const 2)) (i32.const 16)",
    );
    let host = Setup::new().with(ID, PluginKind::Source, "", &refusing.data(64, b"no").source()).open().await;
    assert_eq!(host.issue(ID).await, Ok(Err(SourceRefusal::Refused("no".to_owned()))));
}

#[tokio::test]
async fn ten_megabytes_of_log_are_cut() {
    let allow = "(i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1)) (i32.const 16)";
    let lines = |count: u32, length: u32| {
        Guest::check(&format!(
            "(loop $on (call $log (i32.const 1) (i32.const 1024) (i32.const {length}))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $on (i32.lt_u (local.get $i) (i32.const {count})))) {allow}"
        ))
        .data(1_024, &[b'x'; 1_024])
        .memory("170")
    };
    let more = "[limits]\ncpu_ms = 1000";
    for (what, count, length, written) in [
        ("many lines", 10_240, 1_024, 16),
        ("many short lines", 100_000, 1, 500),
        ("many lines of nothing", 100_000, 0, 500),
        ("just as much as fits", 16, 1_024, 16),
    ] {
        let host = Host::restriction(ID, more, &lines(count, length).restriction()).await;
        let report = host.plugins.try_check(ID, &CheckRequest::default()).await.expect("a place");
        assert_eq!(report.answer, Ok(Ok(vec![CheckVerdict::Allow])), "{what}: what it logs costs it no answer");
        assert_eq!(report.lines.len(), written, "{what}");
        host.good().await;
    }
    // More in one line than may cross to the host at once.
    let host = Host::restriction(ID, more, &lines(1, 10_000_000).restriction()).await;
    let report = host.plugins.try_check(ID, &CheckRequest::default()).await.expect("a place");
    assert!(is_too_large(&report.answer) && report.lines.is_empty());
    // One that is long but may cross is left out, and a line is never longer than somebody reads.
    for (length, shown) in [(20_000, None), (10_000, Some(2_000))] {
        let host = Host::restriction(ID, more, &lines(1, length).restriction()).await;
        let report = host.plugins.try_check(ID, &CheckRequest::default()).await.expect("a place");
        assert_eq!(report.answer, Ok(Ok(vec![CheckVerdict::Allow])));
        assert_eq!(report.lines.first().map(|(_, line)| line.len()), shown);
    }
}
