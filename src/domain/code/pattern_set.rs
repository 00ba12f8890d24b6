//! An index of many formats: which of them could make a code, and which overlap a new one. It keeps one invariant: what
//! it leaves out is certain to make no such code, and what a lookup costs depends on the number of formats only through
//! one bit each for every place.

use std::collections::HashMap;
use std::sync::Arc;

use super::comparison::{CaseMode, fold, typed};
use super::forgiving::plain;
use super::format::CodeFormat;
use super::overlap::shared_code;

/// A set of bits, one for each entry of the index; those past its end are not set.
type Bits = Vec<u64>;

/// Formats under ids of the caller's choice, found by the codes they can make.
#[derive(Clone, Debug)]
pub struct PatternSet<I> {
    /// By the length of their codes: equal codes have equal lengths.
    shelves: HashMap<usize, Shelf<I>>,
    /// The same by what is left of them where a typed code is forgiven.
    plain: HashMap<usize, Shelf<I>>,
    /// The stamp of the next one that is added.
    next: u64,
}

#[derive(Clone, Debug)]
struct Entry<I> {
    id: I,
    format: Arc<CodeFormat>,
    /// Greater than that of any that was added before.
    stamp: u64,
}

#[derive(Clone, Debug)]
struct Shelf<I> {
    entries: Vec<Option<Entry<I>>>,
    /// Entries that were removed and can be taken again.
    free: Vec<usize>,
    /// For each place and each folded character, the entries that may hold it there.
    places: Vec<HashMap<char, Bits>>,
}

impl<I> Default for PatternSet<I> {
    fn default() -> Self {
        Self { shelves: HashMap::new(), plain: HashMap::new(), next: 0 }
    }
}

/// How many codes a typed text may mean before it is taken to mean none of them.
const MAX_SPELLINGS: usize = 8;

impl<I: PartialEq + Clone> PatternSet<I> {
    /// An index of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a format. One id may have several, as a pool has whose pattern was edited.
    pub fn insert(&mut self, id: I, format: Arc<CodeFormat>) {
        let (places, plain) = (format.admitted(), format.admitted_plain());
        let entry = Entry { id, format, stamp: self.next };
        self.next += 1;
        for (shelves, places) in [(&mut self.plain, plain), (&mut self.shelves, places)] {
            shelves.entry(places.len()).or_insert_with(|| Shelf::new(places.len())).insert(entry.clone(), places);
        }
    }

    /// Removes every format of an id, in time by the number of formats.
    pub fn remove(&mut self, id: &I) {
        self.shelves.values_mut().chain(self.plain.values_mut()).for_each(|shelf| shelf.remove(id));
    }

    /// How many formats there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shelves.values().map(|shelf| shelf.entries.len() - shelf.free.len()).sum()
    }

    /// Whether there is no format.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The formats that could make what a person typed, going by its characters alone: case is disregarded, and so are
    /// phrases, which the rank in a candidate's space decides. For a code of the formats in the set this is, as a
    /// rule, one id, because no two pools may overlap.
    #[must_use]
    pub fn candidates(&self, code: &str) -> Vec<&I> {
        self.fitting(&typed(code)).map(|(id, _)| id).collect()
    }

    /// The codes that a typed text may mean where it is [forgiven](plain), as the formats in the set would write them; none
    /// where they are very many.
    #[must_use]
    pub fn spellings(&self, typed: &str) -> Vec<String> {
        let plain: Vec<char> = plain(typed).chars().collect();
        let Some(shelf) = self.plain.get(&plain.len()) else { return Vec::new() };
        let found = shelf.fitting(&plain.iter().copied().map(fold).collect::<Vec<_>>());
        let fitting = shelf.entries_of(&found).take(MAX_SPELLINGS + 1);
        let spellings: Vec<_> = fitting.filter_map(|entry| entry.format.spelled(&plain)).collect();
        if spellings.len() > MAX_SPELLINGS { Vec::new() } else { spellings }
    }

    /// The formats that can make the code, or one equal to it under the comparison or the format's own rule; exact.
    #[must_use]
    pub fn makers(&self, code: &str, comparison: CaseMode) -> Vec<&I> {
        let code = typed(code);
        self.fitting(&code).filter(|(_, format)| format.can_make(&code, comparison)).map(|(id, _)| id).collect()
    }

    /// A format that can make a code of the given one, and such a code, as the given one writes it.
    #[must_use]
    pub fn overlapping(&self, format: &CodeFormat) -> Option<(&I, String)> {
        self.overlaps(format).next()
    }

    /// Every overlap with a format, found as it is asked for.
    pub fn overlaps<'a, 'b>(
        &'a self,
        format: &'b CodeFormat,
    ) -> impl Iterator<Item = (&'a I, String)> + use<'a, 'b, I> {
        self.meeting(format, 0).filter_map(|(id, other)| Some((id, shared_code(format, other)?)))
    }

    /// The formats that may overlap with one, by their characters in each place alone, of those that were added since a
    /// [stamp](Self::stamp). Whether they do takes milliseconds each ([`shared_code`]).
    pub fn meeting<'a>(
        &'a self,
        format: &CodeFormat,
        since: u64,
    ) -> impl Iterator<Item = (&'a I, &'a Arc<CodeFormat>)> + use<'a, I> {
        let shelf = self.shelves.get(&format.pattern().length());
        let found = shelf.map(|shelf| shelf.meeting(&format.admitted())).unwrap_or_default();
        let entries = shelf.into_iter().flat_map(move |shelf| shelf.entries_of(&found).collect::<Vec<_>>());
        entries.filter(move |entry| entry.stamp >= since).map(|entry| (&entry.id, &entry.format))
    }

    /// What tells the formats that are there from those that are added later.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.next
    }

    /// Has all formats count as added after those of another set, which this one takes the place of.
    pub fn follow(&mut self, other: &Self) {
        let entries = self.shelves.values_mut().flat_map(|shelf| shelf.entries.iter_mut().flatten());
        entries.for_each(|entry| entry.stamp += other.next);
        self.next += other.next;
    }

    fn fitting(&self, code: &str) -> impl Iterator<Item = (&I, &Arc<CodeFormat>)> {
        let characters: Vec<char> = code.chars().take(super::MAX_PLACES + 1).map(fold).collect();
        let shelf = self.shelves.get(&characters.len());
        let found = shelf.map(|shelf| shelf.fitting(&characters)).unwrap_or_default();
        let entries = shelf.into_iter().flat_map(move |shelf| shelf.entries_of(&found).collect::<Vec<_>>());
        entries.map(|entry| (&entry.id, &entry.format))
    }
}

impl<I: PartialEq> Shelf<I> {
    fn new(length: usize) -> Self {
        Self { entries: Vec::new(), free: Vec::new(), places: vec![HashMap::new(); length] }
    }

    fn insert(&mut self, entry: Entry<I>, admitted: Vec<Vec<char>>) {
        let index = self.free.pop().unwrap_or(self.entries.len());
        for (place, characters) in self.places.iter_mut().zip(admitted) {
            for character in characters {
                let bits = place.entry(fold(character)).or_default();
                bits.resize(bits.len().max(index / 64 + 1), 0);
                bits[index / 64] |= 1 << (index % 64);
            }
        }
        self.entries.resize_with(self.entries.len().max(index + 1), || None);
        self.entries[index] = Some(entry);
    }

    fn remove(&mut self, id: &I) {
        for (index, entry) in self.entries.iter_mut().enumerate() {
            if entry.as_ref().is_none_or(|other| other.id != *id) {
                continue;
            }
            *entry = None;
            self.free.push(index);
            for bits in self.places.iter_mut().flat_map(HashMap::values_mut) {
                if let Some(word) = bits.get_mut(index / 64) {
                    *word &= !(1 << (index % 64));
                }
            }
        }
    }

    /// The entries that may hold these folded characters.
    fn fitting(&self, characters: &[char]) -> Bits {
        let mut places = self.places.iter().zip(characters).map(|(place, character)| place.get(character));
        let Some(Some(first)) = places.next() else { return Bits::new() };
        let mut found = first.clone();
        for bits in places {
            let Some(bits) = bits else { return Bits::new() };
            found.truncate(bits.len());
            found.iter_mut().zip(bits).for_each(|(word, other)| *word &= other);
        }
        found
    }

    /// The entries that may hold, at each place, one of these characters.
    fn meeting(&self, places: &[Vec<char>]) -> Bits {
        let mut found = vec![u64::MAX; self.entries.len().div_ceil(64)];
        for (place, characters) in self.places.iter().zip(places) {
            let mut either = vec![0; found.len()];
            for bits in characters.iter().filter_map(|character| place.get(&fold(*character))) {
                either.iter_mut().zip(bits).for_each(|(word, other)| *word |= other);
            }
            found.iter_mut().zip(&either).for_each(|(word, other)| *word &= other);
        }
        found
    }

    fn entries_of(&self, found: &Bits) -> impl Iterator<Item = &Entry<I>> {
        let indices = found
            .iter()
            .enumerate()
            .flat_map(|(word, bits)| (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| 64 * word + bit));
        indices.filter_map(|index| self.entries.get(index)?.as_ref())
    }
}
