//! Lets a coupon be used on some weekdays and at some hours, by the clocks of a time zone. The wall clock
//! decides: "until 02:00" ends when clocks there show 02:00, whatever daylight saving does that night.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};
use scrip_plugin::{Check, Failure, Restriction, Verdict, export_restriction};
use serde::Deserialize;

/// The plugin.
pub struct WeekdaysAndHours;

/// A binding's configuration; plugin.toml has its schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// An IANA time zone, "Europe/Budapest".
    time_zone: String,
    /// When coupons may be used: in any of these.
    windows: Vec<Window>,
    /// What a customer is told at other times.
    #[serde(default = "not_now")]
    message: String,
}

/// Some hours on some weekdays. One that ends before it begins runs over midnight, and belongs to the day
/// on which it begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The weekdays; every day where there are none.
    #[serde(default)]
    days: Vec<Weekday>,
    /// From this time on, "HH:MM"; from the start of the day if absent.
    from: Option<String>,
    /// Until just before this time, "HH:MM"; to the end of the day if absent.
    to: Option<String>,
}

/// A day of the week, from Monday on.
#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

fn not_now() -> String {
    "not at this time".to_owned()
}

impl Window {
    fn contains(&self, date: Date, time: Time) -> Result<bool, Failure> {
        let from = self.from.as_deref().map_or(Ok(Time::MIN), clock)?;
        // None is the end of the day, which has no time of its own.
        let to = self.to.as_deref().filter(|to| *to != "24:00").map(clock).transpose()?;
        Ok(match to {
            None => self.is_on(date) && time >= from,
            Some(to) if from < to => self.is_on(date) && from <= time && time < to,
            Some(to) => self.is_on(date) && time >= from || time < to && self.is_on(date.saturating_sub(1.day())),
        })
    }

    fn is_on(&self, date: Date) -> bool {
        let today = date.weekday().to_monday_zero_offset();
        self.days.is_empty() || self.days.iter().any(|day| *day as i8 == today)
    }
}

/// A time of day, from "HH:MM".
fn clock(text: &str) -> Result<Time, Failure> {
    let wrong = || Failure::new(format!("config.windows: {text:?} is no time of day: write HH:MM, such as \"09:30\""));
    let (hour, minute) = text.split_once(':').filter(|_| text.len() == 5).ok_or_else(wrong)?;
    let (hour, minute) = (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
    Time::new(hour, minute, 0, 0).map_err(|_| wrong())
}

impl Restriction for WeekdaysAndHours {
    type Config = Config;

    fn check(check: &Check<Config>) -> Result<Vec<Verdict>, Failure> {
        let Config { time_zone, windows, message } = &check.config;
        let zone = TimeZone::get(time_zone).map_err(|_| {
            Failure::new(format!("config.timeZone: {time_zone:?} is no IANA time zone, such as \"Europe/Budapest\""))
        })?;
        let now: Timestamp =
            check.now.parse().map_err(|_| Failure::new(format!("now: {:?} is no instant", check.now)))?;
        let now = zone.to_datetime(now);
        for window in windows {
            if window.contains(now.date(), now.time())? {
                return Ok(check.allow_all());
            }
        }
        Ok(check.refuse_all(message))
    }
}

export_restriction!(WeekdaysAndHours);
