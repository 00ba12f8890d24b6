//! What a mark says after it was written, damaged, removed or replaced.

use std::fs;

use super::*;
use crate::chain::marker::Marker;

fn told(number: u64) -> Told {
    Told { number, at: 1_764_307_214_000, digest: Digest::of(&number.to_le_bytes()) }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Opens the mark of a folder, tells it of batches, ends it, and gives what it says then.
fn says_after(folder: &Path, numbers: &[u64]) -> Says {
    let mut mark = Mark::open(folder).expect("a mark");
    if mark.says == Says::Nothing {
        mark.say(told(0)).expect("written");
    }
    let marker = Marker::start(mark, true).expect("a thread");
    for number in numbers {
        marker.tell(told(*number));
    }
    marker.end();
    says(folder)
}

fn says(folder: &Path) -> Says {
    Mark::look(folder).expect("readable").says
}

#[test]
fn the_last_batch_told_is_what_it_says() {
    let parent = folder();
    let folder = parent.path().join("data");
    assert_eq!(says(&folder), Says::Nothing);
    assert!(!path(&folder).exists(), "to look makes none");
    drop(Mark::open(&folder).expect("a mark"));
    assert_eq!(fs::read_dir(parent.path()).expect("a folder").count(), 0, "one that says nothing is removed");
    assert_eq!(says_after(&folder, &[]), Says::Told(told(0)));
    for numbers in [&[1][..], &[2, 3, 4], &[5], &[], &[6, 7]] {
        let last = says_after(&folder, numbers);
        if let Some(number) = numbers.last() {
            assert_eq!(last, Says::Told(told(*number)));
        }
    }
    assert_eq!(says(&folder), Says::Told(told(7)));
}

#[test]
fn it_is_held_by_one() {
    let parent = folder();
    let folder = parent.path().join("data");
    let mut held = Mark::open(&folder).expect("a mark");
    let blocked = |other: io::Result<Mark>| {
        assert_eq!(other.err().map(|error| error.kind()), Some(io::ErrorKind::WouldBlock));
    };
    blocked(Mark::open(&folder));
    held.say(told(1)).expect("written");
    blocked(Mark::open(&folder));
    blocked(Mark::look(&folder));
    drop(held);
    assert!(Mark::open(&folder).is_ok());
}

#[test]
fn damage_to_one_slot_leaves_the_other() {
    let parent = folder();
    let folder = parent.path().join("data");
    says_after(&folder, &[8]);
    says_after(&folder, &[9]);
    let whole = fs::read(path(&folder)).expect("a mark");
    let mut seen = [false; 2];
    for place in (0..SLOT).flat_map(|place| [place, place + 4_096]) {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[place] ^= 1 << bit;
            fs::write(path(&folder), &damaged).expect("written");
            assert!(Mark::look(&folder).expect("readable").half);
            match says(&folder) {
                Says::Told(left) => {
                    assert!([told(8), told(9)].contains(&left), "{left:?}");
                    seen[usize::from(left == told(9))] = true;
                }
                other => panic!("one slot is damaged, and it says {other:?}"),
            }
        }
    }
    assert_eq!(seen, [true; 2]);
    let mut damaged = whole.clone();
    damaged[0] ^= 1;
    damaged[4_096] ^= 1;
    fs::write(path(&folder), &damaged).expect("written");
    assert_eq!(says(&folder), Says::Damaged);
    fs::write(path(&folder), &whole[..20]).expect("written");
    assert_eq!(says(&folder), Says::Damaged);
    for blank in [&[][..], &[0; 8_192]] {
        fs::write(path(&folder), blank).expect("written");
        assert_eq!(says(&folder), Says::Blank);
    }
    // It is written over with the next batch.
    assert_eq!(says_after(&folder, &[10]), Says::Told(told(10)));
}

#[test]
fn a_link_that_leads_nowhere_is_not_no_mark() {
    let parent = folder();
    let folder = parent.path().join("data");
    std::os::unix::fs::symlink(parent.path().join("away"), path(&folder)).expect("a link");
    for mark in [Mark::open(&folder), Mark::look(&folder)] {
        assert!(mark.is_err_and(|error| error.to_string().contains("leads nowhere")));
    }
}

#[test]
fn a_mark_that_is_removed_or_replaced_is_made_again() {
    let parent = folder();
    let folder = parent.path().join("data");
    says_after(&folder, &[8]);
    let mut mark = Mark::open(&folder).expect("a mark");
    assert!(mark.is_in_place().expect("an answer"));
    let other = fs::read(path(&folder)).expect("a mark");
    mark.write(told(9)).expect("written");
    for replaced in [false, true] {
        fs::remove_file(path(&folder)).expect("removed");
        if replaced {
            fs::write(path(&folder), &other).expect("written");
        }
        assert!(!mark.is_in_place().expect("an answer"));
        mark.make_again().expect("made");
        assert!(mark.is_in_place().expect("an answer"));
        assert!(Mark::open(&folder).is_err(), "it is held");
    }
    drop(mark);
    assert_eq!(says(&folder), Says::Told(told(9)));
}
