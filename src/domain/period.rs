//! Periods of validity such as "P2M" or "PT12H", added to an instant by the calendar in UTC: a month
//! after January 31 is the last day of February (ISO 8601 durations, RFC 3339 instants).

use std::fmt;

use jiff::{Span, Timestamp, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::rejection::Rejection;

/// The longest text of a period that is read, in characters.
const MAX_TEXT: usize = 64;

/// An instant in UTC with millisecond precision, which is what the database and the API carry.
pub type Instant = Timestamp;

/// An instant as the API and files write it.
#[must_use]
pub fn instant_text(instant: Instant) -> String {
    format!("{instant:.3}")
}

/// The instant of a number of milliseconds since 1970; out of range (year 9999) is refused.
#[must_use]
pub fn instant_of(millis: i64) -> Option<Instant> {
    Timestamp::from_millisecond(millis).ok()
}

/// The instant without what is below a millisecond.
#[must_use]
pub fn to_millisecond(at: Instant) -> Instant {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// A positive span of calendar and clock units.
#[derive(Debug, Clone, Copy)]
pub struct Period(Span);

impl Period {
    /// Reads an ISO 8601 duration of whole units, above zero and at most 1,000 years.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let invalid = || Rejection::ValueInvalid {
            reason:
                "expected an ISO 8601 period above zero and at most 1,000 years, such as \"P2M\", \"P30D\" or \"PT12H\""
                    .to_owned(),
        };
        let iso = text.starts_with('P') && text.len() <= MAX_TEXT && !text.contains(['.', ',', '-', '+']);
        let span = iso.then(|| text.parse::<Span>().ok()).flatten().ok_or_else(invalid)?;
        let period = Self(span);
        let origin = Timestamp::UNIX_EPOCH;
        let bound = Self(Span::new().years(1000));
        match (period.after(origin), bound.after(origin)) {
            (Some(end), Some(last)) if end > origin && end <= last => Ok(period),
            _ => Err(invalid()),
        }
    }

    /// The instant this long after `start`, by the calendar in UTC; none beyond the year 9999.
    #[must_use]
    pub fn after(self, start: Instant) -> Option<Instant> {
        self.after_in(start, TimeZone::UTC)
    }

    /// The instant this long after `start`, by the calendar and the clocks of a time zone.
    pub(super) fn after_in(self, start: Instant, zone: TimeZone) -> Option<Instant> {
        let end = start.to_zoned(zone).checked_add(self.0).ok()?;
        Some(to_millisecond(end.timestamp()))
    }

    /// Whether it is of whole days and longer.
    #[must_use]
    pub fn is_of_days(self) -> bool {
        (self.0.get_hours(), self.0.get_minutes(), self.0.get_seconds()) == (0, 0, 0)
    }
}

impl PartialEq for Period {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Eq for Period {}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_arithmetic_in_utc() {
        for (start, period, end) in [
            ("2026-01-31T10:00:00Z", "P1M", "2026-02-28T10:00:00Z"),
            ("2028-01-31T10:00:00Z", "P1M", "2028-02-29T10:00:00Z"),
            ("2024-02-29T00:00:00Z", "P1Y", "2025-02-28T00:00:00Z"),
            ("2026-12-31T23:59:59.999Z", "PT1S", "2027-01-01T00:00:00.999Z"),
            ("2026-03-28T12:00:00Z", "P1D", "2026-03-29T12:00:00Z"),
            ("2026-03-01T00:00:00Z", "P2W", "2026-03-15T00:00:00Z"),
            ("2026-03-01T00:00:00Z", "P1M1DT1H", "2026-04-02T01:00:00Z"),
        ] {
            let start: Instant = start.parse().expect("a start");
            let end: Instant = end.parse().expect("an end");
            assert_eq!(Period::parse(period).expect("a period").after(start), Some(end), "{start} + {period}");
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in
            ["", "P", "PT", "P0D", "PT0S", "-P1D", "P-1D", "1 month", "P1.5D", "P1001Y", "P99999999Y", "p1d x", "P1D "]
        {
            assert!(Period::parse(text).is_err(), "{text}");
        }
        let end: Instant = "9999-06-01T00:00:00Z".parse().expect("an instant");
        assert_eq!(Period::parse("P1Y").expect("a period").after(end), None);
    }

    #[test]
    fn a_period_survives_its_text() {
        for text in ["P2M", "P30D", "PT12H", "P1Y2M3DT4H5M6S"] {
            let period = Period::parse(text).expect("a period");
            assert_eq!(Period::parse(&period.to_string()).ok(), Some(period));
            assert_eq!(period.to_string(), text);
        }
    }
}
