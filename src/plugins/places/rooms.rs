//! How many calls there are, and how much memory they may have together. A pool, a plugin and all plugins each have a
//! bound of their own, so that whoever fills theirs leaves room for the others. Pure.

use std::{collections::HashMap, sync::Arc};

use super::{Crowd, turns::Asker};
use crate::engine::MAX_CALLS;

/// The most calls of one pool that are under way or wait, and those of one plugin.
const MAX_OF_POOL: usize = 128;
const MAX_OF_PLUGIN: usize = 256;
/// The most calls that have begun, of all plugins, and of one.
const MAX_BEGUN: usize = MAX_CALLS as usize;
const MAX_BEGUN_OF_PLUGIN: usize = MAX_BEGUN / 2;

/// What is in use.
#[derive(Debug)]
pub(super) struct Rooms {
    /// The memory of all, in bytes.
    budget: usize,
    memory: usize,
    begun: usize,
    plugins: HashMap<Arc<str>, Used>,
}

/// What one plugin uses.
#[derive(Debug, Default)]
struct Used {
    memory: usize,
    begun: usize,
    calls: usize,
    pools: HashMap<Arc<str>, usize>,
}

impl Rooms {
    /// Rooms with so much memory in all, in bytes.
    pub(super) fn new(budget: usize) -> Self {
        Self { budget, memory: 0, begun: 0, plugins: HashMap::new() }
    }

    /// Counts a call that is to wait for its turn; false where too many do.
    pub(super) fn enter(&mut self, asker: &Asker) -> bool {
        let of_plugin = self.plugins.entry(Arc::clone(&asker.plugin)).or_default();
        let of_pool = of_plugin.pools.entry(Arc::clone(&asker.pool)).or_default();
        if *of_pool >= MAX_OF_POOL || of_plugin.calls >= MAX_OF_PLUGIN {
            self.forget(asker);
            return false;
        }
        *of_pool += 1;
        of_plugin.calls += 1;
        true
    }

    /// What keeps a call that needs so much memory from beginning.
    pub(super) fn lacks(&self, asker: &Asker, memory: usize) -> Option<Crowd> {
        let begun = self.plugins.get(&asker.plugin).map_or(0, |used| used.begun);
        if !self.fits(asker, 0, memory) {
            return Some(Crowd::Memory);
        }
        (self.begun >= MAX_BEGUN || begun >= MAX_BEGUN_OF_PLUGIN).then_some(Crowd::Calls)
    }

    /// Whether a call that needs so much memory may begin.
    pub(super) fn may_begin(&self, asker: &Asker, memory: usize) -> bool {
        self.lacks(asker, memory).is_none()
    }

    /// Counts a call that begins.
    pub(super) fn begin(&mut self, asker: &Asker, memory: usize) {
        self.begun += 1;
        self.memory += memory;
        if let Some(used) = self.plugins.get_mut(&asker.plugin) {
            used.begun += 1;
            used.memory += memory;
        }
    }

    /// Gives a call that has begun, and has some memory, more of it; false where there is none.
    pub(super) fn grow(&mut self, asker: &Asker, has: usize, memory: usize) -> bool {
        if !self.fits(asker, has, memory) {
            return false;
        }
        self.memory += memory;
        if let Some(used) = self.plugins.get_mut(&asker.plugin) {
            used.memory += memory;
        }
        true
    }

    /// A call ends: it gives back the memory that it had, where it had begun.
    pub(super) fn leave(&mut self, asker: &Asker, had: Option<usize>) {
        if let Some(memory) = had {
            self.begun -= 1;
            self.memory -= memory;
        }
        if let Some(used) = self.plugins.get_mut(&asker.plugin) {
            if let Some(memory) = had {
                used.begun -= 1;
                used.memory -= memory;
            }
            used.calls -= 1;
            if let Some(of_pool) = used.pools.get_mut(&asker.pool) {
                *of_pool -= 1;
            }
        }
        self.forget(asker);
    }

    /// Whether there is more memory for a call that has some. Half of all is the most that one plugin has. A call that
    /// is alone has what its own limit allows, so that there is none that can never be made.
    fn fits(&self, asker: &Asker, has: usize, more: usize) -> bool {
        let own = self.plugins.get(&asker.plugin).map_or(0, |used| used.memory);
        let is_alone = |used: usize| used == has;
        (self.memory + more <= self.budget || is_alone(self.memory)) && (own + more <= self.budget / 2 || is_alone(own))
    }

    /// Forgets whoever has no call.
    fn forget(&mut self, asker: &Asker) {
        let Some(used) = self.plugins.get_mut(&asker.plugin) else { return };
        if used.pools.get(&asker.pool) == Some(&0) {
            used.pools.remove(&asker.pool);
        }
        if used.calls == 0 {
            self.plugins.remove(&asker.plugin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(plugin: &str, pool: &str) -> Asker {
        Asker { plugin: plugin.into(), pool: pool.into() }
    }

    #[test]
    fn calls_are_bounded_by_pool_and_by_plugin() {
        let mut rooms = Rooms::new(1_000);
        let [one, two, three] = ["1", "2", "3"].map(|pool| asker("slow", pool));
        let mut enters = |asker: &Asker| (0..1_000).take_while(|_| rooms.enter(asker)).count();
        assert_eq!((enters(&one), enters(&two), enters(&three)), (128, 128, 0));
        assert_eq!(enters(&asker("other", "1")), 128);
        rooms.leave(&one, None);
        assert!(rooms.enter(&three), "there is room of the plugin's again");
        assert!(!rooms.enter(&one) && !rooms.enter(&three));
    }

    #[test]
    fn one_plugin_begins_half_of_all_calls() {
        let mut rooms = Rooms::new(1_000_000);
        let begins = |rooms: &mut Rooms, id: &str| {
            let mut count = 0;
            for pool in ["1", "2"] {
                let asker = asker(id, pool);
                while rooms.enter(&asker) && rooms.may_begin(&asker, 1) {
                    rooms.begin(&asker, 1);
                    count += 1;
                }
            }
            count
        };
        assert_eq!(begins(&mut rooms, "a"), 128);
        assert_eq!((begins(&mut rooms, "b"), begins(&mut rooms, "c")), (128, 0));
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let mut rooms = Rooms::new(1_000);
        let (one, two) = (asker("one", "1"), asker("two", "1"));
        for asker in [&one, &two] {
            assert!(rooms.enter(asker) && rooms.enter(asker) && rooms.may_begin(asker, 500));
            rooms.begin(asker, 300);
            assert!(rooms.may_begin(asker, 200) && !rooms.may_begin(asker, 201), "half of it is one plugin's");
            rooms.begin(asker, 100);
            assert!(rooms.grow(asker, 100, 100) && !rooms.grow(asker, 200, 1));
        }
        let third = asker("three", "1");
        assert!(rooms.enter(&third) && !rooms.may_begin(&third, 1), "all of it is in use");
        rooms.leave(&one, Some(300));
        assert!(rooms.may_begin(&third, 300) && !rooms.may_begin(&third, 301));
        rooms.leave(&one, Some(200));
        rooms.leave(&two, Some(300));
        rooms.leave(&two, Some(200));
        rooms.leave(&third, None);
        assert!(rooms.memory == 0 && rooms.begun == 0 && rooms.plugins.is_empty(), "{rooms:?}");
    }

    #[test]
    fn a_call_that_is_larger_than_all_memory_is_made_alone() {
        let (mut rooms, large, small) = (Rooms::new(1_000), asker("large", "1"), asker("small", "1"));
        assert!(rooms.enter(&large) && rooms.enter(&small) && rooms.may_begin(&large, 2_000));
        rooms.begin(&small, 100);
        assert!(!rooms.may_begin(&large, 2_000));
        rooms.leave(&small, Some(100));
        rooms.begin(&large, 500);
        assert!(rooms.grow(&large, 500, 1_500));
        assert!(rooms.enter(&small) && !rooms.may_begin(&small, 1));
    }
}
