//! What a document selects, its fragments expanded but each counted once: how much, under how many aliases, and
//! how deep. Nothing that goes through a document that passed can be led further than these bounds.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, ServerError,
    parser::types::{Directive, ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

use super::bounds::exceeded;

/// The most selections and directives of all operations, fragments expanded.
const MAX_SELECTIONS: u64 = 10_000;
/// The most aliases of all operations, fragments expanded.
const MAX_ALIASES: u64 = 500;
/// How deep fields may nest, fragments expanded.
const MAX_LEVELS: usize = 20;
/// How deep selections of any kind may nest, fragments expanded: what goes through them would leave its stack.
pub(super) const MAX_SETS: usize = 60;

/// Refuses a document that selects too much.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), ServerError> {
    let mut counter = Counter { fragments: &document.fragments, counted: HashMap::new() };
    let mut found = Count::default();
    for (_, operation) in document.operations.iter() {
        found = found.and(counter.selections(&operation.node.selection_set.node, 1)?);
        found.selections = found.selections.saturating_add(operation.node.directives.len() as u64);
    }
    // Those that no operation spreads are validated as well.
    let names: Vec<&Name> = document.fragments.keys().collect();
    for name in names {
        found = found.or(counter.fragment(name, 1)?);
    }
    found.check()
}

/// What a part of a document comes to, its fragments expanded.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    selections: u64,
    aliases: u64,
    /// How deep fields nest.
    levels: usize,
    /// How deep selections nest.
    sets: usize,
}

impl Count {
    /// Both, one beside the other.
    fn and(self, other: Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            aliases: self.aliases.saturating_add(other.aliases),
            levels: self.levels.max(other.levels),
            sets: self.sets.max(other.sets),
        }
    }

    /// The larger of each.
    fn or(self, other: Self) -> Self {
        Self {
            selections: self.selections.max(other.selections),
            aliases: self.aliases.max(other.aliases),
            levels: self.levels.max(other.levels),
            sets: self.sets.max(other.sets),
        }
    }

    fn check(self) -> Result<(), ServerError> {
        if self.selections > MAX_SELECTIONS {
            return Err(exceeded("the document selects too much, its fragments expanded", MAX_SELECTIONS));
        }
        if self.aliases > MAX_ALIASES {
            return Err(exceeded("the document has too many aliases, its fragments expanded", MAX_ALIASES));
        }
        if self.levels > MAX_LEVELS {
            return Err(exceeded("the document nests its fields too deep", MAX_LEVELS as u64));
        }
        Ok(())
    }
}

/// Counts selections, each fragment once.
struct Counter<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// What is known of a fragment; none while it is being counted.
    counted: HashMap<Name, Option<Count>>,
}

impl Counter<'_> {
    /// What a selection comes to that is the `depth`th around which another is.
    fn selections(&mut self, set: &SelectionSet, depth: usize) -> Result<Count, ServerError> {
        if set.items.is_empty() {
            return Ok(Count::default());
        }
        deep_enough(depth)?;
        let mut sum = Count { sets: 1, ..Count::default() };
        for item in &set.items {
            let (directives, mut inner) = match &item.node {
                Selection::Field(field) => {
                    let mut inner = self.selections(&field.node.selection_set.node, depth + 1)?;
                    inner.levels += 1;
                    inner.aliases = inner.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    (&field.node.directives, inner)
                }
                Selection::InlineFragment(inline) => {
                    (&inline.node.directives, self.selections(&inline.node.selection_set.node, depth + 1)?)
                }
                Selection::FragmentSpread(spread) => {
                    (&spread.node.directives, self.fragment(&spread.node.fragment_name.node, depth + 1)?)
                }
            };
            inner.selections = inner.selections.saturating_add(1 + directives_of(directives));
            inner.sets += 1;
            sum = sum.and(inner);
        }
        Ok(sum)
    }

    fn fragment(&mut self, name: &Name, depth: usize) -> Result<Count, ServerError> {
        match self.counted.get(name) {
            Some(Some(known)) => {
                deep_enough(depth + known.sets)?;
                return Ok(*known);
            }
            Some(None) => {
                return Err(ServerError::new(format!("fragment {name} spreads itself"), None));
            }
            None => {}
        }
        // One that is not defined is told by the validation.
        let Some(fragment) = self.fragments.get(name) else { return Ok(Count::default()) };
        self.counted.insert(name.clone(), None);
        let mut count = self.selections(&fragment.node.selection_set.node, depth)?;
        count.selections = count.selections.saturating_add(directives_of(&fragment.node.directives));
        self.counted.insert(name.clone(), Some(count));
        Ok(count)
    }
}

fn deep_enough(depth: usize) -> Result<(), ServerError> {
    if depth > MAX_SETS {
        return Err(exceeded("the document nests its selections too deep, its fragments expanded", MAX_SETS as u64));
    }
    Ok(())
}

fn directives_of(directives: &[Positioned<Directive>]) -> u64 {
    directives.len() as u64
}
