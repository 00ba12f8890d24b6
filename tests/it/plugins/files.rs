//! Files that are no plugins, or not those that their manifest speaks of: none is loaded, each says why, and what
//! stands beside them works.

use scrip::plugins::{CheckVerdict, PluginFailure, PluginKind};

use super::{
    GOOD, Host, Setup,
    guest::{Guest, Sent, asking, refusing},
    manifest, shipped, write_plugin,
};

const ID: &str = "hostile";

/// What is wrong with a folder of this manifest and code.
async fn problem(manifest: &str, code: &[u8]) -> String {
    let setup = Setup::new();
    write_plugin(&setup.folder.path().join(ID), manifest, code);
    let host = setup.open().await;
    host.good().await;
    assert_eq!(host.check(ID).await, Err(PluginFailure::NotLoaded(ID.to_owned())));
    host.problem(ID)
}

/// The same of a restriction.
async fn code_problem(code: &[u8]) -> String {
    problem(&manifest(ID, PluginKind::Restriction, ""), code).await
}

#[tokio::test]
async fn what_is_no_code_is_not_loaded() {
    let good = std::fs::read(shipped(GOOD).join("first-purchase.wasm")).expect("a file");
    let noise: Vec<u8> = (0..4_096_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let with_magic: Vec<u8> = b"\0asm\x01\0\0\0".iter().chain(&noise).copied().collect();
    let as_component: Vec<u8> = b"\0asm\x0d\0\x01\0".iter().chain(&noise).copied().collect();
    let no_code = "expected a WebAssembly component or core module, found something else";
    let damaged = "a core module that is damaged";
    let nothing = "this exports nothing of the kind";
    for (what, code, says) in [
        ("nothing", &[][..], "found an empty file"),
        ("noise", &noise, no_code),
        ("a text", b"(module)", no_code),
        ("noise that begins as a module", &with_magic, damaged),
        ("noise that begins as a component", &as_component, "a component that is damaged"),
        ("half a plugin", &good[..good.len() / 2], damaged),
        ("all but its last byte", &good[..good.len() - 1], damaged),
        ("its first bytes", &good[..8], nothing),
        ("a module of nothing", &wat::parse_str("(module)").expect("a module"), nothing),
        ("a component of nothing", &wat::parse_str("(component)").expect("a component"), nothing),
    ] {
        let problem = code_problem(code).await;
        assert!(problem.contains(says), "{what}: {problem}");
    }
}

#[tokio::test]
async fn what_is_not_offered_cannot_be_imported() {
    let component = |text: &str| wat::parse_str(text).expect("a component");
    let importing = |name: &str| component(&format!("(component (import \"{name}\" (instance)))"));
    let given = "which a restriction of contract 1.0 is not given";
    for (code, says) in [
        (importing("wasi:filesystem/types@0.2.0"), "it imports wasi:filesystem/types@0.2.0, which"),
        (importing("wasi:sockets/tcp@0.2.0"), given),
        (importing("coupon:plugin/http@1.0.0"), "it imports coupon:plugin/http@1.0.0, which"),
        (importing("coupon:plugin/log@2.0.0"), "it imports coupon:plugin/log@2.0.0, which"),
        (importing("coupon:plugin/log@1.01.0"), "log@1.01.0"),
        (importing("coupon:plugin/files@1.0.0"), given),
        (importing("other:plugin/log@1.0.0"), given),
        (component("(component (import \"f\" (func)))"), "it imports f, which"),
        (component("(component (import \"f\" (core module)))"), "it imports f, which"),
        (
            refusing("no").importing("(import \"env\" \"system\" (func))").restriction(),
            "imports env.system, which no contract has",
        ),
    ] {
        let problem = code_problem(&code).await;
        assert!(problem.contains(says), "{says}: {problem}");
    }
}

#[tokio::test]
async fn another_version_or_kind_is_told() {
    let (restriction, source) = (refusing("no"), asking(&Sent::get("https://a.example/"), 1));
    let written = |kind: PluginKind, contract: &str| {
        manifest(ID, kind, "").replace("contract = '1.0'", &format!("contract = '{contract}'"))
    };
    for (text, code, says) in [
        (
            written(PluginKind::Restriction, "2.0"),
            restriction.of("restriction", "2.0.0"),
            "contract \"2.0\" is not known: this Scrip has 1.0",
        ),
        (
            written(PluginKind::Restriction, "1.0"),
            restriction.of("restriction", "2.0.0"),
            "@2.0.0, which a restriction of contract 1.0 is not given",
        ),
        (written(PluginKind::Restriction, "1.0.0"), restriction.restriction(), "contract \"1.0.0\" is not known"),
        (
            written(PluginKind::Source, "1.0"),
            restriction.restriction(),
            "a source exports coupon:plugin/source-api@1.0.0, this exports coupon:plugin/restriction-api@1.0.0",
        ),
        (
            written(PluginKind::Restriction, "1.0"),
            source.source(),
            "it imports coupon:plugin/http@1.0.0, which a restriction",
        ),
    ] {
        let problem = problem(&text, &code).await;
        assert!(problem.contains(says), "{says}: {problem}");
    }
    // A version that differs in its last part fits.
    let host = Host::restriction(ID, "", &restriction.of("restriction", "1.0.7")).await;
    assert_eq!(host.check(ID).await, Ok(vec![CheckVerdict::Refuse("no".to_owned())]));
}

#[tokio::test]
async fn functions_of_other_types_do_not_fit() {
    let component = "(component
        (core module $m (func (export \"f\")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i \"f\")))
        (instance $api (export \"check\" (func $f)))
        (export \"coupon:plugin/restriction-api@1.0.0\" (instance $api)))";
    let problem = code_problem(&wat::parse_str(component).expect("a component")).await;
    assert!(problem.contains("it does not fit the contract"), "{problem}");
    let empty = "(component (instance $api) (export \"coupon:plugin/restriction-api@1.0.0\" (instance $api)))";
    let problem = code_problem(&wat::parse_str(empty).expect("a component")).await;
    assert!(problem.contains("it does not fit the contract"), "{problem}");
}

#[tokio::test]
async fn a_component_does_not_take_the_places_of_others() {
    let part = |fields: &str, count: usize| {
        let instances = "(core instance (instantiate $m))".repeat(count);
        wat::parse_str(format!("(component (core module $m {fields}) {instances})")).expect("a component")
    };
    for (what, code) in [
        ("memories", part("(memory 1)", 5)),
        ("tables", part("(table 10 funcref)", 9)),
        ("modules", part("", 65)),
        ("a table", part("(table 40000 funcref)", 1)),
        ("a memory", part("(memory 1025)", 1)),
    ] {
        let problem = code_problem(&code).await;
        // What they export is looked at later than what they need, or sooner.
        assert!(!problem.is_empty(), "{what}");
    }
    let two_memories = refusing("no").and("(memory $more 1)").restriction();
    let problem = code_problem(&two_memories).await;
    assert!(problem.contains("memor"), "{problem}");
    let large = refusing("no").memory("300").restriction();
    assert_eq!(
        code_problem(&large).await,
        "a trial failed: plugin hostile needs more memory than limits.memory_mib (16)"
    );
    let huge = refusing("no").memory("2000").restriction();
    let problem = code_problem(&huge).await;
    assert!(problem.contains("memory"), "{problem}");
}

#[tokio::test]
async fn manifests_that_are_wrong_say_where() {
    let good = refusing("no").restriction();
    let text = manifest(ID, PluginKind::Restriction, "");
    for (manifest, says) in [
        (String::new(), "missing field `id`"),
        ("id = ".to_owned(), "line 1"),
        (text.replace("restriction", "filter"), "unknown variant `filter`"),
        (text.replace("'1.0.0'", "'one'"), "version: expected three numbers such as \"1.0.0\", found \"one\""),
        (format!("{text}[config]\ntype = 'thing'"), "config: not a JSON Schema"),
        (format!("{text}[config]\n'$ref' = 'https://a.example/schema.json'"), "config: not a JSON Schema"),
        (format!("{text}component = 'other.wasm'"), "does not exist: build it"),
        (format!("{text}component = '/etc/passwd'"), "a file of the plugin's own folder"),
        (format!("{text}hosts = ['a.example']"), "a restriction reaches no network"),
        (format!("{text}[limits]\nmemory_mib = 4096"), "limits.memory_mib: expected 1 to 64, found 4096"),
        (format!("{text}[limits]\nthreads = 2"), "unknown field `threads`"),
    ] {
        let found = problem(&manifest, &good).await;
        assert!(found.contains(says), "{says}: {found}");
    }
}

#[tokio::test]
async fn of_two_folders_with_one_id_the_first_is_used_and_it_is_told() {
    let (first, second) = (refusing("first").restriction(), refusing("second").restriction());
    let setup = Setup::new().with(ID, PluginKind::Restriction, "", &first);
    let other = setup.folder.path().join("zzz");
    write_plugin(&other, &manifest(ID, PluginKind::Restriction, "component = 'zzz.wasm'"), &second);
    let host = setup.open().await;
    let answers = async |text: &str| {
        assert_eq!(host.check(ID).await, Ok(vec![CheckVerdict::Refuse(text.to_owned())]));
    };
    answers("first").await;
    let problem = host.plugin(ID).problem().expect("a problem");
    assert!(problem.contains("its id is that of") && problem.contains("zzz"), "{problem}");
    assert_eq!(host.plugins.all().len(), 2);
    // A problem of the newest files is told beside it, not hidden by it.
    std::fs::write(host.folder(ID).join(format!("{ID}.wasm")), "broken").expect("a file");
    host.plugins.reload(ID).await.expect("known");
    let problem = host.plugin(ID).problem().expect("a problem");
    assert!(problem.contains("found something else; its id is that of"), "{problem}");
    std::fs::write(host.folder(ID).join(format!("{ID}.wasm")), &first).expect("a file");
    // Loaded again, it is told again; with one folder alone it is over.
    host.plugins.reload(ID).await.expect("known");
    assert!(host.plugin(ID).problem().is_some());
    std::fs::remove_dir_all(&other).expect("removed");
    host.plugins.reload(ID).await.expect("known");
    assert_eq!(host.plugin(ID).problem(), None);
    answers("first").await;
    // A folder that comes later does not take the id away in silence either.
    write_plugin(&host.folder("aaa"), &manifest(ID, PluginKind::Restriction, "component = 'aaa.wasm'"), &second);
    host.plugins.reload(ID).await.expect("known");
    assert!(host.plugin(ID).problem().is_some_and(|problem| problem.contains("aaa")));
    host.good().await;
}

#[tokio::test]
async fn what_is_no_file_is_not_read() {
    let setup = Setup::new();
    let place = |id: &str| {
        let folder = setup.folder.path().join(id);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("plugin.toml"), manifest(id, PluginKind::Restriction, "")).expect("a file");
        folder.join(format!("{id}.wasm"))
    };
    std::os::unix::fs::symlink("/dev/zero", place("endless")).expect("a link");
    let pipe = std::process::Command::new("mkfifo").arg(place("pipe")).status().expect("mkfifo");
    assert!(pipe.success());
    let _socket = std::os::unix::net::UnixListener::bind(place("socket")).expect("a socket");
    // Sparse, so that it takes no room.
    let long = std::fs::File::create(place("long")).expect("a file");
    long.set_len(32 * 1_024 * 1_024 + 1).expect("long");
    let manifest_of = place("manifest").with_file_name("plugin.toml");
    std::fs::write(manifest_of, "#".repeat(256 * 1_024 + 1)).expect("a file");
    // As a manifest these are none, so that there is no plugin.
    let no_plugin = place("no-plugin").with_file_name("plugin.toml");
    std::fs::remove_file(&no_plugin).expect("removed");
    std::os::unix::fs::symlink("/dev/zero", no_plugin).expect("a link");
    let host = setup.open().await;
    for id in ["endless", "pipe", "socket"] {
        let problem = host.problem(id);
        assert!(problem.ends_with("expected a file, found something else"), "{id}: {problem}");
    }
    for (id, most) in [("long", "expected at most 33554432 bytes"), ("manifest", "expected at most 262144 bytes")] {
        let problem = host.problem(id);
        assert!(problem.contains(most), "{id}: {problem}");
    }
    assert!(host.plugins.get("no-plugin").is_none());
    host.good().await;
}

#[tokio::test]
async fn functions_that_would_take_minutes_to_compile_are_refused() {
    let ifs = "(if (local.get $i) (then (local.set $i (i32.const 1))))".repeat(120_000);
    let loops = "(loop $on (br_if $on (local.get $i)))".repeat(2_000);
    let locals = "(local i32)".repeat(1_000);
    let (nest, ends) = ("(loop $on (br_if $on (local.get $i))".repeat(100), ")".repeat(100));
    let constants = "(drop (i64.const -9000000000000000000))".repeat(60_000);
    for (what, body, says) in [
        ("branches", format!("{ifs} unreachable"), "expected at most 20000 branches, found 120000"),
        ("loops", format!("{locals} {loops} unreachable"), "expected at most 250000 loops times local variables"),
        ("nested loops", format!("{nest}{ends} unreachable"), "expected at most 64 loops within each other, found 100"),
        ("bytes", format!("{constants} unreachable"), "expected at most 524288 bytes"),
    ] {
        let problem = code_problem(&Guest::check(&body).restriction()).await;
        assert!(problem.contains("takes too long to compile") && problem.contains(says), "{what}: {problem}");
    }
}

/// Ten megabytes of one function are refused in the time that reading them takes.
#[tokio::test]
async fn a_function_of_ten_megabytes_is_refused_before_it_is_compiled() {
    let constants = "(drop (i64.const -9000000000000000000))".repeat(900_000);
    let code = Guest::check(&format!("{constants} unreachable")).restriction();
    assert!(code.len() > 10_000_000);
    let began = std::time::Instant::now();
    let problem = code_problem(&code).await;
    assert!(problem.contains("a function is too large to compile") && problem.contains("split it"), "{problem}");
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_disturbs_no_other() {
    let setup = Setup::new().with(ID, PluginKind::Restriction, "", &refusing("no").restriction());
    let folder = setup.folder.path().to_owned();
    std::os::unix::fs::symlink("/nowhere/x.wasm", folder.join(ID).join("other.wasm")).expect("a link");
    std::os::unix::fs::symlink("/nowhere", folder.join("gone")).expect("a link");
    std::fs::write(folder.join("README.md"), "not a plugin").expect("a file");
    std::fs::create_dir_all(folder.join("odd/plugin.toml")).expect("a folder");
    std::fs::create_dir_all(folder.join("dir")).expect("a folder");
    std::fs::create_dir_all(folder.join("dir/dir.wasm")).expect("a folder");
    std::fs::write(folder.join("dir/plugin.toml"), manifest("dir", PluginKind::Restriction, "")).expect("a file");
    let host = setup.open().await;
    host.good().await;
    assert_eq!(host.check(ID).await, Ok(vec![CheckVerdict::Refuse("no".to_owned())]));
    assert!(host.problem("dir").ends_with("expected a file, found a folder"));
    assert_eq!(host.plugins.all().len(), 3);
}
