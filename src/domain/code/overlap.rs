//! Whether two formats can make the same code. It keeps one invariant: the answer is exact, phrases included, and the
//! work is bounded by places times states.
//!
//! A code that both can make fits both at every place and holds no phrase of either. So it is a code over the characters
//! common to each place, refused by one automaton of all phrases: no product of two automata is needed.

use std::collections::HashSet;

use super::automaton::{Automaton, ROOT};
use super::format::CodeFormat;
use super::layout::Layout;

/// A code that both formats can make, as `left` writes it; none where they share none. Where either disregards case,
/// codes that differ only in case are the same.
#[must_use]
pub fn shared_code(left: &CodeFormat, right: &CodeFormat) -> Option<String> {
    if left.pattern().length() != right.pattern().length() {
        return None;
    }
    let comparison = left.case().between(right.case());
    let mut common = left.admitted();
    for (characters, others) in common.iter_mut().zip(right.admitted()) {
        let others: HashSet<char> = others.iter().map(|other| comparison.folded(*other)).collect();
        characters.retain(|character| others.contains(&comparison.folded(*character)));
        if characters.is_empty() {
            return None;
        }
    }
    let layout = Layout::new(common);
    let phrases = left.exclusions().folded_phrases().iter().chain(right.exclusions().folded_phrases());
    let automaton = Automaton::new(&layout, phrases.map(String::as_str));
    first_code(&layout, &automaton)
}

/// The first code in the order of ranks that meets no dead state: depth first, no pair of place and state twice.
fn first_code(layout: &Layout, automaton: &Automaton) -> Option<String> {
    let mut tried: HashSet<(usize, usize)> = HashSet::new();
    // For each place on the path: the state before it, and the slot to try next.
    let mut path = vec![(ROOT, 0)];
    while let Some((state, slot)) = path.last_mut() {
        let (from, index) = (*state, *slot);
        *slot += 1;
        let place = path.len() - 1;
        let Some(chosen) = layout.set(place).slots.get(index) else {
            path.pop();
            continue;
        };
        let next = automaton.step(from, chosen.symbol);
        if automaton.dead[next] || !tried.insert((place, next)) {
            continue;
        }
        if place + 1 == layout.length() {
            return Some(spelled(layout, &path));
        }
        path.push((next, 0));
    }
    None
}

fn spelled(layout: &Layout, path: &[(usize, usize)]) -> String {
    let characters = path.iter().enumerate().map(|(place, (_, next))| layout.set(place).slots[next - 1].first);
    characters.collect()
}
