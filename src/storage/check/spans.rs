//! Which numbers of a stream of events there are: spans of them, in whatever order they are read, and what is missing
//! between.

use std::collections::BTreeMap;

use crate::Fault;
use scrip_domain::id::EventId;

/// The events of all streams.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// Of each stream, the first and last place of each span. Spans that touch are one.
    streams: BTreeMap<u32, BTreeMap<u64, u64>>,
}

impl Spans {
    /// Adds a row of the log: its first event, and how many it holds. Tells what is there twice.
    pub(super) fn add(&mut self, first: EventId, length: usize, tell: &mut impl FnMut(Fault)) {
        let Some(more) = (length as u64).checked_sub(1) else { return };
        let EventId { stream, sequence } = first;
        let spans = self.streams.entry(stream).or_default();
        let (mut start, mut end) = (sequence, sequence.saturating_add(more));
        if let Some((first, _)) = spans.range(..=end).next_back().filter(|(_, last)| **last >= start) {
            tell(Fault::Twice { stream, sequence: start.max(*first) });
        }
        if let Some((before, last)) = spans.range(..=start).next_back().map(|(first, last)| (*first, *last))
            && last.saturating_add(1) >= start
        {
            (start, end) = (before, end.max(last));
        }
        while let Some((next, last)) =
            spans.range(start..=end.saturating_add(1)).next().map(|(first, last)| (*first, *last))
        {
            spans.remove(&next);
            end = end.max(last);
        }
        spans.insert(start, end);
    }

    /// How many events there are. Tells what is missing, from the first event on.
    pub(super) fn finish(&self, tell: &mut impl FnMut(Fault)) -> u64 {
        let mut number = 0;
        for (stream, spans) in &self.streams {
            let mut expected = 1;
            for (first, last) in spans {
                if *first > expected {
                    tell(Fault::Events { stream: *stream, first: expected, last: first - 1 });
                }
                number += last - first + 1;
                expected = last.saturating_add(1);
            }
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of rows with these first places and lengths.
    fn told(rows: &[(u64, usize)]) -> (u64, Vec<Fault>) {
        let (mut spans, mut faults) = (Spans::default(), Vec::new());
        for (sequence, length) in rows {
            spans.add(EventId { stream: 1, sequence: *sequence }, *length, &mut |fault| faults.push(fault));
        }
        let number = spans.finish(&mut |fault| faults.push(fault));
        (number, faults)
    }

    fn missing(first: u64, last: u64) -> Fault {
        Fault::Events { stream: 1, first, last }
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(told(&[]), (0, vec![]));
        assert_eq!(told(&[(1, 2), (3, 1), (4, 16)]), (19, vec![]));
        assert_eq!(told(&[(4, 16), (1, 2), (3, 1)]), (19, vec![]), "in whatever order");
        assert_eq!(told(&[(1, 2), (4, 1)]), (3, vec![missing(3, 3)]));
        assert_eq!(told(&[(9, 1), (1, 2), (20, 1)]), (4, vec![missing(3, 8), missing(10, 19)]));
        assert_eq!(told(&[(5, 1)]), (1, vec![missing(1, 4)]));
    }

    #[test]
    fn what_is_there_twice_is_told() {
        let twice = |sequence| Fault::Twice { stream: 1, sequence };
        assert_eq!(told(&[(1, 2), (2, 2)]), (3, vec![twice(2)]));
        assert_eq!(told(&[(2, 2), (1, 2)]), (3, vec![twice(2)]));
    }
}
