//! The places of a code as sets of characters, grouped into symbols: characters that differ only in case share one,
//! because phrases are compared without regard to case. It keeps one invariant: symbols are numbered in the order of
//! their folded characters, and the slots of a set are in the order of symbols, so ranks do not depend on anything else.

use std::collections::HashMap;

use super::comparison::fold;

/// Marks a symbol that a set does not hold, or a character without a symbol.
const NONE: u8 = u8::MAX;

/// The characters of one symbol at one place: one, or both cases of a letter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) symbol: u8,
    pub(super) first: char,
    pub(super) second: Option<char>,
}

impl Slot {
    /// Where the character stands among those of the slot.
    pub(super) fn position(self, character: char) -> Option<usize> {
        if self.first == character { Some(0) } else { (self.second == Some(character)).then_some(1) }
    }
}

/// The characters that a place may hold.
#[derive(Debug)]
pub(super) struct CharacterSet {
    pub(super) slots: Vec<Slot>,
    /// Every character, in the order of ranks.
    pub(super) characters: Vec<char>,
    /// The slot of each of them.
    pub(super) slot_at: Vec<u8>,
    slot_of: Vec<u8>,
}

impl CharacterSet {
    /// The slot of a symbol, where the set holds it.
    pub(super) fn slot_of(&self, symbol: u8) -> Option<usize> {
        match self.slot_of.get(usize::from(symbol)) {
            None | Some(&NONE) => None,
            Some(&slot) => Some(usize::from(slot)),
        }
    }

    fn new(characters: &[char], layout: &Layout) -> Self {
        let mut slots: Vec<Slot> = Vec::new();
        let mut slot_of = vec![NONE; layout.alphabet.len()];
        for &character in characters {
            let Some(symbol) = layout.symbol(character) else { continue };
            match slots.last_mut().filter(|slot| slot.symbol == symbol) {
                Some(slot) => slot.second = Some(character),
                None => slots.push(Slot { symbol, first: character, second: None }),
            }
        }
        let mut slot_at = Vec::new();
        for (index, slot) in (0..NONE).zip(&slots) {
            slot_of[usize::from(slot.symbol)] = index;
            slot_at.extend(std::iter::repeat_n(index, 1 + usize::from(slot.second.is_some())));
        }
        let characters = slots.iter().flat_map(|slot| [slot.first].into_iter().chain(slot.second)).collect();
        Self { slots, characters, slot_at, slot_of }
    }
}

/// All places of a format; equal ones share their set.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The folded characters, sorted; the index is the symbol.
    alphabet: Vec<char>,
    ascii: Vec<u8>,
    sets: Vec<CharacterSet>,
    places: Vec<usize>,
}

impl Layout {
    /// Builds the layout of places given by the characters that each may hold.
    pub(super) fn new(mut places: Vec<Vec<char>>) -> Self {
        let mut alphabet: Vec<char> = places.iter().flatten().map(|character| fold(*character)).collect();
        alphabet.sort_unstable();
        alphabet.dedup();
        let mut layout = Self { alphabet, ..Self::default() };
        layout.ascii = (0..128_u8).map(|byte| layout.find(fold(char::from(byte)))).collect();
        let mut known: HashMap<Vec<char>, usize> = HashMap::new();
        for characters in &mut places {
            characters.sort_unstable_by_key(|character| (fold(*character), *character));
            characters.dedup();
            let next = layout.sets.len();
            let index = *known.entry(characters.clone()).or_insert(next);
            if index == next {
                let set = CharacterSet::new(characters, &layout);
                layout.sets.push(set);
            }
            layout.places.push(index);
        }
        layout
    }

    /// How many places there are.
    pub(super) fn length(&self) -> usize {
        self.places.len()
    }

    /// How many symbols there are.
    pub(super) fn symbols(&self) -> usize {
        self.alphabet.len()
    }

    /// The characters of a place.
    pub(super) fn set(&self, place: usize) -> &CharacterSet {
        &self.sets[self.places[place]]
    }

    /// The symbol of a character, whatever its case, where some place can hold it.
    pub(super) fn symbol(&self, character: char) -> Option<u8> {
        let known = u8::try_from(u32::from(character)).ok().and_then(|byte| self.ascii.get(usize::from(byte)));
        let symbol = known.copied().unwrap_or_else(|| self.find(fold(character)));
        (symbol != NONE).then_some(symbol)
    }

    /// The alphabet has at most 36 letters and digits and 64 literals, so a symbol always fits.
    fn find(&self, folded: char) -> u8 {
        let found = self.alphabet.binary_search(&folded).ok();
        found.and_then(|index| u8::try_from(index).ok()).unwrap_or(NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_share_a_slot_and_equal_places_a_set() {
        let layout = Layout::new(vec![vec!['b', 'B', 'a', '1'], vec!['É'], vec!['1', 'a', 'b', 'B'], vec![]]);
        assert_eq!((layout.length(), layout.symbols(), layout.sets.len()), (4, 4, 3));
        let set = layout.set(0);
        assert_eq!(set.characters, ['1', 'a', 'B', 'b']);
        assert_eq!(set.slots.len(), 3);
        assert_eq!(layout.symbol('A'), Some(1));
        assert_eq!(layout.symbol('é'), Some(3));
        assert_eq!(layout.symbol('z'), None);
        assert_eq!(set.slot_of(2), Some(2));
        assert_eq!(set.slot_of(3), None);
        assert_eq!(set.slots[2].position('b'), Some(1));
    }
}
