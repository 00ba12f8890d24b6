//! What the schema says of fields, as far as a cost depends on it.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};

/// The types of the introspection (the GraphQL specification, section 4.2), as far as a cost depends on them.
const INTROSPECTION: &str = "
type __Schema { types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type
  directives: [__Directive!]! }
type __Type { fields: [__Field!] interfaces: [__Type!] possibleTypes: [__Type!] enumValues: [__EnumValue!]
  inputFields: [__InputValue!] ofType: __Type }
type __Field { args: [__InputValue!]! type: __Type! }
type __InputValue { type: __Type! }
type __EnumValue { name: String! }
type __Directive { args: [__InputValue!]! }
";

/// What the schema says of a field that costs more than one.
#[derive(Debug)]
pub(super) enum Shape {
    /// It returns an object of this type, or a list of them.
    Objects { of: String, list: bool },
    /// It returns texts, however many.
    Texts,
    /// It returns a JSON document.
    Document,
}

/// The fields that cost more than one, by their type.
pub(super) type Shapes = HashMap<String, HashMap<String, Shape>>;

/// Of the whole schema, once it is asked for.
pub(super) static SHAPES: LazyLock<Shapes> = LazyLock::new(|| shapes(&(crate::definition() + INTROSPECTION)));

fn shapes(definition: &str) -> Shapes {
    let document = parse_schema(definition);
    if let Err(error) = &document {
        tracing::error!(%error, "the schema cannot be read: operations cost too little");
    }
    let mut types: HashMap<String, Vec<Positioned<FieldDefinition>>> = HashMap::new();
    for definition in document.map(|document| document.definitions).unwrap_or_default() {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let fields = match definition.node.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            TypeKind::Union(_) => Vec::new(),
            _ => continue,
        };
        types.insert(definition.node.name.node.to_string(), fields);
    }
    let objects: HashSet<String> = types.keys().cloned().collect();
    let shape = |on: &str, field: Positioned<FieldDefinition>| {
        let (of, list) = unwrapped(&field.node.ty.node);
        let shape = if objects.contains(of) {
            Shape::Objects { of: of.to_owned(), list }
        } else if of == "JSON" {
            Shape::Document
        } else if list && !is_user_error(on) {
            Shape::Texts
        } else {
            return None;
        };
        Some((field.node.name.node.to_string(), shape))
    };
    let shapes = |(name, fields): (String, Vec<_>)| {
        let fields = fields.into_iter().filter_map(|field| shape(&name, field)).collect();
        (name, fields)
    };
    types.into_iter().map(shapes).collect()
}

/// The name of a type without what is around it, and whether a list is.
fn unwrapped(of: &Type) -> (&str, bool) {
    match &of.base {
        BaseType::Named(name) => (name.as_str(), false),
        BaseType::List(item) => (unwrapped(item).0, true),
    }
}

/// Whether a type is an error of an input. It lists the names on the way to a field: a few short ones.
fn is_user_error(of: &str) -> bool {
    of.ends_with("UserError")
}

/// Whether a type is a page of a list.
pub(super) fn is_page(of: &str) -> bool {
    of.ends_with("Connection")
}
