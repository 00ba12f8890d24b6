//! Time zones by their IANA names, such as "Europe/Budapest", and where their days end. The database of them is a part of
//! the program, so that an instant is the same on every machine.

use std::{fmt, sync::LazyLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    period::{Instant, Period, to_millisecond},
    rejection::Rejection,
};

/// The longest name that is looked up or suggested for, in bytes.
const MAX_NAME: usize = 64;
/// By how many letters a name that is suggested differs at most.
const NEAR: usize = 3;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone with this name, in any case.
    pub fn parse(name: &str) -> Result<Self, Rejection> {
        let found = Some(name).filter(|name| name.len() <= MAX_NAME).and_then(|name| ZONES.get(name).ok());
        if let Some(zone) = found.filter(|zone| !zone.is_unknown() && zone.iana_name().is_some()) {
            return Ok(Self(zone));
        }
        let example = nearest(name).unwrap_or_else(|| "Europe/Budapest".to_owned());
        let found: String = name.chars().take(MAX_NAME).collect();
        let reason = format!("{found:?} is no time zone: expected a name of the IANA database, such as {example:?}");
        Err(Rejection::ValueInvalid { reason })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The first instant of the day after the one that it is there at an instant; none beyond the year 9999.
    #[must_use]
    pub fn day_after(&self, at: Instant) -> Option<Instant> {
        let day = self.0.to_datetime(at).date();
        // Where clocks skip midnight, the day begins when they go on.
        let next = day.tomorrow().ok()?.to_zoned(self.0.clone()).ok()?;
        Some(to_millisecond(next.timestamp()))
    }

    /// When the time is over of what lasts for a period from an instant on: with the day there in which it would be over.
    /// A period of hours, minutes or seconds is over to the second. None beyond the year 9999.
    #[must_use]
    pub fn end_of(&self, period: Period, start: Instant) -> Option<Instant> {
        let end = period.after_in(start, self.0.clone())?;
        if period.is_of_days() { self.day_after(end) } else { Some(end) }
    }
}

/// The name of the database that is written most alike.
fn nearest(name: &str) -> Option<String> {
    let wanted = name.to_ascii_lowercase();
    if wanted.len() > MAX_NAME {
        return None;
    }
    let far = |zone: &str| distance(wanted.as_bytes(), zone.to_ascii_lowercase().as_bytes());
    let names = ZONES.available().map(|zone| (far(zone.as_str()), zone.as_str().to_owned()));
    // Of a short text nothing is near.
    names.min().filter(|(far, _)| *far <= NEAR.min(name.len() / 3)).map(|(_, zone)| zone)
}

/// How many letters have to be put in, taken out or replaced to make one text of another (Levenshtein).
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.iter().enumerate() {
        let mut above_left = place;
        let mut left = place + 1;
        for (far, other) in row.iter_mut().skip(1).zip(other) {
            let replaced = above_left + usize::from(letter != other);
            above_left = *far;
            left = replaced.min(*far + 1).min(left + 1);
            *far = left;
        }
        if let Some(first) = row.first_mut() {
            *first = place + 1;
        }
    }
    row.last().copied().unwrap_or(one.len())
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    #[test]
    fn names() {
        for (name, expected) in [
            ("Europe/Budapest", Ok("Europe/Budapest")),
            ("europe/budapest", Ok("Europe/Budapest")),
            ("UTC", Ok("UTC")),
            ("America/Argentina/Ushuaia", Ok("America/Argentina/Ushuaia")),
            ("Europe/Budapset", Err("Europe/Budapest")),
            ("Europe/Berlim", Err("Europe/Berlin")),
            ("Asia/Tokio", Err("Asia/Tokyo")),
            ("", Err("Europe/Budapest")),
            ("+01:00", Err("")),
            ("CET-1CEST", Err("")),
            ("Etc/Unknown", Err("")),
            ("../../etc/passwd", Err("Europe/Budapest")),
        ] {
            match (Zone::parse(name), expected) {
                (Ok(zone), Ok(expected)) => assert_eq!(zone.name(), expected, "{name}"),
                (Err(refusal), Err(suggested)) => {
                    let told = refusal.to_string();
                    assert!(told.contains(suggested) && told.contains("no time zone"), "{name}: {told}");
                }
                (found, expected) => panic!("{name}: {found:?} is not {expected:?}"),
            }
        }
        assert!(Zone::parse(&"x".repeat(100_000)).is_err_and(|refusal| refusal.to_string().len() < 300));
    }

    #[test]
    fn days_end_where_clocks_show_midnight() {
        for (zone, instant, expected) in [
            ("Europe/Budapest", "2026-12-31T12:00:00Z", "2026-12-31T23:00:00Z"),
            ("Europe/Budapest", "2026-12-31T23:00:00Z", "2027-01-01T23:00:00Z"),
            ("America/New_York", "2026-12-31T12:00:00Z", "2027-01-01T05:00:00Z"),
            ("Pacific/Kiritimati", "2026-12-31T12:00:00Z", "2027-01-01T10:00:00Z"),
            // Days of 23 and 25 hours.
            ("Europe/Budapest", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Budapest", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            // Clocks that skip midnight, and a day that there never was.
            ("Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"),
            ("Pacific/Apia", "2011-12-29T20:00:00Z", "2011-12-30T10:00:00Z"),
        ] {
            let zone = Zone::parse(zone).expect("a zone");
            assert_eq!(zone.day_after(at(instant)), Some(at(expected)), "{zone:?} {instant}");
        }
    }

    #[test]
    fn periods_end_with_the_day() {
        for (zone, start, period, expected) in [
            ("Europe/Budapest", "2026-01-31T10:00:00Z", "P1M", "2026-02-28T23:00:00Z"),
            ("Europe/Budapest", "2024-02-29T10:00:00Z", "P1Y", "2025-02-28T23:00:00Z"),
            // The 31st there already, and the 30th in UTC.
            ("Europe/Budapest", "2026-01-30T23:30:00Z", "P1M", "2026-02-28T23:00:00Z"),
            // Across a change of the clocks, both ways.
            ("Europe/Budapest", "2026-03-15T10:00:00Z", "P1M", "2026-04-15T22:00:00Z"),
            ("Europe/Budapest", "2026-10-15T10:00:00Z", "P1M", "2026-11-15T23:00:00Z"),
            ("America/New_York", "2026-03-08T03:00:00Z", "P1D", "2026-03-09T04:00:00Z"),
            // Hours are hours.
            ("Europe/Budapest", "2026-03-28T23:30:00Z", "PT12H", "2026-03-29T11:30:00Z"),
            ("Europe/Budapest", "2026-03-28T12:00:00Z", "P1DT1H", "2026-03-29T12:00:00Z"),
            ("UTC", "2026-01-31T10:00:00Z", "P30D", "2026-03-03T00:00:00Z"),
        ] {
            let (zone, period) = (Zone::parse(zone).expect("a zone"), Period::parse(period).expect("a period"));
            assert_eq!(zone.end_of(period, at(start)), Some(at(expected)), "{zone:?} {start} {period}");
        }
    }
}
