//! Every text that a request can carry, by the schema, with a megabyte in it: it is refused or finds nothing, what is told
//! of it is short, and nothing of it is kept.

use std::collections::HashMap;

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
};
use serde_json::{Map, Value, json};

use super::App;

/// The longest answer, in bytes: no text comes back.
const SHORT: usize = 16 * 1024;

/// An argument's or an input field's name and type.
type Taken = (String, Type);

/// What the schema says of what a request carries.
struct Schema {
    /// The fields of Query and Mutation: which of both, name, arguments, and the name of the type that they return.
    fields: Vec<(&'static str, String, Vec<Taken>, String)>,
    inputs: HashMap<String, Vec<Taken>>,
    enums: HashMap<String, String>,
    /// The types that have a selection.
    objects: Vec<String>,
}

fn taken(values: Vec<async_graphql::Positioned<InputValueDefinition>>) -> Vec<Taken> {
    values.into_iter().map(|value| (value.node.name.node.to_string(), value.node.ty.node)).collect()
}

fn named(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}

impl Schema {
    fn read() -> Self {
        let document = parse_schema(include_str!("../../../schema.graphql")).expect("the schema");
        let mut read = Self { fields: Vec::new(), inputs: HashMap::new(), enums: HashMap::new(), objects: Vec::new() };
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => {
                    let root = ["Query", "Mutation"].into_iter().find(|root| *root == name);
                    read.fields.extend(root.into_iter().flat_map(|root| {
                        let fields = object.fields.clone().into_iter().map(|field| field.node);
                        fields.map(move |field| {
                            let returned = named(&field.ty.node).to_owned();
                            (root, field.name.node.to_string(), taken(field.arguments), returned)
                        })
                    }));
                    read.objects.push(name);
                }
                TypeKind::Interface(_) | TypeKind::Union(_) => read.objects.push(name),
                TypeKind::InputObject(input) => drop(read.inputs.insert(name, taken(input.fields))),
                TypeKind::Enum(values) => {
                    let first = values.values.first().expect("a value").node.value.node.to_string();
                    read.enums.insert(name, first);
                }
                TypeKind::Scalar => {}
            }
        }
        read
    }

    /// A value of a type with no more than it has to have.
    fn least(&self, of: &Type, id: &str) -> Value {
        let name = match &of.base {
            BaseType::List(item) => return json!([self.least(item, id)]),
            BaseType::Named(name) => name.as_str(),
        };
        if let Some(fields) = self.inputs.get(name) {
            let least = |(name, of): &Taken| (!of.nullable).then(|| (name.clone(), self.least(of, id)));
            return Value::Object(fields.iter().filter_map(least).collect());
        }
        match name {
            "ID" => json!(id),
            "Int" | "Float" => json!(1),
            "Boolean" => json!(true),
            "Decimal" => json!("1"),
            "DateTime" => json!("2026-11-28T00:00:00Z"),
            "JSON" => json!({}),
            _ => self.enums.get(name).map_or_else(|| json!("x"), |value| json!(value)),
        }
    }

    /// Every value of a type that has a long text in one place, and where that is.
    fn long(&self, of: &Type, id: &str, long: &str) -> Vec<(String, Value)> {
        let name = match &of.base {
            BaseType::List(item) => {
                let items = self.long(item, id, long).into_iter();
                return items.map(|(place, value)| (place, json!([value]))).collect();
            }
            BaseType::Named(name) => name.as_str(),
        };
        if let Some(fields) = self.inputs.get(name) {
            let mut all = Vec::new();
            for (field, of) in fields {
                for (place, value) in self.long(of, id, long) {
                    let mut whole = match self.least(&Type::new(name).expect("a type"), id) {
                        Value::Object(fields) => fields,
                        other => panic!("expected an object, found {other}"),
                    };
                    whole.insert(field.clone(), value);
                    all.push((format!(".{field}{place}"), Value::Object(whole)));
                }
            }
            return all;
        }
        match name {
            "Int" | "Float" | "Boolean" => Vec::new(),
            "JSON" => vec![(String::new(), json!({ "a": long }))],
            _ => vec![(String::new(), json!(long))],
        }
    }
}

#[tokio::test]
async fn a_megabyte_in_every_text() {
    let (app, schema, long) = (App::start().await, Schema::read(), "x".repeat(1_000_000));
    let pool = app.bulk("T-$$$$$$", 10).await;
    let events = app.data("{ latestCursor }", json!({})).await;
    let mut tried = 0;
    for (root, name, arguments, returned) in &schema.fields {
        for (argument, of) in arguments {
            for (place, value) in schema.long(of, &pool, &long) {
                let mut variables = Map::new();
                for (other, of) in arguments.iter().filter(|(other, of)| other != argument && !of.nullable) {
                    variables.insert(other.clone(), schema.least(of, &pool));
                }
                variables.insert(argument.clone(), value);
                let given = arguments.iter().filter(|(name, _)| variables.contains_key(name));
                let declared: String = given.clone().map(|(name, of)| format!("${name}: {of} ")).collect();
                let passed: String = given.map(|(name, _)| format!("{name}: ${name} ")).collect();
                let selected = match (*root, schema.objects.contains(returned)) {
                    ("Mutation", _) => "{ userErrors { code message } }",
                    (_, true) => "{ __typename }",
                    (_, false) => "",
                };
                let document = format!("{} ({declared}) {{ {name}({passed}) {selected} }}", root.to_lowercase());
                let asked = app.client.post(format!("{}/graphql", app.url)).bearer_auth(&app.key);
                let body = json!({ "query": document, "variables": variables });
                let answer = asked.json(&body).send().await.expect("an answer").text().await.expect("text");
                let shown = answer.get(..500.min(answer.len())).unwrap_or_default();
                let at = format!("{name}({argument}{place}): {} bytes: {shown}", answer.len());
                assert!(answer.len() < SHORT && !answer.contains("internal"), "{at}");
                let answer: Value = serde_json::from_str(&answer).expect("JSON");
                let refused = !answer["errors"].is_null() || answer["data"][name]["userErrors"] != json!([]);
                assert!(*root == "Query" || refused, "{at}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "only {tried} texts were found in the schema");
    assert_eq!(app.data("{ latestCursor }", json!({})).await, events, "nothing has changed");

    app.finish().await;
}
