//! What no compiler holds: layers point one way, files stay short, every example has a README, and
//! nothing is left over.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// The layers that are crates, each with those that its Cargo.toml may name.
const CRATES: [(&str, &[&str]); 5] = [
    ("domain", &[]),
    ("plugins", &[]),
    ("storage", &["domain"]),
    ("service", &["domain", "plugins", "storage"]),
    ("graphql", &["domain", "plugins", "service"]),
];

/// The layers that are modules of the crate `scrip`, each with those that it may use beside itself.
const MODULES: [(&str, &[&str]); 4] = [
    ("http", &["domain", "service", "graphql"]),
    ("config", &["http", "plugins", "service", "storage"]),
    ("telemetry", &[]),
    ("cli", &["domain", "plugins", "storage", "service", "graphql", "http", "config", "telemetry"]),
];

/// The most lines of a file, and of nine files in ten.
const LONGEST: usize = 500;
const MOST: usize = 300;

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file can be read");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// A file of the repository.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of the repository that is TOML.
fn toml(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn layers_that_are_crates_point_one_way() {
    for (layer, allowed) in CRATES {
        let manifest = toml(&format!("src/{layer}/Cargo.toml"));
        let named = manifest["dependencies"].as_table().expect("dependencies").keys();
        let wrong: Vec<_> =
            named.filter_map(|name| name.strip_prefix("scrip-")).filter(|other| !allowed.contains(other)).collect();
        assert!(wrong.is_empty(), "{layer} uses layers that it may not: {wrong:?}");
    }
}

#[test]
fn layers_that_are_modules_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let inside = path.strip_prefix(&root).expect("a path below src");
        let first = inside.components().next().map(|part| part.as_os_str().to_string_lossy().replace(".rs", ""));
        let first = first.unwrap_or_default();
        let Some((layer, allowed)) = MODULES.iter().find(|(layer, _)| *layer == first) else {
            let known = matches!(first.as_str(), "lib" | "main") || CRATES.iter().any(|(layer, _)| *layer == first);
            assert!(known, "{} is in no layer", inside.display());
            continue;
        };
        let others = MODULES.iter().chain(&CRATES).map(|(other, _)| *other).filter(|other| other != layer);
        for other in others.filter(|other| !allowed.contains(other)) {
            // `use crate::{a::.., b::..}` names its layers at the start of a line, or after `crate::`.
            let nested = text.contains("use crate::{");
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let used = code.filter(|line| {
                line.contains(&format!("crate::{other}::"))
                    || line.contains(&format!("scrip_{other}::"))
                    || (nested && line.starts_with(&format!("    {other}::")))
            });
            wrong.extend(used.map(|line| format!("{}: {}", inside.display(), line.trim())));
        }
    }
    assert!(wrong.is_empty(), "a layer uses one that it may not: {wrong:#?}");
}

/// A crate that is named in a profile and not in the tree is compiled at another level than was meant, and
/// Cargo only warns.
#[test]
fn crates_with_a_level_of_their_own_are_in_the_tree() {
    let lock = toml("Cargo.lock");
    let packages = lock["package"].as_array().expect("packages");
    let known: HashSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut named = 0;
    for (profile, settings) in toml("Cargo.toml")["profile"].as_table().expect("profiles") {
        let packages = settings.get("package").and_then(|packages| packages.as_table());
        for name in packages.into_iter().flatten().map(|(name, _)| name.as_str()).filter(|name| *name != "*") {
            let name = name.split('@').next().unwrap_or(name);
            assert!(known.contains(name), "profile {profile} names {name}, which is not in Cargo.lock");
            named += 1;
        }
    }
    assert!(named > 0, "no profile names a crate");
}

#[test]
fn files_stay_short() {
    let mut lengths: Vec<_> = sources("src").into_iter().map(|(path, text)| (text.lines().count(), path)).collect();
    lengths.sort();
    let (longest, path) = lengths.last().expect("a file");
    assert!(*longest <= LONGEST, "{} has {longest} lines, at most {LONGEST} are readable", path.display());
    let (ninth, path) = &lengths[lengths.len() * 9 / 10];
    assert!(*ninth <= MOST, "nine files in ten should have at most {MOST} lines, {} has {ninth}", path.display());
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<_> = sources("src")
        .into_iter()
        .chain(sources("tests"))
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "without a first paragraph: {silent:#?}");
}

#[test]
fn nothing_is_left_over() {
    // Written apart, so that this file is not its own finding.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["HA", "CK"].concat()];
    let mut left = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        for line in text.lines() {
            let attribute = line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#[ignore");
            if attribute || marks.iter().any(|mark| line.contains(mark.as_str())) {
                left.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(left.is_empty(), "left over: {left:#?}");
}

#[test]
fn every_example_has_a_readme() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in fs::read_dir(folder).expect("examples").flatten() {
        assert!(entry.path().join("README.md").exists(), "{} has no README.md", entry.path().display());
    }
}

/// The map of `src/lib.rs` names files and folders that are there, and every layer.
#[test]
fn the_map_is_of_what_there_is() {
    let map: String =
        read("src/lib.rs").lines().filter_map(|line| line.strip_prefix("//!")).collect::<Vec<_>>().join("\n");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for text in map.split('`').skip(1).step_by(2) {
        let is_path = text.contains('/') && !text.contains([' ', ':', '[']);
        for path in spread(text).into_iter().filter(|_| is_path) {
            let there = root.join("src").join(&path).exists() || root.join(&path).exists();
            assert!(there, "the map names {path}, which is not there");
            named += 1;
        }
    }
    assert!(named > 20, "the map names files: {named}");
    for layer in CRATES.iter().map(|(layer, _)| layer).chain(MODULES.iter().map(|(layer, _)| layer)) {
        assert!(map.contains(&format!("[`{layer}`]")), "the map lacks the layer {layer}");
    }
}

/// The paths that a text such as `a/{b,c}.rs` stands for.
fn spread(text: &str) -> Vec<String> {
    match (text.split_once('{'), text.split_once('}')) {
        (Some((before, _)), Some((inside, after))) => {
            let inside = inside.split_once('{').map_or("", |(_, inside)| inside);
            inside.split(',').map(|one| format!("{before}{one}{after}")).collect()
        }
        _ => vec![text.to_owned()],
    }
}
