//! How long a call computes, and how long it could have but had to wait for a place. A call that was kept waiting has
//! not used its own time.

use std::time::{Duration, Instant};

use super::thread::computed;

/// What is measured of a call.
#[derive(Debug, Default)]
pub(super) struct Meter {
    computed: Duration,
    waited: Duration,
    /// Since when it waits for its turn, after it has begun.
    ready: Option<Instant>,
    /// What its thread had computed and what time it was when its slice began.
    slice: Option<(Duration, Instant)>,
}

impl Meter {
    /// It waits for its turn.
    pub(super) fn wait(&mut self) {
        self.ready = Some(Instant::now());
    }

    /// A slice begins. What was waited before the first counts for nothing: the call's time begins with it.
    pub(super) fn begin(&mut self) {
        let now = Instant::now();
        self.waited += self.ready.take().map_or(Duration::ZERO, |since| now - since);
        self.slice = Some((computed(), now));
    }

    /// A slice ends. What it did not compute of it, its thread waited for a core.
    pub(super) fn end(&mut self) {
        if let Some((before, since)) = self.slice.take() {
            let own = computed().saturating_sub(before);
            self.computed += own;
            self.waited += since.elapsed().saturating_sub(own);
        }
    }

    /// How long it has computed, by its own thread's clock.
    pub(super) fn computed(&self) -> Duration {
        let now = self.slice.map_or(Duration::ZERO, |(before, _)| computed().saturating_sub(before));
        self.computed + now
    }

    /// How long it was kept waiting, without the slice under way.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }
}
