//! What time it is for Scrip. Its time never goes backwards: it is the clock's, or the last batch's where the clock
//! is behind that. A clock that was set ahead by more than a day is not believed at once, because what time does (a
//! coupon expires, an answer is forgotten) cannot be taken back.
//!
//! How far a clock was set ahead can be told where the machine has counted since: it knows how long it runs, however
//! its clock is set. Two readings of one run of the machine (one boot) tell it exactly, also over a restart of Scrip.
//! Over a restart of the machine nothing tells a long stop from a wrong clock, and a gateway that was stopped for a
//! week has to start by itself: only a jump that no stop explains, of more than a year, is doubted there.

use serde::{Deserialize, Serialize};

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;
/// How far a clock may be ahead of the time that the machine has counted, in milliseconds. Clocks are set by seconds,
/// at most by hours where a time zone was mistaken.
const BELIEVED: i64 = DAY;
/// How long a gateway may have been stopped where nothing has counted meanwhile, in milliseconds.
const LONGEST_STOP: i64 = 366 * DAY;

/// What a machine's clocks say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The clock that people set, in milliseconds since 1970.
    pub wall: i64,
    /// How long the machine has been running, in milliseconds. Nobody sets it.
    pub steady: i64,
    /// Which run of the machine that is.
    pub boot: u64,
}

impl Reading {
    /// How long ago an earlier one was, in milliseconds, as the machine has counted; none where it is not known,
    /// because the machine was started anew since.
    #[must_use]
    pub fn counted_since(&self, earlier: &Self) -> Option<i64> {
        let counted = self.steady.saturating_sub(earlier.steady);
        (self.boot == earlier.boot && counted >= 0).then_some(counted)
    }
}

/// The time of the last batch, which is written with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchTime {
    /// The time that it was decided at, in milliseconds since 1970.
    pub at: i64,
    /// What the clocks said.
    pub reading: Reading,
    /// The number of the period in which answers to idempotency keys are kept together.
    pub period: u32,
    /// When that period began.
    pub period_began: Reading,
}

/// What time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// In milliseconds since 1970.
    pub at: i64,
    /// What the clock says instead, where it is too far ahead to be believed.
    pub doubted: Option<i64>,
}

/// What time it is by a reading, after the last batch. While a clock is doubted, time goes on from the last batch as
/// the machine counts.
#[must_use]
pub fn now(last: Option<&BatchTime>, reading: &Reading) -> Now {
    let Some(last) = last else { return Now { at: reading.wall, doubted: None } };
    let counted = reading.counted_since(&last.reading);
    let (expected, believed) = match counted {
        Some(counted) => (last.at.saturating_add(counted), BELIEVED),
        None => (last.at, LONGEST_STOP),
    };
    if reading.wall > expected.saturating_add(believed) {
        return Now { at: expected, doubted: Some(reading.wall) };
    }
    Now { at: reading.wall.max(last.at), doubted: None }
}

/// The time of the next batch, which is decided at `at`. A period of answers lasts for a day or longer, as the machine
/// counts: it does not end early because a clock is set ahead, whatever day that makes it.
#[must_use]
pub fn next_batch(last: Option<&BatchTime>, at: i64, reading: Reading) -> BatchTime {
    let Some(last) = last else {
        // Numbered by days, as answers were that are kept already.
        let period = u32::try_from(at.div_euclid(DAY)).unwrap_or_default();
        return BatchTime { at, reading, period, period_began: reading };
    };
    let wall = reading.wall.saturating_sub(last.period_began.wall);
    let lasted = reading.counted_since(&last.period_began).unwrap_or(wall);
    let (period, period_began) =
        if lasted >= DAY { (last.period.saturating_add(1), reading) } else { (last.period, last.period_began) };
    BatchTime { at: at.max(last.at), reading, period, period_began }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const START: i64 = 1_800_000_000_000;

    fn reading(wall: i64, steady: i64, boot: u64) -> Reading {
        Reading { wall: START + wall, steady, boot }
    }

    /// A batch an hour after the machine was started, at the start of a period.
    fn last() -> BatchTime {
        next_batch(None, START, reading(0, HOUR, 1))
    }

    #[test]
    fn time_by_what_the_clocks_say() {
        for (case, wall, steady, boot, at, doubted) in [
            ("time passes", HOUR, 2 * HOUR, 1, HOUR, false),
            ("a week without a batch", 7 * DAY, 7 * DAY + HOUR, 1, 7 * DAY, false),
            ("set back: it stands still", -15_000, HOUR, 1, 0, false),
            ("set back by a year", -365 * DAY, 2 * HOUR, 1, 0, false),
            ("set ahead by a day", DAY, HOUR, 1, DAY, false),
            ("set ahead by more: it goes on as it would have", DAY + 2 * HOUR, 2 * HOUR, 1, HOUR, true),
            ("the machine was stopped for a week", 7 * DAY, 0, 2, 7 * DAY, false),
            ("the machine was stopped for a year", 366 * DAY, 5 * HOUR, 2, 366 * DAY, false),
            ("for longer, or its clock is wrong", 366 * DAY + 1, 5 * HOUR, 2, 0, true),
            ("a machine without a clock of its own", -START, 0, 2, 0, false),
            ("a count that went back is of another run", 7 * DAY, HOUR - 1, 1, 7 * DAY, false),
        ] {
            let reading = reading(wall, steady, boot);
            let expected = Now { at: START + at, doubted: doubted.then_some(reading.wall) };
            assert_eq!(now(Some(&last()), &reading), expected, "{case}");
        }
        let first = reading(0, 0, 1);
        assert_eq!(now(None, &first), Now { at: START, doubted: None });
    }

    #[test]
    fn a_period_of_answers_is_a_day_that_was_counted() {
        let first = last();
        for (case, wall, steady, boot, ends) in [
            ("an hour", HOUR, 2 * HOUR, 1, false),
            ("a day but a moment", DAY - 1, DAY + HOUR - 1, 1, false),
            ("a day", DAY, DAY + HOUR, 1, true),
            ("three days", 3 * DAY, 3 * DAY + HOUR, 1, true),
            ("an hour, and the clock says a week", 7 * DAY, 2 * HOUR, 1, false),
            ("a day, and the clock says an hour", HOUR, DAY + HOUR, 1, true),
            ("an hour over a start of the machine", HOUR, 0, 2, false),
            ("a day over a start of the machine", DAY, 0, 2, true),
            ("over a start of the machine with the clock set back", -DAY, 0, 2, false),
        ] {
            let next = next_batch(Some(&first), START + wall, reading(wall, steady, boot));
            assert_eq!(next.period, first.period + u32::from(ends), "{case}");
            let began = if ends { next.reading } else { first.period_began };
            assert_eq!(next.period_began, began, "{case}");
            assert!(next.at >= first.at, "{case}");
        }
    }
}
