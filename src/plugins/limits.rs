//! What a call may use. A plugin's manifest may ask for more or less than the defaults, within bounds that the
//! host sets, so that no plugin takes the gateway from the others.

use std::{ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

/// What one call of a plugin may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Computing time, in milliseconds: what its thread computes, looked at after each [`TICK`].
    pub cpu_ms: u32,
    /// All of its time, waiting for the network included, in milliseconds.
    pub time_ms: u32,
    /// Linear memory, in MiB.
    pub memory_mib: u32,
    /// What it answers, in KiB.
    pub output_kib: u32,
    /// What it logs, in KiB.
    pub log_kib: u32,
    /// HTTP requests.
    pub requests: u32,
    /// The body of each, in KiB.
    pub request_kib: u32,
    /// The body of each answer, in KiB.
    pub response_kib: u32,
}

/// What computes is interrupted after this: its limit is looked at, and others have their turn.
pub const TICK: Duration = Duration::from_millis(5);

/// What may cross to the host at once, in bytes: the most that a manifest may ask for, and what its parts cost beside
/// their text. What is within it is measured by its own limit, which the failure then names.
pub(super) const CROSSING: usize = (MAX_TEXT_KIB as usize + 64) * 1_024;
/// The largest text of an answer or a request, in KiB.
const MAX_TEXT_KIB: u32 = 1_024;

/// The largest memory of a call, in MiB.
pub(super) const MAX_MEMORY_MIB: u32 = 64;

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_ms: 50,
            time_ms: 5_000,
            memory_mib: 16,
            output_kib: 64,
            log_kib: 16,
            requests: 4,
            request_kib: 256,
            response_kib: 256,
        }
    }
}

impl Limits {
    /// Refuses what is beyond the host's bounds.
    pub fn check(&self) -> Result<(), String> {
        let bounds: [(&str, u32, RangeInclusive<u32>); 8] = [
            ("cpu_ms", self.cpu_ms, 10..=1_000),
            ("time_ms", self.time_ms, 10..=30_000),
            ("memory_mib", self.memory_mib, 1..=MAX_MEMORY_MIB),
            ("output_kib", self.output_kib, 1..=MAX_TEXT_KIB),
            ("log_kib", self.log_kib, 0..=256),
            ("requests", self.requests, 0..=16),
            ("request_kib", self.request_kib, 1..=MAX_TEXT_KIB),
            ("response_kib", self.response_kib, 1..=1_024),
        ];
        match bounds.into_iter().find(|(_, value, bound)| !bound.contains(value)) {
            Some((name, value, bound)) => {
                Err(format!("limits.{name}: expected {} to {}, found {value}", bound.start(), bound.end()))
            }
            None => Ok(()),
        }
    }

    /// Computing time.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms.into())
    }

    /// All of its time.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.time_ms.into())
    }

    /// Linear memory, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        kib(self.memory_mib) * 1_024
    }
}

/// KiB in bytes.
#[must_use]
pub(super) fn kib(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX / 1_024) * 1_024
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// How long it took.
    pub time: Duration,
    /// How long it computed.
    pub cpu: Duration,
    /// The largest linear memory, in bytes.
    pub memory: usize,
    /// What it logged, in bytes.
    pub log: usize,
    /// HTTP requests that it made.
    pub requests: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_name_the_limit_and_what_is_possible() {
        let defaults = Limits::default();
        assert_eq!(defaults.check(), Ok(()));
        assert_eq!((defaults.cpu(), defaults.memory()), (Duration::from_millis(50), 16 * 1_024 * 1_024));
        let much = Limits { memory_mib: 65, ..defaults };
        assert_eq!(much.check(), Err("limits.memory_mib: expected 1 to 64, found 65".to_owned()));
        assert!(Limits { cpu_ms: 0, ..defaults }.check().is_err());
    }
}
