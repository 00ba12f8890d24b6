//! Whose turn it is to compute: plugins in turn, of each plugin its pools in turn, of each pool what has begun before
//! what has not. So a plugin or a pool with many calls waits for itself, and others notice one slice of it at most.
//! Pure: what is waiting is handed in and out.

use std::{collections::VecDeque, sync::Arc};

/// Who a call is made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asker {
    /// The plugin's id.
    pub(crate) plugin: Arc<str>,
    /// The pool's id.
    pub(crate) pool: Arc<str>,
}

/// In which state a call waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// It has not begun.
    New,
    /// What it waited for has come.
    Woken,
    /// Its slice of computing is over: it is the next of its pool, so that calls end one after the other and do not
    /// all hold memory for long.
    Sliced,
}

/// What waits for its turn. Nothing in it is empty.
#[derive(Debug)]
pub(super) struct Turns<T>(VecDeque<(Arc<str>, VecDeque<Lane<T>>)>);

/// The calls of one pool.
#[derive(Debug)]
struct Lane<T> {
    pool: Arc<str>,
    begun: VecDeque<T>,
    new: VecDeque<T>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Turns<T> {
    /// Has something wait.
    pub(super) fn add(&mut self, asker: &Asker, item: T, waits: Waits) {
        let lane = self.lane(asker);
        match waits {
            Waits::New => lane.new.push_back(item),
            Waits::Woken => lane.begun.push_back(item),
            Waits::Sliced => lane.begun.push_front(item),
        }
    }

    /// What is to go on now. What has not begun begins only where it may; others do not wait for it.
    pub(super) fn next(&mut self, may_begin: impl Fn(&T) -> bool) -> Option<T> {
        for _ in 0..self.0.len() {
            let (plugin, mut lanes) = self.0.pop_front()?;
            let found = next_of(&mut lanes, &may_begin);
            if !lanes.is_empty() {
                self.0.push_back((plugin, lanes));
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Takes something out that waits no longer.
    pub(super) fn remove(&mut self, asker: &Asker, is_it: impl Fn(&T) -> bool) {
        for (plugin, lanes) in self.0.iter_mut().filter(|(plugin, _)| *plugin == asker.plugin) {
            for lane in lanes.iter_mut().filter(|lane| lane.pool == asker.pool) {
                lane.begun.retain(|item| !is_it(item));
                lane.new.retain(|item| !is_it(item));
            }
            lanes.retain(|lane| !lane.is_empty());
            debug_assert_eq!(*plugin, asker.plugin);
        }
        self.0.retain(|(_, lanes)| !lanes.is_empty());
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lane of a pool; a new one is the last.
    fn lane(&mut self, asker: &Asker) -> &mut Lane<T> {
        let place = self.0.iter().position(|(plugin, _)| *plugin == asker.plugin).unwrap_or_else(|| {
            self.0.push_back((Arc::clone(&asker.plugin), VecDeque::new()));
            self.0.len() - 1
        });
        let lanes = &mut self.0[place].1;
        let place = lanes.iter().position(|lane| lane.pool == asker.pool).unwrap_or_else(|| {
            let pool = Arc::clone(&asker.pool);
            lanes.push_back(Lane { pool, begun: VecDeque::new(), new: VecDeque::new() });
            lanes.len() - 1
        });
        &mut lanes[place]
    }
}

/// The next of one plugin's pools.
fn next_of<T>(lanes: &mut VecDeque<Lane<T>>, may_begin: &impl Fn(&T) -> bool) -> Option<T> {
    for _ in 0..lanes.len() {
        let mut lane = lanes.pop_front()?;
        let begins = lane.new.front().is_some_and(may_begin);
        let found = lane.begun.pop_front().or_else(|| if begins { lane.new.pop_front() } else { None });
        if !lane.is_empty() {
            lanes.push_back(lane);
        }
        if found.is_some() {
            return found;
        }
    }
    None
}

impl<T> Lane<T> {
    fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.new.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(plugin: &str, pool: &str) -> Asker {
        Asker { plugin: plugin.into(), pool: pool.into() }
    }

    fn all(turns: &mut Turns<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| turns.next(|_| true)).collect()
    }

    #[test]
    fn plugins_take_turns_and_so_do_their_pools() {
        let mut turns = Turns::default();
        for item in ["a1", "a2", "a3"] {
            turns.add(&asker("slow", "a"), item, Waits::New);
        }
        turns.add(&asker("slow", "b"), "b1", Waits::New);
        turns.add(&asker("quick", "a"), "q1", Waits::New);
        assert_eq!(all(&mut turns), ["a1", "q1", "b1", "a2", "a3"]);
        assert!(turns.is_empty());
    }

    #[test]
    fn what_has_begun_goes_before_what_has_not() {
        let (mut turns, pool) = (Turns::default(), asker("slow", "a"));
        turns.add(&pool, "new", Waits::New);
        turns.add(&pool, "woken", Waits::Woken);
        turns.add(&pool, "sliced", Waits::Sliced);
        assert_eq!(all(&mut turns), ["sliced", "woken", "new"]);
    }

    #[test]
    fn what_may_not_begin_holds_nothing_up() {
        let mut turns = Turns::default();
        turns.add(&asker("large", "a"), "large", Waits::New);
        turns.add(&asker("large", "b"), "begun", Waits::Woken);
        turns.add(&asker("small", "a"), "small", Waits::New);
        let fits = |item: &&str| *item != "large";
        assert_eq!(turns.next(fits), Some("begun"));
        assert_eq!(turns.next(fits), Some("small"));
        assert_eq!(turns.next(fits), None);
        assert_eq!(turns.next(|_| true), Some("large"));
    }

    #[test]
    fn what_is_taken_out_does_not_come() {
        let (mut turns, pool) = (Turns::default(), asker("slow", "a"));
        for (item, waits) in [("one", Waits::New), ("two", Waits::Woken), ("three", Waits::New)] {
            turns.add(&pool, item, waits);
        }
        turns.remove(&asker("slow", "b"), |_| true);
        turns.remove(&pool, |item| *item != "three");
        assert_eq!(all(&mut turns), ["three"]);
    }
}
