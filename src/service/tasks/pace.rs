//! The pace of work in the background. It goes in parts, each of which the committer carries out as a whole. Where callers
//! have changes made at the same time, parts are small, so that a caller waits for one such part at most, and they are left
//! two thirds of the time that a part took: callers keep more than half of their rate, and a million coupons that are over at
//! the same instant are recorded within a minute.

use std::time::{Duration, Instant};

use crate::Scrip;

/// How many coupons a part is of while callers have changes made.
const BESIDE: usize = 400;
/// How long it is left to callers after a part at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How fast work in the background may go on.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Whether callers had changes made during the last part.
    beside: bool,
}

impl Pace {
    /// How many coupons the next part may be of, of this many at most.
    pub(crate) fn part(&self, most: usize) -> usize {
        if self.beside { most.min(BESIDE) } else { most }
    }

    /// Carries out a part, after which it is the callers' turn where there are any.
    pub(crate) async fn keep<T>(&mut self, scrip: &Scrip, part: impl Future<Output = T>) -> T {
        let (begun, asked) = (Instant::now(), scrip.committer.asked());
        let came = part.await;
        self.beside = scrip.committer.asked() != asked;
        if self.beside {
            let pause = tokio::time::sleep((begun.elapsed() * 2 / 3).min(LONGEST_PAUSE));
            scrip.stop.run_until_cancelled(pause).await;
        }
        came
    }
}
