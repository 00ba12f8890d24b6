//! Tasks that fail, panic and are woken.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::Clock;
use scrip_storage::Address;

async fn scrip() -> Arc<Scrip> {
    let address = Address::parse("mem://").expect("an address");
    Scrip::open(&address, Clock::System, None).await.expect("a database")
}

fn state_of(scrip: &Scrip, name: &str) -> TaskState {
    scrip.task_states().into_iter().find(|state| state.name == name).expect("a task of this name")
}

/// A task whose first runs fail, panic, and go well, and which then runs when it is woken alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_fails_or_panics_runs_again() {
    let (scrip, ran) = (scrip().await, Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&ran);
    let run = move |_: Arc<Scrip>| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            match number {
                0 => Err(Failure::internal("no".to_owned())),
                1 => panic!("at once"),
                2 => Ok(Next::After(Duration::from_secs(3_600))),
                _ => Ok(Next::Never),
            }
        }
    };
    scrip.start_task(Task::new("tried", run));
    while state_of(&scrip, "tried").runs < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let state = state_of(&scrip, "tried");
    assert_eq!((state.failures, state.running_since), (0, None));
    assert_eq!(state.last.expect("a run").fault, None);
    assert!(state.next.is_some_and(|next| next > scrip.now()));
    scrip.tasks.wake("tried");
    while state_of(&scrip, "tried").runs < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(state_of(&scrip, "tried").next, None);
    assert_eq!(ran.load(Ordering::SeqCst), 4);
    scrip.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_again_and_again_is_told() {
    let scrip = scrip().await;
    scrip.start_task(Task::new("tried", async |_| Err(Failure::internal("no".to_owned()))));
    while state_of(&scrip, "tried").failures < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(scrip.tasks.problems(false)[0].starts_with("the task \"tried\" has failed"));
    assert_eq!(scrip.tasks.problems(true), [] as [String; 0]);
    assert_eq!(state_of(&scrip, "tried").last.expect("a run").fault.as_deref(), Some("no"));
    scrip.close().await;
}

#[test]
fn what_fails_is_left_alone_for_longer_each_time() {
    let states = States::new(Arc::new(crate::time::Time::new(Clock::System, None)));
    let state = states.enter("tried", false);
    let pauses: Vec<_> = (0..40)
        .map(|_| match state.failed("no".to_owned(), RETRY) {
            Next::After(pause) => pause,
            Next::Never => panic!("it is tried again"),
        })
        .collect();
    assert_eq!(pauses[..3], [RETRY, RETRY * 2, RETRY * 4]);
    assert_eq!(pauses[39], LONGEST_RETRY);
}

/// One that runs on and on, and fails once a month, is not failing.
#[test]
fn failures_long_ago_do_not_count() {
    for (before, seconds, after) in [(0, 0, 1), (2, 1, 3), (2, 59, 3), (7, 60, 1), (7, 100_000, 1)] {
        assert_eq!(state::failures_after(before, Duration::from_secs(seconds)), after, "{before} {seconds}");
    }
}
