//! How far the record of what time did goes in a list that is sorted by time. What is taken off the list leaves a mark in
//! the engine until that merges its tables, and whoever reads from the list's beginning passes all of them: so everybody
//! reads from the front on.

use std::sync::{Mutex, PoisonError};

/// A place of such a list: an instant, in milliseconds since 1970, and the last thing of that instant before it.
type Place<K> = (i64, Option<K>);

/// The front: nothing is on the list before it.
#[derive(Debug)]
pub(crate) struct Front<K>(Mutex<State<K>>);

#[derive(Debug)]
struct State<K> {
    front: Place<K>,
    /// The first place where something came since the last look.
    came: Option<Place<K>>,
}

impl<K> Default for Front<K> {
    fn default() -> Self {
        Self(Mutex::new(State { front: (0, None), came: None }))
    }
}

impl<K: Ord + Clone> Front<K> {
    /// From where on there may be something.
    pub(crate) fn place(&self) -> Place<K> {
        self.state(|state| state.front.clone())
    }

    /// The same for whoever takes off what is found, and then says so. One does at a time.
    pub(crate) fn look(&self) -> Place<K> {
        self.state(|state| {
            state.came = None;
            state.front.clone()
        })
    }

    /// Notes that all before a place was taken off, but for what came since the look.
    pub(crate) fn passed(&self, place: Place<K>) {
        self.state(|state| {
            state.front = match &state.came {
                Some(came) => place.min(came.clone()),
                None => place,
            };
        });
    }

    /// Notes what is on the list now. A list of times to come has few that are before its front.
    pub(crate) fn came(&self, at: i64) {
        self.state(|state| {
            let place = (at, None);
            if place < state.front {
                state.front = place.clone();
            }
            if state.came.as_ref().is_none_or(|came| place < *came) {
                state.came = Some(place);
            }
        });
    }

    fn state<T>(&self, work: impl FnOnce(&mut State<K>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_behind_the_front_takes_it_back() {
        let front = Front::<u32>::default();
        assert_eq!(front.place(), (0, None));
        front.look();
        front.passed((7, Some(3)));
        assert_eq!(front.place(), (7, Some(3)));
        // Later ones do not move it.
        front.came(9);
        assert_eq!(front.place(), (7, Some(3)));
        // Of the same instant, but which of it is not known.
        front.came(7);
        assert_eq!(front.place(), (7, None));
        front.look();
        // Between the look and what was found by it.
        front.came(8);
        front.passed((10, None));
        assert_eq!(front.place(), (8, None));
        front.look();
        front.passed((10, None));
        assert_eq!(front.place(), (10, None));
    }
}
