//! The loads of one plugin, one after the other: an older state of its files never replaces a newer, and of several that
//! wait only the newest is carried out.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long is waited for an end that may have been missed.
const MOMENT: Duration = Duration::from_millis(50);

/// What is being loaded of a plugin.
#[derive(Debug, Default)]
pub(super) struct Loading {
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
    /// Told when one has ended.
    ended: tokio::sync::Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the newest load.
    newest: u64,
    /// Since when one is under way.
    since: Option<Instant>,
}

impl Loading {
    /// For how long one has been under way; none where none is.
    pub(super) fn time(&self) -> Option<Duration> {
        self.state().since.map(|since| since.elapsed())
    }

    /// Waits until one ends, or a moment: it may have ended just before.
    pub(super) async fn ended(&self) {
        drop(tokio::time::timeout(MOMENT, self.ended.notified()).await);
    }

    /// Carries a load out, unless a newer one waits by the time that it is its turn. It ends when the newest is done.
    pub(super) async fn run(&self, load: impl Future<Output = ()>) {
        let number = {
            let mut state = self.state();
            state.newest += 1;
            state.since.get_or_insert_with(Instant::now);
            state.newest
        };
        let turn = self.turn.lock().await;
        if self.state().newest > number {
            drop(turn);
            // The newer ones are before this one in the line.
            drop(self.turn.lock().await);
            return;
        }
        load.await;
        self.ended.notify_waiters();
        let mut state = self.state();
        if state.newest == number {
            state.since = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn the_newest_is_carried_out_and_what_lies_between_is_not() {
        let loading = Arc::new(Loading::default());
        let done = Arc::new(Mutex::new(Vec::new()));
        let (let_go, wait) = oneshot::channel::<()>();
        let mut wait = Some(wait);
        let mut loads = Vec::new();
        for number in 1..=4 {
            let (own, noted, wait) = (Arc::clone(&loading), Arc::clone(&done), wait.take());
            loads.push(tokio::spawn(async move {
                let load = async {
                    if let Some(wait) = wait {
                        wait.await.expect("let go");
                    }
                    noted.lock().expect("a list").push(number);
                };
                own.run(load).await;
                noted.lock().expect("a list").clone()
            }));
            tokio::task::yield_now().await;
        }
        assert!(loading.time().is_some());
        let_go.send(()).expect("it waits");
        for (place, load) in loads.into_iter().enumerate() {
            let seen = load.await.expect("no panic");
            assert!(place == 0 || seen == [1, 4], "{place} ended before the newest: {seen:?}");
        }
        assert_eq!(loading.time(), None);
    }
}
