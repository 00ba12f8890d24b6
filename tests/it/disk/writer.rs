//! Tests of the simulated disk itself: a journal says all that was done, a careful program loses nothing that it
//! told, and one that makes any of the usual mistakes is found out.

use std::{
    fs::{self, File, OpenOptions},
    io::{IoSlice, Write},
    os::unix::fs::FileExt,
    path::Path,
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{Disk, Image, Record, Watched, records};
use crate::support::{
    Folder, new_folder,
    process::{Lines, TestChild, tell},
};

/// The variables that make a process a writer, and say which.
const FOLDER: &str = "SCRIP_WRITER_FOLDER";
const KIND: &str = "SCRIP_WRITER_KIND";

/// How often a checkpoint is made.
const CHECKPOINT: u64 = 10;

/// What a writer does wrong.
const MISTAKES: [&str; 5] =
    ["tells before the sync", "no sync of the folder", "no sync before the rename", "checkpoint unsynced", "tmp only"];

#[test]
fn a_careful_writer_loses_nothing_and_a_careless_one_is_found() {
    assert_eq!(losses("careful"), 0);
    for mistake in MISTAKES {
        let losses = losses(mistake);
        println!("{mistake}: lost in {losses} of 400 power cuts");
        assert!(losses > 0, "{mistake}: a power cut loses something");
    }
}

/// In how many of 400 power cuts a writer loses what it told.
fn losses(kind: &str) -> usize {
    let Run { before, journal, .. } = run("disk::writer::writer", kind, 60);
    let records: Vec<_> = records(&journal).collect();
    let lost = |seed: &u64| {
        let mut random = StdRng::seed_from_u64(*seed);
        let mut disk = before.clone();
        let mut lines = Lines::default();
        let mut told = 0;
        for record in &records[..random.random_range(0..=records.len())] {
            if let Record::Told(text) = record {
                told = lines.add(text).last().map_or(told, |line| line.parse().expect("a number"));
            }
            disk.apply(*record);
        }
        recovered(&disk.cut(&mut random)) < told
    };
    (0..400).filter(lost).count()
}

/// What came of a writer.
struct Run {
    /// Its folder as it left it.
    folder: Folder,
    /// The disk before it began.
    before: Disk,
    journal: Vec<u8>,
}

/// Runs a writer until it has told some lines.
fn run(test: &str, kind: &str, lines: u64) -> Run {
    let (folder, place) = (new_folder(), new_folder());
    let before = Disk::of(folder.path());
    let (path, journal) = (folder.path().canonicalize().expect("the folder"), place.path().join("journal"));
    let watched =
        Watched { folder: path.clone(), journal: Some(journal.clone()), lines: Some(lines), ..Watched::default() };
    let mut variables = watched.variables();
    variables.extend([(FOLDER, path.to_str().expect("text").to_owned()), (KIND, kind.to_owned())]);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    TestChild::start(test, &variables).expect_killed();
    let journal = fs::read(journal).expect("the journal");
    Run { folder, before, journal }
}

/// The process of the test above: numbers in a log, with a checkpoint now and then.
#[test]
fn writer() {
    let (Ok(folder), Ok(kind)) = (std::env::var(FOLDER), std::env::var(KIND)) else { return };
    let (root, wrong) = (Path::new(&folder), |mistake: usize| kind == MISTAKES[mistake]);
    let sync = |path: &Path| File::open(path).expect("a folder").sync_all().expect("synced");
    let data = root.join("data");
    fs::create_dir(&data).expect("a folder");
    let mut log = OpenOptions::new().append(true).create(true).open(data.join("log")).expect("a log");
    if !wrong(1) {
        sync(&data);
        sync(root);
    }
    for number in 1.. {
        log.write_all(&entry(number)).expect("written");
        if wrong(0) {
            tell(&number.to_string());
        }
        log.sync_data().expect("synced");
        if number % CHECKPOINT == 0 {
            let new = data.join("checkpoint.new");
            let mut file = File::create(&new).expect("a file");
            file.write_all(&entry(number)).expect("written");
            if !wrong(2) {
                file.sync_all().expect("synced");
            }
            fs::rename(&new, data.join("checkpoint")).expect("renamed");
            if !wrong(3) {
                sync(&data);
            }
            log.set_len(0).expect("emptied");
            if wrong(2) || wrong(3) {
                log.sync_all().expect("synced");
            }
        }
        if wrong(4) && number == CHECKPOINT + 1 {
            // The log goes on under a name that no folder was synced with.
            fs::copy(data.join("log"), data.join("log.new")).expect("copied");
            log = OpenOptions::new().append(true).open(data.join("log.new")).expect("a log");
            fs::rename(data.join("log.new"), data.join("log")).expect("renamed");
            log.sync_all().expect("synced");
        }
        if !wrong(0) {
            tell(&number.to_string());
        }
    }
}

/// A number as it is written: often enough that it spans pages.
fn entry(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(usize::try_from(number * 37 % 600 + 2).expect("a length"))
}

/// The last number that a folder knows.
fn recovered(image: &Image) -> u64 {
    let file = |name: &str| image.files.get(&Path::new("data").join(name)).map(Vec::as_slice).unwrap_or_default();
    let last = |mut content: &[u8]| {
        let mut last = 0;
        while let Some((number, _)) = content.split_first_chunk() {
            let number = u64::from_le_bytes(*number);
            match content.strip_prefix(entry(number).as_slice()) {
                Some(rest) if number > 0 => (last, content) = (number, rest),
                _ => return last,
            }
        }
        last
    };
    last(file("checkpoint")).max(last(file("log")))
}

/// Several threads that do all that the library follows: replayed, the journal gives the same folder.
#[test]
fn a_journal_says_all_that_was_done() {
    for kind in ["1", "2", "3"] {
        let Run { folder, before: mut disk, journal } = run("disk::writer::storm", kind, 400);
        records(&journal).for_each(|record| disk.apply(record));
        let differences = disk.now().differences(&Image::of(folder.path()));
        assert!(differences.is_empty(), "{differences:#?}");
        // What a power cut leaves can be written.
        for seed in 0..20 {
            let image = disk.cut(&mut StdRng::seed_from_u64(seed));
            let copy = new_folder();
            image.write(copy.path());
            assert_eq!(Image::of(copy.path()).differences(&image), Vec::<String>::new());
        }
    }
}

/// The process of the test above.
#[test]
fn storm() {
    let (Ok(folder), Ok(kind)) = (std::env::var(FOLDER), std::env::var(KIND)) else { return };
    let shared = OpenOptions::new().append(true).create(true).open(Path::new(&folder).join("shared")).expect("a file");
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (folder, shared) = (Path::new(&folder), shared.try_clone().expect("the same file"));
            let seed = kind.parse::<u64>().expect("a number") * 4 + thread;
            scope.spawn(move || blow(folder, &shared, &mut StdRng::seed_from_u64(seed)));
        }
    });
}

/// Does something at random until the process is killed. What another thread has undone fails, and that is fine.
fn blow(folder: &Path, mut shared: &File, random: &mut StdRng) {
    loop {
        let path = |random: &mut StdRng| {
            let within = ["", "one", "two", "one/deep"].choose(random).expect("a folder");
            folder.join(within).join(format!("file-{}", random.random_range(0..4)))
        };
        let (one, other) = (path(random), path(random));
        let bytes = vec![random.random::<u8>(); random.random_range(0..9_000)];
        match random.random_range(0..14) {
            0 => drop(fs::create_dir_all(folder.join("one/deep"))),
            1 => drop(fs::create_dir(folder.join("two"))),
            2 => drop(fs::write(&one, &bytes)),
            3 => drop(fs::rename(&one, &other)),
            4 => drop(fs::remove_file(&one)),
            5 => drop(fs::hard_link(&one, &other)),
            6 => drop(fs::copy(&one, &other)),
            7 => drop(fs::remove_dir_all(folder.join(["one", "two"][random.random_range(0..2)]))),
            8 => drop(shared.write_all(&bytes)),
            9 => drop(shared.write_vectored(&[IoSlice::new(b"one"), IoSlice::new(&bytes)])),
            10 => drop(File::open(&one).and_then(|file| file.sync_all())),
            _ => {
                let Ok(file) = OpenOptions::new().write(true).open(&one) else { continue };
                drop(file.write_at(&bytes, random.random_range(0..10_000)));
                drop(file.set_len(random.random_range(0..12_000)));
                drop(file.sync_data());
            }
        }
        tell("done");
    }
}
