//! Tells what a start waits for. A disk that does not answer makes no error: whoever waits for it says nothing.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

/// How long a step may take before it is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A step of a start, and since when.
type Step = (&'static str, Instant);

/// The start of a database, watched by a thread until this is dropped.
pub(super) struct Waiting {
    step: Arc<Mutex<Step>>,
    _end: Sender<()>,
}

impl Waiting {
    /// Begins to watch.
    pub(super) fn start() -> Self {
        let step = Arc::new(Mutex::new(("beginning", Instant::now())));
        let (end, ended) = mpsc::channel::<()>();
        let watched = Arc::clone(&step);
        let run = move || {
            let mut told = None;
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let step = *watched.lock().unwrap_or_else(PoisonError::into_inner);
                if told != Some(step) && is_overdue(step, Instant::now()) {
                    tracing::warn!(
                        step = step.0,
                        "the database is not open yet, after 10 seconds of one step: it waits for its disk, or reads much"
                    );
                    told = Some(step);
                }
            }
        };
        // Without a thread the start is as good, and only tells nothing.
        drop(std::thread::Builder::new().name("start".to_owned()).spawn(run));
        Self { step, _end: end }
    }

    /// Another step begins.
    pub(super) fn step(&self, step: &'static str) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = (step, Instant::now());
    }
}

fn is_overdue((_, since): Step, now: Instant) -> bool {
    now.saturating_duration_since(since) >= PATIENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_told_after_ten_seconds() {
        let since = Instant::now();
        for (seconds, overdue) in [(0, false), (9, false), (10, true), (100, true)] {
            assert_eq!(is_overdue(("a step", since), since + Duration::from_secs(seconds)), overdue, "{seconds}");
        }
    }
}
