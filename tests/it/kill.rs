//! Processes killed with SIGKILL in a row, under 64 callers with readers and a subscriber beside them, each begun with
//! what the one before left: at random moments, before some operation on a file or within a write, also while a
//! start is still reading what the last one left. After each kill, a copy of the folder is audited and held
//! against everything that was told. `SCRIP_KILL_ROUNDS` raises the number of kills (200 take about ten
//! minutes), `SCRIP_KILL_SEED` repeats a run's choices (not its timing).

mod check;
mod erasure;
mod jobs;
mod line;
mod row;
mod seen;
mod told;
mod victim;
mod watch;

pub(crate) use row::Row;

use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::support::{
    files::copy_of,
    process::{TestChild, kill},
};

/// How many kills there are, unless more are asked for.
const ROUNDS: u64 = 6;
/// How many kills are in a row, at most.
pub(crate) const DEPTH: u64 = 20;
/// The seed unless another is given, so that every run does the same.
const SEED: u64 = 7;

#[test]
fn what_was_told_survives_kills_in_a_row() {
    let seed = number("SCRIP_KILL_SEED").unwrap_or(SEED);
    let rounds = number("SCRIP_KILL_ROUNDS").unwrap_or(ROUNDS);
    println!("SCRIP_KILL_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    // At least two rows: with the smallest memtable, and with the usual one.
    let depth = DEPTH.min(rounds.div_ceil(2));
    for first in (0..rounds).step_by(depth as usize) {
        let mut row = Row::new(first / depth);
        for round in first..rounds.min(first + depth) {
            let how = run_and_kill(&mut row, round, &mut random);
            println!("round {round}, {how}: {row}");
            if !row.holds(&copy_of(row.folder())) {
                let copy = copy_of(row.folder());
                row.fail(&format!("round {round}, {how}"), copy);
            }
        }
    }
}

/// The number in an environment variable.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Lets a victim work for a while, kills it, and hears what it tells; gives how it was killed.
fn run_and_kill(row: &mut Row, round: u64, random: &mut StdRng) -> String {
    let seed = random.random();
    if let Some((how, variables)) = stop(row, random) {
        let mut child = row.start(round, seed, &variables);
        while let Some(line) = child.line() {
            row.hear(line);
        }
        child.expect_killed();
        return how;
    }
    let mut child = row.start(round, seed, &[]);
    row.hear(child.line().expect("it opens the database"));
    let time = Duration::from_millis(random.random_range(0..1_500));
    hear_for(row, &mut child, time);
    kill(child.id());
    while let Some(line) = child.line() {
        row.hear(line);
    }
    format!("killed after {time:?}")
}

/// Hears a victim for a while.
fn hear_for(row: &mut Row, child: &mut TestChild, time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        if let Some(line) = child.line_within(left) {
            row.hear(line);
        }
    }
}

/// How a victim kills itself before some operation on a file; half of the time it does not.
#[cfg(target_os = "linux")]
fn stop(row: &Row, random: &mut StdRng) -> Option<(String, Vec<(&'static str, String)>)> {
    // Few operations are within a start's own reading of what it finds.
    let most = if random.random_bool(0.5) { 60 } else { 800 };
    let operations = random.random_range(0..most);
    let torn = random.random_bool(0.5);
    let watched = crate::disk::Watched {
        folder: row.folder().to_owned(),
        operations: Some(operations),
        torn,
        ..crate::disk::Watched::default()
    };
    let how = format!("{} operation {operations}", if torn { "killed within" } else { "killed before" });
    random.random_bool(0.5).then(|| (how, watched.variables()))
}

#[cfg(not(target_os = "linux"))]
fn stop(_: &Row, _: &mut StdRng) -> Option<(String, Vec<(&'static str, String)>)> {
    None
}
