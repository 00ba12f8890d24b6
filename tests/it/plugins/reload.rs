//! New builds that are swapped in: no call is lost, those under way end with the build that they began with, and a
//! broken one changes nothing but what is told.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use scrip::plugins::{CheckVerdict, PluginFailure, PluginKind};

use super::{Host, Setup, guest::refusing, manifest, until, write_plugin};

const ID: &str = "changing";

fn build(number: u32) -> Vec<u8> {
    refusing(&format!("build {number}")).restriction()
}

async fn says(host: &Host) -> String {
    match host.check(ID).await.expect("an answer").as_slice() {
        [CheckVerdict::Refuse(text)] => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_while_builds_are_swapped() {
    let host = Arc::new(Host::restriction(ID, "", &build(0)).await);
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (host, stop, answered) = (Arc::clone(&host), Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut last = 0;
                while !stop.load(Relaxed) {
                    let number: u32 = says(&host).await.trim_start_matches("build ").parse().expect("a number");
                    assert!(number >= last, "an older build came back");
                    last = number;
                    answered.fetch_add(1, Relaxed);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for number in 1..=8 {
        let before = answered.load(Relaxed);
        fs::write(host.folder(ID).join("changing.wasm"), build(number)).expect("a file");
        let plugin = host.plugins.reload(ID).await.expect("known");
        assert_eq!(plugin.problem(), None);
        assert_eq!(says(&host).await, format!("build {number}"));
        until(|| answered.load(Relaxed) > before + 20).await;
    }
    stop.store(true, Relaxed);
    for caller in callers {
        caller.await.expect("no caller failed");
    }
    let counted = host.plugin(ID).counted();
    assert_eq!((counted.failures, counted.turned_away), (0, 0));
    assert_eq!(counted.calls, answered.load(Relaxed) + 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_noticed() {
    let host = Host::restriction(ID, "", &build(1)).await;
    let digest = host.plugin(ID).build().expect("a build").digest.clone();
    fs::write(host.folder(ID).join("changing.wasm"), refusing("another build").restriction()).expect("a file");
    until(|| host.plugin(ID).build().is_some_and(|build| build.digest != digest)).await;
    assert_eq!(says(&host).await, "another build");
    // What a link points to changes without the link.
    let (file, link) = (host.folder("elsewhere.wasm"), host.folder(ID).join("changing.wasm"));
    fs::write(&file, refusing("by a link").restriction()).expect("a file");
    fs::remove_file(&link).expect("removed");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    host.plugins.reload(ID).await.expect("known");
    assert_eq!(says(&host).await, "by a link");
    let digest = host.plugin(ID).build().expect("a build").digest.clone();
    fs::write(&file, refusing("by a link, anew").restriction()).expect("a file");
    until(|| host.plugin(ID).build().is_some_and(|build| build.digest != digest)).await;
    assert_eq!(says(&host).await, "by a link, anew");
    // A plugin that comes later.
    write_plugin(&host.folder("later"), &manifest("later", PluginKind::Restriction, ""), &build(7));
    until(|| host.plugins.get("later").is_some_and(|plugin| plugin.build().is_some())).await;
    assert_eq!(host.check("later").await, Ok(vec![CheckVerdict::Refuse("build 7".to_owned())]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_build_leaves_the_old_one_in_use() {
    let host = Host::restriction(ID, "", &build(1)).await;
    let text = manifest(ID, PluginKind::Restriction, "");
    let broken: [(&str, &[u8], &str); 4] = [
        (&text, b"half a file", "expected a WebAssembly component or core module"),
        ("id = 'changing'\n", &build(2), "missing field"),
        (&text.replace("'1.0'", "'9.0'"), &build(2), "contract \"9.0\" is not known"),
        (&text, &refusing("x").and("(func $s unreachable) (start $s)").restriction(), "a trial failed"),
    ];
    for (manifest, code, says_problem) in broken {
        write_plugin(&host.folder(ID), manifest, code);
        // By hand or by itself, whichever is first.
        host.plugins.reload(ID).await.expect("known");
        let problem = host.plugin(ID).problem().expect("a problem");
        assert!(problem.contains(says_problem), "{problem}");
        assert_eq!(says(&host).await, "build 1");
        assert!(host.plugin(ID).build().is_some());
    }
    write_plugin(&host.folder(ID), &text, &build(3));
    host.plugins.reload(ID).await.expect("known");
    assert_eq!((host.plugin(ID).problem(), says(&host).await), (None, "build 3".to_owned()));
    fs::remove_dir_all(host.folder(ID)).expect("removed");
    host.plugins.reload(ID).await.expect("known");
    assert!(host.plugin(ID).problem().is_some_and(|problem| problem.contains("its folder is gone")));
    // Once the time for a move is over.
    until(|| host.plugin(ID).build().is_none()).await;
    assert_eq!(host.check(ID).await, Err(PluginFailure::NotLoaded(ID.to_owned())));
    assert!(host.plugin(ID).problem().is_some_and(|problem| problem.contains("not loaded any more")));
    write_plugin(&host.folder(ID), &text, &build(4));
    until(|| host.plugin(ID).build().is_some()).await;
    assert_eq!((host.plugin(ID).problem(), says(&host).await), (None, "build 4".to_owned()));
    assert!(host.plugins.reload("unknown").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_manifest_is_told_where_its_plugin_is() {
    // The folder has another name than the plugin.
    let setup = Setup::new();
    let folder = setup.folder.path().join("some-folder");
    write_plugin(&folder, &manifest(ID, PluginKind::Restriction, "component = 'some-folder.wasm'"), &build(1));
    let host = setup.open().await;
    fs::write(folder.join("plugin.toml"), "id = ").expect("a file");
    until(|| host.plugin(ID).problem().is_some()).await;
    assert_eq!(says(&host).await, "build 1");
    assert!(host.plugins.get("some-folder").is_none());
}
