//! Damage: a byte flipped at many places of each kind of file, a page lost, a file cut, emptied or removed, files of
//! another moment among the others. Whatever it is, a start never lacks what was told: it is refused, or a read fails,
//! or all of it is there. `SCRIP_DAMAGE_PLACES` raises the number of places in a file.

mod harm;
mod maker;
mod start;

use std::collections::{BTreeMap, BTreeSet};

use harm::{Harm, damages, mixtures};
use maker::run;
use start::try_start;

/// The harms that the engine does not see: it starts, and lacks what was told. A wall of Scrip's own has to see them,
/// and then this list has to be empty. It says exactly what passes, so whatever changes there shows here.
const THE_WALL_HAS_TO_SEE: [&str; 10] = [
    "killed: the log cut in half",
    "killed: the log emptied",
    "killed: the log flipped at its end",
    "killed: the log removed",
    "killed: the log without a page at its end",
    "the database of an early moment",
    "the database of an early moment, but a table",
    "the database of an early moment, but the log",
    "the database of an early moment, but the log in place of its own",
    "the manifest of an early moment",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_start_lacks_what_was_told() {
    let (early, killed) = run(false).await;
    let (_, closed) = run(true).await;
    let mut passed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    for (name, moment) in [("killed", &killed), ("closed", &closed)] {
        assert_eq!(try_start(&moment.files, &moment.told).await, Ok(()), "the {name} folder without damage");
        let mut harms = damages(name, &moment.files);
        if name == "killed" {
            harms.extend(mixtures(&early.files, &moment.files));
        }
        for Harm { kind, what, files } in harms {
            count += 1;
            if let Err(lacks) = try_start(&files(), &moment.told).await {
                passed.entry(kind).or_default().push(format!("{what}: {lacks}"));
            }
        }
    }
    println!("{count} harms, passed over: {passed:#?}");
    let kinds: BTreeSet<&str> = passed.keys().map(String::as_str).collect();
    assert_eq!(kinds, BTreeSet::from(THE_WALL_HAS_TO_SEE), "the harms that are passed over");
}
