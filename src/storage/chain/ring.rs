//! Looks at the ring of batches as a whole: whether it has every number, each linked to the one before, up to what was
//! told. Pure, but for reading it.

use super::{
    Fault, Link, Mark, RING,
    mark::{Says, Told},
    place,
};
use crate::{StorageError, Store, Table, check::Pages, tables::Batches};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    /// The batches that could be read, in order.
    links: Vec<Link>,
    /// What is wrong.
    pub(crate) faults: Vec<Fault>,
}

impl Ring {
    /// The last batch.
    pub(crate) fn last(&self) -> Link {
        self.links.last().copied().unwrap_or(Link::NONE)
    }

    /// How many batches are known to be lost at the end. What is missing before is followed by batches that went on from
    /// the numbers which it gave.
    pub(crate) fn lost(&self) -> u64 {
        let lost = self.faults.iter().map(|fault| match fault {
            Fault::Short { told, last } => told.number.saturating_sub(last.number),
            _ => 0,
        });
        lost.sum()
    }

    /// The batch with a number.
    fn get(&self, number: u64) -> Option<&Link> {
        self.links.binary_search_by_key(&number, |link| link.number).ok().and_then(|at| self.links.get(at))
    }

    /// Orders what was read, and finds what is wrong with it.
    fn new(mut links: Vec<Link>, mut faults: Vec<Fault>) -> Self {
        links.sort_unstable_by_key(|link| link.number);
        let last = links.last().map_or(0, |link| link.number);
        // A batch overwrites the row of the one a whole ring before it, so nothing older should be there.
        let oldest = (last + 1).saturating_sub(RING).max(1);
        let mut before: Option<Link> = (oldest == 1).then_some(Link::NONE);
        let mut expected = oldest;
        for link in links.iter().filter(|link| link.number >= oldest) {
            if link.number > expected {
                let known = before.filter(|before| before.number > 0).map(|before| before.moment());
                faults.push(Fault::Gap { first: expected, last: link.number - 1, before: known, after: link.moment() });
            } else if before.is_some_and(|before| before.digest() != link.before) {
                faults.push(Fault::Broken { link: link.moment() });
            }
            (before, expected) = (Some(*link), link.number + 1);
        }
        Self { links, faults }
    }

    /// Compares it with what a mark says. Of a mark whose other entry is damaged, what this one says: a power cut tears
    /// the entry that is being written, and the log's end with it.
    pub(super) fn compare(&mut self, mark: &Mark) {
        match mark.says {
            Says::Nothing => {}
            Says::Blank | Says::Damaged => {
                let reason =
                    "neither of its two entries is whole; if the database is known to have all, remove the file"
                        .to_owned();
                self.faults.insert(0, Fault::Mark { file: mark.path.display().to_string(), reason });
            }
            Says::Told(told) => self.compare_told(told),
        }
    }

    fn compare_told(&mut self, told: Told) {
        let last = self.last();
        if told.number > last.number {
            self.faults.push(Fault::Short { told: told.moment(), last: last.moment() });
        } else if self.get(told.number).is_some_and(|link| link.digest() != told.digest) {
            self.faults.push(Fault::Other { told: told.moment() });
        }
    }
}

impl Store {
    /// Reads the ring, and holds it against what a mark says.
    pub(crate) async fn ring(&self, mark: &Mark) -> Result<Ring, StorageError> {
        let mut ring = self.whole_ring().await?;
        ring.compare(mark);
        Ok(ring)
    }

    /// Reads the ring, and holds it against nothing.
    pub(crate) async fn whole_ring(&self) -> Result<Ring, StorageError> {
        let (mut links, mut faults) = (Vec::new(), Vec::new());
        let mut pages = Pages::new(self, self.format().await?, Batches::NUMBER);
        let mut tell = |fault| faults.push(fault);
        let mut misplaced = Vec::new();
        while let Some(page) = pages.next(&mut tell).await {
            for (id, row) in page {
                match (id.key::<Batches>(), row.document::<Batches>()) {
                    (Some(at), Some(link)) if *at == place(link.number) => links.push(*link),
                    _ => misplaced.push(format!("{id:?}")),
                }
            }
        }
        let table = Batches::NAME;
        let misplaced = misplaced.into_iter();
        faults.extend(misplaced.map(|id| Fault::Row { table, id, reason: "it is out of place".to_owned() }));
        Ok(Ring::new(links, faults))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scrip_domain::clock::BatchTime;

    const NONE: [Fault; 0] = [];

    /// A chain's batches from the first to this number; another history where `contents` differs.
    fn chain(number: u64, contents: u64) -> Vec<Link> {
        let mut links = vec![Link::NONE];
        for at in 0..number {
            let time = BatchTime { at: i64::try_from(at).expect("few"), ..Link::NONE.time };
            links.push(links.last().expect("a link").next(Some(time), contents));
        }
        links.split_off(1)
    }

    fn faults(links: Vec<Link>) -> Vec<Fault> {
        Ring::new(links, Vec::new()).faults
    }

    #[test]
    fn a_whole_ring_has_no_faults() {
        let all = chain(RING + 10, 1);
        let ring = usize::try_from(RING).expect("a size");
        assert_eq!(faults(Vec::new()), NONE);
        assert_eq!(faults(all[..1].to_vec()), NONE);
        assert_eq!(faults(all[..ring].to_vec()), NONE);
        // Once round, the first ten are overwritten.
        assert_eq!(faults(all[10..].to_vec()), NONE);
    }

    #[test]
    fn what_is_missing_before_the_end_is_a_gap() {
        let all = chain(RING + 10, 1);
        let moment = |number: u64| all[usize::try_from(number).expect("a place") - 1].moment();
        let without = |range: std::ops::RangeInclusive<u64>| {
            faults(all.iter().copied().filter(|link| link.number > 10 && !range.contains(&link.number)).collect())
        };
        let gap = |first, last, before: Option<u64>, after| {
            vec![Fault::Gap { first, last, before: before.map(moment), after: moment(after) }]
        };
        assert_eq!(without(20..=20), gap(20, 20, Some(19), 21));
        assert_eq!(without(20..=5_000), gap(20, 5_000, Some(19), 5_001));
        assert_eq!(without(11..=11), gap(11, 11, None, 12));
        // An old row in the place of a new one is a gap as well, and no more than that.
        let mut stale: Vec<Link> = all[10..].to_vec();
        stale[usize::try_from(RING - 5).expect("a place")] = all[5];
        assert_eq!(faults(stale), gap(RING + 6, RING + 6, Some(RING + 5), RING + 7));
    }

    #[test]
    fn two_histories_do_not_link() {
        let (one, other) = (chain(9, 1), chain(9, 2));
        let mixed = [&one[..4], &other[4..]].concat();
        assert_eq!(faults(mixed), [Fault::Broken { link: other[4].moment() }]);
        let mut changed = one.clone();
        changed[2].time.at += 1;
        assert_eq!(faults(changed), [Fault::Broken { link: one[3].moment() }], "no field changes unnoticed");
    }

    #[test]
    fn the_end_is_held_against_what_was_told() {
        let (one, other) = (chain(9, 1), chain(9, 2));
        let compared = |links: &[Link], told: Link| {
            let mut ring = Ring::new(links.to_vec(), Vec::new());
            ring.compare_told(told.told());
            ring.faults
        };
        let short = |told: usize, last: Link| vec![Fault::Short { told: one[told].moment(), last: last.moment() }];
        assert_eq!(compared(&one, one[8]), NONE);
        assert_eq!(compared(&one, one[3]), NONE, "more than was told is no fault");
        assert_eq!(compared(&one[..8], one[8]), short(8, one[7]));
        assert_eq!(compared(&[], one[8]), short(8, Link::NONE));
        assert_eq!(compared(&one, other[5]), [Fault::Other { told: other[5].moment() }]);
    }
}
