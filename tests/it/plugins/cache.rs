//! Compiled code that is kept: used where it fits, never where it is damaged, of another engine, or in a folder that
//! others may write to.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use scrip::plugins::{CheckVerdict, Lookup, PluginKind, PluginSettings, Plugins, componentize};
use sha2::{Digest, Sha256};

use super::{guest::refusing, manifest, patient, write_plugin};
use crate::support::{Folder, new_folder};

const ID: &str = "kept";

/// A plugins folder with one plugin that says a text, and its cache.
struct Cache(Folder);

impl Cache {
    fn new(says: &str) -> Self {
        let cache = Self(new_folder());
        let folder = cache.0.path().join("plugins").join(ID);
        write_plugin(&folder, &manifest(ID, PluginKind::Restriction, ""), &refusing(says).restriction());
        cache
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    /// What the plugin says when a gateway starts.
    async fn says(&self) -> String {
        let folder = Some(self.0.path().join("plugins"));
        let settings =
            PluginSettings { folder, cache: Some(self.folder()), bounds: patient(), ..PluginSettings::default() };
        let plugins = Plugins::open(settings, Lookup::default()).await.expect("a host");
        let answer = plugins.check(ID, &scrip::plugins::CheckRequest::default()).await.expect("an answer");
        match answer.as_slice() {
            [CheckVerdict::Refuse(text)] => text.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// The one file that is kept.
    fn kept(&self) -> PathBuf {
        let mut files: Vec<_> =
            fs::read_dir(self.folder()).expect("a cache").map(|file| file.expect("a file").path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }
}

/// Code as the cache has it.
fn with_sum(code: &[u8]) -> Vec<u8> {
    [Sha256::digest(code).as_slice(), code].concat()
}

#[tokio::test]
async fn what_is_kept_is_used() {
    let (cache, other) = (Cache::new("one"), Cache::new("two"));
    assert_eq!((cache.says().await.as_str(), other.says().await.as_str()), ("one", "two"));
    let mode = fs::metadata(cache.folder()).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else may look into it");
    // Only what is not compiled again can speak with the other's words.
    fs::copy(other.kept(), cache.kept()).expect("a copy");
    assert_eq!(cache.says().await, "two");
}

#[tokio::test]
async fn what_is_damaged_is_compiled_again() {
    let cache = Cache::new("one");
    cache.says().await;
    let whole = fs::read(cache.kept()).expect("a file");
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    for damaged in [
        flipped(0),
        flipped(40),
        flipped(whole.len() / 2),
        flipped(whole.len() - 1),
        whole[..whole.len() / 2].to_vec(),
        Vec::new(),
        whole[..32].to_vec(),
    ] {
        fs::write(cache.kept(), &damaged).expect("damaged");
        assert_eq!(cache.says().await, "one");
        assert!(fs::read(cache.kept()).expect("a file") == whole, "it is kept anew");
    }
}

#[tokio::test]
async fn code_of_another_engine_is_compiled_again() {
    let cache = Cache::new("one");
    cache.says().await;
    // Whole and with the right sum, but of an engine without interruption, and of no engine at all.
    let component = componentize(&refusing("two").restriction()).expect("a component");
    let engine = wasmtime::Engine::default();
    let foreign = engine.precompile_component(&component).expect("compiled");
    let stale = [b"\x7fELF".as_slice(), &[0; 200]].concat();
    for code in [foreign, stale, b"nonsense".to_vec(), Vec::new()] {
        fs::write(cache.kept(), with_sum(&code)).expect("a file");
        assert_eq!(cache.says().await, "one");
    }
}

#[tokio::test]
async fn a_folder_that_others_write_to_is_not_used() {
    let cache = Cache::new("one");
    fs::create_dir(cache.folder()).expect("a folder");
    fs::set_permissions(cache.folder(), fs::Permissions::from_mode(0o777)).expect("open to all");
    assert_eq!(cache.says().await, "one");
    assert_eq!(entries(&cache.folder()), 0, "nothing is kept");
    fs::set_permissions(cache.folder(), fs::Permissions::from_mode(0o755)).expect("ours");
    assert_eq!(cache.says().await, "one");
    assert_eq!(entries(&cache.folder()), 1);
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}
