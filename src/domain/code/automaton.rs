//! The automaton of the excluded phrases (Aho and Corasick, 1975) over the symbols of a layout. It keeps one invariant:
//! states are numbered breadth first, so every failure link points to a smaller number and children stand side by side.

use super::layout::Layout;

/// The state in which nothing of any phrase has been seen.
pub(super) const ROOT: usize = 0;

const NO_PHRASE: u32 = u32::MAX;

/// All phrases that the layout's symbols can spell, as one automaton.
#[derive(Debug)]
pub(super) struct Automaton {
    pub(super) depth: Vec<u8>,
    /// The symbol that leads from a state's parent to it.
    pub(super) symbol: Vec<u8>,
    pub(super) fail: Vec<u32>,
    /// How many more symbols the shortest phrase through this state needs.
    pub(super) remaining: Vec<u8>,
    /// Whether a phrase has just ended here.
    pub(super) dead: Vec<bool>,
    first_child: Vec<u32>,
    phrase: Vec<u32>,
    /// Where symbols lead from the root.
    root_next: Vec<u32>,
    /// For each state the transitions that differ from the root's, by symbol: `row_start[s]..row_start[s + 1]`.
    row_start: Vec<u32>,
    row_symbol: Vec<u8>,
    row_target: Vec<u32>,
}

impl Automaton {
    /// Builds the automaton; phrases are folded, and those with a character that no place can hold are left out.
    pub(super) fn new<'a>(layout: &Layout, phrases: impl Iterator<Item = &'a str>) -> Self {
        let spelled =
            |phrase: &str| -> Option<Vec<u8>> { phrase.chars().map(|character| layout.symbol(character)).collect() };
        let mut words: Vec<(Vec<u8>, u32)> = phrases
            .zip(0..)
            .filter(|(phrase, _)| phrase.chars().count() <= layout.length())
            .filter_map(|(phrase, index)| spelled(phrase).map(|word| (word, index)))
            .collect();
        words.sort_unstable();
        words.dedup_by(|later, earlier| later.0 == earlier.0);
        let mut automaton = Self::trie(&words);
        automaton.link(layout.symbols());
        automaton.dead = automaton.dead_without(None);
        automaton
    }

    /// How many states there are, the root included.
    pub(super) fn states(&self) -> usize {
        self.depth.len()
    }

    /// The states that continue a phrase from this one.
    pub(super) fn children(&self, state: usize) -> std::ops::Range<usize> {
        self.first_child[state] as usize..self.first_child[state + 1] as usize
    }

    /// The transitions of a state that differ from the root's, by ascending symbol.
    pub(super) fn row(&self, state: usize) -> impl Iterator<Item = (u8, usize)> {
        let range = self.row_start[state] as usize..self.row_start[state + 1] as usize;
        let targets = self.row_target[range.clone()].iter().map(|target| *target as usize);
        self.row_symbol[range].iter().copied().zip(targets)
    }

    /// Where a symbol leads from the root.
    pub(super) fn root_step(&self, symbol: u8) -> usize {
        self.root_next[usize::from(symbol)] as usize
    }

    /// Where a symbol leads from any state.
    pub(super) fn step(&self, state: usize, symbol: u8) -> usize {
        let start = self.row_start[state] as usize;
        let row = &self.row_symbol[start..self.row_start[state + 1] as usize];
        match row.binary_search(&symbol) {
            Ok(found) => self.row_target[start + found] as usize,
            Err(_) => self.root_step(symbol),
        }
    }

    /// Which states end a phrase, were the given one (by its place in the list) not excluded.
    pub(super) fn dead_without(&self, admitted: Option<u32>) -> Vec<bool> {
        let mut dead = vec![false; self.states()];
        for state in 1..self.states() {
            let ends = self.phrase[state] != NO_PHRASE && Some(self.phrase[state]) != admitted;
            dead[state] = ends || dead[self.fail[state] as usize];
        }
        dead
    }

    /// The tree of the sorted words, breadth first: a state is a range of words that begin alike.
    fn trie(words: &[(Vec<u8>, u32)]) -> Self {
        let mut ranges = vec![(0, words.len())];
        let mut tree = Self { depth: vec![0], symbol: vec![0], ..Self::empty() };
        let mut state = 0;
        while state < ranges.len() {
            let (mut first, end) = ranges[state];
            let depth = tree.depth[state];
            let at = usize::from(depth);
            tree.first_child.push(narrow(ranges.len()));
            let ending = words[first..end].first().filter(|(word, _)| word.len() == at);
            tree.phrase.push(ending.map_or(NO_PHRASE, |(_, phrase)| *phrase));
            first += usize::from(ending.is_some());
            while let Some((word, _)) = words[first..end].first() {
                let symbol = word[at];
                let next = first + words[first..end].partition_point(|(other, _)| other[at] <= symbol);
                ranges.push((first, next));
                tree.depth.push(depth + 1);
                tree.symbol.push(symbol);
                first = next;
            }
            state += 1;
        }
        tree.first_child.push(narrow(ranges.len()));
        tree.remaining = tree.distances();
        tree
    }

    fn distances(&self) -> Vec<u8> {
        let mut remaining = vec![u8::MAX; self.states()];
        for state in (0..self.states()).rev() {
            let below = self.children(state).map(|child| remaining[child].saturating_add(1)).min();
            let ends = self.phrase[state] != NO_PHRASE;
            remaining[state] = if ends { 0 } else { below.unwrap_or(u8::MAX) };
        }
        remaining
    }

    /// Failure links and rows: a state goes where its failure state goes, but for its own children.
    fn link(&mut self, symbols: usize) {
        self.root_next = vec![0; symbols];
        for child in self.children(ROOT) {
            self.root_next[usize::from(self.symbol[child])] = narrow(child);
        }
        self.fail = vec![0; self.states()];
        self.row_start.push(0);
        for state in 0..self.states() {
            let fail = self.fail[state] as usize;
            for child in self.children(state) {
                self.fail[child] = if state == ROOT { 0 } else { narrow(self.step(fail, self.symbol[child])) };
            }
            if state != ROOT {
                self.append_row(state, fail);
            }
            self.row_start.push(narrow(self.row_symbol.len()));
        }
    }

    fn append_row(&mut self, state: usize, fail: usize) {
        let mut inherited = self.row_start[fail] as usize..self.row_start[fail + 1] as usize;
        for child in self.children(state) {
            let symbol = self.symbol[child];
            while !inherited.is_empty() && self.row_symbol[inherited.start] < symbol {
                self.push_transition(self.row_symbol[inherited.start], self.row_target[inherited.start]);
                inherited.start += 1;
            }
            inherited.start += usize::from(!inherited.is_empty() && self.row_symbol[inherited.start] == symbol);
            self.push_transition(symbol, narrow(child));
        }
        for index in inherited {
            self.push_transition(self.row_symbol[index], self.row_target[index]);
        }
    }

    fn push_transition(&mut self, symbol: u8, target: u32) {
        self.row_symbol.push(symbol);
        self.row_target.push(target);
    }

    fn empty() -> Self {
        Self {
            depth: Vec::new(),
            symbol: Vec::new(),
            fail: Vec::new(),
            remaining: Vec::new(),
            dead: Vec::new(),
            first_child: Vec::new(),
            phrase: Vec::new(),
            root_next: Vec::new(),
            row_start: Vec::new(),
            row_symbol: Vec::new(),
            row_target: Vec::new(),
        }
    }
}

/// States and transitions are bounded by the phrases (two lists of 1,000 of 64 characters, 100 symbols): they fit 32 bits.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn automaton(places: usize, phrases: &[&str]) -> (Layout, Automaton) {
        let layout = Layout::new(vec![('a'..='z').collect(); places]);
        let automaton = Automaton::new(&layout, phrases.iter().copied());
        (layout, automaton)
    }

    fn refuses(phrases: &[&str], text: &str) -> bool {
        let (layout, automaton) = automaton(8, phrases);
        let mut state = ROOT;
        text.chars().any(|character| {
            state = automaton.step(state, layout.symbol(character).unwrap());
            automaton.dead[state]
        })
    }

    #[test]
    fn it_finds_what_a_search_finds() {
        let phrases = ["he", "she", "his", "hers", "aab", "ababa", "b1"];
        for text in ["ushers", "ahishers", "shis", "aaab", "ababab", "abab", "sh", "hirs", "xhxe"] {
            let found = phrases.iter().any(|phrase| text.contains(phrase));
            assert_eq!(refuses(&phrases, text), found, "{text}");
        }
    }

    #[test]
    fn phrases_that_cannot_appear_are_left_out() {
        assert_eq!(automaton(4, &["abcde", "a-b", "é"]).1.states(), 1);
        assert_eq!(automaton(4, &["abcd"]).1.states(), 5);
    }

    #[test]
    fn a_phrase_admitted_again_leaves_those_around_it() {
        let (layout, automaton) = automaton(8, &["ass", "asset", "se"]);
        let dead = automaton.dead_without(Some(0));
        let mut state = ROOT;
        let mut path = Vec::new();
        for character in "asset".chars() {
            state = automaton.step(state, layout.symbol(character).unwrap());
            path.push((automaton.dead[state], dead[state]));
        }
        let expected = [(false, false), (false, false), (true, false), (true, true), (true, true)];
        assert_eq!(path, expected);
    }
}
