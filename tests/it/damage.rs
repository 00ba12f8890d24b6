//! Damage: a byte flipped at many places of each kind of file, a page lost, a file cut, emptied or removed, files of
//! another moment among the others. Whatever it is, a start never lacks what was told: it is refused, or a read fails,
//! or all of it is there. The engine alone passes ten kinds of these over; the chain of batches and the mark see them.
//! `SCRIP_DAMAGE_PLACES` raises the number of places in a file.

mod harm;
mod maker;
mod start;

use std::collections::BTreeMap;

use harm::{Harm, damages, mixtures};
use maker::run;
use start::try_start;

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
    assert!(passed.is_empty(), "of {count} harms, passed over: {passed:#?}");
}
