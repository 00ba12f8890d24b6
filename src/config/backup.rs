//! The settings of planned backups.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::ConfigError;

/// How much time there is between two unless told otherwise.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How many are kept unless told otherwise.
const KEEP: usize = 7;

/// Settings of planned backups as they stand in one place, each optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupLayer {
    /// The folder that they are written to.
    pub folder: Option<PathBuf>,
    /// How much time there is between two, such as "24h".
    pub every: Option<String>,
    /// How many are kept.
    pub keep: Option<usize>,
    /// How many bytes of one are written in a second at most, such as "20MB".
    pub rate: Option<String>,
}

impl BackupLayer {
    /// This layer over another.
    pub(super) fn over(self, lower: Self) -> Self {
        Self {
            folder: self.folder.or(lower.folder),
            every: self.every.or(lower.every),
            keep: self.keep.or(lower.keep),
            rate: self.rate.or(lower.rate),
        }
    }
}

/// Backups that are planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedBackups {
    /// The folder that they are written to.
    pub folder: PathBuf,
    /// How much time there is between two.
    pub every: Duration,
    /// How many are kept.
    pub keep: usize,
    /// How many bytes of one are written in a second at most.
    pub rate: Option<u64>,
}

impl PlannedBackups {
    /// What the layers came to; none where no folder is named.
    pub(super) fn check(layer: BackupLayer) -> Result<Option<Self>, ConfigError> {
        let wrong = |name, expected: &str, found: &str| ConfigError::Value {
            name,
            reason: format!("expected {expected}, found {found:?}"),
        };
        let every = layer.every.as_deref().map_or(Some(EVERY), time);
        let every = every.ok_or_else(|| {
            wrong("backup.every", "a time such as 24h, 30m or 7d", layer.every.as_deref().unwrap_or_default())
        })?;
        let rate = match layer.rate.as_deref() {
            None => None,
            Some(text) => {
                let rate = rate(text).ok_or_else(|| wrong("backup.rate", "bytes a second such as 20MB", text))?;
                Some(rate)
            }
        };
        let keep = layer.keep.unwrap_or(KEEP);
        if keep == 0 {
            return Err(wrong("backup.keep", "at least 1", "0"));
        }
        match layer.folder {
            Some(folder) => Ok(Some(Self { folder, every, keep, rate })),
            None if layer.every.is_some() || layer.keep.is_some() || layer.rate.is_some() => {
                let reason = "no backup is taken without it: name the folder that they are written to".to_owned();
                Err(ConfigError::Value { name: "backup.folder", reason })
            }
            None => Ok(None),
        }
    }
}

/// A time such as 90s, 30m, 24h or 7d.
pub(super) fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    whole(number)?.checked_mul(seconds).filter(|seconds| *seconds <= u64::from(u32::MAX)).map(Duration::from_secs)
}

/// A number of bytes such as 500000, 200kB, 20MB or 1GB.
#[must_use]
pub fn rate(text: &str) -> Option<u64> {
    let units = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    let unit = units.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (number, bytes) = unit.unwrap_or((text, 1));
    whole(number.trim_end())?.checked_mul(bytes)
}

/// A number from 1 on.
fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?.filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates() {
        for (text, seconds) in [("90s", Some(90)), ("30m", Some(1_800)), ("24h", Some(86_400)), ("7d", Some(604_800))] {
            assert_eq!(time(text).map(|time| time.as_secs()), seconds, "{text}");
        }
        for text in ["", "h", "0h", "24", "1.5h", "-1h", "+1h", "1w", "99999999999d"] {
            assert_eq!(time(text), None, "{text}");
        }
        for (text, bytes) in
            [("500", Some(500)), ("200kB", Some(200_000)), ("50MB", Some(50_000_000)), ("1 GB", Some(1_000_000_000))]
        {
            assert_eq!(rate(text), bytes, "{text}");
        }
        for text in ["", "MB", "0", "1mb", "1MiB", "-1", "99999999999GB"] {
            assert_eq!(rate(text), None, "{text}");
        }
    }

    #[test]
    fn a_plan_needs_a_folder() {
        let layer = |text: &str| PlannedBackups::check(toml::from_str(text).expect("a layer"));
        assert_eq!(layer("").expect("none"), None);
        let plan = layer("folder = 'b'").expect("settings").expect("a plan");
        assert_eq!((plan.every, plan.keep, plan.rate), (EVERY, KEEP, None));
        for (text, says) in [
            ("every = '1h'", "folder"),
            ("folder = 'b'\nevery = 'daily'", "24h"),
            ("folder = 'b'\nkeep = 0", "at least 1"),
            ("folder = 'b'\nrate = 'fast'", "20MB"),
        ] {
            assert!(layer(text).is_err_and(|error| error.to_string().contains(says)), "{text}");
        }
    }
}
