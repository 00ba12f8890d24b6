//! What is looked at before a pool is bound to a plugin: its schema, and, where its manifest wants that, what the plugin
//! itself says of a configuration.

use scrip::plugins::{BindingFault, PluginKind};
use serde_json::json;

use super::{
    Host, Setup,
    guest::{Guest, Sent, asking, refusing},
};

const ID: &str = "validating";

/// A restriction that cannot judge, in these words.
fn undecided(text: &str) -> Guest {
    let length = text.len();
    Guest::check(&format!(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 64))
         (i32.store (i32.const 24) (i32.const {length})) (i32.const 16)"
    ))
    .data(64, text.as_bytes())
}

/// What refuses a binding.
async fn fault(host: &Host, kind: PluginKind) -> Option<String> {
    match host.plugins.try_binding(ID, kind, &json!({})).await {
        Ok(()) => None,
        Err(BindingFault::Config(faults)) => Some(faults.into_iter().map(|fault| fault.reason).collect()),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_plugin_that_wants_it_says_what_it_thinks_of_a_configuration() {
    let restriction = PluginKind::Restriction;
    let loops = Guest::check("(loop $on (br $on)) unreachable");
    for (what, more, guest, expected) in [
        ("not asked", "", undecided("no such zone"), None),
        (
            "an error",
            "validate = true",
            undecided("no such zone"),
            Some("plugin validating cannot decide: no such zone"),
        ),
        ("a refusal", "validate = true", refusing("not today"), None),
        ("no answer", "validate = true\n[limits]\ncpu_ms = 10", loops, Some("computed longer than limits.cpu_ms (10)")),
    ] {
        let host = Host::restriction(ID, more, &guest.restriction()).await;
        let found = fault(&host, restriction).await;
        match expected {
            None => assert_eq!(found, None, "{what}"),
            Some(says) => {
                let says = says.trim_start_matches("plugin validating cannot decide: ");
                assert!(found.as_ref().is_some_and(|found| found.contains(says)), "{what}: {found:?}");
            }
        }
        // It counts nowhere.
        assert_eq!(host.plugin(ID).counted().calls, 0);
        host.good().await;
    }
}

#[tokio::test]
async fn a_source_is_asked_without_a_network() {
    let more = "validate = true\nhosts = ['a.example']";
    let code = asking(&Sent::get("https://a.example/"), 1).source();
    let host = Setup::new().with(ID, PluginKind::Source, more, &code).open().await;
    assert_eq!(fault(&host, PluginKind::Source).await, None);
    let misconfigured = Guest::issue(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 20) (i32.const 2))
         (i32.store (i32.const 24) (i32.const 64)) (i32.store (i32.const 28) (i32.const 7)) (i32.const 16)",
    )
    .data(64, b"no shop");
    let host = Setup::new().with(ID, PluginKind::Source, more, &misconfigured.source()).open().await;
    assert_eq!(fault(&host, PluginKind::Source).await.as_deref(), Some("no shop"));
}
