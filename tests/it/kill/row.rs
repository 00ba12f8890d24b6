//! A row of crashes: each victim begins with what the one before left, without a clean stop between them. What is
//! checked is a copy, so that the row goes on from the folder itself.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{check, told::Told, victim};
use crate::support::{Folder, new_folder, process::TestChild};

/// The file with the lines that were told.
const LINES: &str = "lines";

/// A row.
pub(crate) struct Row {
    /// The folder with the database, and with what is kept beside it.
    folder: Folder,
    /// Options of the database's address.
    options: &'static str,
    /// A folder for the files below.
    beside: Folder,
    /// All lines that were told.
    lines: Vec<String>,
    told: Told,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.told, self.options)
    }
}

impl Row {
    /// A row that begins with an empty folder; every second one has the smallest memtable, so that the database
    /// changes its log segment and its files often.
    pub(crate) fn new(number: u64) -> Self {
        let options = if number.is_multiple_of(2) { "?max_memtable_size=1048576" } else { "" };
        let (folder, beside) = (new_folder(), new_folder());
        Self { folder, options, beside, lines: Vec::new(), told: Told::default() }
    }

    /// Where the database is, with what is beside it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file beside the folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.beside.path().join(name)
    }

    /// Starts a victim, with some more variables.
    pub(crate) fn start(&self, round: u64, seed: u64, variables: &[(&str, String)]) -> TestChild {
        let state = self.beside("state");
        fs::write(&state, serde_json::to_vec(&self.told.state()).expect("a state")).expect("the state");
        let state = state.to_str().expect("a path of plain text");
        let (address, round, seed) = (self.address(self.folder()), round.to_string(), seed.to_string());
        let mut all = vec![
            (victim::ADDRESS, address.as_str()),
            (victim::ROUND, &round),
            (victim::SEED, &seed),
            (victim::STATE, state),
        ];
        all.extend(variables.iter().map(|(name, value)| (*name, value.as_str())));
        TestChild::start(victim::TEST, &all)
    }

    /// Hears a line of the victim's.
    pub(crate) fn hear(&mut self, line: String) {
        self.told.hear(&line);
        self.lines.push(line);
    }

    /// Goes on with another folder.
    pub(crate) fn go_on_with(&mut self, folder: Folder) {
        self.folder = folder;
    }

    /// Whether a copy of the folder, which is changed by that, has all that was told so far.
    pub(crate) fn holds(&self, copy: &Folder) -> bool {
        let lines: Vec<u8> = self.lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
        fs::write(self.beside(LINES), lines).expect("the lines");
        check::holds(&self.address(copy.path()), &self.beside(LINES))
    }

    /// Fails the test, and keeps another copy and what was told, to look for the cause.
    pub(crate) fn fail(&mut self, when: &str, mut copy: Folder) -> ! {
        self.beside.keep();
        copy.keep();
        let again = check::command(&self.address(copy.path()), &self.beside(LINES));
        panic!("{when}: the folder is not as it was told; {self}\n{again}");
    }

    fn address(&self, folder: &Path) -> String {
        let folder = folder.canonicalize().expect("the folder");
        format!("surrealkv://{}{}", folder.join("scrip").display(), self.options)
    }
}
