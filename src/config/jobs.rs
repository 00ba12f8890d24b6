//! How jobs work, and how large the files may be that they read.

use serde::Deserialize;

use super::{ConfigError, memory};
use scrip_service::{JOBS_AT_ONCE, UPLOAD_LIMIT};

/// The most jobs that may run at once: each writes as fast as it can.
const MOST: usize = 16;

/// `[jobs]` as it stands in one place.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobsLayer {
    /// How many run at once.
    pub at_once: Option<usize>,
    /// How large an upload may be, such as "2GiB".
    pub upload_limit: Option<String>,
}

/// How jobs work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobsConfig {
    /// How many run at once.
    pub at_once: usize,
    /// How many bytes an upload may have.
    pub upload_limit: u64,
}

impl JobsLayer {
    pub(super) fn over(self, lower: Self) -> Self {
        Self { at_once: self.at_once.or(lower.at_once), upload_limit: self.upload_limit.or(lower.upload_limit) }
    }

    pub(super) fn check(self) -> Result<JobsConfig, ConfigError> {
        let at_once = self.at_once.unwrap_or(JOBS_AT_ONCE);
        if !(1..=MOST).contains(&at_once) {
            let reason = format!("expected 1 to {MOST}, found {at_once}");
            return Err(ConfigError::Value { name: "jobs.at_once", reason });
        }
        let upload_limit = match self.upload_limit.as_deref() {
            None => UPLOAD_LIMIT,
            Some(text) => memory::bytes(text).filter(|bytes| *bytes > 0).ok_or_else(|| {
                let reason = format!("expected a number of bytes such as 2GiB, found {text:?}");
                ConfigError::Value { name: "jobs.upload_limit", reason }
            })?,
        };
        Ok(JobsConfig { at_once, upload_limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_checked() {
        let of = |at_once, limit: Option<&str>| JobsLayer { at_once, upload_limit: limit.map(str::to_owned) }.check();
        let usual = JobsConfig { at_once: JOBS_AT_ONCE, upload_limit: UPLOAD_LIMIT };
        assert_eq!(of(None, None).expect("a configuration"), usual);
        assert_eq!(of(Some(4), Some("1MiB")).expect("a configuration").upload_limit, 1 << 20);
        for (at_once, limit) in [(Some(0), None), (Some(17), None), (None, Some("0")), (None, Some("much"))] {
            assert!(of(at_once, limit).is_err(), "{at_once:?} {limit:?}");
        }
    }
}
