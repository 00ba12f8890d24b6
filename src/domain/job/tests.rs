//! A job's life, and rows of files.

use super::*;
use crate::{period::instant_of, rejection::Code, status::Status};

fn at(seconds: i64) -> Instant {
    instant_of(1_790_000_000_000 + seconds * 1_000).expect("an instant")
}

fn job(kind: JobKind) -> Job {
    Job {
        id: JobId(1),
        kind,
        status: JobStatus::Queued,
        dry_run: false,
        pool: None,
        started_by: "ann".to_owned(),
        groups: Groups::All,
        total: Some(4),
        counters: Counters::default(),
        cursor: Cursor::default(),
        fence: 0,
        parts: 0,
        effects: 0,
        created_at: at(0),
        started_at: None,
        finished_at: None,
        error: None,
        undoes: None,
        undone_by: None,
        columns: Vec::new(),
    }
}

#[test]
fn a_step_of_a_former_owner_is_refused() {
    let first = job(JobKind::Bulk).begin(at(1)).expect("it begins");
    let next = Cursor { place: 1, ..Cursor::default() };
    let counted = Counters { done: 3, skipped: 0, refused: 1 };
    assert_eq!(first.check_step(1, Cursor::default()), Ok(()));
    let stepped = first.stepped(counted, next);
    assert!(stepped.check_step(1, Cursor::default()).is_err(), "the same step again");
    let second = stepped.begin(at(5)).expect("it is taken over");
    assert!(second.check_step(1, next).is_err(), "a step of the former owner");
    assert_eq!(second.check_step(2, next), Ok(()));
    assert_eq!((second.counters, second.started_at), (counted, Some(at(1))), "it goes on where it was");
    assert_eq!(second.per_second(at(3)), Some(2.0));
    let ended = second.finished(None, at(9));
    assert_eq!((ended.status, ended.outcome(), ended.total), (JobStatus::Succeeded, Some(JobOutcome::Some), Some(4)));
    assert!(ended.begin(at(10)).is_err());
}

#[test]
fn what_is_only_tried_begins_anew() {
    let tried = Job { dry_run: true, ..job(JobKind::Import) }.begin(at(1)).expect("it begins");
    let stepped = tried.stepped(Counters { done: 3, skipped: 0, refused: 0 }, Cursor { place: 7, within: 0, line: 3 });
    let again = stepped.begin(at(2)).expect("it is taken over");
    assert_eq!((again.counters, again.cursor), (Counters::default(), Cursor::default()));
}

#[test]
fn outcomes() {
    for (done, skipped, refused, outcome) in [
        (0, 0, 0, JobOutcome::NothingToDo),
        (0, 5, 0, JobOutcome::NothingToDo),
        (1, 5, 0, JobOutcome::All),
        (1, 0, 1, JobOutcome::Some),
        (0, 5, 1, JobOutcome::None),
    ] {
        assert_eq!(Counters { done, skipped, refused }.outcome(), outcome, "{done} {skipped} {refused}");
    }
}

#[test]
fn who_may_be_cancelled_and_taken_back() {
    let counted = Counters { done: 1, skipped: 0, refused: 0 };
    let running = |kind| job(kind).begin(at(1)).expect("it begins").stepped(counted, Cursor::default());
    assert_eq!(running(JobKind::Bulk).cancel(false, at(2)).map(|job| job.status), Ok(JobStatus::Cancelled));
    assert!(running(JobKind::Undo).cancel(false, at(2)).is_err());
    assert_eq!(running(JobKind::Undo).cancel(true, at(2)).map(|job| job.status), Ok(JobStatus::Cancelled));
    assert!(running(JobKind::Bulk).finished(None, at(3)).cancel(true, at(4)).is_err());
    assert!(running(JobKind::Bulk).check_undo(false).is_err(), "it goes on");
    let ended = running(JobKind::Bulk).finished(None, at(3));
    assert_eq!(ended.check_undo(false), Ok(()));
    let taken_back = Job { undone_by: Some(JobId(2)), ..ended.clone() };
    assert!(taken_back.check_undo(false).is_err());
    assert_eq!(taken_back.check_undo(true), Ok(()));
    assert!(Job { kind: JobKind::Import, ..ended.clone() }.check_undo(false).is_err());
    assert!(Job { dry_run: true, ..ended }.check_undo(false).is_err());
}

#[test]
fn rows() {
    use Field::{Balance, ClaimedAt, Code as Named, Customer, ExpiresAt, RedeemedAt, Status as State, Usages};
    let read = |cells: &[(Field, &'static str)]| ImportRow::read(cells.iter().copied());
    let plain = read(&[(Named, " A-1 "), (Customer, ""), (Usages, "0"), (State, "unassigned")]).expect("a row");
    assert!(plain.is_plain() && plain.code == "A-1", "{plain:?}");
    let used = read(&[(Named, "A"), (Customer, "ann"), (RedeemedAt, "2026-05-01T12:00:00+02:00")]).expect("a row");
    assert_eq!(used.holding.expect("it is out").status, Status::Redeemed);
    for (cells, field) in [
        (vec![(Named, "")], "code"),
        (vec![(Named, "A\u{200b}")], "code"),
        (vec![(Named, "A"), (ExpiresAt, "01/02/2026")], "expires_at"),
        (vec![(Named, "A"), (ExpiresAt, "2026-05-01")], "expires_at"),
        (vec![(Named, "A"), (ClaimedAt, "1. Mai 2026")], "claimed_at"),
        (vec![(Named, "A"), (State, "USED")], "status"),
        (vec![(Named, "A"), (Usages, "-1")], "usages"),
        (vec![(Named, "A"), (State, "UNASSIGNED"), (Balance, "5")], "status"),
    ] {
        let refused = read(&cells).expect_err("a refusal");
        assert_eq!(refused.field.names(), [field], "{cells:?}: {}", refused.message);
        assert!(matches!(refused.code, Code::ValueInvalid | Code::Required));
    }
    for (name, field) in
        [("Code", Some(Named)), ("Expires At", Some(ExpiresAt)), ("expiresAt", Some(ExpiresAt)), ("x", None)]
    {
        assert_eq!(Field::named(name), field, "{name}");
    }
}
