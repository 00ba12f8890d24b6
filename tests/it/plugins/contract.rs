//! What was published stays as it was, and what is shipped is made from what stands beside it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use scrip::plugins::hex;
use sha2::{Digest, Sha256};

/// Every version of the contract that was published, with the SHA-256 of its file. A line is added with a version;
/// none changes.
const FROZEN: [(&str, &str); 2] = [
    ("1.0.0", "cf87bea28901f1f9377f63e635ee1d9f628a4b23a07e49b80f638af6db871e4b"),
    ("1.1.0", "42b2658c99529eb4e8f32a042191df26e288a57f289e715890c835ad065b185a"),
];
const SHIPPED: [&str; 4] = ["http-callback", "first-purchase", "weekdays-and-hours", "customer-segment"];

fn plugins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins")
}

#[test]
fn a_published_contract_never_changes() {
    let mut versions: Vec<_> = fs::read_dir(plugins().join("wit"))
        .expect("contracts")
        .map(|entry| entry.expect("a folder").file_name().to_string_lossy().into_owned())
        .collect();
    versions.sort();
    assert_eq!(versions, FROZEN.map(|(version, _)| version), "each version has its line, each line its version");
    for (version, digest) in FROZEN {
        let folder = plugins().join("wit").join(version);
        let files: Vec<_> =
            fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("a file").file_name()).collect();
        assert_eq!(files, ["coupon-plugin.wit"]);
        let text = fs::read(folder.join("coupon-plugin.wit")).expect("a contract");
        assert_eq!(hex(&text), digest, "contract {version} was published: a change of it is a new version");
    }
}

#[test]
fn shipped_plugins_are_built_from_their_sources() {
    for id in SHIPPED {
        let code = fs::read(plugins().join(id).join(format!("{id}.wasm"))).expect("a plugin");
        // build.sh writes it last: the section's name and 64 digits.
        let (before, digest) = code.split_at(code.len() - 64);
        assert!(
            before.ends_with(b"\x00\x4e\x0dscrip-sources"),
            "{id} does not tell its sources: plugins/build.sh {id}"
        );
        assert_eq!(
            String::from_utf8_lossy(digest),
            sources(id),
            "{id} is older than its sources: plugins/build.sh {id}"
        );
    }
}

/// The digest of a plugin's sources, as build.sh tells it.
fn sources(id: &str) -> String {
    let mut files = Vec::new();
    for start in [
        &format!("{id}/Cargo.toml"),
        &format!("{id}/src"),
        "sdk/Cargo.toml",
        "sdk/src",
        "wit",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        collect(&plugins(), Path::new(start), &mut files);
    }
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    let mut digest = Sha256::new();
    for file in files {
        let content = fs::read(plugins().join(&file)).expect("a source");
        digest.update(format!("{}\0{}\0", file.display(), content.len()));
        digest.update(content);
    }
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

fn collect(root: &Path, path: &Path, files: &mut Vec<PathBuf>) {
    if root.join(path).is_file() {
        files.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(root.join(path)).expect("sources") {
        collect(root, &path.join(entry.expect("a file").file_name()), files);
    }
}
