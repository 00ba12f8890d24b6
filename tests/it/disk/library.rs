//! The library that goes before libc's functions: compiled by the machine's C compiler when it is first needed, and
//! told by environment variables what to do.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The library's source.
const SOURCES: [(&str, &str); 5] = [
    ("journal.h", include_str!("preload/journal.h")),
    ("journal.c", include_str!("preload/journal.c")),
    ("open.c", include_str!("preload/open.c")),
    ("write.c", include_str!("preload/write.c")),
    ("names.c", include_str!("preload/names.c")),
];

/// How a process is watched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    /// Whose files are journalled.
    pub(crate) folder: PathBuf,
    /// Where the journal is; without one the process is only stopped, and what it tells is heard as usual.
    pub(crate) journal: Option<PathBuf>,
    /// It is killed before it has done so many operations on files.
    pub(crate) operations: Option<u64>,
    /// The write before which it is killed is made in part.
    pub(crate) torn: bool,
    /// It is killed when it has told so many lines.
    pub(crate) lines: Option<u64>,
    /// How much longer than the disk needs a sync takes at most, in microseconds.
    pub(crate) delay: Option<u64>,
}

impl Watched {
    /// The environment variables of a process that is watched so.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_str().expect("a path of plain text").to_owned();
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let folder = self.folder.canonicalize().expect("the folder");
        let mut variables = vec![("LD_PRELOAD", text(library())), ("SCRIP_DISK_FOLDER", text(&folder))];
        let others = [
            ("SCRIP_DISK_JOURNAL", self.journal.as_deref().map(text)),
            ("SCRIP_DISK_OPERATIONS", number(self.operations)),
            ("SCRIP_DISK_TORN", self.torn.then(|| "1".to_owned())),
            ("SCRIP_DISK_LINES", number(self.lines)),
            ("SCRIP_DISK_DELAY", number(self.delay)),
        ];
        variables.extend(others.into_iter().filter_map(|(name, value)| Some((name, value?))));
        variables
    }
}

/// The compiled library. Its name tells its source, so that it is compiled once for all runs.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut hasher = DefaultHasher::new();
        SOURCES.hash(&mut hasher);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("disk-{:016x}.so", hasher.finish()));
        if !path.exists() {
            compile(&path);
        }
        path
    })
}

fn compile(path: &Path) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    for (name, text) in SOURCES {
        std::fs::write(folder.path().join(name), text).expect("a source");
    }
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(&compiler)
        .current_dir(folder.path())
        .args(["-O2", "-Wall", "-shared", "-fPIC", "-pthread", "-o", "disk.so"])
        .args(SOURCES.iter().map(|(name, _)| *name).filter(|name| name.ends_with(".c")))
        .arg("-ldl")
        .status()
        .unwrap_or_else(|error| panic!("{compiler} cannot be run, a C compiler is needed here: {error}"));
    assert!(status.success(), "{compiler} failed: {status}");
    // At once, because another process may do the same.
    std::fs::rename(folder.path().join("disk.so"), path).expect("the library");
}
