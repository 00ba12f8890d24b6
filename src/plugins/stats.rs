//! What a plugin has done since the gateway started: how often it was asked, how often it failed, how long it took.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Buckets of times, each twice as long as the one before: from one microsecond to half an hour.
const BUCKETS: usize = 32;

/// Counters that many calls raise at once.
#[derive(Debug, Default)]
pub(super) struct Stats {
    failures: AtomicU64,
    turned_away: AtomicU64,
    times: [AtomicU64; BUCKETS],
    longest: AtomicU64,
}

/// The counters at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Calls that were made.
    pub calls: u64,
    /// Those that gave no answer that counts, or whose caller gave up.
    pub failures: u64,
    /// Questions that were not asked, because too many were under way or the breaker was open.
    pub turned_away: u64,
    /// Half of the calls took at most this long, to the factor of two.
    pub median: Duration,
    /// 99 of 100 took at most this long, to the factor of two.
    pub p99: Duration,
    /// The longest took this long.
    pub longest: Duration,
}

impl Stats {
    /// Notes a call.
    pub(super) fn note(&self, time: Duration, failed: bool) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = usize::try_from(u64::BITS - micros.leading_zeros()).unwrap_or(BUCKETS).min(BUCKETS - 1);
        if let Some(count) = self.times.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        self.longest.fetch_max(micros, Relaxed);
        if failed {
            self.failures.fetch_add(1, Relaxed);
        }
    }

    /// Notes a question that was not asked.
    pub(super) fn note_turned_away(&self) {
        self.turned_away.fetch_add(1, Relaxed);
    }

    /// The counters now.
    #[must_use]
    pub(super) fn counted(&self) -> Counted {
        let times: Vec<u64> = self.times.iter().map(|count| count.load(Relaxed)).collect();
        let calls: u64 = times.iter().sum();
        let longest = Duration::from_micros(self.longest.load(Relaxed));
        let quantile = |hundredths: u64| {
            let mut left = (calls * hundredths).div_ceil(100);
            let bucket = times.iter().position(|count| {
                left = left.saturating_sub(*count);
                left == 0
            });
            bucket.map_or(Duration::ZERO, |bucket| Duration::from_micros(1 << bucket).min(longest))
        };
        Counted {
            calls,
            failures: self.failures.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
            median: quantile(50),
            p99: quantile(99),
            longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_factor_of_two() {
        let stats = Stats::default();
        assert_eq!(stats.counted().p99, Duration::ZERO);
        for _ in 0..98 {
            stats.note(Duration::from_micros(30), false);
        }
        stats.note(Duration::from_micros(1_000), true);
        stats.note(Duration::from_micros(5_000), false);
        let counted = stats.counted();
        assert_eq!((counted.calls, counted.failures), (100, 1));
        assert_eq!(counted.median, Duration::from_micros(32));
        assert_eq!(counted.p99, Duration::from_micros(1_024));
        assert_eq!(counted.longest, Duration::from_micros(5_000));
    }
}
