//! What an operation costs before it is run, from its document, its variables and the schema, in units of about two and
//! a half microseconds of one core: every field is one, what reads, looks through much or computes costs what it takes,
//! a page counts all that it may hold, an input its size, and sums saturate. `cargo bench --profile dev --bench costs`
//! holds it against what is used. A fragment is counted once, however often it is spread. Conditions count as met: the
//! cost is what the operation may come to, not what it does.

mod prices;
mod shapes;

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
};

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{
        ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection, SelectionSet,
        VariableDefinition,
    },
};

use prices::*;
use scrip_domain::{basket::MAX_LINES, checkout::MAX_COUPONS};
use scrip_service::{DEFAULT_PAGE, MAX_ELIGIBLE, MAX_PAGE, MAX_RETURNED_LINES, MAX_RETURNS, SHOWN_FAILURES};
use shapes::{SHAPES, Shape, is_page};

/// What an operation may cost where nothing else is configured.
pub const MAX_COST: u64 = 100_000;
/// The most that is told: more would not be exact in JavaScript.
const MOST: u64 = (1 << 53) - 1;

/// The fields that compute a pattern.
const PATTERNS: [&str; 3] = ["patternPreview", "poolCreate", "poolUpdate"];

/// The fields that decide a checkout.
const CHECKOUTS: [&str; 3] = ["checkoutPreview", "checkoutComplete", "checkoutHold"];
/// The field that decides each of a customer's coupons.
const ELIGIBILITY: &str = "eligibleCoupons";

/// The fields that lead to a purchase, of which nothing tells how large it is.
const PURCHASES: [&str; 5] = ["purchase", "node", "nodes", "checkoutReturn", "checkoutRelease"];
/// What an operation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// The cost.
    pub requested: u64,
    /// Whether it asks about the schema.
    pub introspects: bool,
    /// Whether it asks for lists of texts, or for JSON documents, which may be much longer than their cost tells.
    pub lists_texts: bool,
    /// Whether it asks what only a purchase has of what ids name, which is then read whole.
    pub opens_purchases: bool,
}

/// What an operation of a document costs with these variables.
#[must_use]
pub fn cost(document: &ExecutableDocument, operation: &OperationDefinition, variables: &Variables) -> Cost {
    let (root, each) = match operation.ty {
        OperationType::Query => ("Query", READ),
        OperationType::Mutation => ("Mutation", CHANGE),
        OperationType::Subscription => ("Subscription", READ),
    };
    let mut walk = Walk {
        fragments: &document.fragments,
        definitions: &operation.variable_definitions,
        variables,
        roots: each,
        checkout: (0, 0),
        known: HashMap::new(),
        introspects: false,
        lists_texts: false,
        opens_purchases: false,
    };
    walk.checkout = walk.largest_checkout(&operation.selection_set.node);
    let found = walk.set(&operation.selection_set.node, root);
    Cost {
        requested: found.once.saturating_add(found.each).min(MOST),
        introspects: walk.introspects,
        lists_texts: walk.lists_texts,
        opens_purchases: walk.opens_purchases,
    }
}

/// What a selection costs once, and for each item of the page that it is of.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    once: u64,
    each: u64,
}

impl Sum {
    fn and(self, other: Self) -> Self {
        Self { once: self.once.saturating_add(other.once), each: self.each.saturating_add(other.each) }
    }

    fn once(once: u64) -> Self {
        Self { once, each: 0 }
    }
}

struct Walk<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    definitions: &'a [Positioned<VariableDefinition>],
    variables: &'a Variables,
    /// What a field of the operation's own type costs beside what it selects.
    roots: u64,
    /// The most coupons, and the most lines, of a checkout of the operation: how long the lists of its verdict may be.
    checkout: (u64, u64),
    known: HashMap<&'a str, Sum>,
    introspects: bool,
    lists_texts: bool,
    opens_purchases: bool,
}

impl<'a> Walk<'a> {
    fn set(&mut self, set: &'a SelectionSet, on: &str) -> Sum {
        set.items.iter().fold(Sum::default(), |sum, item| {
            sum.and(match &item.node {
                Selection::Field(field) => self.field(&field.node, on),
                Selection::InlineFragment(inline) => {
                    let of = inline.node.type_condition.as_ref().map_or(on, |found| found.node.on.node.as_str());
                    self.narrowed(on, of).and(self.set(&inline.node.selection_set.node, of))
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let of = self.fragments.get(name).map(|found| found.node.type_condition.node.on.node.as_str());
                    self.narrowed(on, of.unwrap_or(on)).and(self.fragment(name))
                }
            })
        })
    }

    /// What it costs to ask for what only one type has, of an object that may be of several: a purchase is read whole.
    fn narrowed(&mut self, on: &str, of: &str) -> Sum {
        if of != "Purchase" || on == of {
            return Sum::default();
        }
        self.opens_purchases = true;
        Sum::once(PURCHASE)
    }

    fn fragment(&mut self, name: &'a str) -> Sum {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        // One that spreads itself, or that there is not, is refused elsewhere.
        self.known.insert(name, Sum::default());
        let Some(fragment) = self.fragments.get(name) else { return Sum::default() };
        let sum = self.set(&fragment.node.selection_set.node, fragment.node.type_condition.node.on.node.as_str());
        self.known.insert(name, sum);
        sum
    }

    fn field(&mut self, field: &'a Field, on: &str) -> Sum {
        let (name, selected) = (field.name.node.as_str(), &field.selection_set.node);
        if let "__schema" | "__type" = name {
            self.introspects = true;
            let inner = self.set(selected, if name == "__schema" { "__Schema" } else { "__Type" });
            return Sum::once(1 + inner.once / INTROSPECTED);
        }
        let own = if matches!(on, "Query" | "Mutation" | "Subscription") && name != "__typename" {
            1_u64.saturating_add(self.input(field, name))
        } else {
            1
        };
        let (of, list) = match SHAPES.get(on).and_then(|fields| fields.get(name)) {
            Some(Shape::Objects { of, list }) => (of, *list),
            Some(shape @ (Shape::Texts | Shape::Document)) => {
                self.lists_texts = true;
                let texts = if matches!(shape, Shape::Texts) { TEXTS } else { DOCUMENT };
                return Sum::once(own.saturating_add(texts));
            }
            None => return Sum::once(own),
        };
        let inner = self.set(selected, of);
        if is_page(of) {
            let read = self.read(field, on, of);
            return Sum::once(
                read.saturating_add(inner.once).saturating_add(self.page(field).saturating_mul(inner.each)),
            );
        }
        let item = inner.once.saturating_add(inner.each).saturating_add(1);
        match (list, is_page(on)) {
            (true, true) => Sum { once: 0, each: item },
            (true, false) => Sum::once(own.saturating_add(self.length(field, on).saturating_mul(item) / in_memory(of))),
            (false, _) => Sum::once((own - 1).saturating_add(item)),
        }
    }

    /// What a field of the operation's own type costs beside what it selects: what it does, and the size of its input.
    fn input(&self, field: &Field, name: &str) -> u64 {
        let Some(input) = self.argument(field, "input") else {
            return match name {
                _ if PATTERNS.contains(&name) => PATTERN,
                "database" => SIZES,
                "purchase" => PURCHASE,
                "auditLog" => AUDIT_SCANNED,
                "auditVerification" => AUDIT,
                "checkoutRelease" => RETURN,
                _ => self.roots,
            };
        };
        let length = |path: &[&str]| length_at(&input, path);
        let own = match name {
            _ if PATTERNS.contains(&name) => PATTERN + PHRASE * length(&["excludedPhrases"]),
            "checkoutReturn" => RETURN,
            "couponsAdd" => self.roots + CODE * length(&["codes"]),
            _ if CHECKOUTS.contains(&name) => {
                let (coupons, lines) = (length(&["coupons"]), length(&["basket", "lines"]));
                self.roots + CHECKOUT + PRESENTED * coupons + coupons.saturating_mul(lines) / PAIRS
            }
            ELIGIBILITY => {
                let pairs = (MAX_ELIGIBLE as u64).saturating_mul(length(&["basket", "lines"]));
                ELIGIBLE + PRESENTED * MAX_ELIGIBLE as u64 + pairs / PAIRS
            }
            _ => self.roots,
        };
        own.saturating_add(values(&input) / VALUES)
    }

    /// What is read for a page, with its filter. What a customer holds is found in the history, which has an order for
    /// nothing else.
    fn read(&self, field: &Field, on: &str, of: &str) -> u64 {
        let held = (on, of) == ("Customer", "CouponConnection");
        let is_read = held || on == "Purchase";
        let Some(filter) = self.argument(field, "filter") else { return if is_read { FILTERED } else { READ } };
        let Value::Object(filter) = filter else { return FILTERED };
        let asks = |name: &str| filter.get(name).is_some_and(|value| *value != Value::Null);
        match of {
            "CouponConnection" if held && filter.keys().any(|name| asks(name)) => HELD_SCANNED,
            "CouponConnection" if asks("codePrefix") => PREFIXED,
            "CouponConnection" if filter.keys().any(|name| name != "statuses" && asks(name)) => SCANNED,
            "CouponEventConnection" | "JobConnection" if filter.keys().any(|name| asks(name)) => EVENTS_SCANNED,
            _ => FILTERED,
        }
    }

    /// How many items a page may have. A longer one than a list gives is refused where it is read, with its field.
    fn page(&self, field: &Field) -> u64 {
        let number = |name| match self.argument(field, name)? {
            Value::Number(number) => Some(number.as_u64().unwrap_or(1)),
            _ => None,
        };
        number("first").max(number("last")).unwrap_or(DEFAULT_PAGE as u64).min(MAX_PAGE as u64)
    }

    /// How many items a list has that is not a page: as many as ids are given, or as coupons and lines to a checkout.
    fn length(&self, field: &Field, on: &str) -> u64 {
        let (coupons, lines) = self.checkout;
        match (on, field.name.node.as_str()) {
            ("Eligibility", "coupons") => return MAX_ELIGIBLE as u64,
            ("CheckoutVerdict", "coupons") | ("LineVerdict", "allocations") => return coupons,
            ("CheckoutVerdict", "lines") => return lines,
            // The shipping is one more.
            ("CouponVerdict", "allocations") => return lines + 1,
            ("PoolPartner", "failures") => return SHOWN_FAILURES as u64,
            ("Purchase", "returns") => return MAX_RETURNS as u64 + 1,
            // All returns together have so many, and the last one all that are left.
            ("PurchaseReturn", "lines") => return (MAX_RETURNED_LINES + 2 * MAX_LINES) as u64 / MAX_RETURNS as u64,
            ("PurchaseReturn", "coupons") => return MAX_COUPONS as u64,
            _ => {}
        }
        match self.argument(field, "ids") {
            Some(Value::List(ids)) => ids.len() as u64,
            _ => LIST,
        }
    }

    /// The most coupons and lines that a checkout among the operation's own fields has, also those within fragments.
    fn largest_checkout(&self, set: &SelectionSet) -> (u64, u64) {
        let mut open = vec![set];
        let mut seen = HashSet::new();
        let mut most = (0, 0);
        while let Some(set) = open.pop() {
            for item in &set.items {
                match &item.node {
                    Selection::Field(field) if field.node.name.node == ELIGIBILITY => {
                        let input = self.argument(&field.node, "input").unwrap_or_default();
                        most.1 = length_at(&input, &["basket", "lines"]).max(most.1);
                    }
                    Selection::Field(field) if CHECKOUTS.contains(&field.node.name.node.as_str()) => {
                        let input = self.argument(&field.node, "input").unwrap_or_default();
                        most.0 = length_at(&input, &["coupons"]).max(most.0);
                        most.1 = length_at(&input, &["basket", "lines"]).max(most.1);
                    }
                    Selection::Field(field) if PURCHASES.contains(&field.node.name.node.as_str()) => {
                        most = (most.0.max(MAX_COUPONS as u64), most.1.max(MAX_LINES as u64));
                    }
                    Selection::Field(_) => {}
                    Selection::InlineFragment(inline) => open.push(&inline.node.selection_set.node),
                    Selection::FragmentSpread(spread) => {
                        let name = spread.node.fragment_name.node.as_str();
                        if let Some(fragment) = self.fragments.get(name).filter(|_| seen.insert(name)) {
                            open.push(&fragment.node.selection_set.node);
                        }
                    }
                }
            }
        }
        most
    }

    /// An argument's value, where it is given: as it stands, by a variable, or by a variable's default.
    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let value = field.get_argument(name)?.node.clone();
        // One that is not given is as if it were null: it makes what stands beside it no cheaper.
        let known = |variable: Name| Ok::<_, Infallible>(self.variable(&variable).cloned().unwrap_or_default());
        value.into_const_with(known).ok()
    }

    fn variable(&self, name: &Name) -> Option<&Value> {
        let default = || {
            let definition = self.definitions.iter().find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value()
        };
        self.variables.get(name).or_else(default)
    }
}

/// How many values a value is made of.
pub(crate) fn values(value: &Value) -> u64 {
    match value {
        Value::List(items) => 1 + items.iter().map(values).sum::<u64>(),
        Value::Object(fields) => 1 + fields.values().map(values).sum::<u64>(),
        _ => 1,
    }
}

/// How long the list is at a path of an input; 0 where there is none.
fn length_at(input: &Value, path: &[&str]) -> u64 {
    match (input, path) {
        (Value::List(items), []) => items.len() as u64,
        (Value::Object(fields), [name, rest @ ..]) => fields.get(*name).map_or(0, |value| length_at(value, rest)),
        _ => 0,
    }
}

/// How many objects of a type count as one: what is in memory takes less than what is read.
fn in_memory(of: &str) -> u64 {
    if matches!(of, "Allocation" | "ReturnedLine") { ALLOCATIONS } else { 1 }
}

#[cfg(test)]
#[path = "cost_tests.rs"]
mod tests;
