//! What no compiler holds: layers point one way, files stay short, every example has a README, and
//! nothing is left over.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The layers, each with those that it may use beside itself.
const LAYERS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("plugins", &[]),
    ("storage", &["domain"]),
    ("service", &["domain", "plugins", "storage"]),
    ("graphql", &["domain", "plugins", "service"]),
    ("http", &["domain", "service", "graphql"]),
    ("config", &["plugins", "storage"]),
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

#[test]
fn layers_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let inside = path.strip_prefix(&root).expect("a path below src");
        let first = inside.components().next().map(|part| part.as_os_str().to_string_lossy().replace(".rs", ""));
        let Some((layer, allowed)) = LAYERS.iter().find(|(layer, _)| Some(*layer) == first.as_deref()) else {
            assert!(matches!(first.as_deref(), Some("lib" | "main")), "{inside:?} is in no layer");
            continue;
        };
        // `use crate::{a::.., b::..}` names its layers at the start of a line, or after `crate::`.
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for (other, _) in LAYERS {
                let nested = line.starts_with(&format!("    {other}::")) && text.contains("use crate::{");
                let named = line.contains(&format!("crate::{other}::")) || (nested && !inside.starts_with("lib.rs"));
                if named && other != *layer && !allowed.contains(&other) {
                    wrong.push(format!("{}: {}", inside.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "a layer uses one that it may not: {wrong:#?}");
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
