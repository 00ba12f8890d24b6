//! Which plugins are quick. To hand a call to another thread and its answer back takes several times as long as most
//! checks compute, so a call of a plugin that has shown to be quick begins on its caller's thread. One that is not quick
//! after all is there for one slice, goes on where plugins compute, and its plugin has to show it again. Pure.

use std::{collections::HashMap, sync::Arc, time::Duration};

/// How long a call computes at most that is quick.
const QUICK: Duration = Duration::from_micros(500);
/// How many have to be, one after the other: so of all slices that callers' threads lose, there is one in so many calls.
const CALLS: u32 = 64;

/// How many calls of each plugin have been quick one after the other.
#[derive(Debug, Default)]
pub(super) struct Quick(HashMap<Arc<str>, u32>);

impl Quick {
    /// Whether a plugin has shown to be quick.
    pub(super) fn has(&self, plugin: &str) -> bool {
        self.0.get(plugin).is_some_and(|calls| *calls >= CALLS)
    }

    /// Notes what a call has computed that is over.
    pub(super) fn note(&mut self, plugin: &Arc<str>, computed: Duration) {
        if computed > QUICK {
            self.0.remove(plugin);
            return;
        }
        match self.0.get_mut(plugin) {
            Some(calls) => *calls = CALLS.min(*calls + 1),
            None => drop(self.0.insert(Arc::clone(plugin), 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_many_calls_to_be_quick_and_one_not_to_be() {
        let (mut quick, one, other) = (Quick::default(), Arc::from("one"), Arc::from("other"));
        for _ in 0..CALLS {
            assert!(!quick.has(&one));
            quick.note(&one, QUICK);
        }
        quick.note(&other, QUICK);
        assert!(quick.has(&one) && !quick.has(&other));
        quick.note(&one, QUICK + Duration::from_nanos(1));
        assert!(!quick.has(&one));
        quick.note(&one, Duration::ZERO);
        assert!(!quick.has(&one), "from the start again");
    }
}
