//! A subscription has one root field (GraphQL specification, section 5.2.4.1). The library neither checks that nor
//! looks into fragments for it: what is wrong is refused here, and what a fragment holds is put in its place.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned, Request, ServerError,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType,
        Selection, SelectionSet, TypeCondition,
    },
};

/// The root type's name.
const ROOT: &str = "Subscription";

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Refuses a subscription that has more or less than one root field. Fragments must not spread themselves.
pub fn check(request: &mut Request) -> Result<(), ServerError> {
    let document = request.parsed_query()?;
    if document.operations.iter().all(|(_, operation)| is_plain(&operation.node)) {
        return Ok(());
    }
    let mut document = document.clone();
    let ExecutableDocument { operations, fragments } = &mut document;
    let all: Vec<&mut Positioned<OperationDefinition>> = match operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    let mut inlined = HashSet::new();
    for operation in all.into_iter().filter(|operation| !is_plain(&operation.node)) {
        let mut root = Root { fragments, inlined: &mut inlined, field: None };
        // What no validation would let through is left for it to tell.
        if root.collect(&operation.node.selection_set.node)? {
            let field = root.field.ok_or_else(|| ServerError::new("a subscription needs a root field", None))?;
            operation.node.selection_set.node.items = vec![Positioned::new(Selection::Field(field), operation.pos)];
        } else {
            return Ok(());
        }
    }
    let mut used = HashSet::new();
    for (_, operation) in document.operations.iter() {
        spread(&operation.node.selection_set.node, &document.fragments, &mut used);
    }
    document.fragments.retain(|name, _| used.contains(name) || !inlined.contains(name));
    request.set_parsed_query(document);
    Ok(())
}

/// Whether nothing is to be done: no subscription, or one with a plain root field.
fn is_plain(operation: &OperationDefinition) -> bool {
    let plain = |item: &Positioned<Selection>| match &item.node {
        Selection::Field(field) => field.node.directives.is_empty() && !field.node.name.node.starts_with("__"),
        _ => false,
    };
    let items = &operation.selection_set.node.items;
    operation.ty != OperationType::Subscription || (items.len() == 1 && items.iter().all(plain))
}

/// Collects the one field of a subscription's root.
struct Root<'a> {
    fragments: &'a Fragments,
    inlined: &'a mut HashSet<Name>,
    field: Option<Positioned<Field>>,
}

impl Root<'_> {
    /// Whether all could be collected.
    fn collect(&mut self, set: &SelectionSet) -> Result<bool, ServerError> {
        for item in &set.items {
            if let Some(directive) = item.node.directives().first() {
                let text = "the root of a subscription takes no directives: it has always its one field";
                return Err(ServerError::new(text, Some(directive.pos)));
            }
            let fits = match &item.node {
                Selection::Field(field) => self.add(field).map(|()| true)?,
                Selection::InlineFragment(inline) => {
                    inline.node.type_condition.as_ref().is_none_or(is_on_root)
                        && self.collect(&inline.node.selection_set.node)?
                }
                Selection::FragmentSpread(spread) => match self.fragments.get(&spread.node.fragment_name.node) {
                    Some(fragment) if is_on_root(&fragment.node.type_condition) => {
                        self.inlined.insert(spread.node.fragment_name.node.clone());
                        self.collect(&fragment.node.selection_set.node)?
                    }
                    _ => false,
                },
            };
            if !fits {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn add(&mut self, field: &Positioned<Field>) -> Result<(), ServerError> {
        let one =
            "a subscription has exactly one root field, which is not one of introspection: send a document for each";
        if field.node.name.node.starts_with("__") {
            return Err(ServerError::new(one, Some(field.pos)));
        }
        let Some(known) = &mut self.field else {
            self.field = Some(field.clone());
            return Ok(());
        };
        if known.node.response_key().node != field.node.response_key().node {
            return Err(ServerError::new(one, Some(field.pos)));
        }
        let arguments = |field: &Field| {
            field
                .arguments
                .iter()
                .map(|(name, value)| (name.node.clone(), value.node.clone()))
                .collect::<HashMap<_, _>>()
        };
        if known.node.name.node != field.node.name.node || arguments(&known.node) != arguments(&field.node) {
            let text = "the root field of a subscription is given twice, and differs";
            return Err(ServerError::new(text, Some(field.pos)));
        }
        known.node.selection_set.node.items.extend(field.node.selection_set.node.items.iter().cloned());
        Ok(())
    }
}

fn is_on_root(condition: &Positioned<TypeCondition>) -> bool {
    condition.node.on.node == ROOT
}

/// Notes the fragments that a selection leads to.
fn spread(set: &SelectionSet, fragments: &Fragments, used: &mut HashSet<Name>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => spread(&field.node.selection_set.node, fragments, used),
            Selection::InlineFragment(inline) => spread(&inline.node.selection_set.node, fragments, used),
            Selection::FragmentSpread(found) => {
                let name = &found.node.fragment_name.node;
                if used.insert(name.clone())
                    && let Some(fragment) = fragments.get(name)
                {
                    spread(&fragment.node.selection_set.node, fragments, used);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(document: &str) -> Result<ExecutableDocument, String> {
        let mut request = Request::new(document);
        check(&mut request).map_err(|error| error.message)?;
        Ok(request.parsed_query().expect("a document").clone())
    }

    #[test]
    fn one_root_field() {
        for (document, says) in [
            ("subscription { a { b } c { d } }", "exactly one"),
            ("subscription { x: a { b } y: a { b } }", "exactly one"),
            ("subscription { __typename }", "exactly one"),
            ("subscription { a { b } ...F } fragment F on Subscription { __typename }", "exactly one"),
            ("subscription { ... on Subscription { a { b } } ... { c { d } } }", "exactly one"),
            ("subscription A { a { b } c } query B { a }", "exactly one"),
            ("subscription { a @skip(if: true) { b } }", "no directives"),
            ("subscription { ...F @include(if: true) } fragment F on Subscription { a }", "no directives"),
            ("subscription { a(b: 1) { c } a(b: 2) { c } }", "differs"),
        ] {
            let found = checked(document).err().unwrap_or_default();
            assert!(found.contains(says), "{document}: {found:?}");
        }
    }

    #[test]
    fn what_fragments_hold_is_put_in_their_place() {
        let document =
            "subscription { ...F a { c } } fragment F on Subscription { ... { a { ...G } } } fragment G on A { b }";
        let found = checked(document).expect("a document");
        let (_, operation) = found.operations.iter().next().expect("an operation");
        assert!(is_plain(&operation.node), "{found:?}");
        let Selection::Field(field) = &operation.node.selection_set.node.items[0].node else { panic!("{found:?}") };
        assert_eq!(field.node.selection_set.node.items.len(), 2);
        assert_eq!(found.fragments.keys().map(Name::as_str).collect::<Vec<_>>(), ["G"], "F is not used any more");
    }

    #[test]
    fn the_rest_is_left_to_the_validation() {
        for document in [
            "query { a b ...F } fragment F on Query { c }",
            "subscription { a { b } }",
            "subscription { ...F }",
            "subscription { ... on Query { a } }",
            "subscription { ...F } fragment F on Query { a }",
        ] {
            let found = checked(document).expect("a document");
            assert_eq!(found.fragments.len(), document.matches("fragment ").count(), "{document}");
        }
    }
}
