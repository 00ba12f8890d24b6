//! `scrip plugin`, as a partner runs it: the binary in a folder.

use std::{fs, path::Path};

use super::binary::scrip;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs `scrip plugin` in a folder: whether it went well, and all that it said.
async fn plugin(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let arguments: Vec<&str> = std::iter::once("plugin").chain(arguments.iter().copied()).collect();
    let output = scrip(folder, &arguments).output().await.expect("the binary");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

#[tokio::test]
async fn every_shipped_plugin_fits_and_passes_its_fixtures() {
    for folder in [
        "plugins/customer-segment",
        "plugins/first-purchase",
        "plugins/http-callback",
        "plugins/weekdays-and-hours",
        "examples/partner-plugins/c",
    ] {
        let folder = Path::new(ROOT).join(folder);
        let (good, said) = plugin(&folder, &["check"]).await;
        assert!(good && said.contains("it fits"), "{said}");
        let (good, said) = plugin(&folder, &["test"]).await;
        assert!(good && said.contains(" fixtures, 0 failed"), "{said}");
    }
}

#[tokio::test]
async fn a_new_project_is_whole_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    for (id, kind) in [("shop", "source"), ("items", "restriction")] {
        let (good, said) = plugin(folder.path(), &["new", id, "--kind", kind]).await;
        assert!(good && said.contains("scrip plugin build"), "{said}");
        let manifest = fs::read_to_string(folder.path().join(id).join("plugin.toml")).expect("a manifest");
        assert!(manifest.contains(&format!("id = \"{id}\"")) && manifest.contains(kind), "{manifest}");
        let (good, said) = plugin(folder.path(), &["check", id]).await;
        assert!(!good && said.contains("build it"), "{said}");
    }
    let (good, said) = plugin(folder.path(), &["new", "shop"]).await;
    assert!(!good && said.contains("exists already"), "{said}");
    let (good, said) = plugin(folder.path(), &["new", "Shop"]).await;
    assert!(!good && said.contains("expected a-z"), "{said}");
}

#[tokio::test]
async fn a_new_project_in_another_language_stands_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let languages = ["typescript", "python", "assemblyscript", "go"];
    for (language, kind) in languages.into_iter().flat_map(|one| [(one, "restriction"), (one, "source")]) {
        let id = format!("shop-{kind}-{language}");
        let (good, said) = plugin(folder.path(), &["new", &id, "--lang", language, "--kind", kind]).await;
        assert!(good && said.contains("scrip plugin build"), "{said}");
        let read = |name: &str| fs::read_to_string(folder.path().join(&id).join(name)).expect(name);
        let manifest = read("plugin.toml");
        assert!(manifest.contains(&format!("id = \"{id}\"\n")) && manifest.contains(kind), "{manifest}");
        assert!(!read("build.sh").contains("../"), "{}", read("build.sh"));
        assert!(read("wit/1.0.0/coupon-plugin.wit").contains("package coupon:plugin@1.0.0"));
        let (good, said) = plugin(folder.path(), &["check", &id]).await;
        assert!(!good && said.contains("build it"), "{said}");
    }
}

#[tokio::test]
async fn what_is_packed_goes_where_the_manifest_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = Path::new(ROOT).join("examples/partner-plugins/c");
    fs::copy(from.join("plugin.toml"), folder.path().join("plugin.toml")).expect("a copy");
    let code = from.join("minimum-items-c.wasm");
    let (good, said) = plugin(folder.path(), &["pack", &code.display().to_string()]).await;
    assert!(good && said.contains("minimum-items-c.wasm: "), "{said}");
    let (good, said) = plugin(folder.path(), &["check"]).await;
    assert!(good && said.contains("it fits"), "{said}");
    let (good, said) = plugin(folder.path(), &["pack", "plugin.toml"]).await;
    assert!(!good && said.contains("plugin.toml: expected a WebAssembly component or core module"), "{said}");
}

#[tokio::test]
async fn a_fixture_that_fails_says_how() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = Path::new(ROOT).join("examples/partner-plugins/c");
    for name in ["plugin.toml", "minimum-items-c.wasm"] {
        fs::copy(from.join(name), folder.path().join(name)).expect("a copy");
    }
    let (good, said) = plugin(folder.path(), &["test"]).await;
    assert!(!good && said.contains("fixtures"), "{said}");
    fs::create_dir(folder.path().join("fixtures")).expect("a folder");
    let fixture = |text: &str| fs::write(folder.path().join("fixtures/one.json"), text).expect("a fixture");
    for (text, says) in [
        (r#"{"request": {"config": {"items": 5}}, "expect": {"verdicts": ["allow"]}}"#, "FAILED  one"),
        (r#"{"request": {"config": {"items": 5}}, "expect": {"verdicts": ["maybe"]}}"#, "unknown variant `maybe`"),
        (r#"{"reqest": {}, "expect": {"verdicts": []}}"#, "unknown field `reqest`"),
        (r#"{"request": {"bascet": 1}, "expect": {"verdicts": []}}"#, "unknown field `bascet`"),
    ] {
        fixture(text);
        let (good, said) = plugin(folder.path(), &["test"]).await;
        assert!(!good && said.contains(says), "{says}: {said}");
    }
    fixture(r#"{"request": {"config": {"items": 1}}, "expect": {"verdicts": ["allow"]}}"#);
    // Without a request it takes the first fixture; a configuration that no pool is saved with is refused.
    let (good, said) = plugin(folder.path(), &["run"]).await;
    assert!(good && said.contains("one.json") && said.contains("[Allow]"), "{said}");
    fs::write(folder.path().join("wrong.json"), r#"{"config": {"items": 0}}"#).expect("a request");
    let (good, said) = plugin(folder.path(), &["run", "--request", "wrong.json"]).await;
    assert!(!good && said.contains("no pool is saved with this configuration: config.items: 0 is less"), "{said}");
    let (good, said) = plugin(folder.path(), &["run", "--request", "fixtures/one.json"]).await;
    assert!(good && said.contains("[Allow]") && said.contains("of 16384 KiB"), "{said}");
}
