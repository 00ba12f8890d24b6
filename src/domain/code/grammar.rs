//! What the tables of a space are counted over: places, phrase automaton, and an address for every pair of a place and
//! a state that is worth counting. It keeps one invariant: a state that can no longer complete a phrase before the
//! code ends has no cell of its own, because its codes are those of its failure state.

use super::automaton::{Automaton, ROOT};
use super::layout::Layout;
use super::space::SpaceError;

/// The most cells, so pairs of place and state, that the tables of one space may have: 38 MB at 48 bytes each, counted
/// in 40 ms. In 64 places that is 1,000 phrases of 16 characters of which no two begin alike.
pub const MAX_CELLS: usize = 800_000;

/// Places and phrases of a format, with the addresses of the cells.
#[derive(Debug)]
pub(super) struct Grammar {
    pub(super) layout: Layout,
    pub(super) automaton: Automaton,
    /// How many states are at most as deep as the index.
    within_depth: Vec<usize>,
    addresses: Vec<Address>,
    cells: usize,
}

/// Where the cells of a state are: one for each place from its depth to its last.
#[derive(Clone, Copy, Debug)]
struct Address {
    first_cell: u32,
    fail: u32,
    depth: u8,
    last: u8,
}

impl Grammar {
    /// Lays the cells out.
    pub(super) fn new<'a>(places: Vec<Vec<char>>, phrases: impl Iterator<Item = &'a str>) -> Result<Self, SpaceError> {
        let layout = Layout::new(places);
        let automaton = Automaton::new(&layout, phrases);
        let length = layout.length();
        let within_depth =
            (0..=length).map(|depth| automaton.depth.partition_point(|other| usize::from(*other) <= depth)).collect();
        let mut grammar = Self { layout, automaton, within_depth, addresses: Vec::new(), cells: 0 };
        for state in 0..grammar.automaton.states() {
            let depth = usize::from(grammar.automaton.depth[state]);
            let remaining = if state == ROOT { 0 } else { usize::from(grammar.automaton.remaining[state]) };
            let last = length.saturating_sub(remaining);
            grammar.addresses.push(Address {
                first_cell: u32::try_from(grammar.cells).unwrap_or(u32::MAX),
                fail: grammar.automaton.fail[state],
                depth: grammar.automaton.depth[state],
                last: u8::try_from(last).unwrap_or(u8::MAX),
            });
            grammar.cells += (last + 1).saturating_sub(depth);
        }
        if grammar.cells > MAX_CELLS {
            return Err(SpaceError::TooManyCells { cells: grammar.cells });
        }
        Ok(grammar)
    }

    /// How many characters a code has.
    pub(super) fn length(&self) -> usize {
        self.layout.length()
    }

    /// How many cells a table of this grammar has.
    pub(super) fn cells(&self) -> usize {
        self.cells
    }

    /// The states with a cell at this place, but for the root, in ascending order.
    pub(super) fn states_at(&self, place: usize) -> impl Iterator<Item = usize> {
        (1..self.within_depth[place]).filter(move |state| self.has_cell(place, *state))
    }

    /// The state whose cell counts the codes of `state` from `place` on.
    pub(super) fn settle(&self, place: usize, state: usize) -> usize {
        let mut state = state;
        while place > usize::from(self.addresses[state].last) {
            state = self.addresses[state].fail as usize;
        }
        state
    }

    /// The cell of a settled state.
    pub(super) fn cell(&self, place: usize, state: usize) -> usize {
        let address = self.addresses[state];
        address.first_cell as usize + place - usize::from(address.depth)
    }

    /// Whether the state has a cell of its own at this place.
    pub(super) fn has_cell(&self, place: usize, state: usize) -> bool {
        place <= usize::from(self.addresses[state].last)
    }

    /// How many bytes this takes, to within the size of its fixed parts.
    pub(super) fn memory(&self) -> usize {
        let transitions: usize = (0..self.automaton.states()).map(|state| self.automaton.row(state).count()).sum();
        self.automaton.states() * 24 + transitions * 5
    }
}
