//! Power cuts in a row, on a [simulated disk](crate::disk): a victim under 64 callers, with readers and a subscriber
//! beside them, is stopped somewhere; the folder is rebuilt as a power cut may leave it, audited and held against
//! everything that was told before the cut; the next victim begins with it. Besides, the folder is rebuilt and
//! checked for cuts at other places of each victim's journal. `SCRIP_POWER_ROUNDS` raises the number of victims (200
//! take about ten minutes), `SCRIP_POWER_SEED` repeats a run's choices (not its timing).

use std::fs;

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    disk::{Disk, Image, Record, Watched, records},
    kill::{DEPTH, Row, number},
    support::{Folder, new_folder, process::Lines},
};

/// How many power cuts are in rows, unless more are asked for.
const ROUNDS: u64 = 6;
/// How many more are tried beside each of them.
const BESIDE: usize = 1;
/// The seed unless another is given.
const SEED: u64 = 7;

#[test]
fn what_was_told_survives_power_cuts_in_a_row() {
    let seed = number("SCRIP_POWER_SEED").unwrap_or(SEED);
    let rounds = number("SCRIP_POWER_ROUNDS").unwrap_or(ROUNDS);
    println!("SCRIP_POWER_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    // At least two rows: with the smallest memtable, and with the usual one.
    let depth = DEPTH.min(rounds.div_ceil(2));
    for first in (0..rounds).step_by(depth as usize) {
        let mut row = Row::new(first / depth);
        for round in first..rounds.min(first + depth) {
            cut_power(&mut row, round, &mut random);
        }
    }
}

/// Lets a victim work and cuts its power; the row goes on with what is left.
fn cut_power(row: &mut Row, round: u64, random: &mut StdRng) {
    let mut disk = Disk::of(row.folder());
    let journal = run(row, round, random);
    let records: Vec<_> = records(&journal).collect();
    let mut places: Vec<usize> = (0..BESIDE).map(|_| random.random_range(0..=records.len())).collect();
    places.sort_unstable();
    let mut lines = Lines::default();
    for (place, record) in records.iter().enumerate() {
        for _ in places.iter().filter(|cut| **cut == place) {
            check(row, &disk, random.random(), &format!("round {round}, cut at {place}"));
        }
        if let Record::Told(text) = record {
            lines.add(text).into_iter().for_each(|line| row.hear(line));
        }
        disk.apply(*record);
    }
    // The stop came between two operations, so the journal has to tell all that is in the folder.
    let differences = disk.now().differences(&Image::of(row.folder()));
    assert!(differences.is_empty(), "the journal does not tell all: {differences:#?}");
    let image = check(row, &disk, random.random(), &format!("round {round}, cut at its end"));
    println!("round {round}, {} records: {row}", records.len());
    row.go_on_with(folder_of(&image));
}

/// Runs a victim until it is stopped; gives its journal.
fn run(row: &Row, round: u64, random: &mut StdRng) -> Vec<u8> {
    let journal = row.beside("journal");
    // Few operations are within a start's own reading of what it finds.
    let (operations, lines) = match random.random_range(0..5) {
        0 => (Some(random.random_range(0..60)), None),
        1 => (Some(random.random_range(0..2_000)), None),
        _ => (None, Some(random.random_range(1..2_500))),
    };
    // A slow disk keeps for longer what is written and not synced.
    let delay = random.random_bool(0.5).then(|| random.random_range(1..5_000));
    let folder = row.folder().to_owned();
    let watched = Watched { folder, journal: Some(journal.clone()), operations, lines, delay, torn: false };
    row.start(round, random.random(), &watched.variables()).expect_killed();
    fs::read(journal).expect("the journal")
}

/// Checks what a power cut leaves against all that was told so far; gives it.
fn check(row: &mut Row, disk: &Disk, seed: u64, when: &str) -> Image {
    let image = disk.cut(&mut StdRng::seed_from_u64(seed));
    if !row.holds(&folder_of(&image)) {
        row.fail(when, folder_of(&image));
    }
    image
}

/// A new folder as a power cut leaves it.
fn folder_of(image: &Image) -> Folder {
    let folder = new_folder();
    image.write(folder.path());
    folder
}
